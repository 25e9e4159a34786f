"""PayEx for this gateway: which one, with which credentials."""
