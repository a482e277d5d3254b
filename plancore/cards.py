"""What a report tells programs of each row, inside its page: a card for the front page, results for the record of changes."""

from __future__ import annotations

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
    """The judgement of each row of `gaps.measure` or `gaps.completion`, for programs; the page itself does not show it.

    A goal of the text that only repeats a row of the table is left out.

    plan, row, indicator, attribute, as_of, code (the verdict, or else the status), value, period (the last one), needed (the
    pace required), reason.
    """
    rows = [{"plan": r["plan"], "row": r["row"], "indicator": r["indicator"], "attribute": r["attribute"], "as_of": int(as_of),
             "code": r["verdict"] or r.get("status", ""), "value": _number(r.get("value", r.get("outcome"))),
             "period": _period(r.get("last_period")), "needed": _number(r.get("required_pace")), "reason": r["reason"]}
            for r in result[~result["row"].isin(targets.loc[targets["same_as"] != "", "row"])].to_dict("records")]
    return HTML(f'<script type="application/json" class="results">{figures.script_json(rows)}</script>')


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
