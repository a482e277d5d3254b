"""The apps in a real browser, served as stakeholders get them: controls, links, languages, files, strangers, a lost kernel."""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import openpyxl
import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from PIL import Image

from plancore import apps, load, wording
from plancore.apps.app import linked
from plancore.apps.state import Choice, Slider, parse_query, resolve

NAMES = list(apps.DEFINITIONS)
pytestmark = [pytest.mark.browser, pytest.mark.server]
nightly = pytest.mark.nightly

PATIENCE = 60_000
"""Milliseconds until something counts as hung, not how long it should take."""


@pytest.fixture
def app(visit, serving):
    """Open an app as a context manager, once it answers: gives the page."""
    @contextmanager
    def opened(name: str, query: str = "", width: int = 1280, strict: bool = True):
        with visit(serving + name + query, width) as (page, foreign, errors):
            page.set_default_timeout(PATIENCE)
            page.wait_for_selector("body.ready")
            yield page
            assert foreign == [] and (not strict or errors == []), (foreign, errors)
    return opened


def query(page) -> str:
    return urlsplit(page.url).query


def state(page, name: str) -> tuple[dict, str]:
    given, lang, _ = parse_query(apps.DEFINITIONS[name], query(page))
    return resolve(apps.DEFINITIONS[name], given, lang)[0], lang


def words(html: str) -> str:
    """Text as it is read, without blanks and scripts; figures of charts have no text of their own yet."""
    soup = BeautifulSoup(html, "html.parser")
    for each in soup.select("script, .plot, .sift, button[title]"):
        each.unwrap() if each.name == "button" else each.decompose()
    return re.sub(r"\s+", "", soup.get_text())


def agrees(page, name: str) -> None:
    """Wait until every part says what the address stands for, computed here."""
    own, lang = state(page, name)
    for part, html in apps.DEFINITIONS[name].render(own, lang).items():
        expected, box = words(linked(html, own, lang)), page.locator(f".part-{part}")
        for _ in range(600):
            if (seen := words(box.inner_html())) == expected:
                break
            page.wait_for_timeout(50)
        assert seen == expected, (name, part, own)


