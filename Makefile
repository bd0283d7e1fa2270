## make run          the experiment (CONFIG=my.yaml lays a file over config/config.yaml, or several)
## make report       results/<experiment>/report.html: all in one file
## make compare      two experiments' tables beside each other: A=config B=mine
## make new          a configuration for your files: NAME=mine DATA=articles.tsv PHOTOS=folder
## make check        what CONFIG=my.yaml would read and compute, and three articles after each step
## make why          what a run would compute, and why
## make verify       are inputs, code and results still what the experiment's record says
## make clean-stale  results that this configuration does not refer to; REMOVE=1 removes them
## make memory       how full the translation memory is
## make clean        remove what was computed
## make test         the test suite; make lint: formatting and static checks
## make soak         the long tests (over an hour)
## make test-cluster tests on a real Slurm, installed and started for them (Debian, as root)
## make browser      Chromium for the tests that open pages (Debian, as root)
## make docs         config/README.md's tables of methods and docs/data.md, from the code
## make format       the code as make lint wants it
## make lock         the versions of all packages anew, after a change of requirements*.txt
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
CONFIG ?=
BIN := .venv/bin
# As it was given: one file, whatever stands in its name; else several, with spaces between. Not every
# shell writes out the home in CONFIG=~/my.yaml.
export CONFIG_FILES := $(value CONFIG)
OVERLAYS := given=$$CONFIG_FILES; [[ $$given != "~/"* ]] || given=$$HOME/$${given:2}; \
	if [ -e "$$given" ]; then files=("$$given"); else read -ra files <<< "$$given"; fi; \
	for n in "$${!files[@]}"; do [[ $${files[n]} != "~/"* ]] || files[n]=$$HOME/$${files[n]:2}; done; \
	over=($${files:+--configfile "$${files[@]}"});
# Snakemake runs the Python in a config that asks for it (YTE) before the Snakefile can refuse it.
PLAIN := PYTHONPATH=workflow/scripts $(BIN)/python -m rematch.config.plain config/config.yaml "$${files[@]}" &&
SNAKEMAKE := $(OVERLAYS) $(PLAIN) PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES) "$${over[@]}"
COMMAND := $(OVERLAYS) PYTHONPATH=workflow/scripts $(BIN)/python -m

# The Pythons that the versions in requirements.lock are there for, and were tried with.
PYTHONS := 3.11 3.12 3.13
NEEDED := one of Python $(PYTHONS) is needed; name yours with make PYTHON=python3.11
SUITS := import sys; v = "%d.%d" % sys.version_info[:2]; ok = v in "$(PYTHONS)".split()
# A .venv that is not there, broken, or of another Python is made anew.
ANEW := $(shell $(BIN)/python -Ic '$(SUITS); import pip; sys.exit(not ok)' >/dev/null 2>&1 || echo new-venv)

# A container may run as a user without a home, which Snakemake needs before it reads the Snakefile.
ifndef HOME
export HOME := $(shell getent passwd "$$(id -u)" 2>/dev/null | cut -d: -f6 | grep . || echo $(CURDIR)/.home)
endif

.PHONY: help new check compare new-venv run report why verify clean-stale memory test browser soak test-cluster lint docs format lock clean
.DELETE_ON_ERROR:

run: .venv/run.stamp
	@$(OVERLAYS) $(PLAIN) PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=workflow/scripts \
		$(BIN)/python -m rematch.commands.run --cores $(CORES) "$${over[@]}"

report: run
	@$(OVERLAYS) PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=workflow/scripts \
		$(BIN)/python -m rematch.commands.report --cores $(CORES) "$${over[@]}"

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

new: .venv/run.stamp
	@$(if $(and $(NAME),$(DATA)),,echo "say what it is called and where its tables are: make new NAME=mine DATA=articles.tsv PHOTOS=folder" >&2; exit 1)
	@PYTHONPATH=workflow/scripts $(BIN)/python -m rematch.commands.new "$(NAME)" --articles $(DATA) $(if $(PHOTOS),--photos "$(PHOTOS)")

compare: .venv/run.stamp
	@PYTHONPATH=workflow/scripts $(BIN)/python -m rematch.commands.compare "$(A)" "$(B)"

check: .venv/run.stamp
	@$(COMMAND) rematch.commands.check "$${over[@]}"

test: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal

soak: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -s tests/soak

# Pages are opened in a real browser where there is one.
browser:
	command -v chromium || command -v chromium-browser || command -v chrome || \
		{ apt-get update -q && apt-get install -q -y --no-install-recommends chromium; }

test-cluster: .venv/dev.stamp
	SLURM_INSTALL=1 $(BIN)/python -m pytest tests/slurm

why: .venv/run.stamp
	@$(COMMAND) rematch.commands.why "$${over[@]}"

verify: .venv/run.stamp
	@$(COMMAND) rematch.commands.verify "$${over[@]}"

clean-stale: .venv/run.stamp
	@$(COMMAND) rematch.commands.stale $(if $(REMOVE),--remove) "$${over[@]}"

memory: .venv/run.stamp
	PYTHONPATH=workflow/scripts $(BIN)/python -m rematch.commands.memory status

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/mypy
	@$(SNAKEMAKE) --lint

docs: .venv/run.stamp
	@$(COMMAND) rematch.commands.docs

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

clean:
	rm -rf results resources/demo/corpus resources/word_statistics .snakemake

# For every system, and no newer than has to be: versions that the file has are kept.
lock: $(ANEW)
	$(BIN)/python -m pip install -q $$(grep -E '^uv==' requirements-dev.txt)
	$(BIN)/uv pip compile -q requirements.txt requirements-dev.txt -o requirements.lock \
		--universal --python-version 3.11 --no-annotate --custom-compile-command "make lock"

new-venv:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: $(NEEDED)" >&2; exit 1; }
	@$(PYTHON) -c '$(SUITS); ok or sys.exit("$(PYTHON) is Python " + sys.version.split()[0] + ": $(NEEDED)")'
	rm -rf .venv
	$(PYTHON) -m venv .venv

# torch first: the other packages then take the build that is there.
.venv/run.stamp: requirements.txt requirements.lock $(ANEW)
	@echo "setting up .venv: about 1.9 GB and 2 minutes, once" >&2
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -c requirements.lock $$(grep -E '^torch==' requirements.txt)
	$(BIN)/python -m pip install -q -c requirements.lock -r requirements.txt
	touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install -q -c requirements.lock -r requirements-dev.txt
	touch $@
