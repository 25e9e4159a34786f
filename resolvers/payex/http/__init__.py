"""HTTP to PayEx: how a call travels."""
