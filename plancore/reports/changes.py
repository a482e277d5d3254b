"""Compare two runs: changed figures, targets, definitions and method, the verdicts they moved, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import cache, cached_property, partial
from pathlib import Path

import pandas as pd

from plancore import load, schema
from plancore.measures import derived
from plancore.reports import archive, parameters
from plancore.reports.schedule import Hold

_WORDS = {"note", "note_en", "lines", "source", "printed_name", "name_zh", "name_en", "department", "unit_en", "group_zh",
          "category", "category_zh", "category_en", "what_zh", "what_en", "subject_zh", "subject_en", "measure_zh", "measure_en",
          "chapter", "box", "place", "region_zh", "region_en", "remark_zh", "remark_en"}
"""Columns that describe a row; a change of these is none."""
_FIGURE = {"value", "qualifier", "unit_zh"}
_KEY = ("plan", "row", "as_of", "what", "part")
"""The key of an answer."""
_MEASURES = ("value", "period", "needed")
_KINDS = ("verdicts", "figures", "observations", "closed_years", "targets", "definitions")
_BEYOND = ("commitments", "successors")
_DEFINITIONS = ("breaks", "indicators", "plans", *_BEYOND)
"""Tables that say how figures are read; those of `_BEYOND` do not bear on a row's status."""
_DEFAULTS = {"what": "", "part": 0, "unit_zh": "", "unit_en": "", "pace": ""}
"""Columns that an answer of an earlier run may lack."""

_GUARD = r"^'(?=[=+\-@\t\r])"
"""The sign that `workbook.csv` puts before text that a spreadsheet would take for a formula."""
_BOOLEANS = {"1": "true", "0": "false"}

Judgements = dict[str, dict[tuple, dict]]
"""Page to its answers (`cards`), by plan, row, as_of, what and part."""


class _Run:
    """A run to compare: its answers, region and indicator of what a plan asks, titles of sources; each table is read once."""

    def __init__(self, folder: Path):
        self.folder, self.manifest = folder, archive.manifest(folder)
        self.table = cache(partial(_table, folder))
        pages = [page["path"] for page in self.manifest["pages"] if page["status"] != "failed"]
        files = {page: folder / "downloads" / f"{parameters.stem(page)}.json" for page in pages}
        self.judged = {page: _answers(file) for page, file in files.items() if file.is_file()}
        plans, rows, sources = self.table("plans"), self.table("targets"), self.table("sources")
        self.region = dict(zip(plans["plan"], plans["region"]))
        self.indicator = dict(zip(zip(rows["plan"], rows["row"]), rows["indicator"]))
        self.titles = dict(zip(sources["source"], sources["title"]))


def between(old: Path | None, new: Path) -> dict:
    """Return what differs in the run in folder `new` from the one in `old` (None: there was none), fit for JSON.

    Keys: runs {from, to}; first; `verdicts`, answers (see `_KEY`) with another code: indicator, attribute, from, to, why, pages;
    `figures`, answers with the same code but another value, period or needed: measure, from, to; both once, however many pages
    show them; `observations` (and outcomes as printed) new, revised or removed; `closed_years`, those of them that changed a
    figure already published for a year before the last that its region reaches in `old`; `targets`; `definitions`; `method` and
    `environment` (None where the same); `added` and `gone`, the numbers of rows that only one of the runs judges.
    `region` of each: the one it is of, empty where of none. `why`: causes, see `_why`. A row that a page of both runs lists in
    one of them only is a verdict from or to None.
    """
    now = _Run(new)
    found = {"runs": {"from": None, "to": now.manifest["run"]}, "first": old is None, **{kind: [] for kind in _KINDS},
             "method": None, "environment": None, "added": 0, "gone": 0}
    if old is None:
        return found
    was = _Run(old)
    used = {run.folder: _used(run.table("observations")) for run in (was, now)}
    found["runs"]["from"] = was.manifest["run"]
    found["observations"] = [*_observations(was, now, used[old], used[new]), *_outcomes(was, now)]
    found["closed_years"] = _closed(found["observations"], was.table("observations"))
    found["targets"] = [t for name in ("targets", "target_versions", "annual_targets") for t in _targets(was, now, name)]
    found["definitions"] = [d for name in _DEFINITIONS for d in _definitions(was, now, name)]
    found["method"], found["environment"] = _method(was.manifest, now.manifest), _environment(was.manifest, now.manifest)
    return found | _rows(was, now, found, _Related([run.table for run in (was, now)], list(used.values())))


