"""How a frame becomes a presentation table: rows named, words and shapes for codes, everything else escaped."""

from __future__ import annotations

import great_tables as gt
import pandas as pd

from plancore import wording


def named_rows(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The results joined with what their targets say, in plan order."""
    known = [c for c in result if c in targets and c not in ("plan", "row")]
    return targets.drop(columns=[*known, "source", "lines"], errors="ignore").merge(result, on=["plan", "row"], validate="1:1")


def identity(rows: pd.DataFrame, lang: str, anchor: str = "") -> pd.DataFrame:
    """The columns that say which target a row is: category, row (linked to its origin), indicator, attribute, unit.

    `anchor` makes the row a place to link to, `#<anchor>-7b`; one table of a page per anchor.
    """
    place = f' id="{anchor}-{{0}}"' if anchor else ""
    return pd.DataFrame({
        "category": rows[f"category_{lang}"],
        "row": [f'<a{place.format(r)} href="#origin-{r}">{r}</a>' for r in rows["row"]],
        "indicator": rows[f"name_{lang}"], "attribute": rows["attribute"].map(lambda a: wording.text(a, lang)),
        "unit": rows[f"unit_{lang}"]})


def chip(code: str, lang: str, word: str = "") -> str:
    """A status or verdict as its shape and word in its colour; `word` names the glossary's key where it is another."""
    return f'<span class="chip s-{code}">{wording.MARKS[code]} {wording.text(word or code, lang)}</span>'


def years(rows: pd.DataFrame, lang: str) -> dict[str, str]:
    """Labels of the columns baseline and target with their years."""
    return {"baseline": wording.text("baseline", lang, year=rows["baseline_year"].min()),
            "target": wording.text("target", lang, year=rows["target_year"].max())}


def table(frame: pd.DataFrame, lang: str, labels: dict[str, str], raw: list[str], right: list[str]) -> gt.GT:
    """The frame as a presentation table; `raw` columns hold HTML made here, all others are escaped."""
    group = {"groupname_col": "category"} if "category" in frame and len(frame) > 12 else {}
    frame = frame if group else frame.drop(columns="category", errors="ignore")
    named = {c: labels.get(c) or wording.text(c, lang) for c in frame if c != "category"}
    table = gt.GT(frame, **group).cols_label(**named).cols_align("right", columns=[c for c in right if c in frame])
    return table.fmt(fns=str, columns=raw).tab_options(table_font_size="14px", table_width="100%", data_row_padding="5px")
