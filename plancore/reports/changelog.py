"""How the changes of a run are told: three lines for a mail, and the whole of them as Markdown and as a page."""

from __future__ import annotations

from typing import NamedTuple

from plancore import load, markup, schema, wording
from plancore.wording import text

_SHOWN, _CAUSES, _ALL_CAUSES = 4, 2, 8
"""Items told before it is said how many there are: in a line, of one cause in a line, of one cause in a table."""
_MEASURES = {"value": "value", "period": "data_year", "needed": "required_pace"}

_NUMBERS = {c.name for name in ("targets", "target_versions", "annual_targets") for c in schema.TABLES[name].columns if c.type == "number"}


class Cell(NamedTuple):
    """A cell with the address its words lead to."""

    said: str
    href: str = ""


class Section(NamedTuple):
    """One kind of change: a table of all of it."""

    title: str
    head: list[str]
    rows: list[list[Cell]]


class _Names(NamedTuple):
    """What things are called in one language."""

    lang: str
    indicators: dict[str, dict]
    plans: dict[str, str]


def lines(found: dict, lang: str) -> list[str]:
    """Three lines of plain text: new figures, revised figures and targets, verdicts that moved and why. See `changes.between`."""
    names = _names(lang)
    new = [c for c in found["observations"] if c["kind"] == "new" and not c["replaces"]]
    other = [c for c in found["observations"] if c["kind"] != "new" or c["replaces"]]
    revised = [_figure(c, names) for c in other] + [_target(c, names) for c in found["targets"]]
    said = {"line_new": [_figure(c, names) for c in new], "line_revised": revised,
            "line_moved": [_verdict(v, names) for v in found["verdicts"]]}
    first = text("bracket", lang, x=text("changes_first", lang).rstrip("。.")) if found["first"] else ""
    return [_plain(text(key, lang, x=_cut(items, lang) or text("changes_none", lang) + first)) for key, items in said.items()]


def held(reasons: list[dict], lang: str) -> list[str]:
    """In words, why a run waits for a person: one line for each of `changes.held`."""
    names = _names(lang)
    said = {r["rule"]: [_figure(c, names) if r["rule"] == "closed_years" else _step(c, names) for c in r["items"]] for r in reasons}
    return [_plain(text("held_" + r["rule"], lang, n=len(r["items"]), limit=r.get("limit"), x=_cut(said[r["rule"]], lang)))
            for r in reasons]


def markdown(found: dict, manifest: dict) -> str:
    """All changes in Chinese, then in English; `held` of the manifest: what `changes.held` gave."""
    return "\n".join(line for lang in wording.LANGUAGES for line in _markdown(found, manifest, lang))


def html(found: dict, manifest: dict) -> str:
    """The page of all changes, both languages below each other; it stands beside the front page of the run."""
    parts = {lang: {"lead": _lead(found, lang), "waits": held(manifest.get("held") or [], lang), "lines": lines(found, lang),
                    "sections": sections(found, lang), "pages": _pages(found, lang)} for lang in wording.LANGUAGES}
    return markup.template("changes.html.j2").render(parts=parts, run=manifest["run"], word=text, tags=wording.TAGS,
                                                          style=markup.style())


def sections(found: dict, lang: str) -> list[Section]:
    """Every change, by kind, in the words of a language; a kind of which there is none is left out."""
    names = _names(lang)
    tables = {
        "changes_verdicts": (("indicator", "control_as_of", "was", "now", "why", "attribute", "plan", "row"), _verdict_rows),
        "changes_figures": (("indicator", "control_as_of", "what", "was", "now", "why", "plan", "row"), _figure_rows),
        "changes_observations": (("change", "indicator", "period", "was", "now", "change_items", "published", "source"),
                                 _observation_rows),
        "changes_targets": (("indicator", "change", "change_items", "was", "now", "since", "plan", "row"), _target_rows),
        "changes_definitions": (("table", "change", "what", "change_items"), _definition_rows),
        "changes_method": (("what",), _method_rows),
    }
    made = [Section(text(title, lang), [text(key, lang) for key in head], [[_cell(c) for c in row] for row in rows(found, names)])
            for title, (head, rows) in tables.items()]
    return [section for section in made if section.rows]


