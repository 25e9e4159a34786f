"""The cellar: the only code that knows PayEx. It knows no GraphQL."""
