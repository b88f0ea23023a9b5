# Two commands on a fresh machine: `make demo` and `make test`. Everything generated lies under
# build/ (and .venv/). Needs Python 3.11+, make and a package index; nothing else installed by hand.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := build/demo

# A bytecode-less environment makes every import 2.5 to 6 times slower.
unexport PYTHONDONTWRITEBYTECODE
export AIRFLOW_HOME ?= $(CURDIR)/$(DEMO)/airflow
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help demo up test test-slow chaos lint format bench lock clean clean-all system setup setup-dev setup-spark test-servers java

help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup  ## Run the whole loop for the demo company on a real Airflow, from sources to a mailbox
	@$(BIN)/cxloop demo

up: setup  ## Airflow's UI with everything in it, until Ctrl-C
	@$(BIN)/cxloop up

test: setup-dev test-servers  ## Set up and pass all tests but the slow ones
	$(BIN)/python -m pytest -m "not chaos and not spark and not slow" -n 2 --no-loadscope-reorder --durations=25

test-slow: setup-dev setup-spark test-servers java  ## A real Spark cluster, started and stopped here; mutated dialects on Postgres
	$(BIN)/python -m pytest tests/parity tests/spark -m "spark or slow" --durations=10

chaos: setup-dev  ## Kill -9 twice in each of ten runs of the demo and 200 times in pulls, compare (an hour)
	CXLOOP_PULL_KILLS=200 $(BIN)/python -m pytest tests/journey/test_pull_storm.py -s
	$(BIN)/python -m pytest tests/journey -m chaos -s

lint: setup-dev  ## ruff, mypy --strict, sqlfluff, and the declarations of the demo
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@mkdir -p build/lint
	cd dbt_project && CXLOOP_LAKE=$(CURDIR)/build/lint CXLOOP_WAREHOUSE=$(CURDIR)/build/lint/lint.duckdb ../$(BIN)/sqlfluff lint models tests
	$(BIN)/cxloop check

format: setup-dev  ## Let ruff write the layout
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-dev  ## Print the ratios that the benchmarks measure
	$(BIN)/python -m tests.benchmarks

lock: $(VENV)/.bootstrap  ## Write the locks anew (hashes, no index addresses)
	$(BIN)/uv pip compile $(LOCK) --group bootstrap -o locks/bootstrap.lock
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group build --group dev --extra postgres -o locks/dev.lock
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group build -c locks/dev.lock -o locks/runtime.lock
	$(BIN)/uv pip compile $(LOCK) --group spark -o locks/spark.lock

LOCK := -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean:  ## Remove everything generated, keep the environment
	rm -rf build dbt_project/target dbt_project/logs .mypy_cache .ruff_cache .pytest_cache .hypothesis

clean-all: clean  ## Remove the environment too
	rm -rf $(VENV)

# --- set-up -----------------------------------------------------------------------------------

setup: $(VENV)/.runtime system
setup-dev: $(VENV)/.dev system

$(VENV)/.bootstrap: locks/bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cxloop needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Mend: make PYTHON=/path/to/python3.11 ...")'
	@echo "Setting up $(VENV) from the locks"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r locks/bootstrap.lock
	@touch $@

$(VENV)/.runtime: $(VENV)/.bootstrap locks/runtime.lock pyproject.toml
	@test -e $(VENV)/.dev || $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r locks/runtime.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.bootstrap locks/dev.lock pyproject.toml
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r locks/dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Spark's client has an environment of its own: pyspark beside Great Expectations breaks its import.
setup-spark: $(VENV)-spark/.client  ## Spark's client (dbt-spark, pyspark) in an environment of its own

$(VENV)-spark/.client: $(VENV)/.bootstrap locks/spark.lock
	@test -x $(VENV)-spark/bin/python || $(PYTHON) -m venv $(VENV)-spark
	@$(BIN)/uv pip install -q --python $(VENV)-spark/bin/python --require-hashes --compile-bytecode -r locks/spark.lock
	@touch $@

# Tests of the Postgres warehouse start a server of their own. Where there is none and this is root on
# Debian, it is installed; elsewhere these tests are skipped, and say so.
test-servers:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } || \
	  echo "No Postgres server, so its tests are skipped. Mend: apt-get install postgresql (Debian)"

# Spark's cluster needs Java 17. Where there is no Java and this is root on Debian, it is installed;
# elsewhere the tests of Spark are skipped, and say so.
java:
	@command -v java >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless >/dev/null; } || \
	  echo "No Java, so the tests of Spark are skipped. Mend: apt-get install openjdk-17-jre-headless (Debian)"

# PDF needs Pango. Where it is missing and this is root on Debian, it is installed; elsewhere the
# mend is printed.
PANGO := import ctypes.util as c, sys; sys.exit(not all(map(c.find_library, ("pango-1.0", "pangoft2-1.0", "harfbuzz"))))
system:
	@$(PYTHON) -c '$(PANGO)' || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null; } || { \
	  echo "PDF needs the Pango library. Mend: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (Debian), brew install pango (macOS)"; exit 1; }
