"""What the gateway tells of itself to a collector."""
