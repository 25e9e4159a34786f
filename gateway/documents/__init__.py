"""Where the documents of requests come from, and what is known of them."""
