"""Make the pages that changed, and publish a run whole, hold it for a person, or leave everything as it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import filelock
import pandas as pd

from plancore import load, markup, paths, schema, wording
from plancore.downloads import workbook
from plancore.reports import archive, changelog, changes, inputs, parameters, workers
from plancore.reports.inputs import Tables
from plancore.reports.parameters import Page, single
from plancore.reports.schedule import Hold, Schedule
from plancore.reports.site import front_pages
from plancore.reports.workers import Common


class Task(NamedTuple):
    """A page to publish: its key as the run begins (but for the tables) and the reasons to make it, none if it is up to date.

    Data or code that change while the run goes on may still reach the page; the next run then makes it again.
    """

    page: Page
    key: dict[str, str]
    reasons: list[str]


Backend = Callable[[list[Page], Common, int, Path], Iterator[dict]]
"""A function that makes pages, see `workers.local`."""


class Busy(RuntimeError):
    """Another run holds the lock."""


class Damaged(RuntimeError):
    """A draft that is not what its manifest says; nothing of it is published."""


def run(pages: Iterable[Page], site: Path = paths.REPORTS, rules: Schedule | None = None, *, whole: bool = True,
        force: bool = False, since: Path | None = None, jobs: int = 0, backend: Backend = workers.local,
        notify: Callable = lambda *_, **__: None) -> dict:
    """Make those of the pages that changed and publish them with all others as `latest/` in one step.

    Returns the manifest and the `outcome`: `published`, `held` (it waits for `publish`), `unchanged` (nothing was made), or
    `failed` (no page is good). A page that fails leaves its last good version in place, marked stale.
    `whole`: these are all pages of the site; otherwise the other pages of the last run stay. `force`: make every page. `since`:
    make those that changed since that run. `rules`: how many runs stay, what holds a run back, where errors are reported.
    `notify(event, **facts)` is called at the start, after each page and at the end. Raises Busy if another run is going on.
    """
    pages, rules = list(pages), rules or Schedule(())
    with _lock(site):
        started = datetime.now(timezone.utc)
        for name in archive.clear(site):
            archive.append(site, {"run": name, "outcome": "interrupted"})
        tasks = todo(pages, site, rules.errors_to, whole, force, since)
        notify("start", pages=len(tasks), to_make=sum(bool(task.reasons) for task in tasks))
        result = _run(tasks, site, rules, whole, jobs or os.cpu_count() or 1, backend, notify, started)
        archive.append(site, archive.summary(result, started))
        notify("end", **result)
        return result


def todo(pages: list[Page], site: Path = paths.REPORTS, errors_to: str = "", whole: bool = True, force: bool = False,
         since: Path | None = None) -> list[Task]:
    """Return which pages a run would make, and why: the parts of the key that differ, or `new`, `failed`, `damaged`, `forced`."""
    coming = _coming(pages, site, whole)
    earlier = _earlier(site)
    reference = {p["path"]: p for p in archive.manifest(since)["pages"]} if since else None
    shared, now = inputs.parts_of_all(), inputs.tables_now()
    keys = {page: inputs.of(page, _settings(page, errors_to, coming), shared) for page in pages}
    return [Task(page, key, _reasons(page, key, earlier.get(page.path, []), force, reference, now)) for page, key in keys.items()]


def publish(run: str, site: Path = paths.REPORTS, back: bool = False) -> Path:
    """Publish a run that waits, or (`back`) an earlier one again. Raises archive.Unknown for any other, Damaged, Busy."""
    with _lock(site):
        folder, online = archive.find(site, run), archive.latest(site)
        if folder == online:
            raise archive.Unknown(f"{folder.name} is the published run already")
        if online and folder.name < online.name and not back:
            raise archive.Unknown(f"{folder.name} is earlier than the published run {online.name}; to go back to it, say --back")
        _verify(folder, archive.manifest(folder))
        archive.publish(folder, site)
        archive.append(site, {"run": folder.name, "outcome": "released"})
        return folder


def _lock(site: Path):
    """The right to write to a site, as a context manager; a dead process's lock is free. Raises Busy if another has it."""
    site.mkdir(parents=True, exist_ok=True)
    try:
        return filelock.FileLock(site / ".lock", timeout=0).acquire()
    except filelock.Timeout:
        raise Busy(f"another run is publishing to {site.name}/; try again when it has ended") from None


def _coming(pages: list[Page], site: Path, whole: bool) -> frozenset[str]:
    """Addresses of all pages that the site will have."""
    others = [] if whole else [p["path"] for p in archive.manifest(archive.latest(site))["pages"] if p["status"] != "failed"]
    return frozenset([*(p.path for p in pages), *others])


def _settings(page: Page, errors_to: str, coming: frozenset[str]) -> list:
    """Settings that shape a page: where its errors are reported, and the languages it comes in."""
    return [errors_to, sorted({page.in_language(lang) for lang in wording.LANGUAGES} & coming)]


