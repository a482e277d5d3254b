"""Whether a plan agrees with itself."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"checks", "findings", "table_checks", "text_checks"},
    submod_attrs={"checks": ["plan"], "findings": ["CHECKS", "VERDICTS", "WHYS"]})
