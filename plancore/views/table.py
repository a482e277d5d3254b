"""How a frame becomes a presentation table: rows named, words and shapes for codes, everything else escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import load, markup, wording

_OFFICIAL = {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}
"""The status whose colour an official word has."""
_URGENCY = ("missed", "breached", "reversing", "behind", "behind_slight", "nearly_met", "not_assessable", "no_figure", "on_track",
            "compliant", "met", "at_target", "ahead", "achieved_early", "exceeded")
"""What to look at first: far from the target, then unknown, then as planned, then better."""


def identity(rows: pd.DataFrame, lang: str, anchor: str = "") -> pd.DataFrame:
    """The columns that say which target a row is: category, row (linked to its origin), indicator (linked to its

    profile), attribute, unit. `anchor` makes the row a place to link to, `#<anchor>-7b`; one table of a page per anchor.
    """
    records = rows.to_dict("records")
    place = f' id="{anchor}-{{0}}"' if anchor else ""
    return pd.DataFrame({
        "category": rows[f"category_{lang}"],
        "row": _markup(rows, [
            f'<a{place.format(r["row"])} href="#origin-{r["row"]}" data-key="{r["indicator"]}">{r["row"]}</a>' for r in records]),
        "indicator": _markup(rows, [markup.page(
            escape(r[f"name_{lang}"]), "indicator_profile", indicator=r["indicator"], as_of=r.get("as_of", r["target_year"]),
            region=r["region"]) for r in records]),
        "attribute": rows["attribute"].map(lambda a: wording.text(a, lang)), "unit": rows[f"unit_{lang}"]})


def by_urgency(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `gaps.measure`: the furthest behind first, then as planned, better, and last what cannot be told."""
    code = rows["verdict"].where(rows["verdict"] != "", rows["status"])
    order = code.map(_URGENCY.index).mask(code == "not_assessable", len(_URGENCY))
    return rows.assign(order=order).sort_values(["order", "pace_ratio"], kind="stable").drop(columns="order")


def chip(code: str, lang: str, word: str = "") -> str:
    """A status or verdict as its shape and word in its colour; `word` names the key of its words where it is another."""
    rank = f' data-sort="{_URGENCY.index(code)}"' if code in _URGENCY else ""
    return f'<span class="chip s-{code}"{rank}>{wording.MARKS[code]} {wording.text(word or code, lang)}</span>'


def standing(row: dict, lang: str) -> str:
    """How a row stands, as a chip, with the year of its figure where that is old."""
    return chip(row["verdict"] or row["status"], lang) + (wording.aged(row, lang) if row["status"] != "final" else "")


def figure(row: dict, lang: str) -> str:
    """A row's latest figure with its unit."""
    return wording.quantity(wording.qualified(row["value"], row["qualifier"]), row[f"unit_{lang}"], lang)


def tile(figure: object, word: str, below: str = "", code: str = "") -> str:
    """A figure with what it counts, and what to know of it below, in the colour of a code; all text is escaped."""
    kind = f" s-{code}" if code else ""
    small = f"<small>{escape(below)}</small>" if below else ""
    return f'<li class="tile{kind}"><b>{escape(str(figure))}</b><span>{escape(word)}</span>{small}</li>'


def tiles(made: list[str], heading: str = "") -> str:
    """Tiles side by side, under a heading where one is given."""
    titled = f'<p class="tiles-title">{escape(heading)}</p>' if heading else ""
    return f'{titled}<ul class="tiles">{"".join(made)}</ul>'


def status_tile(code: str, count: int, word: str, below: str = "") -> str:
    """A `tile` that counts what has a status, verdict or official word, in its shape and colour."""
    return tile(count, f"{wording.MARKS[code]} {word}", below, _OFFICIAL.get(code, code))


def status_tiles(heading: str, groups: list[tuple[str, pd.DataFrame]], lang: str, prefix: str = "") -> str:
    """A `status_tile` for the rows of each code, with how many are obligatory; `prefix` of the codes' keys in the glossary."""
    return tiles([status_tile(code, len(rows), wording.text(prefix + code, lang), wording.text(
        "of_which_binding", lang, n=int((rows["attribute"] == "binding").sum())))
        for code, rows in groups], wording.text(heading, lang))


