"""Documents: where the GraphQL text of a request comes from."""
