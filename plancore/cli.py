"""The command line: plancore build · check · extract · plan · observe · report · publish · runs · serve."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from plancore import paths

# No `from __future__ import annotations` here: Typer would evaluate each annotation from its text, twice, at every start.
listing = typer.Typer(rich_markup_mode=None, invoke_without_command=True, help="The runs there were: list them, show one, compare two.")
app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Five-year-plan targets as data: build the tables, check them, publish the reports.")
app.add_typer(listing, name="runs")
entering = typer.Typer(rich_markup_mode=None, no_args_is_help=True,
                       help="Add figures: one by hand, those of a yearbook sheet or a filled form; and write the forms.")
app.add_typer(entering, name="observe")
planning = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Add a plan: its files in data/, from its extracted table.")
app.add_typer(planning, name="plan")
_UNCHANGED = "data/ and the tables are as they were"


def main() -> None:
    """Run a command; exit codes: 0 done, 2 wrong use, 3 data refused, 4 some report failed or waits, 5 another run is going on."""
    app()


@app.command()
def build() -> None:
    """Build plancore/tables/ from data/, and say how many printed cells were read and how many people placed. Exit 3 if a row is
    refused; the old tables then stay."""
    from plancore import collecting

    files = _or_exit(lambda: collecting.build.build(log=typer.echo))
    typer.echo(f"{len(files)} files in {files[0].parent}")


@app.command()
def check() -> None:
    """Check data/ and whether plancore/tables/ is what it builds to. Writes nothing. Exit 3 if not."""
    from plancore import collecting

    stale = _or_exit(collecting.build.stale)
    if stale:
        typer.echo(f"out of date, run `plancore build`: {', '.join(stale)}", err=True)
        raise typer.Exit(3)
    typer.echo("data/ is accepted and the tables are up to date")


@app.command()
def report(
    name: Annotated[Optional[str], typer.Argument(help="One report, such as gap_analysis; all of the schedule if left out.")] = None,
    parameter: Annotated[Optional[list[str]], typer.Option("-p", "--parameter", help="NAME=VALUE, repeatable; others have their defaults.")] = None,
    only: Annotated[Optional[list[str]], typer.Option("--only", help="Of the schedule, the reports or page addresses that fit, such as "
                                                      "gap_analysis or 'zh/*2024*'; repeatable.")] = None,
    since: Annotated[str, typer.Option("--since", help="Make what changed since this run or day (2026-11-20), not since the published run.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which pages would be made, and why.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Make every page, changed or not.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes at once; 0: as many as cores.")] = 0,
    keep: Annotated[Optional[int], typer.Option("--keep", min=1, help="How many runs stay, the published one among them; by default as in "
                                                "the schedule.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF too; needs Chromium.")] = False,
    scheduler: Annotated[str, typer.Option("--scheduler", help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers make "
                                           "the pages.")] = "",
    log_json: Annotated[bool, typer.Option("--log-json", help="Say what happens as lines of JSON on standard error.")] = False,
    on_change: Annotated[str, typer.Option("--on-change", help="Command to run when something changed, was held back, or failed; it is given "
                                           "JSON on standard input.")] = "",
) -> None:
    """Make the pages that changed and publish reports/latest/. Exit 2: wrong use; 4: some report failed, or the run is held back; 5: busy."""
    from plancore.reports import commands

    if parameter and not name:
        _stop("parameters need a report: plancore report NAME -p NAME=VALUE", 2)
    if only and name:
        _stop("--only chooses from the schedule; leave it out with a single report", 2)

    def failed(message: str, busy: bool = False) -> None:
        commands.warn(message, log_json)
        if on_change and not dry_run and not busy:
            for problem in commands.call_hook(on_change, commands.NO_RESULT, [message]):
                commands.warn(problem, log_json)

    request = _or_exit(lambda: commands.request(name, _pairs(parameter or []), only or [], since, keep, pdf), failed)
    if dry_run:
        typer.echo(_or_exit(lambda: commands.dry_run(request, force), failed))
        return
    result = _or_exit(lambda: commands.run(request, force, jobs, scheduler, log_json), failed)
    problems = commands.problems(result, request)
    if on_change and commands.is_news(result, problems):
        problems += commands.call_hook(on_change, result, problems)
    for problem in problems:
        commands.warn(problem, log_json)
    if result["outcome"] in ("published", "unchanged"):
        typer.echo(str(commands.INDEX))
    if problems:
        raise typer.Exit(4)


@app.command()
def publish(
    run: Annotated[str, typer.Argument(help="A run that is held back, by its name or the beginning of it: see plancore runs.")],
    back: Annotated[bool, typer.Option("--back", help="Go back to a run earlier than the published one.")] = False,
    on_change: Annotated[str, typer.Option("--on-change", help="Command to run once it is published; it is given JSON on standard input.")] = "",
) -> None:
    """Publish a run that is held back for a person to look at. Exit 2: there is no such run; 4: it is damaged; 5: busy."""
    from plancore.reports import archive, commands, publishing

    folder = _or_exit(lambda: publishing.publish(run, back=back))
    problems = commands.call_hook(on_change, archive.manifest(folder) | {"outcome": "released"}, []) if on_change else []
    typer.echo(str(commands.INDEX))
    if problems:
        _stop(problems[0], 4)


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0: any free one.")] = 8866,
    base_url: Annotated[str, typer.Option("--base-url", help="Path below which everything is served, such as /plans/.")] = "/",
    token: Annotated[str, typer.Option("--token", envvar="PLANCORE_TOKEN", help="Asked of every visitor, once, as ?token=TOKEN.")] = "",
    max_visitors: Annotated[Optional[int], typer.Option("--max-visitors", min=1, help="Apps open at once; by default as in voila.json.")] = None,
) -> None:
    """Serve the apps, the published reports and a landing page until Ctrl-C. Exit 2: wrong use, or the port is taken."""
    from plancore.serving import server

    _or_exit(lambda: server.run(host, port, base_url, token, max_visitors))


@entering.command()
def add(
    indicator: Annotated[str, typer.Option("--indicator", help="A key of data/indicators.csv.")],
    period: Annotated[str, typer.Option("--period", help="A year, or a range such as 2021-2025.")],
    value: Annotated[str, typer.Option("--value", help="A plain number.")],
    unit: Annotated[str, typer.Option("--unit", help="The indicator's unit.")],
    source: Annotated[str, typer.Option("--source", help="A source of data/sources.csv.")] = "",
    new_source: Annotated[str, typer.Option("--new-source", help="Name of a source to be declared with this figure.")] = "",
    title: Annotated[str, typer.Option("--title", help="Of a new source: its title.")] = "",
    publisher: Annotated[str, typer.Option("--publisher", help="Of a new source: its publisher.")] = "",
    published: Annotated[str, typer.Option("--published", help="Of a new source: its date, month or year.")] = "",
    seen: Annotated[str, typer.Option("--seen", help="Of a new source: the day we had it; today if left out.")] = "",
    url: Annotated[str, typer.Option("--url", help="Of a new source: its address.")] = "",
    grade: Annotated[str, typer.Option("--grade", help="Of a new source: A publisher's own, B quoted, C passed on.")] = "",
    region: Annotated[str, typer.Option("--region", help="A region of data/plans.csv; may be left out where there is one.")] = "",
    qualifier: Annotated[str, typer.Option("--qualifier", help="about or more_than; left out for an exact figure.")] = "",
    status: Annotated[str, typer.Option("--status", help="official_final, official_preliminary, secondary or derived.")] = "official_preliminary",
    price_basis: Annotated[str, typer.Option("--price-basis", help="That of the indicator's other figures if left out.")] = "",
    basis: Annotated[str, typer.Option("--basis", help="A basis of data/breaks.csv, of a figure after a declared break.")] = "",
    note: Annotated[str, typer.Option("--note", help="What is worth knowing of the figure.")] = "",
) -> None:
    """Add one figure to data/ and rebuild the tables. Exit 3 if it is refused: nothing is changed then."""
    from plancore.collecting import batch, observations

    declared = batch.source(new_source, title=title, publisher=publisher, published=published, seen=seen, url=url, grade=grade)
    if bool(source) == bool(new_source) or (declared and not title) or (declared and not grade):
        _stop("give --source, or --new-source with --title and --grade", 2)
    row = {"indicator": indicator, "period": period, "value": value, "unit_zh": unit, "source": source or new_source, "qualifier": qualifier,
           "status": status, "price_basis": price_basis, "basis": basis, "note": note}
    given = batch.Batch(region, (row,), (declared,) if declared else ())
    typer.echo("\n".join(batch.summary(_or_exit(lambda: observations.enter(given), kept=_UNCHANGED))))


@entering.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="A filled form, or a yearbook sheet (.xlsx or .csv) with --map.")],
    mapping: Annotated[Optional[Path], typer.Option("--map", help="How to read the sheet, in YAML: see data/README.md.")] = None,
    grade: Annotated[str, typer.Option("--grade", help="Grade of the source that a form becomes.")] = "A",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what is new, the same, or differs.")] = False,
) -> None:
    """Enter the figures of a file into data/ and rebuild the tables, all or none. Exit 3 if anything of it is refused."""
    from plancore.collecting import observations

    typer.echo("\n".join(_or_exit(lambda: observations.receive(file, mapping, grade, dry_run=dry_run), kept=_UNCHANGED)))


@entering.command()
def request(
    as_of: Annotated[int, typer.Option("--as-of", help="By the end of this year.")],
    plan: Annotated[str, typer.Option("--plan", help="A plan of data/plans.csv; the latest if left out.")] = "",
    department: Annotated[Optional[str], typer.Option("--department", help="One department; every one if left out.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the forms.")] = Path("forms"),
) -> None:
    """Write an Excel form for each department, of what is missing, late or behind. Existing forms are never overwritten."""
    from plancore import collecting, load

    def written() -> list[Path]:
        limits = collecting.build.read(paths.DATA)["indicators"]
        return collecting.forms.request(plan or load.latest()["plan"], as_of, output, limits, department)
    files = _or_exit(written, kept="no form was written")
    typer.echo("\n".join(map(str, files)) or "nothing is missing, late or behind: no form is needed")


@planning.command()
def new(
    key: Annotated[str, typer.Argument(help="Key of the plan, such as zj15.")],
    extracted: Annotated[Path, typer.Option("--from", help="A file written by plancore extract.")],
    table: Annotated[str, typer.Option("--table", help="Which of its tables; may be left out where there is one.")] = "",
    region: Annotated[str, typer.Option("--region", help="Key of the province or city; by default the letters of the plan's key.")] = "",
    name: Annotated[str, typer.Option("--name", help="The plan's Chinese name; by default the title of the table.")] = "",
) -> None:
    """Make the files of a plan in data/, with ? for what is to decide; plancore check lists it. Exit 3 if refused."""
    from plancore.collecting import new_plan

    made = _or_exit(lambda: new_plan.new(key, extracted, table=table, region=region, name=name), kept="data/ is as it was")
    typer.echo("\n".join(made))


@app.command()
def extract(
    file: Annotated[Path, typer.Argument(help="An outline: text (UTF-8, UTF-16, GB18030), HTML or .docx.")],
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="The CSV file to write; standard output if left out.")] = None,
    commitments: Annotated[bool, typer.Option("--commitments", help="Its quantified commitments instead, for a person to accept.")] = False,
) -> None:
    """Read an outline's indicator tables into one CSV, doubts in its column `flags`. Exit 2: no such file; 3: no table, or refused."""
    from plancore import outline

    if not file.exists():
        _stop(f"{file}: no such file", 2)
    if commitments:
        frame = _or_exit(lambda: outline.commitments.candidates(outline.text_of(file)))
        text, summary = outline.commitments.to_csv(frame), f"proposed: {frame['accepted'].sum()}, no commitment: {(~frame['accepted']).sum()}"
    else:
        frames = _or_exit(lambda: outline.read_file(file))
        text, rows = outline.to_csv(frames), sum(map(len, frames))
        summary = f"tables: {len(frames)}, rows: {rows}, cells flagged to look at: {outline.flagged(frames)}"
    try:
        outline.write(text, output) if output else typer.echo(text, nl=False)
    except OSError as error:
        _stop(f"{output}: cannot be written: {error.strerror or error}", 2)
    typer.echo(summary, err=True)


