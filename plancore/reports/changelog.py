"""The changes of a run in words: three lines for a mail, and all of them as Markdown and as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import mistune
import pandas as pd

from plancore import load, markup, schema, wording
from plancore.wording import text

_ITEMS, _CAUSES, _ALL_CAUSES = 4, 2, 8
"""Items listed before the rest is only counted: in a line, of one cause in a line, of one cause in a table."""
_MEASURES = {"value": "value", "period": "data_year", "needed": "required_pace"}
_NUMBERS = {column.name for table in ("targets", "target_versions", "annual_targets")
            for column in schema.TABLES[table].columns if column.type == "number"}


class _Names(NamedTuple):
    """The names of indicators, plans and regions in one language."""

    lang: str
    indicators: dict[str, dict]
    plans: dict[str, str]
    regional: dict[tuple[str, str], str]
    """Region and indicator to the region's own name for it."""
    others: dict[str, str]
    """The regions but the first, which goes unnamed."""


class _Page(mistune.HTMLRenderer):
    """Markdown as HTML: headings lowered by some levels, and wide tables that scroll by keyboard too."""

    def __init__(self, lowered: int):
        super().__init__()
        self.lowered, self.title = lowered, ""

    def heading(self, text: str, level: int, **attributes: object) -> str:
        self.title = text
        return super().heading(text, level + self.lowered, **attributes)

    def table(self, text: str) -> str:
        return (f'<div class="scroll" tabindex="0" role="region" aria-label="{self.title}">'
                f'<table class="numbers record">\n{text}</table></div>\n')

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        if head:
            return f'<th scope="col">{text}</th>'
        length = len(re.sub("<[^>]+>", "", text))
        return f'<td class="{"cell" if length < 12 else "long" if length > 60 else "name"}">{text}</td>'


def lines(found: dict, lang: str) -> list[str]:
    """Return the changes (of `changes.between`) in three lines: new figures, revised figures and targets, verdicts that moved."""
    names = _names(lang)
    new = [c for c in found["observations"] if c["kind"] == "new" and not c["replaces"]]
    other = [c for c in found["observations"] if c["kind"] != "new" or c["replaces"]]
    items = {"line_new": [_figure(c, names) for c in new],
             "line_revised": [_figure(c, names) for c in other] + [_target(c, names) for c in found["targets"]],
             "line_moved": [_verdict(v, names) for v in found["verdicts"]]}
    first = text("bracket", lang, x=text("changes_first", lang).rstrip("。.")) if found["first"] else ""
    none = text("changes_none", lang) + first
    return [_one_line(text(key, lang, x=_listed(listed, lang) or none)) for key, listed in items.items()]


def held(reasons: list[dict], lang: str) -> list[str]:
    """Return why a run waits for a person, one line for each of `changes.held`."""
    names = _names(lang)

    def line(reason: dict) -> str:
        write = _figure if reason["rule"] == "closed_years" else _step
        items = _listed([write(item, names) for item in reason["items"]], lang)
        return _one_line(text("held_" + reason["rule"], lang, n=len(reason["items"]), limit=reason.get("limit"), x=items))
    return [line(reason) for reason in reasons]


def markdown(found: dict, manifest: dict) -> str:
    """Return all changes in Chinese, then in English; `held` of the manifest: what `changes.held` gave."""
    return "\n".join(block for lang in wording.LANGUAGES for block in _blocks(found, manifest, lang))


def html(found: dict, manifest: dict) -> str:
    """Return the page of all changes, beside the front page of the run: `markdown`, its indicators linked to their pages."""
    parts = {}
    for level, lang in enumerate(wording.LANGUAGES):
        render = mistune.create_markdown(renderer=_Page(level), plugins=["table"])
        parts[lang] = render("\n".join(_blocks(found, manifest, lang, linked=True)))
    return markup.template("changes.html.j2").render(parts=parts, run=manifest["run"], word=text, tags=wording.TAGS,
                                                     style=markup.style())


def tables(found: dict, lang: str) -> dict[str, list[dict[str, str]]]:
    """Return every change by kind, as rows of column (a key of the wording) to text; a kind without changes is left out."""
    names = _names(lang)
    return {kind: [{column: _one_line(cell) for column, cell in _ROWS[kind](item, names).items()} for item in items]
            for kind, items in _items(found).items() if items}


