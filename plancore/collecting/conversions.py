"""Convert between units by the rules declared in `data/conversions.csv`."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from plancore.schema import refuse


def factor(unit: str, wanted: str, rules: pd.DataFrame, units: pd.DataFrame) -> Decimal | None:
    """Return what a value in one unit is multiplied by to be in another; 1 for the same unit or a synonym, None without a rule.

    `rules` of data/conversions.csv, `units` of data/units.csv.
    """
    synonyms = dict(zip(units["unit_zh"], units["synonym_of"]))
    if (synonyms.get(unit) or unit) == (synonyms.get(wanted) or wanted):
        return Decimal(1)
    found = rules.loc[(rules["from_unit"] == unit) & (rules["to_unit"] == wanted), "factor"]
    return Decimal(found.iloc[0]) if len(found) else None


def factors(frame: pd.DataFrame, frames: dict[str, pd.DataFrame], where: str, **columns: pd.Series) -> pd.Series:
    """Return for each row with `indicator` and `unit_zh` what makes its values ones in the indicator's unit.

    columns: these two, where they are not the frame's own; messages show the frame. Raises DataError for a unit that no rule
    makes the indicator's.
    """
    indicator, unit = (columns.get(name, frame.get(name)) for name in ("indicator", "unit_zh"))
    own, rules = indicator.map(frames["indicators"].set_index("indicator")["unit_zh"]), frames["conversions"]
    pairs = {pair: factor(*pair, rules, frames["units"]) for pair in set(zip(unit, own))}
    found = pd.Series([pairs[pair] for pair in zip(unit, own)], index=frame.index, dtype=object)
    for name, wanted in sorted(set(zip(indicator[found.isna()], own[found.isna()]))):
        into = rules.loc[rules["to_unit"] == wanted, "from_unit"]
        refuse(frame, found.isna() & (indicator == name), where, f"not the unit of {name}",
               f"{wanted}; what data/conversions.csv makes it: {', '.join(into) or 'none'}")
    return found


def plain(value: Decimal) -> str:
    """Return plain text with at most ten decimals, as the tables hold."""
    text = f"{value.quantize(Decimal(1).scaleb(-10)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
