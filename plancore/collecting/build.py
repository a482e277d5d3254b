"""Build the clean tables from `data/`: read and check every file, write all tables or none."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from plancore import paths, schema
from plancore.collecting import clean_tables, printed_cells, transaction
from plancore.schema import DataError, refuse

_FOLDERS = ("printed", "cells", "targets", "outcomes", "commitments", "observations")
_MAY_BE_EMPTY = ("cells", "outcomes", "observations", "corrections", "explanations", "annual_targets", "regional")


def build(data: Path = paths.DATA, into: Path = paths.TABLES, log: Callable[[str], None] | None = None) -> list[Path]:
    """Write every table and `datapackage.json`; returns the files. Raises DataError, all is unchanged then.

    log: called with a line for each plan, how many of its printed cells were read and how many placed by hand.
    """
    transaction.recover(data)
    frames = read(data)
    files = write(clean_tables.tables(frames), into)
    for line in printed_cells.counted(frames) if log else ():
        log(line)
    return files


def stale(data: Path = paths.DATA, committed: Path = paths.TABLES) -> list[str]:
    """Return the names of the files in `committed` that a rebuild would change; empty when they are up to date."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = build(data, Path(folder))
        return [f.name for f in fresh
                if not (committed / f.name).is_file() or (committed / f.name).read_bytes() != f.read_bytes()]


def read(data: Path) -> dict[str, pd.DataFrame]:
    """Read and check every file of `data/`.

    Keys are `plans`, `units`, … and, for files that repeat per plan or region, `targets/zj14`, …. Raises DataError, which
    first of all lists the cells that are still to decide (`?`).
    """
    return check(raw(data))


def check(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the frames of `raw` against their shapes, their references and one another; returns them."""
    if still := undecided(frames):
        raise DataError("\n".join(still) + f"\n{len(still)} cells are still to decide; nothing is built before")
    for name, frame in frames.items():
        schema.check(frame, shape_of(name), f"data/{name}.csv")
        if frame.empty and name.partition("/")[0] not in _MAY_BE_EMPTY:
            raise DataError(f"data/{name}.csv: no row below the header")
    known = {name: set(frames[name][shape_of(name).key[0]]) for name in frames if name in schema.DATA}
    for name, frame in frames.items():
        schema.check_references(frame, shape_of(name), f"data/{name}.csv", known)
    _check_names(frames)
    _check_versions(frames)
    _check_successors(frames)
    _check_annual(frames)
    _check_regions(frames)
    _check_conversions(frames["conversions"])
    for name in frames:
        if name.startswith("observations/"):
            _check_observations(frames[name], facts(frames, name.partition("/")[2]), f"data/{name}.csv")
    return frames


def raw(data: Path) -> dict[str, pd.DataFrame]:
    """Read every file of `data/` as text, checked only for its columns; those that may be empty may be left out."""
    names = [name for name in schema.DATA if name not in _FOLDERS]
    names += [f"{folder}/{path.stem}" for folder in _FOLDERS for path in sorted((data / folder).glob("*.csv"))]
    missing = next((name for name in names if not (data / f"{name}.csv").is_file()), None)
    if missing:
        raise DataError(f"data/{missing}.csv: the file is missing")
    frames = {name: whole((data / f"{name}.csv").read_bytes(), name) for name in names}
    for name, frame in frames.items():
        schema.check_columns(frame, shape_of(name), f"data/{name}.csv")
    return frames


def whole(content: bytes, name: str) -> pd.DataFrame:
    """Parse a file of `data/`, with an empty column for each that may be empty and is left out; without a header it has none."""
    frame = parse(content, f"data/{name}.csv")
    left_out = [c.name for c in shape_of(name).columns if not c.required and c.name not in frame and len(frame.columns)]
    frame = frame.assign(**dict.fromkeys(left_out, ""))
    frame.attrs |= {"left_out": left_out} if left_out else {}  # pandas copies them with every frame and column
    return frame


def parse(content: bytes, where: str) -> pd.DataFrame:
    """Parse a CSV file as a frame of strings; refuses other encodings and rows of another length."""
    try:
        header, *rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)) or [[]]
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start}); save it as CSV UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{where}: not a CSV file: {error}") from None
    for number, row in enumerate(rows, 2):
        if len(row) != len(header) or any("\n" in cell for cell in row):
            raise DataError(f"{where}:{number}: {len(row)} cells, the header has {len(header)}; allowed: one line per "
                            f"row, cells with a comma in quotes\n    row: {', '.join(row)}")
    return pd.DataFrame(rows, columns=header, dtype=str)


def shape_of(name: str) -> schema.Shape:
    """Return the shape of a file of `data/`, by its folder where there are several."""
    return schema.DATA[name.partition("/")[0]]


def undecided(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for each cell that is still to decide: file and line, column, row, what is allowed."""
    return [f"data/{name}.csv:{index + 2}: {column.name} of {', '.join(row[c] for c in shape_of(name).key)} is {schema.OPEN}; "
            f"allowed: {schema.allowed(column)}"
            for name, frame in frames.items() for index, row in frame[(frame.to_numpy() == schema.OPEN).any(axis=1)].iterrows()
            for column in shape_of(name).columns if row[column.name] == schema.OPEN]


def write(clean: dict[str, pd.DataFrame], into: Path) -> list[Path]:
    """Write the tables to drafts, then move all into place; the old ones stay until every file is ready."""
    texts = files(clean)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent) as draft:
        for name, text in texts.items():
            (Path(draft) / name).write_text(text, encoding="utf-8", newline="")
        for name in texts:
            os.replace(Path(draft) / name, into / name)
    return [into / name for name in texts]