def per_page(found: dict, entry: dict) -> list[dict]:
    """Return what changed on the page of a manifest entry.

    plan, row, as_of, what, part, measure (`code`, `value`, `period` or `needed`), from, to, and why in one short string of keys.
    """
    return [{k: c[k] for k in _KEY} | {"measure": c.get("measure", "code"), "from": c["from"],
             "to": c["to"], "why": "; ".join(map(_short, c["why"]))}
            for c in [*found["verdicts"], *found["figures"]] if entry["path"] in c["pages"]]


def held(found: dict, hold: Hold) -> list[dict]:
    """Return why a run must wait for a person: rule (a field of Hold), items (its changes) and, of `statuses`, limit.

    Empty where it need not wait; a first run never does.
    """
    moved = list({tuple(v[k] for k in _KEY): v for v in found["verdicts"]}.values())
    binding = [v for v in moved if v["attribute"] == "binding"]
    many = hold.statuses is not None and len(moved) > hold.statuses
    reasons = [{"rule": "statuses", "items": moved if many else [], "limit": hold.statuses},
               {"rule": "binding_verdicts", "items": binding if hold.binding_verdicts else []},
               {"rule": "closed_years", "items": found["closed_years"] if hold.closed_years else []}]
    return [reason for reason in reasons if reason["items"]]


def _answers(file: Path) -> dict[tuple, dict]:
    """The answers of a page by their key."""
    records = [_DEFAULTS | record for record in json.loads(file.read_text(encoding="utf-8"))]
    return {tuple(record[k] for k in _KEY): record for record in records}


def _table(folder: Path, name: str) -> pd.DataFrame:
    """A table as the run published it, all text; without rows where it published none of that name."""
    file = _file(folder, name)
    if not file.is_file():
        return pd.DataFrame(columns=schema.TABLES[name].names, dtype=str)
    frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig").replace(_GUARD, "", regex=True)
    return frame.replace({c.name: _BOOLEANS for c in schema.TABLES[name].columns if c.type == "boolean"})


def _file(folder: Path, name: str) -> Path:
    return folder / "downloads" / f"{name}.csv"


# tables

def _moved(was: _Run, now: _Run, name: str) -> Iterator[tuple[str, dict, dict, list[str]]]:
    """The rows of a table that differ: new, revised or removed; the row then and now; the columns that differ.

    A table that only one of the runs published is not compared: another set of tables moved no row.
    """
    files = [_file(run.folder, name) for run in (was, now)]
    if not all(file.is_file() for file in files) or files[0].read_bytes() == files[1].read_bytes():
        return
    key = list(schema.TABLES[name].key)
    before, after = ({tuple(r[k] for k in key): r for r in run.table(name).to_dict("records")} for run in (was, now))
    for row in dict.fromkeys([*after, *before]):
        then, current = before.get(row, {}), after.get(row, {})
        columns = [c for c in then if c in current and c not in _WORDS and not _same(then[c], current[c])]
        if not then or not current or columns:
            yield "new" if not then else "revised" if current else "removed", then, current, columns