# one change as the row of a table

def _verdict_row(v: dict, names: _Names) -> dict[str, str]:
    return {"indicator": _name(v, names), "control_as_of": str(v["as_of"]), "was": _assessed(v["from"], names.lang),
            "now": _assessed(v["to"], names.lang), "why": _because(v, names),
            "attribute": text(v["attribute"], names.lang), **_row(v, names)}


def _figure_row(f: dict, names: _Names) -> dict[str, str]:
    was, now = _measures(f, names)
    return {"indicator": _name(f, names), "control_as_of": str(f["as_of"]), "what": text(_MEASURES[f["measure"]], names.lang),
            "was": was, "now": now, "why": _because(f, names), **_row(f, names)}


def _observation_row(c: dict, names: _Names) -> dict[str, str]:
    return {"change": text("change_" + c["kind"], names.lang), "indicator": _name(c, names),
            "period": _period(c["period"], names.lang), "was": _was(c, names), "now": _now(c, names),
            "change_items": _fields(c["columns"], names.lang), "published": c["published"], "source": c["title"]}


def _target_row(t: dict, names: _Names) -> dict[str, str]:
    column = _column(t, names.lang)
    return {"indicator": _name(t, names), "change": text("change_" + t["kind"], names.lang), "change_items": column["field"],
            "was": column["a"], "now": column["to"], "since": t["since"], **_row(t, names)}


def _definition_row(d: dict, names: _Names) -> dict[str, str]:
    return {"table": text("table_" + d["table"], names.lang), "change": text("change_" + d["kind"], names.lang),
            "what": _defined(d, names), "change_items": _fields(d["columns"], names.lang)}


_ROWS = {"verdicts": _verdict_row, "figures": _figure_row, "observations": _observation_row, "targets": _target_row,
         "definitions": _definition_row, "method": lambda cause, names: {"what": _cause(cause, names)}}
"""Kind of change to the row of one of them."""


def _items(found: dict) -> dict[str, list[dict]]:
    """The changes of each kind that has a table."""
    method = [{"cause": kind} | found[kind] for kind in ("method", "environment") if found[kind]]
    return {kind: method if kind == "method" else found[kind] for kind in _ROWS}


# one change in words

def _verdict(v: dict, names: _Names) -> str:
    return text("said_moved", names.lang, name=_name(v, names), as_of=v["as_of"], a=_assessed(v["from"], names.lang),
                to=_assessed(v["to"], names.lang), why=_because(v, names, _CAUSES))


def _step(v: dict, names: _Names) -> str:
    """A verdict that moved, without why."""
    return text("said_revised", names.lang, name=_name(v, names), period=_period(str(v["as_of"]), names.lang),
                a=_assessed(v["from"], names.lang), to=_assessed(v["to"], names.lang), source="")


def _figure(c: dict, names: _Names) -> str:
    """A changed figure with its unit, its year and its source."""
    source = text("comma", names.lang) + c["title"]
    return text("said_" + _kind(c, names), names.lang, name=_name(c, names), source=source, **_parts(c, names))


def _briefly(c: dict, names: _Names, indicator: str) -> str:
    """A changed figure as a cause, without its name where it is of this `indicator`."""
    name = "" if c["indicator"] == indicator else _name(c, names) + (" " if names.lang == "en" else "")
    return text("by_" + _kind(c, names), names.lang, name=name, **_parts(c, names))


def _kind(c: dict, names: _Names) -> str:
    if c["kind"] == "revised" and _was(c, names) == _now(c, names):
        return "restated"
    return "revised" if c["replaces"] else c["kind"]


def _parts(c: dict, names: _Names) -> dict[str, str]:
    return {"period": _period(c["period"], names.lang), "a": _was(c, names), "to": _now(c, names),
            "x": _fields(c["columns"], names.lang)}


def _target(t: dict, names: _Names) -> str:
    said = "said_target" if t["plan"] else "said_series_target"
    return text(said, names.lang, name=_name(t, names), **_row(t, names), **_column(t, names.lang))


def _column(t: dict, lang: str) -> dict[str, str]:
    """The name of a changed column of a target, and its cell then and now."""
    column = t["column"]
    field = text("field_" + column, lang)
    return {"field": text("field_of_annual", lang, year=t["since"], field=field) if t["table"] == "annual_targets" else field,
            "a": _written(column, t["from"], lang), "to": _written(column, t["to"], lang)}


