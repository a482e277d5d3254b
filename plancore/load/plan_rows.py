"""Read what belongs to a plan beside its targets: printed cells, outcomes, versions, commitments, yearly targets, reasons."""

from __future__ import annotations

import pandas as pd

from plancore.load import catalogue, dates, frames


def cells(plan: str) -> pd.DataFrame:
    """Return the printed cells of a plan's tables with their source lines: plan, line, text, row, column."""
    return _of_plan("cells", plan)


def outcomes(plan: str) -> pd.DataFrame:
    """Return the outcomes printed for a plan that has ended; no rows where none are printed."""
    return _of_plan("outcomes", plan)


def all_outcomes() -> pd.DataFrame:
    """Return the outcomes of every plan, one below the other."""
    return frames.table("outcomes")


def target_versions(plan: str) -> pd.DataFrame:
    """Return numbers assigned, raised or adjusted after adoption: plan, row, since, value, form, bound, path, source."""
    return _of_plan("target_versions", plan)


def commitments(plan: str) -> pd.DataFrame:
    """Return the quantified commitments of a plan's text and boxes: the columns of the table `commitments`."""
    return _of_plan("commitments", plan)


def annual_targets(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return the yearly targets of a plan's annual plans, and with an empty plan those of its region's series without a row.

    May be empty.

    Columns: plan, row, region, indicator, year, value, value_high (of a range, judged by its lower end), bound, words (as printed),
    tolerance, unit_zh, published_by, source, note. A target in words alone has no value and the bound `none`.
    on: a date or "today" gives only those published by that day.
    """
    series = frames.rows("annual_targets", plan=[""], region=[catalogue.plan(plan)["region"]])
    return dates.until(pd.concat([_of_plan("annual_targets", plan), series], ignore_index=True), "published_by", on)


def explanations(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return why rows were behind and what is done, as departments reported it; may be empty.

    Columns: plan, row, as_of, reason, measure, by, date. on: a date or "today" gives only those of that day or earlier.
    """
    return dates.until(_of_plan("explanations", plan), "date", on)


def _of_plan(name: str, plan: str) -> pd.DataFrame:
    catalogue.plan(plan)
    return frames.rows(name, plan=[plan])
