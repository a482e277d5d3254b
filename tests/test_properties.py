"""Laws that hold for any plan and any observations, found by search, and the edge cases of methods §10 by name."""

import datetime
import math
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plancore import gaps, load, paths, trajectories
from plancore.collecting import build
from plancore.measures import rules
from plancore.schema import DataError

ARITHMETIC = settings(derandomize=True, deadline=None, max_examples=min(60, settings().max_examples))
"""At night 60 examples, by day as many as the profile of the day has (`conftest`)."""
FRAMES = settings(ARITHMETIC, max_examples=ARITHMETIC.max_examples // 4)
"""A call of `measure` costs the same for one target as for many, so one example is a batch of targets."""

YEARS = range(2021, 2026)
FINE = "0.000000"
"""A cell printed with six decimals: both guards look at printed digits, and none fires at half a millionth."""

BOUNDS = {"higher": ("at_least", "more_than", "equal", "about"), "lower": ("at_most", "less_than", "equal", "about")}
MIRRORED = {"at_least": "at_most", "more_than": "less_than", "at_most": "at_least", "less_than": "more_than"}
PACES = ["reversing", "behind", "behind_slight", "on_track", "ahead", "at_target", "achieved_early"]
ORDERS = (PACES, ["breached", "compliant"], ["missed", "nearly_met", "met", "exceeded"])
"""Statuses and verdicts from worst to best; those of a held quantity have an order of their own."""

CHAINS = {  # form, path: what a target of the form may be, what a single year may be
    ("average_growth", "geometric"): ((1, 10), (-5, 15)),
    ("cumulative_rate", "geometric"): ((5, 40), (-10, 15)),
    ("cumulative_rate", "linear"): ((5, 40), (-10, 15)),
    ("cumulative_sum", "linear"): ((100, 500), (0, 150)),
    ("cumulative_change", "linear"): ((1, 10), (-3, 3)),
}
WORDS = ["status", "verdict", "official_word", "trend", "reason"]
NUMBERS = ["value", "progress", "time_share", "pace_ratio", "observed_pace", "required_pace", "acceleration", "gap",
           "gap_percent", "gap_years", "required", "against_path"]


def plan(*targets: dict) -> pd.DataFrame:
    """Targets of one plan 2020–2025, each of an indicator of its own; a level from 100 to 160 unless changed."""
    row = dict(plan="p", region="r", name_zh="甲", name_en="X", form="level", bound="at_least", path="linear",
               price_basis="none", counted=True, same_as="", attribute="expected", kind="box", better="higher",
               nature="flow", unit_zh="亿元", unit_en="", baseline_unit_zh="亿元", tolerance=math.nan,
               baseline_year=2020, baseline_value=100.0, target_year=2025, target_value=160.0, baseline_printed=FINE,
               target_printed=FINE, change_printed="", source="s", lines="1-2")
    return pd.DataFrame([row | dict(row=str(i), indicator=f"x{i}") | t for i, t in enumerate(targets, 1)])


def seen(*series: dict, **columns) -> pd.DataFrame:
    """Observations of the indicators x1, x2, … by period; a value may be (value, qualifier)."""
    rows = [(f"x{i}", str(p), *(v if isinstance(v, tuple) else (v, "")))
            for i, values in enumerate(series, 1) for p, v in values.items()]
    frame = pd.DataFrame(rows, columns=["indicator", "period", "value", "qualifier"])
    frame = frame.astype({"indicator": str, "period": str, "value": float, "qualifier": str})
    return frame.assign(**dict(region="r", price_basis="none", status="official_final", source="s", basis="") | columns)


def measured(cases: list[tuple[dict, dict]], as_of: int, **kwargs) -> pd.DataFrame:
    """`gaps.measure` of (target, its observations by year)."""
    targets, years = zip(*cases)
    return gaps.measure(plan(*targets), seen(*years), as_of, **kwargs)


def one(target: dict, years: dict, as_of: int, **kwargs) -> pd.Series:
    return measured([(target, years)], as_of, **kwargs).iloc[0]


def close(found, expected) -> None:
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-7, atol=1e-8)


def decimals(low: float, high: float, places: int = 3) -> st.SearchStrategy:
    """Decimal numbers of at most so many places, so that rounding to ten decimals hides no difference."""
    return st.integers(round(low * 10 ** places), round(high * 10 ** places)).map(lambda n: n / 10 ** places)


