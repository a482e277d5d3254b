"""Write several files as one: all of them or none, also when writing is interrupted."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_FOLDER = ".observing"
"""Folder in `data/` for the lock and for the old files while writing."""
_WAIT = 20
"""Seconds to wait for another writing to end; one takes well under a second."""


class Busy(RuntimeError):
    """Another process is writing to the same folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder for writing; files of an unfinished writing are restored first. Raises Busy after a while."""
    record = folder / _FOLDER
    record.mkdir(exist_ok=True)
    try:
        with FileLock(record / "lock", timeout=_WAIT):
            _restore(record)
            yield
    except Timeout:
        raise Busy(f"another command is writing to {folder}; nothing was changed, try again") from None


def recover(folder: Path) -> None:
    """Restore the files of an unfinished writing to this folder, if there was one."""
    if (folder / _FOLDER / "undo.json").is_file():
        with locked(folder):
            pass


def replace(contents: dict[Path, bytes], folder: Path) -> None:
    """Give files new contents, all or none; to be called while `folder` is `locked`.

    New contents are written beside their places first, then the old ones are copied, and only then is anything
    moved. An error, or the next `locked` or `recover` after an interruption, puts the old files back.
    """
    record = folder / _FOLDER
    drafts = {path: path.with_name(f".{path.name}.draft") for path in contents}
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(draft, contents[path])
        _back_up(list(contents), record)
        for path, draft in drafts.items():
            os.replace(draft, path)
    except BaseException:
        _restore(record)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    _clear(record)


def _back_up(paths: list[Path], record: Path) -> None:
    """Copy the old files, and last list them: from then on an unfinished writing is restored."""
    old = record / "old"
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    listed_files = []
    for number, path in enumerate(paths):
        if path.is_file():
            _write(old / str(number), path.read_bytes())
        listed_files.append({"path": str(path.absolute()), "copy": str(number) if path.is_file() else ""})
    _write(record / "undo.draft", json.dumps(listed_files).encode())
    os.replace(record / "undo.draft", record / "undo.json")


def _restore(record: Path) -> None:
    """Restore the old files that `undo.json` lists; may be interrupted and run again."""
    listed = record / "undo.json"
    if not listed.is_file():
        return
    for item in json.loads(listed.read_text(encoding="utf-8")):
        path = Path(item["path"])
        if item["copy"]:
            draft = path.with_name(f".{path.name}.draft")
            _write(draft, (record / "old" / item["copy"]).read_bytes())
            os.replace(draft, path)
        else:
            path.unlink(missing_ok=True)
    _clear(record)


def _clear(record: Path) -> None:
    (record / "undo.json").unlink(missing_ok=True)
    shutil.rmtree(record / "old", ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
