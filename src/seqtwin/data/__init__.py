"""From files and built-in sets to pairs, and from texts to token ids."""
