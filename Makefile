# What people and CI do with a checkout. `make run` and `make test` need nothing but Python 3.11+ and a network.

PYTHON ?= python3
VAULT ?= vault
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.PHONY: all run test test-systemd257 conformance simulate faults check format bench docs golden clean

# All that `pm2 start ecosystem.config.js` needs.
all: $(VENV)/.installed
	@$(BIN)/aiemp init --yes "$(VAULT)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "aiemp needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The orchestrator with the local engine, in the foreground, on ./vault or VAULT=PATH. Ctrl-C stops it.
run: $(VENV)/.installed
	@$(BIN)/aiemp init --yes "$(VAULT)"
	@echo 'Running it in the foreground; Ctrl-C stops it. In another terminal: $(BIN)/aiemp --vault "$(VAULT)" status'
	@exec $(BIN)/aiemp --vault "$(VAULT)" run

# Several workers: most tests wait for something most of the time. Those that share a machine stay together.
# One that dies ends the run: with a new one in its place pytest-xdist waits for ever for tests that nobody has.
PYTEST := $(BIN)/pytest --numprocesses 4 --max-worker-restart 0

# The test suite; PYTEST_ARGS narrows it down.
test: $(VENV)/.installed-dev
	$(PYTEST) -m "not systemd257 and not conformance" $(PYTEST_ARGS)

# The scenarios on the real systemd of a Debian 13, made by debootstrap (as root; tests/systemd/requirements.py).
test-systemd257: $(VENV)/.installed-dev
	$(PYTEST) -m systemd257 tests/systemd $(PYTEST_ARGS)

# Every scenario on every engine, and docs/conformance.md made anew from that; test has a part of it.
conformance: $(VENV)/.installed-dev
	$(BIN)/python -m tests.conformance

# Ten years of schedules in eight zones, with all that happens to a machine; test plays some months of it.
SEED ?=
YEARS ?= 10
simulate: $(VENV)/.installed-dev
	$(BIN)/python -m tests.simulation --years $(YEARS) $(if $(SEED),--seed $(SEED)) \
	  $(if $(filter 10,$(YEARS)),--page docs/faults.md)

# Writes failing, processes killed, files damaged, disks full, others who write the dashboard; makes docs/faults.md.
# A part of it is in test. As root it mounts small disks.
faults: $(VENV)/.installed-dev
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))

# Style and types.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The units expected from tests/golden/*/aiemp.toml, made anew; review the diff.
golden: $(VENV)/.installed-dev
	$(BIN)/python -m tests.golden.regenerate

# What aiemp costs, beside its peers, into docs/benchmarks.md; ONLY="tick files" runs these parts alone.
ONLY ?=
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ONLY)

# The pages that are made from the program itself, PM2's configuration for a checkout, and the README's pictures.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m aiemp.config.reference > docs/configuration.md
	$(BIN)/python -m aiemp.config.schema > docs/aiemp.schema.json
	$(BIN)/python -m aiemp.cli.reference summaries > .summaries && mv .summaries aiemp/cli/summaries.py
	$(BIN)/python -m aiemp.cli.reference commands > docs/commands.md
	$(BIN)/python -m aiemp.cli.reference man > docs/man/aiemp.1
	$(BIN)/python -m aiemp.pm2 > ecosystem.config.js
	$(BIN)/python -m docs.pictures

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
