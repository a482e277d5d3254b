"""Draw specifications as SVG and SVG as PNG, in the machine's own Chinese font."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from html import escape
from importlib.metadata import version
from pathlib import Path

import vl_convert
from jupyter_core.paths import jupyter_data_dir

from plancore import paths

SCRIPTS = ("alive.js", "live.js")

FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei")
FONT = ", ".join(f'"{name}"' for name in FAMILIES) + ", sans-serif"
_LEAN = "Plancore Sans"
_UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG")
"""Tables of a font for ligatures, vertical lines and the like: read anew for each word that is measured, and no chart needs them."""


LATER = "PLANCORE_DRAW_LATER"
"""Name of the variable that tells a kernel to leave drawing to who runs it: starting V8 takes longer than to draw a chart."""


def later() -> bool:
    """Return whether what this process shows is drawn by another."""
    return bool(os.environ.get(LATER))


def svg(spec: dict) -> str:
    """Return a Vega-Lite specification drawn as SVG."""
    if not _lean():
        return vl_convert.vegalite_to_svg(spec)
    lean = json.dumps(spec, ensure_ascii=False).replace(json.dumps(FONT)[1:-1], _LEAN)
    return vl_convert.vegalite_to_svg(lean).replace(_LEAN, escape(FONT))


def png(svg: str, **options: float) -> bytes:
    """Return a drawn SVG as PNG; `options`: `scale` and `ppi` of vl_convert."""
    return vl_convert.svg_to_png(svg.replace(escape(FONT), _LEAN) if _lean() else svg, **options)


@cache
def has_chinese_font() -> bool:
    """Return whether this machine has a font with Chinese glyphs, by fontconfig's list."""
    return bool(_listed("fc-list", ":lang=zh"))


def bundle() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script that sets window.vegaEmbed; shared by all pages of a site."""
    return bundle_file().read_text(encoding="utf-8")


@cache
def bundle_file() -> Path:
    """Return the file of that script, built once for this version of vl-convert: bundling it costs a second and 100 MB."""
    file = _folder() / f"bundle-{vl_convert.__version__}.js"
    if not file.is_file():
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as made:
            made.write("(() => {" + vl_convert.javascript_bundle() + "\n})();")  # its names are not the page's
        os.replace(made.name, file)
    return file


@cache
def lean_fonts() -> Path | None:
    """Return a folder with the first of FAMILIES that is installed, regular and bold, without the tables no chart needs.

    A chart drawn in it is the same to the letter, in two thirds of the time. Made once for this version of the font; None
    where there is no such font, or no folder to keep it in.
    """
    faces = next(filter(None, map(_faces, FAMILIES)), None)
    if not faces:
        return None
    made_of = [version("fonttools"), *(f"{file} {index} {os.path.getmtime(file)}" for file, index in faces.values())]
    try:
        folder = _folder() / f"fonts-{hashlib.sha256(' '.join(made_of).encode()).hexdigest()[:12]}"
    except PermissionError:
        return None
    if not folder.is_dir():
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
        for style, (file, index) in faces.items():
            _lean_font(file, index, style, draft / f"{style}.otf")
        try:
            os.rename(draft, folder)
        except OSError:  # another process was quicker
            shutil.rmtree(draft)
    return folder


@cache
def _lean() -> bool:
    """Whether charts are drawn in the lean font, which the drawing library then knows."""
    folder = lean_fonts()
    if folder:
        vl_convert.register_font_directory(str(folder))
    return folder is not None


def _faces(family: str) -> dict[str, tuple[str, int]]:
    """Style to file and number of the face in it; empty where the family is not installed."""
    found = {style: _listed("fc-match", "-f", "%{family}\t%{file}\t%{index}", f"{family}:style={style}").split("\t")
             for style in ("Regular", "Bold")}
    here = all(family in names.split(",") for names, *_ in found.values())
    return {style: (file, int(index)) for style, (_, file, index) in found.items()} if here else {}


def _lean_font(file: str, index: int, style: str, into: Path) -> None:
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=index, lazy=True) as font:
        for table in set(_UNUSED) & set(font.keys()):
            del font[table]
        for record in font["name"].names:
            if record.nameID in (1, 4, 16):
                record.string = _LEAN
            elif record.nameID == 6:
                record.string = f"{_LEAN.replace(' ', '')}-{style}"
        font.save(into)


def _listed(*command: str) -> str:
    """What a program of fontconfig prints; nothing where it is not installed."""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() if shutil.which(command[0]) else ""


@cache
def _folder() -> Path:
    """Where what is made once for this environment is kept. Raises PermissionError where no folder can be written to."""
    folders = [f / "plancore" for f in (Path(sys.prefix) / "share", Path(jupyter_data_dir()))]
    folder = next((f for f in folders if _writable(f)), None)
    if folder is None:
        raise PermissionError(errno.EACCES, "no folder to keep the charts' script in; one of two must be writable", " or ".join(map(str, folders)))
    return folder


def _writable(folder: Path) -> bool:
    """Whether files can be put into the folder, which is made where it can be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def scripts() -> str:
    """Return what the browser runs for apps: Vega, and our own scripts in order."""
    return "\n".join([bundle(), *map(paths.asset, SCRIPTS)])
