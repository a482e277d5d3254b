"""Runs on disk: a draft nobody reads, the runs that stay, `latest`, which points at the published one, and a log of all runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from plancore.schema import nearest

_LOG = "ledger.jsonl"
_ID = "%Y%m%d-%H%M%S-%f"
_TEMPORARY = ".temporary"
"""File of a draft with the path of its workers' temporary folder."""


class Unknown(ValueError):
    """A run that does not exist or cannot be published; the message lists those that exist."""


def latest(site: Path) -> Path | None:
    """Return the folder of the published run."""
    folder = site / "latest"
    return folder.resolve() if (folder / "manifest.json").is_file() else None


def folders(site: Path) -> list[Path]:
    """Return the folders of all runs that exist, the earliest first."""
    folder = site / "runs"
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []


def held(site: Path) -> Path | None:
    """Return the last run after the published one that waits for a person."""
    online = latest(site)
    waiting = [p for p in folders(site) if (online is None or p.name > online.name) and manifest(p).get("held")]
    return waiting[-1] if waiting else None


def find(site: Path, run: str) -> Path:
    """Return the folder of a run by its name or an unambiguous beginning of it. Raises Unknown."""
    found = [p for p in folders(site) if p.name.startswith(run)] if run else []
    if len(found) != 1:
        names = [p.name for p in folders(site)]
        raise Unknown(f"{'several runs begin' if found else 'no run begins'} with {run!r}; "
                      + (nearest(run, names) if names else "no run is there") + f" (of {len(names)})")
    return found[0]


def before(site: Path, moment: datetime) -> Path | None:
    """Return the last run that exists and began by a moment."""
    earlier = [p for p in folders(site) if p.name <= moment.astimezone(timezone.utc).strftime(_ID)[:-3]]
    return earlier[-1] if earlier else None


def manifest(folder: Path | None) -> dict:
    """Return the manifest of a run; one without pages where there is no run."""
    path = folder / "manifest.json" if folder else None
    return json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {"pages": []}


# one run, from draft to publication

@contextmanager
def draft(site: Path) -> Iterator[tuple[Path, Path]]:
    """Give a folder to make a run in and one for temporary files; both are removed in the end if they still exist."""
    folder = site / "runs" / f".draft-{_next_name(site)}"
    folder.mkdir(parents=True)
    temporary = Path(tempfile.mkdtemp(prefix="plancore-"))
    try:
        write(folder / _TEMPORARY, str(temporary))
        yield folder, temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def run_name(draft: Path) -> str:
    """Return the name of the run that a draft will be."""
    return draft.name.removeprefix(".draft-")


def store(draft: Path) -> Path:
    """Move a draft to the runs, under its name; it is not published yet."""
    (draft / _TEMPORARY).unlink(missing_ok=True)
    os.sync()  # a power cut must not leave an empty page behind a published name
    return draft.rename(draft.parent / run_name(draft))


def publish(folder: Path, site: Path) -> None:
    """Point `latest` at a run in one atomic step."""
    pointer = site / "runs" / f".latest-{folder.name}"
    pointer.symlink_to(Path("runs") / folder.name)
    os.replace(pointer, site / "latest")


def prune(site: Path, count: int) -> list[str]:
    """Remove the earliest runs beyond a number, but not the published one and the last that waits; return their names."""
    never = {latest(site), held(site)}
    others = [p for p in folders(site) if p not in never]
    removed = others[:max(0, len(others) + len(never - {None}) - count)]
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
    return [p.name for p in removed]


def clear(site: Path) -> list[str]:
    """Remove what killed runs left, and return their names; the caller must hold the lock."""
    interrupted = []
    for path in (site / "runs").glob(".*"):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            continue
        note = path / _TEMPORARY
        if note.is_file() and (folder := Path(note.read_text(encoding="utf-8"))).name.startswith("plancore-"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(path)
        interrupted.append(run_name(path))
    return interrupted


def _next_name(site: Path) -> str:
    """A name for a run that begins now: later than all others, also if the clock was set back."""
    moment = _now()
    taken = [datetime.strptime(p.name, _ID).replace(tzinfo=timezone.utc) for p in folders(site) if _is_name(p.name)]
    if taken and moment - max(taken) < timedelta(milliseconds=1):
        moment = max(taken) + timedelta(milliseconds=1)
    return moment.strftime(_ID)[:-3]


def _is_name(text: str) -> bool:
    try:
        return bool(datetime.strptime(text, _ID))
    except ValueError:
        return False


# files of a run

def link(paths: list[str], origin: Path, draft: Path) -> None:
    """Put files of an earlier run into a draft too, as hard links where that is possible."""
    for path in paths:
        try:
            os.link(origin / path, draft / path)
        except FileExistsError:
            pass
        except OSError:
            shutil.copy2(origin / path, draft / path)


def write(path: Path, text: str) -> None:
    """Write a new file: an earlier run's file that is hard-linked to this name stays as it was."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# the log of all runs

def append(site: Path, entry: dict) -> None:
    """Add an entry to the log: run, outcome, and whatever else is known of it; `at` is the time."""
    line = json.dumps({"at": _now().isoformat(timespec="seconds")} | entry, ensure_ascii=False) + "\n"
    path = site / _LOG
    cut = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size  # a line that was never finished
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, ("\n" if cut else "").encode() + line.encode())
        os.fsync(file)
    finally:
        os.close(file)


def summary(result: dict, started: datetime) -> dict:
    """Return the log's entry of a run: outcome, duration, versions, hashes, numbers of pages by status and of changes, errors."""
    unchanged = result["outcome"] == "unchanged"
    status = Counter("unchanged" if unchanged else page["status"] for page in result["pages"])
    bad = [] if unchanged else [p for p in result["pages"] if p["status"] in ("stale", "failed") and p.get("error")]
    return {"run": result["run"], "outcome": result["outcome"], "started": started.isoformat(timespec="seconds"),
            "seconds": round((_now() - started).total_seconds(), 1), "versions": result.get("versions", {}),
            "code": result["code"], "data": result["data"], "pages": dict(status),
            "changes": {} if unchanged else result.get("changes", {}),
            "held": {r["rule"]: len(r["items"]) for r in result["held"]} if result["outcome"] == "held" else {},
            "errors": {p["path"]: p["error"] for p in bad}}


def log(site: Path) -> list[dict]:
    """Return the entries of the log, the earliest first; a line that was cut short is left out."""
    path, entries = site / _LOG, []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return entries


def _now() -> datetime:
    return datetime.now(timezone.utc)
