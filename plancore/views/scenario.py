"""The road to 2035 in sentences and tables."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import load, wording
from plancore.views import page, records, table
from plancore.wording import scenario
from plancore.wording.scenario import FAMILY, SIGNS, rate


@wording.localized
def note(answers: pd.DataFrame, as_of: int, lang: str) -> str:
    """The assumed parameters, for the title."""
    return wording.text("road_note", lang, as_of=as_of, **scenario.rates(answers))


@wording.localized
def headline(answers: pd.DataFrame, urban: pd.DataFrame, lang: str) -> HTML:
    """Whether each goal is reached, by how much, what is still needed; a tile per goal. `scenario.answers`, `scenario.urban`."""
    rows, towns = answers.to_dict("records"), urban.to_dict("records")
    more = [scenario.gap(r, lang) for r in rows if r["reason"]] + [scenario.urban(r, lang) for r in towns]
    tiles = [_tile(r, lang) for r in rows] + [_urban_tile(r, lang) for r in towns]
    return HTML(f'<p class="answer">{escape(scenario.outcome(answers, lang))}</p>{table.tiles(tiles)}'
                f'<p>{escape(("" if lang == "zh" else " ").join(more))}</p>'
                f'<p class="lead">{wording.text("road_no_forecast", lang)}</p>')


@page.part("road_goals")
def standing(answers: pd.DataFrame, urban: pd.DataFrame, goals: pd.DataFrame, lang: str) -> gt.GT:
    """The four goals: printed goal with its lines, latest figure, pace so far, needed and assumed, and the result."""
    lines = goals.set_index("series")["lines"].str.split("-").map(lambda ends: "–".join(dict.fromkeys(ends)))
    cells = [_stand(r, lang) | {"lines": lines[r["series"]]} for r in answers.to_dict("records")]
    cells += [_urban_stand(r, lang) | {"lines": lines["urbanization"]} for r in urban.to_dict("records")]
    labels = {"target": wording.text("target", lang, year=2035), "lines": wording.text("road_lines", lang)}
    return table.table(pd.DataFrame(cells), lang, labels, raw=["road_latest", "road_assumed", "road_under"],
                        right=["observed_pace", "required_pace", "road_assumed", "road_end", "margin"])


@page.part("road_table")
def combinations(grid: pd.DataFrame, line: pd.DataFrame, answers: pd.DataFrame, lang: str) -> gt.GT:
    """The grid as a table with marks, and the second rate that just doubles GDP after each first; `line`: `scenario.frontier`."""
    families = grid["reached"].map({True: FAMILY["reached"], False: FAMILY["not_reached"]})
    cells = grid.assign(cell=[f'<span class="s-{family}">{scenario.cell(r)}</span>'
                              for family, r in zip(families, grid.to_dict("records"))])
    frame = cells.pivot(index="first", columns="second", values="cell").rename(columns="{:g}%".format)
    seconds = list(frame)
    frame = frame.reset_index().merge(line, on="first")
    frame = frame.assign(first=frame["first"].map("{:g}%".format), road_even_second=[
        wording.text("road_" + r["code"], lang, x=rate(r["second"])) for r in frame.to_dict("records")])
    labels = {c: c for c in seconds} | {"first": wording.text("road_corner", lang, **scenario.rates(answers))}
    shown = [*seconds, "road_even_second"]
    return table.table(frame[["first", *shown]], lang, labels, raw=seconds, right=shown)


@page.part("road_starts")
def starts(frame: pd.DataFrame, lang: str) -> gt.GT:
    """The growth of GDP still needed by where the count begins; `scenario.starts`."""
    return table.table(pd.DataFrame({
        "road_start": [wording.text("road_start_" + s, lang) for s in frame["start"]], "road_until": frame["year"].astype(str),
        "road_average": frame["average"].map(rate), "road_index": frame["index"].map(scenario.index),
        "road_needed": frame["needed"].map(rate)}), lang, right=["road_average", "road_index", "road_needed"])


@page.part("road_heads")
def per_head(frame: pd.DataFrame, lang: str) -> gt.GT:
    """GDP per head under different growth of the population; `scenario.per_head`. Columns without any figure are left out."""
    shown = pd.DataFrame({
        "road_population": [wording.text("road_population_seen", lang, x=rate(r["population_growth"]), years=r["observed"])
                            if r["observed"] else wording.number(r["population_growth"]) for r in frame.to_dict("records")],
        "road_head_first": frame["first"].map(rate), "road_head_second": frame["second"].map(rate),
        "road_multiple": frame["multiple"].map(rate)})
    more = {"road_index": frame["value"].map(scenario.index), "road_fill": frame["fill"].map(rate)}
    shown = shown.assign(**{k: v for k, v in more.items() if (v != "—").any()})
    since = int(frame["since"].iloc[0])
    labels = {k: wording.text(k, lang, since=since, year=since - 1) for k in ("road_head_first", "road_multiple")}
    return table.table(shown, lang, labels, right=list(shown)[1:])


@page.part("road_working")
def working(answers: pd.DataFrame, urban: pd.DataFrame, used: pd.DataFrame, chosen: pd.DataFrame, lang: str) -> gt.GT:
    """Every number of the headline with its formula; `chosen`: `scenario.frontier` of the page's own first rate."""
    rows = answers.to_dict("records")
    gdp, own = rows[0], chosen.iloc[0]
    steps = [("road_step_even", {}, f"2^(1÷15)−1 = {rate(gdp['needed_from_start'])}%")]
    for row in rows:
        growth = used[used["indicator"] == row["series"] + "_growth"]
        steps += _gap_steps(row, growth, lang) if row["reason"] else _steps(row, growth, lang)
    steps.append(("road_step_assumed", {}, f"({_ahead(gdp)})^(1÷{2036 - gdp['since']})−1 = {rate(gdp['assumed'])}%"))
    if own["code"] == "possible":
        steps.append(("road_step_second", {}, f"(200÷{rate(own['value_2030'])})^(1÷5)−1 = {rate(own['second'])}%"))
    steps += [step for row in urban.to_dict("records") for step in _urban_steps(row)]
    frame = pd.DataFrame({"indicator": [wording.text(k, lang, **v) for k, v, _ in steps], "steps": [s for *_, s in steps]})
    return table.table(frame, lang, {"indicator": wording.text("road_step", lang)})


