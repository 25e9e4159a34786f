# Two commands: `make run` and `make test`. Each sets up what it needs, once.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
NODE := $(shell command -v node 2>/dev/null)
NPM := $(shell command -v npm 2>/dev/null)
GRAPHIQL := gateway/graphiql
BUNDLE := $(GRAPHIQL)/dist/graphiql.js
AUDIT := tests/audit/node_modules/.package-lock.json
PEERS := benchmarks/peers/node_modules/.package-lock.json
ROUTERS := $(addsuffix /node_modules/.package-lock.json,tests/supergraph tests/supergraph/hive)

.PHONY: run test supergraph deploy peers lint types docs load bench dist release schema lock clean \
	bundle audit

run: $(VENV)/.installed bundle  ## serve on http://127.0.0.1:8000
	@exec $(BIN)/python -m gateway serve

test: $(VENV)/.installed-dev bundle audit  ## run the whole suite, but for routers and releases
	$(BIN)/pytest -m "not supergraph and not deploy and not peers and not release" --cov --cov-report=term

supergraph: $(VENV)/.installed-dev $(ROUTERS)  ## compose, and ask through real routers
	$(BIN)/pytest -m supergraph

lint: $(VENV)/.installed-dev  ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-dev  ## check types, strictly
	$(BIN)/mypy
	$(BIN)/mypy -p benchmarks

docs: $(VENV)/.installed-dev  ## build the documentation into build/docs
	$(BIN)/sphinx-build -q -W -b html docs build/docs
	@echo "Open build/docs/index.html"

load: $(VENV)/.installed  ## overload the gateway, stop it under load, and count
	@$(BIN)/python benchmarks/load.py

deploy: $(VENV)/.installed-dev $(ROUTERS)  ## replace and kill gateways under load
	$(BIN)/pytest -m deploy

bench: $(VENV)/.installed $(PEERS)  ## measure the gateway beside its peers; needs nginx and wrk
	@$(BIN)/python -m benchmarks.bench $(ARGS)

peers: $(VENV)/.installed-dev $(PEERS)  ## see that the peers answer as the gateway does
	$(BIN)/pytest -m peers

dist: $(VENV)/.installed-dev  ## build wheel and sdist into dist/, with the GraphiQL page
ifeq ($(and $(NODE),$(NPM)),)
	@echo "Node or npm is missing: without them there is no GraphiQL page, and so no release."; exit 1
else
	@$(MAKE) --silent $(BUNDLE)
	@rm -rf dist *.egg-info
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --quiet
	@ls dist/*
endif

release: dist  ## try the wheel in an empty environment
	$(BIN)/pytest tests/release

schema: $(VENV)/.installed  ## write schema.graphql anew
	$(BIN)/python -m gateway schema > schema.graphql

lock: $(VENV)/.installed-dev  ## resolve the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK_FLAGS) $(EXTRAS) --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(LOCK_FLAGS) $(EXTRAS) --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile $(LOCK_FLAGS) --group page --constraint requirements-dev.lock \
		--output-file requirements-page.lock

EXTRAS := --extra otel --extra redis
LOCK_FLAGS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-strip-extras

clean:  ## remove everything that was built or installed
	rm -rf $(VENV) $(GRAPHIQL)/dist build dist *.egg-info
	rm -rf $(GRAPHIQL)/node_modules tests/audit/node_modules tests/supergraph/node_modules \
		tests/supergraph/hive/node_modules benchmarks/peers/node_modules

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 1; }
	@echo "Creating the environment in $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock | $(BIN)/python
	@echo "Installing the locked dependencies"
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies, and those of the tests"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.installed

# GraphiQL is built with Node. Without it the gateway serves a page that says so.
bundle:
ifeq ($(and $(NODE),$(NPM)),)
	@echo "Node or npm is missing: the GraphiQL page is not built. GraphQL is served all the same."
else
	@$(MAKE) --silent $(BUNDLE) || \
		echo "The GraphiQL page could not be built, see above. GraphQL is served all the same."
endif

# The audit suite is a Node program; without Node its test is skipped.
audit:
ifneq ($(and $(NODE),$(NPM)),)
	@$(MAKE) --silent $(AUDIT)
endif

%/node_modules/.package-lock.json: %/package-lock.json
	@echo "Installing the packages of $*"
	@cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLE): $(GRAPHIQL)/package-lock.json $(GRAPHIQL)/build.mjs $(wildcard $(GRAPHIQL)/src/*)
	@echo "Building the GraphiQL page"
	@cd $(GRAPHIQL) && npm ci --no-audit --no-fund --loglevel=error && node build.mjs
