# Each target sets up what it needs and does nothing twice. Start with: make compare, make test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN := .venv/bin
READY := .venv/ready
EXPERIMENT := output-or-hidden
# folder under runs/ and reports/ : home of its results under experiments/
KEPT := output-or-hidden:output-or-hidden output-or-hidden-sick:output-or-hidden/sick

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# the constraints hold for the build tools that pip fetches on its own, too
export PIP_CONSTRAINT := constraints.txt

# Real data for development lies beside the checkout on some machines; it is never part of the repository.
ifeq ($(origin SEQTWIN_DATA),undefined)
  FOUND_DATA := $(shell cd ../shared/data 2>/dev/null && pwd)
  ifneq ($(FOUND_DATA),)
    export SEQTWIN_DATA := $(FOUND_DATA)
  endif
else
  export SEQTWIN_DATA
endif

# One thread per process: several processes that each take all cores are slower than one.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help compare test check format bench keep report-committed clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "the versions of constraints.txt need Python 3.11 or newer; name one: make PYTHON=python3.11")'
	@echo "setting up .venv (once, some minutes) ..."
	@$(PYTHON) -m venv .venv
	@# torch first and alone, so that nothing else can ask for another build of it
	@$(BIN)/python -m pip install -qq torch
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@

compare: $(READY) ## train and compare every pairing of the first experiment, then write its page
	@$(BIN)/seqtwin compare experiments/$(EXPERIMENT)/study.yaml --out runs/$(EXPERIMENT) --jobs $(JOBS)
	@echo "open file://$(CURDIR)/runs/$(EXPERIMENT)/report/index.html"

test: $(READY) ## run every test
	@$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) -rs

check: $(READY) ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## put the code in the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## speed side by side, start-up times, and the figures of the README
	@$(ONE_THREAD) $(BIN)/python benchmarks/startup.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/engine.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/placenames.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/sick.py

keep: $(READY) ## put the results of runs/ into experiments/ and reports/
	@for pair in $(KEPT); do \
	  run=runs/$${pair%%:*}; home=experiments/$${pair##*:}; out=reports/$${pair%%:*}; \
	  $(BIN)/seqtwin report $$run --out $$out; \
	  mkdir -p $$home; cp $$out/*.csv $$out/study.json $$home/; \
	done

report-committed: $(READY) ## remake reports/ from the committed results alone
	@for pair in $(KEPT); do $(BIN)/seqtwin report experiments/$${pair##*:} --out reports/$${pair%%:*}; done

clean: ## remove .venv and all caches; runs/ stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build src/seqtwin.egg-info
