"""The same indicators in the plans of several regions: latest figure, rank, target, pace still needed, how it stands."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import layout, links, rules, wording

_ALIKE = ["indicator", "form", "unit_en", "price_basis"]
"""What figures have to share to be ranked among each other; sums and cuts their years too."""


def table(targets: pd.DataFrame, plans: pd.DataFrame, lang: str, *results: pd.DataFrame) -> gt.GT | HTML:
    """Each indicator in the order of `targets`, its regions by rank; the name of a plan leads to its region's profile.

    `results`: of `gaps.measure`, together a row for each of the targets. A sentence where only one region has them.
    """
    if targets["region"].nunique() < 2:
        return layout.nothing("one_region", lang)
    rows = layout.named_rows(pd.concat([r for r in results if len(r)]), targets).merge(
        plans[["plan", "name_zh", "name_en"]], on="plan", suffixes=("", "_plan"), validate="m:1")
    records = ranked(rows).to_dict("records")
    frame = pd.DataFrame({
        "indicator": [r[f"name_{lang}"] for r in records], "rank": [_rank(r, lang) for r in records],
        "plan": [links.page(escape(r[f"name_{lang}_plan"]), "indicator_profile", indicator=r["indicator"], as_of=r["as_of"],
                            region=r["region"]) for r in records],
        "value": [_figure(r, lang) for r in records],
        "data_year": ["" if pd.isna(r["last_period"]) else str(int(r["last_period"])) for r in records],
        "target_value": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "required_pace": [wording.pace(r["required_pace"] if r["gap"] > 0 else None, r["pace_unit"], lang) for r in records],
        "assessment": [layout.standing(r, lang) for r in records]})
    frame = frame.drop(columns=[] if frame["indicator"].nunique() > 1 else "indicator")
    return layout.table(frame, lang, {}, raw=["assessment"], right=["rank", "value", "required_pace"])


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `layout.named_rows` with their rank and, where they have none, why not; by indicator, the best first.

    rank: 1 for the best latest figure of those alike, the same for equal ones; nan without a figure, for a lower bound, and
    for a figure that has none alike beside it. unranked: empty, the row's reason, `lower_bound_only` or `rank_alone`.
    """
    point = rows["value"].where(rows["qualifier"] != "more_than")
    summed = rows["form"].str.startswith("cumulative_")
    alike = [*(rows[c] for c in _ALIKE), *(rows[c].where(summed, 0) for c in ("baseline_year", "last_period"))]
    groups = rules.clean(-rules.sign(rows["better"]) * point).groupby(alike)
    several = groups.transform("count") > 1
    figure = rows["value"].notna()
    unranked = rows["reason"].mask(figure, "rank_alone").mask(figure & point.isna(), "lower_bound_only").mask(several & point.notna(), "")
    made = rows.assign(rank=groups.rank(method="min").where(several), unranked=unranked, order=pd.factorize(rows["indicator"])[0])
    return made.sort_values(["order", "rank"], kind="stable").drop(columns="order")


def _rank(row: dict, lang: str) -> str:
    why = wording.text("bracket", lang, x=wording.text(row["unranked"], lang)) if row["unranked"] else ""
    return wording.number(row["rank"]) + why


def _figure(row: dict, lang: str) -> str | links.Html:
    """The latest figure with its unit, linked to its source; — where there is none."""
    if pd.isna(row["value"]):
        return "—"
    return links.Html(f'<a href="#src-{row["source"].split(";")[-1]}">{escape(layout.figure(row, lang))}</a>')
