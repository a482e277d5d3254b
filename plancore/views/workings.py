"""What stands behind an answer: formulas with their numbers, findings of the audit, origins, vintages, outlook."""

from __future__ import annotations

import re
from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import gaps, load, wording
from plancore.measures import international, rules
from plancore.views import page, records, remarks, table


@page.part("working")
def working(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Each assessed row from its inputs through the formula to the result, so that a reader can recompute it."""
    rows = gaps.named_rows(result, _own(targets))
    rows = rows[rows["status"] != "not_assessable"]
    if rows.empty:
        return table.nothing("nothing_assessed", lang)
    records = rows.to_dict("records")
    frame = table.identity(rows, lang).assign(
        steps=[steps(r, lang) for r in records],
        required=rows["required"].map(wording.number),
        against_path=[wording.difference(r["against_path"], r[f"unit_{lang}"], lang) for r in records],
        gap=[wording.difference(r["gap"], r[f"unit_{lang}"], lang) for r in records],
        gap_percent=[wording.percent(v / 100, 1) for v in rows["gap_percent"]],
        gap_years=rows["gap_years"].map(wording.ratio),
        observed_pace=[wording.pace(r["observed_pace"], r["pace_unit"], lang) for r in records],
        required_pace=[wording.pace(r["required_pace"], r["pace_unit"], lang) for r in records],
        acceleration=[wording.pace(r["acceleration"], r["pace_unit"], lang) for r in records],
        trend=rows["trend"].map(lambda t: wording.text(t, lang)),
        baseline_used=[_baseline_used(r, lang) for r in records])
    return table.table(frame, lang, raw=["row"], right=["required", "against_path", "gap", "gap_percent", "gap_years"])


def steps(row: dict, lang: str) -> str:
    """The formula of a row of `gaps.measure` joined with its target, with its numbers: P=(74.2−71)/(75−71)=80%; ρ=…"""
    n = wording.number
    years, span = int(row["last_period"] - row["baseline_year"]), int(row["target_year"] - row["baseline_year"])
    formula = row["formula"].removesuffix("_official")
    formula = "compared" if row["form"] not in rules.WATCHED and pd.isna(row["progress"]) else formula
    text = wording.text("w_" + formula, lang, y=wording.qualified(row["value"], row["qualifier"]), y0=n(row["baseline_value"]),
                        yT=n(row["target_value"]), n=years, N=span, d=n(row["against_path"]),
                        other=row.get(f"relative_{lang}", ""), P=wording.progress(row["progress"]))
    text = re.sub(r"\s*=\s*([<>])", r" \1", text)
    if said := remarks.official(row, lang):
        text += wording.text("bracket", lang, x=said)
    if pd.isna(row["pace_ratio"]):
        return text
    return text + wording.text("w_pace", lang, n=years, N=span, tau=wording.percent(row["time_share"]),
                               P=wording.progress(row["progress"]), rho=wording.ratio(row["pace_ratio"]))


@page.part("sensitivity")
def sensitivity(first: pd.DataFrame, now: pd.DataFrame, revised: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Rows whose figure or status depends on the vintage or the baseline: what was known first, what is known now, and

    the same from the revised baseline. The three frames are `gaps.measure` of the same year.
    """
    frames = {"first": first, "now": now, "revised": revised}
    joined = _own(targets)[["plan", "row", "name_zh", "name_en"]]
    for name, frame in frames.items():
        compared = frame.set_index(["plan", "row"])[
            ["value", "baseline_value", "baseline_used", "pace_ratio", "status", "verdict", "last_period"]]
        joined = joined.merge(compared.add_suffix(f"_{name}"), on=["plan", "row"])
    moved = (joined["value_first"] != joined["value_now"]) & joined["value_first"].notna() & joined["value_now"].notna()
    other = (joined["baseline_used_revised"] == "revised") & (joined["baseline_value_revised"] != joined["baseline_value_now"])
    rows = joined[(moved & (joined["last_period_first"] == joined["last_period_now"])) | other]
    if rows.empty:
        return table.nothing("nothing_moves", lang)
    records = rows.to_dict("records")
    frame = pd.DataFrame({"row": rows["row"], "indicator": rows[f"name_{lang}"]} | {
        f"as_{name}": [_version_of(r, name, lang) for r in records] for name in frames})
    return table.table(frame, lang)


@page.part("outlook")
def outlook(ahead: pd.DataFrame, targets: pd.DataFrame, cases: pd.DataFrame | None = None,
            *, lang: str) -> tuple[gt.GT | HTML, ...]:
    """Where the trend leads in the target year: expected value, 80 % interval, chance, method; of `trajectories.outlook`.

    `cases` of `trajectories.backtest`: also how outlooks made earlier came out.
    """
    shown = _outlook(ahead, targets, lang)
    return (shown,) if cases is None else (shown, _backtest(cases, lang))


@page.part("backtest")
def backtest(cases: pd.DataFrame, lang: str) -> HTML:
    """How earlier outlooks came out, from `trajectories.backtest`: coverage of the interval, error against two naive rules."""
    return _backtest(cases, lang)


@page.part("derivations")
def derivations(derived: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Derived values with formula and inputs, from `derived.derive`."""
    if derived.empty:
        return table.nothing("no_derived", lang)
    rows, titles = _named(derived), load.sources().set_index("source")["title"]
    return table.table(pd.DataFrame({
        "indicator": rows[f"name_{lang}"], "period": rows["period"], "value": rows["value"].map(wording.number),
        "unit": rows[f"unit_{lang}"], "formula": [wording.text(f, lang) for f in rows["formula"]],
        "source": [wording.text("list_comma", lang).join(titles[s] for s in cell.split(";")) for cell in rows["source"]]}),
        lang, right=["value"])


@page.part("international")
def international_comparison(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Level targets by the rules of Statistics Canada and Eurostat: measure, score and class of each."""
    rows = gaps.named_rows(result, targets)
    rows = rows[(rows["form"] == "level") & rows["value"].notna() & rows["baseline_value"].notna() & (rows["path"] != "hold")]
    if rows.empty:
        return table.nothing("no_rows", lang)
    facts = pd.DataFrame({
        "base_year": rows["baseline_year"], "base_value": rows["baseline_value"], "current_year": rows["last_period"],
        "current_value": rows["value"], "target_year": rows["target_year"], "target": rows["target_value"],
        "direction": rules.sign(rows["better"]), "limit": float("nan")})
    frame = table.identity(rows, lang).drop(columns=["attribute", "unit"])
    for rule in ("statcan", "eurostat"):
        seen = international.compare(facts, rule)
        frame[rule] = [f"{wording.text('c_' + s, lang)} (R {wording.number(m)}, {wording.number(p)})"
                       for s, m, p in zip(seen["status"], seen["measure"], seen["score"])]
    return table.table(frame, lang, raw=["row"])


@page.part("working")
def completion_working(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Completion rate of each row with a figure: inputs, formula, unrounded result."""
    rows = gaps.named_rows(result, targets)
    rows = rows[rows["verdict"] != "no_figure"]
    records = rows.to_dict("records")
    frame = table.identity(rows, lang).assign(
        baseline=[wording.number(v) for v in rows["baseline_value"]],
        target=[wording.target(r, lang) for r in records],
        outcome=rows["outcome"].map(wording.number),
        formula=[wording.text("f_" + f, lang) for f in rows["formula"]],
        completion_rate=[wording.percent(v / 100, 2) for v in rows["completion_rate"]],
        delivered=[wording.progress(v) for v in rows["delivered"]],
        verdict=[table.chip(v, lang) for v in rows["verdict"]])
    labels = table.years(rows, lang)
    return table.table(frame, lang, labels, raw=["row", "verdict"], right=["baseline", "outcome", "completion_rate", "delivered"])


@wording.localized
def audit_headline(findings: pd.DataFrame, plan: pd.Series, lang: str) -> HTML:
    """How many checks agree, and what is to be looked at; `findings` of `audit.plan`, `plan` of `load.plan`."""
    counts = findings["verdict"].value_counts()
    text = wording.text("audit_says", lang, plan=plan[f"name_{lang}"], n=len(findings),
                        agrees=counts.get("agrees", 0), differs=counts.get("differs", 0))
    tiles = [table.status_tile(v, counts.get(v, 0), wording.text("v_" + v, lang))
             for v in ("agrees", "explained", "differs", "cannot_tell")]
    return HTML(f'<p class="answer">{escape(text)}</p>{table.tiles(tiles)}')


def audit_results(findings: pd.DataFrame, targets: pd.DataFrame) -> HTML:
    """What each check of `audit.plan` found, with the figure computed, as `records.results`."""
    named = findings.merge(targets[["row", "indicator", "attribute", "unit_en"]], on="row", how="left", validate="m:1")
    rows = named.fillna({"indicator": "", "attribute": "expected", "unit_en": ""}).to_dict("records")
    return records.results([r | {"code": "v_" + r["verdict"], "value": r["computed"], "reason": r["why"]} for r in rows],
                           lambda r: "check_" + r["check"], targets["target_year"].max())


@page.part("open_findings")
def findings(found: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Findings of `audit.plan`: what was checked, what is printed, what follows from the rest, and how they go together."""
    if found.empty:
        return table.nothing("no_findings", lang)
    names = targets.set_index("row")[f"name_{lang}"]
    records = found.to_dict("records")
    frame = pd.DataFrame({
        "check": [wording.text("check_" + r["check"], lang) for r in records],
        "row": [f'<a href="#origin-{r["row"]}">{r["row"]}</a>' if r["row"] in names else "" for r in records],
        "indicator": [names.get(r["row"], "") for r in records], "cell": found["cell"],
        "printed": found["printed"].map(wording.number), "computed": found["computed"].map(wording.number),
        "interval": [_interval(r, lang) for r in records], "unit": found["unit_zh"],
        "percent": [wording.percent(v / 100, 2) if v else "" for v in found["percent"].fillna(0)],
        "verdict": [table.chip(v, lang, "v_" + v) for v in found["verdict"]],
        "why": [wording.text("why_" + r["why"], lang) for r in records], "lines": wording.places(found["lines"], targets, lang)})
    return table.table(frame, lang, {"interval": wording.text("may_be", lang)}, raw=["row", "verdict"],
                       right=["printed", "computed", "percent"])


@page.part("provenance")
def provenance(targets: pd.DataFrame, outcomes: pd.DataFrame, lang: str) -> gt.GT:
    """The printed cells of each row to the letter, their line numbers, how they were read and why."""
    rows = targets.merge(outcomes[["plan", "row", "actual_printed", "actual_change_printed", "lines"]], on=["plan", "row"],
                         how="left", suffixes=("", "_outcome"))
    rows = rows.fillna({"actual_printed": "", "actual_change_printed": ""})
    frame = pd.DataFrame({
        "row": [f'<span id="origin-{r}">{r}</span>' for r in rows["row"]],
        "printed_name": rows["group_zh"].where(rows["group_zh"] == "", rows["group_zh"] + " / ") + rows["printed_name"],
        "printed_baseline": rows["baseline_printed"], "printed_target": rows["target_printed"],
        "printed_change": rows["change_printed"], "printed_actual": rows["actual_printed"],
        "printed_actual_change": rows["actual_change_printed"], "lines": wording.places(rows["lines"], rows, lang),
        "reading": [_reading(r, lang) for r in rows.to_dict("records")],
        "note": rows["note" if lang == "zh" else "note_en"]})
    kept = frame.loc[:, [c for c in frame if c in ("row", "note") or (frame[c] != "").any()]]
    return table.table(kept, lang, raw=["row"])


@page.part("breaks")
def breaks(declared: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """The breaks of `load.breaks`: indicator, year, what changed, whether later figures may be set against the target.

    With the region where there are several.
    """
    if declared.empty:
        return table.nothing("no_breaks", lang)
    rows, regions = _named(declared), declared["region"].map(load.region_names(lang))
    return table.table(pd.DataFrame(({"region": regions} if regions.nunique() > 1 else {}) | {
        "indicator": rows[f"name_{lang}"], "since": rows["since"].astype(str), "what": rows[f"what_{lang}"],
        "comparable_with": [wording.text("yes" if c else "no", lang) for c in rows["comparable"]]}), lang)


@page.part("choices")
def choices(vintages: pd.DataFrame, observations: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """Where several values were published for one indicator and year: which is used, and the others."""
    several = observations[(observations["vintages"] > 1) & observations["indicator"].isin(targets["indicator"])]
    if several.empty:
        return table.nothing("no_choices", lang)
    several = several.merge(targets.drop_duplicates("indicator")[["indicator", "name_zh", "name_en"]], on="indicator")
    titles = load.sources().set_index("source")["title"]
    frame = pd.DataFrame({
        "indicator": several[f"name_{lang}"], "period": several["period"],
        "chosen": [_vintage(r, titles, lang) for r in several.to_dict("records")],
        "others": [wording.text("list_comma", lang).join(
            _vintage(v, titles, lang) for v in vintages[
                (vintages["indicator"] == r["indicator"]) & (vintages["period"] == r["period"])
                & (vintages["source"] != r["source"])].to_dict("records")) for r in several.to_dict("records")]})
    return table.table(frame, lang)


def _own(targets: pd.DataFrame) -> pd.DataFrame:
    """The targets without goals of the text that only repeat a row of the table."""
    return targets[targets["same_as"] == ""]


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the names and the unit of their indicator."""
    return rows.merge(load.indicators()[["indicator", "name_zh", "name_en", "unit_en"]], on="indicator", validate="m:1")


def _outlook(ahead: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT | HTML:
    if ahead.empty:
        return table.nothing("no_outlook", lang)
    rows = gaps.named_rows(ahead.drop_duplicates(["plan", "row"], keep="last"), targets)
    frame = table.identity(rows, lang).drop(columns="attribute").assign(
        target=[wording.target(r, lang) for r in rows.to_dict("records")],
        extrapolated=rows["expected"].map(wording.number),
        interval=[_interval(r, lang) for r in rows.to_dict("records")],
        chance=rows["chance"].map(wording.percent), method=rows["method"].map(lambda m: wording.text("m_" + m, lang)))
    return table.table(frame, lang, table.years(rows, lang), raw=["row"], right=["extrapolated", "chance"])


def _backtest(cases: pd.DataFrame, lang: str) -> HTML:
    judged = cases["inside"].dropna().astype(bool)
    errors = {name: wording.percent(cases[name].median()) for name in ("error", "error_last", "error_line")}
    means = {f"mean_{name}": wording.percent(cases[name].mean()) for name in errors}
    text = wording.text("backtest_says", lang, n=len(cases), judged=len(judged), inside=int(judged.sum()),
                        coverage=wording.percent(judged.mean()), **errors, **means)
    return HTML(f"<p>{text}</p>")


def _baseline_used(row: dict, lang: str) -> str:
    word = wording.text("baseline_" + (row["baseline_used"] or "none"), lang)
    return word + (wording.text("bracket", lang, x=wording.text("across_break", lang)) if row["break_at_baseline"] else "")


def _version_of(row: dict, name: str, lang: str) -> str:
    """One reading of a row: value from its baseline, pace ratio, status."""
    if pd.isna(row[f"value_{name}"]):
        return wording.text("not_yet_known", lang)
    code = row[f"verdict_{name}"] or row[f"status_{name}"]
    rho = "" if pd.isna(row[f"pace_ratio_{name}"]) else f", ρ {wording.ratio(row[f'pace_ratio_{name}'])}"
    return (f"{wording.number(row[f'baseline_value_{name}'])} → {wording.number(row[f'value_{name}'])}"
            f"{rho} · {wording.MARKS[code]} {wording.text(code, lang)}")


def _interval(row: dict, lang: str) -> str:
    return "—" if pd.isna(row["low"]) else f"{wording.number(row['low'])} – {wording.number(row['high'])}"


def _reading(row: dict, lang: str) -> str:
    codes = [row["form"], *(row[c] for c in ("path", "price_basis") if row[c] != "none")]
    return wording.text("comma", lang).join(wording.text(code, lang) for code in codes)


def _vintage(row: dict, titles: pd.Series, lang: str) -> str:
    return (wording.qualified(row["value"], row["qualifier"]) + wording.text(
        "bracket", lang, x=f"{titles[row['source']]}, {wording.text(row['status'], lang)}, {row['grade']}"))
