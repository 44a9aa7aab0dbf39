# Two commands to know: `make demo` and `make test`. Both set everything up; a second call starts at once.
# `uv` is used when it is on the PATH, else python3 -m venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

ifdef UV
CREATE = $(UV) venv --quiet --allow-existing --python '>=3.11' $(VENV)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
CREATE = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aggregator needs Python 3.11 or newer: make PYTHON=python3.12 …")' && $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: demo run check test bench quality parity lock clean help

help:
	@echo 'make demo            the whole product on a small fictional newsroom (ARGS=--once ends after one day)'
	@echo 'make run             the service on the files in config/'
	@echo 'make test            lint, types, import contracts and tests (ARGS="-k name")'
	@echo 'make bench NAME=poll a benchmark; its last line is one JSON object'
	@echo 'make quality DATA=…  extraction scored on a folder of labelled pages, beside bare trafilatura and htmldate'
	@echo 'make parity          random queries: rules, both archives and a plain evaluator must agree (ARGS="--seed N --data FOLDER")'
	@echo 'make lock            renew the locked dependencies (needs uv)'

$(VENV)/.run: deploy/requirements.lock pyproject.toml
	@echo 'Setting up $(VENV) …'
	@$(CREATE)
	@$(INSTALL) --require-hashes -r deploy/requirements.lock
	@$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run tests/requirements.lock
	@echo 'Adding what the tests need …'
	@$(INSTALL) --require-hashes -r tests/requirements.lock
	@touch $@

demo: $(VENV)/.run
	@$(BIN)/aggregator demo $(ARGS)

run: $(VENV)/.run
	@$(BIN)/aggregator run $(ARGS)

check: $(VENV)/.run
	@$(BIN)/aggregator check

test: $(VENV)/.test
	@$(BIN)/pytest -n 2 $(ARGS)

bench: $(VENV)/.test
	@$(BIN)/python -m tests.bench.$(NAME) $(ARGS)

quality: $(VENV)/.test
	@$(BIN)/python -m tests.quality $(DATA) $(ARGS)

parity: $(VENV)/.test
	@$(BIN)/python -m tests.parity $(ARGS)

lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml -o deploy/requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml --extra postgresql -c deploy/requirements.lock -o deploy/postgresql.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml --extra chat -c deploy/requirements.lock -o deploy/chat.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 pyproject.toml --extra postgresql --extra chat --group dev -o tests/requirements.lock

clean:
	rm -rf $(VENV) demo-output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