def _observations(was: _Run, now: _Run, used_then: dict, used_now: dict) -> Iterator[dict]:
    """Changed observations. `replaces`: the figure used before, where a new and different one is used in its place."""
    for kind, then, current, columns in _moved(was, now, "observations"):
        row = current or then
        place = (row["region"], row["indicator"], row["period"])
        before, after = used_then.get(place), used_now.get(place)
        replaced = kind == "new" and before and after["source"] == row["source"] and _other_figure(before, after)
        yield {"table": "observations", "kind": kind,
               **{k: row[k] for k in ("region", "indicator", "period", "unit_zh", "source", "published")},
               "title": _title(row["source"], was, now), "columns": columns,
               "from": _number(then.get("value")), "to": _number(current.get("value")),
               "from_qualifier": then.get("qualifier", ""), "to_qualifier": current.get("qualifier", ""),
               "replaces": _figure(before, was) if replaced else None,
               "switched": bool(before and (not after or _other_figure(before, after)))}


def _outcomes(was: _Run, now: _Run) -> Iterator[dict]:
    """Changed outcomes of ended plans, from and to as printed."""
    for kind, then, current, columns in _moved(was, now, "outcomes"):
        row = current or then
        yield {"table": "outcomes", "kind": kind, "plan": row["plan"], "row": row["row"], "region": _region(row, was, now),
               "indicator": _indicator(row, was, now), "period": row["actual_year"], "unit_zh": "",
               "source": row["source"], "title": _title(row["source"], was, now), "published": "", "columns": columns,
               "from": _printed(then), "to": _printed(current), "from_qualifier": "", "to_qualifier": "", "replaces": None,
               "switched": bool({"actual_value", "actual_change"} & set(columns))}


def _closed(changed: list[dict], before: pd.DataFrame) -> list[dict]:
    """The changes of a figure already published for a year before the last that the observations `before` of its region reach."""
    last = before["period"].str[-4:].groupby(before["region"]).max()
    return [c for c in changed if c["period"][-4:] < last.get(c["region"], "") and (
        c["kind"] == "removed" or c["replaces"] or _FIGURE & set(c["columns"]) or (c["kind"] == "revised" and c["switched"]))]


def _targets(was: _Run, now: _Run, name: str) -> Iterator[dict]:
    """Changed targets, one entry a column; a row that is new or removed is one entry with its number."""
    number = "target_value" if name == "targets" else "value"
    for kind, then, current, columns in _moved(was, now, name):
        row = current or then
        for column in columns or [number]:
            yield {"table": name, "kind": kind, "plan": row["plan"], "row": row["row"], "region": _region(row, was, now),
                   "indicator": _indicator(row, was, now), "since": row.get("since") or row.get("year", ""),
                   "column": column, "from": then.get(column), "to": current.get(column)}


def _definitions(was: _Run, now: _Run, name: str) -> Iterator[dict]:
    """Changed rows of a table that says how figures are read; `break` and `since`: kind and year of a declared break."""
    for kind, then, current, columns in _moved(was, now, name):
        row = current or then
        yield {"table": name, "kind": kind, "indicator": row.get("indicator") or row.get("to_indicator", ""),
               "region": _region(row, was, now), "plan": row.get("plan", ""), "id": row.get("id", ""),
               "break": row["kind"] if name == "breaks" else "", "since": row.get("since", ""), "columns": columns}


def _used(frame: pd.DataFrame) -> dict[tuple, dict]:
    """The figure used for each region, indicator and period, chosen as `load.observations` does."""
    return {(r["region"], r["indicator"], r["period"]): r for r in load.best(frame).to_dict("records")}


def _other_figure(a: dict, b: dict) -> bool:
    return any(not _same(a[c], b[c]) for c in _FIGURE)


def _figure(row: dict, run: _Run) -> dict:
    return {"value": _number(row["value"]), "qualifier": row["qualifier"], "source": row["source"],
            "title": _title(row["source"], run)}


def _indicator(row: dict, was: _Run, now: _Run) -> str:
    """The indicator that a row is of by itself or by its plan's row, as in the later run that has it."""
    key = (row["plan"], row["row"])
    return row.get("indicator") or now.indicator.get(key) or was.indicator.get(key, "")


