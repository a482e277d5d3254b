"""What a page is made of: its title, its titled parts, its files and its list of sources, in the page's language."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from html import escape
from typing import NamedTuple

import altair as alt
import great_tables as gt
import pandas as pd
from IPython.display import HTML, Markdown

from plancore import charts, downloads, load, paths, wording
from plancore.downloads.workbook import Sheet
from plancore.views import table

STYLE = paths.asset("content.css")


class Heading(NamedTuple):
    """Keys of the words of a part's heading and of the sentence below it (empty: none), and whether the part is folded."""

    title: str
    lead: str = ""
    folded: bool = False


HEADINGS = {
    "all_findings": Heading("all_findings", "audit_lead", True),
    "annual": Heading("annual", "annual_lead"),
    "backtest": Heading("backtest", "outlook_lead"),
    "bridge_dropped": Heading("bridge_dropped", "bridge_dropped_lead"),
    "bridge_regions": Heading("bridge_regions", "bridge_regions_lead"),
    "bridge_rules": Heading("rules", "bridge_rules_lead", True),
    "bridge_table": Heading("bridge_table", "bridge_table_lead"),
    "choices": Heading("choices", "", True),
    "classes": Heading("classes", "international_lead"),
    "coverage_counts": Heading("coverage_counts", "", True),
    "derivations": Heading("derivations", "derivations_lead", True),
    "explanations": Heading("explanations", "explanations_lead", True),
    "international": Heading("international", "international_lead", True),
    "other_regions": Heading("other_regions", "other_regions_lead"),
    "outlook": Heading("outlook", "outlook_lead", True),
    "provenance": Heading("provenance", "provenance_lead", True),
    "provenance_before": Heading("provenance_before", "provenance_lead", True),
    "published_figures": Heading("published_figures", "published_lead"),
    "register": Heading("register", "register_lead"),
    "register_chapters": Heading("register_chapters", "", True),
    "register_checks": Heading("register_checks", "register_checks_lead"),
    "register_goals": Heading("register_goals", "register_goals_lead", True),
    "related_figures": Heading("related_figures", "related_lead", True),
    "replaceable": Heading("replaceable", "replaceable_lead", True),
    "revisions": Heading("revisions", "revisions_lead", True),
    "road_heads": Heading("road_heads", "road_heads_lead", True),
    "road_starts": Heading("road_starts", "road_starts_lead", True),
    "road_table": Heading("road_table", "road_table_lead", True),
    "road_used": Heading("road_used", "", True),
    "road_working": Heading("working", "road_working_lead", True),
    "rules": Heading("rules", "rule_note", True),
    "sensitivity": Heading("sensitivity", "sensitivity_lead", True),
    "statuses": Heading("statuses", "rule_note"),
    "verdict_rules": Heading("rules", "", True),
    "wanted": Heading("wanted", "wanted_lead"),
    "working": Heading("working", "working_lead", True),
}
"""The parts that are more than an open heading of their own name."""


@dataclass(frozen=True, repr=False)
class Part:
    """A titled part of a page: tables, figures or HTML under a heading; Jupyter shows it as HTML.

    key: a key of `HEADINGS`, or of the words of an open heading; it is the heading's anchor too. folded: None as `HEADINGS`
    says; a folded part opens on a click. A part without bodies shows nothing.
    """

    key: str
    bodies: tuple[gt.GT | HTML, ...]
    lang: str
    folded: bool | None = None

    @property
    def inner(self) -> str:
        """The HTML below the heading."""
        return "".join(table.html(body) if isinstance(body, gt.GT) else body.data for body in self.bodies)

    def _repr_html_(self) -> str:
        if not self.bodies:
            return "<!-- -->"  # an empty output would show its class
        title, lead, folded = HEADINGS.get(self.key, Heading(self.key))
        heading = f'<h2 id="{title}">{wording.text(title, self.lang)}</h2>'
        inner = (f'<p class="lead">{wording.text(lead, self.lang)}</p>' if lead else "") + self.inner
        if folded if self.folded is None else self.folded:
            return f'<details class="part"><summary>{heading}</summary>{inner}</details>'
        return f'<section class="part">{heading}{inner}</section>'


def part(key: str) -> Callable:
    """Decorate a function that returns what a part shows (a table, HTML, several of them, or None) to return the `Part`.

    Its parameter `lang` may then be left out (`wording.localized`), and `title` (another key) and `folded` may be given.
    """
    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(wording.localized(function))

        @wraps(function)
        def titled(*args: object, title: str = key, folded: bool | None = None, **kwargs: object) -> Part:
            given = signature.bind(*args, **kwargs)
            given.arguments["lang"] = given.arguments.get("lang") or wording.language()
            bodies = function(*given.args, **given.kwargs)
            bodies = bodies if isinstance(bodies, tuple) else () if bodies is None else (bodies,)
            return Part(title, bodies, given.arguments["lang"], folded)

        more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
                for name, value in (("title", key), ("folded", None))]
        titled.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more], return_annotation=Part)
        return titled
    return decorate


