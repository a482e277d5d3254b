"""Add up the years since a baseline: chains, sums and means of yearly figures, and the official figures that outrank them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore.measures import rules


def figures(links: pd.DataFrame) -> pd.DataFrame:
    """Return what targets come to by each of their years, one row per link, in the order and with the index of the links.

    links: figures by target (`at`) and last year, an official one over several years behind the yearly one of its last year;
    columns at, start, end, value, form, path, first (the target's baseline year), basis, qualifier. Each row adds its figure to
    those before it, back to the baseline or to the last official figure over all years since the baseline. Columns: at, year, run
    (the same in rows that add up), total (additive shares, see `rules.shares`), low and high (all it may be, as yearly figures are
    rounded), span (years in it), whole (no year is missing), unbroken (all on one basis), lower and upper (one of them is only a
    bound), official and until (the official figure it goes on from and its last year, else nan).
    """
    at, start, end, value, first, basis = (links[name].to_numpy() for name in ("at", "start", "end", "value", "first", "basis"))
    form, path, yearly, count = links["form"].array, links["path"].array, start == end, end - start + 1
    times, half = np.where(form.isin(rules.MEANS), count, 1), _half(value, at, yearly)
    run = np.cumsum(~yearly | (np.diff(at, prepend=-1) != 0))
    head = np.searchsorted(run, run)
    ends = {"total": value, "low": value - half, "high": value + half}
    shares = {name: rules.shares(figure, form, path) * times for name, figure in ends.items()}
    sums = pd.DataFrame(shares | {"span": count}).groupby(run).cumsum()
    side = rules.open_side(links["qualifier"].to_numpy())
    flaws = pd.DataFrame({"lower": side > 0, "upper": side < 0, "broken": basis != basis[head]}).groupby(run).cummax()
    backed = ~yearly[head]
    return sums.assign(
        at=at, year=end, run=run, lower=flaws["lower"], upper=flaws["upper"], unbroken=~flaws["broken"],
        whole=sums["span"].to_numpy() == end - first, official=np.where(backed, value[head], np.nan),
        until=np.where(backed, end[head], np.nan)).set_axis(links.index)


def standing(sums: pd.DataFrame, partial: np.ndarray) -> pd.DataFrame:
    """Return the row of `figures` that each target stands on: its last one, whatever its flaws.

    Where an official figure is known, the last row that goes on from one without a flaw. partial: by `at`, whether a missing
    year is no flaw.
    """
    official = sums["until"].notna()
    sound = sums["unbroken"] & (sums["whole"] | partial[sums["at"]])
    backed = sums["at"].isin(sums.loc[official, "at"])
    return sums[(sound & official) | ~backed].drop_duplicates("at", keep="last")


def chains(links: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """Return by `at` the rows of `figures` that single years alone make of the period of the official figure in `taken`.

    Only where no year is missing and no break lies between.
    """
    until = taken.set_index("at")["until"].dropna()
    sums = figures(links[(links["start"] == links["end"]) & links["at"].isin(until.index)])
    until = sums["at"].map(until)
    return sums[(sums["year"] == until) & sums["whole"] & sums["unbroken"]].set_index("at")


def unshared(rows: pd.DataFrame, *names: str) -> list[np.ndarray]:
    """Return these columns of additive shares as figures in the target's unit; rows: with form, path and span."""
    form, path = rows["form"].array, rows["path"].array
    years = np.where(form.isin(rules.MEANS), rows["span"].to_numpy(float), 1)
    return [rules.unshare(rows[name].to_numpy(float) / years, form, path) for name in names]


def _half(value: np.ndarray, at: np.ndarray, yearly: np.ndarray) -> np.ndarray:
    """Half a unit of the finest yearly figure of each target, 0 for other figures: 6 beside 5.5 has one decimal."""
    grain = pd.Series(np.where(yearly, rules.half_grain(value), np.inf)).groupby(at).transform("min").to_numpy()
    return np.where(yearly, grain, 0.0)