# the rows of each table

def _verdict_rows(found: dict, names: _Names) -> list[list[str | Cell]]:
    return [[_linked(v, names), str(v["as_of"]), _assessed(v["from"], names.lang), _assessed(v["to"], names.lang), _because(v, names),
             text(v["attribute"], names.lang), *_row(v, names)] for v in found["verdicts"]]


def _figure_rows(found: dict, names: _Names) -> list[list[str | Cell]]:
    return [[_linked(f, names), str(f["as_of"]), text(_MEASURES[f["measure"]], names.lang), *_measures(f, names), _because(f, names),
             *_row(f, names)] for f in found["figures"]]


def _observation_rows(found: dict, names: _Names) -> list[list[str]]:
    return [[text("change_" + c["kind"], names.lang), _name(c, names), _period(c["period"], names.lang), _was(c, names),
             _now(c, names), _fields(c["columns"], names.lang), c["published"], c["title"]] for c in found["observations"]]


def _target_rows(found: dict, names: _Names) -> list[list[str]]:
    return [[_name(t, names), text("change_" + t["kind"], names.lang), *_column(t, names.lang).values(), t["since"], *_row(t, names)]
            for t in found["targets"]]


def _definition_rows(found: dict, names: _Names) -> list[list[str]]:
    return [[text("table_" + d["table"], names.lang), text("change_" + d["kind"], names.lang), _defined(d, names),
             _fields(d["columns"], names.lang)] for d in found["definitions"]]


def _method_rows(found: dict, names: _Names) -> list[list[str]]:
    return [[_cause({"cause": kind} | found[kind], names)] for kind in ("method", "environment") if found[kind]]


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
    """A changed figure as a cause; without its name where it is of the `indicator` that is spoken of."""
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
    plan = names.plans.get(t["plan"], t["plan"])
    return text("said_target", names.lang, name=_name(t, names), plan=plan, row=t["row"], **_column(t, names.lang))


def _column(t: dict, lang: str) -> dict[str, str]:
    column = t["column"]
    field = text("field_" + column, lang)
    said = text("field_of_annual", lang, year=t["since"], field=field) if t["table"] == "annual_targets" else field
    return {"field": said, "a": _written(column, t["from"], lang), "to": _written(column, t["to"], lang)}


def _because(moved: dict, names: _Names, most: int = _ALL_CAUSES) -> str:
    return text("list_comma", names.lang).join(_cause(cause, names, most, moved["indicator"]) for cause in moved["why"])


def _cause(cause: dict, names: _Names, most: int = _ALL_CAUSES, indicator: str = "") -> str:
    """One cause in words, with at most so many of its items."""
    kind, lang = cause["cause"], names.lang
    items = {"data": lambda c: _briefly(c, names, indicator), "target": lambda t: text("by_target", lang, **_column(t, lang)),
             "definition": lambda d: text("table_" + d["table"], lang) + text("colon", lang) + _defined(d, names)}
    said = {"method": _method, "environment": _environment}
    if kind in items:
        return text("cause_" + kind, lang, x=_cut([items[kind](item) for item in cause["items"]], lang, most))
    return text("cause_" + kind, lang, x=said[kind](cause, lang) if kind in said else "")


def _method(cause: dict, lang: str) -> str:
    old, new = cause["from"], cause["to"]
    said = [f"plancore {old['version'] or '—'} → {new['version'] or '—'}"] if old["version"] != new["version"] else []
    said += [text("code_hash", lang, a=old["code"] or "—", b=new["code"] or "—")] if old["code"] != new["code"] else []
    said += [text("notebooks_changed", lang, x=text("list_comma", lang).join(cause["notebooks"]))] if cause["notebooks"] else []
    return text("comma", lang).join(said)


