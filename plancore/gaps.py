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
             "required", "against_path", "status", "verdict", "official_word", "trend", "reason", "formula", "official", "until",
             "chain_value", "chain_differs", "beyond", "source"]


def completion(targets: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return how a plan ended, one row per target: completion rate, verdict and margin.

    Columns: plan, row, indicator, attribute, target_value, outcome, completion_rate (%), verdict, margin (unit of the
    target, positive is better), delivered (share of the planned change), reason, formula, official_verdict,
    official_rate, source, lines. completion_rate, unrounded: `level` y/yT, or yT/y where less is better; `average_growth`
    ((1+g)/(1+g*))^n; `cumulative_*` reached ÷ planned; `relative` none, its target_value is the outcome of the other indicator.
    Source: the outline publishes 98, 98, 91 % this way. What rounding or a bound leaves open is `no_figure` with the reason.
    """
    rows = _joined(targets, outcomes)
    rows["held"] = _held(rows)
    s, form = rules.sign(rows["better"]), rows["form"]
    in_change = form.isin(rules.OUTCOME_IN_CHANGE) | ((form == "yearly_control") & rows["actual_value"].isna())
    y = np.where(in_change, rows["actual_change"], rows["actual_value"]).astype(float)
    rows = _beside(rows.assign(value=y, compared=_compared(rows, y)))
    yT, n = rows["target_value"].to_numpy(float), rows["target_year"] - rows["baseline_year"]
    growth = form == "average_growth"
    with np.errstate(all="ignore"):
        ratio = np.where(rows["better"] == "lower", yT / y, y / yT)
        rate = 100 * np.select([form == "relative", growth], [np.nan, ((1 + y / 100) / (1 + yT / 100)) ** n], ratio)
    delivered = _delivered(rows, y)
    verdict, untold = _verdict(rows, delivered)
    lacking = rows["reason"].mask(rows["reason"] == "", "not_collected")
    return _finite(rows.assign(
        outcome=y, completion_rate=rate, verdict=verdict, margin=rules.clean(s * (y - yT)), delivered=delivered,
        reason=np.select([untold != "", verdict != "no_figure", form == "assigned"], [untold, "", "not_assigned"], lacking),
        formula=np.select([form == "assigned", form == "relative", growth, form.isin(rules.CHAINED), rows["better"] == "lower"],
                          ["none", "y−yT", "((1+g)/(1+g*))^n", "reached/planned", "yT/y"], "y/yT"),
    )[["plan", "row", "indicator", "attribute", "target_value", "outcome", "completion_rate", "verdict", "margin",
       "delivered", "reason", "formula", "official_verdict", "official_rate", "source", "lines"]])


def outcomes(targets: pd.DataFrame, observations: pd.DataFrame, printed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the `outcomes` frame of a plan that has ended: what is printed or stated of a row, else its target year's observations.

    Forms gathered over years take the official mean or total over the plan, or all its years. Columns beside those of the table:
    compared (the figure that a relative target is compared with), low, high (all that a chain may be), qualifier, reason. Rows
    without an observation of the target year have empty values.
    """
    stated = pd.DataFrame() if printed is None or printed.empty else printed[
        (printed["lines"] != "") | (printed["official_verdict"] != "") | printed[["actual_value", "actual_change"]].notna().any(axis=1)]
    if len(stated):
        rest = targets[~targets["row"].isin(stated["row"])]
        return pd.concat([stated, outcomes(rest, observations)], ignore_index=True) if len(rest) else printed
    seen = evidence.Evidence(targets, observations, int(targets["target_year"].max())).by_target()
    final = (seen["last_period"] == seen["target_year"]) & (seen["reason"] == "")
    figure = seen["value"].where(final) - seen["baseline_value"].where(evidence.rises(targets), 0)
    in_change = pd.Series(targets["form"].isin(rules.OUTCOME_IN_CHANGE).to_numpy(), seen.index)
    return pd.DataFrame({
        "plan": seen["plan"], "row": seen["row"], "actual_year": seen["target_year"],
        "actual_value": figure.where(~in_change), "actual_change": figure.where(in_change),
        "actual_printed": "", "actual_change_printed": "", "official_verdict": "", "official_rate": np.nan,
        "source": seen["source"].where(final, ""), "lines": "", **seen[["compared", "low", "high", "qualifier", "reason"]]})


def measure(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, baseline: str = "printed",
            known_on: str = "today") -> pd.DataFrame:
    """Return where each target stands by the last observed year t ≤ `as_of`, one row per target.

    Columns: those of the contract, in the target's unit: progress P, time_share τ, pace_ratio P/τ (none for hold, step and
    tiny changes), against_path s·(y − path(t)), gap s·(yT − y), paces per year in `pace_unit` (`unit` or `percent`), status,
    trend, reason, formula, source ids. A `relative` target has the other indicator's figure over the same years as target_value
    and required, and no progress or pace. official, until: the official mean or total that the value rests on, and its last
    year; chain_value: what the single years make of that period, chain_differs whether by more than rounding explains. beyond:
    the years beyond a control value, joined by `;`. No targets give no rows. baseline: "printed", or "revised" (the observation
    of the baseline year where there is one). known_on: the day of the observations; before first figures of the plan's first
    year are due (`load.due`), and as of the year it begins from, a row without one is `not_published`, with the pace asked.
    Raises DataError for a year outside the plan or an unknown baseline.
    """
    if targets.empty:
        return pd.DataFrame(columns=_MEASURED)
    begins = int(load.begins(targets).mode().max())
    seen = observations if as_of != begins else observations[observations["period"].str[-4:].astype(int) <= begins]
    rows = evidence.Evidence(targets, seen, as_of + (as_of == begins)).by_target(baseline)
    rows = _pending(_beside(rows), begins, as_of > begins and load.due(begins + 1, known_on))
    age = as_of - rows["last_period"]
    old = (age >= rules.STALE_YEARS) | ((age > 0) & (rows["target_year"] == as_of))
    rows = rows.assign(held=_held(rows), as_of=as_of, age=age, stale=old)
    return _finite(_judged(_paced(_progressed(rows)).assign(trend=_trend, chain_differs=_differs))[_MEASURED])


def compare(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the frame with measure, score and status by an international rule, `statcan` or `eurostat`; see `international`."""
    return international.compare(frame, rule)


def _beside(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `asked`, the bound to judge by, and as target value of a relative target what it is compared with."""
    relative = (rows["form"] == "relative").to_numpy()
    if not relative.any():
        return rows.assign(asked=rows["bound"])
    asked = rows["bound"].where(~relative, rows["relative_bound"].map(rules.RELATIVE))
    return rows.assign(asked=asked, target_value=rows["target_value"].where(~relative, rows["compared"]))


def _pending(rows: pd.DataFrame, begins: int, due: bool) -> pd.DataFrame:
    """The rows with `not_published` where no figure is due yet; one of the year that the plan begins from is none of it."""
    early = (rows["last_period"] <= begins) & (rows["reason"] == "")
    lacking = early | (rows["reason"] == "not_collected")
    known = {name: rows[name].mask(early) for name in ("last_period", "value", "total", "low", "high", "yearly", "previous")}
    return rows.assign(**known, reason=rows["reason"].mask(lacking, "not_collected" if due else "not_published"))


def _finite(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without infinite numbers: what is divided by nothing has no answer."""
    numbers = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name].where(np.isfinite(frame[name])) for name in numbers})


def _differs(rows: pd.DataFrame) -> np.ndarray:
    """Whether an official figure and what single years make of its period differ by more than rounding explains."""
    official, low, high = (rows[name].to_numpy(float) for name in ("official", "chain_low", "chain_high"))
    half = rules.half_grain(official)
    return (rules.clean(official - half) >= rules.clean(high)) | (rules.clean(official + half) <= rules.clean(low))


def _joined(targets: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    evidence.check_targets(targets)
    own = targets.drop(columns=["source", "lines"], errors="ignore")
    rows = own.merge(outcomes, on=["plan", "row"], how="left", validate="1:1")
    missing = {name: np.nan for name in ("compared", "low", "high") if name not in rows}
    words = {name: "" for name in ("qualifier", "reason") if name not in rows}
    texts = ("official_verdict", "source", "lines", "qualifier", "reason")
    return rows.assign(**missing, **words).fillna(dict.fromkeys(texts, ""))


def _compared(rows: pd.DataFrame, y: np.ndarray) -> pd.Series:
    """What relative targets are compared with: as given, else the outcome of the other indicator in the same plan."""
    relative = rows["form"] == "relative"
    if not relative.any():
        return rows["compared"]
    rates = rows.assign(y=y)[rows["form"].isin(["average_growth", "assigned"])].drop_duplicates(["plan", "indicator"])
    wanted = pd.MultiIndex.from_frame(rows[["plan", "relative_to"]])
    others = rates.set_index(["plan", "indicator"])["y"].reindex(wanted).set_axis(rows.index)
    return rows["compared"].fillna(others).where(relative)


def _verdict(rows: pd.DataFrame, delivered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The verdict of the `value` of each row, and the reason where a bound or rounding leaves it open: then `no_figure`."""
    value, yT, tolerance = (rows[name].to_numpy(float) for name in ("value", "target_value", "tolerance"))
    bound, better, attribute, form = _words(rows, "asked", "better", "attribute", "form")
    y, telling, reason = _bounded(rows, value)
    met = rules.meets(y, yT, bound, better, tolerance)
    untold = np.select([np.isnan(y) | np.isnan(yT), (telling < 0) & met | (telling > 0) & ~met, _rounds(rows)],
                       ["", reason, "within_rounding"], "")
    verdict = rules.verdict(y, yT, bound, better, tolerance, attribute, delivered)
    verdict = np.where(form.isin(rules.WATCHED) & (verdict == "exceeded"), "met", verdict)
    return np.where(untold != "", "no_figure", verdict), untold


def _delivered(rows: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Share of the planned change that was delivered: log share of growth and cuts, linear share of a level."""
    form, path = _words(rows, "form", "path")
    y0, yT = rows["baseline_value"].to_numpy(float), rows["target_value"].to_numpy(float)
    with np.errstate(all="ignore"):
        chained = _counted(rules.shares(y, form, path) / rules.shares(yT, form, path))
    return np.select([form == "relative", form.isin(rules.CHAINED), (form == "level") & ~rows["held"].to_numpy()],
                     [np.nan, chained, rules.level_progress(y, y0, yT, "linear")], np.nan)


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
    by = np.where(_unpublished(rows), rules.time_share(rows["as_of"].to_numpy(float), t0, T), share)
    still = (used == "printed") & (
        rules.clean(np.abs(point - y0)) <= rules.clean(_half_unit(rows["baseline_printed"])))
    chained, moving = form.isin(rules.CHAINED), (form == "level") & path.isin(["linear", "geometric"]) & ~held
    total = np.where(np.isnan(point), np.nan, rows["total"].to_numpy(float))
    with np.errstate(all="ignore"):
        progress = _counted(np.select(
            [chained, moving], [total / due, rules.level_progress(np.where(still, y0, point), y0, yT, path)], np.nan))
        ratio = rules.clean(progress / share)
        percent = rules.clean(s * (yT - y) / np.abs(np.where(yT == 0, np.nan, yT)) * 100)
    required = np.select([held, form == "level", form.isin(rules.MEANS), chained],
                         [yT, rules.level_at(by, y0, yT, path), yT, rules.unshare(due * by, form, path)], yT)
    off = np.abs(yT - y) - rows["tolerance"].to_numpy(float)
    gap = rules.clean(np.where(rows["asked"] == "in_step", off, s * (yT - y)))
    half = _half_unit(rows["baseline_printed"], rows["target_printed"])
    tiny = (form == "level") & (half < 0.5) & (rules.clean(np.abs(yT - y0)) <= rules.clean(2 * rules.FEW_UNITS * half))
    against = rules.clean(s * (point - required))
    return rows.assign(
        progress=progress, time_share=share, ratio=ratio, pace_ratio=np.where(tiny, np.nan, ratio),
        near=tiny & (np.abs(against) <= rules.clean(half)),
        required=np.where(np.isnan(y) & ~_unpublished(rows), np.nan, required),
        against_path=against, gap=gap, gap_percent=percent)


def _paced(rows: pd.DataFrame) -> pd.DataFrame:
    """Observed and required yearly pace, and how many years the gap takes at the observed pace."""
    form, path = _words(rows, "form", "path")
    _, y0, yT, t, t0, T = _columns(rows)
    pending = _unpublished(rows)
    due, total = _due(rows), rows["total"].to_numpy(float)
    y, t, total = (np.where(pending, start, now) for start, now in ((y0, _point(rows)), (t0, t), (0.0, total)))
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
    needed, observed = (_counted(np.where(none, np.nan, pace)) for none, pace in (  # from zero no rate leads anywhere
        (form == "relative", needed), (pending | (form == "relative"), observed)))
    ahead = (rows["gap"].to_numpy() > 0) & np.isfinite(years) & (years > 0)
    return rows.assign(observed_pace=observed, required_pace=needed,
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
    form, path, nature, lacking = _words(rows, "form", "path", "nature", "reason")
    y, _, _, t, _, T = _columns(rows)
    held, ratio = rows["held"].to_numpy(), rows["ratio"].to_numpy()
    ended, level, beside = t >= T, form == "level", form.isin(rules.WATCHED)
    verdict, untold = _verdict(rows, _delivered(rows, y))
    met, bound = np.isin(verdict, ["exceeded", "met"]), _bounded(rows, y)[2]
    watched = beside | held | (form.isin(rules.CHAINED) & np.isnan(ratio) & ((bound == "") | met))
    on_its_way = ~ended & ~watched & ~met  # a pace needs no verdict yet, but a point
    reason = np.select([lacking != "", on_its_way], [lacking, bound], untold)
    final = (reason == "") & ended
    short = (reason == "") & ~final & ~met & level
    reason = np.select([short & (path == "step"), short & ~held & np.isnan(ratio)], ["step_pending", "no_baseline"], reason)
    reached = met & (level | form.isin(["cumulative_sum", "cumulative_rate", "cumulative_change"]))
    stays = (nature == "stock") | (form == "cumulative_sum")
    status = np.select(
        [reason != "", final, watched, reached & stays, reached, rows["near"].to_numpy()],
        ["not_assessable", "final", np.where(met, "compliant", "breached"), "achieved_early", "at_target", "on_track"],
        rules.pace_status(ratio))
    official = rows["until"].notna().to_numpy()
    name = np.select([form == "yearly_control"], ["control"], np.asarray(form, object))
    formula = np.select(
        [level, form == "average_growth", form == "assigned", official],
        ["level_" + np.asarray(path, object), np.where(official, "growth_official_average", "growth_chain"), "none",
         name + "_official"], name)
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


def _bounded(rows: pd.DataFrame, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The value, of a bound just beyond it; 1 where a bound can only tell that the target is met, -1 where only that it is not,

    0 for a point; and the reason where it does not tell.
    """
    qualifier, better = _words(rows, "qualifier", "better")
    side, reasons = rules.open_side(qualifier), [reason for reason, _ in rules.BOUNDED.values()]
    reason = np.select([qualifier == word for word in rules.BOUNDED], reasons, "")
    return y + side * rules.JUST_BEYOND, side * rules.sign(better), reason


def _rounds(rows: pd.DataFrame) -> np.ndarray:
    """Whether a chain of yearly figures may meet its target or miss it, as each stands for all numbers that round to it."""
    form, bound, better = _words(rows, "form", "asked", "better")
    yT, tolerance = (rows[name].to_numpy(float) for name in ("target_value", "tolerance"))
    first, middle, last = (
        rules.meets(rows[name].to_numpy(float), yT, bound, better, tolerance) for name in ("low", "value", "high"))
    chain = form.isin(rules.CHAINED) & (_point(rows) == rows["value"].to_numpy(float)) & (rows["low"] < rows["high"]).to_numpy()
    return chain & ((first != middle) | (last != middle))


def _counted(numbers: np.ndarray) -> np.ndarray:
    """The numbers rounded as before any comparison, nan where they are divided by nothing."""
    return rules.clean(np.where(np.isfinite(numbers), numbers, np.nan))


def _unpublished(rows: pd.DataFrame) -> np.ndarray:
    """Rows of a running plan whose first figure is not due yet: they have the pace asked from the baseline on."""
    return (rows["reason"] == "not_published").to_numpy()


def _point(rows: pd.DataFrame) -> np.ndarray:
    """The value where it is a point; nan for a bound, from which no progress is counted."""
    qualifier, = _words(rows, "qualifier")
    return np.where(qualifier.isin(list(rules.BOUNDED)), np.nan, rows["value"].to_numpy(float))


def _due(rows: pd.DataFrame) -> np.ndarray:
    """Additive shares due over the whole plan (see `rules.due`); nan for a relative target, which has no path."""
    years = (rows["target_year"] - rows["baseline_year"]).to_numpy(float)
    target = rows["target_value"].where(rows["form"] != "relative").to_numpy(float)
    return rules.due(target, *_words(rows, "form", "path"), years)


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


def elsewhere(plan: str, as_of: int, known_on: str = "today") -> pd.DataFrame:
    """Return `named_rows` of the same indicators in the plans of other regions that end in the same year, measured as of a year.

    In the units of the indicators. No rows where no other region has such a plan.
    """
    shared = load.shared(plan, known_on).query("plan != @plan")
    return named_rows(measure(shared, load.observations_of(shared, known_on), as_of, known_on=known_on), shared)


def named_rows(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the results of `measure` or `completion` joined with the other columns of their targets, in plan order."""
    known = [c for c in result if c in targets and c not in ("plan", "row")]
    return targets.drop(columns=[*known, "source", "lines"], errors="ignore").merge(result, on=["plan", "row"], validate="1:1")
