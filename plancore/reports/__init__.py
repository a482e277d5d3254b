"""Decide which pages to make, make them, and publish a run whole or not at all."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"archive", "changelog", "changes", "commands", "inputs", "parameters", "publishing", "schedule", "site"},
    submod_attrs={"parameters": ["page"], "publishing": ["publish", "run", "todo"]})
