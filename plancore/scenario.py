"""Work out the road to 2035: what growth per period leads to, and what is still needed to double 2020."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import measures
from plancore.measures import rules
from plancore.schema import DataError

START, END, SWITCH = 2020, 2035, 2030
DOUBLE = 200.0
"""Index of the doubling of GDP, GDP per head and income by 2035, 2020 = 100 (the outline's goals for 2035)."""
URBANIZATION, ABOUT = 80.0, 0.5
"""Share of permanent residents in towns by 2035, 左右 (the outline's goals for 2035), and half a unit of its last digit."""
GROWTH_RANGE = (-20.0, 20.0)
"""What may be assumed, % a year; beyond it a mistake is more likely than a scenario."""
GROWTH = {"gdp": "gdp_growth", "gdp_per_head": "gdp_per_head_growth", "income": "income_growth"}
"""Each doubling goal and the indicator of its real growth."""
SERIES = (*GROWTH.values(), "urbanization_rate", "population")
"""What the road to 2035 builds on."""
READ = (*SERIES, *measures.derived.INPUTS)
"""The indicators whose observations it needs: those, and what missing ones are derived from."""
GRID = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)
"""Growth rates of the sensitivity grid, % a year."""
SCALE = tuple(x / 20 for x in range(55, 146))
"""First rates at which the frontier is drawn across the grid, % a year."""
POPULATION = (-0.5, 0.0, 0.5, 1.0)
"""Growth of the population set against GDP per head, % a year."""
LATEST = 2050
"""A doubling after this year is not dated: rates assumed for five years say nothing about it."""


def years(observations: pd.DataFrame) -> list[int]:
    """Return the years of knowledge (`as_of`) that make a difference: from 2021 to the last year with growth of GDP known."""
    seen = observations.loc[observations["indicator"] == GROWTH["gdp"], "period"].str[-4:].astype(int)
    return list(range(START + 1, int(seen.max()) + 1))


def goals(commitments: pd.DataFrame) -> pd.DataFrame:
    """Return the outline's own lines for each goal (`gdp_2035` … of the commitments): series, value, unit_zh, bound, lines."""
    ids = {f"{series}_{END}": series for series in (*GROWTH, "urbanization")}
    own = commitments[commitments["id"].isin(ids)]
    return own.assign(series=own["id"].map(ids))[["series", "value", "unit_zh", "bound", "lines"]].reset_index(drop=True)


def long_term(target: pd.DataFrame, commitments: pd.DataFrame) -> pd.DataFrame:
    """Return the goal for 2035 of an indicator that has one, in the shape of `trajectories.series`.

    Series `goal_path` from the plan's target to 2035, and `goal`. A multiple of 2020 is given as the average growth that reaches
    it, 2^(1/15) − 1 for 2. target: the indicator's row in the plan that sets the goal; commitments: those of this plan.
    """
    indicators = {indicator: series for series, indicator in GROWTH.items()} | {"urbanization_rate": "urbanization"}
    row, = target.to_dict("records")
    own = goals(commitments).query("series == @series", local_dict={"series": indicators.get(row["indicator"])})
    value = np.where(own["unit_zh"] == "倍", rules.yearly_rate(1.0, own["value"], END - START), own["value"])
    first = value if row["indicator"] in GROWTH.values() else [row["target_value"]] * len(value)
    points = [point for a, b in zip(first, value)
              for point in ((row["target_year"], "goal_path", a), (END, "goal_path", b), (END, "goal", b))]
    return pd.DataFrame(points, columns=["year", "series", "value"]).assign(
        plan=str(END), row=row["row"], indicator=row["indicator"], qualifier="", status="", source=row["source"], basis="")


