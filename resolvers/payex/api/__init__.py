"""PayEx's API: its routes, bodies, problems and faults."""
