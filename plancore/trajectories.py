"""The yearly path a target implies, and what was observed beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import evidence, rules

_SERIES = ["plan", "row", "indicator", "year", "series", "value", "qualifier", "status", "source"]


def required(targets: pd.DataFrame) -> pd.DataFrame:
    """The path from baseline to target, year by year: plan, row, indicator, year, required.

    `level`: linear or geometric between the printed values, the target itself where it is only to be held.
    `average_growth`: an index, baseline = 100. `cumulative_*`: the amount due by then, 0 in the baseline year.
    Rows without a path (assigned, yearly control, no baseline) give no rows. Source: the targets' printed cells.
    """
    rows = _by_year(targets)
    growth = rows["form"] == "average_growth"
    due = _due(rows)
    rows["required"] = np.select([growth, rows["form"] != "yearly_control"], [100 * np.exp(np.where(growth, due, 0)), _amount(rows, due)], np.nan)
    return rows.dropna(subset="required")[["plan", "row", "indicator", "year", "required"]].reset_index(drop=True)


def series(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """All that a chart of a target shows, in the target's unit, long: plan, row, indicator, year, series, value,

    qualifier, status, source. `series` is baseline, required, target, observed, and yearly for the single years
    behind an observed average or sum. `observed` of chained forms is the figure so far (average growth, total, cut),
    only as far as no year is missing; an official average over the years outranks it.
    """
    seen = evidence.yearly(targets, observations, as_of)
    chained = seen.merge(targets[["plan", "row", "form", "path", "baseline_year"]], on=["plan", "row"], validate="m:1")
    chained = chained[chained["form"].isin(rules.CHAINED)]
    levels = seen.merge(chained[["plan", "row", "year"]], how="left", indicator=True).query("_merge == 'left_only'")
    path = _by_year(targets)
    growth = path["form"] == "average_growth"
    path["value"] = np.where(growth | (path["form"] == "yearly_control"), path["target_value"], _amount(path, _due(path)))
    ends = path[path["year"] == path["target_year"]].assign(value=lambda d: d["target_value"], series="target")
    starts = path[(path["year"] == path["baseline_year"]) & (path["form"] == "level")]
    starts = starts.assign(value=starts["baseline_value"], series="baseline")
    official = evidence.gather(targets, observations, as_of).query("official_average")
    official = official.assign(year=official["last_period"], series="observed", status="official_preliminary")
    frames = [starts, path.assign(series="required"), ends, levels.assign(series="observed"), official,
              _so_far(chained), chained.assign(series="yearly")]
    long = pd.concat([f.reindex(columns=_SERIES) for f in frames], ignore_index=True).dropna(subset="value")
    long = long.drop_duplicates(["plan", "row", "year", "series"]).astype({"year": int})
    return long.fillna({"qualifier": "", "status": "", "source": ""})


def _by_year(targets: pd.DataFrame) -> pd.DataFrame:
    """Each target once per year from baseline to target year, with its time share."""
    years = [np.arange(a, b + 1) for a, b in zip(targets["baseline_year"], targets["target_year"])]
    rows = targets.assign(year=years).explode("year", ignore_index=True)
    rows["year"] = rows["year"].astype(int)
    return rows.assign(share=rules.time_share(rows["year"], rows["baseline_year"], rows["target_year"]))


def _due(rows: pd.DataFrame) -> np.ndarray:
    """Additive shares due by the year (see `rules.shares`)."""
    years = (rows["target_year"] - rows["baseline_year"]).where(rows["form"] == "average_growth", 1)
    due = rules.shares(rows["target_value"].to_numpy(float), rows["form"], rows["path"])
    return due * years.to_numpy(float) * rows["share"].to_numpy(float)


def _amount(rows: pd.DataFrame, due: np.ndarray) -> np.ndarray:
    """The level, sum or cut due by the year; nan for other forms."""
    level = rules.level_at(*(rows[c].to_numpy(float) for c in ("share", "baseline_value", "target_value")), rows["path"])
    totals = rows["form"].isin(rules.CHAINED) & (rows["form"] != "average_growth")
    return np.select([rows["form"] == "level", totals], [level, rules.unshare(due, rows["form"], rows["path"])], np.nan)


def _so_far(chained: pd.DataFrame) -> pd.DataFrame:
    """The average growth, total or cut up to each year, as long as the chain has no gap."""
    rows = chained.sort_values(["plan", "row", "year"])
    part = pd.Series(rules.shares(rows["value"].to_numpy(float), rows["form"], rows["path"]), index=rows.index)
    groups = [rows["plan"], rows["row"]]
    unbroken = part.groupby(groups).cumcount() + 1 == rows["year"] - rows["baseline_year"]
    span = (rows["year"] - rows["baseline_year"]).where(rows["form"] == "average_growth", 1)
    figure = rules.unshare((part.groupby(groups).cumsum() / span).to_numpy(float), rows["form"], rows["path"])
    return rows.assign(value=figure, series="observed")[unbroken]
