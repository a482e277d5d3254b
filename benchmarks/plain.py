"""The measure of gaps.measure row by row in plain Python: loops, dicts and floats, what measure.py compares it with.

Each target's observations are looked up in a dict, not searched for. It knows what the nation of measure.py has: exact
yearly figures, printed baselines, a plan not yet ended; no lower bounds and no official averages of several years.
"""

from math import expm1, isnan, log, log1p, nan

from plancore.measures import rules

COLUMNS = ["last_period", "value", "progress", "time_share", "pace_ratio", "observed_pace", "required_pace", "gap",
           "gap_percent", "required", "against_path", "status", "trend", "reason", "source"]
"""The columns it fills, of the 39 of gaps.measure."""

_PRICED = ("current", "comparable", "constant2020")


def measure(targets: list[dict], observations: list[dict], as_of: int) -> list[tuple]:
    """Of each target the COLUMNS, by the last observed year up to `as_of`."""
    seen = {}
    for one in observations:
        periods = seen.setdefault((one["region"], one["indicator"]), {})
        if one["period"] in periods:
            raise ValueError("several values for one indicator and period")
        periods[one["period"]] = one
    return [_row(target, seen.get((target["region"], target["indicator"]), {}), as_of) for target in targets]


def _row(target: dict, seen: dict[str, dict], as_of: int) -> tuple:
    form, path, y0, yT = (target[c] for c in ("form", "path", "baseline_value", "target_value"))
    t0, T, s = target["baseline_year"], target["target_year"], -1 if target["better"] == "lower" else 1
    level, growth, chained = form == "level", form == "average_growth", form in rules.CHAINED
    years, mismatched = _years(target, seen, as_of)
    t, y, source = years[-1] if years else (nan, nan, "")
    total = sum(_part(value, form) for _, value, _ in years) if chained else nan
    before = years[-2][1] if len(years) > 1 else y0 if level else nan
    change = round(s * (y - before), 10)
    trend = "unknown" if isnan(change) else "improving" if change > 0 else "worsening" if change < 0 else "flat"
    if form == "yearly_control" and years:
        y = sum(value for _, value, _ in years) / len(years)
    elif chained and years:
        y = _figure(total / (t - t0) if growth else total, form)
    if chained or form == "yearly_control":
        source = ";".join(dict.fromkeys(source for _, _, source in years))
    reason = ("not_assigned" if form == "assigned"
              else "break" if target["broken_since"] <= as_of and not t >= target["broken_since"]
              else "price_basis" if mismatched and not years
              else "not_collected" if not years
              else "missing_years" if chained and len(years) != t - t0 else "")
    share, left = (t - t0) / (T - t0), T - t if T > t else nan
    progress = observed = needed = nan
    required = yT
    if reason:
        y = required = nan
    elif chained:
        due = _part(yT, form) * (T - t0 if growth else 1)
        progress, required = total / due, yT if growth else _figure(due * share, form)
        observed, needed = _figure(total / (t - t0), form), _figure((due - total) / left, form)
    elif level and path in ("linear", "geometric"):
        still = round(abs(y - y0), 10) <= round(rules.half_unit(target["baseline_printed"]), 10)
        point = y0 if still else y
        if path == "linear":
            progress, required = (point - y0) / (yT - y0), y0 + (yT - y0) * share
            observed, needed = (y - y0) / (t - t0), (yT - y) / left
        else:
            progress, required = log(point / y0) / log(yT / y0), y0 * (yT / y0) ** share
            observed, needed = ((y / y0) ** (1 / (t - t0)) - 1) * 100, ((yT / y) ** (1 / left) - 1) * 100
    progress, against, gap = round(progress, 10), round(s * (y - required), 10), round(s * (yT - y), 10)
    ratio = round(progress / share, 10)
    half = min(rules.half_unit(target["baseline_printed"]), rules.half_unit(target["target_printed"]))
    tiny = level and half < 0.5 and round(abs(yT - y0), 10) <= round(2 * rules.FEW_UNITS * half, 10)
    met = _meets(round(y, 10), yT, target)
    if not reason and not met and level and (path == "step" or path != "hold" and isnan(ratio)):
        reason = "step_pending" if path == "step" else "no_baseline"
    if reason:
        status = "not_assessable"
    elif form == "yearly_control" or level and path == "hold":
        status = "compliant" if met else "breached"
    elif met and not growth:
        status = "achieved_early" if target["nature"] == "stock" or form == "cumulative_sum" else "at_target"
    elif tiny and abs(against) <= round(half, 10):
        status = "on_track"
    else:
        status = ("ahead" if ratio >= rules.AHEAD else "on_track" if ratio >= rules.ON_TRACK else
                  "behind_slight" if ratio >= rules.SLIGHT else "behind" if ratio >= rules.REVERSING else "reversing")
    return (t, y, progress, share, nan if tiny else ratio, round(observed, 10), round(needed, 10), gap,
            round(s * (yT - y) / abs(yT) * 100, 10), required, against, status, trend, reason, source)


def _years(target: dict, seen: dict[str, dict], as_of: int) -> tuple[list[tuple], bool]:
    """Year, value and source of each observation that counts, and whether some are on another price basis."""
    basis, first, last = target["price_basis"], target["baseline_year"], min(as_of, target["target_year"])
    years, mismatched = [], False
    for one in seen.values():
        start, end = int(one["period"][:4]), int(one["period"][-4:])
        if first < start == end <= last and one["status"] != "derived":
            if basis in _PRICED and one["price_basis"] in _PRICED and basis != one["price_basis"]:
                mismatched = True
            else:
                years.append((end, one["value"], one["source"]))
    return sorted(years), mismatched


def _part(value: float, form: str) -> float:
    """The additive share of a yearly figure."""
    cut = form == "cumulative_rate"
    return log1p(value / 100) if form == "average_growth" else log1p(-value / 100) if cut else value


def _figure(total: float, form: str) -> float:
    """The figure that has these additive shares."""
    cut = form == "cumulative_rate"
    return expm1(total) * 100 if form == "average_growth" else -expm1(total) * 100 if cut else total


def _meets(y: float, yT: float, target: dict) -> bool:
    higher, about = target["better"] != "lower", target["bound"] == "about"
    bar = round(yT + (-1 if higher else 1) * target["tolerance"] if about else yT, 10)
    return y >= bar if higher else y < bar if about else y <= bar
