"""Enter new figures, sources and explanations into `data/`: checked with the data there, written with the tables, all or none."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pandas as pd

from plancore import load, paths, schema
from plancore.collecting import batch, build, clean_tables, maps, returned_forms, spreadsheets, transaction, yearbooks
from plancore.collecting.batch import Batch
from plancore.schema import DataError

_FACTS = ("qualifier", "unit_zh", "price_basis", "status", "basis")
_LISTED = ["table", "kind", "at", "indicator", "plan", "row", "period", "value", "qualifier", "unit_zh", "source", "before",
           "used"]
_IDENTITY = ("title", "publisher", "published", "grade", "url")
"""Columns by which two sources of one name are one."""
_EMPTY = {"qualifier": "", "basis": "", "note": "", "price_basis": "", "reporter": ""}


def enter(given: Batch, data: Path = paths.DATA, into: Path = paths.TABLES, dry_run: bool = False) -> pd.DataFrame:
    """Enter a batch and rebuild the tables, or with `dry_run` only check it; returns one row per row of it, in order.

    Columns table, kind, at, indicator or plan and row, period, value, qualifier, unit_zh, source, before (other figures held of the
    period), used (whether the new figure is the one to be used). kind: `new`; `vintage` (kept beside figures held);
    `revised` (its reporter gave another before); `same` (held already, nothing to write). Raises DataError for anything that
    `plancore build` would refuse, and for another figure from the same source; then, and on any error, nothing is changed.
    """
    if dry_run:
        transaction.recover(data)
        return _entered(given, data)[0]
    with transaction.locked(data):
        entries, changed, clean = _entered(given, data)
        if changed:
            tables = {into / name: text.encode() for name, text in build.files(clean).items()}
            transaction.replace(changed | tables, data)
    return entries


def receive(file: Path, mapping: Path | None = None, grade: str = "A", data: Path = paths.DATA, into: Path = paths.TABLES,
            dry_run: bool = False) -> list[str]:
    """Enter the figures and explanations of a file, all or none, or with `dry_run` only list them; returns the list as lines.

    mapping: the map of a yearbook sheet; grade: of the source that a form becomes. Raises DataError for what is refused.
    """
    sheets = spreadsheets.read(file)
    transaction.recover(data)
    frames = build.read(data)
    form = returned_forms.is_form(sheets)
    if form and mapping:
        raise DataError(f"{Path(file).name}: a form is read by its hidden key; leave the map out")
    if not form and not mapping:
        raise DataError(f"{Path(file).name}: not a form of plancore (it has no hidden key); "
                        "allowed: a filled form, or a sheet with --map MAP.yml")
    given = (returned_forms.read(sheets, frames, datetime.date.today(), grade) if form
             else yearbooks.read(sheets, maps.read(mapping), frames))
    return [*given.notes, *batch.summary(enter(given, data, into, dry_run), dry_run)]


def _entered(given: Batch, data: Path) -> tuple[pd.DataFrame, dict[Path, bytes], dict[str, pd.DataFrame]]:
    """Return the entries, the changed files of `data/`, and the clean tables with them (empty where nothing changed)."""
    frames = build.read(data)
    region = _region(given.region, frames)
    name = f"observations/{region}"
    figures = [_figure(_EMPTY | row, frames, name, given) for row in given.observations]
    _refuse_duplicates([f["row"] for f in figures])
    reasons = [_explanation(row, frames["explanations"]) for row in given.explanations]
    fresh = {name: [f["row"] for f in figures if f["kind"] != "same"],
             "explanations": [r["row"] for r in reasons if r["kind"] != "same"]}
    fresh["sources"] = _sources(given.sources, {row["source"] for row in fresh[name]}, frames["sources"])
    added = {name: _appended(data / f"{name}.csv", rows) for name, rows in fresh.items() if rows}
    entries = pd.DataFrame([f | f["row"] | {"table": "observations"} for f in figures] + [
        r | r["row"] | {"table": "explanations", "period": r["row"]["as_of"], "value": batch.explanation(r["row"])} for r in reasons])
    entries = entries.reindex(columns=_LISTED).astype(object).fillna("")
    if not added:
        return entries.assign(used=False), {}, {}
    clean = _checked(frames, added, {n: (len(frames[n]) + 2, rows) for n, rows in fresh.items()})
    best = load.best(clean["observations"].query("region == @region"))
    chosen = set(zip(best["indicator"], best["period"], best["source"]))
    used = [key in chosen for key in zip(entries["indicator"], entries["period"], entries["source"])]
    return entries.assign(used=used), {data / f"{n}.csv": text for n, text in added.items()}, clean


def _region(name: str, frames: dict[str, pd.DataFrame]) -> str:
    known = list(frames["plans"]["region"].unique())
    if name and name not in known:
        raise DataError(f"unknown region {name!r}; allowed: {', '.join(known)}")
    return name or known[0]


def _figure(row: dict, frames: dict[str, pd.DataFrame], name: str, given: Batch) -> dict:
    """Return an observation as it would be entered, its kind, and the figures held of its period."""
    held, at = frames[name], _at(row, name, len(frames[name]))
    _require_known(row["indicator"], frames["indicators"]["indicator"], f"{at}: no indicator", "a key of data/indicators.csv")
    sources = [*frames["sources"]["source"], *(s["source"] for s in given.sources)]
    _require_known(row["source"], sources, f"{at}: no source", "a source of data/sources.csv, or a new one declared with the figure "
           "(--new-source SLUG --title … --grade …; in a map: source: {source: …, title: …, grade: …})")
    series = held[held["indicator"] == row["indicator"]]
    row = row | {"price_basis": row["price_basis"] or _price_basis(row, series, at)}
    beside = series[series["period"] == row["period"]]
    own = beside[beside["source"] == row["source"]]
    if len(own) and not _same(own.iloc[0], row):
        raise DataError(f"{at}: {row['indicator']} {row['period']} is {batch.figure(row)}, but from the same source "
                        f"{batch.figure(own.iloc[0])} is held (data/{name}.csv:{own.index[0] + 2}); allowed: the same figure, "
                        "or another source for a new vintage")
    before = beside[beside["source"].str.startswith(row["reporter"])] if row["reporter"] else beside.head(0)
    again = len(before) and _same(before.iloc[-1], row)
    kind = "same" if len(own) or again else "revised" if len(before) else "vintage" if len(beside) else "new"
    return {"row": row, "kind": kind, "before": ", ".join(f"{batch.figure(b)} ({b['source']})" for b in beside.to_dict("records"))}


def _price_basis(row: dict, series: pd.DataFrame, at: str) -> str:
    """Return the price basis of the indicator's figures held, where they agree."""
    bases = sorted(set(series["price_basis"]))
    if len(bases) != 1:
        raise DataError(f"{at}: price_basis is not given, and the figures of {row['indicator']} held have "
                        f"{' and '.join(bases) or 'none'}; allowed: {', '.join(schema.VOCABULARIES['price_basis'])}")
    return bases[0]