def _region(row: dict, was: _Run, now: _Run) -> str:
    """The region that a row is of by itself or by its plan, as in the later run that has it; empty where of none."""
    plan = row.get("plan", "")
    return row.get("region") or now.region.get(plan) or was.region.get(plan, "")


def _title(sources: str, *runs: _Run) -> str:
    """The titles of sources (several joined by `;`), as in the latest of the runs that has them."""
    titles = {source: title for run in runs for source, title in run.titles.items()}
    return "；".join(titles.get(s, s) for s in sources.split(";"))


def _printed(row: dict) -> str | None:
    return " / ".join(filter(None, (row["actual_printed"], row["actual_change_printed"]))) if row else None


# method and environment

def _method(was: dict, now: dict) -> dict | None:
    """Version and hash of the code then and now, and the reports whose notebook changed; None where nothing did."""
    before, after = ({p["path"]: p.get("key", {}).get("notebook") for p in m["pages"]} for m in (was, now))
    notebooks = {p["report"] for p in now["pages"] if after[p["path"]] and before.get(p["path"]) not in (None, after[p["path"]])}
    if was.get("code") == now.get("code") and not notebooks:
        return None
    old, new = ({"version": m.get("versions", {}).get("plancore", ""), "code": m.get("code", "")} for m in (was, now))
    return {"from": old, "to": new, "notebooks": sorted(notebooks)}


def _environment(was: dict, now: dict) -> dict | None:
    """Lock and versions then and now; None where the lock is the same, or one of the runs has not recorded it."""
    if not was.get("lock") or not now.get("lock") or was["lock"] == now["lock"]:
        return None
    return {name: {"lock": m["lock"]} | {k: v for k, v in m.get("versions", {}).items() if k != "plancore"}
            for name, m in (("from", was), ("to", now))}


# judged rows

class _Related:
    """The indicators whose figures may move a row of an indicator; `tables` reads a table by its name, one for each run."""

    def __init__(self, tables: list[Callable[[str], pd.DataFrame]], used: list[dict]):
        named = {pair for table in tables for pair in _columns(table("indicators"), "indicator", "related")}
        compared = {pair for table in tables for pair in _columns(table("targets"), "indicator", "relative_to")}
        self.pairs = {(a, b) for a, b in named | {(b, a) for a, b in named} | compared if a and b}
        self.used = used

    @cached_property
    def derived(self) -> set[str]:
        """The indicators of which values are computed from others."""
        return {indicator for figures in self.used for indicator in _derived(figures)}

    def of(self, indicator: str) -> set[str]:
        """The indicator, the series related to it, what a target of it is relative to, and the inputs of a derived one."""
        return ({indicator} | {b for a, b in self.pairs if a == indicator}
                | (set(derived.INPUTS) if indicator in self.derived else set()))


def _columns(frame: pd.DataFrame, *names: str) -> Iterator[tuple[str, ...]]:
    """The rows of some columns, which a table of an earlier run may lack."""
    return frame.reindex(columns=list(names), fill_value="").itertuples(index=False, name=None)


def _derived(used: dict) -> set[str]:
    frame = pd.DataFrame(list(used.values()))
    return set(derived.derive(frame.assign(value=frame["value"].astype(float)))["indicator"]) if len(frame) else set()


def _rows(was: _Run, now: _Run, found: dict, related: _Related) -> dict:
    """Verdicts and figures that moved, and the numbers of rows that only one run judges."""
    verdicts: dict[tuple, dict] = {}
    figures: dict[tuple, dict] = {}
    pairs = list(_pairs(was.judged, now.judged))
    for key, then, current, page, same_page in pairs:
        row, moved = current or then, []
        region = _region(row, was, now)
        if not then or not current or then["code"] != current["code"]:
            moved = [(verdicts, {}, then and then["code"], current and current["code"])]
        else:
            both = [(m, then.get(m), current.get(m)) for m in _MEASURES]
            moved = [(figures, {"measure": m}, a, b) for m, a, b in both if not _same(a, b)]
        for into, more, a, b in moved:
            entry = into.setdefault((key, *more.values(), a, b), {
                **{k: row[k] for k in (*_KEY, "indicator", "attribute", "unit_zh", "unit_en", "pace")}, **more,
                "region": region, "from": a, "to": b, "pages": [],
                "why": _why(row | {"region": region}, found, related.of(row["indicator"]), _report(now, page), same_page)})
            entry["pages"].append(page)
    before, after = _keys(was.judged), _keys(now.judged)
    compared = {key for key, *_ in pairs}
    return {"verdicts": list(verdicts.values()), "figures": list(figures.values()),
            "added": len(after - before - compared), "gone": len(before - after - compared)}


