"""An app's frame: what a moved control, a visit and a click do, without a browser."""

import pytest

from plancore import apps, load, wording
from plancore.apps.app import linked
from plancore.apps.state import Slider

CONSTRUCTORS = {"dashboard": apps.dashboard, "explorer": apps.explorer, "scenario": apps.scenario}


@pytest.mark.nightly
@pytest.mark.parametrize("name, lang", [
    pytest.param(name, lang, marks=[] if (name, lang) in (("dashboard", "zh"), ("scenario", "zh")) else pytest.mark.nightly)
    for name in CONSTRUCTORS for lang in ("zh", "en")])
def test_every_value_of_every_control_is_shown(name, lang):
    for control in apps.DEFINITIONS[name].controls(apps.DEFINITIONS[name].defaults(), lang):
        app = CONSTRUCTORS[name](lang=lang)
        if control.name not in app._controls:
            continue
        widget = app._controls[control.name]
        values = [control.low, control.high] if isinstance(control, Slider) else [v for _, v in control.options]
        for value in values if control.name != "indicator" else []:
            widget.value = value
            assert app.state[control.name] == value and app._page.message == "", (control.name, value)
            assert all(part.html for part in app._parts.values())
        assert widget.description == wording.text("control_" + control.name, lang)


def test_a_moved_control_that_fails_leaves_the_last_view_and_says_so(monkeypatch, caplog):
    app = apps.dashboard()
    before, shown = dict(app.state), app._parts["list"].html
    monkeypatch.setattr("plancore.apps.dashboard_app.table.by_urgency", lambda rows: 1 / 0)
    app._controls["attribute"].value = "binding"
    assert app._page.message == wording.text("app_error", "zh") and not app._page.busy
    assert app.state == before and app._parts["list"].html == shown and app._controls["attribute"].value == "all"
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    app._controls["attribute"].value = "binding"
    assert app.state["attribute"] == "binding" and app._page.message == "" and app._parts["list"].html != shown


def test_a_visit_shows_what_the_address_says_and_names_what_it_cannot():
    app = apps.dashboard().visit("as_of=2024&lang=en&attribute=sideways")
    assert (app.lang, app.state["as_of"], app.state["attribute"]) == ("en", 2024, "all")
    assert "Attribute" in app._page.message and "Obligatory" in app._page.message
    assert app._page.query == "?as_of=2024&lang=en"
    assert app.visit("")._page.query == "" and app.lang == "zh"  # the back button, to where the visit began
    app.visit("?lang=fr")
    assert app.lang == "zh" and "English" in app._page.message


def test_what_a_part_holds_of_a_hostile_address_is_nothing():
    app = apps.explorer().visit("indicator=<img src=x onerror=alert(1)>&scale=<b>")
    assert "<img" not in app._page.message + "".join(p.html for p in app._parts.values())
    assert "<b>" not in app._page.message


def test_the_language_changes_words_and_nothing_else():
    app = apps.scenario(growth_2026_2030=6)
    state = dict(app.state)
    app._language.value = "en"
    assert app.state == state and app._page.query == "?growth_2026_2030=6&lang=en" and app._page.tag == "en"
    assert app._controls["growth_2026_2030"].description == "Real growth 2026–2030 (% a year)"
    assert "With 6% a year" in app._parts["answer"].html


def test_an_unchanged_part_is_not_sent_again():
    app = apps.scenario()
    sent = []
    app._parts["charts"].observe(lambda change: sent.append(change["name"]), ["html", "stamp"])
    app._controls["growth_2026_2030"].value = 6.3
    app._controls["urbanization_2035"].value = 82.0
    assert sent == [] and "6.3%" in app._parts["answer"].html  # the browser moves the chart itself


def test_the_first_paint_is_the_parts_themselves():
    app = apps.dashboard()
    painted = app._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in painted
    for name, part in app._parts.items():
        assert f'data-part="{name}" data-stamp="{part.stamp}">{part.html}</div>' in painted["text/html"]


def test_marks_become_links_where_reports_are_served(monkeypatch, tmp_path):
    html = ('<a href="#src-{s}" title="t">1</a><a href="#origin-7b">2</a><a data-goto="indicator_profile?indicator=rd_share&amp;as_of=2025">3</a>'
            '<a class="flag" data-about="x">4</a>')
    with_url = load.sources().query("url != ''")["source"].iloc[0]
    state = {"plan": "zj14", "as_of": 2025}
    monkeypatch.delenv("VOILA_BASE_URL", raising=False)
    plain = linked(html.format(s=with_url), state, "zh")
    assert f'href="{load.sources().set_index("source")["url"][with_url]}"'.replace("&", "&amp;") in plain
    assert plain.count("href") == 1 and "flag" not in plain
    monkeypatch.setenv("VOILA_BASE_URL", "/x/")
    pages = [{"report": r, "parameters": {"lang": "zh", **p}, "path": f"zh/{r}.html"} for r, p in (
        ("gap_analysis", {"plan": "zj14", "as_of": 2025}), ("indicator_profile", {"indicator": "rd_share", "as_of": 2025}))]
    monkeypatch.setattr("plancore.apps.app._published", lambda: pages)
    there = linked(html.format(s="unknown"), state, "zh")
    assert 'href="/x/reports/zh/gap_analysis.html#origin-7b"' in there and 'href="/x/reports/zh/indicator_profile.html"' in there


def test_a_file_that_fails_is_said_and_not_sent(monkeypatch):
    app, sent = apps.dashboard(), []
    monkeypatch.setattr(app._page, "send", lambda said, buffers=(): sent.append(said))
    app._page._answer(app._page, {"make": "csv"}, [])
    assert sent == [{"name": "dashboard.csv", "type": "text/csv"}]
    monkeypatch.setattr("plancore.downloads.workbook.write", lambda sheets: 1 / 0)
    app._page._answer(app._page, {"make": "xlsx"}, [])
    assert len(sent) == 1 and app._page.message == wording.text("app_error", "zh")
    for nonsense in ("x", None, 7, {"make": "../x"}, {"visit": 3}, {}):
        app._page._answer(app._page, nonsense, [])
    assert len(sent) == 1
    app._page._answer(app._page, {"visit": "?as_of=2022"}, [])
    assert app.state["as_of"] == 2022


def test_what_a_program_gets_wrong_is_an_error_that_names_what_is_allowed():
    with pytest.raises(ValueError, match="no parameter 'plam'.*plan.*allowed: plan, as_of, attribute, category, indicator"):
        apps.dashboard(plam="zj14")
    with pytest.raises(ValueError, match="lang='fr' is not known; allowed: zh, en"):
        apps.explorer(lang="fr")
