"""What clients see: types, unions, scalars. A field hands over to a resolver."""