def _pairs(old: Judgements, new: Judgements) -> Iterator[tuple[tuple, dict | None, dict | None, str, bool]]:
    """Each judged row then and now: key, the two records, page, whether it is the same page in both runs.

    A row without a page in common is compared across pages; None stands for a row that the other run judges nowhere.
    """
    before, after, seen = _keys(old), _keys(new), set()
    for page in (p for p in new if p in old):
        for key in dict.fromkeys([*new[page], *old[page]]):
            then, current = old[page].get(key), new[page].get(key)
            if (then or key not in before) and (current or key not in after):
                seen.add(key)
                yield key, then, current, page, True
    for page in new:
        for key in new[page]:
            if key in before and key not in seen:
                seen.add(key)
                yield key, next(rows[key] for rows in old.values() if key in rows), new[page][key], page, False


def _why(row: dict, found: dict, related: set[str], report: str, same_page: bool) -> list[dict]:
    """The causes that may have moved an answer, each with its items; all that apply.

    data: changed figures, up to as_of, of its indicator and the related ones; definition; target; method; environment; page: the
    row is judged on another page than before; date, where nothing else applies: a figure or target came into force.
    A row's status is moved by its own target and figures, another answer (`what`) by those of any row of its plan; neither by
    what is of another region.
    """
    last, whole = str(row["as_of"]), bool(row["what"])

    def beside(c: dict) -> bool:
        return c["indicator"] in related and c["region"] in ("", row["region"])

    def own(c: dict) -> bool:
        return c["plan"] == row["plan"] and (whole or c["row"] == row["row"]) or whole and beside(c)

    data = [c for c in found["observations"] if c["period"][-4:] <= last and (own(c) if c["table"] == "outcomes" else beside(c))]
    definitions = [d for d in found["definitions"] if (whole or d["table"] not in _BEYOND)
                   and (beside(d) or d["plan"] == row["plan"])]
    targets = [t for t in found["targets"] if own(t) and t["table"] != "annual_targets"]  # no answer is judged by these
    causes = [{"cause": name, "items": items}
              for name, items in (("data", data), ("definition", definitions), ("target", targets)) if items]
    method, environment = found["method"], found["environment"]
    if method and (method["from"]["code"] != method["to"]["code"] or report in method["notebooks"]):
        causes.append({"cause": "method"} | method)
    if environment:
        causes.append({"cause": "environment"} | environment)
    if not same_page:
        causes.append({"cause": "page"})
    return causes or [{"cause": "date"}]


def _short(cause: dict, most: int = 3) -> str:
    items = cause.get("items", [])
    names = list(dict.fromkeys(f"{i.get('indicator') or i.get('plan')} {i.get('period') or i.get('column') or i['table']}"
                               for i in items))
    more = f" +{len(names) - most}" if len(names) > most else ""
    return cause["cause"] + (": " + ", ".join(names[:most]) + more if names else "")


def _report(run: _Run, path: str) -> str:
    return next(p["report"] for p in run.manifest["pages"] if p["path"] == path)


def _keys(judged: Judgements) -> set[tuple]:
    return {key for rows in judged.values() for key in rows}


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _same(a: object, b: object) -> bool:
    """Whether two cells are the same, numbers within rounding."""
    if a == b:
        return True
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-9)
    except (TypeError, ValueError):
        return False