def used(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return the observations that the road to 2035 builds on, known by then, with start and year."""
    seen = observations[observations["indicator"].isin(SERIES)]
    seen = seen.assign(start=seen["period"].str[:4].astype(int), year=seen["period"].str[-4:].astype(int))
    level = ~seen["indicator"].isin(GROWTH.values())
    return seen[(seen["start"] > START - level) & (seen["year"] <= as_of)].sort_values(["indicator", "year", "start"])


def derived(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return growth since 2020 that follows from published figures where none is published; see `derived.derive`."""
    rows = measures.derived.derive(observations)
    period = pd.to_numeric(rows["period"])
    return rows[rows["indicator"].isin(GROWTH.values()) & (period > START) & (period <= as_of)]


def state(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return where each doubling goal stands, one row per goal.

    Columns: series, year, index (2020 = 100), average, method, qualifier, missing, known, needed, needed_from_start, reason.
    index: the official average since 2020 for the years it covers, the yearly rates chained after it. average: % a year behind
    the index, with its qualifier; method: `official_average`, `chain` or empty. needed: % a year from there to 200 in 2035,
    ((200/index)^(1/years) − 1)·100; needed_from_start: 2^(1/15) − 1. reason `missing_years` where the chain has a gap: no index
    then, but the factor of the years known, and the missing years. Raises DataError for a year outside 2021 to 2034.
    """
    if not START < as_of < END:
        raise DataError(f"as_of {as_of} is outside the road to 2035; allowed: {START + 1} to {END - 1}")
    seen = used(observations, as_of)
    frame = pd.DataFrame([_stand(seen[seen["indicator"] == indicator], as_of) | {"series": series}
                          for series, indicator in GROWTH.items()])
    done, left = frame["year"].to_numpy(float) - START, END - frame["year"].to_numpy(float)
    return frame.assign(average=rules.yearly_rate(100.0, frame["index"], done),
                        needed=rules.yearly_rate(frame["index"], DOUBLE, left),
                        needed_from_start=float(rules.yearly_rate(1.0, 2.0, END - START)))


def paths(observations: pd.DataFrame, as_of: int, growth_2026_2030: float, growth_2031_2035: float,
          population_growth: float = 0.0, urbanization_2035: float = URBANIZATION) -> pd.DataFrame:
    """Return each series year by year from the last observed state to 2035.

    Columns: series, year, value, kind (`observed`, `scenario`), first, second (years grown so far at each rate).
    gdp, gdp_per_head, income: index, 2020 = 100, growing at the assumed real rates (% a year), per head less the growth
    of population, income as GDP per head; years before 2026 without a figure grow at the first rate. urbanization: %, on a
    straight line to the assumed share. Series whose observed chain has a gap are left out (see `state`). Raises DataError for
    rates that are not plausible.
    """
    _check(growth_2026_2030=growth_2026_2030, growth_2031_2035=growth_2031_2035, population_growth=population_growth)
    if not 0 < urbanization_2035 <= 100:
        raise DataError(f"urbanization_2035={urbanization_2035}; allowed: above 0, up to 100 %")
    parts = []
    for row in state(observations, as_of).query("reason == ''").to_dict("records"):
        ahead = np.arange(row["year"], END + 1)
        first, second = periods(row["year"], ahead)
        head = 0.0 if row["series"] == "gdp" else population_growth
        values = row["index"] * grown(first, second, growth_2026_2030, growth_2031_2035, head)
        parts.append(_path(row["series"], ahead, values).assign(first=first, second=second))
    parts.append(_urban_path(observations, as_of, urbanization_2035))
    return pd.concat(parts, ignore_index=True)


def reached(path: pd.DataFrame) -> pd.DataFrame:
    """Return whether a scenario reaches each goal in 2035: series, value, goal, reached, margin (value − goal).

    The doubling is exact; 80 % 左右 is reached by what rounds to 80, or is higher.
    """
    ends = path[path["year"] == END][["series", "value"]].reset_index(drop=True)
    urban = ends["series"] == "urbanization"
    goal = np.where(urban, URBANIZATION, DOUBLE)
    margin = rules.clean(ends["value"] - goal)
    return ends.assign(goal=goal, reached=margin >= np.where(urban, -ABOUT, 0.0), margin=margin)


def answers(observations: pd.DataFrame, as_of: int, growth_2026_2030: float, growth_2031_2035: float,
            population_growth: float = 0.0) -> pd.DataFrame:
    """Return `state` with what the assumed rates lead to.

    Adds growth_2026_2030, growth_2031_2035, goal, since, value, margin, reached, code, assumed, spare, doubled, fill. since:
    first year of the scenario; value: index in 2035; code: `reached`, `not_reached`, or the reason. assumed: average of the
    rates over the years left, spare = assumed − needed; doubled: the year the doubling falls in if the last rate goes on, 0
    beyond 2050. fill, where years are missing: the average growth those years need for the doubling under the same rates, nan
    where not plausible.
    """
    path = paths(observations, as_of, growth_2026_2030, growth_2031_2035, population_growth)
    stand = state(observations, as_of)
    ends = reached(path)[["series", "value", "goal", "margin", "reached"]]
    frame = stand.merge(ends, on="series", how="left").assign(
        goal=DOUBLE, growth_2026_2030=growth_2026_2030, growth_2031_2035=growth_2031_2035)
    last = np.where(frame["year"] > 0, frame["year"], as_of)
    rates = growth_2026_2030, growth_2031_2035
    heads = np.where(frame["series"] == "gdp", 0.0, population_growth)
    ahead = grown(*periods(last, END), *rates, heads)
    assumed = (ahead ** (1 / (END - last)) - 1) * 100
    gaps = frame["missing"].map(len).to_numpy()
    known = frame["reason"] == ""
    return frame.assign(
        since=last + 1, assumed=assumed, spare=rules.clean(assumed - frame["needed"]),
        code=np.where(known, np.where(frame["reached"].eq(True), "reached", "not_reached"), frame["reason"]),
        doubled=[_doubled(i, y, *rates, h) if k else 0 for i, y, h, k in zip(frame["index"], last, heads, known)],
        fill=[_plausible(rules.yearly_rate(f * a, 2.0, n)) if n else np.nan for f, a, n in zip(frame["known"], ahead, gaps)])


def urban(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return where urbanization stands, in one row; no row without a figure.

    Columns: start, start_value (the census), year, value, observed_pace, goal, gap, needed, reached, code. Paces in points a
    year: (value − start_value)/(year − start) and (80 − value)/(2035 − year). reached: rounds to 80 or higher. code:
    `reached`, `faster` or `slower` (the observed pace against the needed one).
    """
    seen = used(observations, as_of).query("indicator == 'urbanization_rate' and qualifier == ''")
    if seen.empty or seen["year"].iloc[-1] == START:
        return pd.DataFrame()
    first, last = seen.iloc[0], seen.iloc[-1]
    value, gap = last["value"], rules.clean(URBANIZATION - last["value"])
    pace = rules.clean((value - first["value"]) / (last["year"] - first["year"])) if first["year"] < last["year"] else np.nan
    needed, met = rules.clean(gap / (END - last["year"])), gap <= ABOUT
    code = "reached" if met else "faster" if pace >= needed else "slower"
    return pd.DataFrame([{"start": first["year"], "start_value": first["value"], "year": last["year"], "value": value, "gap": gap,
                          "observed_pace": pace, "goal": URBANIZATION, "needed": needed, "reached": met, "code": code}])


def history(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return what was observed, year by year: series, year, value, method (`start`, `chain`, `official_average`).

    The doubling goals as index, 2020 = 100, by chaining the yearly rates without a gap from 2021 on; a value by the
    official average stands after the chain's of the same year.
    """
    seen, rows = used(observations, as_of), []
    for series, indicator in GROWTH.items():
        own = seen[seen["indicator"] == indicator]
        yearly = _unbroken(own)
        chain = 100 * np.cumprod([1, *(1 + yearly["value"] / 100)])
        rows += [(series, START + i, v, "chain" if i else "start") for i, v in enumerate(chain)]
        rows += [(series, r.year, 100 * (1 + r.value / 100) ** (r.year - START), "official_average")
                 for r in _averages(own).itertuples()]
    return pd.DataFrame(rows, columns=["series", "year", "value", "method"])


def starts(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Return the growth of GDP still needed by where the count begins: start, year, index, average, needed.

    start: `official_average`, where it is printed as 约 also the lowest and highest number it can stand for
    (`official_low`, `official_high`), `chain` of the yearly rates, and `from_start`, 2020 itself.
    """
    own = used(observations, as_of).query(f"indicator == '{GROWTH['gdp']}'")
    rows = [("from_start", START, np.nan)]
    if len(yearly := _unbroken(own)):
        rows.insert(0, ("chain", int(yearly["year"].iloc[-1]), _mean(yearly["value"])))
    for row in _averages(own).tail(1).to_dict("records"):
        half = rules.half_unit(f"{row['value']:g}") if row["qualifier"] == "about" else 0
        ends = [("official_low", row["year"], row["value"] - half), ("official_high", row["year"], row["value"] + half)]
        rows = [("official_average", row["year"], row["value"]), *(ends if half else []), *rows]
    frame = pd.DataFrame(rows, columns=["start", "year", "average"])
    index = 100 * (1 + frame["average"].fillna(0) / 100) ** (frame["year"] - START)
    return frame.assign(index=index, needed=rules.yearly_rate(index, DOUBLE, (END - frame["year"]).to_numpy()))


def grid(answers: pd.DataFrame, firsts: tuple = GRID, seconds: tuple = GRID) -> pd.DataFrame:
    """Return GDP in 2035 for each pair of rates: first, second, value (index), reached; from the state in `answers`."""
    gdp = _gdp(answers)
    frame = pd.DataFrame([(a, b) for a in firsts for b in seconds], columns=["first", "second"])
    value = gdp["index"] * grown(*periods(gdp["year"], END), frame["first"], frame["second"])
    return frame.assign(value=value, reached=rules.clean(value - DOUBLE) >= 0)


def frontier(answers: pd.DataFrame, firsts: tuple = GRID) -> pd.DataFrame:
    """Return the rate of 2031–2035 that just doubles GDP for each rate before: first, value_2030, second, code.

    second: ((200/value_2030)^(1/5) − 1)·100, nan where not plausible. code: `possible`, `doubled` (by 2030 already) or
    `implausible`.
    """
    gdp = _gdp(answers)
    frame = pd.DataFrame({"first": firsts})
    by_switch = gdp["index"] * grown(*periods(gdp["year"], SWITCH), frame["first"], 0.0)
    second = rules.yearly_rate(by_switch, DOUBLE, END - SWITCH)
    code = np.select([rules.clean(by_switch - DOUBLE) >= 0, second <= GROWTH_RANGE[1]], ["doubled", "possible"], "implausible")
    return frame.assign(value_2030=by_switch, second=np.where(code == "implausible", np.nan, second), code=code)


def per_head(observations: pd.DataFrame, as_of: int, growth_2026_2030: float, growth_2031_2035: float) -> pd.DataFrame:
    """Return GDP per head under different growth of the population, one row per growth rate.

    Columns: population_growth, observed (the years whose pace it is, or empty), first, second (growth per head, % a year),
    multiple (from the year before `since` to 2035), since, value (index, nan where years are missing), fill. The observed pace
    is that of year-end figures on the basis of the 2020 census.
    """
    seen = used(observations, as_of).query("indicator == 'population' and year > @START")
    rates = [(rate, "") for rate in POPULATION]
    if len(seen) > 1:
        first, last = seen.iloc[0], seen.iloc[-1]
        pace = float(rules.yearly_rate(first["value"], last["value"], last["year"] - first["year"]))
        rates.append((pace, f"{first['year']}–{last['year']}"))
    rows = []
    for rate, observed in sorted(rates):
        row = answers(observations, as_of, growth_2026_2030, growth_2031_2035, rate).set_index("series").loc["gdp_per_head"]
        each = per_head_rates(growth_2026_2030, growth_2031_2035, rate)
        multiple = (1 + row["assumed"] / 100) ** (END + 1 - row["since"])
        rows.append((rate, observed, *each, multiple, row["since"], row["value"], row["fill"]))
    return pd.DataFrame(rows, columns=["population_growth", "observed", "first", "second", "multiple", "since", "value", "fill"])


def per_head_rates(growth_2026_2030: float, growth_2031_2035: float, population_growth: float) -> tuple[float, float]:
    """Return growth per head in both periods, % a year: ((1+g)/(1+p)−1)·100."""
    first, second = (((1 + g / 100) / (1 + population_growth / 100) - 1) * 100 for g in (growth_2026_2030, growth_2031_2035))
    return first, second


def pace_to(value: float, year: int, goal: float) -> float:
    """Return the points a year from a share in a year to a goal in 2035."""
    return float(rules.clean((goal - value) / (END - year)))


def periods(year, until) -> tuple:
    """Return the years of growth from `year` to `until` at the first rate (to 2030) and at the second (from 2031 on)."""
    first = np.maximum(np.minimum(until, SWITCH) - np.minimum(year, SWITCH), 0)
    return first, until - year - first


def grown(first, second, growth_2026_2030, growth_2031_2035, population_growth=0.0):
    """Return the factor of so many years at each rate: (1+g₁)^first·(1+g₂)^second/(1+p)^(first+second)."""
    return ((1 + growth_2026_2030 / 100) ** first * (1 + growth_2031_2035 / 100) ** second
            / (1 + population_growth / 100) ** (first + second))


def _check(**rates: float) -> None:
    for name, value in rates.items():
        if not GROWTH_RANGE[0] <= value <= GROWTH_RANGE[1]:
            raise DataError(f"{name}={value} is not plausible; allowed: −20 to 20 % a year")


def _stand(rates: pd.DataFrame, as_of: int) -> dict:
    """One series known by then: year, index, method, known (factor of the years known), missing (years), reason."""
    average = _averages(rates).tail(1)
    until = int(average["year"].iloc[0]) if len(average) else START
    yearly = rates[(rates["start"] == rates["year"]) & (rates["year"] > until)]
    covered = [*range(START + 1, until + 1), *yearly["year"]]
    factor = float((1 + average["value"] / 100).prod() ** (until - START) * (1 + yearly["value"] / 100).prod())
    if covered and covered[-1] - START == len(covered):
        method = "chain" if len(yearly) or average.empty else "official_average"
        qualifier = average["qualifier"].iloc[0] if method == "official_average" else ""
        return {"year": covered[-1], "index": 100 * factor, "method": method, "qualifier": qualifier, "known": factor,
                "missing": (), "reason": ""}
    missing = tuple(y for y in range(START + 1, as_of + 1) if y not in covered)
    return {"year": 0, "index": np.nan, "method": "", "qualifier": "", "known": factor, "missing": missing,
            "reason": "missing_years"}


def _averages(rates: pd.DataFrame) -> pd.DataFrame:
    """Official averages that start in 2021."""
    return rates[(rates["start"] == START + 1) & (rates["year"] > rates["start"])]


def _unbroken(rates: pd.DataFrame) -> pd.DataFrame:
    """The yearly rates from 2021 on, up to the first gap."""
    yearly = rates[rates["start"] == rates["year"]]
    return yearly[(yearly["year"] == START + 1 + np.arange(len(yearly)))]


def _mean(rates: pd.Series) -> float:
    """The average growth of a chain, % a year."""
    return float(rules.yearly_rate(1.0, (1 + rates / 100).prod(), len(rates)))


def _gdp(answers: pd.DataFrame) -> pd.Series:
    """The row of GDP, which every page needs."""
    gdp = answers.set_index("series").loc["gdp"]
    if gdp["reason"]:
        raise DataError(f"growth of GDP is missing for {', '.join(map(str, gdp['missing']))}: no road can be drawn without it")
    return gdp


def _plausible(rate: float) -> float:
    return float(rate) if GROWTH_RANGE[0] <= rate <= GROWTH_RANGE[1] else np.nan


def _doubled(index: float, year: int, first: float, second: float, population: float) -> int:
    """The year in which the index comes to 200, the second rate going on beyond 2035; 0 beyond 2050."""
    ahead = np.arange(year, LATEST + 1)
    there = rules.clean(index * grown(*periods(year, ahead), first, second, population) - DOUBLE) >= 0
    return int(ahead[there][0]) if there.any() else 0


def _path(series: str, years: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    kinds = ["observed"] + ["scenario"] * (len(years) - 1)
    return pd.DataFrame({"series": series, "year": years, "value": values, "kind": kinds})


def _urban_path(observations: pd.DataFrame, as_of: int, goal: float) -> pd.DataFrame:
    """From the last share known to the goal, straight."""
    seen = used(observations, as_of).query("indicator == 'urbanization_rate' and year > @START")
    if seen.empty:
        return pd.DataFrame(columns=["series", "year", "value", "kind"])
    ahead = np.arange(seen["year"].iloc[-1], END + 1)
    return _path("urbanization", ahead, np.linspace(seen["value"].iloc[-1], goal, len(ahead))).assign(first=np.nan, second=np.nan)
