"""A report's frames as sheets of its workbook: results as live formulas, every input and source beside them."""

from __future__ import annotations

import re
from html import unescape

import great_tables as gt
import numpy as np
import pandas as pd
from IPython.display import HTML

from plancore import gaps, load, wording
from plancore.downloads import formulas
from plancore.measures import rules
from plancore.downloads.workbook import Sheet

_OPTIONAL = ("baseline_unit", "rounded_figures", "qualifier", "breaks", "note", "official_verdict", "official_rate")
"""Columns left out where no row has anything in them."""
_PERCENT = re.compile(r"[−+]?[\d,]+(\.\d+)?%")
_NUMBER = re.compile(r"[−+]?\d[\d,]*(\.\d+)?%?")


@wording.localized
def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, lang: str,
             elsewhere: pd.DataFrame | None = None) -> Sheet:
    """Return one row per target in plan order: baseline, target, each year's figure, against the path, assessment, source.

    `result` of `gaps.measure`, `series` of `trajectories.series`. Figures that are not exact are named in a column. `elsewhere` of
    `gaps.elsewhere`: target, latest figure and its year in each other region.
    """
    rows = gaps.named_rows(result, targets)
    years = range(int(load.begins(rows).min()) + 1, int(rows["as_of"].max()) + 1) if len(rows) else range(0)
    yearly = _yearly(series)
    sources = load.sources()
    cited = [_source(cell, sources, lang) for cell in rows["source"]]
    columns = _identity(rows, lang) | {
        "baseline_value": rows["baseline_value"], "baseline_unit": _baseline_units(rows, lang),
        "target_said": [wording.target(r, lang) for r in rows.to_dict("records")], "target_number": rows["target_value"],
        **{str(y): [yearly["value"].get((p, r, y), np.nan) for p, r in zip(rows["plan"], rows["row"])] for y in years},
        "rounded_figures": [_inexact(yearly, p, r, lang) for p, r in zip(rows["plan"], rows["row"])],
        "against_path": rows["against_path"], "assessment": _assessments(rows, lang),
        "reason": [wording.text(r, lang) if r else "" for r in rows["reason"]], "data_year": rows["last_period"].astype("Int64"),
        "source_title": [c["title"] for c in cited], "published_on": [c["published"] for c in cited],
        "data_grade": [c["grade"] for c in cited]}
    beside = {} if elsewhere is None else _beside(rows, elsewhere, lang)
    columns |= beside
    labels = {str(y): wording.text("year", lang, year=y) for y in years} | {name: name for name in beside}
    return _sheet("standing", _filled(columns), _year_labels(rows, lang) | labels, lang)


def _beside(rows: pd.DataFrame, elsewhere: pd.DataFrame, lang: str) -> dict[str, pd.Series]:
    """For each other region that has some of the rows: target, latest figure and its year, in the indicators' units."""
    names, found = load.region_names(lang), {}
    for region, theirs in elsewhere.groupby("region", sort=False):
        theirs = theirs.set_index("indicator")
        for column, key in (("target_value", "target_number"), ("value", "latest_value"), ("last_period", "data_year")):
            found[names.get(region, region) + wording.text("bracket", lang, x=wording.text(key, lang))] = rows["indicator"].map(theirs[column])
    return found


