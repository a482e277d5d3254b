"""One indicator on one page: its answer, its published figures with all vintages, and its place in each plan."""

from __future__ import annotations

from html import escape

import altair as alt
import great_tables as gt
import numpy as np
import pandas as pd
from IPython.display import HTML

from plancore import charts, gaps, load, markup, scenario, wording
from plancore.measures import evidence, rules
from plancore.views import page, remarks, table

_ALIKE = ["indicator", "form", "unit_en", "price_basis", "scope_en", "last_period"]
"""What figures have to share to be ranked among each other; sums and cuts the year they begin from too."""
_UNLIKE = {"scope_en": "rank_scope", "price_basis": "rank_prices", "form": "rank_form", "last_period": "rank_years"}
"""Why a figure is not ranked where the regions differ in a column."""


@wording.localized
def title(target: pd.DataFrame, plan: pd.Series, as_of: int, note: str = "", *, lang: str) -> HTML:
    """The page's title, which names the indicator; see `page.title`."""
    return page.title("indicator_profile", plan, note, lang=lang, name=target[f"name_{lang}"].iloc[0], as_of=as_of)


@wording.localized
def headline(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> HTML:
    """The indicator's status in a sentence, its figures one by one, and how the plan's cell is read.

    `result`: its row of `gaps.measure`; `targets`: its row of `load.targets`.
    """
    row, = gaps.named_rows(result, targets).to_dict("records")
    note = row["note" if lang == "zh" else "note_en"]
    label = f'<b>{wording.text("how_read", lang)}</b>{wording.text("colon", lang)}'
    reading = f'<p class="lead">{label}{escape(note)}</p>' if note else ""
    facts = "".join(f"<div><dt>{wording.text(key, lang)}</dt><dd>{shown}</dd></div>" for key, shown in _facts(row, lang))
    answer = f'<p class="answer">{table.standing(row, lang)} {escape(_sentence(row, lang))}</p>'
    return HTML(f'{answer}<dl class="facts">{facts}</dl>{reading}')


def line(row: dict, lang: str) -> str:
    """The indicator's name, its status and its answer in a line; a row of `gaps.named_rows`."""
    name = escape(row[f"name_{lang}"]) + wording.text("colon", lang)
    return f"<b>{name}</b>{table.standing(row, lang)} {escape(_sentence(row, lang))}"


@wording.localized
def neighbours(target: pd.DataFrame, as_of: int, lang: str) -> HTML:
    """Links to the whole plan, and to the indicators before and after this one in the plan's order; `target`: its row."""
    (own,) = target.to_dict("records")
    rows = load.targets(own["plan"])
    at = int(rows.index[rows["row"] == own["row"]][0])
    whole = markup.page(wording.text("to_overview", lang), "gap_analysis", f"row-{own['row']}", plan=own["plan"],
                        as_of=as_of, attribute="all", category="all")
    beside = [(key, rows.iloc[i]) for key, i in (("before_in_plan", at - 1), ("next_in_plan", at + 1)) if 0 <= i < len(rows)]
    others = [markup.page(escape(wording.text(key, lang, name=r[f"name_{lang}"])), "indicator_profile", indicator=r["indicator"],
                          as_of=as_of, region=r["region"]) for key, r in beside]
    return HTML(f'<nav class="beside" aria-label="{wording.text("indicator", lang)}">{" ".join([whole, *others])}</nav>')


@wording.localized
def chart(series: pd.DataFrame, result: pd.DataFrame, target: pd.DataFrame, lang: str) -> alt.LayerChart:
    """The indicator against its path, with the plan's goal for 2035 where it has one; see `charts.profile`.

    `series` of `trajectories.history`; `result` and `target`: its rows in this plan.
    """
    goals = scenario.long_term(target, load.commitments(target["plan"].iloc[0]))
    return charts.profile(series, goals, result, target, lang)


@page.part("published_figures")
def figures(vintages: pd.DataFrame, observations: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Every published value of these series, year by year: value, vintage, grade, source, and whether it is used.

    `vintages` of `load.vintages`, cut to the series wanted; `observations` of `load.observations`: those that are used.
    """
    if vintages.empty:
        return table.nothing("no_figures", lang)
    names = load.indicators().set_index("indicator")
    used = set(zip(observations["indicator"], observations["period"], observations["source"]))
    rows = vintages.sort_values(["indicator", "period", "published_by"], kind="stable").to_dict("records")
    titles = load.sources().set_index("source")["title"]
    frame = pd.DataFrame({
        "indicator": [names.loc[r["indicator"], f"name_{lang}"] for r in rows], "period": [r["period"] for r in rows],
        "value": [wording.qualified(r["value"], r["qualifier"]) for r in rows],
        "unit": [names.loc[r["indicator"], f"unit_{lang}"] for r in rows],
        "used": ["●" if (r["indicator"], r["period"], r["source"]) in used else "" for r in rows],
        "status": [wording.text(r["status"], lang) for r in rows],
        "prices": [wording.text(r["price_basis"], lang) if r["price_basis"] != "none" else "" for r in rows],
        "published": [r["published"] or wording.text("date_unknown", lang) for r in rows], "grade": [r["grade"] for r in rows],
        "by_source": [f'<a href="#src-{r["source"]}">{escape(titles[r["source"]])}</a>' for r in rows],
        "note": [r["note"] if lang == "zh" else "" for r in rows]})
    several = frame["indicator"].nunique() > 1
    frame = frame.drop(columns=[] if several else "indicator")
    frame = frame[[c for c in frame if c == "value" or (frame[c] != "").any()]]
    return table.table(frame, lang, raw=["by_source"], right=["value"])


@page.part("in_both_plans")
def across(targets: pd.DataFrame, lang: str) -> gt.GT:
    """The indicator's goal in each plan: baseline, target, attribute, and the outcome where one is printed."""
    rows = _with_plan(targets).merge(
        load.all_outcomes()[["plan", "row", "actual_printed", "actual_change_printed"]], on=["plan", "row"], how="left").fillna(
        {"actual_printed": "", "actual_change_printed": ""})
    records = rows.to_dict("records")
    return table.table(pd.DataFrame({
        "plan": rows[f"name_{lang}_plan"], "row": rows["row"],
        "attribute": [wording.text(a, lang) for a in rows["attribute"]],
        "printed_baseline": rows["baseline_printed"],
        "target_value": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "outcome": (rows["actual_change_printed"] + " " + rows["actual_printed"]).str.strip()}).loc[
            :, lambda f: [c for c in f if (f[c] != "").any()]], lang, right=["row"])


def _sentence(row: dict, lang: str) -> str:
    unit = row[f"unit_{lang}"]
    facts = dict(target_year=row["target_year"], target=wording.target(row, lang, unit))
    if row["status"] == "not_assessable":
        nothing = wording.text("profile_says_nothing", lang, reason=wording.text(row["reason"], lang), **facts)
        return nothing + remarks.bracketed(row, lang)
    sentence = wording.text("profile_says", lang, year=int(row["last_period"]), value=table.figure(row, lang),
                            says=wording.text(row["verdict"] or row["status"], lang), **facts)
    if not pd.isna(row["against_path"]) and row["status"] != "final" and row["required"] != row["target_value"]:
        sentence += wording.text("profile_against", lang, year=int(row["last_period"]), required=wording.number(row["required"]),
                                 against=wording.difference(row["against_path"], unit, lang))
    if not pd.isna(row["required_pace"]) and row["gap"] > 0:
        sentence += wording.text("profile_need", lang, pace=wording.pace(row["required_pace"], row["pace_unit"], lang))
    return sentence + remarks.bracketed(row, lang)


def _facts(row: dict, lang: str) -> list[tuple[str, str]]:
    """The figures behind the sentence, each with its origin and a way to report an error; only those there are."""
    unit, target = row[f"unit_{lang}"], escape(wording.target(row, lang, row[f"unit_{lang}"]))
    facts = [("latest_value", _latest(row, lang)), ("target_with_bound", f'<a href="#origin-{row["row"]}">{target}</a>'),
             ("gap" if row["gap"] > 0 else "beyond", escape(wording.difference(_distance(row), unit, lang))),
             ("against_path", escape(wording.difference(row["against_path"], unit, lang))),
             ("observed_pace", wording.pace(row["observed_pace"], row["pace_unit"], lang)),
             ("required_pace", wording.pace(row["required_pace"] if row["gap"] > 0 else None, row["pace_unit"], lang)),
             ("tile_official", wording.text(row["official_word"], lang))]
    return [(key, f"{shown} {table.flag(row, lang, wording.text(key, lang))}") for key, shown in facts if shown != "—"]


def _distance(row: dict) -> float | None:
    """How far the figure is from the target, either way; nothing where it just meets it or is only a bound."""
    return abs(row["gap"]) if row["gap"] and row["qualifier"] not in rules.BOUNDED else None


def _latest(row: dict, lang: str) -> str:
    if not row["source"] or pd.isna(row["value"]):
        return "—"
    source = table.last_source(row["source"], load.sources())
    dated = f'{int(row["last_period"])} · {wording.text("grade", lang)} {source["grade"]}'
    return f'<a href="#src-{source["source"]}">{escape(table.figure(row, lang))}</a> <small>{dated}</small>'


def yearly(annual: pd.DataFrame, targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Each annual target of some targets up to `as_of`, also of years in which no plan had the row, with the figure of its year:

    the columns of `load.annual_targets`, names, figure,

    qualifier, figure_source, met (`annual_yes`, `annual_no`, `annual_none` without a figure, `annual_unknown` where a bound or a
    target in words tells nothing). A figure on another price basis than the target's is none. Withheld rows are left out.
    """
    own = ["plan", "row", "better", "name_zh", "name_en", "unit_en", "form"]
    annual = annual[annual["year"] <= as_of]
    apart = _without_row(annual[annual["plan"] == ""], targets, observations)
    rows = load.unwithheld(annual[annual["plan"] != ""], targets).merge(targets[own], on=["plan", "row"], validate="m:1")
    seen = evidence.Evidence(targets, observations, as_of).yearly()
    seen = seen.rename(columns={"value": "figure", "source": "figure_source"}, errors="raise")
    keys = ["plan", "row", "year"]
    rows = pd.concat([rows.merge(seen[[*keys, "figure", "qualifier", "figure_source"]], on=keys, how="left", validate="1:1"), apart])
    rows = rows.astype({"qualifier": object, "figure_source": object}).fillna({"qualifier": "", "figure_source": ""})
    side = rules.open_side(rows["qualifier"])
    figure, telling = rows["figure"].to_numpy(float) + side * rules.JUST_BEYOND, side * rules.sign(rows["better"])
    met = rules.meets(figure, rows["value"].to_numpy(float), rows["bound"], rows["better"], rows["tolerance"].to_numpy(float))
    unknown = rows["value"].isna() | (telling < 0) & met | (telling > 0) & ~met
    code = np.select([rows["figure"].isna(), unknown, met], ["annual_none", "annual_unknown", "annual_yes"], "annual_no")
    return rows.assign(met=code).sort_values(["row", "year"], kind="stable", ignore_index=True)


def _without_row(annual: pd.DataFrame, targets: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Annual targets of years in which no plan has the row, with the year's figure on the price basis of the target."""
    if annual.empty:
        return annual
    keys, facts = ["region", "indicator"], ["price_basis", "better", "name_zh", "name_en", "unit_en", "form", "withheld"]
    rows = annual.merge(targets.drop_duplicates(keys)[keys + facts], on=keys).query("not withheld")
    single = observations[(observations["period"].str.len() == 4) & (observations["status"] != "derived")]
    single = single.assign(year=single["period"].astype(int)).rename(columns={"value": "figure", "source": "figure_source"})
    rows = rows.merge(single[[*keys, "year", "figure", "qualifier", "figure_source", "price_basis"]], on=[*keys, "year"], how="left",
                      suffixes=("", "_seen"))
    fits = rows["price_basis_seen"].isin(["none", "unstated"]) | (rows["price_basis_seen"] == rows["price_basis"])
    return rows.assign(figure=rows["figure"].where(fits)).drop(columns=["price_basis_seen", "price_basis", "withheld"])


@page.part("annual")
def annual(rows: pd.DataFrame, target: pd.DataFrame, lang: str) -> gt.GT | None:
    """The annual targets of one indicator, from `yearly`: year, five-year target, annual target, figure, met, source.

    Nothing where there are none.
    """
    if rows.empty:
        return None
    whole, = target.to_dict("records")
    records = rows.to_dict("records")
    units = rows["unit_zh" if lang == "zh" else "unit_en"]
    frame = pd.DataFrame({
        "period": rows["year"].astype(str),
        "annual_target": [remarks.asked(r, u, lang) for r, u in zip(records, units)],
        "annual_figure": [_sourced(r, u, lang) for r, u in zip(records, units)],
        "annual_met": [wording.text(m, lang) for m in rows["met"]],
        "target_value": wording.target(whole, lang, whole[f"unit_{lang}"]),
        "source": [f'<a href="#src-{s}">{wording.text("source", lang)}</a>' for s in rows["source"]]})
    return table.table(frame, lang, raw=["source", "annual_figure"], right=["annual_target", "annual_figure"])


def behind(reported: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The latest explanation, given by the end of `as_of`, of each row that `gaps.measure` finds behind; with its code.

    `reported` of `load.explanations`. Withheld rows are left out.
    """
    known = reported[reported["as_of"] <= as_of].sort_values(["as_of", "date"], kind="stable")
    code = result["verdict"].where(result["verdict"] != "", result["status"])
    rows = load.unwithheld(result[["plan", "row"]].assign(code=code), targets)
    rows = rows[rows["code"].isin(rules.BEHIND)]
    known = known.rename(columns={"as_of": "reported_of"}).drop_duplicates(["plan", "row"], keep="last")
    return rows.merge(known, on=["plan", "row"], validate="1:1")


@page.part("explanations")
def explanations(reported: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, as_of: int, lang: str) -> gt.GT | None:
    """Why rows are behind and what is done, as departments reported: `behind` as a table. Nothing where there is nothing."""
    rows = behind(reported, result, targets, as_of)
    if rows.empty:
        return None
    rows = gaps.named_rows(rows, targets)
    frame = table.identity(rows, lang).drop(columns=["category", "unit"]).assign(
        assessment=[table.chip(code, lang) for code in rows["code"]], why_behind=rows["reason"], next_steps=rows["measure"],
        reported_as_of=rows["reported_of"].astype(str), reported_on=rows["date"])
    return table.table(frame, lang, raw=["row", "assessment"])


def _sourced(row: dict, unit: str, lang: str) -> str:
    """A figure with its unit, linked to its source; a word where there is none."""
    if pd.isna(row["figure"]):
        return "—"
    figure = wording.quantity(wording.qualified(row["figure"], row["qualifier"]), unit, lang)
    return f'<a href="#src-{row["figure_source"].split(";")[0]}">{figure}</a>'


@page.part("side_by_side")
def side_by_side(figures: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | None:
    """The figures of one indicator by year, a column for each region, and below them the goals of all plans.

    `figures` of `load.everywhere`; `targets`: its rows in every plan. What regions cover and the prices of their figures stand
    beside their names where they differ. Nothing where fewer than two regions have figures.
    """
    names = load.region_names(lang)
    shown = {region: name for region, name in names.items() if region in set(figures["region"])}
    if len(shown) < 2:
        return None
    seen = figures[figures["period"].str.len() == 4]
    unit = load.indicator(figures["indicator"].iloc[0])[f"unit_{lang}"]
    figure = pd.Series([_linked(r) for r in seen.to_dict("records")], pd.MultiIndex.from_frame(seen[["period", "region"]]), dtype=object)
    goals = load.in_indicator_units(targets).sort_values("target_year")
    goal = pd.Series([escape(wording.target(r, lang)) for r in goals.to_dict("records")], pd.MultiIndex.from_arrays(
        [[wording.text("goal_of", lang, year=y) for y in goals["target_year"]], goals["region"]]), dtype=object)
    cells = pd.concat([figure.sort_index(), goal]).groupby(level=[0, 1], sort=False).first().unstack(sort=False).reindex(columns=list(shown))
    cells.columns = [f"{name}{_differs(figures, targets, region, lang)}" for region, name in shown.items()]
    cells = cells.fillna("").rename_axis("period").reset_index()
    columns = list(cells.columns[1:])
    presented = table.table(cells, lang, labels={column: escape(column) for column in columns}, raw=columns, right=columns)
    return presented.tab_source_note(wording.text("in_unit", lang, unit=unit))


def _differs(figures: pd.DataFrame, targets: pd.DataFrame, region: str, lang: str) -> str:
    """What a region's figures cover, and their prices where those of another region are on others, in brackets."""
    scope = targets.loc[targets["region"] == region, f"scope_{lang}"].head(1).tolist()
    prices = figures.groupby("region")["price_basis"].unique().map(list)
    own = [wording.text(basis, lang) for basis in prices[region] if basis != "none"] if prices.astype(str).nunique() > 1 else []
    words = [word for word in (*scope, *own) if word]
    return wording.text("bracket", lang, x=wording.text("list_comma", lang).join(words)) if words else ""


def _linked(row: dict) -> str:
    return f'<a href="#src-{row["source"]}">{escape(wording.qualified(row["value"], row["qualifier"]))}</a>'


@page.part("other_regions")
def regions(targets: pd.DataFrame, *results: pd.DataFrame, lang: str) -> gt.GT | None:
    """Each indicator in the order of `targets`, its regions by rank; the name of a plan leads to its region's profile.

    `results`: of `gaps.measure`, together a row for each of the targets. Nothing where only one region has them.
    """
    if targets["region"].nunique() < 2:
        return None
    rows = _with_plan(gaps.named_rows(pd.concat([r for r in results if len(r)]), targets))
    records = ranked(rows).to_dict("records")
    frame = pd.DataFrame({
        "indicator": [r[f"name_{lang}"] for r in records], "rank": [_rank(r, lang) for r in records],
        "plan": [markup.page(escape(r[f"name_{lang}_plan"]), "indicator_profile", indicator=r["indicator"], as_of=r["as_of"],
                            region=r["region"]) for r in records],
        "value": [_figure(r, lang) for r in records],
        "data_year": ["" if pd.isna(r["last_period"]) else str(int(r["last_period"])) for r in records],
        "target_value": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "required_pace": [wording.pace(r["required_pace"] if r["gap"] > 0 else None, r["pace_unit"], lang) for r in records],
        "assessment": [table.standing(r, lang) for r in records]})
    frame = frame.drop(columns=[] if frame["indicator"].nunique() > 1 else "indicator")
    return table.table(frame, lang, raw=["assessment"], right=["rank", "value", "required_pace"])


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `gaps.named_rows` with their rank and, where they have none, why not; by indicator, the best first.

    rank: 1 for the best latest figure of those alike, the same for equal ones; nan without a figure, for a bound, and for a
    figure that has none alike beside it. unranked: empty, the row's reason, that of a bound, or how it is unlike (`_UNLIKE`,
    else `rank_alone`).
    """
    point = rows["value"].where(~rows["qualifier"].isin(list(rules.BOUNDED)))
    summed = rows["form"].str.startswith("cumulative_")
    alike = [*(rows[c] for c in _ALIKE), rows["baseline_year"].where(summed, 0)]
    groups = rules.clean(-rules.sign(rows["better"]) * point).groupby(alike)
    several = groups.transform("count") > 1
    figure = rows["value"].notna()
    differ = [rows.groupby("indicator")[column].transform("nunique") > 1 for column in _UNLIKE]
    alone = np.select(differ, list(_UNLIKE.values()), "rank_alone")
    bound = rows["qualifier"].map({word: reason for word, (reason, _) in rules.BOUNDED.items()})
    unranked = rows["reason"].mask(figure, alone).mask(figure & point.isna(), bound)
    placed = rows.assign(rank=groups.rank(method="min").where(several), unranked=unranked.mask(several & point.notna(), ""),
                         order=pd.factorize(rows["indicator"])[0])
    return placed.sort_values(["order", "rank"], kind="stable").drop(columns="order")


def _with_plan(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the name of their plan: name_zh_plan, name_en_plan."""
    return rows.merge(load.plans()[["plan", "name_zh", "name_en"]], on="plan", suffixes=("", "_plan"), validate="m:1")


def _rank(row: dict, lang: str) -> str:
    why = wording.text("bracket", lang, x=wording.text(row["unranked"], lang, scope=row[f"scope_{lang}"])) if row["unranked"] else ""
    return wording.number(row["rank"]) + why


def _figure(row: dict, lang: str) -> str | markup.Html:
    """The latest figure with its unit, linked to its source; — where there is none."""
    if pd.isna(row["value"]):
        return "—"
    return markup.Html(f'<a href="#src-{row["source"].split(";")[-1]}">{escape(table.figure(row, lang))}</a>')
