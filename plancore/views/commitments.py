"""The quantified commitments of a plan's text and boxes in sentences and tables."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import wording
from plancore.charts.plan import KINDS, kind_word
from plancore.views import page, table

CHECKS = ("commitments_against_text", "part_of_whole", "sums", "inflow_beside_stock", "long_term_path")
"""The checks of `audit.plan` that read commitments."""


def narrowed(commitments: pd.DataFrame, chapter: str = "all", kind: str = "all", target_year: object = "all") -> pd.DataFrame:
    """The commitments of one chapter, kind and target year; `all` of any."""
    for column, value in (("chapter", chapter), ("kind", kind), ("target_year", target_year)):
        commitments = commitments if value == "all" else commitments[commitments[column] == value]
    return commitments


def checked(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings of `audit.plan` about commitments, without the parts and wholes of the table's own columns."""
    return findings[findings["check"].isin(CHECKS) & ((findings["check"] != "part_of_whole") | (findings["column"] == ""))]


@wording.localized
def headline(commitments: pd.DataFrame, findings: pd.DataFrame, plan: pd.Series, lang: str) -> HTML:
    """How many commitments there are, by year and kind, and which sums do not check; `findings` of `audit.plan`."""
    name = plan[f"name_{lang}"]
    if commitments.empty:
        return HTML(f'<p class="answer">{escape(wording.text("register_empty", lang, plan=name))}</p>')
    counts = commitments["target_year"].value_counts().sort_index()
    years = [wording.text("register_year", lang, year=y, n=n) for y, n in counts.items()]
    text = wording.text("register_says", lang, plan=name, n=len(commitments), years=wording.text("list_comma", lang).join(years))
    sums, mine = findings[findings["check"] == "sums"], checked(findings)
    text += wording.text("register_sums", lang, n=len(sums), agrees=int((sums["verdict"] == "agrees").sum())) if len(sums) else ""
    off = mine[mine["verdict"] == "differs"]
    named = wording.names(_names(off, commitments, None, lang), lang)
    text += wording.text("register_open", lang, names=named) if len(off) else ""
    tiles = [table.tile(len(own), kind_word(kind, lang), wording.text("register_boxed", lang, n=int((own["box"] != "").sum())))
            for kind in KINDS if len(own := commitments[commitments["kind"] == kind])]
    return HTML(f'<p class="answer">{escape(text.strip())}</p>{table.tiles(tiles, wording.text("register_kinds", lang))}')


def rows(commitments: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Each commitment in words, in the outline's order: chapter, box, subject, promised_measure, promised, target_year,

    commitment_kind, lines.
    """
    records = commitments.to_dict("records")
    return pd.DataFrame({
        "chapter": commitments["chapter"], "box": commitments["box"], "subject": commitments[f"subject_{lang}"],
        "promised_measure": commitments[f"measure_{lang}"], "promised": [promised(r, lang) for r in records],
        "target_year": commitments["target_year"].astype(str),
        "commitment_kind": [kind_word(k, lang) for k in commitments["kind"]],
        "lines": commitments["lines"].map(_lines)}).reset_index(drop=True)


@page.part("register")
def register(commitments: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """The whole register; a page lets its reader choose by chapter, kind and year (`assets/alive.js`)."""
    if commitments.empty:
        return table.nothing("register_none", lang)
    shown = table.table(rows(commitments, lang), lang, right=["promised"])
    return shown.cols_align("center", columns=["box", "target_year"])


@wording.localized
def figures_of(commitments: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The register for a sheet: its words, and value, value_high and unit apart."""
    numbers = commitments[["value", "value_high", f"unit_{lang}"]].set_axis(["value", "value_high", "unit"], axis=1)
    return rows(commitments, lang).join(numbers.reset_index(drop=True))


@page.part("register_chapters")
def chapters(commitments: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """How many commitments of each kind each chapter has."""
    if commitments.empty:
        return table.nothing("register_none", lang)
    counted = pd.crosstab(commitments["chapter"], commitments["kind"]).reindex(list(dict.fromkeys(commitments["chapter"])))
    kinds = [k for k in KINDS if k in counted]
    frame = counted[kinds].assign(total=counted.sum(axis=1)).rename_axis(columns=None).reset_index()
    return table.table(frame, lang, {k: kind_word(k, lang) for k in kinds}, right=[*kinds, "total"])


@page.part("register_goals")
def goals(targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """The goals of the text that stand beside the table: rows of kind `text` of `load.targets`."""
    own = targets[targets["kind"] == "text"]
    if own.empty:
        return table.nothing("no_rows", lang)
    records = own.to_dict("records")
    return table.table(pd.DataFrame({
        "row": own["row"], "indicator": own[f"name_{lang}"],
        "promised": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "cell": own["target_printed"].where(own["target_printed"] != "", own["change_printed"]),
        "target_year": own["target_year"].astype(str), "same_as": own["same_as"], "lines": own["lines"].map(_lines)}),
        lang, right=["promised"])


@page.part("register_checks")
def checks(findings: pd.DataFrame, commitments: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """What `audit.plan` found of commitments: each with the figures compared, verdict and why."""
    mine = checked(findings)
    if mine.empty:
        return table.nothing("no_findings", lang)
    return table.table(pd.DataFrame({
        "check": [wording.text("check_" + c, lang) for c in mine["check"]], "subject": _names(mine, commitments, targets, lang),
        "printed": mine["printed"].map(wording.number), "computed": mine["computed"].map(wording.number),
        "unit": _units(mine, commitments, targets, lang),
        "verdict": [table.chip(v, lang, "v_" + v) for v in mine["verdict"]],
        "why": [wording.text("why_" + w, lang) for w in mine["why"]],
        "lines": mine["lines"].map(_lines)}), lang, raw=["verdict"], right=["printed", "computed"])


def promised(row: dict, lang: str) -> str:
    """A commitment's figure with its bound and unit: 85,000亿元以上, 前3位, 1–2家."""
    unit = row[f"unit_{lang}"]
    if row["kind"] == "rank" and row["bound"] in ("equal", "at_most"):
        return wording.text("rank_" + row["bound"], lang, x=wording.number(row["value"]))
    if pd.isna(row["value_high"]):
        return wording.bounded(row["value"], row["bound"], lang, unit)
    span = f"{wording.number(row['value'])}–{wording.number(row['value_high'])}"
    return wording.text(row["bound"], lang, x=wording.quantity(span, unit, lang) if unit else span)


def _names(findings: pd.DataFrame, commitments: pd.DataFrame, targets: pd.DataFrame | None, lang: str) -> list[str]:
    """What each finding is about: a commitment by its subject and measure, a target by its name."""
    colon, records = wording.text("colon", lang), commitments.to_dict("records")
    named = {} if targets is None else dict(zip(targets["row"], targets[f"name_{lang}"]))
    named |= {r["id"]: r[f"subject_{lang}"] + colon + r[f"measure_{lang}"] for r in records}
    return [named.get(cell) or named.get(row, row) for row, cell in zip(findings["row"], findings["cell"])]


def _units(findings: pd.DataFrame, commitments: pd.DataFrame, targets: pd.DataFrame, lang: str) -> list[str]:
    """The unit of each finding in the reader's language."""
    known = {}
    for frame in (targets, commitments):
        known |= dict(zip(frame["unit_zh"], frame[f"unit_{lang}"]))
    return [known.get(unit, unit) for unit in findings["unit_zh"]]


def _lines(cell: str) -> str:
    """1144-1144 → 1144; 511-511;513 stays apart."""
    return ";".join("–".join(dict.fromkeys(part.split("-"))) for part in cell.split(";"))