def _earlier(site: Path) -> dict[str, list[tuple[Path, dict]]]:
    """The earlier versions of each page: of the run that waits, and of the published one."""
    found: dict[str, list[tuple[Path, dict]]] = {}
    for folder in filter(None, (archive.held(site), archive.latest(site))):
        for entry in archive.manifest(folder)["pages"]:
            if entry["status"] != "failed":
                found.setdefault(entry["path"], []).append((folder, entry))
    return found


def _reasons(page: Page, key: dict, earlier: list[tuple[Path, dict]], force: bool, reference: dict | None,
             now: Tables) -> list[str]:
    if force:
        return ["forced"]
    if not earlier:
        return ["new"]
    if reference is not None:
        return _differences(reference[page.path], key, now) if page.path in reference else ["new"]
    reasons = [_differences(entry, key, now) or _fault(folder, entry) for folder, entry in earlier]
    return [] if [] in reasons else reasons[-1]


def _differences(entry: dict, key: dict, now: Tables) -> list[str]:
    """The parts of a page's key that are not what they were when it was made."""
    return inputs.why(entry.get("key", {}), key | inputs.digests(entry.get("reads", {}), now))


def _fault(folder: Path, entry: dict) -> list[str]:
    """Why a page whose key is the same must be made again."""
    return ["failed"] if entry["status"] == "stale" else [] if _intact(folder, entry) else ["damaged"]


def _intact(folder: Path, entry: dict) -> bool:
    """Whether a page and its files are there, and the page is what it was."""
    return all((folder / path).is_file() for path in _files(entry)) and archive.sha256(folder / entry["path"]) == entry["sha256"]


