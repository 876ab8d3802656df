# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= $(shell sh tools/find_python.sh)
VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage lint types imports golden schemas docs lock bench gate-study clean

help: ## Print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

demo: $(VENV)/demo ## Watch the gate pass on the example service, then fail on a harmless-looking patch
	@$(BIN)/python tools/demo.py

test: $(VENV)/dev components ## Run the tests (CI=true: on the built wheel, with every real component, nothing skipped)
	$(BIN)/pytest -q -rs --durations=20 -n $(JOBS) $(TESTS)

check: test lint types imports coverage ## Everything that .ci/run checks

PURE := codeops.core,codeops.gate,codeops.report
coverage: $(VENV)/dev ## Every branch of the pure packages is tested
	$(BIN)/coverage run --source=$(PURE) -m pytest -q tests/core tests/gate tests/report tests/every/test_reports.py
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered --fail-under=100

lint: $(VENV)/dev ## Format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev ## mypy, strict, on the package and on examples of its use
	$(BIN)/mypy
	$(BIN)/mypy tests/typing

imports: $(VENV)/dev ## The import contract
	$(BIN)/lint-imports

golden: $(VENV)/dev ## Rewrite the golden pages; read the difference in review
	CODEOPS_GOLDEN=1 $(BIN)/pytest -q tests/every/test_reports.py

schemas: $(VENV)/dev ## Rewrite the published JSON Schemas
	$(BIN)/python tools/schemas.py

docs: $(VENV)/dev ## Rewrite the generated pages of docs/
	$(BIN)/python tools/docs_prices.py
	$(BIN)/python tools/docs_libraries.py
	$(BIN)/python tools/docs_attributes.py
	$(BIN)/python tools/docs_instrument.py

lock: ## Pin the newest versions of all dependencies (needs uv)
	sh tools/lock.sh

bench: $(VENV)/dev ## Start-up times, the ledger's accuracy and overhead, memory of routes: about an hour
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/ledger/accuracy.py
	$(BIN)/python benchmarks/ledger/overhead.py
	$(BIN)/python benchmarks/memory.py

gate-study: $(VENV)/dev ## The studies of the gate beside other tools: about an hour and a half; what is there already is not run again
	$(PYTHON) -m venv $(VENV)/gate-study
	$(VENV)/gate-study/bin/pip install --quiet --requirement requirements/gate-study.txt
	$(BIN)/python benchmarks/gate/study.py --peers $(abspath $(VENV))/gate-study/bin/python --write

clean: ## Remove what make made
	rm -rf $(VENV) .demo build dist src/*.egg-info

.PHONY: components
components:
	@sh tools/components.sh

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@sh tools/install.sh $(BIN) demo
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@sh tools/install.sh $(BIN) dev
	@touch $@ $(VENV)/demo
