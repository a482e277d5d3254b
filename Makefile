# Each target sets up what it needs, then does one thing.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/ready

# One worker more than cores: a test that opens a page or a server mostly waits for it.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
TESTS := $(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal

.PHONY: reports test test-nightly test-all serve lab build bench lock clean

reports: $(STAMP) font build      ## build the tables, run the schedule, publish reports/latest/
	@$(BIN)/plancore report

test: $(STAMP) browser office nginx systemd  ## the tests of every day with all they need, on every core
	@$(TESTS) -m "not nightly" $(ARGS)

test-nightly: $(STAMP) browser office nginx systemd clock  ## the others, and those that search for examples once more with many
	@PLANCORE_TESTS=nightly $(TESTS) -m "nightly or hypothesis" $(ARGS)

test-all: test test-nightly

serve: $(STAMP)                   ## the apps, reports and landing page on http://127.0.0.1:8866/
	@$(BIN)/plancore serve $(ARGS)

lab: $(STAMP)                     ## JupyterLab in notebooks/
	@cd notebooks && ../$(BIN)/jupyter lab --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.extension_manager=readonly

build: $(STAMP)                   ## data/ -> plancore/tables/
	@$(BIN)/plancore build

lock:                             ## pin what pyproject.toml asks for, with hashes, for every Python >= 3.11
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements.lock

clean:                            ## remove the environment and every published run
	rm -rf .venv reports/latest reports/runs

# Debian's python3 may come without ensurepip, so pip is borrowed from outside.
$(STAMP): requirements.lock pyproject.toml
	@echo "setting up .venv (once; a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/jupyter kernelspec install --sys-prefix --name plancore plancore/assets/kernel 2>/dev/null
	@touch $@

.PHONY: browser office nginx systemd clock font
browser: font
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install chromium >/dev/null; } || \
	  { echo "The page tests need a browser: as root, 'apt-get install chromium', then run make test again." >&2; exit 1; }

office:
	@command -v soffice >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends libreoffice-calc libreoffice-writer >/dev/null; } || \
	  { echo "The tests of workbooks and documents need LibreOffice: as root, 'apt-get install libreoffice-calc libreoffice-writer', then run make test again." >&2; exit 1; }

# Unpacked, not installed: an installed nginx would begin to serve port 80.
nginx:
	@command -v nginx >/dev/null || test -x .venv/nginx/usr/sbin/nginx || \
	  { test "$$(id -u)" = 0 && apt-get -qq update && cd .venv && apt-get -qq download nginx 2>/dev/null && dpkg -x nginx_*.deb nginx && rm nginx_*.deb; } || \
	  { echo "The test of deploy/nginx.conf needs nginx: as root, 'apt-get install nginx-light', then run make test again." >&2; exit 1; }

clock:
	@command -v faketime >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install faketime >/dev/null; } || \
	  { echo "The test of a clock that is set back needs faketime: as root, 'apt-get install faketime', then run make test again." >&2; exit 1; }

systemd:
	@command -v systemd-analyze >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends systemd >/dev/null; } || \
	  { echo "The tests of the units in deploy/ need systemd-analyze: as root, 'apt-get install systemd', then run make test again." >&2; exit 1; }

font:
	@fc-list 2>/dev/null | grep -q "CJK SC" || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install fonts-noto-cjk fontconfig >/dev/null; } || \
	  echo "No Chinese font found and not root: pages use the reader's fonts; PNG downloads are left out. To add one: apt-get install fonts-noto-cjk." >&2

bench: $(STAMP) browser           ## benchmarks; writes benchmarks/results.json
	@$(BIN)/python benchmarks/measure.py
	@$(BIN)/python benchmarks/fuzz_outline.py --record
	@$(BIN)/python benchmarks/schedule.py
	@$(BIN)/python benchmarks/pages.py
	@$(BIN)/python benchmarks/apps.py
	@$(BIN)/python benchmarks/faults.py
