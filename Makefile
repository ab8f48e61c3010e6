# `make sweep` and `make test` set themselves up on a fresh machine: a .venv in this folder, built once.
PYTHON ?= python3.11
BIN := .venv/bin
RUNS ?= runs
EXPERIMENT ?= quickstart

.PHONY: help setup sweep report test test-all bench lint types clean
help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: .venv/installed  ## the virtual environment

.venv/installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

sweep: .venv/installed  ## run (or go on with) the quickstart sweep, then write and name its report
	$(BIN)/python run_sweep.py experiments/$(EXPERIMENT).yaml --runs $(RUNS)
	$(BIN)/python analyze.py $(RUNS)/$(EXPERIMENT)

report: .venv/installed  ## write the report of a sweep: make report EXPERIMENT=quickstart
	$(BIN)/python analyze.py $(RUNS)/$(EXPERIMENT)

test: .venv/installed-dev  ## the tests, some minutes
	$(BIN)/python -m pytest

test-all: .venv/installed-dev  ## the slow tests too: real sweeps that are killed, a real browser
	$(BIN)/python -m pytest -m "not cuda"

bench: .venv/installed-dev  ## speed, each against a baseline in the same run; writes benchmarks/results.json
	$(BIN)/python -m benchmarks

lint: .venv/installed-dev  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev  ## mypy, strict
	$(BIN)/mypy

clean:          ## everything that can be made again, except runs
	rm -rf .venv .cache build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