@st.composite
def levels(draw, paths=("linear", "geometric")) -> tuple[dict, dict]:
    """A level that shall move by at least 1 in the better direction, and one to five years around that way."""
    better = draw(st.sampled_from(["higher", "lower"]))
    bound, s = draw(st.sampled_from(BOUNDS[better])), 1 if better == "higher" else -1
    base, change = draw(decimals(100, 500)), s * draw(decimals(1, 50))
    shares = draw(st.dictionaries(st.sampled_from(YEARS), st.integers(-50, 150), min_size=1))
    nature, attribute = draw(st.sampled_from(["stock", "flow"])), draw(st.sampled_from(["expected", "binding"]))
    target = dict(better=better, bound=bound, path=draw(st.sampled_from(paths)), baseline_value=base, nature=nature,
                  attribute=attribute, target_value=round(base + change, 3),
                  tolerance=0.5 if bound == "about" else math.nan)
    return target, {year: round(base + change * share / 100, 3) for year, share in shares.items()}


@st.composite
def chains(draw, years: range = YEARS) -> tuple[dict, dict]:
    """A target that adds up years, and an observation of each year."""
    form, path = draw(st.sampled_from(list(CHAINS)))
    goal, single = CHAINS[form, path]
    target = dict(form=form, path=path, target_value=draw(decimals(*goal)), baseline_value=math.nan, nature="rate",
                  baseline_printed="")
    return target, {year: draw(decimals(*single)) for year in years}


