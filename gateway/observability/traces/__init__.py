"""Traces: spans of requests, and their export."""
