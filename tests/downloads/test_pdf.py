"""A page prints on A4, and a machine without Chromium says so before anything runs."""

import io
import subprocess
import sys
import unicodedata

import pytest
from pypdf import PdfReader

from plancore import markup
from plancore.downloads import pdf

PAGE = f"<!DOCTYPE html><html lang='zh'><head><style>{markup.style()}</style></head><body><main><h1>目标差距分析</h1></main></body></html>"


def test_prints_a4_with_chinese_text():
    printed = PdfReader(io.BytesIO(pdf.pdf(PAGE)))
    page, = printed.pages
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) in ((595, 842), (594, 842), (595, 841))
    assert "目标差距分析" in unicodedata.normalize("NFKC", page.extract_text())  # the font shares glyphs with radicals


def test_without_a_browser_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        pdf.pdf(PAGE)


def test_the_command_refuses_before_a_kernel_starts():
    done = subprocess.run([sys.executable, "-m", "plancore", "report", "methods", "--pdf"], capture_output=True, text=True,
                          env={"PATH": "/nowhere"})
    assert done.returncode == 2 and "needs Chromium" in done.stderr
