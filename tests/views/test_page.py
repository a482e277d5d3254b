"""The parts a page is made of: titled, folded, in one language; each view of the face is one of them."""

import re

import pytest
from IPython.display import HTML

from plancore import views, wording
from plancore.views.page import HEADINGS, Heading, Part, part


@part("rules")
def example(text: str, lang: str) -> HTML | None:
    return HTML(f"<p>{text} {lang}</p>") if text else None


def test_a_part_says_its_heading_lead_and_fold():
    html = example("x", "en")._repr_html_()
    assert html.startswith('<details class="part"><summary><h2 id="rules">') and "<p>x en</p></details>" in html
    assert f'</summary><p class="lead">{wording.text("rule_note", "en")}</p>' in html and wording.text("rules", "en") in html


def test_title_and_fold_may_be_given():
    html = example("x", "zh", title="verdicts", folded=False)._repr_html_()
    assert html.startswith('<section class="part"><h2 id="verdicts">') and "lead" not in html
    assert example("x", "zh", folded=False)._repr_html_().startswith("<section")


def test_without_content_there_is_no_heading():
    assert example("", "zh")._repr_html_() == "<!-- -->"
    shown = views.picture("overview", None, None)
    assert "<h2" not in shown._repr_html_()


def test_parts_stand_one_below_the_other():
    open_part = example("x", "zh", folded=False)
    assert views.parts(open_part, open_part).data == open_part._repr_html_() * 2
    assert views.folded(open_part).data.startswith("<details")


class TestLanguage:
    @pytest.fixture(autouse=True)
    def chinese_again(self):
        yield
        wording.set_language("zh")

    def test_said_once_it_holds_until_said_again(self):
        assert example("x").inner == "<p>x zh</p>"
        views.language("en")
        assert example("x").inner == "<p>x en</p>" and example(text="x").lang == "en"

    def test_a_language_given_wins(self):
        views.language("en")
        assert example("x", "zh").inner == "<p>x zh</p>" and example("x", lang="zh").lang == "zh"

    def test_another_language_is_refused(self):
        with pytest.raises(ValueError, match="unknown language 'fr'; allowed: zh, en"):
            views.language("fr")


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_heading_has_its_words(lang):
    for key, heading in HEADINGS.items():
        assert isinstance(heading, Heading) and wording.text(heading.title, lang), key
        assert not heading.lead or wording.text(heading.lead, lang), key


def test_a_part_does_not_fill_the_notebook_with_its_repr():
    assert len(repr(Part("rules", (HTML("x" * 1000),), "zh"))) < 200


def test_the_face_names_what_there_is():
    for name in views.__all__:
        assert getattr(views, name).__doc__, name
    assert not {name for name in views.__all__ if re.search("said|told|made|kept", name)}
