# Each target sets up what it needs and does nothing twice. Start with: make compare, make test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN := .venv/bin
READY := .venv/ready
# what `make compare` shows first: a quick look at one study of the experiment output-or-hidden
FIRST := output-or-hidden/placenames
# Every study of experiments/: its folder there; with dashes for slashes its name under runs/ and reports/.
STUDIES := output-or-hidden/placenames output-or-hidden/digits output-or-hidden/sick output-or-hidden/stsb \
  output-or-hidden/toponyms output-or-hidden/trec forum-replay/as-told forum-replay/width-free \
  where-is-the-evidence padding scale cells \
  classify-output-or-hidden/trec classify-output-or-hidden/japanese-vowels classify-output-or-hidden/padding label-steps \
  context-vector/short context-vector/reconstruction context-vector/reconstruction-rnn context-vector/place-names \
  context-vector/pre-training context-vector/pre-training-frozen series
# the auto-encoder that the two studies of pre-training start from
START := runs/context-vector-start
VALIDATION := golden coverage null_grid power probes planted_bugs rerun

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

.PHONY: help compare experiments test test-all test-processors test-lowest check format bench soak soak-nightly validation retrieval defaults keep report-committed clean

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
	@$(BIN)/seqtwin compare experiments/$(FIRST)/study.yaml --quick --no-tune --out runs/output-or-hidden --jobs $(JOBS)
	@echo "open file://$(CURDIR)/runs/output-or-hidden/report/index.html"

$(START): | $(READY)
	@$(BIN)/seqtwin train configs/sick_autoencoder.yaml --out $@

experiments: $(READY) $(START) ## run every study of experiments/ as it is described there (hours); what is published is not run again
	@for study in $(STUDIES); do \
	  $(BIN)/seqtwin compare experiments/$$study/study.yaml --out runs/$${study//\//-} --jobs $(JOBS); \
	done

# The tests of a file share what they build, so one process runs them all. They start many processes, so compiled
# modules are saved even where the environment turns that off: compiling them anew takes a sixth of the whole run.
PYTEST = PYTHONDONTWRITEBYTECODE= $(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile -rs

test: $(READY) ## run all but the slow tests
	@$(PYTEST) -m "not long"

test-all: $(READY) ## run every test, including the slow ones
	@$(PYTEST)

test-processors: $(READY) ## run the numeric tests with the kernels of other processors
	@PYTHON=$(BIN)/python JOBS=$(JOBS) .ci/processors

test-lowest: $(READY) ## the README's first commands, from a wheel, with the lower bounds of all dependencies (downloads them)
	@PYTHON=$(BIN)/python .ci/lowest

check: $(READY) ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## put the code in the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## speed side by side, start-up times, and the figures of the README
	@$(ONE_THREAD) $(BIN)/python benchmarks/startup.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/report_time.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/safety_cost.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/engine.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/peers.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/placenames.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/sick.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/nearest.py
	@$(ONE_THREAD) $(BIN)/python benchmarks/onnx_speed.py
	@$(BIN)/python benchmarks/first_paint.py
	@$(BIN)/python benchmarks/search.py
	@$(BIN)/python benchmarks/matching.py

soak: $(READY) ## crashes, a failing disk, power losses and changed files: the counts of one change of the code (minutes)
	@$(ONE_THREAD) $(BIN)/python tests/faults/soak.py minutes

soak-nightly: $(READY) ## the same at full count; writes reports/reliability/ (an hour)
	@$(ONE_THREAD) $(BIN)/python tests/faults/soak.py nightly

validation: $(READY) ## hold the protocol to its acceptance figures; writes experiments/validation/ and its page
	@for check in $(VALIDATION); do $(ONE_THREAD) $(BIN)/python benchmarks/$$check.py; done

retrieval: $(READY) ## measure search and linking beside TF-IDF and Jaro-Winkler; writes experiments/retrieval/ and its page
	@$(ONE_THREAD) $(BIN)/python benchmarks/retrieval.py

defaults: $(READY) ## measure what the defaults rest on: starter config, n-grams, options of training, word vectors, thresholds, recipes (hours)
	@for measured in starter lexical training_options augmentation known_words corpus_precision rerank recipes distil taught_classes; do $(ONE_THREAD) $(BIN)/python benchmarks/$$measured.py; done

keep: $(READY) ## put the results of runs/ into experiments/, then remake reports/
	@for study in $(STUDIES); do \
	  run=runs/$${study//\//-}; \
	  $(BIN)/seqtwin report $$run; \
	  cp $$run/report/*.csv $$run/report/*.json experiments/$$study/; \
	done
	@$(MAKE) report-committed

report-committed: $(READY) ## remake reports/ from the committed results alone
	@for study in $(STUDIES); do \
	  rm -rf reports/$${study//\//-}; \
	  $(BIN)/seqtwin report experiments/$$study --pages-only --out reports/$${study//\//-}; \
	done
	@$(BIN)/python benchmarks/validated.py
	@$(BIN)/python benchmarks/retrieval_page.py

clean: ## remove .venv and all caches; runs/ stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build src/seqtwin.egg-info
