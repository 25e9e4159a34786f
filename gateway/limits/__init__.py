"""How large an operation may be, and what it costs."""
