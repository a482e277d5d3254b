"""Several files written as one: all of them or none, also when the writing is cut off in the middle."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_ROOM = ".observing"
"""Folder in `data/` for the lock and for what an unfinished writing would have to put back."""
_WAIT = 20
"""Seconds to wait for another writing to end; one takes well under a second."""


class Busy(RuntimeError):
    """Another process is writing to the same folder."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for writing; what an earlier writing left unfinished is put back first. Raises Busy after a while."""
    room = folder / _ROOM
    room.mkdir(exist_ok=True)
    try:
        with FileLock(room / "lock", timeout=_WAIT):
            _put_back(room)
            yield
    except Timeout:
        raise Busy(f"another command is writing to {folder}; nothing was changed, try again") from None


def settle(folder: Path) -> None:
    """Put back what a writing to this folder left unfinished; nothing where none did."""
    if (folder / _ROOM / "undo.json").is_file():
        with held(folder):
            pass


def replace(contents: dict[Path, bytes], folder: Path) -> None:
    """Give files new contents, all or none; to be called while `folder` is `held`.

    New contents are written beside their places first, then copies of the old ones are kept, and only then is anything
    moved. An error, or the next `held` or `settle` after a cut, puts the old files back.
    """
    room = folder / _ROOM
    drafts = {path: path.with_name(f".{path.name}.draft") for path in contents}
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(draft, contents[path])
        _keep(list(contents), room)
        for path, draft in drafts.items():
            os.replace(draft, path)
    except BaseException:
        _put_back(room)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    _done(room)


def _keep(paths: list[Path], room: Path) -> None:
    """Copies of the old files, and last the list of them: from then on an unfinished writing is put back."""
    kept = room / "old"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    said = []
    for number, path in enumerate(paths):
        if path.is_file():
            _write(kept / str(number), path.read_bytes())
        said.append({"path": str(path.absolute()), "copy": str(number) if path.is_file() else ""})
    _write(room / "undo.draft", json.dumps(said).encode())
    os.replace(room / "undo.draft", room / "undo.json")


def _put_back(room: Path) -> None:
    """The old files in their places, as `undo.json` lists them; may be cut off and done again."""
    listed = room / "undo.json"
    if not listed.is_file():
        return
    for item in json.loads(listed.read_text(encoding="utf-8")):
        path = Path(item["path"])
        if item["copy"]:
            draft = path.with_name(f".{path.name}.draft")
            _write(draft, (room / "old" / item["copy"]).read_bytes())
            os.replace(draft, path)
        else:
            path.unlink(missing_ok=True)
    _done(room)


def _done(room: Path) -> None:
    (room / "undo.json").unlink(missing_ok=True)
    shutil.rmtree(room / "old", ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