def parts(*shown: Part | HTML) -> HTML:
    """Several parts in one output, one below the other."""
    return HTML("".join(each._repr_html_() for each in shown))


def folded(*shown: Part) -> HTML:
    """Several parts in one output, each folded: its heading opens it."""
    return parts(*(replace(each, folded=True) for each in shown))


def language(lang: str) -> None:
    """Set the language of the views, charts and files that follow: "zh" or "en"."""
    wording.set_language(lang)


@wording.localized
def title(report: str, plan: pd.Series | None = None, note: str = "", *, lang: str, **values: object) -> HTML:
    """The page's name and its question, and the style of all parts that follow; `plan` of `load.plan`."""
    name = escape(plan[f"name_{lang}"]) + wording.text("colon", lang) if plan is not None else ""
    note = wording.text("bracket", lang, x=escape(note)) if note else ""
    values = {key: escape(str(value)) for key, value in values.items()}
    return HTML(f'<style>{STYLE}</style><h1>{name}{wording.text(report, lang, **values)}{note}</h1>'
                f'<p class="asks">{wording.text(report + "_asks", lang, **values)}</p>')


@wording.localized
def selection(known_on: str, attribute: str = "all", category: str = "all", targets: pd.DataFrame | None = None,
              *, lang: str) -> str:
    """Return in words what filters and the day of knowledge leave, for the title; empty at their defaults.

    `targets`: rows that name the category.
    """
    words = [wording.text(f"only_{attribute}", lang)] if attribute != "all" else []
    words += list(targets.loc[targets["category"] == category, f"category_{lang}"].head(1)) if category != "all" else []
    words += [wording.text("as_known_on", lang, day=known_on)] if known_on != "today" else []
    return wording.text("comma", lang).join(words)


@wording.localized
def answer(key: str, lang: str) -> HTML:
    """A page's answer that needs no numbers."""
    return HTML(f'<p class="answer">{wording.text(key, lang)}</p>')


@wording.localized
def picture(key: str, *pictures: alt.TopLevelMixin | None, lang: str) -> Part | HTML:
    """Charts under a heading; without any (None) an empty place, which shows nothing."""
    shown = charts.show(*pictures)
    return Part(key, (shown,), lang) if any(pictures) else shown


@part("downloads")
def files(name: str, tables: list[Part | Sheet], *pictures: alt.TopLevelMixin | None, lang: str) -> HTML:
    """Links that hold the page's files: `name.xlsx`, `name.csv`, pictures of the charts; see `downloads.offer`.

    `tables`: sheets of `downloads.sheets`, or parts of the page, of which the table is taken.
    """
    sheets = [downloads.sheets.table(t.key, t.bodies[0], t.lang) if isinstance(t, Part) else t for t in tables]
    return downloads.offer(name, sheets, *pictures, lang=lang)


@wording.localized
def sources(*frames: pd.DataFrame | pd.Series, lang: str) -> Markdown:
    """The list of the sources that frames name, each with an anchor that figures link to."""
    return Markdown(f"## {wording.text('sources', lang)}\n\n{cite(cited(*frames), lang)}")


def cite(frame: pd.DataFrame, lang: str = "zh") -> str:
    """Return the sources a frame names (column `source`, several joined by `;`) as a Markdown list, once each."""
    named = list(dict.fromkeys(s for cell in frame["source"] for s in str(cell).split(";") if s))
    known = load.sources().set_index("source").loc[named].reset_index()
    return "\n".join(_citation(s, lang) for s in known.to_dict("records"))


def cited(*frames: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Return the sources that several frames or rows name, once each: source."""
    named = [pd.Series(frame[c]) for frame in frames for c in ("source", "version_source") if c in frame]
    return pd.concat(named).drop_duplicates().rename("source").to_frame()


def _citation(source: dict, lang: str) -> str:
    title = wording.markdown(source["title"])
    title = f"[{title}]({source['url']})" if source["url"] else title
    date = source["published"] or wording.text("date_unknown", lang)
    parts = [p for p in (wording.markdown(source["publisher"]), date, wording.text("grade", lang) + " " + source["grade"])
             if p]
    note = wording.sentence(source["note"], lang) if lang == "zh" else ""
    return f"- <a id=\"src-{source['source']}\"></a>{title}" + wording.text("comma", lang) + ", ".join(parts) + note