def _because(moved: dict, names: _Names, most: int = _ALL_CAUSES) -> str:
    return text("list_comma", names.lang).join(_cause(cause, names, most, moved["indicator"]) for cause in moved["why"])


def _cause(cause: dict, names: _Names, most: int = _ALL_CAUSES, indicator: str = "") -> str:
    """One cause with at most so many of its items."""
    kind, lang = cause["cause"], names.lang
    items = {"data": lambda c: _briefly(c, names, indicator), "target": lambda t: text("by_target", lang, **_column(t, lang)),
             "definition": lambda d: text("table_" + d["table"], lang) + text("colon", lang) + _defined(d, names)}
    if kind in items:
        return text("cause_" + kind, lang, x=_listed([items[kind](item) for item in cause["items"]], lang, most))
    versions = {"method": _method, "environment": _environment}
    return text("cause_" + kind, lang, x=versions[kind](cause, lang) if kind in versions else "")


def _method(cause: dict, lang: str) -> str:
    old, new = cause["from"], cause["to"]
    parts = [f"plancore {old['version'] or '—'} → {new['version'] or '—'}"] if old["version"] != new["version"] else []
    parts += [text("code_hash", lang, a=old["code"] or "—", b=new["code"] or "—")] if old["code"] != new["code"] else []
    parts += [text("notebooks_changed", lang, x=text("list_comma", lang).join(cause["notebooks"]))] if cause["notebooks"] else []
    return text("comma", lang).join(parts)


def _environment(cause: dict, lang: str) -> str:
    old, new = cause["from"], cause["to"]
    moved = [k for k in dict.fromkeys([*old, *new]) if k != "lock" and old.get(k) != new.get(k)]
    versions = [f"{k} {old.get(k, '—')} → {new.get(k, '—')}" for k in moved]
    return text("comma", lang).join(versions) or text("lock_hash", lang, a=old["lock"], b=new["lock"])


# its parts

def _names(lang: str) -> _Names:
    plans, indicators = load.plans(), load.indicators()
    regions, own = load.region_names(lang), "name" if lang == "zh" else "name_en"
    regional = pd.concat([load.regional(region) for region in regions]).query(f"{own} != ''")
    return _Names(lang, indicators.set_index("indicator").to_dict("index"), dict(zip(plans["plan"], plans[f"name_{lang}"])),
                  regional.set_index(["region", "indicator"])[own].to_dict(), dict(list(regions.items())[1:]))


def _name(item: dict, names: _Names) -> str:
    """An indicator's name, with the region unless it is the first; its key where the tables no longer know it."""
    region = item.get("region", "")
    known = names.indicators.get(item["indicator"])
    name = names.regional.get((region, item["indicator"])) or (known[f"name_{names.lang}"] if known else item["indicator"])
    name = _asked(name, item.get("what", ""), names.lang)
    return text("name_in_region", names.lang, name=name, region=names.others[region]) if region in names.others else name


def _asked(name: str, what: str, lang: str) -> str:
    """An indicator's name with the question that was answered of it."""
    if not what:
        return name
    question = text(what, lang) if wording.known(what) else what
    return name + text("bracket", lang, x=question) if name else question


def _row(item: dict, names: _Names) -> dict[str, str]:
    return {"plan": names.plans.get(item["plan"], item["plan"]), "row": item["row"]}


def _assessed(code: str | None, lang: str) -> str:
    """A status or verdict with its shape."""
    if code is None:
        return text("change_unlisted", lang)
    word = text(code, lang) if wording.known(code) else code
    return f"{wording.MARKS[code]} {word}" if code in wording.MARKS else word


def _measures(f: dict, names: _Names) -> list[str]:
    """A figure then and now, with more digits where they would read the same."""
    written = [_measured(f, f[end], names) for end in ("from", "to")]
    exact = written[0] == written[1] and isinstance(f["from"], float) and isinstance(f["to"], float)
    return [f"{f[end]:.10g}" for end in ("from", "to")] if exact else written


def _measured(item: dict, value: object, names: _Names) -> str:
    """An answer's value, its period or its required pace, with the unit."""
    if item["measure"] == "period" or value is None:
        return _period(value, names.lang) if value else "—"
    if item["measure"] == "value":
        return wording.quantity(wording.number(value), item[f"unit_{names.lang}"], names.lang)
    return wording.pace(value, item["pace"], names.lang)


