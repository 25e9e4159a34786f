"""HTTP to PayEx: connections, calls and their limits."""
