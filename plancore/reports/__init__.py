"""Which pages there are, what they are made from, and publishing them whole or not at all."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"parameters": ["page"], "publishing": ["run"]})
