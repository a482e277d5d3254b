"""Both plans audited, with any row, commitment or outcome changed, and how to read what was found."""

import pandas as pd

from plancore import audit, load

BOX10 = {  # the outline's box 10, lines 1144 to 1154: projects, 亿元
    "science": (25, 1500), "industry": (70, 10000), "transport": (70, 10000), "ecology": (40, 10000),
    "social": (40, 9000)}


def commitment(key: str, value: float, unit: str, bound: str = "about", year: int = 2025) -> dict:
    return dict(plan="zj14", id=key, value=value, unit_zh=unit, bound=bound, target_year=year, kind="count",
                lines="1-1")


def box10(**changes) -> pd.DataFrame:
    """The commitments of box 10, any value changed by its id without `box10_`."""
    rows = [commitment("box10_projects", 245, "个项目"), commitment("box10_investment", 40000, "亿元", "at_least")]
    for field, (projects, money) in BOX10.items():
        rows += [commitment(f"box10_{field}_projects", projects, "个项目"),
                 commitment(f"box10_{field}_investment", money, "亿元")]
    frame = pd.DataFrame(rows)
    for key, value in changes.items():
        frame.loc[frame["id"] == f"box10_{key}", "value"] = value
    return frame


def tampered(frame: pd.DataFrame, row: str, **changes) -> pd.DataFrame:
    """The frame with some columns of one row changed."""
    assert (frame["row"] == row).sum() == 1
    frame = frame.copy()
    for column, value in changes.items():
        frame.loc[frame["row"] == row, column] = value
    return frame


def zj13(targets: dict | None = None, outcomes: dict | None = None, drop: str = "") -> pd.DataFrame:
    """The audit of plan 13, with rows changed as {row: {column: value}}, or one row dropped from both tables."""
    frames = []
    for frame, changes in ((load.targets("zj13"), targets), (load.outcomes("zj13"), outcomes)):
        for row, columns in (changes or {}).items():
            frame = tampered(frame, row, **columns)
        frames.append(frame[frame["row"] != drop])
    return audit.plan(*frames, pd.DataFrame())


def zj14(targets: dict | None = None, commitments: pd.DataFrame | None = None, previous: bool = False,
         before: dict | None = None) -> pd.DataFrame:
    """The audit of plan 14 with rows changed, box 10 as its commitments, and plan 13 before it if asked."""
    frame, ended = load.targets("zj14", kind="all"), load.outcomes("zj13")
    for row, columns in (targets or {}).items():
        frame = tampered(frame, row, **columns)
    for row, columns in (before or {}).items():
        ended = tampered(ended, row, **columns)
    return audit.plan(frame, load.outcomes("zj14"), box10() if commitments is None else commitments,
                      (load.targets("zj13"), ended) if previous or before else None)


def found(frame: pd.DataFrame, check: str, row: str | None = None, column: str | None = None) -> list[dict]:
    keep = frame["check"] == check
    keep &= (frame["row"] == row) if row is not None else True
    keep &= (frame["column"] == column) if column is not None else True
    return frame[keep].to_dict("records")


def one(frame: pd.DataFrame, check: str, row: str, column: str | None = None) -> dict:
    rows = found(frame, check, row, column)
    assert len(rows) == 1, rows
    return rows[0]


def judgement(finding: dict) -> tuple[str, str]:
    return finding["verdict"], finding["why"]
