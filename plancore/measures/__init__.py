"""The arithmetic that all answers share, and its constants."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules={"derived", "evidence", "international", "intervals", "rules"})
