"""A file that was received, entered into `data/`: a filled form by its hidden key, any other sheet by a declared map."""

from __future__ import annotations

import datetime
from pathlib import Path

from plancore import build, filing, filled, mapping, observing, returns, spreadsheets
from plancore.observing import Batch
from plancore.schema import DataError


def receive(file: Path, said: Path | None = None, grade: str = "A", data: Path = observing.DATA, into: Path = build.TABLES,
            dry_run: bool = False) -> list[str]:
    """Enter the figures and explanations of a file, all or none, or with `dry_run` only list them; gives the list in lines.

    `said`: the map of a yearbook sheet. `grade` of the source that a form becomes. Raises DataError for what is refused.
    """
    sheets = spreadsheets.read(file)
    filing.settle(data)
    frames = build.read(data)
    if filled.is_form(sheets):
        if said:
            raise DataError(f"{Path(file).name}: a form is read by its hidden key; leave the map out")
        found = returns.read(sheets, frames, datetime.date.today(), grade)
        batch, left = Batch(found.region, found.observations, found.sources, found.explanations), found.notes
    else:
        if not said:
            raise DataError(f"{Path(file).name}: not a form of plancore (it has no hidden key); "
                            "allowed: a filled form, or a sheet with --map MAP.yml")
        read = mapping.read(sheets, mapping.declared(said), frames)
        batch, left = Batch(read.region, read.observations, read.sources), [f"not read: {line}" for line in read.left_out]
    return [*left, *observing.said(observing.enter(batch, data, into, dry_run), dry_run)]
