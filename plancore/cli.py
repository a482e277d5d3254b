"""The command line: plancore build · check · report · serve."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Five-year-plan targets as data: build the tables, check them, publish the reports.")


def main() -> None:
    """Run a command; exit codes: 0 done, 2 wrong use, 3 data refused, 4 some report failed, 5 another run is going on."""
    app()


@app.command()
def build() -> None:
    """Build plancore/tables/ from data/. Exit 3 if a row is refused; the old tables then stay."""
    from plancore import build as building

    files = _or_exit(building.build)
    typer.echo(f"{len(files)} files in {files[0].parent}")


@app.command()
def check() -> None:
    """Check data/ and whether plancore/tables/ is what it builds to. Writes nothing. Exit 3 if not."""
    from plancore import build as building

    stale = _or_exit(building.stale)
    if stale:
        typer.echo(f"out of date, run `plancore build`: {', '.join(stale)}", err=True)
        raise typer.Exit(3)
    typer.echo("data/ is accepted and the tables are up to date")


@app.command()
def report(
    name: Annotated[Optional[str], typer.Argument(help="One report, such as gap_analysis; all of the schedule if left out.")] = None,
    parameter: Annotated[Optional[list[str]], typer.Option("-p", "--parameter", help="NAME=VALUE, repeatable; the rest at their defaults.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes at once; 0: as many as cores.")] = 0,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF too; needs Chromium.")] = False,
) -> None:
    """Run report notebooks and publish reports/latest/. Exit 2: wrong parameters; 4: some report failed; 5: busy."""
    from plancore import printing, schedule

    if pdf and not printing.browser():
        _stop("--pdf needs Chromium: apt-get install chromium, or leave --pdf out", 2)
    wanted = _or_exit(lambda: [schedule.page(name, _pairs(parameter or []))] if name else schedule.read())
    if not name and parameter:
        _stop("parameters need a report: plancore report NAME -p NAME=VALUE", 2)
    manifest = _or_exit(lambda: _with_progress(wanted, jobs, name is None, pdf))
    asked = {page.path for page in wanted}
    bad = [p for p in manifest["pages"] if p.get("error") and p["path"] in asked]
    for failed in bad:
        typer.echo(f"{failed['status']}: {failed['path']}: {failed['error']}", err=True)
    if len(bad) < len(manifest["pages"]):
        typer.echo(str(schedule.REPORTS / "latest" / "index.html"))
    if bad:
        raise typer.Exit(4)


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0: any free one.")] = 8866,
    base_url: Annotated[str, typer.Option("--base-url", help="Path below which everything is served, such as /plans/.")] = "/",
    token: Annotated[str, typer.Option("--token", envvar="PLANCORE_TOKEN", help="Asked of every visitor, once, as ?token=TOKEN.")] = "",
    max_visitors: Annotated[Optional[int], typer.Option("--max-visitors", min=1, help="Apps open at once; by default as in voila.json.")] = None,
) -> None:
    """Serve the apps, the published reports and a landing page until Ctrl-C. Exit 2: wrong use, or the port is taken."""
    from plancore import serve as serving

    _or_exit(lambda: serving.run(host, port, base_url, token, max_visitors))


def _with_progress(wanted: list, jobs: int, whole: bool, pdf: bool) -> dict:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from plancore import reports

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("reports", total=len(wanted))

        def notify(page, error: str) -> None:
            progress.update(task, advance=1, description=page.path)
            if not console.is_terminal:
                typer.echo(f"{'failed' if error else 'made'} {page.path}", err=True)

        return reports.run(wanted, jobs=jobs, whole=whole, notify=notify, pdf=pdf)


def _pairs(parameters: list[str]) -> dict[str, str]:
    from plancore.schedule import ParameterError

    for given in parameters:
        if "=" not in given:
            raise ParameterError(f"-p {given!r}: expected NAME=VALUE, such as -p as_of=2024")
    return dict(p.split("=", 1) for p in parameters)


def _or_exit(act):
    """The result of `act`, or the error said in one message with its exit code."""
    from plancore.schema import DataError

    try:
        return act()
    except DataError as error:
        _stop(str(error), 3)
    except ValueError as error:
        _stop(str(error), 2)
    except RuntimeError as error:
        if type(error).__name__ != "Busy":
            raise
        _stop(str(error), 5)


def _stop(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
