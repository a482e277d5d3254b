"""Checks of the plan's text and commitments: against its table, and against each other."""

from __future__ import annotations

import pandas as pd

from plancore.audit.findings import VALUES, about_plan, all_printed, finding, own_levels, printed, row_of, spans, years
from plancore.measures import rules
from plancore.measures.intervals import equal, recompute

LEVEL_OF = {"gdp_growth": "gdp", "income_growth": "income", "labour_productivity_growth": "labour_productivity"}
"""Indicators of growth, and of the level of the same quantity."""

IN_STEP = {"zj14": (("25", "1", "523-523"),)}
"""Rows whose growth the text ties to another row's (居民人均收入增长与经济增长基本同步), and its lines."""

PARTS = (
    (("digital_core_share",), "digital_economy_share", True),
    (("online_retail_sales",), "retail_sales", False),
    (("box3_national_programme_talents", "box3_national_young_talents"), "box3_leading_talents", True),
    (("box8_high_level_service_zones",), "box8_service_zones", True),
)
"""Indicators or commitments that may not exceed another; False where it is not said that they are part of it (其中)."""

_FIELDS = ("science", "industry", "transport", "ecology", "social")
SUMS = {"zj14": tuple((f"box10_{what}", tuple(f"box10_{field}_{what}" for field in _FIELDS))
                      for what in ("projects", "investment"))}
"""Commitments that add up: the total and its parts."""

INFLOWS = {"zj14": (("talent_stock", ("box3_university_students", "box3_skilled_workers")),)}
"""Indicators of a stock, and the commitments that flow into it."""

_STRICTNESS = {"about": 0, "equal": 1, "at_least": 1, "at_most": 1, "more_than": 2, "less_than": 2}
_BETTER = {"at_least": "higher", "more_than": "higher", "at_most": "lower", "less_than": "lower"}
"""How strict a bound is, and which side of it counts as reaching it."""


def text_against_table(rows: list[dict]) -> list[dict]:
    """Figure and bound of a goal in the text against the table row it repeats (`same_as`)."""
    table = {r["row"]: r for r in rows}
    return [finding(row, "text_against_table", *_repeated(row["target_value"], row["bound"], row["unit_zh"], other),
                    cell=row["target_printed"], column="target", printed=row["target_value"],
                    computed=other["target_value"], lines=spans(row["lines"], other["lines"]))
            for row in rows if (other := table.get(row["same_as"]))]


def commitments_against_text(rows: list[dict], commitments: dict[str, dict]) -> list[dict]:
    """Commitments `goal_…` against the target of the same indicator and year, of the text before the table."""
    found = []
    for key, commitment in commitments.items():
        row = _goal(rows, key.removeprefix("goal_")) if key.startswith("goal_") else None
        if row and row["target_year"] == commitment["target_year"]:
            found.append(finding(row, "commitments_against_text",
                                 *_repeated(commitment["value"], commitment["bound"], commitment["unit_zh"], row), cell=key,
                                 printed=commitment["value"], computed=row["target_value"], unit_zh=commitment["unit_zh"],
                                 lines=spans(commitment["lines"], row["lines"])))
    return found


def growth_against_level(rows: list[dict]) -> list[dict]:
    """A level in the text, exactly, against what the table's growth target makes of its baseline: y0·(1+g*)^n."""
    found = []
    for growth in rows:
        rate, row = printed(growth, "change"), row_of(rows, LEVEL_OF.get(growth["indicator"]))
        levels = row and all_printed(row, "target", "baseline")
        if growth["form"] != "average_growth" or not rate or not levels:
            continue
        grown = recompute([rate, levels[1]], lambda g, y0: y0 * (1 + g / 100) ** years(row))
        reached, within = (bool(rules.meets(grown[y], levels[0][1], row["bound"], row["better"], row["tolerance"]))
                           for y in ("computed", "low" if row["better"] == "lower" else "high"))
        verdict = (("agrees", "level_reached") if reached else ("explained", "rounding") if within
                   else ("differs", "growth_short_of_level"))
        found.append(finding(row, "growth_against_level", *verdict, cell=levels[0][0], column="target",
                             printed=levels[0][1], **grown, lines=spans(row["lines"], growth["lines"])))
    return found


def growth_beside_productivity(rows: list[dict]) -> list[dict]:
    """Growth of productivity beside growth of GDP to its level in the text; the gap is the growth of employment."""
    row, total = row_of(rows, "labour_productivity_growth"), row_of(rows, "gdp")
    rate, levels = row and printed(row, "change"), total and all_printed(total, "target", "baseline")
    if not rate or not levels:
        return []
    growth = recompute(levels, lambda y, y0: rules.yearly_rate(y0, y, years(total)))
    return [finding(row, "growth_beside_productivity", "cannot_tell", "employment_not_printed", cell=rate[0],
                    column="change", printed=rate[1], **growth, lines=spans(row["lines"], total["lines"]))]


def per_head(rows: list[dict]) -> list[dict]:
    """The people a total and its figure per head imply: GDP in 亿元 ÷ GDP per head in 元, in 万人."""
    total, row = row_of(rows, "gdp"), row_of(rows, "gdp_per_head")
    cells = [r and printed(r, "target") for r in (total, row)]
    if not all(cells):
        return []
    return [finding(row, "per_head", "cannot_tell", "population_not_printed", cell=row["target_printed"],
                    column="target", **recompute(cells, lambda gdp, head: gdp * 1e4 / head), unit_zh="万人",
                    lines=spans(total["lines"], row["lines"]))]


