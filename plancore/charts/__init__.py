"""Draw a frame; compute nothing."""