def batch(cases: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(cases, min_size=4, max_size=8)


class TestInvariance:
    @FRAMES
    @given(batch(levels()), decimals(0.01, 100, places=2), st.sampled_from(YEARS))
    def test_a_positive_factor_changes_no_share_and_no_status(self, cases, factor, as_of):
        """Also no unit: 亿元 or 万元, as long as baseline, target, tolerance and observations agree."""
        amounts, pure = ["baseline_value", "target_value", "tolerance"], ["value", "gap", "required", "against_path"]
        scaled = [(t | {k: t[k] * factor for k in amounts}, {y: v * factor for y, v in years.items()})
                  for t, years in cases]
        here, there = measured(cases, as_of), measured(scaled, as_of)
        assert here[WORDS].equals(there[WORDS])
        shares = ["progress", "time_share", "pace_ratio", "gap_percent", "gap_years"]
        close(here[shares], there[shares])
        close(here[pure] * factor, there[pure])

    @FRAMES
    @given(batch(st.tuples(decimals(1, 9, places=1), st.integers(1, 8), st.integers(-300, 900))),
           st.sampled_from(YEARS))
    def test_guards_scale_with_the_printed_digits(self, cases, as_of):
        """A tenth of everything printed with one digit more: the guards fire, and in both cases alike."""
        def case(base, units, hundredths, places):
            unit = 10 ** -places
            start, goal = (round(v, places) for v in (base * unit * 10, base * unit * 10 + units * unit))
            target = dict(baseline_value=start, target_value=goal, baseline_printed=f"{start:.{places}f}",
                          target_printed=f"{goal:.{places}f}")
            return target, {as_of: round(start + hundredths * unit / 100, places + 2)}
        here, there = (measured([case(*c, places) for c in cases], as_of) for places in (1, 2))
        assert here[WORDS].equals(there[WORDS])
        close(here[["progress", "pace_ratio"]], there[["progress", "pace_ratio"]])

    @FRAMES
    @given(batch(levels(paths=["linear"]).filter(lambda c: c[0]["bound"] != "about")), st.integers(0, 500),
           st.sampled_from(YEARS))
    def test_mirrored_values_with_the_other_direction_are_the_same_case(self, cases, centre, as_of):
        """About (左右) is left out: it rounds half up, so its edge belongs to one side only."""
        def mirror(value):
            return round(2 * centre - value, 3)
        mirrored = [(t | dict(better={"higher": "lower", "lower": "higher"}[t["better"]],
                              bound=MIRRORED.get(t["bound"], t["bound"]), baseline_value=mirror(t["baseline_value"]),
                              target_value=mirror(t["target_value"])), {y: mirror(v) for y, v in years.items()})
                    for t, years in cases]
        here, there = measured(cases, as_of), measured(mirrored, as_of)
        assert here[WORDS].equals(there[WORDS])
        same = ["progress", "pace_ratio", "against_path", "gap", "gap_years"]
        turned = ["observed_pace", "required_pace", "acceleration"]
        close(here[same], there[same])
        close(here[turned], -there[turned])

    @FRAMES
    @given(st.integers(0, 10 ** 6), st.sampled_from(YEARS))
    def test_the_order_of_observations_does_not_matter(self, seed, as_of):
        targets, observations = load.targets("zj14", kind="all"), load.observations("zj")
        one_way = gaps.measure(targets, observations, as_of)
        other_way = gaps.measure(targets, observations.sample(frac=1, random_state=seed), as_of)
        pd.testing.assert_frame_equal(one_way, other_way)


class TestMonotony:
    """A better value never gives a worse status, guards included; printed to the same digit, as plans print.

    Only targets in the better direction: with a target looser than its baseline progress has no meaning.
    """

    @FRAMES
    @given(st.data(), st.sampled_from(YEARS), st.sampled_from(["linear", "geometric", "hold"]), st.integers(0, 2))
    def test_of_the_status_in_the_value(self, data, as_of, path, places):
        better, unit = data.draw(st.sampled_from(["higher", "lower"])), 10 ** -places
        s, bound = (1 if better == "higher" else -1), data.draw(st.sampled_from(BOUNDS[better]))
        base, units = data.draw(decimals(20, 90, places)), data.draw(st.integers(1, 12))
        goal = round(base + s * units * unit, places)
        target = dict(better=better, bound=bound, path=path, baseline_value=base, target_value=goal,
                      nature=data.draw(st.sampled_from(["stock", "flow"])), baseline_printed=f"{base:.{places}f}",
                      target_printed=f"{goal:.{places}f}", tolerance=unit / 2 if bound == "about" else math.nan)
        steps = sorted(data.draw(st.sets(st.integers(-150, 250), min_size=4, max_size=12)))
        values = [base + s * units * unit * step / 100 for step in steps]  # from worse to better
        frame = measured([(target, {as_of: value}) for value in values], as_of)
        words = list(frame["verdict"].where(frame["status"] == "final", frame["status"]))
        order = next(order for order in ORDERS if set(words) <= set(order))
        assert [order.index(w) for w in words] == sorted(order.index(w) for w in words)

    @FRAMES
    @given(batch(chains()), decimals(0, 5), st.sampled_from(YEARS))
    def test_of_the_status_in_the_last_year_of_a_chain(self, cases, more, as_of):
        raised = [(t, years | {as_of: years[as_of] + more}) for t, years in cases]
        for before, after in zip(measured(cases, as_of).itertuples(), measured(raised, as_of).itertuples()):
            order = ORDERS[2] if as_of == 2025 else PACES
            kind = "verdict" if as_of == 2025 else "status"
            assert order.index(getattr(after, kind)) >= order.index(getattr(before, kind))


class TestRoundTrips:
    @FRAMES
    @given(batch(levels()), st.integers(2021, 2024))
    def test_a_level_on_the_path_is_on_schedule_and_its_pace_leads_to_it(self, cases, as_of):
        def on_path(target):
            ends = target["baseline_value"], target["target_value"]
            return {as_of: float(rules.level_at((as_of - 2020) / 5, *ends, target["path"]))}
        frame = measured([(t | dict(bound="equal"), on_path(t)) for t, _ in cases], as_of)
        assert (frame["status"] == "on_track").all()
        close(frame["pace_ratio"], 1), close(frame["against_path"], 0), close(frame["acceleration"], 0)
        close([carried(row, row.baseline_value, row.observed_pace, as_of - 2020) for row in frame.itertuples()],
              frame["value"])

    @FRAMES
    @given(batch(levels()), st.integers(2021, 2024))
    def test_the_required_pace_of_a_level_hits_the_target_and_the_gap_lasts_as_said(self, cases, as_of):
        frame = measured(cases, as_of).query("reason == ''")
        for row in frame.itertuples():
            close(carried(row, row.value, row.required_pace, 2025 - row.last_period), row.target_value)
            close(carried(row, row.baseline_value, row.observed_pace, row.last_period - 2020), row.value)
            if not math.isnan(row.gap_years):  # at a tiny pace the tenth decimal of the pace is felt over many years
                reached = carried(row, row.value, row.observed_pace, row.gap_years)
                assert reached == pytest.approx(row.target_value, rel=1e-5)

    @FRAMES
    @given(batch(chains()), st.integers(2021, 2024))
    def test_the_required_pace_of_a_chain_hits_the_target(self, cases, as_of):
        """Carried out year by year, compounding by hand where the form compounds."""
        frame = measured(cases, as_of)
        for (target, years), row in zip(cases, frame.itertuples()):
            done = [years[y] for y in range(2021, as_of + 1)]
            close(whole(row, [*done, *[row.required_pace] * (2025 - as_of)], target["path"]), row.target_value)
            close(whole(row, [row.observed_pace] * len(done), target["path"]), whole(row, done, target["path"]))
            close(row.value, whole(row, done, target["path"]))

    @ARITHMETIC
    @given(st.sampled_from(list(CHAINS)), st.lists(decimals(-99, 99), min_size=1, max_size=8))
    def test_shares_and_unshare_are_inverse(self, kind, values):
        values = np.array(values)
        close(rules.unshare(rules.shares(values, *kind), *kind), values)
        close(rules.shares(rules.unshare(values / 100, *kind), *kind), values / 100)

    @ARITHMETIC
    @given(decimals(1, 1000), decimals(1, 1000), st.integers(0, 10), st.sampled_from(["linear", "geometric"]))
    def test_level_at_and_level_progress_are_inverse(self, base, change, tenths, path):
        value = rules.level_at(tenths / 10, base, base + change, path)
        close(rules.level_progress(value, base, base + change, path), tenths / 10)


def carried(row, start: float, pace: float, years: float) -> float:
    """A level after so many years at this pace."""
    return start * (1 + pace / 100) ** years if row.pace_unit == "percent" else start + pace * years


def whole(row, years: list[float], path: str) -> float:
    """What single years amount to, compounded year by year: average growth, total cut, sum."""
    if row.formula.startswith("growth"):
        return 100 * (math.prod(1 + g / 100 for g in years) ** (1 / len(years)) - 1)
    if row.formula == "cumulative_rate" and path == "geometric":
        return 100 * (1 - math.prod(1 - c / 100 for c in years))
    return sum(years)


class TestSigns:
    @FRAMES
    @given(batch(levels()), st.sampled_from(YEARS))
    def test_against_path_agrees_with_the_pace_ratio_of_levels(self, cases, as_of):
        frame = measured(cases, as_of).query("reason == ''")
        change = (frame["target_value"] - frame["baseline_value"]).abs()
        linear = frame["formula"] == "level_linear"
        close(frame["against_path"][linear], ((frame["pace_ratio"] - 1) * frame["time_share"] * change)[linear])
        assert_same_side(frame)

    @FRAMES
    @given(batch(chains()), st.sampled_from(YEARS))
    def test_against_path_agrees_with_the_pace_ratio_of_chains(self, cases, as_of):
        assert_same_side(measured(cases, as_of))


def assert_same_side(frame: pd.DataFrame) -> None:
    """Off the path by more than rounding, both say the same."""
    off = frame[(frame["against_path"].abs() > 1e-6) & ((frame["pace_ratio"] - 1).abs() > 1e-6)]
    assert ((off["against_path"] > 0) == (off["pace_ratio"] > 1)).all()
    assert off["against_path"].notna().all()


class TestMissingData:
    """Nothing missing raises, and nothing missing turns into a number."""

    @FRAMES
    @given(st.integers(0, 10 ** 6), st.sampled_from([0.0, 0.3, 0.6, 0.9]), st.sampled_from(YEARS),
           st.sampled_from(["printed", "revised"]))
    def test_of_zhejiang(self, seed, share, as_of, baseline):
        kept = load.observations("zj").sample(frac=share, random_state=seed)
        assert_honest(gaps.measure(load.targets("zj14", kind="all"), kept, as_of, baseline=baseline))

    @FRAMES
    @given(batch(st.one_of(levels(), chains())), st.data(), st.sampled_from(YEARS))
    def test_of_every_form(self, cases, data, as_of):
        control = (dict(form="yearly_control", path="none", better="lower", bound="at_most", target_value=5.5),
                   {y: 5.0 for y in YEARS})
        step = (dict(path="step", baseline_value=math.nan, baseline_printed=""), {y: 100.0 + y for y in YEARS})
        kept = [(t, {y: v for y, v in years.items() if data.draw(st.booleans())})
                for t, years in [*cases, control, step]]
        frame = measured(kept, as_of)
        assert_honest(frame)
        for (target, years), row in zip(kept, frame.itertuples()):
            known = [y for y in years if y <= as_of]
            assert math.isnan(row.last_period) if not known else row.last_period == max(known)
            if target.get("form") in rules.CHAINED:
                assert math.isnan(row.value) == (not known or sorted(known) != list(range(2021, max(known) + 1)))

    @FRAMES
    @given(batch(chains()), st.data())
    def test_completing_a_chain_leaves_the_figures_so_far(self, cases, data):
        """No official average here: where one is published it stands in place of its year's figure."""
        targets = plan(*(t for t, _ in cases))
        some = [{y: v for y, v in years.items() if y == 2021 or data.draw(st.booleans())} for _, years in cases]
        before, after = (so_far(targets, seen(*years), 2025) for years in (some, [years for _, years in cases]))
        assert set(before.index) <= set(after.index)
        pd.testing.assert_series_equal(before, after[before.index])
        earlier = so_far(targets, seen(*(years for _, years in cases)), 2023)
        pd.testing.assert_series_equal(earlier, after[earlier.index])

    @FRAMES
    @given(st.dates(datetime.date(2022, 1, 1), datetime.date(2026, 12, 31)),
           st.dates(datetime.date(2022, 1, 1), datetime.date(2026, 12, 31)))
    def test_what_is_known_only_grows(self, one_day, other_day):
        first, second = (load.observations("zj", day.isoformat()) for day in sorted((one_day, other_day)))
        earlier, later = (frame.set_index(["indicator", "period"])["vintages"] for frame in (first, second))
        assert set(earlier.index) <= set(later.index)
        assert (later[earlier.index] >= earlier).all()
        assert (pd.to_datetime(first["published_by"]).dt.date <= min(one_day, other_day)).all()


def assert_honest(frame: pd.DataFrame) -> None:
    """A reason exactly where nothing is assessed, a verdict only at the end, no number without an observation."""
    silent = frame["status"] == "not_assessable"
    assert set(frame["status"]) <= set(rules.STATUSES) and set(frame["reason"]) <= {"", *rules.REASONS}
    assert ((frame["reason"] != "") == silent).all()
    assert ((frame["verdict"] != "") == (frame["status"] == "final")).all()
    assert ((frame["official_word"] == "") == frame["status"].isin(["final", "not_assessable"])).all()
    unseen = frame[frame["last_period"].isna()]
    assert (unseen["status"] == "not_assessable").all() and (unseen["source"] == "").all()
    assert unseen[NUMBERS].isna().all().all() and frame.loc[frame["value"].isna(), NUMBERS[3:]].isna().all().all()


def so_far(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.Series:
    series = trajectories.series(targets, observations, as_of).query("series == 'observed'")
    return series.set_index(["row", "year"])["value"].sort_index()


class TestThresholds:
    """Exact from both sides: more than half of the tenth decimal counts as a difference, less does not."""

    CUTS = [(rules.AHEAD, "ahead", "on_track"), (rules.ON_TRACK, "on_track", "behind_slight"),
            (rules.SLIGHT, "behind_slight", "behind"), (rules.REVERSING, "behind", "reversing")]
    APART, NOISE = st.floats(6e-11, 1e-9), st.floats(0, 4e-11)

    @ARITHMETIC
    @given(st.sampled_from(CUTS), APART, NOISE)
    def test_of_the_pace_ratio(self, cut, apart, noise):
        at, above, below = cut
        assert rules.pace_status(at + apart) == rules.pace_status(at + noise) == rules.pace_status(at - noise) == above
        assert rules.pace_status(at - apart) == below

    @ARITHMETIC
    @given(st.sampled_from(["at_least", "at_most", "more_than", "less_than"]), decimals(0, 100), APART, NOISE)
    def test_of_the_bounds(self, bound, target, apart, noise):
        better = "higher" if bound in ("at_least", "more_than") else "lower"
        s, included = (1 if better == "higher" else -1), bound.startswith("at_")
        assert rules.meets(target + s * apart, target, bound, better, math.nan)
        assert not rules.meets(target - s * apart, target, bound, better, math.nan)
        for near in (target, target + noise, target - noise):
            assert rules.meets(near, target, bound, better, math.nan) == included

    @ARITHMETIC
    @given(st.sampled_from(["higher", "lower"]), st.integers(1, 100), st.integers(0, 2), APART, NOISE)
    def test_of_about(self, better, target, places, apart, noise):
        """Half up: the lower edge of what rounds to the figure is in, the upper edge is out."""
        half, higher = 0.5 * 10 ** -places, better == "higher"
        edge = target - half if higher else target + half
        def meets(value):
            return bool(rules.meets(value, target, "about", better, half))
        assert meets(edge - apart) != higher and meets(edge + apart) == higher
        assert {meets(edge), meets(edge + noise), meets(edge - noise)} == {higher}

    @ARITHMETIC
    @given(APART, NOISE)
    def test_of_nearly_met(self, apart, noise):
        def verdict(delivered):
            return str(rules.verdict(159.0, 160.0, "at_least", "higher", math.nan, "expected", delivered))
        assert {verdict(0.9 + apart), verdict(0.9 + noise), verdict(0.9 - noise)} == {"nearly_met"}
        assert verdict(0.9 - apart) == "missed"


@ARITHMETIC
@given(st.sampled_from([(b, bound) for b in BOUNDS for bound in BOUNDS[b]]), decimals(-100, 100, 2), decimals(-2, 2, 2),
       st.sampled_from(["binding", "expected"]), st.floats(-1, 2) | st.just(math.nan))
def test_beating_meeting_and_the_verdict_are_one_order(direction, target, off, attribute, delivered):
    """Only bounds that fit the direction: no plan asks for at least so much of what should be less."""
    better, bound = direction
    facts = (target + off, target, bound, better, 0.5 if bound == "about" else math.nan)
    beats, meets = bool(rules.beats(*facts)), bool(rules.meets(*facts))
    verdict = str(rules.verdict(*facts, attribute, delivered))
    assert meets or not beats
    assert (verdict == "exceeded") == beats and (verdict in ("met", "exceeded")) == meets
    nearly = attribute == "expected" and rules.clean(delivered) >= rules.NEARLY
    assert (verdict == "nearly_met") == (nearly and not meets)


@ARITHMETIC
@given(st.sampled_from(["at_least", "about"]), st.sampled_from(["binding", "expected"]), st.booleans())
def test_no_figure_gives_no_verdict(bound, attribute, no_target):
    value, target = (5.0, math.nan) if no_target else (math.nan, 5.0)
    assert rules.verdict(value, target, bound, "higher", 0.5, attribute, 1.0) == "no_figure"


# Methods §10. Held in test_gaps.py: a baseline beyond a target that is held, and met while worsening
# (test_met_but_moving_the_wrong_way); base 0 (test_zero_baseline_is_fine_on_a_line, …_is_refused_on_a_geometric_path);
# no baseline at all (test_missing_baseline); missing year in a growth chain (test_missing_year_in_a_chain); revised
# baseline of a real row (test_revised_baseline_changes_urbanization); lower bound (test_published_lower_bound_…,
# test_lower_bound_is_no_point); as_of outside the plan (test_wrong_calls_say_what_is_allowed); exact thresholds
# (test_bounds_are_exact, test_thresholds_from_both_sides, and TestThresholds above). Held in test_build.py: refusals of
# units, of implausible values and of rows given twice, with their messages.
class TestEdgeCases:
    def test_target_equal_to_baseline_has_no_progress(self):
        same = dict(target_value=100.0)
        for value, status in ((100.0, "compliant"), (101.0, "compliant"), (99.0, "breached")):
            row = one(same, {2022: value}, 2022)
            assert row.status == status and math.isnan(row.progress) and math.isnan(row.pace_ratio)
            assert row.against_path == value - 100

    def test_baseline_beyond_the_target_asks_to_hold(self):
        row = one(dict(target_value=90.0), {2021: 95.0}, 2021)
        assert (row.status, row.gap, row.trend) == ("compliant", -5, "worsening")
        assert math.isnan(row.gap_years) and row.against_path == 5

    def test_a_fall_below_a_looser_target_is_no_progress(self):
        row = one(dict(target_value=90.0), {2022: 85.0}, 2022)
        assert row.status == "breached" and row.against_path == -5
        assert math.isnan(row.progress) and math.isnan(row.pace_ratio)
        held = dict(path="hold", baseline_value=93.3, target_value=93.0, baseline_printed="93.3", target_printed="93")
        assert one(held, {2025: 90.0}, 2025).verdict == "missed"

    def test_geometric_path_to_nought_is_refused(self):
        row = one(dict(path="geometric", target_value=0.0, better="lower", bound="at_most"), {2022: 50.0}, 2022)
        assert (row.status, row.reason) == ("not_assessable", "no_baseline")

    def test_lower_bound_inside_a_sum_is_a_lower_bound_of_the_sum(self):
        plan = dict(form="cumulative_sum", target_value=280.0, baseline_value=math.nan, baseline_printed="")
        values = {2021: 100.0, 2022: (80.0, "more_than"), 2023: 90.0, 2024: 1.0, 2025: 1.0}
        row = one(plan, values, 2025)
        assert (row.qualifier, row.status, row.reason) == ("more_than", "not_assessable", "lower_bound_only")

    def test_target_nought_is_fine_on_a_line(self):
        row = one(dict(target_value=0.0, better="lower", bound="at_most"), {2022: 50.0}, 2022)
        assert (row.progress, row.required, row.against_path, row.status) == (0.5, 60, 10, "ahead")
        assert math.isnan(row.gap_percent)  # no share of nought
        assert one(dict(target_value=0.0, better="lower", bound="at_most"), {2022: 0.0}, 2022).status == "at_target"

    def test_sign_change_is_fine_on_a_line(self):
        row = one(dict(baseline_value=-10.0, target_value=10.0), {2022: 2.0}, 2022)
        assert (row.progress, row.required, row.observed_pace, row.status) == (0.6, -2, 6, "ahead")

    def test_sign_change_is_refused_on_a_geometric_path(self):
        for base, value, goal in ((-10.0, 2.0, 10.0), (10.0, -2.0, 20.0)):
            row = one(dict(path="geometric", baseline_value=base, target_value=goal), {2022: value}, 2022)
            assert (row.status, row.reason) == ("not_assessable", "no_baseline") and math.isnan(row.progress)

    def test_one_point_is_enough_for_a_status_and_a_trend_from_the_baseline(self):
        row = one({}, {2021: 112.0}, 2025)
        assert (row.last_period, row.status, row.trend, row.stale) == (2021, "on_track", "improving", True)

    def test_missing_baseline_year_is_never_the_next_year(self):
        """Neither a neighbour of the baseline year nor its own year on request stands in for an empty cell."""
        empty = dict(baseline_value=math.nan, baseline_printed="")
        row = one(empty, {2019: 90.0, 2021: 110.0, 2022: 130.0}, 2022, baseline="revised")
        assert (row.reason, row.baseline_used) == ("no_baseline", "") and math.isnan(row.baseline_value)
        row = one({}, {2019: 90.0, 2021: 110.0, 2022: 130.0}, 2022, baseline="revised")
        assert (row.baseline_used, row.baseline_value) == ("printed", 100)

    def test_revised_baseline_is_used_on_request_only_and_named(self):
        years = {2020: 110.0, 2022: 130.0}
        printed, revised = (one({}, years, 2022, baseline=b) for b in ("printed", "revised"))
        assert (printed.baseline_used, printed.progress) == ("printed", 0.5)
        assert (revised.baseline_used, revised.baseline_value, revised.progress) == ("revised", 110, 0.4)

    def test_revised_baseline_of_another_basis_is_not_used(self):
        frame = seen({2020: 110.0, 2022: 130.0}).assign(basis=["", "census"])
        row = gaps.measure(plan({}), frame, 2022, baseline="revised").iloc[0]
        assert (row.baseline_used, row.break_at_baseline) == ("printed", "census")

    def test_missing_year_in_a_sum_is_never_scaled_up(self):
        """〔400〕 with 100 and 120 of three years: neither 220 nor 330 is shown, the years stay visible."""
        total = dict(form="cumulative_sum", target_value=400.0, baseline_value=math.nan, baseline_printed="")
        years = {2021: 100.0, 2023: 120.0}
        row = one(total, years, 2023)
        assert (row.status, row.reason, row.last_period) == ("not_assessable", "missing_years", 2023)
        assert row[NUMBERS[:2] + NUMBERS[3:]].isna().all()
        series = trajectories.series(plan(total), seen(years), 2023).set_index(["series", "year"]).value
        assert dict(series["observed"]) == {2021: 100} and dict(series["yearly"]) == {2021: 100, 2023: 120}

    def test_missing_year_never_meets_a_sum_even_where_the_rest_would(self):
        total = dict(form="cumulative_sum", target_value=400.0, baseline_value=math.nan, baseline_printed="")
        row = one(total, {2021: 300.0, 2025: 300.0}, 2025)
        assert (row.status, row.verdict, row.reason) == ("not_assessable", "", "missing_years")

    def test_per_cent_compound_and_percentage_points_add(self):
        """Ten and ten per cent cut 19 per cent; ten and ten points are 20 points."""
        goal, years = dict(target_value=40.0, baseline_value=math.nan, baseline_printed=""), {2021: 10.0, 2022: 10.0}
        cut = one(goal | dict(form="cumulative_rate", path="geometric", unit_zh="%"), years, 2022)
        points = one(goal | dict(form="cumulative_change", unit_zh="个百分点"), years, 2022)
        assert (cut.value, points.value) == (pytest.approx(19), 20)
        assert points.progress == 0.5 and cut.progress == pytest.approx(math.log(0.81) / math.log(0.6))

    @pytest.mark.parametrize("indicator, unit, allowed", [
        ("myopia_cut", "%", "个百分点"), ("goods_trade", "亿美元", "亿元"), ("goods_trade", "万元", "亿元"),
        ("foreign_investment", "亿元", "亿美元"), ("urbanization_rate", "个百分点", "%")])
    def test_a_unit_that_looks_like_the_indicators_own_is_refused(self, tmp_path, indicator, unit, allowed):
        with pytest.raises(DataError, match=allowed):
            build.read(with_observation(tmp_path, f"{indicator},2026,60,,{unit},none,secondary,zj-bulletin-2022,,"))

    def test_duplicate_source_is_refused(self, tmp_path):
        """One source gives one value for a period; of several sources one is chosen before anything is measured."""
        line = "urbanization_rate,2026,77,,%,none,secondary,zj-bulletin-2022,,"
        build.read(with_observation(tmp_path / "once", line))
        with pytest.raises(DataError, match="second row with the same indicator, period, source"):
            build.read(with_observation(tmp_path / "twice", line, line))
        with pytest.raises(DataError, match="load.observations"):
            gaps.measure(load.targets("zj14", kind="all"), load.vintages("zj"), 2023)

    def test_provisional_last_value_counts_and_is_named(self):
        """Preliminary figures are evidence until a final one is known; the series says which they are."""
        frame = seen({2021: 110.0, 2022: 130.0}).assign(status=["official_final", "official_preliminary"])
        row = gaps.measure(plan({}), frame, 2022).iloc[0]
        assert (row.last_period, row.progress, row.status) == (2022, 0.5, "ahead")
        series = trajectories.series(plan({}), frame, 2022).query("series == 'observed'").set_index("year")
        assert dict(series.status) == {2021: "official_final", 2022: "official_preliminary"}

    def test_lower_bound_says_nothing_of_what_should_be_less(self):
        row = one(dict(better="lower", bound="at_most", target_value=60.0), {2022: (50.0, "more_than")}, 2022)
        assert (row.status, row.reason) == ("not_assessable", "lower_bound_only")
        assert row[["progress", "pace_ratio", "against_path", "observed_pace", "required_pace"]].isna().all()

    def test_observations_after_the_target_year_or_the_day_asked_for_are_ignored(self):
        years = {2022: 130.0, 2024: 150.0, 2026: 10.0, 2027: 500.0}
        pd.testing.assert_series_equal(one({}, years, 2025), one({}, {2022: 130.0, 2024: 150.0}, 2025))
        pd.testing.assert_series_equal(one({}, years, 2023), one({}, {2022: 130.0}, 2023))

    def test_the_target_year_is_the_last_that_may_be_asked_for(self):
        assert one({}, {2025: 160.0}, 2025).verdict == "met"
        with pytest.raises(DataError, match="2021 to 2025"):
            one({}, {2026: 160.0}, 2026)


def with_observation(folder, *lines: str):
    """A copy of the data folder with these lines at the end of the observations."""
    data = shutil.copytree(paths.DATA, folder / "data")
    with (data / "observations" / "zj.csv").open("a", encoding="utf-8", newline="") as file:
        file.write("".join(line + "\n" for line in lines))
    return data
