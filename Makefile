# Two commands are all a newcomer needs: `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-core test-screens test-system test-restart check fuzz benchmarks lock screenshots clean

demo: .venv/installed
	$(BIN)/callfloor demo

test: .venv/installed-dev
	scripts/test-tools
	$(MAKE) check
	rm -f .coverage .coverage.*
	$(MAKE) --jobs=2 test-core test-system test-screens test-restart
	$(BIN)/coverage combine --quiet
	$(BIN)/python scripts/pure_coverage.py

# The tests in four parts, two at a time, for some compute and some wait: each part of the house by itself; the whole house on
# a real Asterisk; the screens; and the restarts. Only where pure modules are tested is it measured which lines are reached.
CORE := tests/acd tests/callfloor tests/cti tests/ivr tests/records tests/simulator
SCREENS := tests/agent_console tests/fuzz tests/pbx_config
RESTART := tests/restart

test-core: .venv/installed-dev
	$(BIN)/coverage run --parallel-mode -m pytest -o cache_dir=.pytest_cache/core $(CORE)

test-screens: .venv/installed-dev
	$(BIN)/coverage run --parallel-mode -m pytest -o cache_dir=.pytest_cache/screens $(SCREENS)

test-restart: .venv/installed-dev
	$(BIN)/pytest -o cache_dir=.pytest_cache/restart $(RESTART)

test-system: .venv/installed-dev
	$(BIN)/pytest -o cache_dir=.pytest_cache/system $(addprefix --ignore=,$(CORE) $(SCREENS) $(RESTART))

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Looks for bytes that break a codec, ten minutes each; what was found before is kept and begun with.
fuzz: .venv/installed-dev
	for target in ami agi smdi smdr; do \
		mkdir -p .fuzz/$$target; \
		$(BIN)/python -m tests.fuzz $$target .fuzz/$$target -max_total_time=600 -max_len=4096 -artifact_prefix=.fuzz/ \
			|| exit 1; \
	done

benchmarks: .venv/installed-dev requirements-benchmarks.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-benchmarks.lock
	$(BIN)/python -m benchmarks

# A picture of every view, in both languages, light and dark, 1280 and 1920 wide.
screenshots: .venv/installed-dev
	$(BIN)/python -m tests.agent_console.pictures docs/pictures

# The versions that CI installs, by hash; made anew after a change of the dependencies in pyproject.toml.
lock: .venv/installed-dev
	scripts/lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Callfloor needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V`. Name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian: apt-get install python3-venv"; exit 1; }

# The page is built by the installation: anew when one of its sources is newer.
PAGE := $(shell find agent_console/page -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print)

.venv/installed: .venv/bin/python requirements.lock pyproject.toml hatch_build.py $(PAGE)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv dist build demo-data agent_console/page/dist agent_console/page/node_modules