@page.part("road_used")
def observed(used: pd.DataFrame, lang: str) -> gt.GT:
    """The observations behind the page, each linked to its source."""
    rows = used.merge(load.indicators()[["indicator", "name_zh", "name_en", "unit_en"]], on="indicator", validate="m:1").merge(
        load.sources()[["source", "title"]], on="source", how="left")
    records = rows.to_dict("records")
    return table.table(pd.DataFrame({
        "indicator": rows[f"name_{lang}"], "period": rows["period"].str.replace("-", "–"),
        "value": [wording.qualified(r["value"], r["qualifier"]) for r in records], "unit": rows[f"unit_{lang}"],
        "status": [wording.text(r["status"], lang) for r in records],
        "figure_from": [f'<a href="#src-{r["source"]}">{escape(r["title"])}</a> '
                        f'<small>{wording.text("grade", lang)} {r["grade"]}</small>' for r in records]}),
        lang, raw=["figure_from"], right=["value"])


def results(answers: pd.DataFrame, urban: pd.DataFrame, plan: str, as_of: int) -> HTML:
    """Whether each goal for 2035 is reached, of `scenario.answers` and `scenario.urban`, as `records.results`."""
    goals = [r | {"code": r["reason"] or "road_" + r["code"], "pace": "percent", "indicator": r["series"] + "_growth",
                  "value": r["index"], "unit_zh": ""} for r in answers.to_dict("records")]
    goals += [r | {"code": "road_" + r["code"], "pace": "unit", "indicator": "urbanization_rate", "series": "urbanization",
                   "unit_zh": "%", "reason": ""} for r in urban.to_dict("records")]
    return records.results([r | {"plan": plan, "row": f"{r['series']}_2035", "attribute": "expected", "unit_en": r["unit_zh"],
                                 "period": r["year"] or None} for r in goals], "road_to_2035", as_of)


def _word(row: dict, lang: str) -> str:
    """A result as its sign and word; where there is none, the years that are missing."""
    if row["code"] == "missing_years":
        return f"{SIGNS['missing_years']} {scenario.lacking(row, lang)}"
    met = row["code"] == "reached" and "series" not in row  # the doubling and 80 % 左右 are reached in other words
    return f"{SIGNS['reached']} {wording.text('road_about_reached', lang)}" if met else scenario.result(row["code"], lang)


def _tile(row: dict, lang: str) -> str:
    name = scenario.name(row["series"], lang)
    if row["reason"]:
        return _tiled(row, "—", name, lang)
    below = wording.text("road_tile_index", lang, name=name, needed=rate(row["needed"]))
    return _tiled(row, scenario.index(row["value"]), below, lang)


def _urban_tile(row: dict, lang: str) -> str:
    key = "road_tile_urban_met" if row["reached"] else "road_tile_urban"
    below = wording.text(key, lang, name=scenario.name("urbanization", lang), year=row["year"], needed=rate(row["needed"]))
    return _tiled(row, wording.number(row["value"]), below, lang)


def _tiled(row: dict, figure: str, below: str, lang: str) -> str:
    return table.tile(figure, _word(row, lang), below, FAMILY[row["code"]])


def _chip(row: dict, lang: str) -> str:
    return f'<span class="chip s-{FAMILY[row["code"]]}">{escape(_word(row, lang))}</span>'


