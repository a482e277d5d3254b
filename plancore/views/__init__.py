"""A frame in words, tables and links, on a page."""
