"""A batch of rows to enter into `data/`, and its result in words."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Batch:
    """Rows in the columns of the files of `data/`, all text, with `at`, where each comes from, and notes for a person to read.

    An observation may lack qualifier, basis, note and price_basis (then that of the indicator's other figures). `reporter`:
    the beginning of the sources of one body that reports again and again; a figure it gave before is not entered twice.
    """

    region: str = ""
    observations: tuple[dict, ...] = ()
    sources: tuple[dict, ...] = ()
    explanations: tuple[dict, ...] = ()
    notes: tuple[str, ...] = ()


def source(name: str, **facts: str) -> dict:
    """Return a source to be declared, seen today if not given otherwise; empty without a name."""
    return {"source": name, "note": "", **facts, "seen": facts.get("seen") or datetime.date.today().isoformat()} if name else {}


def summary(entries: pd.DataFrame, dry_run: bool = False) -> list[str]:
    """Return the entries of `observations.enter` as lines, one a row, then their count."""
    counts = ", ".join(f"{n} {kind}" for kind, n in entries["kind"].value_counts(sort=False).items()) or "no row"
    written = (entries["kind"] != "same").any()
    done = "nothing was written (dry run)" if dry_run else "tables rebuilt" if written else "nothing to write"
    return [*map(_line, entries.to_dict("records")), f"{counts}; {done}"]


def figure(row: dict) -> str:
    """Return an observation in words: `≈75.9 %, current, official_final`."""
    prices = f", {row['price_basis']}" if row["price_basis"] not in ("", "none") else ""
    return f"{_sign(row['qualifier'])}{row['value']} {row['unit_zh']}{prices}, {row['status']}"


def explanation(row: dict) -> str:
    """Return reason and measure of an explanation in one line."""
    return " / ".join(filter(None, (row["reason"], row["measure"])))


def _line(entry: dict) -> str:
    at = f"  [{entry['at']}]" if entry["at"] else ""
    if entry["table"] == "explanations":
        return f"{entry['kind']:8} {entry['plan']} row {entry['row']}, {entry['period']}: {entry['value']}{at}"
    value = f"{_sign(entry['qualifier'])}{entry['value']} {entry['unit_zh']} ({entry['source']})"
    beside = f"; held: {entry['before']}" if entry["before"] and entry["kind"] != "same" else ""
    used = "; the new figure is used" if entry["used"] else "; the held one stays in use"
    used = "" if entry["kind"] in ("same", "new") else used
    return f"{entry['kind']:8} {entry['indicator']} {entry['period']}: {value}{beside}{used}{at}"


def _sign(qualifier: str) -> str:
    return {"about": "≈", "more_than": ">"}.get(qualifier, "")
