"""Execution: how an operation is answered."""
