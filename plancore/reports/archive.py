"""Runs on disk: a draft nobody reads, the runs that stay, and `latest`, which points at the published one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from plancore.schema import nearest
from collections import Counter

FILE = "ledger.jsonl"

_ID = "%Y%m%d-%H%M%S-%f"
_TEMPORARY = ".temporary"
"""In a draft: the name of the folder where its workers put what nobody reads."""


class Unknown(ValueError):
    """A run that is not there, or cannot be published; says which there are."""


def latest(site: Path) -> Path | None:
    """The folder of the published run."""
    folder = site / "latest"
    return folder.resolve() if (folder / "manifest.json").is_file() else None


def kept(site: Path) -> list[Path]:
    """The folders of the runs that are there, the earliest first."""
    folder = site / "runs"
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []


def held(site: Path) -> Path | None:
    """The last run after the published one that waits for a person."""
    online = latest(site)
    waiting = [p for p in kept(site) if (online is None or p.name > online.name) and manifest(p).get("held")]
    return waiting[-1] if waiting else None


def find(site: Path, run: str) -> Path:
    """The folder of a run by its name, or by a beginning that only it has. Raises Unknown."""
    found = [p for p in kept(site) if p.name.startswith(run)] if run else []
    if len(found) != 1:
        names = [p.name for p in kept(site)]
        raise Unknown(f"{'several runs begin' if found else 'no run begins'} with {run!r}; "
                      + (nearest(run, names) if names else "no run is there") + f" (of {len(names)})")
    return found[0]


def before(site: Path, day: datetime) -> Path | None:
    """The last run that is there and had begun by a moment."""
    earlier = [p for p in kept(site) if p.name <= day.astimezone(timezone.utc).strftime(_ID)[:-3]]
    return earlier[-1] if earlier else None


def manifest(folder: Path | None) -> dict:
    """What a run says of itself; no pages where there is none."""
    path = folder / "manifest.json" if folder else None
    return json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {"pages": []}


def clear(site: Path) -> list[str]:
    """Remove what killed runs left, and tell their names; nobody else writes while we hold the lock."""
    ended = []
    for left in (site / "runs").glob(".*"):
        if left.is_symlink() or not left.is_dir():
            left.unlink()
            continue
        note = left / _TEMPORARY
        if note.is_file() and (folder := Path(note.read_text(encoding="utf-8"))).name.startswith("plancore-"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(left)
        ended.append(left.name.removeprefix(".draft-"))
    return ended


@contextmanager
def draft(site: Path):
    """A folder to make a run in, and one for what nobody reads; what is still there in the end is removed."""
    folder = site / "runs" / f".draft-{_next(site)}"
    folder.mkdir(parents=True)
    temporary = Path(tempfile.mkdtemp(prefix="plancore-"))
    try:
        write(folder / _TEMPORARY, str(temporary))
        yield folder, temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def name(draft: Path) -> str:
    """The name of the run that a draft will be."""
    return draft.name.removeprefix(".draft-")


def keep(draft: Path) -> Path:
    """Give a draft its name among the runs; it is still not published."""
    (draft / _TEMPORARY).unlink(missing_ok=True)
    os.sync()  # a power cut must not leave an empty page behind a published name
    return draft.rename(draft.parent / name(draft))


def publish(folder: Path, site: Path) -> None:
    """Point `latest` at a run in one atomic step."""
    pointer = site / "runs" / f".latest-{folder.name}"
    pointer.symlink_to(Path("runs") / folder.name)
    os.replace(pointer, site / "latest")


def prune(site: Path, count: int) -> list[str]:
    """Remove the earliest runs beyond a number, never the published one or the last that waits; tells their names."""
    never = {latest(site), held(site)}
    others = [p for p in kept(site) if p not in never]
    gone = others[:max(0, len(others) + len(never - {None}) - count)]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return [p.name for p in gone]


def carry(paths: list[str], origin: Path, draft: Path) -> None:
    """Put files of an earlier run into a draft too, as further names of the same file where that is possible."""
    for path in paths:
        try:
            os.link(origin / path, draft / path)
        except FileExistsError:
            pass
        except OSError:
            shutil.copy2(origin / path, draft / path)


def write(path: Path, text: str) -> None:
    """Write a file of its own: an earlier run's file of this name, if it is one with it, stays as it was."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def sha(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _next(site: Path) -> str:
    """A name for a run that begins now: later than all others, also if the clock was set back."""
    moment = datetime.now(timezone.utc)
    taken = [datetime.strptime(p.name, _ID).replace(tzinfo=timezone.utc) for p in kept(site) if _is_id(p.name)]
    if taken and moment - max(taken) < timedelta(milliseconds=1):
        moment = max(taken) + timedelta(milliseconds=1)
    return moment.strftime(_ID)[:-3]


def _is_id(said: str) -> bool:
    try:
        return bool(datetime.strptime(said, _ID))
    except ValueError:
        return False


def append(site: Path, entry: dict) -> None:
    """Add a line: run, outcome, and whatever else is known of it; `at` is when."""
    said = json.dumps({"at": _now().isoformat(timespec="seconds")} | entry, ensure_ascii=False) + "\n"
    path = site / FILE
    cut = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size  # a line that was never finished
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, ("\n" if cut else "").encode() + said.encode())
        os.fsync(file)
    finally:
        os.close(file)


def line(result: dict, started: datetime) -> dict:
    """What the ledger keeps of a run: outcome, duration, versions, hashes, counts of pages by status, of changes, and errors."""
    unchanged = result["outcome"] == "unchanged"
    status = Counter("unchanged" if unchanged else page["status"] for page in result["pages"])
    errors = {} if unchanged else {p["path"]: p["error"] for p in result["pages"] if p["status"] in ("stale", "failed") and p.get("error")}
    return {"run": result["run"], "outcome": result["outcome"], "started": started.isoformat(timespec="seconds"),
            "seconds": round((_now() - started).total_seconds(), 1), "versions": result.get("versions", {}), "code": result["code"],
            "data": result["data"], "pages": dict(status), "changes": {} if unchanged else result.get("changes", {}),
            "held": {r["rule"]: len(r["items"]) for r in result["held"]} if result["outcome"] == "held" else {}, "errors": errors}


def read(site: Path) -> list[dict]:
    """The lines of a ledger, the earliest first; one that was cut short is left out."""
    path = site / FILE
    found = []
    for said in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            found.append(json.loads(said))
        except json.JSONDecodeError:
            continue
    return found


def _now() -> datetime:
    return datetime.now(timezone.utc)
