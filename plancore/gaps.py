"""Compare what was observed with what was planned: where a plan stands, how it ended, what pace is still needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import load, wording
from plancore.measures import evidence, international, rules
from plancore.schema import DataError

_MEASURED = ["plan", "row", "indicator", "attribute", "as_of", "last_period", "age", "stale", "value", "qualifier",
             "baseline_value", "baseline_used", "break_at_baseline", "target_value", "bound", "progress", "time_share",
             "pace_ratio", "observed_pace", "required_pace", "acceleration", "pace_unit", "gap", "gap_percent", "gap_years",
             "required", "against_path", "status", "verdict", "official_word", "trend", "reason", "formula", "chain_value", "source"]
_JUST_ABOVE = 1e-9
"""What a published lower bound ("more than 80") adds to its figure, so that strict bounds see it."""


def completion(targets: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return how a plan ended, one row per target: completion rate, verdict and margin.

    Columns: plan, row, indicator, attribute, target_value, outcome, completion_rate (%), verdict, margin (unit of the
    target, positive is better), delivered (share of the planned change), reason, formula, official_verdict,
    official_rate, source, lines. completion_rate, unrounded: `level` y/yT, or yT/y where less is better; `average_growth`
    ((1+g)/(1+g*))^n; `cumulative_*` reached ÷ planned. Source: the outline publishes 98, 98, 91 % this way.
    """
    rows = _joined(targets, outcomes)
    rows["held"] = _held(rows)
    s, form = rules.sign(rows["better"]), rows["form"]
    in_change = form.isin(rules.OUTCOME_IN_CHANGE) | ((form == "yearly_control") & rows["actual_value"].isna())
    y = np.where(in_change, rows["actual_change"], rows["actual_value"]).astype(float)
    yT, n = rows["target_value"].to_numpy(float), rows["target_year"] - rows["baseline_year"]
    growth = form == "average_growth"
    with np.errstate(all="ignore"):
        ratio = np.where(rows["better"] == "lower", yT / y, y / yT)
        rate = 100 * np.where(growth, ((1 + y / 100) / (1 + yT / 100)) ** n, ratio)
    delivered = _delivered(rows, y)
    verdict = rules.verdict(y, yT, rows["bound"], rows["better"], rows["tolerance"], rows["attribute"], delivered)
    return rows.assign(
        outcome=y, completion_rate=np.where(np.isfinite(rate), rate, np.nan), verdict=verdict,
        margin=rules.clean(s * (y - yT)), delivered=delivered,
        reason=np.select([verdict != "no_figure", form == "assigned"], ["", "not_assigned"], "not_collected"),
        formula=np.select([form == "assigned", growth, form.isin(rules.CHAINED), rows["better"] == "lower"],
                          ["none", "((1+g)/(1+g*))^n", "reached/planned", "yT/y"], "y/yT"),
    )[["plan", "row", "indicator", "attribute", "target_value", "outcome", "completion_rate", "verdict", "margin",
       "delivered", "reason", "formula", "official_verdict", "official_rate", "source", "lines"]]


def outcomes(targets: pd.DataFrame, observations: pd.DataFrame, printed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the `outcomes` frame of a plan that has ended: what is printed or stated of a row, else its target year's observations.

    `average_growth` takes the official average over the plan or the full chain of years; `cumulative_*` the full sum;
    `yearly_control` the worst of all years, where all are known.
    Rows without an observation of the target year have empty values.
    """
    stated = pd.DataFrame() if printed is None or printed.empty else printed[
        (printed["lines"] != "") | (printed["official_verdict"] != "") | printed[["actual_value", "actual_change"]].notna().any(axis=1)]
    if len(stated):
        rest = targets[~targets["row"].isin(stated["row"])]
        return pd.concat([stated, outcomes(rest, observations)], ignore_index=True) if len(rest) else printed
    seen = evidence.Evidence(targets, observations, int(targets["target_year"].max())).by_target()
    control, years = seen["form"] == "yearly_control", seen["target_year"] - seen["baseline_year"]
    final = (seen["last_period"] == seen["target_year"]) & (seen["reason"] == "") & ~(control & (seen["years_seen"] < years))
    figure = seen["value"].where(~control, _worst(seen)).where(final)
    figure = figure - seen["baseline_value"].where(evidence.rises(targets), 0)
    in_change = pd.Series(targets["form"].isin(rules.OUTCOME_IN_CHANGE).to_numpy(), seen.index)
    return pd.DataFrame({
        "plan": seen["plan"], "row": seen["row"], "actual_year": seen["target_year"],
        "actual_value": figure.where(~in_change), "actual_change": figure.where(in_change),
        "actual_printed": "", "actual_change_printed": "", "official_verdict": "", "official_rate": np.nan,
        "source": seen["source"].where(final, ""), "lines": ""})


def measure(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, baseline: str = "printed") -> pd.DataFrame:
    """Return where each target stands by the last observed year t ≤ `as_of`, one row per target.

    Columns: those of the contract, in the target's unit: progress P, time_share τ, pace_ratio P/τ (none for hold, step and
    tiny changes), against_path s·(y − path(t)), gap s·(yT − y), paces per year in `pace_unit` (`unit` or `percent`), status,
    trend, reason, formula, source ids. No targets give no rows. baseline: "printed", or "revised" (the observation of the
    baseline year where there is one). Raises DataError for a year outside the plan or an unknown baseline.
    """
    if targets.empty:
        return pd.DataFrame(columns=_MEASURED)
    rows = evidence.Evidence(targets, observations, as_of).by_target(baseline)
    age = as_of - rows["last_period"]
    old = (age >= rules.STALE_YEARS) | ((age > 0) & (rows["target_year"] == as_of))
    rows = rows.assign(held=_held(rows), as_of=as_of, age=age, stale=old)
    return _judged(_paced(_progressed(rows)).assign(trend=_trend))[_MEASURED]


def compare(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the frame with measure, score and status by an international rule, `statcan` or `eurostat`; see `international`."""
    return international.compare(frame, rule)


