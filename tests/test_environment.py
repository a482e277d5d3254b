"""pyproject.toml, the lock, environment.yml, the README's table and the Makefile say the same."""

import json
import re
import tomllib

import pytest
from ruamel.yaml import YAML

from plancore import load, paths, trajectories

ROOT = paths.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = {re.split(r"[<>=~]", d)[0] for d in PROJECT["dependencies"]}
TEST = {re.split(r"[<>=~]", d)[0] for d in PROJECT["optional-dependencies"]["test"]}
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE))
NAMED = {"jupyterlab", "pandas", "altair", "ipywidgets", "voila", "papermill"}


def test_everything_asked_for_is_pinned():
    assert RUNTIME | TEST <= set(PINNED)


def test_every_pin_has_a_hash():
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) >= len(PINNED) > 100 and all("--hash=sha256:" in b for b in blocks)


def test_the_lock_names_no_registry():
    assert "http" not in re.sub(r"(aio)?http[a-z]*(==|\b)", "", LOCK) and "--index-url" not in LOCK


def test_conda_environment_names_the_packages_at_the_locked_versions():
    wanted = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = dict(d.split("=", 1) for d in wanted if isinstance(d, str) and "=" in d and ">" not in d)
    assert conda == {name: PINNED[name] for name in NAMED} and NAMED <= RUNTIME
    assert {"pip": ["-r requirements.lock"]} in wanted


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_explains_every_dependency(readme):
    rows = re.findall(r"^\| `([a-z0-9-]+)`", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE)
    assert RUNTIME | TEST <= set(rows), RUNTIME | TEST - set(rows)


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_names_only_what_exists(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z]+)", text, re.MULTILINE)) <= targets
    links = [p for p in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in p]
    assert links and all((ROOT / p).exists() for p in links)


def test_readmes_have_the_same_parts():
    parts = [len(re.findall(r"^## ", (ROOT / r).read_text(encoding="utf-8"), re.MULTILINE)) for r in ("README.md", "README.zh.md")]
    assert parts[0] == parts[1] >= 8


def test_ci_runs_the_readme_s_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text() and "make test" in (ROOT / "README.md").read_text()


SPEED = {  # the figures of benchmarks/results.json in the READMEs' first table of speed, as they are written there
    "schedule: seconds for all pages": ".0f", "schedule: seconds per page, as a reader waits for the run": ".2f",
    "schedule: seconds per page, papermill and nbconvert by hand": ".1f",
    "schedule: times faster than papermill and nbconvert by hand": ".1f",
    "schedule: seconds per page, its code in one warm process": ".2f", "schedule: times its code in one warm process": ".2f",
    "schedule: times faster with two processes than with one": ".2f", "schedule: seconds without a change": ".1f",
    "schedule: times faster without a change": ".0f", "schedule: growth exponent of a run, 100 to 1,000 pages": ".2f",
    "command: CPU seconds of --help above bare Python": ".2f", "page: seconds to the first drawn chart": ".2f",
    "page: first live chart against a page of one chart, times": ".2f"}
APPS = ["first chart, 1 visitor, s", "first chart, 10 at once, median, s", "slider moves the chart, 1 visitor, s",
        "slider moves the chart, 10 at once, median, s", "slider answered by Python, 1 visitor, s",
        "slider answered by Python, 10 at once, median, s", "step to the new chart, median, ms", "step to Python's answer, median, ms",
        "a kernel, 1 visitor, MB", "a kernel, 10 visitors, MB", "fork server, MB"]
PEERS = ("ours", "panel", "streamlit", "voila")


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_tells_the_speed_that_was_measured(readme):
    goals = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))["goals"]
    text = (ROOT / readme).read_text(encoding="utf-8")
    tables = text.partition("(benchmarks/results.json)")[2].partition("\n## ")[0].split("| Streamlit |")
    first, second = (re.findall(r"^\| .*", table, re.MULTILINE) for table in tables)
    told = re.findall(r"\d+(?:\.\d+)?", " ".join(first).replace("1,000", "1000"))
    for name, digits in SPEED.items():
        assert f"{goals[name]['value']:{digits}}" in told, name
    for row, name in zip(second, APPS, strict=True):
        found = [goals.get(f"app: {name}: {peer}") for peer in PEERS]
        assert re.findall(r"[\d.]+(?= m?s| MB)|–", row) == [f"{g['value']:.3g}" if g else "–" for g in found], name
    assert all(g["met"] for g in goals.values()) or "**missed**" in text or "**未达到**" in text


def test_readme_tells_the_outlook_s_record_as_it_is():
    cases = trajectories.backtest(load.all_targets(), load.observations_of(load.all_targets()))
    judged = cases.inside.dropna().astype(bool)
    assert f"held {judged.sum()} of {len(judged)} outcomes" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(judged)}次中{judged.sum()}次" in (ROOT / "README.zh.md").read_text(encoding="utf-8")
    assert 0.9 < cases.error.mean() / min(cases.error_last.mean(), cases.error_line.mean()) < 1, "hardly smaller"


def test_changelog_has_data_and_code_under_each_date():
    parts = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert parts and all(re.match(r"\d{4}-\d\d-\d\d\n", p) and "### Data" in p and "### Code" in p for p in parts)
