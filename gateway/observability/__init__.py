"""Observability: log lines, metrics and traces of what happened."""