def _joined(targets: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    evidence.check_targets(targets)
    return targets.drop(columns=["source", "lines"], errors="ignore").merge(
        outcomes, on=["plan", "row"], how="left", validate="1:1").fillna(
        {"official_verdict": "", "source": "", "lines": ""})


def _delivered(rows: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Share of the planned change that was delivered: log share of growth and cuts, linear share of a level."""
    form, path = _words(rows, "form", "path")
    y0, yT = rows["baseline_value"].to_numpy(float), rows["target_value"].to_numpy(float)
    with np.errstate(all="ignore"):
        chained = rules.shares(y, form, path) / rules.shares(yT, form, path)
    return np.select([form.isin(rules.CHAINED), (form == "level") & ~rows["held"].to_numpy()],
                     [chained, rules.level_progress(y, y0, yT, "linear")], np.nan)


def _held(rows: pd.DataFrame) -> np.ndarray:
    """Levels that only ask to hold what the baseline already met: by their path, or by where the target lies."""
    form, path, better = _words(rows, "form", "path", "better")
    change = rows["target_value"].to_numpy(float) - rows["baseline_value"].to_numpy(float)
    beyond = rules.clean(rules.sign(better) * change) <= 0
    return (form == "level") & ((path == "hold") | (beyond & (path != "step")))


def _progressed(rows: pd.DataFrame) -> pd.DataFrame:
    """Progress, time share, pace ratio, the value due by now, margins to path and target, in the target's unit."""
    form, path, better, used = _words(rows, "form", "path", "better", "baseline_used")
    s, held = rules.sign(better), rows["held"].to_numpy()
    y, y0, yT, t, t0, T = _columns(rows)
    point, due, share = _point(rows), _due(rows), rules.time_share(t, t0, T)
    still = (used == "printed") & (
        rules.clean(np.abs(point - y0)) <= rules.clean(_half_unit(rows["baseline_printed"])))
    chained, moving = form.isin(rules.CHAINED), (form == "level") & path.isin(["linear", "geometric"]) & ~held
    with np.errstate(all="ignore"):
        progress = rules.clean(np.select(
            [chained, moving],
            [rows["total"].to_numpy(float) / due, rules.level_progress(np.where(still, y0, point), y0, yT, path)], np.nan))
        ratio = rules.clean(progress / share)
        percent = rules.clean(s * (yT - y) / np.abs(np.where(yT == 0, np.nan, yT)) * 100)
    required = np.select([held, form == "level", form == "average_growth", chained],
                         [yT, rules.level_at(share, y0, yT, path), yT, rules.unshare(due * share, form, path)], yT)
    gap = rules.clean(s * (yT - y))
    half = _half_unit(rows["baseline_printed"], rows["target_printed"])
    tiny = (form == "level") & (half < 0.5) & (rules.clean(np.abs(yT - y0)) <= rules.clean(2 * rules.FEW_UNITS * half))
    against = rules.clean(s * (point - required))
    return rows.assign(
        progress=progress, time_share=share, ratio=ratio, pace_ratio=np.where(tiny, np.nan, ratio),
        near=tiny & (np.abs(against) <= rules.clean(half)), required=np.where(np.isnan(y), np.nan, required),
        against_path=against, gap=gap, gap_percent=percent)


def _paced(rows: pd.DataFrame) -> pd.DataFrame:
    """Observed and required yearly pace, and how many years the gap takes at the observed pace."""
    form, path = _words(rows, "form", "path")
    _, y0, yT, t, t0, T = _columns(rows)
    y, due, total = _point(rows), _due(rows), rows["total"].to_numpy(float)
    compound, chained = form.isin(["average_growth", "cumulative_rate"]), form.isin(rules.CHAINED)
    geometric, linear = ((form == "level") & (path == p) for p in ("geometric", "linear"))
    cases = [compound, chained, geometric, linear]
    with np.errstate(all="ignore"):
        left = np.where(T > t, T - t, np.nan)
        observed = np.select(cases, [rules.unshare(total / (t - t0), form, path), total / (t - t0),
                                     rules.yearly_rate(y0, y, t - t0), (y - y0) / (t - t0)], np.nan)
        needed = np.select(cases, [rules.unshare((due - total) / left, form, path), (due - total) / left,
                                   rules.yearly_rate(y, yT, left), (yT - y) / left], np.nan)
        years = np.select([geometric, linear], [np.log(yT / y) / np.log1p(observed / 100), (yT - y) / observed], np.nan)
    needed = np.where(np.isfinite(needed), needed, np.nan)  # from zero no rate leads anywhere
    ahead = (rows["gap"].to_numpy() > 0) & np.isfinite(years) & (years > 0)
    return rows.assign(observed_pace=rules.clean(observed), required_pace=rules.clean(needed),
                       acceleration=rules.clean(needed - observed),
                       pace_unit=np.where(compound | geometric, "percent", "unit"),
                       gap_years=np.where(ahead, rules.clean(years), np.nan))


def _trend(rows: pd.DataFrame) -> np.ndarray:
    """Sign of the last change, in the better direction: from the observation before, else from the baseline."""
    form, better = _words(rows, "form", "better")
    yearly, previous, baseline = (rows[name].to_numpy(float) for name in ("yearly", "previous", "baseline_value"))
    before = np.where(np.isnan(previous) & (form == "level"), baseline, previous)
    change = rules.clean(rules.sign(better) * (yearly - before))
    return np.select([np.isnan(change), change > 0, change < 0], ["unknown", "improving", "worsening"], "flat")


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Status, final verdict, official word, reason and the name of the formula."""
    form, path, bound, better, attribute, nature, qualifier, lacking = _words(
        rows, "form", "path", "bound", "better", "attribute", "nature", "qualifier", "reason")
    y, _, yT, t, t0, T = _columns(rows)
    held, ratio = rows["held"].to_numpy(), rows["ratio"].to_numpy()
    bounded, ended, control, level = qualifier == "more_than", t >= T, form == "yearly_control", form == "level"
    y = np.where(ended & control, _worst(rows), y) + np.where(bounded, _JUST_ABOVE, 0)
    facts = (y, yT, bound, better, rows["tolerance"].to_numpy(float))
    met = rules.meets(*facts)
    unseen = control & ended & met & (rows["years_seen"].to_numpy(float) < T - t0)
    reason = np.select(
        [lacking != "", bounded & ((better == "lower") | ~met), unseen], [lacking, "lower_bound_only", "missing_years"], "")
    final = (reason == "") & ended
    short = (reason == "") & ~final & ~met & level
    reason = np.select([short & (path == "step"), short & ~held & np.isnan(ratio)], ["step_pending", "no_baseline"], reason)
    watched = control | held
    reached = met & (level | form.isin(["cumulative_sum", "cumulative_rate", "cumulative_change"]))
    stays = (nature == "stock") | (form == "cumulative_sum")
    status = np.select(
        [reason != "", final, watched, reached & stays, reached, rows["near"].to_numpy()],
        ["not_assessable", "final", np.where(met, "compliant", "breached"), "achieved_early", "at_target", "on_track"],
        rules.pace_status(ratio))
    verdict = rules.verdict(*facts, attribute, _delivered(rows, y))
    verdict = np.where(control & (verdict == "exceeded"), "met", verdict)
    growth = np.where(rows["official_average"].to_numpy(), "growth_official_average", "growth_chain")
    formula = np.select([level, form == "average_growth", control, form == "assigned"],
                        ["level_" + np.asarray(path, object), growth, "control", "none"], np.asarray(form, object))
    return rows.assign(status=status, verdict=np.where(status == "final", verdict, ""), reason=reason, formula=formula,
                       official_word=pd.Series(status, index=rows.index).map(rules.OFFICIAL_WORD).fillna(""))


def _words(rows: pd.DataFrame, *names: str) -> list:
    """Columns of words as arrays to compare, whatever their type: with few rows an index costs more than the work."""
    columns = (rows[name] for name in names)
    return [column.array if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == "str" else pd.Categorical(column)
            for column in columns]


def _columns(rows: pd.DataFrame) -> list[np.ndarray]:
    """y, y0, yT, t, t0, T as arrays."""
    return [rows[c].to_numpy(float) for c in
            ("value", "baseline_value", "target_value", "last_period", "baseline_year", "target_year")]


def _worst(rows: pd.DataFrame) -> np.ndarray:
    """The worst of the years of a yearly control."""
    better, = _words(rows, "better")
    return np.where(better == "lower", rows["highest"].to_numpy(float), rows["lowest"].to_numpy(float))


def _point(rows: pd.DataFrame) -> np.ndarray:
    """The value where it is a point; nan for a lower bound, from which no progress is counted."""
    qualifier, = _words(rows, "qualifier")
    return np.where(qualifier == "more_than", np.nan, rows["value"].to_numpy(float))


def _due(rows: pd.DataFrame) -> np.ndarray:
    """Additive shares due over the whole plan (see `rules.due`)."""
    years = (rows["target_year"] - rows["baseline_year"]).to_numpy(float)
    return rules.due(rows["target_value"].to_numpy(float), *_words(rows, "form", "path"), years)


def _half_unit(*printed: pd.Series) -> np.ndarray:
    """Half a unit of the last digit printed in these cells, the finest of them."""
    coded = [pd.factorize(cells, use_na_sentinel=False) for cells in printed]
    return np.minimum.reduce([np.array([rules.half_unit(cell) for cell in cells])[codes] for codes, cells in coded])


def concluded(result: pd.DataFrame, completion: pd.DataFrame) -> pd.DataFrame:
    """Return `measure` by the end of a plan, with the verdict and figure of `completion` wherever that has one.

    For a plan whose table of outcomes is printed: what it prints is final, whatever else was collected.
    """
    done = completion[completion["verdict"] != "no_figure"].set_index(["plan", "row"])
    rows = result.set_index(["plan", "row"])
    own = rows.index[rows.index.isin(done.index)]
    rows.loc[own, "status"], rows.loc[own, ["qualifier", "reason", "official_word", "trend"]] = "final", ""
    rows.loc[own, "last_period"], rows.loc[own, "age"], rows.loc[own, "stale"] = rows.loc[own, "as_of"], 0, False
    taken = {"value": "outcome", "verdict": "verdict", "against_path": "margin", "formula": "formula", "source": "source"}
    for ours, theirs in taken.items():
        rows.loc[own, ours] = done.loc[own, theirs]
    rows.loc[own, "gap"] = rules.clean(-done.loc[own, "margin"])
    rows.loc[own, ["pace_ratio", "observed_pace", "required_pace", "required"]] = np.nan
    return rows.reset_index()[list(result)]


def of_plan(targets: pd.DataFrame, outcomes: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return `measure`, and by the end of a plan whose outcomes are printed `concluded` with them."""
    result = measure(targets, observations, as_of)
    ended = as_of == targets["target_year"].max() and len(outcomes)
    return concluded(result, completion(targets, outcomes)) if ended else result


def named(frame: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Return any frame with `plan` and `row` with name, unit and category of each target in a language, behind its row.

    Columns of these names are replaced. Raises DataError for rows that no plan has, and for an unknown language.
    """
    if lang not in wording.LANGUAGES:
        raise DataError(f"unknown lang {lang!r}; allowed: {', '.join(wording.LANGUAGES)}")
    names = {f"{column}_{lang}": column for column in ("name", "unit", "category")}
    plans = [load.targets(plan, kind="all") for plan in frame["plan"].unique()] or [load.all_targets()]
    known = pd.concat(plans).set_index(["plan", "row"])[list(names)].rename(columns=names)
    strange = frame[~pd.MultiIndex.from_frame(frame[["plan", "row"]]).isin(known.index)]
    if len(strange):
        plan, row = strange[["plan", "row"]].iloc[0]
        raise DataError(f"{plan} has no row {row!r}; allowed: {', '.join(known.loc[plan].index)}")
    rows = frame.drop(columns=list(known), errors="ignore").merge(known, on=["plan", "row"], how="left", validate="m:1")
    return rows[["plan", "row", *known, *rows.columns.drop(["plan", "row", *known])]]


def named_rows(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the results of `measure` or `completion` joined with the other columns of their targets, in plan order."""
    known = [c for c in result if c in targets and c not in ("plan", "row")]
    return targets.drop(columns=[*known, "source", "lines"], errors="ignore").merge(result, on=["plan", "row"], validate="1:1")
