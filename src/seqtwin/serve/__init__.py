"""The HTTP service over one encoder, with or without an index, and its page."""
