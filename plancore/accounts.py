"""What stands beside the figures: annual targets and whether they were met; why rows are behind and what is done, as reported."""

from __future__ import annotations

import great_tables as gt
import numpy as np
import pandas as pd
from IPython.display import HTML

from plancore import editions, evidence, layout, rules, wording


def yearly(annual: pd.DataFrame, targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Each annual target up to `as_of` with the figure of its year: the columns of `load.annual_targets`, names, figure,

    qualifier, figure_source, met (`annual_yes`, `annual_no`, `annual_none` without a figure, `annual_unknown` where a lower
    bound tells nothing). A figure on another price basis than the target's is none. Withheld rows are left out.
    """
    own = ["plan", "row", "better", "name_zh", "name_en", "unit_en", "form"]
    rows = editions.unwithheld(annual[annual["year"] <= as_of], targets).merge(targets[own], on=["plan", "row"], validate="m:1")
    seen = evidence.Seen(targets, observations, as_of).yearly()
    seen = seen.rename(columns={"value": "figure", "source": "figure_source"}, errors="raise")
    keys = ["plan", "row", "year"]
    rows = rows.merge(seen[[*keys, "figure", "qualifier", "figure_source"]], on=keys, how="left", validate="1:1")
    rows = rows.astype({"qualifier": object, "figure_source": object}).fillna({"qualifier": "", "figure_source": ""})
    lower = rows["qualifier"] == "more_than"
    figure = rows["figure"].to_numpy(float) + np.where(lower, 1e-9, 0)
    met = rules.meets(figure, rows["value"].to_numpy(float), rows["bound"], rows["better"], rows["tolerance"].to_numpy(float))
    unknown = lower & (~met | (rows["better"] == "lower"))
    said = np.select([rows["figure"].isna(), unknown, met], ["annual_none", "annual_unknown", "annual_yes"], "annual_no")
    return rows.assign(met=said).sort_values(["row", "year"], kind="stable", ignore_index=True)


def annual(rows: pd.DataFrame, target: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """The annual targets of one indicator, from `yearly`: year, five-year target, annual target, figure, met, source."""
    if rows.empty:
        return layout.nothing("annual_none", lang)
    whole, = target.to_dict("records")
    records = rows.to_dict("records")
    units = rows["unit_zh" if lang == "zh" else "unit_en"]
    frame = pd.DataFrame({
        "period": rows["year"].astype(str),
        "annual_target": [wording.bounded(r["value"], r["bound"], lang, u) for r, u in zip(records, units)],
        "annual_figure": [_sourced(r, u, lang) for r, u in zip(records, units)],
        "annual_met": [wording.text(m, lang) for m in rows["met"]],
        "target_value": wording.target(whole, lang, whole[f"unit_{lang}"]),
        "source": [f'<a href="#src-{s}">{wording.text("source", lang)}</a>' for s in rows["source"]]})
    return layout.table(frame, lang, {}, raw=["source", "annual_figure"], right=["annual_target", "annual_figure"])


def behind(explanations: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The latest explanation, given by the end of `as_of`, of each row that `gaps.measure` finds behind; with its code.

    Withheld rows are left out.
    """
    known = explanations[explanations["as_of"] <= as_of].sort_values(["as_of", "date"], kind="stable")
    code = result["verdict"].where(result["verdict"] != "", result["status"])
    rows = editions.unwithheld(result[["plan", "row"]].assign(code=code), targets)
    rows = rows[rows["code"].isin(rules.BEHIND)]
    known = known.rename(columns={"as_of": "said_of"}).drop_duplicates(["plan", "row"], keep="last")
    return rows.merge(known, on=["plan", "row"], validate="1:1")


def explained(rows: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Rows that are behind with the reason and the next steps that were reported, from `behind`."""
    if rows.empty:
        return layout.nothing("explanations_none", lang)
    rows = layout.named_rows(rows, targets)
    frame = layout.identity(rows, lang).drop(columns=["category", "unit"]).assign(
        assessment=[layout.chip(code, lang) for code in rows["code"]], why_behind=rows["reason"], next_steps=rows["measure"],
        reported_as_of=rows["said_of"].astype(str), reported_on=rows["date"])
    return layout.table(frame, lang, {}, raw=["row", "assessment"], right=[])


def _sourced(row: dict, unit: str, lang: str) -> str:
    """A figure with its unit, linked to its source; a word where there is none."""
    if pd.isna(row["figure"]):
        return "—"
    said = wording.quantity(wording.qualified(row["figure"], row["qualifier"]), unit, lang)
    return f'<a href="#src-{row["figure_source"].split(";")[0]}">{said}</a>'
