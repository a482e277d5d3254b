"""Read published figures, and choose among vintages."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pandas as pd

from plancore import schema
from plancore.load import catalogue, dates, frames
from plancore.schema import DataError


def vintages(region: str, known_on: str | None = None, indicators: Iterable[str] | None = None) -> pd.DataFrame:
    """Return every published value of a region, several per indicator and period: the columns of `observations`.

    known_on: a date or "today" gives only what was surely published by that day; None all that is in the tables.
    indicators: only these, so that a page is not made again for a figure of any other.
    Raises DataError for an unknown region or date, and for a day before the first publication.
    """
    every = frames.whole("observations")
    if region not in set(every["region"]) and region not in (regions := set(catalogue.plans()["region"])):
        raise DataError(f"unknown region {region!r}; allowed: {', '.join(sorted({*every['region'], *regions}))}")
    frame = frames.rows("observations", region=[region], **{} if indicators is None else {"indicator": sorted(set(indicators))})
    first = every.loc[every["region"] == region, "published_by"].min()
    if known_on is not None and pd.notna(first) and dates.day(known_on) < dates.day(first):
        raise DataError(f"nothing in the tables was published by {known_on}; allowed: {first} or later")
    return dates.until(frame, "published_by", known_on)


def observations(region: str, known_on: str | None = None, worst_grade: str = "C",
                 indicators: Iterable[str] | None = None) -> pd.DataFrame:
    """Return one value per indicator and period: the columns of `vintages`, and their number, `vintages`.

    known_on, indicators: as there. worst_grade: only sources of that grade or better. Of several values the choice is: on a basis
    that targets may be judged by; exact before rounded (said so, or another value with fewer decimals) or bounded; final,
    preliminary, secondary; grade A, B, C; then the latest.
    """
    return _counted(vintages(region, known_on, indicators), worst_grade)


def observations_of(targets: pd.DataFrame, known_on: str | None = None) -> pd.DataFrame:
    """Return `observations` of the regions and indicators of some targets.

    Of those too that the targets are relative to. One region below the other; a region without any by that day has no row.
    """
    wanted = {*targets["indicator"], *targets.get("relative_to", "")} - {""}
    frame = frames.rows("observations", region=sorted(set(targets["region"])), indicator=sorted(wanted))
    return _counted(dates.until(frame, "published_by", known_on), "C")


def everywhere(indicator: str, known_on: str | None = None) -> pd.DataFrame:
    """Return `observations` of one indicator in every region, one region below the other."""
    return _counted(dates.until(frames.rows("observations", indicator=[indicator]), "published_by", known_on), "C")


def _counted(frame: pd.DataFrame, worst_grade: str) -> pd.DataFrame:
    """The figures to use, each with the number of those there are."""
    frame = frame[frame["grade"] <= worst_grade]
    return best(frame.assign(vintages=frame.groupby(["region", "indicator", "period"])["value"].transform("size")))


def best(vintages: pd.DataFrame) -> pd.DataFrame:
    """Return of several published values for one region, indicator and period the one to use, see `observations`."""
    rank = {status: i for i, status in enumerate(schema.VOCABULARIES["status"])}
    basis = ["region", "indicator", "basis"]
    apart = pd.MultiIndex.from_frame(frames.whole("breaks").query("not comparable")[basis])
    order = vintages[["region", "indicator", "period", "grade"]].assign(
        apart=pd.MultiIndex.from_frame(vintages[basis]).isin(apart), status=vintages["status"].map(rank),
        rounded=(vintages["qualifier"] != "") | _shortened(vintages),
        age=-pd.to_datetime(vintages["published_by"]).astype("int64"))
    order = order.sort_values(["region", "indicator", "period", "apart", "rounded", "status", "grade", "age"], kind="stable")
    return vintages.loc[order.drop_duplicates(["region", "indicator", "period"]).index].reset_index(drop=True)


def _shortened(vintages: pd.DataFrame) -> pd.Series:
    """Whether each value is another one of its period and status with fewer decimals, 67.9 beside 67.89.

    A whole number is not taken for one: 7 may be printed 7.0, and a revision.
    """
    keys = ["region", "indicator", "period", "status"]
    several = vintages[vintages.duplicated(keys, keep=False)].astype({"value": float})
    decimals = several["value"].map(lambda value: -Decimal(str(value)).normalize().as_tuple().exponent).clip(lower=0)
    facts = several[[*keys, "value", "qualifier"]].assign(decimals=decimals.astype(int), at=several.index)
    pairs = facts.merge(facts[facts["qualifier"] == ""], on=keys, suffixes=("", "_exact"))
    near = (pairs["value"] - pairs["value_exact"]).abs() <= 0.5 * 10.0 ** -pairs["decimals"] + 1e-9
    fewer = (pairs["decimals"] > 0) & (pairs["decimals"] < pairs["decimals_exact"])
    return pd.Series(vintages.index.isin(pairs["at"][near & fewer]), vintages.index)


def latest() -> dict:
    """Return the plan of the first region that its latest figures are about, and the last of its years they reach: plan, as_of."""
    known = catalogue.plans()
    own = known[known["region"] == known["region"].iloc[0]]
    seen = int(vintages(own["region"].iloc[0])["period"].str[-4:].max())
    plan = own.query("baseline_year < @seen").sort_values("target_year").iloc[-1]
    return {"plan": str(plan["plan"]), "as_of": min(seen, int(plan["target_year"]))}


def data_until() -> str:
    """Return the day of the latest figure in the tables, of any region, ISO; what a page says it is dated by."""
    return frames.table("observations")["published"].max()
