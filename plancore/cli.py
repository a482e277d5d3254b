"""The command line: plancore build · check · extract · plan · observe · report · publish · runs · serve."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from plancore import paths

# No `from __future__ import annotations` here: Typer would evaluate each annotation from its text, twice, at every start.
listing = typer.Typer(rich_markup_mode=None, invoke_without_command=True,
                      help="The runs there were: list them, show one, compare two.")
app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Five-year-plan targets as data: build the tables, check them, publish the reports.")
app.add_typer(listing, name="runs")
entering = typer.Typer(rich_markup_mode=None, no_args_is_help=True,
                       help="Add figures: one by hand, those of a yearbook sheet or a filled form; and write the forms.")
app.add_typer(entering, name="observe")
planning = typer.Typer(rich_markup_mode=None, no_args_is_help=True,
                       help="Add a plan: its files in data/, from its extracted table.")
app.add_typer(planning, name="plan")
_UNCHANGED = "data/ and the tables are as they were"


def main() -> None:
    """Run a command.

    Exit codes: 0 done, 2 wrong use, 3 data refused, 4 some report failed or waits, 5 another run is going on.
    """
    app()


@app.command()
def build() -> None:
    """Build plancore/tables/ from data/, and say how many printed cells were read and how many people placed.

    Exit 3 if a row is refused; the old tables then stay.
    """
    from plancore import collecting

    with _exit_on_error():
        files = collecting.build.build(log=typer.echo)
    typer.echo(f"{len(files)} files in {files[0].parent}")


@app.command()
def check() -> None:
    """Check data/ and whether plancore/tables/ is what it builds to. Writes nothing. Exit 3 if not."""
    from plancore import collecting

    with _exit_on_error():
        stale = collecting.build.stale()
    if stale:
        typer.echo(f"out of date, run `plancore build`: {', '.join(stale)}", err=True)
        raise typer.Exit(3)
    typer.echo("data/ is accepted and the tables are up to date")


@app.command()
def report(
    name: Annotated[str | None, Argument(help="One report, such as gap_analysis; all of the schedule if left out.")] = None,
    parameter: Annotated[list[str] | None, Option("-p", "--parameter", help="NAME=VALUE, repeatable; the rest at their "
                                                                            "defaults.")] = None,
    only: Annotated[list[str] | None, Option("--only", help="Of the schedule, the reports or page addresses that fit, such as "
                                                            "gap_analysis or 'zh/*2024*'; repeatable.")] = None,
    since: Annotated[str, Option("--since", help="Make what changed since this run or day (2026-11-20), not since the "
                                                 "published run.")] = "",
    dry_run: Annotated[bool, Option("--dry-run", help="Only say which pages would be made, and why.")] = False,
    force: Annotated[bool, Option("--force", help="Make every page, changed or not.")] = False,
    jobs: Annotated[int, Option("--jobs", min=0, help="Processes at once; 0: as many as cores.")] = 0,
    keep: Annotated[int | None, Option("--keep", min=1, help="How many runs stay, the published one among them; by default as "
                                                             "in the schedule.")] = None,
    pdf: Annotated[bool, Option("--pdf", help="Print each page as PDF too; needs Chromium.")] = False,
    scheduler: Annotated[str, Option("--scheduler", help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose "
                                                         "workers make the pages.")] = "",
    log_json: Annotated[bool, Option("--log-json", help="Say what happens as lines of JSON on standard error.")] = False,
    on_change: Annotated[str, Option("--on-change", help="Command to run when something changed, was held back, or failed; it is "
                                                         "given JSON on standard input.")] = "",
) -> None:
    """Make the pages that changed and publish reports/latest/.

    Exit 2: wrong use; 4: some report failed, or the run is held back; 5: busy.
    """
    from plancore.reports import commands

    if parameter and not name:
        _stop("parameters need a report: plancore report NAME -p NAME=VALUE", 2)
    if only and name:
        _stop("--only chooses from the schedule; leave it out with a single report", 2)

    def fail(message: str, code: int) -> None:
        commands.warn(message, log_json)
        if on_change and not dry_run and code != 5:
            for problem in commands.call_hook(on_change, commands.NO_RESULT, [message]):
                commands.warn(problem, log_json)

    with _exit_on_error(fail=fail):
        request = commands.request(name, _pairs(parameter or []), only or [], since, keep, pdf)
        if dry_run:
            return typer.echo(commands.dry_run(request, force))
        result = commands.run(request, force, jobs, scheduler, log_json)
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
    run: Annotated[str, Argument(help="A run that is held back, by its name or the beginning of it: see plancore runs.")],
    back: Annotated[bool, Option("--back", help="Go back to a run earlier than the published one.")] = False,
    on_change: Annotated[str, Option("--on-change", help="Command to run once it is published; it is given JSON on standard "
                                                         "input.")] = "",
) -> None:
    """Publish a run that is held back for a person to look at. Exit 2: there is no such run; 4: it is damaged; 5: busy."""
    from plancore.reports import archive, commands, publishing

    with _exit_on_error():
        folder = publishing.publish(run, back=back)
    problems = commands.call_hook(on_change, archive.manifest(folder) | {"outcome": "released"}, []) if on_change else []
    typer.echo(str(commands.INDEX))
    if problems:
        _stop(problems[0], 4)


@app.command()
def serve(
    host: Annotated[str, Option("--host", help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, Option("--port", min=0, max=65535, help="Port; 0: any free one.")] = 8866,
    base_url: Annotated[str, Option("--base-url", help="Path below which everything is served, such as /plans/.")] = "/",
    token: Annotated[str, Option("--token", envvar="PLANCORE_TOKEN", help="Asked of every visitor, once, as ?token=TOKEN.")] = "",
    max_visitors: Annotated[int | None, Option("--max-visitors", min=1, help="Apps open at once; by default as in voila.json. "
                                                                             "")] = None,
) -> None:
    """Serve the apps, the published reports and a landing page until Ctrl-C. Exit 2: wrong use, or the port is taken."""
    from plancore.serving import server

    with _exit_on_error():
        server.run(host, port, base_url, token, max_visitors)


@entering.command()
def add(
    indicator: Annotated[str, Option("--indicator", help="A key of data/indicators.csv.")],
    period: Annotated[str, Option("--period", help="A year, or a range such as 2021-2025.")],
    value: Annotated[str, Option("--value", help="A plain number.")],
    unit: Annotated[str, Option("--unit", help="The indicator's unit.")],
    source: Annotated[str, Option("--source", help="A source of data/sources.csv.")] = "",
    new_source: Annotated[str, Option("--new-source", help="Name of a source to be declared with this figure.")] = "",
    title: Annotated[str, Option("--title", help="Of a new source: its title.")] = "",
    publisher: Annotated[str, Option("--publisher", help="Of a new source: its publisher.")] = "",
    published: Annotated[str, Option("--published", help="Of a new source: its date, month or year.")] = "",
    seen: Annotated[str, Option("--seen", help="Of a new source: the day we had it; today if left out.")] = "",
    url: Annotated[str, Option("--url", help="Of a new source: its address.")] = "",
    grade: Annotated[str, Option("--grade", help="Of a new source: A publisher's own, B quoted, C passed on.")] = "",
    region: Annotated[str, Option("--region", help="A region of data/plans.csv; the first one if left out.")] = "",
    qualifier: Annotated[str, Option("--qualifier", help="about, more_than or less_than; left out for an exact figure.")] = "",
    status: Annotated[str, Option("--status", help="official_final, official_preliminary, secondary or derived. "
                                                   "")] = "official_preliminary",
    price_basis: Annotated[str, Option("--price-basis", help="That of the indicator's other figures if left out.")] = "",
    basis: Annotated[str, Option("--basis", help="A basis of data/breaks.csv, of a figure after a declared break.")] = "",
    note: Annotated[str, Option("--note", help="What is worth knowing of the figure.")] = "",
) -> None:
    """Add one figure to data/ and rebuild the tables. Exit 3 if it is refused: nothing is changed then."""
    from plancore.collecting import batch, observations

    declared = batch.source(new_source, title=title, publisher=publisher, published=published, seen=seen, url=url, grade=grade)
    if bool(source) == bool(new_source) or (declared and not title) or (declared and not grade):
        _stop("give --source, or --new-source with --title and --grade", 2)
    row = {"indicator": indicator, "period": period, "value": value, "unit_zh": unit, "source": source or new_source,
           "qualifier": qualifier, "status": status, "price_basis": price_basis, "basis": basis, "note": note}
    with _exit_on_error(_UNCHANGED):
        entered = observations.enter(batch.Batch(region, (row,), (declared,) if declared else ()))
    typer.echo("\n".join(batch.summary(entered)))


@entering.command("import")
def take(
    file: Annotated[Path, Argument(help="A filled form, or a yearbook sheet (.xlsx or .csv) with --map.")],
    mapping: Annotated[Path | None, Option("--map", help="How to read the sheet, in YAML: see data/README.md.")] = None,
    grade: Annotated[str, Option("--grade", help="Grade of the source that a form becomes.")] = "A",
    dry_run: Annotated[bool, Option("--dry-run", help="Only list what is new, the same, or differs.")] = False,
) -> None:
    """Enter the figures of a file into data/ and rebuild the tables, all or none. Exit 3 if anything of it is refused."""
    from plancore.collecting import observations

    with _exit_on_error(_UNCHANGED):
        typer.echo("\n".join(observations.receive(file, mapping, grade, dry_run=dry_run)))


@entering.command()
def request(
    as_of: Annotated[int, Option("--as-of", help="By the end of this year.")],
    plan: Annotated[str, Option("--plan", help="A plan of data/plans.csv; the latest if left out.")] = "",
    department: Annotated[str | None, Option("--department", help="One department; every one if left out.")] = None,
    output: Annotated[Path, Option("-o", "--output", help="Folder for the forms.")] = Path("forms"),
) -> None:
    """Write an Excel form for each department, of what is missing, late or behind. Existing forms are never overwritten."""
    from plancore import collecting, load

    with _exit_on_error("no form was written"):
        plan = plan or load.latest()["plan"]
        limits = collecting.build.facts(collecting.build.read(paths.DATA), load.plan(plan)["region"])
        files = collecting.forms.request(plan, as_of, output, limits, department)
    typer.echo("\n".join(map(str, files)) or "nothing is missing, late or behind: no form is needed")


@planning.command()
def new(
    key: Annotated[str, Argument(help="Key of the plan, such as zj15.")],
    extracted: Annotated[Path, Option("--from", help="A file written by plancore extract.")],
    table: Annotated[str, Option("--table", help="Which of its tables; may be left out where there is one.")] = "",
    region: Annotated[str, Option("--region", help="Key of the province or city; by default the letters of the plan's key. "
                                                   "")] = "",
    name: Annotated[str, Option("--name", help="The plan's Chinese name; by default the title of the table.")] = "",
) -> None:
    """Make the files of a plan in data/, with ? for what is to decide; plancore check lists it. Exit 3 if refused."""
    from plancore.collecting import new_plan

    with _exit_on_error("data/ is as it was"):
        typer.echo("\n".join(new_plan.new(key, extracted, table=table, region=region, name=name)))


@app.command()
def extract(
    file: Annotated[Path, Argument(help="An outline: text (UTF-8, UTF-16, GB18030), HTML or .docx.")],
    output: Annotated[Path | None, Option("-o", "--output", help="The CSV file to write; standard output if left out.")] = None,
    commitments: Annotated[bool, Option("--commitments", help="Its quantified commitments instead, for a person to accept. "
                                                              "")] = False,
) -> None:
    """Read an outline's indicator tables into one CSV, doubts in its column `flags`.

    Exit 2: no such file; 3: no table, or refused.
    """
    from plancore import outline

    if not file.exists():
        _stop(f"{file}: no such file", 2)
    with _exit_on_error():
        if commitments:
            frame = outline.commitments.candidates(outline.text_of(file))
            text = outline.commitments.to_csv(frame)
            summary = f"proposed: {frame['accepted'].sum()}, no commitment: {(~frame['accepted']).sum()}"
        else:
            frames = outline.read_file(file)
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
    count: Annotated[int, Option("-n", "--last", min=1, help="How many lines.")] = 20,
) -> None:
    """The log of runs: when each was, what came of it, how long it took, how many pages were made, how much changed."""
    from plancore.reports import commands

    if context.invoked_subcommand is None:
        typer.echo(commands.runs(count))


@listing.command()
def show(run: Annotated[str, Argument(help="A run, by its name or the beginning of it.")]) -> None:
    """What the log says of a run, and what it changed."""
    from plancore.reports import commands

    with _exit_on_error():
        typer.echo(commands.show(run))


@listing.command()
def diff(
    first: Annotated[str, Argument(help="The earlier run.")],
    second: Annotated[str, Argument(help="The later run.")],
) -> None:
    """What changed between two runs that are still there, in Chinese and English, with the reasons."""
    from plancore.reports import commands

    with _exit_on_error():
        typer.echo(commands.diff(first, second))


def _pairs(parameters: list[str]) -> dict[str, str]:
    """The names and values of -p options."""
    from plancore.reports.parameters import ParameterError

    for parameter in parameters:
        if "=" not in parameter:
            raise ParameterError(f"-p {parameter!r}: expected NAME=VALUE, such as -p as_of=2024")
    return dict(p.split("=", 1) for p in parameters)


@contextmanager
def _exit_on_error(unchanged: str = "nothing was published, the last good site stays", fail: Callable | None = None):
    """Turn an expected error into one message and an exit code; `fail(message, code)` is called instead of printing it."""
    from plancore.schema import DataError

    try:
        yield
        return
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
        message, code = f"cannot write: {error.strerror or error}{where}; {unchanged}", 4
    fail(message, code) if fail else typer.echo(message, err=True)
    raise typer.Exit(code)


def _stop(message: str, code: int) -> None:
    """Exit with a message."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