def baseline(row: dict, lang: str) -> str:
    """The baseline, with its unit where that is not the target's, and its year where that is not the plan's; or empty."""
    if pd.isna(row["baseline_value"]):
        return ""
    other = row["baseline_unit_zh"] not in ("", row["unit_zh"]) and lang == "zh"
    own = row.get("plan_baseline_year", row["baseline_year"]) != row["baseline_year"]
    year = wording.text("bracket", lang, x=wording.text("year", lang, year=row["baseline_year"])) if own else ""
    return wording.number(row["baseline_value"]) + (row["baseline_unit_zh"] if other else "") + year


def last_source(cell: str, sources: pd.DataFrame) -> dict:
    """The row of `load.sources` of the last source that a cell names."""
    return sources[sources["source"] == cell.split(";")[-1]].iloc[0].to_dict()


def flag(row: dict, lang: str, what: str = "") -> str:
    """A small mark to report an error in a row, or in one figure of it."""
    about = f"{row['plan']} {row['row']} {row[f'name_{lang}']}" + (f": {what}" if what else "")
    return markup.flag(about, wording.text("report_error", lang), "⚑")


def nothing(key: str, lang: str) -> HTML:
    """A sentence in place of a table that would have no row."""
    return HTML(f'<p class="lead">{wording.text(key, lang)}</p>')


def years(rows: pd.DataFrame, lang: str) -> dict[str, str]:
    """Labels of the columns baseline and target with their years."""
    return {"baseline": wording.text("baseline", lang, year=load.begins(rows).min()),
            "target": wording.text("target", lang, year=rows["target_year"].max())}


def table(frame: pd.DataFrame, lang: str, labels: dict[str, str] | None = None, raw: Sequence[str] = (),
          right: Sequence[str] = ()) -> gt.GT:
    """The frame as a presentation table; its columns are named by `labels` or by the words of their key.

    raw: columns that hold HTML made here, as those with `markup.Html` do; all others are escaped. right: columns of figures.
    """
    labels = labels or {}
    group = {"groupname_col": "category"} if "category" in frame and len(frame) > 12 else {}
    frame = frame if group else frame.drop(columns="category", errors="ignore")
    named = {c: labels.get(c) or wording.text(c, lang) for c in frame if c != "category"}
    ready = [c for c in frame if c in raw or any(isinstance(cell, markup.Html) for cell in frame[c])]
    # in one block: great_tables takes and sets its cells one by one
    cells = pd.DataFrame(frame.to_numpy(object), columns=frame.columns)
    table = gt.GT(cells, **group).cols_label(**named).cols_align("right", columns=[c for c in right if c in frame])
    return table.fmt(fns=str, columns=ready).tab_options(table_font_size="14px", table_width="100%", data_row_padding="5px")


def _markup(rows: pd.DataFrame, cells: list[str]) -> pd.Series:
    """Cells that are HTML already, kept as such."""
    return pd.Series([markup.Html(cell) for cell in cells], index=rows.index, dtype=object)


def html(table: gt.GT) -> str:
    """A presentation table as light HTML: its cells say their column as a class, `c-target`; style comes from the page.

    great_tables gives each table 8 KB of style of its own and ids that repeat from table to table.
    """
    raw = re.sub(r"<style>.*?</style>|<div[^>]*>|</div>| (?:rowspan|colspan)=\"1\"| data-quarto-[a-z-]*=\"[^\"]*\"", "",
                 table.as_raw_html(), flags=re.DOTALL)
    raw = re.sub(r'class="([^"]*)"( rowspan="\d+"| colspan="\d+")* scope="col" id="([^"]*)"', r'class="\1 c-\3" scope="col"', raw)
    raw = re.sub(r'<td headers="(?:[^"]* )?([^" ]*)" class="([^"]*)"', r'<td class="\2 c-\1"', raw)
    raw = re.sub(r' scope="colgroup" id="[^"]*"', ' scope="colgroup"', raw)
    body = re.sub(r">\s*\n\s*<", "><", raw.strip())
    return f'<div class="scroll" tabindex="0">{body}</div>'
