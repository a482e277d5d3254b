"""Look up what there is: plans, indicators, sources, and what of an indicator differs in a region."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from plancore import schema
from plancore.load import frames
from plancore.schema import DataError


def plans() -> pd.DataFrame:
    """Return one row per plan.

    Columns: plan, region, name_zh, name_en, baseline_year, target_year, source, place (whether `lines` of its targets are lines
    of the text, `line`, or rows of the table, `table_row`), region_zh and region_en (its name), remark_zh and remark_en (what was said of how it ended as a whole).
    """
    return frames.table("plans")


def plan(plan: str) -> pd.Series:
    """Return one plan's row of `plans`. Raises DataError for an unknown plan."""
    known = plans()
    check("plan", plan, known["plan"])
    return known.set_index("plan", drop=False).loc[plan]


def region_names(lang: str) -> dict[str, str]:
    """Return the name of each region that has a plan, in the order of `plans`; its key where it is given no name."""
    known = plans().drop_duplicates("region").set_index("region")[f"region_{lang}"]
    return {region: name or region for region, name in known.items()}


def indicators() -> pd.DataFrame:
    """Return one row per indicator: indicator (its key), names, units, better, nature, related, department."""
    return frames.table("indicators")


def indicator(key: str) -> pd.Series:
    """Return one indicator's row of `indicators`. Raises DataError for an unknown key, with the nearest ones."""
    known = indicators().set_index("indicator")
    if key not in known.index:
        raise DataError(f"unknown indicator {key!r}; {schema.nearest(key, known.index)}; all: load.indicators()")
    return known.loc[key]


def sources() -> pd.DataFrame:
    """Return one row per source: source, title, publisher, published, seen, url, grade, note."""
    return frames.table("sources")


def breaks(region: str = "") -> pd.DataFrame:
    """Return the declared breaks of a region's series, one row each; without a region those of every one.

    Columns: region, indicator, basis (of the figures after it), since, kind, comparable (whether those may be judged against a target
    set before it), what_zh, what_en, source.
    """
    return frames.rows("breaks", **{"region": [region]} if region else {})


def regional(region: str) -> pd.DataFrame:
    """Return what of an indicator differs in a region, one row per indicator that has anything.

    Columns: region, indicator, name, name_en, scope_zh and scope_en (what its figures cover, where regions differ), low and high (of
    plausible figures of single years), department, confirmed.
    """
    return frames.rows("regional", region=[region])


def departments(region: str) -> pd.DataFrame:
    """Return who reports each indicator in a region, by indicator: the region's own department, else the indicator's.

    Columns: department_zh, department_en, proposed (not confirmed by anybody yet), published_in_zh, published_in_en (where the
    department usually publishes); empty where no department is known.
    """
    known, own = indicators().set_index("indicator")[["department"]], regional(region).set_index("indicator")
    own = own[own["department"] != ""]
    found = known.assign(proposed=False)
    found.loc[own.index] = own[["department"]].assign(proposed=~own["confirmed"])
    words = {"name_en": "department_en", "published_in": "published_in_zh"}
    named = frames.table("departments").rename(columns=words, errors="raise")
    found = found.reset_index().merge(named, on="department", how="left", validate="m:1")
    return found.fillna("").rename(columns={"department": "department_zh"}, errors="raise").set_index("indicator")


def successors() -> pd.DataFrame:
    """Return goals that a later plan redefines: from_indicator, to_indicator, what_zh, what_en."""
    return frames.table("successors")


def corrections() -> pd.DataFrame:
    """Return what was corrected after it had been published, the latest first; may be empty.

    Columns: corrected (date), plan, row, indicator, period, was, now, why_zh, why_en, source.
    """
    return frames.table("corrections").sort_values("corrected", ascending=False, kind="stable", ignore_index=True)


def related(indicator: str) -> list[str]:
    """Return the keys of the series beside an indicator: what it names as related, and what names it."""
    known = indicators()
    named = known.loc[known["indicator"] == indicator, "related"]
    return [k for k in dict.fromkeys([*named, *known.loc[known["related"] == indicator, "indicator"]]) if k]


def check(name: str, word: str, allowed: Iterable[str]) -> None:
    """Raise DataError for a word that is not allowed."""
    if word not in list(allowed):
        raise DataError(f"unknown {name} {word!r}; allowed: {', '.join(allowed)}")
