"""Voila behind our addresses: apps, reports and a landing page for many visitors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"kernels", "security", "server"},
    submod_attrs={"server": ["PortTaken", "run"]})
