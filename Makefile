# make demo    install what screening and viewing need, and screen the demonstration scan
# make test    install everything for development, lint, run all tests
# make lint    linters, types, layers and the documentation site only
# make site    the documentation as a site, build/site/index.html
# make bench   measure speed and memory on this machine into results/bench.md, bench-annotation.md and bench-view.md
# make fuzz    read 10,000 damaged inputs and write the outcomes to results/fuzz (half an hour)
# make kill    kill batches at random moments and let commands share a folder, into results/kill (Linux, half an hour)
# make lock    resolve pyproject.toml again into requirements/, with the hash of every file
# make sbom    write dist/ichor.cdx.json: the contents of an install, as CycloneDX
# make install-train  install what an extra of pyproject.toml needs: dicom-out, evaluate, video, formats, literature, view,
#                     annotate, fetch, node, train or dev
# make clean   remove what the targets above made, the environments too

PYTHON ?= python3
JOBS ?= auto
SCAN ?= $(firstword $(wildcard examples/demo-scan*))
OUT ?= demo

VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
EXTRAS := archive dicom-out evaluate video formats literature view annotate fetch node train dev
PIP_INSTALL := install --quiet --disable-pip-version-check
LOCKED := $(PIP_INSTALL) --require-hashes

SITE := build/site

.PHONY: demo test lint site bench fuzz kill lock sbom clean $(EXTRAS:%=install-%)
.DELETE_ON_ERROR:

demo: $(VENV)/.view
	$(BIN)/ichor screen $(SCAN) --out $(OUT)

# The tests come last, so that pytest's summary is the last line.
# One torch thread per worker: two workers with two threads each would spend their time waiting for each other. A file's
# tests stay together, so that shared fixtures are made once, and files start in the order of tests/conftest.py.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .mypy_cache/imports
	$(MAKE) --no-print-directory site

# Fails on any warning: a broken link, a document that is not listed, a docstring that cannot be rendered.
site: $(VENV)/.dev
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs/site . $(SITE)

bench: $(VENV)/.dev $(BENCH)/.keras
	$(BIN)/python scripts/bench_annotate.py --out results/bench-annotation.md
	$(BIN)/python scripts/bench_view.py --out results/bench-view.md
	$(BIN)/python scripts/bench.py --keras-python $(BENCH)/bin/python --out results/bench.md

fuzz: $(VENV)/.dev
	nice $(BIN)/python scripts/fuzz.py --out results/fuzz

kill: $(VENV)/.base
	$(BIN)/python scripts/kill_campaign.py --out results/kill --kills 60 --rounds 3

lock: $(VENV)/.dev
	$(BIN)/python scripts/lock.py

sbom: $(VENV)/.dev
	$(BIN)/python scripts/sbom.py --out dist/ichor.cdx.json

$(EXTRAS:%=install-%): install-%: $(VENV)/.%

clean:
	rm -rf $(VENV) $(BENCH) $(OUT) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "ichor: expected Python 3.11 or newer as '$(PYTHON)', found none: set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ichor: expected Python 3.11 or newer, found $$($(PYTHON) --version 2>&1): set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "ichor: expected Python's venv and ensurepip modules, found none: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# First the dependencies, every file checked by its hash; then Ichor, built with locked tools. The base has no torch.
$(VENV)/.base $(EXTRAS:%=$(VENV)/.%): $(VENV)/.%: pyproject.toml $(wildcard requirements/*.txt) | $(BIN)/python
	$(BIN)/pip $(LOCKED) -r requirements/build.txt -r requirements/$*.txt
	$(BIN)/pip $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.base

# torch is one of two builds: a CPU build if pip's find-links have it, or else the one from the index, which needs CUDA's
# libraries on Linux. pip alone would prefer the index, because its page lists hashes and a folder does not.
$(VENV)/.train $(VENV)/.dev: | $(VENV)/.torch
$(VENV)/.torch: requirements/torch.txt requirements/cuda.txt | $(BIN)/python
	@$(BIN)/pip $(LOCKED) --no-deps --no-index -r requirements/torch.txt 2>/dev/null || { \
	  echo "ichor: no CPU build of torch with a locked hash in pip's find-links: taking the index's, of several GB on Linux" >&2; \
	  $(BIN)/pip $(LOCKED) --no-deps -r requirements/torch.txt -r requirements/cuda.txt; }
	@touch $@

# Keras is only used for comparison in the benchmark: it has an environment of its own.
$(BENCH)/.keras: requirements/bench.txt | $(BIN)/python
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip $(LOCKED) -r $<
	@touch $@
