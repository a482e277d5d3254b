"""What a page says to programs, as JSON that the page does not show: its results, and a card for each row of the front page."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from IPython.display import HTML

from plancore import gaps, markup, wording
from plancore.charts import figure


def results(rows: list[dict], question: str | Callable[[dict], str], as_of: int) -> HTML:
    """One record an answer:

    plan, row, what (which question: empty for how a row stands, else a key of the glossary), part (0, 1 … of several answers
    to one question), indicator, attribute, as_of, code, value (in unit_zh, unit_en), period (the last one), needed (the
    pace required, in `pace`: `percent` or `unit` a year), reason.

    `rows` have these columns but `what` and `part`; of value, unit_zh, unit_en, period, needed and pace those there are.
    """
    keys = [(r["plan"], r["row"], question(r) if callable(question) else question) for r in rows]
    records = [{"plan": key[0], "row": key[1], "what": key[2], "part": keys[:i].count(key), "indicator": r["indicator"],
                "attribute": r["attribute"], "as_of": int(as_of), "code": r["code"], "value": _number(r.get("value")),
                "unit_zh": r.get("unit_zh", ""), "unit_en": r.get("unit_en", ""), "period": _period(r.get("period")),
                "needed": _number(r.get("needed")), "pace": r.get("pace", ""), "reason": r["reason"]}
               for i, (key, r) in enumerate(zip(keys, rows))]
    return HTML(f'<script type="application/json" class="results">{markup.script_json(records)}</script>')


@wording.localized
def cards(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, anchor: str = "", *, lang: str) -> HTML:
    """A card for each row of `gaps.measure`, with the curve of its `trajectories.series`; `anchor`: its place on the page."""
    rows = gaps.named_rows(result, targets).to_dict("records")
    return _cards([_card(r, r["verdict"] or r["status"], wording.qualified(r["value"], r["qualifier"]), r["last_period"],
                         _points(series, r), lang, anchor) for r in rows])


@wording.localized
def outcome_cards(result: pd.DataFrame, targets: pd.DataFrame, anchor: str = "row-{row}", *, lang: str) -> HTML:
    """A card for each row of `gaps.completion`, with a line from baseline to outcome; `anchor`: its place on the page."""
    rows = gaps.named_rows(result, targets).to_dict("records")
    points = [[(r["baseline_year"], r["baseline_value"]), (r["target_year"], r["outcome"])] if r["form"] == "level" else []
              for r in rows]
    return _cards([_card(r, r["verdict"], wording.number(r["outcome"]), r["target_year"], line, lang, anchor)
                   for r, line in zip(rows, points)])


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 10)


def _period(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(int(value)) if isinstance(value, float) else str(value)


def _card(row: dict, code: str, value: str, year: float, points: list[tuple[int, float]], lang: str, anchor: str) -> dict:
    goal = (row["target_year"], row["target_value"]) if row["form"] not in ("assigned", "relative") else None
    return {"plan": row["plan"], "row": row["row"], "indicator": row["indicator"], "category": row["category"],
            "attribute": row["attribute"], "code": code, "name": row[f"name_{lang}"],
            "other_name": row["name_en" if lang == "zh" else "name_zh"],
            "value": value, "year": "" if pd.isna(year) else int(year), "target": wording.target(row, lang, row[f"unit_{lang}"]),
            "spark": figure.sparkline([p for p in points if not pd.isna(p[1])], goal), "at": anchor.format(**row)}


def _points(series: pd.DataFrame, row: dict) -> list[tuple[int, float]]:
    drawn = series["series"].isin(["baseline", "observed"])
    mine = series[(series["plan"] == row["plan"]) & (series["row"] == row["row"]) & drawn]
    return list(mine.sort_values("year")[["year", "value"]].itertuples(index=False, name=None))


def _cards(cards: list[dict]) -> HTML:
    return HTML(f'<script type="application/json" class="cards">{markup.script_json(cards)}</script>')
