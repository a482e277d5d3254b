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

from plancore import load, markup, paths, schema
from plancore import wording
from plancore.downloads import workbook
from plancore.reports import archive, changelog, changes, inputs, parameters, site as site_reports, workers
from plancore.reports.inputs import Tables
from plancore.reports.parameters import Page, single
from plancore.reports.schedule import Hold, Schedule
from plancore.reports.workers import Common

class Wanted(NamedTuple):
    """A page to publish: its key as the run begins, but for the tables, and why it is to be made; for no reason if it is there already.

    Data or code that change while the run goes on may still reach the page; the next run then makes it again.
    """

    page: Page
    key: dict[str, str]
    why: list[str]


Makers = Callable[[list[Page], Common, int, Path], Iterator[dict]]
"""What makes pages, see `workers.local`."""


class Busy(RuntimeError):
    """Another run holds the lock."""


class Damaged(RuntimeError):
    """A draft that is not what its manifest says; nothing of it is published."""


def run(wanted: Iterable[Page], site: Path = paths.REPORTS, rules: Schedule | None = None, *, whole: bool = True, force: bool = False,
        since: Path | None = None, jobs: int = 0, makers: Makers = workers.local, notify: Callable = lambda *_, **__: None) -> dict:
    """Make those of the pages that changed, and publish them with all others as `latest/` in one step; returns the manifest

    and the `outcome`: `published`, `held` (it waits for `publish`), `unchanged` (nothing was made), or `failed` (no page is good).
    `whole`: the pages are all there shall be; otherwise the other pages of the last run stay. A page that fails leaves its
    last good version in place, marked stale. `force`: make every page. `since`: make those that changed since that run.
    `rules`: how many runs stay, what holds a run back, where errors are reported. `notify(event, **facts)` is told what happens.
    Raises Busy at once when another run is going on.
    """
    wanted, rules = list(wanted), rules or Schedule(())
    with locked(site):
        started = datetime.now(timezone.utc)
        for name in archive.clear(site):
            archive.append(site, {"run": name, "outcome": "interrupted"})
        asked = todo(wanted, site, rules.errors_to, whole, force, since)
        notify("start", pages=len(asked), to_make=sum(bool(w.why) for w in asked))
        result = _run(asked, site, rules, whole, jobs or os.cpu_count() or 1, makers, notify, started)
        archive.append(site, archive.line(result, started))
        notify("end", **result)
        return result


def locked(site: Path):
    """The right to write to a site, as a context manager. Raises Busy if somebody has it; the lock of a dead process is free."""
    site.mkdir(parents=True, exist_ok=True)
    try:
        return filelock.FileLock(site / ".lock", timeout=0).acquire()
    except filelock.Timeout:
        raise Busy(f"another run is publishing to {site.name}/; try again when it has ended") from None


def todo(wanted: list[Page], site: Path, errors_to: str = "", whole: bool = True, force: bool = False,
         since: Path | None = None) -> list[Wanted]:
    """Which pages are to be made, and why: the parts of the key that differ, or `new`, `failed`, `damaged`, `forced`."""
    coming = _coming(wanted, site, whole)
    earlier = _known(site)
    reference = {p["path"]: p for p in archive.manifest(since)["pages"]} if since else None
    shared, now = inputs.parts_of_all(), inputs.tables_now()
    keyed = {page: inputs.of(page, _settings(page, errors_to, coming), shared) for page in wanted}
    return [Wanted(page, key, _why(page, key, earlier.get(page.path, []), force, reference, now)) for page, key in keyed.items()]


def publish(run: str, site: Path = paths.REPORTS, back: bool = False) -> Path:
    """Publish a run that waits, or (`back`) an earlier one again. Raises runs.Unknown for any other, Damaged, Busy."""
    with locked(site):
        folder, online = archive.find(site, run), archive.latest(site)
        if folder == online:
            raise archive.Unknown(f"{folder.name} is the published run already")
        if online and folder.name < online.name and not back:
            raise archive.Unknown(f"{folder.name} is earlier than the published run {online.name}; to go back to it, say --back")
        _verify(folder, archive.manifest(folder))
        archive.publish(folder, site)
        archive.append(site, {"run": folder.name, "outcome": "released"})
        return folder


def _coming(wanted: list[Page], site: Path, whole: bool) -> frozenset[str]:
    """Addresses of all pages there will be."""
    others = [] if whole else [p["path"] for p in archive.manifest(archive.latest(site))["pages"] if p["status"] != "failed"]
    return frozenset([*(p.path for p in wanted), *others])


def _settings(page: Page, errors_to: str, coming: frozenset[str]) -> list:
    """What else shapes a page: where its errors are reported, and which languages it comes in."""
    return [errors_to, sorted({page.in_language(lang) for lang in wording.LANGUAGES} & coming)]


