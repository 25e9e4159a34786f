"""PayEx as the settings describe it: where it is, and the credentials for it."""
