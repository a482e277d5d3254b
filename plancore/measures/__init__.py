"""The arithmetic that all answers share, and its constants."""
