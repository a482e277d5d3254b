"""What a report tells programs of each row, inside its page: a card for the front page, results for the record of changes."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from IPython.display import HTML

from plancore import figures, layout, wording


def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, lang: str, at: str = "") -> HTML:
    """A card for each row of `gaps.measure`, with the curve of its `trajectories.series`."""
    rows = layout.named_rows(result, targets).to_dict("records")
    return _cards([_card(r, r["verdict"] or r["status"], wording.qualified(r["value"], r["qualifier"]), r["last_period"],
                         _points(series, r), lang, at) for r in rows])


def outcomes(result: pd.DataFrame, targets: pd.DataFrame, lang: str, at: str = "row-{row}") -> HTML:
    """A card for each row of `gaps.completion`, with a line from baseline to outcome."""
    rows = layout.named_rows(result, targets).to_dict("records")
    return _cards([_card(r, r["verdict"], wording.number(r["outcome"]), r["target_year"],
                         [(r["baseline_year"], r["baseline_value"]), (r["target_year"], r["outcome"])] if r["form"] == "level" else [],
                         lang, at) for r in rows])


def results(result: pd.DataFrame, targets: pd.DataFrame, as_of: int) -> HTML:
    """The judgement of each row of `gaps.measure` or `gaps.completion`, see `_results`: the verdict, or else the status.

    A goal of the text that only repeats a row of the table is left out.
    """
    own = result[~result["row"].isin(targets.loc[targets["same_as"] != "", "row"])]
    rows = own.merge(targets[["row", "unit_zh", "unit_en"]], on="row", how="left", validate="1:1")
    return _results([r | {
        "code": r["verdict"] or r.get("status", ""), "value": r.get("value", r.get("outcome")), "period": r.get("last_period"),
        "needed": r.get("required_pace"), "pace": r.get("pace_unit", "")} for r in rows.to_dict("records")], "", as_of)


def doublings(answers: pd.DataFrame, urban: pd.DataFrame, plan: str, as_of: int) -> HTML:
    """Whether each goal for 2035 is reached, of `scenario.answers` and `scenario.urban`; see `_results`."""
    goals = [r | {"code": r["reason"] or "road_" + r["code"], "pace": "percent", "indicator": r["series"] + "_growth",
                  "value": r["index"], "unit_zh": ""} for r in answers.to_dict("records")]
    goals += [r | {"code": "road_" + r["code"], "pace": "unit", "indicator": "urbanization_rate", "series": "urbanization",
                   "unit_zh": "%", "reason": ""} for r in urban.to_dict("records")]
    return _results([r | {"plan": plan, "row": f"{r['series']}_2035", "attribute": "expected", "unit_en": r["unit_zh"],
                          "period": r["year"] or None} for r in goals], "road_to_2035", as_of)


def findings(found: pd.DataFrame, targets: pd.DataFrame) -> HTML:
    """What each check of `audit.plan` found, with the figure computed; see `_results`."""
    named = found.merge(targets[["row", "indicator", "attribute", "unit_en"]], on="row", how="left", validate="m:1")
    rows = named.fillna({"indicator": "", "attribute": "expected", "unit_en": ""}).to_dict("records")
    return _results([r | {"code": "v_" + r["verdict"], "value": r["computed"], "reason": r["why"]} for r in rows],
                    lambda r: "check_" + r["check"], targets["target_year"].max())


def concerns(found: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> HTML:
    """How what is asked of each indicator changed from a plan to the next, of `bridge.compare`; see `_results`."""
    plans = {"to": after, "from": before}
    return _results([{
        "plan": plans[end]["plan"].iloc[0], "row": r[f"row_{end}"], "indicator": r[f"indicator_{end}"], "attribute": r["attribute"],
        "code": "rel_" + r["relation"], "value": r["ask_ratio"], "reason": r["reason"]}
        for r in found.to_dict("records") for end in ["to" if r["row_to"] else "from"]],
        "plan_bridge", after["target_year"].max())


def _results(rows: list[dict], what: str | Callable[[dict], str], as_of: int) -> HTML:
    """What a page answers, for programs; the page itself does not show it. One record an answer:

    plan, row, what (which question: empty for how a row stands, else a key of the glossary), part (0, 1 … of several answers
    to one question), indicator, attribute, as_of, code, value (in unit_zh, unit_en), period (the last one), needed (the
    pace required, in `pace`: `percent` or `unit` a year), reason.
    """
    asked = [(r["plan"], r["row"], what(r) if callable(what) else what) for r in rows]
    said = [{"plan": key[0], "row": key[1], "what": key[2], "part": asked[:i].count(key), "indicator": r["indicator"],
             "attribute": r["attribute"], "as_of": int(as_of), "code": r["code"], "value": _number(r.get("value")),
             "unit_zh": r.get("unit_zh", ""), "unit_en": r.get("unit_en", ""), "period": _period(r.get("period")),
             "needed": _number(r.get("needed")), "pace": r.get("pace", ""), "reason": r["reason"]}
            for i, (key, r) in enumerate(zip(asked, rows))]
    return HTML(f'<script type="application/json" class="results">{figures.script_json(said)}</script>')


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 10)


def _period(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(int(value)) if isinstance(value, float) else str(value)


def _card(row: dict, code: str, value: str, year: float, points: list[tuple[int, float]], lang: str, at: str) -> dict:
    goal = (row["target_year"], row["target_value"]) if row["form"] != "assigned" else None
    return {"plan": row["plan"], "row": row["row"], "indicator": row["indicator"], "category": row["category"],
            "attribute": row["attribute"], "code": code, "name": row[f"name_{lang}"], "other_name": row["name_en" if lang == "zh" else "name_zh"],
            "value": value, "year": "" if pd.isna(year) else int(year), "target": wording.target(row, lang, row[f"unit_{lang}"]),
            "spark": figures.sparkline([p for p in points if not pd.isna(p[1])], goal), "at": at.format(**row)}


def _points(series: pd.DataFrame, row: dict) -> list[tuple[int, float]]:
    mine = series[(series["plan"] == row["plan"]) & (series["row"] == row["row"]) & series["series"].isin(["baseline", "observed"])]
    return list(mine.sort_values("year")[["year", "value"]].itertuples(index=False, name=None))


def _cards(cards: list[dict]) -> HTML:
    return HTML(f'<script type="application/json" class="cards">{figures.script_json(cards)}</script>')
