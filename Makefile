# Each target sets up what it needs and is quick the second time.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help demo test lint format bench check constraints clean

help:
	@echo "make demo    audit the packaged sandbox and write gesaudit-demo/audit.html, junit.xml, result.json"
	@echo "make test    run the tests"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make check   exactly what CI runs: lint, demo, test"
	@echo "make bench   measure the whole audit beside the official SDK; writes bench/RESULTS.md"

demo: $(STAMP)
	$(BIN)/gesaudit demo

test: $(STAMP)
	$(BIN)/pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python bench/run.py

check: lint demo test

# After a change of dependencies. No index lines: a pin must not say where it came from.
constraints: $(STAMP)
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url \
		--no-header --upgrade --output-file constraints.txt pyproject.toml

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

clean:
	rm -rf .venv gesaudit-demo