def files(clean: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the name and text of every file of the tables."""
    texts = {f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in clean.items()}
    return texts | {"datapackage.json": json.dumps(datapackage(), ensure_ascii=False, indent=1) + "\n"}


def datapackage() -> dict:
    """Return the Frictionless description of the tables, from `schema.TABLES`."""
    return {"profile": "tabular-data-package", "name": "plancore",
            "title": "Five-year-plan indicator tables, targets, outcomes and observations",
            "resources": [_resource(name, shape) for name, shape in schema.TABLES.items()]}


def _resource(name: str, shape: schema.Shape) -> dict:
    links = [c for c in shape.columns if c.references]
    return {
        "name": name, "path": f"{name}.csv", "profile": "tabular-data-resource", "encoding": "utf-8",
        "schema": {
            "fields": [_field(c) for c in shape.columns],
            "primaryKey": [] if name == "cells" else list(shape.key),
            "foreignKeys": [{"fields": [c.name], "reference": {
                "resource": "" if c.references == name else c.references,
                "fields": [schema.TABLES[c.references].key[0]]}} for c in links],
        }}


def _field(column: schema.Column) -> dict:
    kinds = {"line": "integer", "number": "number", "boolean": "boolean", "year": "year"}
    constraints: dict = {"required": True} if column.required else {}
    if column.type in schema.VOCABULARIES:
        constraints["enum"] = list(schema.VOCABULARIES[column.type])
    return {"name": column.name, "type": kinds.get(column.type, "string"), "constraints": constraints}


def _check_names(frames: dict[str, pd.DataFrame]) -> None:
    """Files named after a plan or a region must name one that `plans.csv` lists, and every plan must have its own."""
    plans = frames["plans"]
    allowed = {"observations": set(plans["region"])} | dict.fromkeys(_FOLDERS[:-1], set(plans["plan"]))
    for name in frames:
        folder, _, stem = name.partition("/")
        if stem and stem not in allowed[folder]:
            raise DataError(f"data/{name}.csv: no such plan or region; allowed: {', '.join(sorted(allowed[folder]))}")
    needed = [f"{folder}/{plan}" for plan in plans["plan"] for folder in ("cells", "targets")
              if folder == "targets" or f"printed/{plan}" not in frames]
    for name in (*needed, *(f"observations/{region}" for region in plans["region"])):
        if name not in frames:
            raise DataError(f"data/{name}.csv: the file is missing")
    refuse(plans, plans["baseline_year"] >= plans["target_year"], "data/plans.csv", "the plan ends before it begins",
           "a target_year after the baseline_year")


def _check_versions(frames: dict[str, pd.DataFrame]) -> None:
    """A target version and a correction must belong to a row of its plan, an observation's basis to a declared break."""
    rows = {(plan, row) for plan in frames["plans"]["plan"] for row in frames[f"targets/{plan}"]["row"]}
    for name in ("target_versions", "corrections", "explanations", "annual_targets"):
        bad = [row != "" and (plan, row) not in rows for plan, row in zip(frames[name]["plan"], frames[name]["row"])]
        refuse(frames[name], pd.Series(bad, index=frames[name].index, dtype=bool), f"data/{name}.csv",
               "no such row in this plan", "a row of data/targets")
    breaks = frames["breaks"]
    for region in frames["plans"]["region"].unique():
        seen = frames[f"observations/{region}"]
        mine = breaks[breaks["region"] == region]
        known = set(zip(mine["indicator"], mine["basis"]))
        bad = [basis != "" and (indicator, basis) not in known for indicator, basis in zip(seen["indicator"], seen["basis"])]
        refuse(seen, pd.Series(bad, index=seen.index), f"data/observations/{region}.csv", "basis without a declared break",
               "a basis of this indicator in data/breaks.csv, or empty")


def _check_successors(frames: dict[str, pd.DataFrame]) -> None:
    """A goal goes on as one other, which the table of a later plan of its region has, where it does not go on itself."""
    plans, successors, where = frames["plans"].to_dict("records"), frames["successors"], "data/successors.csv"
    later = [(_box(frames, a["plan"]), _box(frames, b["plan"])) for a in plans for b in plans
             if a["region"] == b["region"] and a["target_year"] <= b["baseline_year"]]
    refuse(successors, successors.duplicated("to_indicator"), where, "second row with the same to_indicator", "each only once")
    goes_on = [any(old in a and new in b and old not in b for a, b in later)
               for old, new in zip(successors["from_indicator"], successors["to_indicator"])]
    refuse(successors, ~pd.Series(goes_on, index=successors.index, dtype=bool), where, "no plan's goal that a later plan goes on with",
           "from_indicator in one plan's table, to_indicator in the table of a later plan that has from_indicator no more")


def _check_annual(frames: dict[str, pd.DataFrame]) -> None:
    """Annual targets and explanations are of a year of their plan; an annual target is of a row or of a region's indicator."""
    plans = frames["plans"].set_index("plan")
    for name, column in (("annual_targets", "year"), ("explanations", "as_of")):
        frame = frames[name]
        first, last = (frame["plan"].map(plans[end]).fillna(unknown) for end, unknown in (("baseline_year", ""), ("target_year", "9")))
        refuse(frame, (frame[column] <= first) | (frame[column] > last), f"data/{name}.csv", f"{column} outside its plan",
               "a year after the baseline_year, up to the target_year (data/plans.csv)")
    annual, where = frames["annual_targets"], "data/annual_targets.csv"
    filled = annual != ""
    pairs = [filled["plan"], filled["row"], ~filled["region"], ~filled["indicator"]]
    refuse(annual, ~((pairs[0] == pairs[1]) & (pairs[1] == pairs[2]) & (pairs[2] == pairs[3])), where, "neither a row nor a series",
           "plan and row; or region and indicator where the plan of that year has no such row")
    refuse(annual, filled["region"] & ~annual["region"].isin(plans["region"]), where, "unknown region", ", ".join(sorted(set(plans["region"]))))
    ours = pd.MultiIndex.from_frame(annual[["region", "indicator", "year"]])
    refuse(annual, filled["region"] & ours.isin(_planned(frames)), where, "a plan of that year has this row",
           "its plan and row in place of region and indicator")
    better = clean_tables.annual_series(frames)["indicator"].map(frames["indicators"].set_index("indicator")["better"])
    refuse(annual, annual["bound"].map(clean_tables.AGAINST) == better, where, "bound against the better direction",
           "at_least or more_than where higher is better, at_most or less_than where lower is")
    refuse(annual, filled["value"] == (annual["bound"] == "none"), where, "an annual target without a bound, or a bound without a value",
           "at_least, at_most, more_than, less_than, about, equal for a value; none and words where it has no number")
    refuse(annual, ~filled["value"] & ~filled["words"], where, "neither a value nor words", "the words as printed where there is no number")
    low, high = pd.to_numeric(annual["value"]), pd.to_numeric(annual["value_high"])
    refuse(annual, filled["value_high"] & ~(high > low), where, "value_high is not above value", "the upper end of a range")


def _planned(frames: dict[str, pd.DataFrame]) -> set[tuple[str, str, str]]:
    """Each region, indicator and year for which a plan's table has a row."""
    return {(p["region"], indicator, str(year)) for p in frames["plans"].to_dict("records")
            for indicator in _box(frames, p["plan"]) for year in range(int(p["baseline_year"]) + 1, int(p["target_year"]) + 1)}


def _box(frames: dict[str, pd.DataFrame], plan: str) -> set[str]:
    """The indicators of a plan's table."""
    targets = frames[f"targets/{plan}"]
    return set(targets["indicator"][targets["kind"] == "box"])


def _check_conversions(frame: pd.DataFrame) -> None:
    """A rule multiplies by more than nothing, and goes from no currency to another: a rate of exchange belongs to its year."""
    where = "data/conversions.csv"
    refuse(frame, ~(pd.to_numeric(frame["factor"]) > 0), where, "factor is not above 0", "a number above 0, such as 0.0001")
    dollars = [frame[c].str.contains("美元") for c in ("from_unit", "to_unit")]
    refuse(frame, dollars[0] != dollars[1], where, "a rule from one currency to another",
           "units of one currency; a rate of exchange is given with its year and source in the map of an import")


def _check_regions(frames: dict[str, pd.DataFrame]) -> None:
    """A figure of one publication stands in the file of one region, and what differs by region is of one that has plans."""
    regional, known = frames["regional"], sorted(set(frames["plans"]["region"]))
    refuse(regional, ~regional["region"].isin(known), "data/regional.csv", "unknown region", ", ".join(known))
    names = [f"observations/{region}" for region in frames["plans"]["region"].unique()]
    every = pd.concat({name: frames[name][["indicator", "period", "value", "source"]] for name in names})
    twice = every.index[every.duplicated(keep=False)]
    if len(twice):
        name, mine = twice[0][0], twice.get_level_values(0) == twice[0][0]
        others = ", ".join(f"data/{other}.csv:{index + 2}" for other, index in twice[~mine][:3])
        refuse(frames[name], frames[name].index.isin(twice[mine].get_level_values(1)), f"data/{name}.csv",
               f"a figure that stands in another region's file too ({others})", "a figure in the file of its region")


def facts(frames: dict[str, pd.DataFrame], region: str) -> pd.DataFrame:
    """Return the indicators with their plausible range in a region, `low` and `high`, and the `file` of data/ that has it."""
    known, regional = frames["indicators"].assign(file="indicators"), frames["regional"].assign(file="regional")
    ranges = ["indicator", "low", "high", "file"]
    own = regional.loc[(regional["region"] == region) & ((regional["low"] != "") | (regional["high"] != "")), ranges]
    return known.drop(columns=ranges[1:]).merge(pd.concat([own, known[ranges]]).drop_duplicates("indicator"), on="indicator")


def _check_observations(frame: pd.DataFrame, indicators: pd.DataFrame, where: str) -> None:
    """The unit must be the indicator's, the value within its plausible range; of several years a flow may be their sum."""
    known = frame[["indicator"]].merge(indicators, on="indicator", how="left", validate="m:1").set_axis(frame.index)
    other = frame["unit_zh"] != known["unit_zh"]
    for unit in sorted(known["unit_zh"][other].unique()):
        refuse(frame, other & (known["unit_zh"] == unit), where, "not the unit of this indicator", unit)
    years = (frame["period"].str[-4:].astype(int) - frame["period"].str[:4].astype(int) + 1).where(known["nature"] == "flow", 1)
    value, low, high = (pd.to_numeric(s) for s in (frame["value"], known["low"], known["high"]))
    for index in frame.index[(value < low) | (value > high * years)]:
        times = f"{years[index]} times the " if years[index] > 1 else ""
        refuse(frame, frame.index == index, where, "value is not plausible for this indicator", f"{low[index]:g} to "
               f"{high[index] * years[index]:g} {known['unit_zh'][index]} (low, {times}high in data/{known['file'][index]}.csv)")
