"""The runs there were, as text: a list, one of them, and what changed between two."""

from __future__ import annotations

import json

from plancore import changes, ledger, runs, schedule, tidings

_OUTCOMES = {"published": "published", "unchanged": "nothing changed", "held": "held back", "failed": "failed", "released": "released by hand",
             "interrupted": "ended early"}


def table(count: int) -> str:
    """The last lines of the ledger, the latest first."""
    lines = ledger.read(schedule.REPORTS)[:-count - 1:-1]
    if not lines:
        return "no run yet: plancore report"
    there = {p.name for p in runs.kept(schedule.REPORTS)}
    online = runs.latest(schedule.REPORTS)
    rows = [("run", "outcome", "at (UTC)", "seconds", "made", "kept", "bad", "changed")]
    for said in lines:
        pages = said.get("pages", {})
        mark = " *" if online and said["run"] == online.name else "" if said["run"] in there else " -"
        rows.append((said["run"] + mark, _OUTCOMES.get(said["outcome"], said["outcome"]), said["at"][:16].replace("T", " "),
                     str(said.get("seconds", "")), str(pages.get("new", 0)), str(pages.get("unchanged", 0)),
                     str(pages.get("stale", 0) + pages.get("failed", 0)), str(sum(said.get("changes", {}).values()))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = [" ".join(cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join([*text, "* published   - no longer there"])


def one(run: str) -> str:
    """The ledger's lines of a run, and the changes it brought. Raises runs.Unknown."""
    lines = [said for said in ledger.read(schedule.REPORTS) if said["run"].startswith(run)] if run else []
    if len({said["run"] for said in lines}) != 1:
        runs.find(schedule.REPORTS, run)
    text = [json.dumps(said, ensure_ascii=False, indent=1) for said in lines]
    folder = schedule.REPORTS / "runs" / lines[0]["run"] if lines else runs.find(schedule.REPORTS, run)
    changed = folder / "changes.md"
    return "\n".join([*text, *([changed.read_text(encoding="utf-8")] if changed.is_file() else [])])


def between(first: str, second: str) -> str:
    """What changed from one run to another, as Markdown. Raises runs.Unknown."""
    old, new = (runs.find(schedule.REPORTS, run) for run in (first, second))
    return tidings.markdown(changes.between(old, new), runs.manifest(new))