def _was(c: dict, names: _Names) -> str:
    if c["replaces"]:
        return _value(c["replaces"]["value"], c["replaces"]["qualifier"], c, names)
    return _value(c["from"], c["from_qualifier"], c, names)


def _now(c: dict, names: _Names) -> str:
    return _value(c["to"], c["to_qualifier"], c, names)


def _value(value: float | str | None, qualifier: str, c: dict, names: _Names) -> str:
    """A published figure with its precision and unit; a printed cell as it is; — where there is none."""
    if value is None or isinstance(value, str):
        return value or "—"
    known = names.indicators.get(c["indicator"], {})
    unit = known["unit_en"] if names.lang == "en" and known.get("unit_zh") == c["unit_zh"] else c["unit_zh"]
    return wording.quantity(wording.qualified(value, qualifier), unit, names.lang)


def _period(period: str, lang: str) -> str:
    first, _, last = period.partition("-")
    return text("period_span", lang, a=first, b=last) if last else text("year", lang, year=first) if first else ""


def _written(column: str, value: str | None, lang: str) -> str:
    """A cell of a table of targets in words."""
    if not value:
        return "—"
    if column in ("form", "path", "bound", "attribute", "price_basis"):
        return text(value, lang, x="…")
    if column == "relative_bound":
        return text("relative_" + value, lang, x="…")
    if value in ("true", "false"):
        return text("yes" if value == "true" else "no", lang)
    return wording.number(float(value)) if column in _NUMBERS else value


def _fields(columns: list[str], lang: str) -> str:
    return text("list_comma", lang).join(text("field_" + c, lang) for c in columns)


def _defined(d: dict, names: _Names) -> str:
    """What a changed definition is of: a plan, an indicator, or an indicator's declared break."""
    if d["plan"]:
        plan = names.plans.get(d["plan"], d["plan"])
        return plan + text("bracket", names.lang, x=d["id"]) if d["id"] else plan
    if not d["break"]:
        return _name(d, names)
    since = _period(d["since"], names.lang) + text("comma", names.lang) + text("kind_" + d["break"], names.lang)
    return _name(d, names) + text("bracket", names.lang, x=since)


# Markdown

def _blocks(found: dict, manifest: dict, lang: str, linked: bool = False) -> Iterator[str]:
    runs = found["runs"]
    lead = text("changes_first", lang) if found["first"] else text("changes_lead", lang, old=runs["from"], new=runs["to"])
    yield f"# {text('changes', lang)}\n\n{wording.markdown(lead)}\n"
    if waits := held(manifest.get("held") or [], lang):
        yield f"**{text('waits', lang)}**\n\n{_bullets(waits)}\n"
    yield f"## {text('changes_summary', lang)}\n\n{_bullets(lines(found, lang))}\n"
    for kind, rows in tables(found, lang).items():
        title = text("changes_" + kind, lang) + text("changes_counted", lang, n=len(rows))
        yield f"## {title}\n\n{_grid(rows, _items(found)[kind] if linked else [], lang)}\n"
    if found["added"] or found["gone"]:
        yield text("changes_pages", lang, added=found["added"], gone=found["gone"]) + "\n"


def _bullets(items: list[str]) -> str:
    return "\n".join(f"- {wording.markdown(item)}" for item in items)


def _grid(rows: list[dict[str, str]], items: list[dict], lang: str) -> str:
    """A table; the first cell of a row leads to a page that shows its item, where there is one."""
    cells = [[wording.markdown(cell) for cell in row.values()] for row in rows]
    for row, item in zip(cells, items):
        if page := next((p for p in item.get("pages", []) if p.startswith(lang + "/")), ""):
            row[0] = f"[{row[0]}]({page})"
    head = [wording.markdown(text(column, lang)) for column in rows[0]]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *cells])


def _listed(items: list[str], lang: str, most: int = _ITEMS) -> str:
    """The first few items, and how many there are in all if there are more."""
    first = text("semicolon", lang).join(items[:most])
    return first + (text("and_more", lang, n=len(items)) if len(items) > most else "")


def _one_line(words: str) -> str:
    return " ".join(words.split())
