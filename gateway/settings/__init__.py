"""Settings: what can be set."""
