"""Doors to other libraries, each a thin one and imported only when asked."""
