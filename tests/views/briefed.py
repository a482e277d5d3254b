"""A briefing made as the notebook makes it, with any target changed before, or with every indicator observed."""

from types import SimpleNamespace

import pandas as pd

from plancore import gaps, load, trajectories
from plancore.downloads import document
from plancore.measures import derived as derivation, rules
from plancore.views import annex, briefing, page


def made(plan: str = "zj14", as_of: int = 2025, edition: str = "internal", lang: str = "zh", observations: pd.DataFrame | None = None,
         **changes: dict) -> SimpleNamespace:
    """All frames of a briefing; `changes`: columns of the targets to change, each a dict from row to value."""
    in_force, printed = load.targets(plan, "today"), load.targets(plan)
    for frame in (in_force, printed):
        for column, values in changes.items():
            for row, value in values.items():
                frame.loc[frame["row"] == row, column] = value
    targets = briefing.released(in_force, printed, edition)
    if observations is None:
        observations = load.observations("zj", "today", briefing.WORST_GRADE[edition])
    result, series = gaps.measure(targets, observations, as_of), trajectories.series(targets, observations, as_of)
    derived = briefing.derived(derivation.derive(observations), result, targets, edition)
    used = page.cited(result, series, targets, derived)
    text = briefing.text(result, targets, load.plan(plan), used, edition, len(in_force) - len(targets), lang=lang)
    table = annex.rows(result, targets, series, derived, edition, lang)
    labels = annex.labels(table, targets, lang)
    return SimpleNamespace(targets=targets, result=result, series=series, derived=derived, used=used, text=text,
                           table=table, labels=labels, edition=edition, lang=lang, docx=document.write(text, table, labels, lang))


def everything(plan: str, as_of: int) -> pd.DataFrame:
    """An observation of each indicator in each year until `as_of`, a little behind its path, so that every row can be assessed."""
    rows = []
    for target in load.targets(plan, "today").query("target_value.notna()").to_dict("records"):
        years = target["target_year"] - target["baseline_year"]
        for year in range(target["baseline_year"] + 1, as_of + 1):
            done = 0.9 * (year - target["baseline_year"]) / years
            level = target["baseline_value"] + done * (target["target_value"] - target["baseline_value"])
            flow = target["target_value"] * (0.98 if target["form"] in ("average_growth", "yearly_control") else 0.9 / years)
            value = level if target["form"] == "level" else flow
            rows.append((target["indicator"], str(year), round(value, 4), target["unit_zh"], target["price_basis"]))
    frame = pd.DataFrame(rows, columns=["indicator", "period", "value", "unit_zh", "price_basis"]).drop_duplicates(["indicator", "period"])
    return frame.assign(region="zj", qualifier="", status="official_final", source="zj-gov-report-2022", basis="", grade="B", note="")


def code(row: dict) -> str:
    """The final verdict, else the official word; empty where a row cannot be assessed. By the contract, not by the module."""
    return row["verdict"] or rules.OFFICIAL_WORD.get(row["status"], "")
