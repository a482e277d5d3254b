"""Print a page as PDF with the Chromium of this machine, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--headless", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
          "--no-pdf-header-footer", "--virtual-time-budget=20000")
SECONDS = 120


def browser() -> str | None:
    """Return the path of a Chromium on this machine; None without one."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def pdf(html: str) -> bytes:
    """Return a page that needs nothing beside it, printed as its style says (A4). Raises RuntimeError without a Chromium."""
    chromium = browser()
    if chromium is None:
        raise RuntimeError("printing needs Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="plancore-") as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
        done = subprocess.run([chromium, *_FLAGS, *sandbox, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}",
                               page.as_uri()], capture_output=True, text=True, timeout=SECONDS)
        if not printed.is_file():
            raise RuntimeError(f"Chromium printed nothing: {done.stderr.strip()[-300:]}")
        return printed.read_bytes()
