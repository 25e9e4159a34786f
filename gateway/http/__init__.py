"""HTTP: reading requests, and the statuses, headers and errors of replies."""
