"""Resilience: whether another try is worth it."""
