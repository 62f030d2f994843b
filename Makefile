# One command: `make`. Everything that it installs lies in .venv.
PYTHON ?= python3
PIP_ARGS ?=
SUITE ?= quick
CORES ?= all
CONFIG ?=
EXTRAS ?=
PEERS ?=
BENCH ?=
USUAL := timings\.(?!.*2609295)
SITE ?=
BASE ?=
FACTOR ?= 1.25
VERSION ?= v0.2

comma := ,
VENV := .venv
READY := $(VENV)/.ready$(addprefix -,$(subst $(comma),-,$(EXTRAS)))
DEV := $(VENV)/.dev
DOCS := $(VENV)/.docs
BIN := $(VENV)/bin
NAME := $(subst :,_,$(basename $(notdir $(SUITE))))
OUT := results/work/$(NAME)
REPORT := $(OUT)/report.html
CONFIGURED := --config suite=$(SUITE) $(CONFIG)
SNAKEMAKE := PYTHONPATH=$(CURDIR)/benchmarks/workflow/logger $(BIN)/snakemake
PROFILE ?= benchmarks/workflow/profiles/laptop
SOURCES := impls tests benchmarks tools docs/.site
MEASURE := $(BIN)/python benchmarks/measure.py
# Files go in the order of tests/conftest.py: xdist's own takes those of few tests last.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 10

# Every job and many tests begin by importing thousands of modules: those are compiled once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := suite
.PHONY: help install install-dev suite reproduce report dry-run test test-all lint format unlock
.PHONY: clean distclean site
.PHONY: peers wheel test-wheel docs install-hashed pins
.PHONY: bench bench-all bench-compare bench-publish bench-quick

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  SUITE=mammals    another suite, or a path to your own; SUITE=nouns:full names a budget"
	@echo "  EXTRAS=encoders  more that a suite needs, see its first lines"
	@echo "  PYTHON=python3.12  the interpreter of .venv (3.11 to 3.13)"
	@echo "  PIP_ARGS=...     more arguments of pip install, such as another index of wheels"

install: $(READY) ## .venv with what a suite needs, in the tested versions of constraints.txt

install-dev: $(DEV) ## the rest too: tests, linters, benchmarks, peers

install-hashed: | $(BIN)/python ## the rest too, every file checked against constraints-hashed.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --no-deps --require-hashes \
		$(PIP_ARGS) -r constraints-hashed.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY) $(DEV) $(DOCS)

pins: $(DEV) ## constraints-hashed.txt anew, after a change of constraints.txt; needs uv
	@mkdir -p build
	@uv pip compile -q pyproject.toml --extra dev -c constraints.txt --universal --python-version 3.11 \
		--format pylock.toml -o build/pylock.toml
	@$(BIN)/python tools/pin_hashes.py build/pylock.toml

# $(1): an extra of pyproject.toml; what is compiled on installing would be compiled on one core.
define pip
@echo "Installing into $(VENV) ($(1)), a minute or two ..."
@$(BIN)/python -m pip install -q --disable-pip-version-check --prefer-binary --no-compile $(PIP_ARGS) \
	-c constraints.txt -e '.[$(1)]' > $(VENV)/pip.log 2>&1 || { tail -n 20 $(VENV)/pip.log; exit 1; }
@touch $@
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 14) and \
		f"hardball needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(READY): constraints.txt pyproject.toml | $(BIN)/python
	$(call pip,suite$(addprefix $(comma),$(EXTRAS)))

$(DEV): $(READY)
	$(call pip,dev)

$(DOCS): constraints.txt pyproject.toml | $(BIN)/python
	$(call pip,docs)

