"""A value from one unit to another, only by a declared rule, or by a rate of exchange that is given with its source."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd


class Refused(ValueError):
    """No rule leads from the unit to the wanted one; says what is allowed."""


def convert(value: str, unit: str, wanted: str, period: str, rules: pd.DataFrame, units: pd.DataFrame,
            rates: list[dict] = ()) -> tuple[str, str]:
    """The value in the wanted unit, exactly, and a note on the rate of exchange used, if any.

    `rules` of data/conversions.csv, `units` of data/units.csv (a synonym needs no rule), `rates`: from, to, period, rate,
    source; such as 美元, 元, 2021, 6.4515. Raises Refused where nothing declared leads there.
    """
    canonical = {u["unit_zh"]: u["synonym_of"] or u["unit_zh"] for u in units.to_dict("records")}
    if unit == wanted or canonical.get(unit, unit) == canonical.get(wanted, wanted):
        return value, ""
    factor = _factor(unit, wanted, rules)
    if factor:
        return _plain(Decimal(value) * factor), ""
    for rate in rates:
        other = unit.replace(rate["from"], rate["to"]) if rate["from"] in unit else ""
        factor = Decimal(1) if other == wanted else _factor(other, wanted, rules)
        if factor and str(rate["period"]) == period:
            note = f"由{unit}折算：1{rate['from']}={rate['rate']}{rate['to']}，汇率来源{rate['source']}"
            return _plain(Decimal(value) * Decimal(str(rate["rate"])) * factor), note
    into = sorted(rules.loc[rules["to_unit"] == wanted, "from_unit"])
    raise Refused(f"no rule from {unit} to {wanted} ({period}); allowed: {', '.join([wanted, *into])}, a rule in "
                  "data/conversions.csv, or for another currency a rate of that year with its source (`rates` of the map)")


def _factor(unit: str, wanted: str, rules: pd.DataFrame) -> Decimal | None:
    found = rules.loc[(rules["from_unit"] == unit) & (rules["to_unit"] == wanted), "factor"]
    return Decimal(found.iloc[0]) if len(found) else None


def _plain(value: Decimal) -> str:
    """As plain text, with at most ten decimals, as the tables hold."""
    said = f"{value.quantize(Decimal(1).scaleb(-10)):f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
