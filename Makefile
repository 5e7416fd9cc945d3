# Everything a person or a machine runs here. Needs make and Python 3.11 or later; all else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check
EXAMPLES := expansion_history michaelis_menten two_exponentials external_program

.PHONY: help env demo test test-all check docs bench clean
.DELETE_ON_ERROR:

help:
	@echo "make env       make .venv with all that development needs"
	@echo "make demo      fit the four examples and write their reports (installs only what running needs)"
	@echo "make test      the tests, without the slow ones"
	@echo "make test-all  all tests"
	@echo "make check     ruff, pyright and the rules of the floors"
	@echo "make docs      the documentation, into site/"
	@echo "make bench     the benchmarks, in an environment of their own"
	@echo "make clean     remove what was built; environments stay"

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "parametra needs Python 3.11 or later, and $(PYTHON) is older. Name another one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# Order-only: making an environment is no reason to install again, a changed pyproject.toml is.
.venv/.stamp-run: pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing parametra and what it needs into .venv (once, a minute or two) ..."
	$(BIN)/python $(PIP) --editable .
	@touch $@

.venv/.stamp: pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing parametra and the tools of development into .venv (once, a minute or two) ..."
	$(BIN)/python $(PIP) --editable '.[dev]'
	@touch .venv/.stamp-run $@

.venv-bench/.stamp: benchmarks/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(PIP) --editable . --requirement benchmarks/requirements.txt
	@touch $@

env: .venv/.stamp

demo: .venv/.stamp-run
	@set -e; for example in $(EXAMPLES); do \
	  echo; echo "== examples/$$example =="; \
	  echo "\$$ parametra fit examples/$$example/problem.toml"; \
	  $(BIN)/parametra fit "examples/$$example/problem.toml"; \
	  echo "\$$ parametra report examples/$$example/out"; \
	  $(BIN)/parametra report "examples/$$example/out"; \
	done
	@echo; echo "The reports, each one file for a browser:"; \
	for example in $(EXAMPLES); do echo "  examples/$$example/out/report.html"; done

# Two processes, each with one thread for linear algebra: as many cores as continuous integration has.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test: .venv/.stamp
	$(PYTEST) -m "not slow"

test-all: .venv/.stamp
	$(PYTEST)

check: .venv/.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_floors.py

docs: .venv/.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: .venv-bench/.stamp
	.venv-bench/bin/python benchmarks/run.py

clean:
	rm -rf build dist site .pytest_cache .ruff_cache .hypothesis .jaxtyping_cache $(EXAMPLES:%=examples/%/out)
	find src tests benchmarks examples docs -name __pycache__ -type d -prune -exec rm -rf {} +