def fits(page) -> None:
    """No sideways scrolling, and nothing that axe finds."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []


def move(page, control: Choice | Slider, label: str) -> None:
    if isinstance(control, Slider):
        slider = page.get_by_role("slider", name=label)
        slider.focus()
        slider.press("ArrowRight")
    elif control.kind == "list":
        page.get_by_label(label, exact=True).select_option(index=0 if control.name == "plan" else 1)
    elif control.kind == "several":
        page.get_by_label(label, exact=True).select_option(index=[2, 3])
    elif control.kind == "buttons":
        page.get_by_role("button", name=control.options[1][0], exact=True).click()
    elif control.kind == "switch":
        page.get_by_role("checkbox", name=label).click()
    elif control.kind == "picked":
        page.locator("[data-pick]").last.click()


def every_control_moved_once_shows_what_the_tables_say(page, name: str, lang: str) -> None:
    app = apps.DEFINITIONS[name]
    for control in app.controls(state(page, name)[0], lang):
        before, label = query(page), wording.text("control_" + control.name, lang)
        if getattr(control, "kind", "") == "list" and page.get_by_label(label, exact=True).locator("option").count() == 1:
            assert control.name in ("chapter", "kind", "target_year")  # the 13th plan, chosen before, has no commitments
            continue
        move(page, control, label)
        page.wait_for_function("before => location.search.slice(1) !== before", arg=before)
        assert control.name in parse_qs(query(page)), (control.name, page.url)
        agrees(page, name)
        alternative = page.locator(".plot").first.get_attribute("aria-label")
        assert alternative and alternative in "".join(
            BeautifulSoup(h, "html.parser").select_one(".plot")["aria-label"] if "class=\"plot\"" in h else ""
            for h in app.render(*state(page, name)).values())


def downloaded(page, name: str, lang: str, charts: int, folder: Path) -> dict[tuple[str, int], Path]:
    """The files of every download button, by kind and number."""
    files, got = {}, []
    page.on("download", lambda download: got.append(download))
    for kind in ("csv", "xlsx", "svg", "png"):
        got.clear()
        page.get_by_role("button", name=f"{wording.text('download', lang)} {kind.upper()}").click()
        expected = charts if kind in ("svg", "png") else 1
        for _ in range(600):
            if len(got) >= expected:
                break
            page.wait_for_timeout(50)
        assert len(got) == expected, kind
        for n, download in enumerate(got):
            files[kind, n] = folder / f"{n}-{download.suggested_filename}"
            download.save_as(files[kind, n])
            assert download.suggested_filename.startswith(name) and download.suggested_filename.endswith("." + kind)
    return files


def what_is_shown_can_be_taken_away(page, name: str, lang: str, folder: Path) -> None:
    for plot in page.locator(".plot").all():
        plot.scroll_into_view_if_needed()
    count = page.locator(".plot").count()
    page.wait_for_function("n => document.querySelectorAll('.plot[data-drawn] svg.marks').length === n", arg=count)
    files = downloaded(page, name, lang, count, folder)
    sheets = apps.DEFINITIONS[name].sheets(*state(page, name))
    table = list(csv.reader(io.StringIO(files["csv", 0].read_text(encoding="utf-8-sig"))))
    assert table[0] == [str(c) for c in sheets[0].frame] and len(table) == len(sheets[0].frame) + 1
    book = openpyxl.load_workbook(files["xlsx", 0])
    assert len(book.worksheets) == len(sheets) and book.worksheets[0].max_row == len(table)
    for n in range(count):
        text = "".join(ElementTree.parse(files["svg", n]).getroot().itertext()).replace(" ", "")
        figure = page.locator("figure.chart").nth(n)
        assert figure.locator("figcaption strong").inner_text().replace(" ", "") in text
        assert figure.locator(".cited").inner_text().strip().replace(" ", "") in text
        with Image.open(files["png", n]) as picture:
            assert picture.width > 1000 and len(picture.convert("RGB").getcolors(1 << 24)) > 10


@pytest.mark.by_day(1)
@pytest.mark.parametrize("name, lang", [
    pytest.param(name, lang, marks=[] if lang == "zh" or name == "scenario" else pytest.mark.nightly)
    for name in NAMES for lang in wording.LANGUAGES])
def test_an_app_from_opening_to_every_control(app, name, lang, tmp_path):
    with app(name, f"?lang={lang}" if lang != "zh" else "") as page:
        assert page.locator("html").get_attribute("lang") == wording.TAGS[lang]
        assert page.title() == wording.text("app_" + name, lang)
        assert load.data_until() in page.locator(".dated").inner_text()
        assert page.locator(".first-paint").count() == 0
        agrees(page, name)
        page.locator(".plot").first.scroll_into_view_if_needed()
        page.wait_for_selector(".plot[data-drawn] svg.marks")
        fits(page)
        page.set_viewport_size({"width": 390, "height": 900})
        fits(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        what_is_shown_can_be_taken_away(page, name, lang, tmp_path)
        every_control_moved_once_shows_what_the_tables_say(page, name, lang)


def test_sliders_move_the_chart_itself(app):
    with app("scenario") as page:
        page.wait_for_selector(".plot[data-drawn] svg.marks")
        signal = "name => [...plancore.views.values()].map(v => v.getState({signals: n => n === name}).signals[name]).find(x => x !== undefined)"
        for name, label in (("growth_2026_2030", "control_growth_2026_2030"), ("urbanization_2035", "control_urbanization_2035")):
            page.locator(".plot").last.scroll_into_view_if_needed()
            page.wait_for_function("() => plancore.views.size === 2")
            slider = page.get_by_role("slider", name=wording.text(label, "zh"))
            was = page.evaluate(signal, name)
            slider.focus()
            slider.press("ArrowRight")
            page.wait_for_function(f"was => Math.abs(({signal})('{name}') - was - 0.1) < 1e-6", arg=was)
        page.wait_for_url("**?growth_2026_2030=5.1&urbanization_2035=80.1")
        agrees(page, "scenario")
        said = page.locator(".part-charts figure").first.locator("svg").text_content()
        assert page.locator(".part-answer .tile b").first.inner_text() in said, "the chart reads the same index as the answer"


@pytest.mark.by_day(1)
@pytest.mark.parametrize("name,query", [
    ("dashboard", "?plan=zj13&as_of=2020&attribute=binding&indicator=forest_cover"),
    pytest.param("dashboard", "?as_of=2022&category=all&lang=en", marks=nightly),
    ("explorer", "?as_of=2023&indicator=rd_share,urbanization_rate&scale=index&lang=en"),
    pytest.param("explorer", "?indicator=gdp_growth&outlook=false&vintages=true", marks=nightly),
    pytest.param("explorer", "?chapter=%E5%9B%9B(%E4%B8%89)&kind=investment&target_year=2025", marks=nightly),
    ("scenario", "?growth_2026_2030=6.5&growth_2031_2035=3.2&population_growth=-0.5&urbanization_2035=82&as_of=2023")])
def test_a_link_opens_its_view(app, name, query):
    with app(name, query) as page:
        agrees(page, name)
        own, lang = state(page, name)
        given, _, _ = parse_query(apps.DEFINITIONS[name], query)
        assert resolve(apps.DEFINITIONS[name], given, lang) == (own, [])
        assert page.locator(".place .message").inner_text() == ""
        page.get_by_role("button", name=wording.text("copy_link", lang)).click()
        assert page.get_by_label(wording.text("link_of_view", lang)).input_value() == page.url
        page.reload()
        page.wait_for_selector("body.ready")
        assert state(page, name) == (own, lang)


@nightly
def test_an_unknown_value_is_said_politely_and_the_default_shown(app):
    with app("dashboard", "?plan=zj99&as_of=1999&indicator=rd_share") as page:
        said = page.locator(".place .message").inner_text()
        assert "规划" in said and "截至年份" in said and "2021年" in said
        assert state(page, "dashboard")[0] == apps.DEFINITIONS["dashboard"].defaults() | {"indicator": "rd_share"}
        agrees(page, "dashboard")


@pytest.mark.parametrize("bad", ["<script>alert(1)</script>", *(pytest.param(bad, marks=nightly) for bad in (  # test_state has more of them
    "javascript:alert(1)", "zj14%00", "..%2f..%2fetc%2fpasswd", "%7B%7B7*7%7D%7D", "x" * 600))])
def test_a_hostile_address_does_nothing(app, bad):
    with app("explorer", f"?plan={bad}&indicator={bad}&lang={bad}&parameters=%7B%22plan%22%3A%22zj13%22%7D&template=lab&theme=dark") as page:
        page.on("dialog", lambda dialog: pytest.fail("a script ran"))
        assert state(page, "explorer")[0] == apps.DEFINITIONS["explorer"].defaults()
        assert page.locator(".place .message").inner_text() != ""
        assert page.locator(".plancore-app script:not([type])").count() == 0
        agrees(page, "explorer")


def test_the_back_button_goes_back_a_view_at_a_time(app):
    with app("dashboard") as page:
        start = page.url
        page.get_by_role("button", name="常住人口城镇化率", exact=True).click()
        page.wait_for_url("**indicator=urbanization_rate")
        agrees(page, "dashboard")
        page.get_by_label("截至年份").select_option(label="2023年")
        page.wait_for_url("**as_of=2023**")
        agrees(page, "dashboard")
        page.go_back()
        page.wait_for_url("**/dashboard?indicator=urbanization_rate")
        agrees(page, "dashboard")
        page.go_back()
        page.wait_for_url(start)
        agrees(page, "dashboard")
        assert page.get_by_label("截至年份").evaluate("e => e.selectedOptions[0].label") == "2025年"
        page.go_forward()
        page.wait_for_url("**/dashboard?indicator=urbanization_rate")
        agrees(page, "dashboard")


@pytest.mark.nightly
def test_the_language_changes_without_losing_the_view(app):
    with app("scenario", "?growth_2026_2030=6") as page:
        slider = page.get_by_role("slider", name=wording.text("control_growth_2031_2035", "zh"))
        slider.focus()
        slider.press("ArrowRight")
        page.wait_for_url("**growth_2031_2035=4.6**")
        own, _ = state(page, "scenario")
        for lang in ("en", "zh"):
            page.wait_for_function("() => new URLSearchParams(new URL(document.querySelector('a.switch').href).search).get('growth_2031_2035') === '4.6'")
            page.locator("a.switch").click()
            page.wait_for_selector(f"html[lang='{wording.TAGS[lang]}'] body.ready")
            assert state(page, "scenario") == (own, lang)
            agrees(page, "scenario")


def test_two_visitors_do_not_see_each_others_view(app):
    with app("dashboard") as one, app("dashboard", "?plan=zj13&as_of=2018&lang=en") as other:
        one.get_by_role("button", name="约束性", exact=True).click()
        one.wait_for_url("**attribute=binding")
        agrees(one, "dashboard")
        agrees(other, "dashboard")
        assert state(other, "dashboard")[0]["attribute"] == "all" and state(one, "dashboard")[0]["plan"] == "zj14"
        kernels = [page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId") for page in (one, other)]
        assert kernels[0] != kernels[1]


def test_a_keyboard_is_enough(app):
    with app("dashboard") as page:
        button = page.get_by_role("button", name="常住人口城镇化率", exact=True)
        button.focus()
        button.press("Enter")
        page.wait_for_url("**indicator=urbanization_rate")
        reached = set()
        page.locator("nav a").first.focus()
        for _ in range(30):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim().slice(0, 12)"))
        said = " ".join(reached)
        assert all(word in said for word in ("SELECT", "全部属性", "约束性", "复制链接", "CSV", "PNG"))


@pytest.mark.nightly
def test_long_work_shows_that_it_goes_on(visit, serving):
    with visit("about:blank") as (page, *_):
        page.add_init_script("const wait = setTimeout; window.setTimeout = (act, ms, ...more) => wait(act, ms === 300 ? 0 : ms, ...more)")
        page.goto(serving + "explorer")
        page.wait_for_selector("body.ready", timeout=PATIENCE)
        page.evaluate("window.seen = []; new MutationObserver(() => seen.push(document.body.classList.contains('busy') + document.querySelector('.place .message').textContent))"
                      ".observe(document.body, { attributes: true })")
        page.get_by_label(wording.text("control_indicator", "zh")).select_option(index=list(range(6)))
        page.wait_for_function("() => seen.some(s => s.startsWith('true')) && !document.body.classList.contains('busy')", timeout=PATIENCE)
        assert "true" + wording.text("app_busy", "zh") in page.evaluate("seen") and page.locator(".place .message").inner_text() == ""


@pytest.mark.nightly
def test_a_widget_that_loads_slowly_is_waited_for(visit, serving):
    """Every limit of time the browser gives is over at once, as where ten pages load on two cores."""
    with visit("about:blank") as (page, foreign, errors):
        page.set_default_timeout(PATIENCE)
        page.add_init_script("const limit = AbortSignal.timeout; AbortSignal.timeout = () => limit.call(AbortSignal, 0)")
        page.goto(serving + "scenario")
        page.wait_for_selector("body.ready")
        page.get_by_role("slider", name=wording.text("control_growth_2026_2030", "zh")).press("ArrowRight")
        page.wait_for_url("**?growth_2026_2030=5.1")
        agrees(page, "scenario")
        assert foreign == [] and errors == []


@pytest.mark.nightly
def test_a_killed_kernel_is_said_and_a_reload_recovers(visit, server):
    with server() as served, visit(served.url + "scenario?growth_2026_2030=6") as (page, foreign, _):
        page.set_default_timeout(PATIENCE)
        page.wait_for_selector("body.ready")
        for process in psutil.Process(served.process.pid).children(recursive=True):
            if not process.children():  # kernels, prepared ones too; not the one that forks them
                process.kill()
        page.wait_for_selector("main > .lost:not([hidden])")
        lost = page.locator("main > .lost")
        assert lost.get_attribute("role") == "alert" and wording.text("app_lost", "zh") in lost.inner_text()
        lost.get_by_role("button").click()
        page.wait_for_selector("main > .lost", state="hidden")
        page.wait_for_selector("body.ready")
        assert state(page, "scenario")[0]["growth_2026_2030"] == 6.0
        agrees(page, "scenario")
        assert foreign == []


def test_a_question_asked_before_is_seen_before_a_kernel_answers(serving):
    """The same first paint, with the head of the page."""
    question = "dashboard?as_of=2023&attribute=binding&lang=en"
    first, second, other = (urlopen(serving + q).read().decode() for q in (question, question, question.replace("2023", "2022")))
    for page in (first, second, other):
        assert page.count('class="first-paint"') == 1 and page.count('class="view"') == 1 and page.rstrip().endswith("</html>")
    stamps = [re.findall('data-stamp="([^"]+)"', page) for page in (first, second, other)]

    def order(page: str) -> bool:
        return page.index('class="first-paint"') < page.index('id="jupyter-config-data"')

    assert not order(first) and order(second)
    assert stamps[0] == stamps[1] != stamps[2] and "<svg" in second[:second.index('id="jupyter-config-data"')]