def _whole(phrase: str) -> str:
    """A short phrase that is not broken over lines."""
    return f'<span style="white-space:nowrap">{escape(phrase)}</span>'


def _stand(row: dict, lang: str) -> dict:
    """One doubling goal as cells of the table."""
    named = {"indicator": scenario.name(row["series"], lang),
             "target": wording.text("road_goal_double", lang, x=wording.number(row["goal"]))}
    if row["reason"]:
        none = dict.fromkeys(("observed_pace", "required_pace", "road_assumed", "road_end", "margin"), "—")
        lacking = {"road_latest": _whole(scenario.lacking(row, lang))}
        return named | lacking | none | {"road_under": table.chip("not_assessable", lang)}
    paces = {"observed_pace": scenario.average(row), "required_pace": rate(row["needed"]), "road_assumed": rate(row["assumed"])}
    paces = {k: wording.text("percent_a_year", lang, x=v) for k, v in paces.items()}
    return named | {
        "road_latest": _whole(wording.text("road_index_in", lang, year=row["year"], x=scenario.index(row["index"]))),
        **paces, "road_assumed": _whole(paces["road_assumed"]), "road_end": scenario.index(row["value"]),
        "margin": wording.number(round(row["margin"], 1), signed=True), "road_under": _chip(row, lang)}


def _urban_stand(row: dict, lang: str) -> dict:
    """Urbanization as cells of the table: nothing is assumed about it."""
    pace = {k: "—" if pd.isna(row[k]) else wording.text(
        "road_points_a_year", lang, x=wording.number(round(row[k], 2), signed=True)) for k in ("observed_pace", "needed")}
    return {
        "indicator": scenario.name("urbanization", lang),
        "target": wording.text("road_goal_about", lang, x=wording.number(row["goal"])),
        "road_latest": _whole(wording.text("road_share_in", lang, year=row["year"], x=wording.number(row["value"]))),
        "observed_pace": pace["observed_pace"], "required_pace": "—" if row["reached"] else pace["needed"],
        "road_assumed": "—", "road_end": "—", "margin": "—", "road_under": _chip(row, lang)}


def _ahead(row: dict) -> str:
    """The factor of the years ahead at the assumed rates: 1.05^5×1.045^5."""
    first = max(2030 - row["since"] + 1, 0)
    each = [(row["growth_2026_2030"], first), (row["growth_2031_2035"], 2035 - row["since"] + 1 - first)]
    return "×".join(f"{_factor(g)}^{n}" for g, n in each if n)


def _factor(growth: float) -> str:
    return f"{1 + growth / 100:.6g}"


def _steps(row: dict, growth: pd.DataFrame, lang: str) -> list[tuple]:
    """The formulas of a goal with an index: key of the step, what fills it in, the formula with its numbers."""
    yearly, named = growth.loc[growth["start"] == growth["year"], "value"], {"name": scenario.name(row["series"], lang)}
    chained, reached = "×".join(yearly.map(_factor)), rate(row["index"])
    official = row["method"] == "official_average"
    formula = f"{_factor(row['average'])}^{row['year'] - 2020}" if official else chained
    method = wording.text("road_method_" + row["method"], lang)
    product = f"100×{chained} = {rate(100 * (1 + yearly / 100).prod())}"
    beside = [("road_step_chain", named, product)] if official and chained else []
    return [("road_step_index", named | {"year": row["year"], "method": method}, f"100×{formula} = {reached}"), *beside,
            ("road_step_needed", named, f"(200÷{reached})^(1÷{2036 - row['since']})−1 = {rate(row['needed'])}%"),
            ("road_step_end", named, f"{reached}×{_ahead(row)} = {rate(row['value'])}")]


def _gap_steps(row: dict, growth: pd.DataFrame, lang: str) -> list[tuple]:
    """The formula of what the missing years would have to bring."""
    if pd.isna(row["fill"]):
        return []
    chained = "×".join(growth.loc[growth["start"] == growth["year"], "value"].map(_factor))
    known = f"÷({chained})" if chained else ""
    formula = f"(2{known}÷({_ahead(row)}))^(1÷{len(row['missing'])})−1 = {rate(row['fill'])}%"
    return [("road_step_fill", {"name": scenario.name(row["series"], lang)}, formula)]


def _urban_steps(row: dict) -> list[tuple]:
    n = wording.number
    steps = [("road_step_urban", {}, f"({n(row['goal'])}−{n(row['value'])})÷(2035−{row['year']}) = {n(row['needed'])}")]
    if pd.isna(row["observed_pace"]):
        return steps
    formula = f"({n(row['value'])}−{n(row['start_value'])})÷({row['year']}−{row['start']}) = {n(row['observed_pace'])}"
    return [*steps, ("road_step_pace", {}, formula)]
