# make run   the experiment of config/config.yaml (CONFIG=my.yaml lays a file over it)
# make test  the test suite          make lint    formatting and static checks
# make report  one HTML file         make clean   remove what was computed
# make memory  how full the translation memory is
# make soak  the long tests (minutes)
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
CONFIG ?=
BIN := .venv/bin
SNAKEMAKE := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: run report memory test soak lint format clean
.DELETE_ON_ERROR:

run: .venv/run.stamp
	$(SNAKEMAKE)
	@echo "Tables:"; ls results/*/table.md

report: run
	$(SNAKEMAKE) --report results/report.html

test: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadgroup

soak: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -s tests/soak

memory: .venv/run.stamp
	PYTHONPATH=workflow/scripts $(BIN)/python -m rematch.memory_command status

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(SNAKEMAKE) --lint

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

clean:
	rm -rf results resources/demo/corpus resources/word_statistics .snakemake

# torch first: the other packages then take the build that is there.
.venv/run.stamp: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q $$(grep -E '^torch==' requirements.txt)
	$(BIN)/python -m pip install -q -r requirements.txt
	touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	touch $@
