"""The server: how its processes live and die."""