@listing.callback()
def runs(
    context: typer.Context,
    count: Annotated[int, typer.Option("-n", "--last", min=1, help="How many lines.")] = 20,
) -> None:
    """The ledger: when each run was, what came of it, how long it took, how many pages were made, how much changed."""
    from plancore.reports import commands

    if context.invoked_subcommand is None:
        typer.echo(commands.runs(count))


@listing.command()
def show(run: Annotated[str, typer.Argument(help="A run, by its name or the beginning of it.")]) -> None:
    """What the ledger says of a run, and what it changed."""
    from plancore.reports import commands

    typer.echo(_or_exit(lambda: commands.show(run)))


@listing.command()
def diff(
    first: Annotated[str, typer.Argument(help="The earlier run.")],
    second: Annotated[str, typer.Argument(help="The later run.")],
) -> None:
    """What changed between two runs that are still there, in Chinese and English, with the reasons."""
    from plancore.reports import commands

    typer.echo(_or_exit(lambda: commands.diff(first, second)))


def _pairs(parameters: list[str]) -> dict[str, str]:
    from plancore.reports.parameters import ParameterError

    for given in parameters:
        if "=" not in given:
            raise ParameterError(f"-p {given!r}: expected NAME=VALUE, such as -p as_of=2024")
    return dict(p.split("=", 1) for p in parameters)


def _or_exit(act, failed=lambda message, **_: typer.echo(message, err=True), kept: str = "nothing was published, the last good site stays"):
    """The result of `act`, or the error said in one message with its exit code."""
    from plancore.schema import DataError

    try:
        return act()
    except DataError as error:
        message, code = str(error), 3
    except ValueError as error:
        message, code = str(error), 2
    except RuntimeError as error:
        if type(error).__name__ not in ("Busy", "Damaged"):
            raise
        message, code = str(error), 5 if type(error).__name__ == "Busy" else 4
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        message, code = f"cannot write: {error.strerror or error}{where}; {kept}", 4
    failed(message, busy=code == 5)
    raise typer.Exit(code)


def _stop(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
