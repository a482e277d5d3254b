"""What leaders receive in a plan's briefing: two pages of sentences, each from the frames of the gap analysis."""

from __future__ import annotations

from html import escape

import pandas as pd
from IPython.display import HTML

from plancore import gaps, load, markup, wording
from plancore.downloads import document
from plancore.measures import rules
from plancore.views import page, remarks

WORST_GRADE = {"internal": "C", "public": "B"}
"""The editions, and the worst grade of a source that each may use."""

GROUPS = {
    "fast": ("提前完成", "快于预期", "exceeded"),
    "even": ("基本符合预期", "met"),
    "slow": ("滞后", "nearly_met", "missed"),
}
"""Official words and final verdicts in the three groups of the anticipatory indicators."""
PAGES, STEPS = 1.9, range(20, 1, -1)
"""The text keeps to two pages, with a little room for another office suite: step by step it spells out fewer indicators.

At step n: n + 2 obligatory and n + 2 slow ones with their numbers, half of n fast ones, half of n names in a list."""
_ORDER = ("提前完成", "快于预期", "基本符合预期", "滞后", *rules.VERDICTS)


@wording.localized
def title(plan: pd.Series, as_of: int, edition: str, lang: str) -> HTML:
    """The page's title, which names the edition; see `page.title`."""
    return page.title("plan_briefing", plan, wording.text(edition, lang), lang=lang, as_of=as_of)


@wording.localized
def text(result: pd.DataFrame, targets: pd.DataFrame, plan: pd.Series, used: pd.DataFrame, edition: str, left_out: int = 0,
         *, lang: str) -> pd.DataFrame:
    """The sentences in order, for page and document alike: paragraph (number), part, text, note (a footnote, or empty).

    `part`: title, dateline, heading, lead, body, subheading, attachment, annex, annex_title, annex_dateline, annex_note.
    `result` of `gaps.measure` and `targets` of `released`, both of the table's rows; `plan` of `load.plan`; `used`: every
    source used (column source); `left_out`: rows the edition withholds. Of-which rows do not count.
    """
    rows, breaks = gaps.named_rows(result, targets).query("counted"), load.breaks(plan["region"])
    values = {"plan": plan[f"name_{lang}"], "as_of": int(result["as_of"].max()), "left_out": left_out}
    values |= {"date": until(used, lang), "edition": wording.text(edition, lang)}
    for step in STEPS:
        draft = _draft(rows, values, breaks, edition, lang, step)
        if document.pages(draft, lang) <= PAGES:
            break
    return draft


def article(text: pd.DataFrame) -> HTML:
    """The sentences as a page shows them below its title: the lead is the page's answer, the notes stand at the end."""
    body = text[~text["part"].str.contains("title|attachment|annex")]
    numbers = (body["note"] != "").cumsum()
    marks = [f'<sup><a href="#note-{n}">{n}</a></sup>' if note else "" for n, note in zip(numbers, body["note"])]
    shown = pd.Series([escape(line.rstrip()) + mark + " " * line.endswith(" ")
                       for line, mark in zip(body["text"], marks)], body.index)
    body = body.assign(shown=shown.where(body["part"] != "subheading", "<strong>" + shown + "</strong>"))
    paragraphs = "".join(_paragraph(part) for _, part in body.groupby("paragraph"))
    notes = "".join(f'<li id="note-{n}">{escape(note)}</li>' for n, note in enumerate(body.loc[body["note"] != "", "note"], 1))
    return HTML(f'<article class="briefing">{paragraphs}<ol class="notes">{notes}</ol></article>')


@page.part("brief_file")
def download(content: bytes, lang: str) -> HTML:
    """The document of `downloads.document` as a link that holds it."""
    link = markup.file("plan_briefing.docx", content, wording.text("brief_docx", lang))
    return HTML(f'<div class="downloads"><p>{link}</p></div>')


