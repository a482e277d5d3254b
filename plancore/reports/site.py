"""The front page of a run and its page of corrections."""

from __future__ import annotations

import pandas as pd

from plancore import load, markup, wording


def front(languages: dict[str, dict], run: str, data_until: str, tables: list[str]) -> str:
    """Return the front page, with search and filters, and the names of the tables to download.

    `languages`: language to its `answers` (path, title, answer as HTML), `filters` (name to its choices, value and word) and `groups`,
    one a plan: region, name, open (whether unfolded at first), `cards` of indicators (as `render.cards`, with path) and `reports`
    (path, title, asks, plan, problem).
    """
    return markup.template("front.html.j2").render(
        languages=languages, word=wording.text, marks=wording.MARKS, tags=wording.TAGS, run=run, data_until=data_until, tables=tables, style=markup.style())


def corrections(corrected: pd.DataFrame, names: dict[str, dict[str, str]], run: str, data_until: str) -> str:
    """Return the page of corrections, from `load.corrections`; `names`: language to key to name."""
    return markup.template("corrections.html.j2").render(
        corrected=corrected.to_dict("records"), names=names, languages=wording.LANGUAGES, word=wording.text, tags=wording.TAGS,
        run=run, data_until=data_until, style=markup.style())


def _filters(groups: list[dict], lang: str) -> dict[str, list[tuple[str, str]]]:
    """The choices that occur for each filter: value and word."""
    of_plans, cards = [g for g in groups if g["plan"]], [card for group in groups for card in group["cards"]]
    regions, codes = load.region_names(lang), dict.fromkeys(c["code"] for c in cards)
    return {"region": [(region, regions[region]) for region in dict.fromkeys(g["region"] for g in of_plans)],
            "plan": [(g["plan"], g["name"]) for g in of_plans],
            "category": list({c["category"]: c["category_name"] for c in cards}.items()),
            "attribute": [(a, wording.text(a, lang)) for a in ("binding", "expected")],
            "status": [(c, f"{wording.MARKS[c]} {wording.text(c, lang)}") for c in wording.MARKS if c in codes]}


def front_pages(manifest: dict, data_until: str, tables: list[str]) -> dict[str, str]:
    """Return `index.html` and `corrections.html` of a run, name to HTML. `tables`: the names of the tables to download."""
    names = {lang: _names(lang) for lang in wording.LANGUAGES}
    languages = {lang: _part([e for e in manifest["pages"] if e["lang"] == lang], names[lang], lang) for lang in names}
    dated = {"run": manifest["run"], "data_until": data_until}
    return {"index.html": front(languages, tables=tables, **dated),
            "corrections.html": corrections(load.corrections(), names, **dated)}


def _names(lang: str) -> dict[str, str]:
    """The name of every plan, indicator and category by its key."""
    tables = {"plan": ("name", load.plans()), "indicator": ("name", load.indicators()),
              "category": ("category", load.all_targets(kind="all").drop_duplicates("category"))}
    return {key: label for column, (name, table) in tables.items() for key, label in zip(table[column], table[f"{name}_{lang}"])}


def _part(entries: list[dict], names: dict[str, str], lang: str) -> dict:
    """The front page in one language: answers, filters, and the groups of cards and reports; of a row's cards that of the latest year."""
    cards = {}
    for entry in sorted(entries, key=lambda e: e["parameters"].get("as_of", 0)):
        cards |= {(card["plan"], card["row"]): _placed(card, entry, names, lang) for card in entry["cards"]}
    rows = load.all_targets(kind="all")
    order = {key: i for i, key in enumerate(zip(rows["plan"], rows["row"]))}
    with_card = {card["path"] for card in cards.values()}
    reports = [_report(e, names, lang) for e in entries if e["path"] not in with_card or e["status"] in ("stale", "failed")]
    answers = [e for e in entries if e["answer"]]
    groups = _groups([cards[key] for key in sorted(cards, key=order.get)], reports,
                     {e["parameters"]["plan"] for e in answers if {"plan", "as_of"} <= set(e["parameters"])}, names, lang)
    return {"answers": answers, "groups": groups, "filters": _filters(groups, lang)}


def _groups(cards: list[dict], reports: list[dict], unfolded: set[str], names: dict[str, str], lang: str) -> list[dict]:
    """Cards and reports plan by plan, region after region and the newest plan first; in the end what is of no one plan."""
    plans = load.plans().sort_values("baseline_year", ascending=False, kind="stable")
    region_of = dict(zip(plans["plan"], plans["region"]))
    ordered = [plan for region in load.region_names(lang) for plan in plans["plan"][plans["region"] == region]]
    groups = [{"plan": plan, "region": region_of.get(plan, ""), "name": names.get(plan) or wording.text("other_reports", lang),
               "open": not plan or plan in unfolded, "cards": [c for c in cards if c["plan"] == plan],
               "reports": [r for r in reports if r["plan"] == plan]} for plan in [*ordered, ""]]
    return [group for group in groups if group["cards"] or group["reports"]]


def _placed(card: dict, entry: dict, names: dict[str, str], lang: str) -> dict:
    """A card with its address and names, and the words it is found by."""
    words = " ".join(str(card[k]) for k in ("name", "other_name", "indicator", "row", "target"))
    return card | {"path": entry["path"] + (f"#{card['at']}" if card["at"] else ""), "plan_name": names[card["plan"]],
                   "category_name": names[card["category"]], "words": f"{words} {wording.text(card['code'], lang)}".lower()}


def _report(entry: dict, names: dict[str, str], lang: str) -> dict:
    """A page as the front page lists it."""
    plan = entry["parameters"].get("plan", "")
    asks = wording.text(entry["report"] + "_asks", lang, **entry["parameters"])
    stale = wording.text("stale_since", lang, date=entry["made"])
    problem = {"stale": stale, "failed": entry.get("error", "")}.get(entry["status"], "")
    return {"path": entry["path"] if entry["status"] != "failed" else "", "title": entry["title"], "plan": plan,
            "plan_name": names.get(plan, ""), "asks": asks, "problem": problem,
            "words": f"{entry['title']} {asks} {entry['path']}".lower()}
