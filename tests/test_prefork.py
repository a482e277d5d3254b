"""A process to fork from: what is broken is left to the fork that wants it; a missing library and a started thread are told."""

import subprocess
import sys

import pytest

PREPARE = "from plancore import prefork; prefork.prepare(LIBRARIES, ROOMS); import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)"


def prepared(before: str = "", libraries: str = "()", rooms: str = "('measures',)") -> subprocess.CompletedProcess:
    code = before + PREPARE.replace("LIBRARIES", libraries).replace("ROOMS", rooms)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_it_is_prepared():
    assert prepared().stdout == "True True\n"


def test_a_broken_module_is_printed_and_left_to_the_fork():
    run = prepared("import sys; sys.modules['plancore.measures.rules'] = None; ")
    assert "plancore.measures.rules" in run.stderr and run.stdout == "True True\n"


@pytest.mark.parametrize(("before", "libraries", "why"), [
    ("", "('no_such_library',)", "ModuleNotFoundError: No module named 'no_such_library'"),
    ("import threading as t; t.Thread(target=t.Event().wait, daemon=True).start(); ", "()", "RuntimeError: a library has started a thread"),
])
def test_what_no_fork_may_inherit(before, libraries, why):
    run = prepared(before, libraries)
    assert run.returncode == 1 and why in run.stderr
