"""Caches: what is kept of PayEx's answers."""
