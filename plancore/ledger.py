"""The ledger of runs: one line of JSON for each, only ever added to."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

FILE = "ledger.jsonl"


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
