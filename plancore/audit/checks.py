"""Every check of a plan: the figures it prints twice, or lets one recompute, side by side."""

from __future__ import annotations

import pandas as pd

from plancore.audit import findings, table_checks, text_checks
from plancore.measures import rules
from plancore.schema import DataError

OF_ROWS = (
    table_checks.counts, table_checks.share_range, table_checks.bracket_difference, table_checks.printed_rate,
    table_checks.sum_beside_flow, table_checks.declared, table_checks.published_rates,
    table_checks.looser_than_baseline, table_checks.already_met_at_baseline,
    text_checks.text_against_table, text_checks.growth_against_level, text_checks.growth_beside_productivity,
    text_checks.per_head, text_checks.share_of_gdp, text_checks.in_step,
)
OF_COMMITMENTS = (
    text_checks.commitments_against_text, text_checks.part_of_whole, text_checks.sums,
    text_checks.inflow_beside_stock, table_checks.long_term_path,
)
OF_PLAN_BEFORE = (table_checks.continuity, table_checks.mean_between_ends)
"""The checks by what they read: a plan's rows; also its commitments; also the rows of the plan before."""

_OUTCOME = ["actual_year", "actual_value", "actual_change", "actual_printed", "actual_change_printed",
            "official_verdict", "official_rate", "outcome_lines"]
_COMMITTED = ["id", "value", "unit_zh", "bound", "target_year", "lines"]


def plan(targets: pd.DataFrame, outcomes: pd.DataFrame, commitments: pd.DataFrame,
         previous: tuple[pd.DataFrame, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return every check of one plan, a finding a row: plan, check, row, verdict, why (keys), and the working.

    row: a target's row, a commitment's id for sums and parts, or empty for the whole plan. previous: targets and outcomes
    of the plan before, for what continues it.

    The working: `cell` as printed, `column` of the table it stands in, `printed` and `computed` (see `findings.CHECKS`)
    in `unit_zh`, `low` and `high` (what `computed` may be, as each printed figure stands for all numbers that round to
    it), `difference` = computed − printed, `percent` = difference in % of printed, `lines` of the source.
    Raises DataError for targets of no or several plans.
    """
    rows = _joined(targets, outcomes)
    by_id = _by_id(rows[0]["plan"], commitments)
    found = [f for check in OF_ROWS for f in check(rows)]
    found += [f for check in OF_COMMITMENTS for f in check(rows, by_id)]
    if previous is not None:
        before = _joined(*previous)
        found += [f for check in OF_PLAN_BEFORE for f in check(rows, before)]
    frame = pd.DataFrame(found, columns=findings.COLUMNS)
    frame = frame.sort_values("check", key=lambda c: c.map(findings.CHECKS.index), kind="stable")
    numbers = frame[["printed", "computed", "low", "high"]].astype(float)
    frame[numbers.columns] = rules.clean(numbers)
    frame["difference"] = rules.clean(frame["computed"] - frame["printed"])
    frame["percent"] = rules.clean(100 * frame["difference"] / frame["printed"].where(frame["printed"] != 0))
    return frame.reset_index(drop=True)


def _joined(targets: pd.DataFrame, outcomes: pd.DataFrame) -> list[dict]:
    """The targets with their outcomes, one dict a row; text columns are never missing."""
    lacking = [c for c in ("better", "same_as", "change_value") if c not in targets]
    if lacking:
        raise DataError(f"targets without the columns {', '.join(lacking)}: use load.targets(plan)")
    if targets["plan"].nunique() != 1:
        raise DataError(f"targets of {targets['plan'].nunique()} plans; allowed: the targets of one plan")
    printed = outcomes.rename(columns={"lines": "outcome_lines"}).reindex(columns=["plan", "row", *_OUTCOME])
    rows = targets.merge(printed.astype({"plan": str, "row": str}), on=["plan", "row"], how="left", validate="1:1")
    texts = ["actual_printed", "actual_change_printed", "official_verdict", "outcome_lines"]
    return rows.assign(**{c: rows[c].astype(object).where(rows[c].notna(), "") for c in texts}).to_dict("records")


def _by_id(plan: str, commitments: pd.DataFrame) -> dict[str, dict]:
    """The plan's commitments that have a value, by id."""
    frame = commitments.reindex(columns=["plan", *_COMMITTED])
    frame = frame[(frame["plan"].isna() | (frame["plan"] == plan)) & frame["value"].notna()]
    return {c["id"]: c for c in frame.to_dict("records")}
