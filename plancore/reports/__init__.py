"""Which pages there are, what they are made from, and publishing them whole or not at all."""
