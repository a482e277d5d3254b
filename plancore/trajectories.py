"""The yearly path a target implies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import rules


def required(targets: pd.DataFrame) -> pd.DataFrame:
    """The path from baseline to target, year by year: plan, row, indicator, year, required.

    `level`: linear or geometric between the printed values, the target itself where it is only to be held.
    `average_growth`: an index, baseline = 100. `cumulative_*`: the amount due by then, 0 in the baseline year.
    Rows without a path (assigned, yearly control, no baseline) give no rows. Source: the targets' printed cells.
    """
    years = [np.arange(a, b + 1) for a, b in zip(targets["baseline_year"], targets["target_year"])]
    rows = targets.assign(year=years).explode("year", ignore_index=True)
    rows["year"] = rows["year"].astype(int)
    share = rules.time_share(rows["year"], rows["baseline_year"], rows["target_year"]).to_numpy(float)
    y0, yT = rows["baseline_value"].to_numpy(float), rows["target_value"].to_numpy(float)
    form, path = rows["form"], rows["path"]
    due = rules.shares(yT, form, path) * np.where(form == "average_growth", rows["target_year"] - rows["baseline_year"], 1)
    growth = 100 * np.exp(due * share)
    rows["required"] = np.select(
        [form == "level", form == "average_growth", form.isin(rules.CHAINED)],
        [rules.level_at(share, y0, yT, path), growth, rules.unshare(due * share, form, path)], np.nan)
    return rows.dropna(subset="required")[["plan", "row", "indicator", "year", "required"]].reset_index(drop=True)
