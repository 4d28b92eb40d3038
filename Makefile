# `make demo` and `make test` set up all that they need: Python 3.11+, make and git are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# tests start imgtool hundreds of times, and each start would compile it again
export PYTHONDONTWRITEBYTECODE :=
# what of pyproject.toml is installed
EXTRAS ?= dev

.PHONY: demo test e2e check setup generate docs bench clean

demo: setup
	$(BIN)/python fixtures/demo.py

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal -q

# every application of fixtures/projects and its rewrite, on the engine at DOCKER_HOST: the better part of an hour
e2e: setup
	$(BIN)/python -m pytest -q -m engine tests/e2e/test_projects_engine.py --every-project --engine-required

# what CI holds besides the tests: style, types, layers, generated files
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

generate: setup
	$(BIN)/python docs/generate.py

# the pages as a site with search, in site/
docs: setup
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[docs]'
	$(BIN)/zensical build --clean --strict

bench: setup
	$(BIN)/python -m pip install -q -e '.[bench]'
	$(BIN)/python benchmarks/lint.py fixtures
	$(BIN)/python benchmarks/size.py

# SECONDS of processor time for each kind; what breaks a promise lies in build/fuzz
SECONDS ?= 60
fuzz: setup
	for kind in grammar mutations configurations; do PYTHONPATH=tests/support $(BIN)/python -m fuzz $$kind --seconds $(SECONDS) || exit 1; done

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit("imgtool needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
