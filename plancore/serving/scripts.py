"""The scripts of an app's page by their address: Voila's, the widgets' and ours, joined so that a page asks for few."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from plancore import paths
from plancore.charts import drawing


class Collected(NamedTuple):
    """version: of all of Voila's; files: by their address below `static/`; first: addresses a page runs, in order; later:

    addresses that these load.
    """

    version: str
    files: dict[str, Path]
    first: list[str]
    later: list[str]


def collect(folder: Path, voila: list[str], extensions: list[str], allowed: list[str]) -> Collected:
    """Return every script that an app's page may ask for.

    voila, extensions: where Voila's scripts and JupyterLab extensions are looked for, the first that has one counts;
    allowed: the extensions that pages load; folder: where joined files are written. Every address holds a version.
    """
    found = {"mathjax.js": paths.ASSETS / "voila" / "mathjax.js"}
    for root in map(Path, voila):
        if (root / "voila.js").is_file():
            found |= {f"voila/{name}": file for name, file in _below(root).items() if f"voila/{name}" not in found}
    for root in map(Path, extensions):
        for name in allowed:
            own = {f"labextensions/{name}/static/{each}": file for each, file in _below(root / name / "static").items()}
            found |= {address: file for address, file in own.items() if address not in found}
    joined = _joined(folder, found)
    found |= joined
    version = _short(*(file.read_bytes() for _, file in sorted(found.items())))
    script = drawing.scripts() + "\n" + paths.asset("voila/paint.js")
    shared = f"app-{_short(script.encode())}.js"
    (folder / shared).write_text(script, encoding="utf-8")
    main, *others = [f"{version}/{address}" for address in joined]
    return Collected(version, {f"{version}/{address}": file for address, file in found.items()} | {shared: folder / shared},
                     [shared, main], others)


def _below(root: Path) -> dict[str, Path]:
    """Return the files of a folder that are served, by their path in it."""
    return {file.relative_to(root).as_posix(): file for file in sorted(root.rglob("*"))
            if file.suffix in (".js", ".css", ".woff", ".woff2", ".svg", ".png") and file.is_file()}


def _joined(folder: Path, found: dict[str, Path]) -> dict[str, Path]:
    """Return the scripts that load others, each joined in one file with those that every page needs before it.

    Webpack takes up what stands in its list of chunks when it starts; what is not joined it loads as ever.
    `assets/voila/joined.json` names them by the beginning of their address, which goes on with a hash.
    """
    joined = {}
    for first, others in json.loads(paths.asset("voila/joined.json")).items():
        head, *_ = [address for address in found if address.startswith(first)]
        parts = [address for other in others for address in found if address.startswith(first.rpartition("/")[0] + "/" + other)]
        path = folder / f"joined-{len(joined)}.js"
        path.write_bytes(b"\n".join(found[address].read_bytes() for address in [*parts, head]))
        joined[head] = path
    return joined


def _short(*contents: bytes) -> str:
    """Return a short hash of the contents."""
    return hashlib.sha256(b"".join(contents)).hexdigest()[:12]