def _draft(rows: pd.DataFrame, values: dict, breaks: pd.DataFrame, edition: str, lang: str, step: int) -> pd.DataFrame:
    """The sentences, with as many indicators spelt out as the step allows."""
    binding, expected = (rows[rows["attribute"] == a] for a in ("binding", "expected"))
    groups = {"binding": _seen(binding)} | {g: expected[_code(expected).isin(codes)] for g, codes in GROUPS.items()}
    shown = {g: groups[g].head((step + 1) // 2 if g == "fast" else step + 2) for g in ("binding", "fast", "slow")}
    notes = _notes(pd.concat(shown.values()), breaks, lang)
    origin = wording.text(f"brief_{edition}_made", lang, **values)
    cuts = wording.text("brief_rules", lang, ahead=rules.AHEAD, on_track=rules.ON_TRACK)
    return _framed([
        [("title", wording.text("brief_title", lang, **values))],
        [("dateline", wording.text("brief_dateline", lang, **values), origin)],
        [("heading", wording.text("brief_overall", lang))],
        [("lead", _lead(binding, expected, values, lang), cuts)],
        [("heading", wording.text("brief_binding", lang))],
        _entries(shown["binding"], len(groups["binding"]), notes, lang),
        _waiting(binding, step // 2, edition, lang),
        [("heading", wording.text("brief_expected", lang))],
        [("subheading", _heading("fast", groups, lang)), *_entries(shown["fast"], len(groups["fast"]), notes, lang)],
        [("subheading", _heading("even", groups, lang)),
         ("body", _names(groups["even"], step // 2, lang) + _end(groups["even"], lang))],
        [("subheading", _heading("slow", groups, lang)), *_entries(shown["slow"], len(groups["slow"]), notes, lang)],
        _waiting(expected, step // 2, edition, lang),
        [("attachment", wording.text("brief_attachment", lang, **values))],
        *([(part, wording.text(part, lang, **values))] for part in ("annex", "annex_title", "annex_dateline")),
        [("annex_note", note) for note in (
            wording.text("annex_path_note", lang), origin, wording.text("annex_department_note", lang))]])


def _heading(group: str, groups: dict[str, pd.DataFrame], lang: str) -> str:
    return wording.text(f"brief_{group}", lang, n=len(groups[group]))


def _names(rows: pd.DataFrame, most: int, lang: str) -> str:
    return wording.names(list(rows[f"name_{lang}"]), lang, most)


def _end(rows: pd.DataFrame, lang: str) -> str:
    return wording.text("brief_end", lang) if len(rows) else ""


def _framed(paragraphs: list[list[tuple]]) -> pd.DataFrame:
    """A row for each sentence: part, text and perhaps a note."""
    rows = [(number, *line, *[""] * (3 - len(line))) for number, lines in enumerate(p for p in paragraphs if p) for line in lines]
    return pd.DataFrame(rows, columns=["paragraph", "part", "text", "note"])


def _seen(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["status"] != "not_assessable"]


def _code(rows: pd.DataFrame) -> pd.Series:
    """The final verdict, else the official word; empty where a row cannot be assessed."""
    return rows["verdict"].where(rows["verdict"] != "", rows["official_word"])


def _lead(binding: pd.DataFrame, expected: pd.DataFrame, values: dict, lang: str) -> str:
    """One sentence with the counts, obligatory first."""
    return wording.text(
        "brief_lead", lang, plan=values["plan"], as_of=values["as_of"], binding=len(_seen(binding)), binding_all=len(binding),
        binding_words=_words(binding, lang), expected=len(_seen(expected)), expected_all=len(expected),
        expected_words=_words(expected, lang), waiting=sum(len(r) - len(_seen(r)) for r in (binding, expected)))


def _words(rows: pd.DataFrame, lang: str) -> str:
    """How many rows have each official word and each final verdict, in brackets; nothing where none can be assessed."""
    counted = _code(rows).value_counts()
    words = {c: wording.text("brief_count", lang, word=wording.text(c, lang), n=counted[c]) for c in _ORDER if c in counted}
    under_way, final = (wording.text("list_comma", lang).join(s for c, s in words.items() if (c in rules.VERDICTS) == ended)
                        for ended in (False, True))
    parts = [under_way] * bool(under_way) + [wording.text("brief_finals", lang, words=final)] * bool(final)
    return wording.text("bracket", lang, x=wording.text("brief_next", lang).join(parts)) if parts else ""


def _entries(shown: pd.DataFrame, of: int, notes: dict[str, str], lang: str) -> list[tuple]:
    """A sentence for each row shown, and how many more of them there are."""
    ends = [wording.text("brief_next", lang)] * (len(shown) - 1) + [_end(shown, lang)]
    more = [("body", wording.text("brief_further", lang, n=of - len(shown)))] if of > len(shown) else []
    return [("body", _entry(r, lang) + end, notes.get(r["row"], "")) for r, end in zip(shown.to_dict("records"), ends)] + more


def _entry(row: dict, lang: str) -> str:
    """One indicator: value and its year, target, against schedule, what each year still needs, and the word for it."""
    form = "average_growth" if row["form"] in rules.MEANS else row["form"] if row["form"] in rules.CHAINED else "level"
    target = _amount(row["target_value"], row["bound"], row["form"], row, lang)
    target = wording.target(row, lang) if row["form"] == "relative" else target
    parts = [wording.text("brief_stands", lang, name=row[f"name_{lang}"], period=_period(row, lang),
                          value=_amount(row["value"], row["qualifier"] or "equal", form, row, lang)),
             wording.text("brief_target", lang, x=target)]
    if not pd.isna(row["against_path"]):
        parts.append(wording.text("brief_against", lang, what=wording.text("margin" if _due_now(row) else "against_path", lang),
                                 x=wording.difference(row["against_path"], row[f"unit_{lang}"], lang)))
    if row["gap"] > 0 and not pd.isna(row["required_pace"]):
        parts.append(wording.text("brief_need", lang, x=_need(row, lang)))
    return wording.text("comma", lang).join([*parts, wording.text(row["verdict"] or row["official_word"], lang)])


def _amount(value: float, bound: str, form: str, row: dict, lang: str) -> str:
    """A figure with unit, bound and form: 年均5.5%以上, about 75%."""
    amount = wording.quantity(wording.number(value), row[f"unit_{lang}"], lang)
    return wording.text("said_" + form, lang, x=wording.text(bound, lang, x=amount))


def _due_now(row: dict) -> bool:
    """Whether the target itself is due this year: at the end, and for levels held, steps and controls."""
    return row["status"] == "final" or (row["form"] != "average_growth" and row["required"] == row["target_value"])


def _need(row: dict, lang: str) -> str:
    """The yearly need: the change of a level with its sign; a growth, a cut or an amount without."""
    if row["pace_unit"] == "unit" and row["form"] not in rules.CHAINED:
        return wording.difference(row["required_pace"], row[f"unit_{lang}"], lang)
    unit = "%" if row["pace_unit"] == "percent" else row[f"unit_{lang}"]
    return wording.quantity(wording.number(row["required_pace"], signed=row["form"] not in rules.CHAINED), unit, lang)


def _period(row: dict, lang: str) -> str:
    """The year of a figure, or the years it covers."""
    first, last = int(row["baseline_year"]) + 1, int(row["last_period"])
    if row["form"] in rules.CHAINED and first < last:
        return wording.text("period_span", lang, a=first, b=last)
    return wording.text("year", lang, year=last)


def _notes(shown: pd.DataFrame, breaks: pd.DataFrame, lang: str) -> dict[str, str]:
    """What is to be known of the basis of the rows shown, by row: at the first row it concerns, naming the others."""
    what = breaks.set_index(["indicator", "basis"])[f"what_{lang}"]
    bases = pd.DataFrame([(row["row"], row[f"name_{lang}"], basis) for row in shown.to_dict("records")
                          for basis in _bases(row, what, lang)], columns=["row", "name", "basis"])
    notes: dict[str, list[str]] = {}
    for basis, rows in bases.groupby("basis", sort=False):
        others = wording.names(list(rows["name"])[1:], lang)
        note = wording.text("brief_same", lang, said=basis, names=others) if others else basis
        notes.setdefault(rows["row"].iloc[0], []).append(note)
    end, between = wording.text("brief_end", lang), wording.text("brief_next", lang)
    return {row: (between.join(several) + end).strip() for row, several in notes.items()}


def _bases(row: dict, what: pd.Series, lang: str) -> list[str]:
    """The break, the kind of figure, the bound, the remarks and the later target of a row, in words."""
    notes = [what[row["indicator"], row["break_at_baseline"]]] if row["break_at_baseline"] else []
    formula = "official" if not pd.isna(row["until"]) else row["formula"]
    notes += [wording.text("note_" + formula, lang)] if wording.known("note_" + formula) else []
    notes += [wording.text("note_" + rules.BOUNDED[row["qualifier"]][0], lang)] if row["qualifier"] in rules.BOUNDED else []
    notes += remarks.remarks(row, lang)
    return notes + ([wording.text("brief_target", lang, x=since(row, lang))] if row["version_since"] else [])


def _waiting(rows: pd.DataFrame, most: int, edition: str, lang: str) -> list[tuple]:
    """Which rows cannot be assessed, by reason, at most so many named of each; nothing where all can."""
    rows = rows[rows["status"] == "not_assessable"]
    if rows.empty:
        return []
    reasons = [wording.text("brief_reason", lang, reason=reason(code, edition, lang), n=len(part),
                            names=_names(part, most, lang))
               for code in rules.REASONS if len(part := rows[rows["reason"] == code])]
    text = wording.text("brief_waiting", lang, n=len(rows)) + wording.text("brief_next", lang).join(reasons)
    return [("body", text + wording.text("brief_end", lang))]


def _paragraph(sentences: pd.DataFrame) -> str:
    """One paragraph as HTML; the lead in the element that a page knows as its answer."""
    part = sentences["part"].iloc[0]
    if part == "lead":
        return f'<p class="answer">{"".join(sentences["shown"])}</p>'
    tag = "h2" if part == "heading" else "p"
    return f'<{tag} class="{part}">{"".join(sentences["shown"])}</{tag}>'


def released(in_force: pd.DataFrame, printed: pd.DataFrame, edition: str) -> pd.DataFrame:
    """The targets an edition shows, of `load.targets(plan, day)` and `load.targets(plan)`.

    The public one leaves out what is `withheld`, and takes the printed number where the one in force is known only from
    a source it may not use.
    """
    if edition == "internal":
        return in_force
    sources = load.sources()
    usable = sources.loc[sources["grade"] <= WORST_GRADE[edition], "source"]
    known = in_force["version_source"].isin(["", *usable])
    rows = pd.concat([in_force[known], printed[printed["row"].isin(in_force.loc[~known, "row"])]]).sort_index()
    return rows[~rows["withheld"]]


def derived(values: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, edition: str) -> pd.DataFrame:
    """The derived values an edition shows, beside rows that cannot be assessed: plan, row, year, value, source.

    `values` of `derived.derive`, as far as they are in the target's unit and of the plan's years until `as_of`.
    The public edition has none.
    """
    waiting = result.loc[result["status"] == "not_assessable", ["plan", "row", "as_of"]]
    rows = waiting.merge(targets[["plan", "row", "indicator", "unit_zh", "baseline_year"]], on=["plan", "row"], validate="1:1")
    rows = rows.merge(values.assign(year=values["period"].astype(int)), on=["indicator", "unit_zh"])
    timely = (rows["year"] > rows["baseline_year"]) & (rows["year"] <= rows["as_of"])
    return rows.loc[timely & (edition == "internal"), ["plan", "row", "year", "value", "source"]].reset_index(drop=True)


def until(used: pd.DataFrame, lang: str) -> str:
    """The date of the newest publication among the sources used, as precise as it is known."""
    sources, ids = load.sources(), {s for cell in used["source"] for s in cell.split(";")}
    dates = sources.loc[sources["source"].isin(ids) & (sources["published"] != ""), "published"]
    return day(dates.max() if len(dates) else "", lang)


def day(published: str, lang: str) -> str:
    """A date, month or year of publication in words; that it is not known where it is empty."""
    if not published:
        return wording.text("date_unknown", lang)
    parts = [int(p) for p in published.split("-")]
    return wording.text(f"date_{len(parts)}", lang, **dict(zip("ymd", parts)))


def reason(code: str, edition: str, lang: str) -> str:
    """Why a row cannot be assessed; what is not collected may be lacking only in the sources the edition uses."""
    return wording.text("not_in_sources" if code == "not_collected" and edition == "public" else code, lang)


def since(row: dict, lang: str) -> str:
    """Since when a target assigned or adjusted later is in force."""
    return wording.text("in_force_since", lang, since=row["version_since"])