def _run(tasks: list[Task], site: Path, rules: Schedule, whole: bool, jobs: int, backend: Backend, notify: Callable,
         started: datetime) -> dict:
    online, waiting = archive.latest(site), archive.held(site)
    coming = _coming([task.page for task in tasks], site, whole)
    made_of = {"tables": inputs.tables(), "code": inputs.code(), "environment": inputs.environment(), "pages": sorted(coming)}
    base = waiting or online
    if base and not any(task.reasons for task in tasks) and archive.manifest(base).get("inputs") == made_of:
        return archive.manifest(base) | {"outcome": "held" if waiting else "unchanged"}
    with archive.draft(site) as (draft, temporary):
        common = _prepare(draft, rules.errors_to, coming, online)
        entries = _pages(tasks, site, draft, common, whole, jobs, backend, notify, temporary)
        _link(entries, draft)
        manifest = _manifest(draft, entries, made_of, started, archive.manifest(online))
        if all(e["status"] == "failed" for e in entries.values()):
            return manifest | {"outcome": "failed"}
        manifest = _compare(manifest, online, draft, rules.hold)
        for name, html in front_pages(manifest, common.data_until, [t.name for t in load.files()]).items():
            archive.write(draft / name, html)
        archive.write(draft / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        _verify(draft, manifest)
        folder = archive.store(draft)
    if not manifest["held"]:
        archive.publish(folder, site)
    archive.prune(site, rules.keep)
    return manifest | {"outcome": "held" if manifest["held"] else "published"}


def _prepare(draft: Path, errors_to: str, coming: frozenset[str], online: Path | None) -> Common:
    """What all pages of a run share. Writes folders, scripts (the last run's too, for its open pages) and tables to the draft."""
    from plancore.charts import drawing  # slow to import, and a run without change does not need it

    script = drawing.bundle()
    name = f"vega-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
    for folder in ("assets", "downloads", *wording.LANGUAGES):
        (draft / folder).mkdir(exist_ok=True)
    archive.write(draft / "assets" / name, script)
    if online:
        archive.link([f"assets/{script.name}" for script in (online / "assets").iterdir()], online, draft)
    for table in load.files():
        (draft / "downloads" / table.name).write_bytes(workbook.csv(_public(table.stem)))
    return Common(archive.run_name(draft), load.data_until(), name, script, errors_to, coming)


def _public(name: str) -> pd.DataFrame:
    """A clean table without its private columns and withheld rows."""
    frame = load.table(name).drop(columns=[*schema.PRIVATE.get(name, ())])
    return load.unwithheld(frame, load.table("targets")) if name in schema.BESIDE else frame


def _pages(tasks: list[Task], site: Path, draft: Path, common: Common, whole: bool, jobs: int, backend: Backend,
           notify: Callable, temporary: Path) -> dict[str, dict]:
    """Make the pages, and return the manifest's entry of each page of the site; the files of all are in the draft then."""
    earlier, now, entries = _earlier(site), inputs.tables_now(), {}
    to_make = {task.page.path: task for task in tasks if task.reasons}
    if to_make:
        inputs.preread(now)
    with closing(backend([t.page for t in to_make.values()], common, jobs, temporary)) if to_make else nullcontext(()) as results:
        for result in results:
            path = result["path"]
            entries[path] = (_failed(result, earlier.get(path, []), draft) if result["error"]
                             else _made(result, to_make[path].key | inputs.digests(result["reads"], now), draft))
            notify("page", path=path, status=entries[path]["status"], seconds=result["seconds"], error=result["error"])
    for page, key, reasons in tasks:
        if not reasons:
            folder, entry = next(((f, e) for f, e in earlier[page.path] if not _differences(e, key, now)), earlier[page.path][0])
            entries[page.path] = _carried(folder, entry, draft) | {"status": "unchanged"}
        entries[page.path] |= {"front": page.front, "order": f"{parameters.names().index(page.report):02} {page.path}"}
    if not whole and (online := archive.latest(site)):
        for entry in archive.manifest(online)["pages"]:
            if entry["path"] not in entries and entry["status"] != "failed" and _intact(online, entry):
                entries[entry["path"]] = _carried(online, entry, draft)
    return entries


def _made(result: dict, key: dict[str, str], draft: Path) -> dict:
    """The entry of a page that was made; its files are written."""
    page = result["page"]
    archive.write(draft / result["path"], result["html"])
    archive.write(draft / result["single"], result["alone"])
    for name, content in result["files"].items():
        (draft / "downloads" / name).write_bytes(content)
    return _entry(page) | {"status": "new", **{name: result[name] for name in ("seconds", "title", "cards", "reads")},
                           "answer": result["answer"] if page.front else "", "files": sorted(result["files"]), "key": key,
                           "made": datetime.now(timezone.utc).isoformat(timespec="minutes")}


def _failed(result: dict, earlier: list[tuple[Path, dict]], draft: Path) -> dict:
    """The entry of a page that failed: its last published version, or none."""
    page, error = result["page"], {"error": result["error"], "seconds": result["seconds"]}
    good = [(folder, entry) for folder, entry in earlier if _intact(folder, entry)]
    if good:
        return _carried(*good[-1], draft) | {"status": "stale"} | error
    return _entry(page) | {"status": "failed", "title": f"{page.report} {page.values}"} | error


def _entry(page: Page) -> dict:
    """The entry of a page that was never made."""
    return {"report": page.report, "parameters": page.values, "lang": page.lang, "path": page.path, "sha256": "", "answer": "",
            "cards": [], "files": [], "made": "", "key": {}, "reads": {}, "changed": []}


def _carried(folder: Path, entry: dict, draft: Path) -> dict:
    """The entry of a page of an earlier run, whose files are put into the draft."""
    archive.link(_files(entry), folder, draft)
    return entry | {"changed": []}


def _files(entry: dict) -> list[str]:
    """Addresses of a page, its single-file version and its downloads."""
    return [entry["path"], single(entry["path"]), *(f"downloads/{name}" for name in entry["files"])]


def _link(entries: dict[str, dict], draft: Path) -> None:
    """Turn the marks of other pages into links, on old pages too, as their goals may have come or gone."""
    good = [e for e in entries.values() if e["status"] != "failed"]
    find = markup.finder(good)
    for entry in good:
        path = draft / entry["path"]
        html = path.read_text(encoding="utf-8")
        linked = markup.linked(html, find, entry["lang"])
        if linked != html:
            archive.write(path, linked)
        if linked != html or not entry["sha256"]:
            entry["sha256"] = archive.sha256(path)


def _manifest(draft: Path, entries: dict[str, dict], made_of: dict, started: datetime, last: dict) -> dict:
    return {"run": archive.run_name(draft), "after": last.get("run", ""), "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"), "versions": inputs.versions(),
            "code": made_of["code"], "data": made_of["tables"], "lock": made_of["environment"], "inputs": made_of,
            "pages": sorted(entries.values(), key=lambda e: (e["lang"] != "zh", e["order"]))}


def _compare(manifest: dict, online: Path | None, draft: Path, hold: Hold) -> dict:
    """The manifest with what changed since the published run and why it must wait. Writes the changes to the draft."""
    archive.write(draft / "manifest.json", json.dumps(manifest, ensure_ascii=False))  # what is compared
    found = changes.between(online, draft)
    for entry in manifest["pages"]:
        entry["changed"] = changes.per_page(found, entry)
    manifest = manifest | {"changes": {name: len(found[name]) for name in ("verdicts", "figures", "observations", "targets")},
                           "held": changes.held(found, hold),
                           "lines": {lang: changelog.lines(found, lang) for lang in wording.LANGUAGES}}
    archive.write(draft / "changes.json", json.dumps(found, ensure_ascii=False, indent=1))
    archive.write(draft / "changes.md", changelog.markdown(found, manifest))
    archive.write(draft / "changes.html", changelog.html(found, manifest))
    return manifest


def _verify(folder: Path, manifest: dict) -> None:
    """Raise Damaged for a page that is missing or not as it was made, or a file of it that is missing."""
    for entry in manifest["pages"]:
        if entry["status"] != "failed" and not _intact(folder, entry):
            raise Damaged(f"{folder.name}: {entry['path']} or a file it offers is missing, or not what was made; "
                          "nothing was published")
