"""HTTP: what a request says, and what its reply must say."""
