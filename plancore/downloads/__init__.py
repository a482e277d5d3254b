"""Write what a report shows as files to take away: workbook, CSV, Word document, PDF."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules={"document", "pdf", "sheets", "workbook"}, submod_attrs={"files": ["offer"]})
