"""Configuration check: whether the gateway would start."""
