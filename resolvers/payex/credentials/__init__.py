"""Credentials: what the gateway shows PayEx."""
