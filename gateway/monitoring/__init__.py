"""Monitoring: what the gateway does, in the format that Prometheus reads."""