def _known(site: Path) -> dict[str, list[tuple[Path, dict]]]:
    """The earlier versions of each page: of the run that waits, and of the published one."""
    found: dict[str, list[tuple[Path, dict]]] = {}
    for folder in filter(None, (archive.held(site), archive.latest(site))):
        for entry in archive.manifest(folder)["pages"]:
            if entry["status"] != "failed":
                found.setdefault(entry["path"], []).append((folder, entry))
    return found


def _why(page: Page, key: dict, earlier: list[tuple[Path, dict]], force: bool, reference: dict | None, now: Tables) -> list[str]:
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
    """What is wrong with a page that was made from the same."""
    return ["failed"] if entry["status"] == "stale" else [] if _intact(folder, entry) else ["damaged"]


def _intact(folder: Path, entry: dict) -> bool:
    """Whether a page and its files are there, and the page is what it was."""
    return all((folder / path).is_file() for path in _files(entry)) and archive.sha(folder / entry["path"]) == entry["sha256"]


def _run(asked: list[Wanted], site: Path, rules: Schedule, whole: bool, jobs: int, makers: Makers, notify: Callable,
         started: datetime) -> dict:
    online, waiting = archive.latest(site), archive.held(site)
    paths = _coming([w.page for w in asked], site, whole)
    made_of = {"tables": inputs.tables(), "code": inputs.code(), "environment": inputs.environment(), "pages": sorted(paths)}
    base = waiting or online
    if base and not any(w.why for w in asked) and archive.manifest(base).get("inputs") == made_of:
        return archive.manifest(base) | {"outcome": "held" if waiting else "unchanged"}
    with archive.draft(site) as (draft, temporary):
        common = _common(draft, rules.errors_to, paths, online)
        entries = _pages(asked, site, draft, common, whole, jobs, makers, notify, temporary)
        _link(entries, draft)
        manifest = _manifest(draft, entries, made_of, started, archive.manifest(online))
        if all(e["status"] == "failed" for e in entries.values()):
            return manifest | {"outcome": "failed"}
        manifest = _compared(manifest, online, draft, rules.hold)
        for name, html in site_reports.pages(manifest, common.data_until, [t.name for t in load.files()]).items():
            archive.write(draft / name, html)
        archive.write(draft / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        _verify(draft, manifest)
        folder = archive.keep(draft)
    if not manifest["held"]:
        archive.publish(folder, site)
    archive.prune(site, rules.keep)
    return manifest | {"outcome": "held" if manifest["held"] else "published"}


def _common(draft: Path, errors_to: str, coming: frozenset[str], online: Path | None) -> Common:
    """What all pages of a run share; and the folders, the scripts (the last run's too, for who still reads it) and the tables."""
    from plancore.charts import drawing  # slow to import, and a run without change does not need it

    script = drawing.bundle()
    name = f"vega-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
    for folder in ("assets", "downloads", *wording.LANGUAGES):
        (draft / folder).mkdir(exist_ok=True)
    archive.write(draft / "assets" / name, script)
    if online:
        archive.carry([f"assets/{script.name}" for script in (online / "assets").iterdir()], online, draft)
    for table in load.files():
        (draft / "downloads" / table.name).write_bytes(workbook.csv(_offered(table.stem)))
    return Common(archive.name(draft), load.data_until(), name, script, errors_to, coming)


def _offered(name: str) -> pd.DataFrame:
    """A clean table as it is given away: without what is kept here."""
    frame = load.table(name).drop(columns=[*schema.PRIVATE.get(name, ())])
    return load.unwithheld(frame, load.table("targets")) if name in schema.BESIDE else frame


def _pages(asked: list[Wanted], site: Path, draft: Path, common: Common, whole: bool, jobs: int, makers: Makers,
           notify: Callable, temporary: Path) -> dict[str, dict]:
    """The manifest's entries: of pages that were made, that failed, and that are carried over; their files are in the draft."""
    earlier, wanted, now = _known(site), {w.page.path: w for w in asked}, inputs.tables_now()
    entries = {}
    to_make = [w.page for w in asked if w.why]
    if to_make:
        inputs.preread(now)
    with closing(makers(to_make, common, jobs, temporary)) if to_make else nullcontext(()) as results:
        for made in results:
            path = made["path"]
            entries[path] = _made(made, wanted[path].key | inputs.digests(made["reads"], now), draft) if not made["error"] else _failed(made, earlier.get(path, []), draft)
            notify("page", path=path, status=entries[path]["status"], seconds=made["seconds"], error=made["error"])
    for path, (_, key, why) in wanted.items():
        if not why:
            folder, entry = next(((f, e) for f, e in earlier[path] if not _differences(e, key, now)), earlier[path][0])
            entries[path] = _carried(folder, entry, draft) | {"status": "unchanged"}
    for path, (page, *_) in wanted.items():
        entries[path] |= {"front": page.front, "order": f"{parameters.names().index(page.report):02} {path}"}
    if not whole and (online := archive.latest(site)):
        for entry in archive.manifest(online)["pages"]:
            if entry["path"] not in entries and entry["status"] != "failed" and _intact(online, entry):
                entries[entry["path"]] = _carried(online, entry, draft)
    return entries


def _made(made: dict, key: dict[str, str], draft: Path) -> dict:
    """The entry of a page that was made; its files are written."""
    page = made["page"]
    archive.write(draft / made["path"], made["html"])
    archive.write(draft / made["single"], made["alone"])
    for name, content in made["files"].items():
        (draft / "downloads" / name).write_bytes(content)
    return _entry(page) | {"status": "new", "seconds": made["seconds"], "title": made["title"], "answer": made["answer"] if page.front else "",
                           "cards": made["cards"], "files": sorted(made["files"]), "key": key, "reads": made["reads"],
                           "made": datetime.now(timezone.utc).isoformat(timespec="minutes")}


def _failed(made: dict, earlier: list[tuple[Path, dict]], draft: Path) -> dict:
    """The entry of a page that failed: its last published version, or none."""
    page, why = made["page"], {"error": made["error"], "seconds": made["seconds"]}
    good = [(folder, entry) for folder, entry in earlier if _intact(folder, entry)]
    if good:
        folder, entry = good[-1]
        return _carried(folder, entry, draft) | {"status": "stale"} | why
    return _entry(page) | {"status": "failed", "title": f"{page.report} {page.values}"} | why


def _entry(page: Page) -> dict:
    """The entry of a page of which nothing is there yet."""
    return {"report": page.report, "parameters": page.values, "lang": page.lang, "path": page.path, "sha256": "", "answer": "",
            "cards": [], "files": [], "made": "", "key": {}, "reads": {}, "changed": []}


def _carried(folder: Path, entry: dict, draft: Path) -> dict:
    """The entry of a page of an earlier run; its files are in the draft too."""
    archive.carry(_files(entry), folder, draft)
    return entry | {"changed": []}


def _files(entry: dict) -> list[str]:
    """Addresses of a page, of its single file, and of the files it offers."""
    return [entry["path"], single(entry["path"]), *(f"downloads/{name}" for name in entry["files"])]


def _link(entries: dict[str, dict], draft: Path) -> None:
    """Turn the marks of other pages into links, now that it is known which there are; an old page's links may have changed."""
    there = [e for e in entries.values() if e["status"] != "failed"]
    find = markup.finder(there)
    for entry in there:
        path = draft / entry["path"]
        before = path.read_text(encoding="utf-8")
        after = markup.linked(before, find, entry["lang"])
        if after != before:
            archive.write(path, after)
        if after != before or not entry["sha256"]:
            entry["sha256"] = archive.sha(path)


def _manifest(draft: Path, entries: dict[str, dict], made_of: dict, started: datetime, last: dict) -> dict:
    return {"run": archive.name(draft), "after": last.get("run", ""), "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"), "versions": inputs.versions(), "code": made_of["code"],
            "data": made_of["tables"], "lock": made_of["environment"], "inputs": made_of,
            "pages": sorted(entries.values(), key=lambda e: (e["lang"] != "zh", e["order"]))}