suite: $(READY) ## run SUITE (quick unless named); ends with its answer and where its results lie
	@$(SNAKEMAKE) --logger hardball --workflow-profile $(PROFILE) --cores $(CORES) $(CONFIGURED)
	@test $(REPORT) -nt $(OUT)/plots \
		|| $(SNAKEMAKE) --report $(REPORT) $(CONFIGURED) > $(OUT)/logs/report.log 2>&1 \
		|| { tail -n 20 $(OUT)/logs/report.log; exit 1; }
	@echo
	@$(BIN)/python -m hardball answer $(OUT)
	@echo
	@echo "rows    $(OUT)/runs.csv"
	@echo "tables  $(OUT)/tables/"
	@echo "plots   $(OUT)/plots/"
	@echo "report  $(REPORT)"

reproduce: $(READY) ## all suites of VERSION again, hours; goes on where it stopped, ends with a comparison
	@$(SNAKEMAKE) --logger hardball --workflow-profile $(PROFILE) --keep-going --cores $(CORES) \
		--config version=$(VERSION) $(CONFIG)
	@$(BIN)/python -m hardball compare $(VERSION)

site: $(READY) ## results as a site to open in a browser; SITE=options of `hardball site`
	@echo "site    $$($(BIN)/hardball site $(SITE))"

dry-run: $(READY) ## what `make suite` would run
	@$(SNAKEMAKE) --quiet rules -n $(CONFIGURED)

test: $(DEV) ## the tests, two processes; of full crosses a part that has every value
	@$(PYTEST) -m "not full"

test-all: $(DEV) ## the tests, all of the full crosses, and JAX compiling as it does for users
	@JAX_DISABLE_MOST_OPTIMIZATIONS=0 $(PYTEST)

wheel: $(READY) ## the package as dist/hardball-VERSION-py3-none-any.whl
	@rm -rf build/lib
	@$(BIN)/python -m pip wheel -q --no-deps -w dist . && ls dist/*.whl

test-wheel: $(DEV) ## the wheel in a bare venv of every Python from 3.11 to 3.13 that is here
	@$(PYTEST) tests/unit/test_wheel.py -rs

docs: $(DOCS) ## the documents as a site that needs no network, in build/docs
	@$(BIN)/mkdocs build --quiet --strict && echo "docs    build/docs/index.html"

bench: $(DEV) ## times of this commit's kernels but those of millions of nodes; BENCH=regex for others
	@$(MEASURE) run --bench '$(or $(BENCH),$(USUAL))'

bench-all: $(DEV) ## time and memory of every kernel of this commit, at every size
	@$(MEASURE) run

bench-compare: $(DEV) ## this commit against BASE=commit; fails where a kernel is slower by FACTOR
	@test -n '$(BASE)' || { echo "name a commit: make bench-compare BASE=main"; exit 2; }
	@$(MEASURE) compare --factor $(FACTOR) --bench '$(BENCH)' '$(BASE)'

bench-publish: $(DEV) ## all commits' figures as web pages
	@cd benchmarks && ../$(BIN)/asv publish && echo "pages  benchmarks/.asv/html/index.html"

bench-quick: $(DEV) ## a quick look, JAX beside PyTorch, uncommitted changes included
	@$(MEASURE) quick --bench '$(BENCH)'

peers: $(DEV) ## gensim, geoopt, HypLL and this engine side by side; PEERS=options of `hardball peers`
	@$(BIN)/hardball peers $(PEERS)

lint: $(DEV) ## formatting, types, layers and the workflow's own linter
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow benchmarks/workflow/rules
	$(BIN)/snakemake --lint > $(VENV)/lint.log 2>&1 || { cat $(VENV)/lint.log; exit 1; }

format: $(DEV) ## format all code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/snakefmt Snakefile workflow benchmarks/workflow/rules

unlock: $(READY) ## after a killed run that left its lock
	@$(SNAKEMAKE) --unlock $(CONFIGURED)

clean: ## remove the results of suites, keep .venv and downloads
	rm -rf results/work .snakemake

distclean: clean ## remove .venv, downloads and built hierarchies too
	rm -rf $(VENV) datasets/cache