def _explanation(row: dict, held: pd.DataFrame) -> dict:
    """Return an explanation as it would be entered, and its kind."""
    mine = held[(held["plan"] == row["plan"]) & (held["row"] == row["row"]) & (held["as_of"] == row["as_of"])]
    mine = mine.sort_values("date", kind="stable")
    last = mine.iloc[-1] if len(mine) else None
    if last is not None and all(last[c] == row[c] for c in ("reason", "measure")):
        return {"row": row, "kind": "same", "before": ""}
    once = mine[(mine["by"] == row["by"]) & (mine["date"] == row["date"])]
    if len(once):
        raise DataError(f"{row['at']}: {row['by']} has explained row {row['row']} in other words on the same day {row['date']} "
                        f"(data/explanations.csv:{once.index[0] + 2}); allowed: the same words, or a later date")
    return {"row": row, "kind": "new" if last is None else "revised", "before": "" if last is None else batch.explanation(last)}


def _refuse_duplicates(rows: list[dict]) -> None:
    """Refuse two figures for one indicator, period and source in a batch."""
    first: dict[tuple, dict] = {}
    for row in rows:
        other = first.setdefault((row["indicator"], row["period"], row["source"]), row)
        if other is not row:
            raise DataError(f"{row['at']}: second figure for {row['indicator']} {row['period']}, {batch.figure(row)}; "
                            f"the first, {batch.figure(other)}, is at {other['at']}; allowed: one")


def _sources(given: Iterable[dict], named: set[str], held: pd.DataFrame) -> list[dict]:
    """Return the sources to be added: named by a new figure and not held; refuses another one of the same name."""
    rows = []
    for source in given:
        own = held[held["source"] == source["source"]]
        other = [c for c in _IDENTITY if len(own) and own.iloc[0][c] != source.get(c, "")]
        if other:
            raise DataError(f"data/sources.csv:{own.index[0] + 2}: the source {source['source']} is held with another "
                            f"{', '.join(other)}; allowed: a new name, or the source as it is held")
        if source["source"] in named and not len(own):
            rows.append(source)
    return rows


def _appended(path: Path, rows: list[dict]) -> bytes:
    """Return the bytes of a file of `data/` with rows added; every byte before them stays."""
    old = path.read_bytes()
    header = next(csv.reader(io.StringIO(old.decode("utf-8-sig"), newline="")))
    end = "\r\n" if b"\r\n" in old else "\n"
    new = io.StringIO(newline="")
    csv.writer(new, lineterminator=end).writerows([[row.get(c, "") for c in header] for row in rows])
    return old + (b"" if old.endswith(b"\n") else end.encode()) + new.getvalue().encode()


def _checked(frames: dict[str, pd.DataFrame], added: dict[str, bytes],
             rows: dict[str, tuple[int, list[dict]]]) -> dict[str, pd.DataFrame]:
    """Return the clean tables of `data/` with changed files; refusals say where a row comes from."""
    try:
        return clean_tables.tables(build.check(frames | {name: build.whole(text, name) for name, text in added.items()}))
    except DataError as error:
        place = re.compile(r"\bdata/(\S+)\.csv:(\d+)\b")
        raise DataError(place.sub(lambda found: _with_origin(found, rows), str(error))) from None


def _with_origin(found: re.Match, rows: dict[str, tuple[int, list[dict]]]) -> str:
    """Return the place in a message, after the origin of its row."""
    first, mine = rows.get(found[1], (0, []))
    number = int(found[2]) - first
    at = mine[number].get("at", "") if 0 <= number < len(mine) else ""
    return f"{at} ({found[0]})" if at else found[0]


def _require_known(name: str, among: Iterable[str], what: str, allowed: str) -> None:
    among = list(among)
    if name not in among:
        raise DataError(f"{what} {name!r}; {schema.nearest(name, among)}; allowed: {allowed}")


def _at(row: dict, name: str, length: int) -> str:
    return row.get("at") or f"data/{name}.csv:{length + 2}"


def _same(one: dict, other: dict) -> bool:
    return _number(one["value"]) == _number(other["value"]) and all(one[c] == other[c] for c in _FACTS)


def _number(value: str) -> Decimal | str:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value