def share_of_gdp(rows: list[dict]) -> list[dict]:
    """The share of GDP that a value added at constant prices implies, GDP growing at its target: y/(GDP0·(1+g*)^n)."""
    growth, total = row_of(rows, "gdp_growth"), row_of(rows, "gdp")
    rate, base = growth and printed(growth, "change"), total and printed(total, "baseline")
    if not rate or not base:
        return []
    found = []
    for row in own_levels(rows):
        levels = all_printed(row, "target", "baseline")
        if levels and row["price_basis"].startswith("constant") and row["unit_zh"] == total["unit_zh"]:
            share = recompute([levels[0], base, rate], lambda y, y0, g: 100 * y / (y0 * (1 + g / 100) ** years(row)))
            found.append(finding(row, "share_of_gdp", "cannot_tell", "share_not_printed", cell=levels[0][0],
                                 column="target", printed=100 * levels[1][1] / base[1], **share, unit_zh="%",
                                 lines=spans(row["lines"], total["lines"], growth["lines"])))
    return found


def in_step(rows: list[dict]) -> list[dict]:
    """Growth targets the text ties to each other (IN_STEP)."""
    table, found = {r["row"]: r for r in rows}, []
    for number, tied_to, lines in IN_STEP.get(rows[0]["plan"], ()):
        row, other = table.get(number), table.get(tied_to)
        if row and other:
            found.append(finding(row, "in_step", *equal(other["target_value"], row["target_value"], "not_in_step"),
                                 cell=row["change_printed"], column="change", printed=row["target_value"],
                                 computed=other["target_value"], lines=spans(row["lines"], other["lines"], lines)))
    return found


def part_of_whole(rows: list[dict], commitments: dict[str, dict]) -> list[dict]:
    """Parts against the whole they may not exceed, in every column that prints both, and among the commitments."""
    figures = {c: {r["indicator"]: dict(r, id=r["row"], value=r[VALUES[c]]) for r in rows
                   if not r["same_as"] and not pd.isna(r[VALUES[c]])} for c in ("baseline", "target", "actual")}
    figures[""] = commitments
    found = []
    for column, seen in figures.items():
        for keys, key, of_which in PARTS:
            if not all(k in seen for k in (*keys, key)):
                continue
            parts, whole = [seen[k] for k in keys], seen[key]
            total = sum(p["value"] for p in parts)
            verdict = (("agrees", "part_within_whole") if rules.clean(total) <= rules.clean(whole["value"])
                       else ("differs", "part_above_whole") if of_which else ("cannot_tell", "scope_may_differ"))
            found.append(about_plan(rows, "part_of_whole", *verdict, row=parts[0]["id"], column=column, printed=total,
                                    computed=whole["value"], unit_zh=whole["unit_zh"],
                                    lines=spans(*(f["lines"] for f in (*parts, whole)))))
    return found


def sums(rows: list[dict], commitments: dict[str, dict]) -> list[dict]:
    """Totals among the commitments against the sum of their parts; a total that is a bound has to be reached."""
    found = []
    for key, parts in SUMS.get(rows[0]["plan"], ()):
        total, seen = commitments.get(key), [commitments[p] for p in parts if p in commitments]
        working = dict(printed=total["value"], unit_zh=total["unit_zh"]) if total else {}
        if not total or len(seen) < len(parts):
            verdict = "cannot_tell", "parts_missing"
        elif {p["unit_zh"] for p in seen} != {total["unit_zh"]}:
            verdict = "cannot_tell", "units_unlike"
        else:
            added = working["computed"] = sum(p["value"] for p in seen)
            verdict, better = equal(added, total["value"], "sum_differs"), _BETTER.get(total["bound"])
            if verdict[0] == "differs" and better and rules.meets(added, total["value"], total["bound"], better, 0.0):
                verdict = "agrees", "sum_reaches"
        found.append(about_plan(rows, "sums", *verdict, row=key, **working,
                                lines=spans(*(p["lines"] for p in (total, *seen) if p))))
    return found


def inflow_beside_stock(rows: list[dict], commitments: dict[str, dict]) -> list[dict]:
    """Planned inflows that exceed the planned change of the stock they flow into."""
    found = []
    for indicator, keys in INFLOWS.get(rows[0]["plan"], ()):
        row, flows = row_of(rows, indicator), [commitments[k] for k in keys if k in commitments]
        if not row or len(flows) < len(keys) or {f["unit_zh"] for f in flows} != {row["unit_zh"]}:
            continue
        change, inflow = row["target_value"] - row["baseline_value"], sum(f["value"] for f in flows)
        if inflow > change:
            found.append(finding(row, "inflow_beside_stock", "cannot_tell", "gross_beside_net", printed=change,
                                 computed=inflow, cell=row["target_printed"], column="target",
                                 lines=spans(row["lines"], *(f["lines"] for f in flows))))
    return found


def _goal(rows: list[dict], name: str) -> dict | None:
    """The target a goal names by its indicator or the first words of it, one of the text before one of the table."""
    exact = [r for r in rows if r["indicator"] == name]
    fitting = exact or [r for r in rows if r["indicator"].startswith(name + "_")]
    return max(fitting, key=lambda r: r["kind"] == "text") if len({r["indicator"] for r in fitting}) == 1 else None


def _repeated(value: float, bound: str, unit: str, row: dict) -> tuple[str, str]:
    """Verdict and why for a target that is printed a second time: figure first, then how strict its bound is."""
    if unit != row["unit_zh"]:
        return "cannot_tell", "units_unlike"
    if rules.clean(value) != rules.clean(row["target_value"]):
        return "differs", "figure_differs"
    stricter = _STRICTNESS[bound] - _STRICTNESS[row["bound"]]
    if stricter:
        return "differs", "stricter_in_text" if stricter > 0 else "looser_in_text"
    return "agrees", "same_figure"