def _compared(manifest: dict, online: Path | None, draft: Path, hold: Hold) -> dict:
    """The manifest with what changed since the published run, and why it must wait, if it must; told in the draft too."""
    archive.write(draft / "manifest.json", json.dumps(manifest, ensure_ascii=False))  # what is compared
    found = changes.between(online, draft)
    for entry in manifest["pages"]:
        entry["changed"] = changes.per_page(found, entry)
    manifest = manifest | {"changes": {name: len(found[name]) for name in ("verdicts", "figures", "observations", "targets")},
                           "held": changes.held(found, hold), "lines": {lang: changelog.lines(found, lang) for lang in wording.LANGUAGES}}
    archive.write(draft / "changes.json", json.dumps(found, ensure_ascii=False, indent=1))
    archive.write(draft / "changes.md", changelog.markdown(found, manifest))
    archive.write(draft / "changes.html", changelog.html(found, manifest))
    return manifest


def _verify(folder: Path, manifest: dict) -> None:
    """Refuse a run that is not whole: a page that is lacking or was cut short, or a file it offers that is not there."""
    for entry in manifest["pages"]:
        if entry["status"] != "failed" and not _intact(folder, entry):
            raise Damaged(f"{folder.name}: {entry['path']} or a file it offers is missing, or not what was made; nothing was published")
