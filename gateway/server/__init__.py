"""The server: how its processes start, share connections and stop."""
