"""Work out the yearly path a target implies, what was observed beside it, and where the observed trend leads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import load, schema
from plancore.measures import evidence, rules
from plancore.schema import DataError

_SERIES = ["plan", "row", "indicator", "year", "series", "value", "qualifier", "status", "source", "basis"]
_OUTLOOK = ["plan", "row", "indicator", "year", "expected", "low", "high", "method", "chance"]
INTERVAL = 0.80
"""Probability of an outlook's interval."""


def required(targets: pd.DataFrame) -> pd.DataFrame:
    """Return the path from baseline to target, year by year: plan, row, indicator, year, required.

    `level`: linear or geometric between the printed values, the target itself where it is only to be held.
    `average_growth`: an index, baseline = 100. `cumulative_*`: the amount due by then, 0 in the baseline year.
    Rows without a path (assigned, yearly control, no baseline) give no rows. Source: the targets' printed cells.
    """
    rows = _by_year(targets)
    growth = rows["form"] == "average_growth"
    due = _due(rows)
    index = 100 * np.exp(np.where(growth, due, 0))
    rows["required"] = np.where(growth, index, _amount(rows, due))
    return rows.dropna(subset="required")[["plan", "row", "indicator", "year", "required"]].reset_index(drop=True)


def series(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return all that a chart of a target shows, in the target's unit, in long form.

    Columns: plan, row, indicator, year, series, value, qualifier, status, source, basis. `series` is baseline, required,
    target, observed, yearly for the single years behind an observed average or sum, and derived for values that are no
    evidence. `observed` of chained forms is the figure so far (average growth, total, cut), only as far as no year is
    missing and no break is crossed; an official average or total outranks it.
    """
    targets = targets.filter([*evidence.TARGET_COLUMNS, "source"])
    seen = evidence.Evidence(targets, observations, as_of)
    targets = seen.targets.assign(source=targets["source"].to_numpy() if "source" in targets else "")
    yearly = seen.yearly().merge(targets[["plan", "row", "form"]], on=["plan", "row"], validate="m:1")
    adds_up = yearly["form"].isin(rules.CHAINED)
    chained, levels = yearly[adds_up], yearly[~adds_up]
    path = _by_year(targets)
    growth = path["form"] == "average_growth"
    path["value"] = np.where(growth | (path["form"] == "yearly_control"), path["target_value"], _amount(path, _due(path)))
    ends = path[path["year"] == path["target_year"]].assign(value=lambda d: d["target_value"], series="target")
    starts = path[(path["year"] == path["baseline_year"]) & (path["form"] == "level")]
    starts = starts.assign(value=starts["baseline_value"], series="baseline")
    frames = [starts, path.assign(series="required"), ends, levels.assign(series="observed"),
              seen.so_far().assign(series="observed"), chained.assign(series="yearly"),
              seen.derived().assign(series="derived")]
    long = pd.concat([f.reindex(columns=_SERIES) for f in frames], ignore_index=True).dropna(subset="value")
    long = long.drop_duplicates(["plan", "row", "year", "series"]).astype({"year": int})
    return long.fillna({"qualifier": "", "status": "", "source": "", "basis": ""})


def history(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return the `series` of one indicator's targets in several plans, and what was observed before the first of them.

    Each as far as its plan or `as_of` reaches; what was before has an empty plan and is evidence for none. Plans that begin
    later give no rows.
    """
    begun = targets[load.begins(targets) < as_of]
    parts = [series(rows, observations, min(as_of, int(rows["target_year"].max()))) for _, rows in begun.groupby("plan")]
    return pd.concat([_before(begun, observations), *parts], ignore_index=True)


def fan(ahead: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Return an `outlook` in the shape of `series`, with low and high, from the last observed figure of each target on."""
    last = series[series["series"] == "observed"].sort_values("year").groupby(["plan", "row"], as_index=False).tail(1)
    last = last[last.set_index(["plan", "row"]).index.isin(ahead.set_index(["plan", "row"]).index)]
    ahead = ahead.rename(columns={"expected": "value"}, errors="raise")
    rows = pd.concat([last.assign(low=last["value"], high=last["value"]), ahead])
    return rows.reindex(columns=[*_SERIES, "low", "high"]).astype(
        {"year": int, "value": float, "low": float, "high": float}).assign(
        series="outlook", qualifier="", status="", source="", basis="")


def unused(target: pd.DataFrame, vintages: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return what was also published of an indicator's levels and not chosen for `observations`, in the shape of `series`.

    target: one row of form `level` (other forms add up years: no rows). vintages: of `load.vintages`.
    """
    row, = target.to_dict("records")
    mine = vintages[(vintages["indicator"] == row["indicator"]) & (vintages["period"].str.len() == 4)
                    & vintages["price_basis"].isin([row["price_basis"], "none"])]
    chosen, keys = (pd.MultiIndex.from_frame(frame[["indicator", "period", "source"]]) for frame in (observations, mine))
    rows = mine[~keys.isin(chosen)] if row["form"] == "level" else mine[:0]
    rows = rows.assign(value=evidence.in_units(rows["value"].to_numpy(float), row), plan=row["plan"], row=row["row"],
                       year=rows["period"].astype(int), series="vintage")
    return rows.reindex(columns=_SERIES).fillna({"basis": ""})


def indexed(series: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return `series` of levels and of average growth as an index, each plan's baseline = 100.

    Level: 100·y/y₀; average growth of g % a year over n years: 100·(1 + g/100)^n. Other forms have no level to set to 100.
    """
    rows = series.merge(targets[["plan", "row", "form", "baseline_year", "baseline_value"]], on=["plan", "row"], validate="m:1")
    rows = rows[rows["series"].isin(["baseline", "observed", "required", "target"])]
    level, growth = (rows["form"] == "level") & (rows["baseline_value"] > 0), rows["form"] == "average_growth"
    index = np.where(level, 100 * rows["value"] / rows["baseline_value"],
                     100 * (1 + rows["value"] / 100) ** (rows["year"] - rows["baseline_year"]))
    return rows.assign(value=index)[level | growth].reindex(columns=_SERIES).reset_index(drop=True)


def _before(targets: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """The yearly observations before the first plan's baseline year, on that plan's price basis."""
    first = targets.sort_values("baseline_year").iloc[0]
    mine = observations[(observations["indicator"] == first["indicator"]) & (observations["period"].str.len() == 4)
                        & (observations["status"] != "derived")
                        & observations["price_basis"].isin([first["price_basis"], "none"])]
    name = "yearly" if first["form"] in rules.CHAINED else "observed"
    mine = mine.assign(year=mine["period"].astype(int), value=evidence.in_units(mine["value"].to_numpy(float), first), plan="", row="", series=name)
    return mine[mine["year"] < first["baseline_year"]].reindex(columns=_SERIES).fillna({"basis": ""})


def _by_year(targets: pd.DataFrame) -> pd.DataFrame:
    """Each target once per year from baseline to target year, with its time share."""
    years = [np.arange(a, b + 1) for a, b in zip(targets["baseline_year"], targets["target_year"])]
    rows = targets.iloc[np.repeat(np.arange(len(targets)), [len(y) for y in years])].reset_index(drop=True)
    rows["year"] = np.concatenate([*years, np.array([], int)])
    return rows.assign(share=rules.time_share(rows["year"], rows["baseline_year"], rows["target_year"]))


def _due(rows: pd.DataFrame) -> np.ndarray:
    """Additive shares due by the year (see `rules.due`)."""
    years = (rows["target_year"] - rows["baseline_year"]).to_numpy(float)
    due = rules.due(rows["target_value"].to_numpy(float), rows["form"], rows["path"], years)
    return due * rows["share"].to_numpy(float)


def _amount(rows: pd.DataFrame, due: np.ndarray) -> np.ndarray:
    """The level, sum or cut due by the year; nan for other forms."""
    level = rules.level_at(*(rows[c].to_numpy(float) for c in ("share", "baseline_value", "target_value")), rows["path"])
    totals = rows["form"].isin(rules.CHAINED) & (rows["form"] != "average_growth")
    return np.select([rows["form"] == "level", totals], [level, rules.unshare(due, rows["form"], rows["path"])], np.nan)


def change(observations: pd.DataFrame, indicator: str, first: int, last: int) -> pd.Series:
    """Return what one series did between two years: first_value, last_value, change, a_year (in the unit), percent_a_year.

    Raises DataError for an unknown indicator, a year without a figure, or two years on different bases.
    """
    mine = observations[observations["indicator"] == indicator].set_index("period")
    if mine.empty:
        raise DataError(f"no observations of {indicator!r}; {schema.nearest(indicator, observations['indicator'].unique())}")
    for year in (first, last):
        if str(year) not in mine.index:
            raise DataError(f"{indicator} has no figure for {year}; allowed: {', '.join(sorted(mine.index))}")
    a, b = mine.loc[str(first)], mine.loc[str(last)]
    if a["basis"] != b["basis"] or last <= first:
        same = mine.index[mine["basis"] == b["basis"]]
        raise DataError(f"{indicator}: {first} and {last} cannot be differenced, the series breaks between them or the years "
                        f"are not in order; allowed with {last}: {', '.join(sorted(y for y in same if y < str(last))) or 'none'}")
    years = last - first
    return pd.Series({"first_value": a["value"], "last_value": b["value"], "change": b["value"] - a["value"],
                      "a_year": (b["value"] - a["value"]) / years,
                      "percent_a_year": float(rules.yearly_rate(a["value"], b["value"], years))})


def outlook(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, level: float = INTERVAL) -> pd.DataFrame:
    """Return where the observed trend leads until the target year: a trend that goes on, not a forecast.

    Columns: plan, row, indicator, year, expected, low, high (in the target's unit; for average growth the average since the
    baseline), method, chance. With three or more points on one basis a random walk with drift (`random_walk_drift`), on logs
    where the path is geometric and on additive shares where the form adds up years; low and high bound the t-interval of
    probability `level`, widening with the horizon; chance is the t-probability of meeting the target at T, the same in each
    row. With two points a straight line (`line`) without interval; with fewer, at or after T, and for `step`, `assigned`, control
    and relative targets no rows.
    """
    seen = evidence.Evidence(targets, observations, as_of)
    yearly, sums, rows = seen.yearly(), seen.figures(), seen.by_target()
    ahead = (rows["reason"] == "") & (rows["path"] != "step") & ~rows["form"].isin(rules.WATCHED)
    ahead &= rows["last_period"] < rows["target_year"]
    single, added = yearly.groupby(["plan", "row"]).indices, sums.groupby("at").indices
    parts = [_walk(row, _points(row, yearly.iloc[single.get((row["plan"], row["row"]), [])], sums.iloc[added.get(at, [])]), level)
             for at, row in zip(rows.index[ahead], rows[ahead].to_dict("records"))]
    parts = [part for part in parts if part is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_OUTLOOK)


def backtest(targets: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return what outlooks made with the figures of an earlier year say of later years that are known.

    One row per target, origin year and later observed year on the same basis: plan, row, indicator, origin, year,
    observed, expected, low, high, inside (of the interval; empty without one), and absolute errors `error`, `error_last`
    (naive: the last value stays) and `error_line` (naive: the straight line to the target), as shares of the planned
    change or, where nothing was to change, of the target. targets: of one plan or several.
    """
    own = targets[targets["same_as"] == ""]  # a goal that stands twice is tested once
    return pd.concat([_tested(rows, observations) for _, rows in own.groupby("plan")], ignore_index=True)


def _tested(targets: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """The cases of one plan."""
    first, last = int(load.begins(targets).max()), int(targets["target_year"].min())
    shown = series(targets, observations, last)
    known = shown[(shown["series"] == "observed") & ~shown["qualifier"].isin(list(rules.BOUNDED))]
    made = [outlook(targets, observations, origin).assign(origin=origin) for origin in range(first + 1, last)]
    made = [frame for frame in made if len(frame)] or made[:1]
    cases = pd.concat(made, ignore_index=True).merge(
        known[["plan", "row", "year", "value", "basis"]], on=["plan", "row", "year"], validate="m:1")
    start = known.rename(columns={"year": "origin", "value": "stays", "basis": "basis_then"})
    cases = cases.merge(start[["plan", "row", "origin", "stays", "basis_then"]], on=["plan", "row", "origin"], validate="m:1")
    cases = cases[(cases["basis"] == cases["basis_then"]) & (cases["year"] > cases["origin"])]
    line = shown.query("series == 'required'").rename(columns={"value": "line"})
    cases = cases.merge(line[["plan", "row", "year", "line"]], on=["plan", "row", "year"], how="left", validate="m:1")
    facts = targets[["plan", "row", "form", "baseline_value", "target_value"]]
    cases = cases.merge(facts, on=["plan", "row"], validate="m:1").rename(columns={"value": "observed"})
    change = (cases["target_value"] - cases["baseline_value"]).abs().where(cases["form"] == "level")
    scale = change.where(change > 0, cases["target_value"].abs())
    inside = cases["observed"].between(cases["low"].fillna(np.inf), cases["high"].fillna(-np.inf))
    return cases.assign(
        inside=inside.where(cases["low"].notna()), error=(cases["observed"] - cases["expected"]).abs() / scale,
        error_last=(cases["observed"] - cases["stays"]).abs() / scale,
        error_line=(cases["observed"] - cases["line"]).abs() / scale,
    )[["plan", "row", "indicator", "origin", "year", "observed", "expected", "low", "high", "inside", "error", "error_last",
       "error_line"]]


def _points(row: dict, seen: pd.DataFrame, sums: pd.DataFrame) -> list[tuple[int, float]]:
    """Years and values an outlook is drawn from, in additive or log units; only one basis, no bounds.

    seen, sums: what `Evidence.yearly` and `Evidence.figures` have of this row.
    """
    if row["form"] in rules.CHAINED:
        return _chain(row, sums)
    seen = seen.sort_values("year")
    points = [(year, value) for year, value, qualifier, basis in zip(*(seen[c] for c in ("year", "value", "qualifier", "basis")))
              if qualifier not in rules.BOUNDED and basis == row["basis"]]
    if row["baseline_used"] and not row["break_at_baseline"]:
        points.insert(0, (row["baseline_year"], row["baseline_value"]))
    if row["path"] != "geometric":
        return points
    return [(year, np.log(value)) for year, value in points] if all(value > 0 for _, value in points) else []


def _chain(row: dict, sums: pd.DataFrame) -> list[tuple[int, float]]:
    """Additive shares from the baseline to each year that the row's figure rests on.

    Nothing where a single year is missing or only a bound: an official figure fills no hole.
    """
    on = sums["until"].isna() if pd.isna(row["until"]) else sums["until"] == row["until"]
    mine = sums[on & sums["whole"] & sums["unbroken"]]
    if (mine["lower"] | mine["upper"]).any() or (not pd.isna(row["until"]) and pd.isna(row["chain_value"])):
        return []
    return [(row["baseline_year"], 0.0), *zip(mine["year"], mine["total"])]


def _walk(row: dict, points: list[tuple[int, float]], level: float) -> pd.DataFrame | None:
    """Random walk with drift through the points, or a line through two; None with fewer."""
    if len(points) < 2:
        return None
    from scipy.special import stdtr, stdtrit  # slow to import, and only outlooks need it; scipy.stats is three times as slow

    t, v = (np.array(column, float) for column in zip(*points))
    steps, changes = np.diff(t), np.diff(v)
    drift, free = (v[-1] - v[0]) / (t[-1] - t[0]), len(steps) - 1
    years = np.arange(t[-1] + 1, row["target_year"] + 1)
    ahead = years - t[-1]
    middle = v[-1] + drift * ahead
    spread, chance = np.full(len(years), np.nan), np.nan
    if free:
        variance = np.sum((changes - drift * steps) ** 2 / steps) / free
        error = np.sqrt(variance * (ahead + ahead ** 2 / (t[-1] - t[0])))
        spread = stdtrit(free, 0.5 + level / 2) * error
        chance = _chance(row, middle[-1], float(rules.clean(error[-1])), lambda x: stdtr(free, x))
    sign = -1 if row["form"] == "cumulative_rate" and row["path"] != "linear" else 1  # log shares of a cut fall
    low, high = (_figure(row, middle + sign * side * spread, years) for side in (-1, 1))
    return pd.DataFrame({
        "plan": row["plan"], "row": row["row"], "indicator": row["indicator"], "year": years.astype(int),
        "expected": _figure(row, middle, years), "low": low, "high": high,
        "method": "random_walk_drift" if free else "line", "chance": chance})


def _chance(row: dict, middle: float, error: float, cdf) -> float:
    """Probability that the trend's value at T meets the target; with 左右, rounds to it or is better."""
    slack = (row["tolerance"] if row["bound"] == "about" else 0) * (1 if row["better"] == "lower" else -1)
    goal = row["target_value"] + slack
    years = row["target_year"] - row["baseline_year"] if row["form"] == "average_growth" else 1
    if row["form"] in rules.CHAINED:
        goal = float(rules.shares(goal, row["form"], row["path"])) * years
    elif row["path"] == "geometric":
        goal = np.log(goal)
    falls = (row["better"] == "lower") != (row["form"] == "cumulative_rate" and row["path"] != "linear")
    if not error:  # no spread at all: the trend's own value decides, exactly
        certain = _figure(row, np.array([middle]), np.array([row["target_year"]]))[0]
        return float(rules.meets(certain, row["target_value"], row["bound"], row["better"], row["tolerance"]))
    return float(cdf((goal - middle) * (1 if falls else -1) / error))


def _figure(row: dict, value: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Additive or log units back to the target's unit."""
    if row["form"] in rules.CHAINED:
        span = years - row["baseline_year"] if row["form"] == "average_growth" else 1
        return rules.unshare(value / span, row["form"], row["path"])
    value = np.exp(value) if row["path"] == "geometric" else value
    return np.minimum(value, 100) if row["unit_zh"] == "%" and row["form"] == "level" else value  # a share ends at 100 %