@wording.localized
def schedule(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> Sheet:
    """Return the working of `gaps.measure`: inputs as numbers, results as live formulas that follow its arithmetic by form.

    A row that is not assessable has its reason and no numbers in place of results.
    """
    rows = gaps.named_rows(result, targets)
    kinds = [r["formula"] if r["formula"].startswith("level_") else formulas.kind(r) for r in rows.to_dict("records")]
    half = np.array([rules.half_unit(str(p)) for p in rows["baseline_printed"]], float)
    moving = (rows["form"] == "level") & rows["path"].isin(["linear", "geometric"]) & (rows["baseline_used"] == "printed")
    columns = _identity(rows, lang, ("row", "indicator", "unit")) | {
        "form": [wording.text(f, lang) for f in rows["form"]], "path_word": [wording.text(p, lang) for p in rows["path"]],
        "in_s": rules.sign(rows["better"]).astype(int), "in_t0": rows["baseline_year"], "in_y0": rows["baseline_value"],
        "in_h": np.where(moving, half, np.nan), "in_T": rows["target_year"], "in_yT": rows["target_value"],
        "in_t": rows["last_period"].astype("Int64"), "in_y": rows["value"],
        "qualifier": [_precision(q, lang) for q in rows["qualifier"]],
        "in_tau": rows["time_share"].where(rows["value"].notna()), "required": rows["required"], "against_path": rows["against_path"],
        "progress": rows["progress"], "pace_ratio": rows["pace_ratio"], "gap": rows["gap"],
        "observed_pace": rows["observed_pace"], "required_pace": rows["required_pace"],
        "pace_kind": [wording.text(f"pace_{p}", lang) if paced else "" for p, paced in zip(
            rows["pace_unit"], rows[["observed_pace", "required_pace"]].notna().any(axis=1))],
        "assessment": _assessments(rows, lang), "reason": [wording.text(r, lang) if r else "" for r in rows["reason"]],
        "how": [wording.text(f"how_{k}", lang) for k in kinds]}
    columns = _filled(columns)
    live = formulas.cells(columns, [formulas.schedule(k) for k in kinds])
    return _sheet("schedule", columns, {}, lang, live, percent=("in_tau", "progress"))


@wording.localized
def completion(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> Sheet:
    """Return one row per target of `gaps.completion`: outcome, target and, as live formulas, completion rate, margin and

    the share of the planned change delivered.
    """
    rows = gaps.named_rows(result, targets)
    records = rows.to_dict("records")
    columns = _identity(rows, lang) | {
        "form": [wording.text(f, lang) for f in rows["form"]], "in_s": rules.sign(rows["better"]).astype(int),
        "in_n": rows["target_year"] - rows["baseline_year"], "in_y0": rows["baseline_value"],
        "baseline_unit": _baseline_units(rows, lang), "target_said": [wording.target(r, lang) for r in records],
        "in_yT": rows["target_value"], "outcome": rows["outcome"], "completion_rate": rows["completion_rate"] / 100,
        "margin": rows["margin"], "delivered": rows["delivered"],
        "verdict": [wording.text(v, lang) for v in rows["verdict"]], "reason": [wording.text(r, lang) if r else "" for r in rows["reason"]],
        "official_verdict": [wording.text(v, lang) if v else "" for v in rows["official_verdict"]],
        "official_rate": rows["official_rate"] / 100, "lines": rows["lines"]}
    columns = _filled(columns)
    live = formulas.cells(columns, [formulas.completion(r) for r in records])
    return _sheet("completion", columns, _year_labels(rows, lang), lang, live, percent=("completion_rate", "delivered", "official_rate"))


@wording.localized
def raw(vintages: pd.DataFrame, observations: pd.DataFrame, targets: pd.DataFrame, lang: str) -> Sheet:
    """Return every published value of the indicators in `targets` (any frame with indicator, names, units), in its order, with

    source and grade; 采用 marks the one in `observations`. From `load.vintages` and `load.observations`.
    """
    known = targets.drop_duplicates("indicator").reset_index(drop=True)
    order = {key: place for place, key in enumerate(known["indicator"])}
    rows = vintages[vintages["indicator"].isin(order)].merge(known[["indicator", "name_zh", "name_en"]], on="indicator")
    used = set(zip(observations["indicator"], observations["period"], observations["source"]))
    rows = rows.assign(place=rows["indicator"].map(order), used=[
        key in used for key in zip(rows["indicator"], rows["period"], rows["source"])])
    rows = rows.sort_values(["place", "period", "used"], ascending=[True, True, False], kind="stable")
    sources = load.sources()
    cited = [_source(cell, sources, lang) for cell in rows["source"]]
    columns = {
        "indicator": rows[f"name_{lang}"], "period": [int(p) if p.isdigit() else p for p in rows["period"]], "value": rows["value"],
        "qualifier": [_precision(q, lang) for q in rows["qualifier"]], "unit": _units(rows["unit_zh"], targets, lang),
        "basis_of_prices": [wording.text(p, lang) if p != "none" else "" for p in rows["price_basis"]],
        "status": [wording.text(s, lang) for s in rows["status"]], "data_grade": rows["grade"],
        "used": [wording.text("yes", lang) if u else "" for u in rows["used"]],
        "published_on": [p or wording.text("date_unknown", lang) for p in rows["published"]],
        "source_title": [c["title"] for c in cited], "source_url": [c["url"] for c in cited]}
    return _sheet("raw", _filled(columns | ({"note": rows["note"]} if lang == "zh" else {})), {}, lang)


@wording.localized
def definitions(targets: pd.DataFrame, declared: pd.DataFrame, lang: str) -> Sheet:
    """Return what each target means: its printed cells to the letter, how they are read and why, the breaks declared

    for it (`load.breaks`). The name of the plan where there are several."""
    records, names = targets.to_dict("records"), load.plans().set_index("plan")[f"name_{lang}"]
    columns = ({"plan": targets["plan"].map(names)} if targets["plan"].nunique() > 1 else {}) | _identity(targets, lang) | {
        "printed_name": targets["group_zh"].where(targets["group_zh"] == "", targets["group_zh"] + " / ") + targets["printed_name"],
        "printed_baseline": targets["baseline_printed"], "printed_target": targets["target_printed"],
        "printed_change": targets["change_printed"], "form": [wording.text(f, lang) for f in targets["form"]],
        "bound_word": [_bound(b, lang) for b in targets["bound"]],
        "path_word": [wording.text(p, lang) if p != "none" else "" for p in targets["path"]],
        "basis_of_prices": [wording.text(p, lang) if p != "none" else "" for p in targets["price_basis"]],
        "direction": [wording.text(b, lang) for b in targets["better"]],
        "breaks": [_break_texts(r, declared, lang) for r in records], "lines": wording.places(targets["lines"], targets, lang),
        "note": [_note(r, lang) for r in records]}
    return _sheet("definitions", _filled(columns), {}, lang)


@wording.localized
def breaks(declared: pd.DataFrame, lang: str) -> Sheet:
    """Return the declared breaks of series, from `load.breaks`: indicator by its name, year, what changed, comparable or not."""
    rows = declared.merge(load.indicators()[["indicator", "name_zh", "name_en"]], on="indicator", validate="m:1")
    regions = rows["region"].map(load.region_names(lang))
    return _sheet("breaks", ({"region": regions} if regions.nunique() > 1 else {}) | {
        "indicator": rows[f"name_{lang}"], "since": rows["since"], "break_kind": [wording.text(f"kind_{k}", lang) for k in rows["kind"]],
        "what": rows[f"what_{lang}"], "comparable_with": [wording.text("yes" if c else "no", lang) for c in rows["comparable"]]}, {}, lang)


@wording.localized
def table(name_key: str, shown: gt.GT | HTML, lang: str) -> Sheet:
    """Return a table of the page, from `table.table`, as the page shows it, its figures as numbers of the page's precision.

    Cells with more than a figure stay text; — is an empty cell. A sentence in place of a table is the sheet's one cell.
    """
    name = wording.text(name_key, lang)
    if not isinstance(shown, gt.GT):
        return Sheet(name, pd.DataFrame({name: [_text(shown.data)]}))
    labels = {"category": wording.text("category", lang)} | {c.var: str(c.column_label) for c in shown._boxhead if c.var != "category"}
    columns = {c: [_text(cell) for cell in shown._tbl_data[c]] for c in shown._tbl_data}
    shares = tuple(c for c, cells in columns.items() if any(cells) and all(_PERCENT.fullmatch(cell) for cell in cells if cell))
    numbers = {c: cells if c.startswith("row") else [_number(cell) for cell in cells] for c, cells in columns.items()}
    return Sheet(name, pd.DataFrame(numbers).rename(columns=labels), percent=tuple(labels[c] for c in shares))


@wording.localized
def plain(name_key: str, frame: pd.DataFrame, labels: dict[str, str] | None = None, lang: str = "") -> Sheet:
    """Return any other frame: the columns that `labels` or `words.csv` has words for (`column_year`, then `year`), codes as words.

    Of `unit_zh` and `unit_en`, `note` and `note_en` the reader's is kept. A code is looked up as `check_counts`, then
    `v_agrees` (the column's first letter), then `agrees`; several codes in a cell are listed.
    """
    other = next(code for code in wording.LANGUAGES if code != lang)
    stems = dict.fromkeys(re.sub("_(zh|en)$", "", c) for c in frame)
    own = {stem: next(c for c in (f"{stem}_{lang}", stem, f"{stem}_{other}") if c in frame) for stem in stems}
    named = {stem: (labels or {}).get(stem) or _first_text((f"column_{stem}", stem), "", lang) for stem in own}
    columns = {named[stem]: [_word(v, stem, lang) for v in frame[c]] for stem, c in own.items() if named[stem]}
    return Sheet(wording.text(name_key, lang), pd.DataFrame(columns, index=range(len(frame))))


def _sheet(key: str, columns: dict, labels: dict[str, str], lang: str, live: dict[str, list[str]] | None = None,
           percent: tuple[str, ...] = ()) -> Sheet:
    """A sheet from columns by key, each labelled in the reader's language."""
    named = {c: labels.get(c) or wording.text(c, lang) for c in columns}
    frame = pd.DataFrame({named[c]: pd.Series(list(cells), dtype=getattr(cells, "dtype", object)) for c, cells in columns.items()})
    keep = list(columns).index("indicator") + 1
    return Sheet(wording.text(f"sheet_{key}", lang), frame, {named[c]: each for c, each in (live or {}).items()},
                 wording.text(f"sheet_{key}_note", lang), tuple(named[c] for c in percent if c in named), keep)


def _filled(columns: dict) -> dict:
    """The columns without those of `_OPTIONAL` that are empty."""
    return {c: cells for c, cells in columns.items() if c not in _OPTIONAL or any(pd.notna(v) and v != "" for v in cells)}


def _identity(rows: pd.DataFrame, lang: str, keys: tuple[str, ...] = ("row", "category", "indicator", "attribute", "unit")) -> dict:
    """The columns that say which target a row is."""
    every = {"row": rows["row"], "category": rows[f"category_{lang}"] if f"category_{lang}" in rows else None,
             "indicator": rows[f"name_{lang}"],
             "attribute": [wording.text(a, lang) if a else "" for a in rows["attribute"]], "unit": rows[f"unit_{lang}"]}
    return {key: every[key] for key in keys}


def _year_labels(rows: pd.DataFrame, lang: str) -> dict[str, str]:
    return {"baseline_value": wording.text("baseline_value", lang, year=load.begins(rows).min()),
            "target_said": wording.text("target_said", lang, year=rows["target_year"].max())}


def _yearly(series: pd.DataFrame) -> dict[str, dict]:
    """Value and qualifier of each plan, row and year: the single year's figure, else the one observed."""
    seen = series[series["series"].isin(["observed", "yearly"])].sort_values("series", kind="stable")
    return seen.drop_duplicates(["plan", "row", "year"], keep="last").set_index(["plan", "row", "year"])[["value", "qualifier"]].to_dict()


def _inexact(yearly: dict[str, dict], plan: str, row: str, lang: str) -> str:
    """The figures of a row that are rounded or a lower bound, with their years."""
    return wording.text("list_comma", lang).join(
        wording.text("year", lang, year=y) + wording.text("colon", lang) + wording.qualified(yearly["value"][p, r, y], q)
        for (p, r, y), q in sorted(yearly["qualifier"].items()) if (p, r) == (plan, row) and q)


def _assessments(rows: pd.DataFrame, lang: str) -> list[str]:
    return [wording.text(v or s, lang) for v, s in zip(rows["verdict"], rows["status"])]


def _source(cell: str, sources: pd.DataFrame, lang: str) -> dict[str, str]:
    """Title, date, grade and address of the last source a cell names; empty where it names none."""
    if not cell:
        return dict.fromkeys(("title", "published", "grade", "url"), "")
    source = sources[sources["source"] == cell.split(";")[-1]].iloc[0].to_dict()
    return source | {"published": source["published"] or wording.text("date_unknown", lang)}


def _units(units: pd.Series, targets: pd.DataFrame, lang: str) -> list[str]:
    """Units in the reader's language, as far as the targets name them."""
    names = dict(zip(targets["unit_zh"], targets[f"unit_{lang}"]))
    return [names.get(unit, unit) for unit in units]


def _baseline_units(rows: pd.DataFrame, lang: str) -> list[str]:
    """The unit of the baseline where it is another than the target's."""
    units = _units(rows["baseline_unit_zh"], rows, lang)
    return [text if zh not in ("", own) else "" for text, zh, own in zip(units, rows["baseline_unit_zh"], rows["unit_zh"])]


def _precision(qualifier: str, lang: str) -> str:
    """How exact a figure is, in a word; nothing for an exact one."""
    return wording.text(qualifier, lang, x="").strip() if qualifier else ""


def _bound(bound: str, lang: str) -> str:
    """A bound in words, and whether it includes the figure."""
    if bound == "none":
        return ""
    return wording.text(bound, lang, x="…") + wording.text("bracket", lang, x=wording.text(f"b_{bound}", lang))


def _break_texts(row: dict, declared: pd.DataFrame, lang: str) -> str:
    """The declared breaks of a row's series."""
    mine = declared[(declared["region"] == row["region"]) & (declared["indicator"] == row["indicator"])]
    text = [wording.text("year", lang, year=y) + wording.text("colon", lang) + what for y, what in zip(mine["since"], mine[f"what_{lang}"])]
    return wording.text("comma", lang).join(text)


def _note(row: dict, lang: str) -> str:
    """The row's note, and since when a number assigned or adjusted later is in force."""
    version = wording.text("in_force_since", lang, since=row["version_since"]) if row.get("version_since") else ""
    note = row.get("note" if lang == "zh" else "note_en", "")
    return wording.text("comma", lang).join(part for part in (version, note) if part)


def _word(value: object, column: str, lang: str) -> object:
    """A code as its word; anything else as it is."""
    if isinstance(value, (bool, np.bool_)):
        return wording.text("yes" if value else "no", lang)
    if isinstance(value, (list, tuple)):
        return wording.text("list_comma", lang).join(str(_word(each, column, lang)) for each in value)
    keys = (f"{column}_{value}", f"{column[0]}_{value}", value) if isinstance(value, str) and value else ()
    return _first_text(keys, value, lang)


def _text(cell: object) -> str:
    """What a cell of a page says, without its markup."""
    bare = re.sub(r'<a class="flag".*?</a>', "", str(cell), flags=re.DOTALL)
    text = unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?<=\S)<(?!br)[^>]*>(?=\S)", "", bare)))
    return "" if text.strip() == "—" else " ".join(text.split())


def _number(text: str) -> object:
    """A figure as a number, a share of its per cent; any other text as it is."""
    if not _NUMBER.fullmatch(text):
        return text
    plain = text.replace("−", "-").replace(",", "").removesuffix("%")
    if text.endswith("%"):
        return float(plain) / 100
    return int(plain) if re.fullmatch(r"\d{1,4}", text) else float(plain)


def _first_text(keys: tuple[str, ...], otherwise: object, lang: str) -> object:
    """The words of the first key that has some and needs no values filled in."""
    for key in keys:
        try:
            return wording.text(key, lang)
        except KeyError:
            continue
    return otherwise
