"""Two published sites, of two commits, page by page and file by file: what differs besides run ids and what a change means to change.

    .venv/bin/python benchmarks/same_site.py BEFORE AFTER [--gone REGEX] [--differs REGEX]

BEFORE and AFTER: folders such as reports/latest, of the same data and schedule. Compared: the text of every page and single file
without its scripts and styles, but with what they hold as JSON; every CSV and JSON file; every sheet of a workbook and part of a
document; of a picture only that it is there. --gone, --differs: names of files that are meant to be lacking or to differ.
Exit 1, and a line for each file, where anything else differs.
"""

import argparse
import json
import re
import zipfile
from pathlib import Path

RUN_OWN = re.compile(r"manifest\.json|changes\.\w+|assets/.*|.*\.js")
"""Files that differ with each run."""
SCRIPT = re.compile(r"<style>.*?</style>|<script\b(?![^>]*application/json)[^>]*>.*?</script>", re.DOTALL)
LINK = re.compile(r'<a download="([^"]*)" href="([^"]*)">[^<]*</a>')
"""A file that a page offers, or holds where it is a single file; the file lies beside the page too, where it is compared."""


def files(site: Path) -> dict[str, Path]:
    """The files of a site by address."""
    return {address: path for path in sorted(site.rglob("*"))
            if path.is_file() and not RUN_OWN.fullmatch(address := path.relative_to(site).as_posix())}


def content(path: Path, run: str, gone: str) -> dict[str, str]:
    """What is compared of a file: name of a part to text, white space left out."""
    if path.suffix == ".png":
        return {}
    if path.suffix in (".xlsx", ".docx"):
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    else:
        text = LINK.sub(lambda link: "" if re.search(gone, link[1]) else link[1], SCRIPT.sub("", path.read_text(encoding="utf-8")))
        parts = {"": re.sub(r"vega-[0-9a-f]{12}", "vega", text)}
    return {name: re.sub(r"\s+|·", "", text.replace(run, "run")) for name, text in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sites", nargs=2, type=Path, metavar="SITE")
    parser.add_argument("--gone", default="(?!)", help="names of files meant to be in one site only")
    parser.add_argument("--differs", default="(?!)", help="names of files meant to differ")
    given = parser.parse_args()
    before, after = map(files, given.sites)
    runs = [json.loads((site / "manifest.json").read_text(encoding="utf-8"))["run"] for site in given.sites]
    found = [f"in one site only: {name}" for name in sorted(before.keys() ^ after.keys()) if not re.search(given.gone, name)]
    for name in sorted(before.keys() & after.keys()):
        old, new = content(before[name], runs[0], given.gone), content(after[name], runs[1], given.gone)
        if old != new and not re.search(given.differs, name):
            part = next(p for p in [*old, *new] if old.get(p) != new.get(p))
            at = next((i for i, (a, b) in enumerate(zip(old.get(part, ""), new.get(part, ""))) if a != b), 0)
            found.append(f"differs: {name} {part}\n  {old.get(part, '')[max(0, at - 80):at + 80]}\n  {new.get(part, '')[max(0, at - 80):at + 80]}")
    print("\n".join([*found, f"{len(before.keys() & after.keys())} files compared, {len(found)} differ"]))
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
