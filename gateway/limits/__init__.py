"""Limits: the size of an operation, and its cost."""