def _environment(cause: dict, lang: str) -> str:
    old, new = cause["from"], cause["to"]
    moved = [k for k in dict.fromkeys([*old, *new]) if k != "lock" and old.get(k) != new.get(k)]
    versions = [f"{k} {old.get(k, '—')} → {new.get(k, '—')}" for k in moved]
    return text("comma", lang).join(versions) or text("lock_hash", lang, a=old["lock"], b=new["lock"])


# its parts

def _names(lang: str) -> _Names:
    return _Names(lang, load.indicators().set_index("indicator").to_dict("index"),
                  dict(zip(load.plans()["plan"], load.plans()[f"name_{lang}"])))


def _name(item: dict, names: _Names) -> str:
    """An indicator's name, with what was asked of it; its key where the tables no longer know it."""
    known = names.indicators.get(item["indicator"])
    name = known[f"name_{names.lang}"] if known else item["indicator"]
    if not item.get("what"):
        return name
    asked = text(item["what"], names.lang) if wording.known(item["what"]) else item["what"]
    return name + text("bracket", names.lang, x=asked) if name else asked


def _linked(item: dict, names: _Names) -> Cell:
    """An indicator's name, which leads to a page that shows it."""
    return Cell(_plain(_name(item, names)), next((p for p in item["pages"] if p.startswith(names.lang + "/")), ""))


def _row(item: dict, names: _Names) -> list[str]:
    return [names.plans.get(item["plan"], item["plan"]), item["row"]]


def _cell(said: str | Cell) -> Cell:
    return said if isinstance(said, Cell) else Cell(_plain(said))


def _assessed(code: str | None, lang: str) -> str:
    """A status or verdict with its shape."""
    if code is None:
        return text("change_unlisted", lang)
    said = text(code, lang) if wording.known(code) else code
    return f"{wording.MARKS[code]} {said}" if code in wording.MARKS else said


def _measures(f: dict, names: _Names) -> list[str]:
    """What a figure was and is; with more digits where they say the same."""
    said = [_measured(f, f[end], names) for end in ("from", "to")]
    exact = said[0] == said[1] and isinstance(f["from"], float) and isinstance(f["to"], float)
    return [f"{f[end]:.10g}" for end in ("from", "to")] if exact else said


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
    """A cell of a table of targets as a reader says it."""
    if not value:
        return "—"
    if column in ("form", "path", "bound", "attribute", "price_basis"):
        return text(value, lang, x="…")
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


# whole texts

def _lead(found: dict, lang: str) -> str:
    runs = found["runs"]
    return text("changes_first", lang) if found["first"] else text("changes_lead", lang, old=runs["from"], new=runs["to"])


def _pages(found: dict, lang: str) -> str:
    return text("changes_pages", lang, added=found["added"], gone=found["gone"]) if found["added"] or found["gone"] else ""


def _markdown(found: dict, manifest: dict, lang: str):
    yield from ("# " + text("changes", lang), "", wording.markdown(_lead(found, lang)), "")
    if waits := held(manifest.get("held") or [], lang):
        yield from (f"**{text('waits', lang)}**", "", *(f"- {wording.markdown(w)}" for w in waits), "")
    yield from (*(f"- {wording.markdown(line)}" for line in lines(found, lang)), "")
    for title, head, rows in sections(found, lang):
        said = [[cell.said for cell in row] for row in rows]
        yield from ("## " + title + text("changes_counted", lang, n=len(rows)), "", *_grid(head, said), "")
    if pages := _pages(found, lang):
        yield from (pages, "")


def _grid(head: list[str], rows: list[list[str]]) -> list[str]:
    said = ["| " + " | ".join(map(wording.markdown, row)) + " |" for row in [head, *rows]]
    return [said[0], "|" + " --- |" * len(head), *said[1:]]


def _cut(items: list[str], lang: str, most: int = _SHOWN) -> str:
    """The first few items, and how many there are in all if there are more."""
    said = text("semicolon", lang).join(items[:most])
    return said + (text("and_more", lang, n=len(items)) if len(items) > most else "")


def _plain(said: str) -> str:
    """One line, whatever a title holds."""
    return " ".join(said.split())
