"""What an address may ask of an app, and what a state is called."""

import math

import pytest

from plancore import apps, load
from plancore.apps.state import Slider, format_query, parse_query, resolve

HOSTILE = ["<script>alert(1)</script>", "__import__('os')", "zj14' OR 1=1 --", "../../etc/passwd", "%00", "", "a" * 5000, "nan", "inf",
           "-1e999", "{{7*7}}", "zj14\nSet-Cookie: x", "指标", "None", "true"]
PLAYS = list(apps.DEFINITIONS.values())


@pytest.mark.parametrize("play", PLAYS, ids=lambda p: p.name)
def test_defaults_are_allowed_and_need_no_address(play):
    state, refused = resolve(play, {}, "zh")
    assert state == play.defaults() and refused == []
    assert format_query(play, state, "zh") == "" and format_query(play, state, "en") == "?lang=en"


@pytest.mark.by_day(10)
@pytest.mark.parametrize("play", PLAYS, ids=lambda p: p.name)
@pytest.mark.parametrize("bad", HOSTILE)
def test_a_value_that_is_not_known_is_refused_and_the_default_stands(play, bad):
    for name, default in play.defaults().items():
        state, refused = resolve(play, {name: bad}, "zh")
        control = next(c for c in play.controls(state, "zh") if c.name == name)
        known, whole = control.read(bad)
        assert (name in refused) == (not whole)  # some of it is a value here or there, such as "" for no indicator
        assert state[name] == (known if known is not None else default)


@pytest.mark.parametrize("play", PLAYS, ids=lambda p: p.name)
def test_an_address_says_the_state_and_the_state_the_address(play):
    state = play.defaults()
    for control in play.controls(state, "zh"):
        values = [control.high, control.low + control.step] if isinstance(control, Slider) else [v for _, v in control.options][-2:]
        for value in values:
            value = (value,) if getattr(control, "kind", "") == "several" else value
            there, refused = resolve(play, {control.name: value}, "zh")
            assert refused == []
            given, lang, known = parse_query(play, format_query(play, there, "en"))
            assert (lang, known) == ("en", True)
            assert resolve(play, given, "zh") == (there, [])


def test_of_several_values_the_known_ones_are_kept():
    play = apps.DEFINITIONS["explorer"]
    state, refused = resolve(play, {"indicator": "rd_share,bogus,rd_share,gdp_growth"}, "zh")
    assert state["indicator"] == ("rd_share", "gdp_growth") and refused == ["indicator"]
    every = load.targets("zj14")["indicator"]
    state, refused = resolve(play, {"indicator": ",".join(every)}, "zh")
    assert state["indicator"] == tuple(every[:6]) and refused == ["indicator"]


def test_a_slider_takes_the_nearest_step_between_its_ends():
    slide = Slider("x", -1.0, 2.0, 0.1)
    assert slide.read("0.26") == (0.3, True) and slide.read(-1) == (-1.0, True) and slide.read("2.0") == (2.0, True)
    for bad in ("2.1", "-1.01", "nan", "inf", "", None, "0x1", "1e400"):
        assert slide.read(bad) == (None, False)
    assert all(math.isclose(slide.read(k / 10)[0], k / 10) for k in range(-10, 21))


def test_an_address_is_read_only_as_far_as_the_app_has_parameters():
    play = apps.DEFINITIONS["dashboard"]
    said = "?parameters=%7B%22plan%22%3A1%7D&plan=zj13&lang=fr&as_of=2018&cell=import+os"
    assert parse_query(play, said) == ({"plan": "zj13", "as_of": "2018"}, "zh", False)
    assert parse_query(play, "?" + "&".join(f"plan={n}" for n in range(10000)))[0].keys() == {"plan"}
    assert parse_query(play, "") == ({}, "zh", True)


def test_a_plan_narrows_what_follows_it():
    play = apps.DEFINITIONS["dashboard"]
    state, refused = resolve(play, {"plan": "zj13", "as_of": 2024, "indicator": "care_workers_per_10k_elderly"}, "zh")
    assert state["plan"] == "zj13" and state["as_of"] == 2020 and state["indicator"] == ""
    assert refused == ["as_of", "indicator"]
