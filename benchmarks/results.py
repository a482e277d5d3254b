"""What the benchmarks share: a goal with its value and spread, printed, and kept in results.json beside those of the others."""

import json
import os
import platform
from pathlib import Path

from rich.console import Console

RESULTS = Path(__file__).with_name("results.json")
console = Console(width=120)


def goal(value: float, spread, asked: str = "stated", met: bool = True) -> dict:
    """A figure with what was asked of it, `stated` where nothing was, and the smallest and largest of its repeats."""
    return {"value": round(float(value), 3), "goal": asked, "met": bool(met),
            "spread": [round(float(min(spread)), 3), round(float(max(spread)), 3)]}


def record(goals: dict, **versions: str) -> None:
    """Print the goals and write them into the results, in place of all of the same kind (the word before the colon)."""
    kinds = {name.partition(":")[0] for name in goals}
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    known |= {"machine": {"cores": os.cpu_count(), "memory_gib": round(gib, 1), "python": platform.python_version()},
              "versions": known.get("versions", {}) | versions,
              "goals": {k: v for k, v in known.get("goals", {}).items() if k.partition(":")[0] not in kinds} | goals}
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, g in goals.items():
        said = "stated" if g["goal"] == "stated" else f"goal {g['goal']}: " + ("met" if g["met"] else "MISSED")
        console.print(f"{name}: {g['value']:g} ({g['spread'][0]:g} to {g['spread'][1]:g}), {said}", highlight=False)
