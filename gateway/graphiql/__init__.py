"""The GraphiQL page, served from the gateway's own origin."""
