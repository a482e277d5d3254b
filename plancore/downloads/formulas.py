"""The arithmetic of `gaps` as formulas of a spreadsheet, by form and path."""

from __future__ import annotations

import numpy as np

from plancore.downloads import workbook

_COMMON = {
    "in_tau": "({t}-{t0})/({T}-{t0})",
    "against_path": "ROUND({s}*({y}-{due}),10)",
    "pace_ratio": "ROUND({progress}/{tau},10)",
    "gap": "ROUND({s}*({yT}-{y}),10)",
}
"""Measures every form has alike; as `gaps` does, results are rounded to 10 decimals."""
_HELD = "IF(ROUND({s}*({yT}-{y0}),10)<=0,{yT},%s)"
_STILL = "IF(ROUND(ABS({y}-{y0}),10)<={h},0,ROUND(%s,10))"
_SUMMED = {"required": "{yT}*{tau}", "progress": "ROUND({y}/{yT},10)", "observed_pace": "ROUND({y}/({t}-{t0}),10)",
           "required_pace": "ROUND(({yT}-{y})/({T}-{t}),10)"}
_FORMULAS = {
    "level_linear": {
        "required": _HELD % "{y0}+({yT}-{y0})*{tau}", "progress": _STILL % "({y}-{y0})/({yT}-{y0})",
        "observed_pace": "ROUND(({y}-{y0})/({t}-{t0}),10)", "required_pace": "ROUND(({yT}-{y})/({T}-{t}),10)"},
    "level_geometric": {
        "required": _HELD % "{y0}*({yT}/{y0})^{tau}", "progress": _STILL % "LN({y}/{y0})/LN({yT}/{y0})",
        "observed_pace": "ROUND((({y}/{y0})^(1/({t}-{t0}))-1)*100,10)",
        "required_pace": "ROUND((({yT}/{y})^(1/({T}-{t}))-1)*100,10)"},
    "level_hold": {"required": "{yT}"}, "level_step": {"required": "{yT}"}, "yearly_control": {"required": "{yT}"}, "assigned": {},
    "relative": {"required": "{yT}", "gap": ""},
    "average_growth": {
        "required": "{yT}", "progress": "ROUND(({t}-{t0})*LN(1+{y}/100)/(({T}-{t0})*LN(1+{yT}/100)),10)",
        "observed_pace": "ROUND({y},10)",
        "required_pace": "ROUND((((1+{yT}/100)^({T}-{t0})/(1+{y}/100)^({t}-{t0}))^(1/({T}-{t}))-1)*100,10)"},
    "cumulative_sum": _SUMMED, "cumulative_change": _SUMMED, "cumulative_rate_linear": _SUMMED,
    "cumulative_rate_geometric": {
        "required": "(1-(1-{yT}/100)^{tau})*100", "progress": "ROUND(LN(1-{y}/100)/LN(1-{yT}/100),10)",
        "observed_pace": "ROUND((1-(1-{y}/100)^(1/({t}-{t0})))*100,10)",
        "required_pace": "ROUND((1-((1-{yT}/100)/(1-{y}/100))^(1/({T}-{t})))*100,10)"},
}
"""The formulas of `gaps` by form and path, in the symbols of the sheet's header (`due`: the column 应达到)."""
_COMPLETION = {"average_growth": "((1+{y}/100)/(1+{yT}/100))^{n}"}
_DELIVERED = {
    "level": "ROUND(({y}-{y0})/({yT}-{y0}),10)", "average_growth": "LN(1+{y}/100)/LN(1+{yT}/100)",
    "cumulative_rate_geometric": "LN(1-{y}/100)/LN(1-{yT}/100)",
    "cumulative_rate_linear": "{y}/{yT}", "cumulative_sum": "{y}/{yT}", "cumulative_change": "{y}/{yT}"}


def kind(row: dict) -> str:
    """Return the form, and for levels and reductions the path, by which a row is computed."""
    if row["form"] == "cumulative_rate":
        return "cumulative_rate_linear" if row["path"] == "linear" else "cumulative_rate_geometric"
    return f"level_{row['path']}" if row["form"] == "level" else row["form"]


def schedule(kind: str) -> dict[str, str]:
    """Return the formula of each result of `gaps.measure` for a `kind`."""
    return _COMMON | _FORMULAS[kind]


def completion(row: dict) -> dict[str, str]:
    """Return the formula of each result of `gaps.completion` for a target."""
    rate = "" if row["form"] == "relative" else "{yT}/{y}" if row["better"] == "lower" else "{y}/{yT}"
    return {"completion_rate": _COMPLETION.get(row["form"], rate),
            "margin": "ROUND({s}*({y}-{yT}),10)", "delivered": _DELIVERED.get("level" if row["form"] == "level" else kind(row), "")}


def cells(columns: dict, templates: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return per computed column the formula of each row, its symbols as cells of `columns`; "" where there is no result."""
    places = {key.removeprefix("in_"): place for place, key in enumerate(columns)}
    places |= {"due": places.get("required"), "y": places.get("y", places.get("outcome"))}
    computed = {c: list(columns[c]) for c in dict.fromkeys(c for each in templates for c in each)}
    return {c: [_formula(each.get(c, ""), row, places) if np.isfinite(values[row]) else "" for row, each in enumerate(templates)]
            for c, values in computed.items()}


def _formula(template: str, row: int, places: dict[str, int]) -> str:
    cells = {symbol: workbook.address(row, place) for symbol, place in places.items() if place is not None}
    return "=" + template.format(**cells) if template else ""
