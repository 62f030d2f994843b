# One command: `make`. Everything that it installs lies in .venv.
PYTHON ?= python3
PIP_ARGS ?=
SUITE ?= quick
CORES ?= all
CONFIG ?=
PEERS ?=
BENCH ?=

VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
NAME := $(subst :,_,$(basename $(notdir $(SUITE))))
OUT := results/work/$(NAME)
REPORT := $(OUT)/report.html
SNAKEMAKE := $(BIN)/snakemake --quiet rules --config suite=$(SUITE) $(CONFIG)
PROFILE ?= benchmarks/workflow/profiles/laptop
SOURCES := impls tests benchmarks
MEASURE := $(BIN)/python benchmarks/measure.py

.DEFAULT_GOAL := suite
.PHONY: help install suite report dry-run test lint format unlock clean distclean
.PHONY: peers
.PHONY: bench bench-compare bench-publish bench-quick

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  SUITE=mammals    another suite, or a path to your own; SUITE=nouns:full names a budget"
	@echo "  PYTHON=python3.12  the interpreter of .venv (3.11 to 3.13)"
	@echo "  PIP_ARGS=...     more arguments of pip install, such as another index of wheels"

install: $(READY) ## .venv with the tested versions of constraints.txt

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 14) and \
		f"hardball needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make PYTHON=python3.12")'
	@echo "Installing into $(VENV), a few minutes ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check $(PIP_ARGS) \
		-c constraints.txt -e '.[dev]' > $(VENV)/pip.log 2>&1 || { tail -n 20 $(VENV)/pip.log; exit 1; }
	@touch $@

suite: $(READY) ## run SUITE (quick unless named), then say where its results lie
	@$(SNAKEMAKE) --workflow-profile $(PROFILE) --cores $(CORES)
	@test $(REPORT) -nt $(OUT)/plots || $(SNAKEMAKE) --report $(REPORT) > $(OUT)/logs/report.log 2>&1 \
		|| { tail -n 20 $(OUT)/logs/report.log; exit 1; }
	@echo "rows    $(OUT)/runs.csv"
	@echo "tables  $(OUT)/tables/"
	@echo "plots   $(OUT)/plots/"
	@echo "report  $(REPORT)"

dry-run: $(READY) ## what `make suite` would run
	@$(SNAKEMAKE) -n

test: $(READY) ## all tests
	@$(BIN)/python -m pytest

bench: $(READY) ## time and memory of every kernel of this commit; BENCH=regex narrows it
	@$(MEASURE) run --bench '$(BENCH)'

bench-compare: $(READY) ## this commit against BASE=commit; fails where a kernel got 25 % worse
	@test -n '$(BASE)' || { echo "name a commit: make bench-compare BASE=main"; exit 2; }
	@$(MEASURE) compare --bench '$(BENCH)' '$(BASE)'

bench-publish: $(READY) ## all commits' figures as web pages
	@cd benchmarks && ../$(BIN)/asv publish && echo "pages  benchmarks/.asv/html/index.html"

bench-quick: $(READY) ## a quick look, JAX beside PyTorch, uncommitted changes included
	@$(MEASURE) quick --bench '$(BENCH)'

peers: $(READY) ## gensim, geoopt, HypLL and this engine side by side; PEERS=options of `hardball peers`
	@$(BIN)/hardball peers $(PEERS)

lint: $(READY) ## formatting, types and the workflow's own linter
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile benchmarks/workflow/rules
	$(BIN)/snakemake --lint > $(VENV)/lint.log 2>&1 || { cat $(VENV)/lint.log; exit 1; }

format: $(READY) ## format all code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/snakefmt Snakefile benchmarks/workflow/rules

unlock: $(READY) ## after a killed run that left its lock
	@$(SNAKEMAKE) --unlock

clean: ## remove the results of suites, keep .venv and downloads
	rm -rf results/work .snakemake

distclean: clean ## remove .venv, downloads and built hierarchies too
	rm -rf $(VENV) datasets/cache
