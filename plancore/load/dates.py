"""Read dates, and say what was known by one."""

from __future__ import annotations

import pandas as pd

from plancore import schema
from plancore.schema import DataError


def until(frame: pd.DataFrame, column: str, on: str | None) -> pd.DataFrame:
    """The rows dated by the day `on` or earlier, a month or year by its last day; all rows where `on` is None."""
    return frame if on is None else frame[pd.to_datetime(frame[column].map(schema.last_day)) <= day(on)].reset_index(drop=True)


def day(date: str) -> pd.Timestamp:
    """Return a date given as ISO text or "today". Raises DataError for anything else."""
    found = pd.Timestamp.today().normalize() if date == "today" else pd.to_datetime(date, format="%Y-%m-%d", errors="coerce")
    if pd.isna(found):
        raise DataError(f"{date!r} is not a date; allowed: today, or a date such as 2023-12-31")
    return found


def earlier(known_on: str, year: int) -> str:
    """Return the middle of the next year, when first figures of a year are out, or `known_on` where that is earlier."""
    return min(_out(year), day(known_on)).strftime("%Y-%m-%d")


def due(year: int, known_on: str) -> bool:
    """Return whether first figures of a year are out by a day: from the middle of the next year on."""
    return day(known_on) >= _out(year)


def _out(year: int) -> pd.Timestamp:
    return pd.Timestamp(year + 1, 6, 30)
