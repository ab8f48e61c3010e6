# `make sweep` and `make test` set themselves up on a fresh machine: a .venv in this folder, built once.
PYTHON ?= python3.11
BIN := .venv/bin
RUNS ?= runs
EXPERIMENT ?= quickstart
PORT ?= 8080
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

.PHONY: help setup sweep study report browse dashboard test test-engines test-all bench gpu lint types lock clean
help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: .venv/installed  ## the virtual environment; TORCH=present takes the torch and torchvision that PYTHON has

.venv/installed: requirements.txt
ifeq ($(TORCH),present)
	test -x $(BIN)/python || $(PYTHON) -m venv --system-site-packages .venv
	$(BIN)/python -c "import torch, torchvision"
	grep -vE '^torch(vision)?[=<>~]' requirements.txt > .venv/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r .venv/requirements.txt
else
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
endif
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-browse.txt requirements-notebook.txt requirements-robots.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt \
		-r requirements-browse.txt -r requirements-notebook.txt -r requirements-robots.txt
	touch $@

.venv/installed-browse: .venv/installed requirements-browse.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-browse.txt
	touch $@

sweep: .venv/installed  ## run (or go on with) the quickstart sweep, then write and name its report
	$(BIN)/python run_sweep.py experiments/$(EXPERIMENT).yaml --runs $(RUNS) || test $$? = 3  # runs were lost: the report says which
	$(BIN)/python analyze.py $(RUNS)/$(EXPERIMENT)

study: .venv/installed  ## repeat a part of the published study and compare: make study NAME=given
	@test -f experiments/study_$(NAME).yaml || { echo "make study NAME=...: one of$(patsubst experiments/study_%.yaml, %,$(wildcard experiments/study_*.yaml))"; exit 2; }
	$(BIN)/python run_sweep.py experiments/study_$(NAME).yaml --runs $(RUNS) || test $$? = 3
	$(BIN)/python analyze.py $(RUNS)/study_$(NAME)
	@$(BIN)/python -m sweeps.compare_verdicts docs/study/$(NAME)/verdict.json $(RUNS)/study_$(NAME)/report/verdict.json

report: .venv/installed  ## write the report of a sweep: make report EXPERIMENT=quickstart
	$(BIN)/python analyze.py $(RUNS)/$(EXPERIMENT)

browse: .venv/installed  ## browse a sweep's runs in the terminal: make browse EXPERIMENT=quickstart
	$(BIN)/python -m sweeps.browse $(RUNS)/$(EXPERIMENT)

dashboard: .venv/installed-browse  ## browse a sweep's studies in a browser, on 127.0.0.1
	$(BIN)/python -m sweeps.dashboard $(RUNS)/$(EXPERIMENT) --port $(PORT)

test: .venv/installed-dev  ## the tests, some minutes
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-engines: .venv/installed-dev  ## real sweeps on a Slurm of two nodes on loopback, which it installs where it may
	tests/engines/install.sh
	$(BIN)/python -m pytest tests/engines -rs -m "engine and not slow" -n 2 --dist loadfile  # a cluster each

test-all: .venv/installed-dev  ## the slow tests too: real sweeps that are killed, a real browser, a real Ray, which it installs
	tests/engines/install.sh --ray
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not cuda and not engine"
	$(BIN)/python -m pytest tests/engines -rs -m engine

bench: .venv/installed-dev  ## speed, each against a baseline in the same run; writes benchmarks/results.json
	$(BIN)/python -m benchmarks

gpu: .venv/installed-dev  ## the tests and benchmarks that need a GPU; writes benchmarks/results-cuda.json
	@$(BIN)/python -m benchmarks.gpu

lint: .venv/installed-dev  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev  ## mypy, strict
	$(BIN)/mypy

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

lock: .venv/installed-dev  ## the lock files again, every package with its hashes, from requirements.txt
	$(COMPILE) requirements.txt -o requirements.lock
	grep -vE '^torch(vision)?==' requirements.txt > .cache/requirements-without-torch.txt
	$(COMPILE) .cache/requirements-without-torch.txt -c requirements.lock -o requirements-without-torch.lock

clean:          ## everything that can be made again, except runs
	rm -rf .venv .cache build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
