# Countroom's commands. Everything they need they install beside this file, in .venv (to run) and .venv-dev (to work on it).
# Works from any folder: make -C path/to/checkout demo

SHELL := /bin/sh
.DEFAULT_GOAL := help
override ROOT := $(CURDIR)
PY := "$(ROOT)/.venv/bin/python"
DEV := "$(ROOT)/.venv-dev/bin/python"
IN_ROOT := cd "$(ROOT)" &&
PACKAGES := backoffice players wallet payments games bonuses compliance fraud reporting
export RESET PORT NAME QUICK FULL ITEM
unexport PYTHONDONTWRITEBYTECODE  # programs that are compiled anew at every start are slow to start

.PHONY: help demo dev signin manage test test-15 bench scorecard check words fix stop clean environment environment-dev

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*##' "$(ROOT)/Makefile" | sed 's/:.*## /\t/' | expand -t 14

demo: environment ## The whole casino in this terminal. PORT=8001 for another port, RESET=1 to start over
	@$(IN_ROOT) exec $(PY) -m backoffice.runtime demo

dev: environment ## PostgreSQL and Valkey alone, left running; prints their addresses as shell variables
	@$(IN_ROOT) exec $(PY) -m backoffice.runtime dev

signin: environment ## A current sign-in code for a role of the running demo: ROLE=payments-l1
	@$(if $(ROLE),,echo 'Say which role: make signin ROLE=payments-l1' >&2; exit 2;) $(IN_ROOT) exec $(PY) -m backoffice.runtime manage signin "$(ROLE)"

manage: environment ## A management command against the running demo: ARGS="verify"
	@$(IN_ROOT) exec $(PY) -m backoffice.runtime manage $(ARGS)

stop: environment ## End the demo and the development services of this checkout; the data stays
	@$(IN_ROOT) exec $(PY) -m backoffice.runtime stop

test: environment-dev ## All tests, on every core (four at most). ARGS="tests/wallet -k hold" for some, on one
	@$(IN_ROOT) exec $(DEV) -m pytest $(or $(ARGS),--numprocesses auto --maxprocesses 4 --dist worksteal)

test-15: environment-dev ## Only what runs on PostgreSQL 15: the ledger's, the record's and the name search's tests
	@$(IN_ROOT) exec $(DEV) -m pytest -m postgres15 $(ARGS)

bench: environment-dev ## Benchmarks, each ending in one JSON line. NAME=ledger for one; QUICK=1 or FULL=1; ARGS="--peer-sql FILE"
	@$(IN_ROOT) exec $(DEV) -m bench $(ARGS)

scorecard: environment-dev ## Measure what docs/ui-scorecard.md says and write it, 15 minutes. ITEM="9 12" for some, only printed
	@$(IN_ROOT) exec $(DEV) -m tests.e2e.scorecard

check: environment-dev ## Format, lint, types, layers, migrations, settings, templates, words, dead links
	@set -e; $(IN_ROOT) PATH="$(ROOT)/.venv-dev/bin:$$PATH"; COUNTROOM_ENV=test DJANGO_SETTINGS_MODULE=backoffice.settings; export PATH COUNTROOM_ENV DJANGO_SETTINGS_MODULE; \
	step() { echo "── $$*"; "$$@"; }; \
	step ruff format --check .; \
	step ruff check .; \
	step mypy $(PACKAGES); \
	step lint-imports; \
	step python -m tests.tools.with_services manage.py makemigrations --check --dry-run -- manage.py check; \
	step djlint --lint --quiet templates; \
	step python -m tests.tools.catalogue --check; \
	step python tests/tools/dead_links.py README.md CHANGELOG.md docs

words: environment-dev ## Bring the German catalogue up to date with the code, compile it and say what has no German yet
	@$(IN_ROOT) COUNTROOM_ENV=test DJANGO_SETTINGS_MODULE=backoffice.settings $(DEV) -m tests.tools.catalogue

fix: environment-dev ## Put format and imports right
	@$(IN_ROOT) .venv-dev/bin/ruff check --fix . ; .venv-dev/bin/ruff format .

clean: environment stop ## Remove the demo's data, caches and environments
	@$(IN_ROOT) $(PY) -m backoffice.runtime clean
	@$(IN_ROOT) rm -rf .venv .venv-dev .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

environment:
	@$(call synchronise,.venv,requirements.lock)

environment-dev:
	@$(call synchronise,.venv-dev,requirements-dev.lock)

# Make the environment $(1) hold exactly what the lock $(2) says. Quick when it does already: the lock is kept in it as the
# stamp, written last, so that an interrupted run is done again.
define synchronise
cd "$(ROOT)" || exit 1; \
cmp -s "$(2)" "$(1)/.synchronised" && "$(1)/bin/python" -c '' 2>/dev/null && exit 0; \
fail() { printf '%s\n' "$$@" >&2; exit 1; }; \
found=; \
for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
done; \
[ -n "$$found" ] || fail 'Countroom needs Python 3.11 or newer, and none is on the PATH.' 'Install it, or name one: make $@ PYTHON=/path/to/python3.12'; \
rm -f "$(1)/.synchronised"; \
if ! "$(1)/bin/python" -c 'import pip' 2>/dev/null; then \
  echo "Making $(1) with $$("$$found" --version)." >&2; \
  rm -rf "$(1)"; \
  "$$found" -m venv "$(1)" || { rm -rf "$(1)"; fail "$$found cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; }; \
fi; \
python="$(1)/bin/python"; \
"$$python" -m uv --version >/dev/null 2>&1 || "$$python" -m pip install --quiet --disable-pip-version-check uv || true; \
echo "Installing what $(2) lists into $(1)." >&2; \
{ "$$python" -m uv --version >/dev/null 2>&1 && "$$python" -m uv pip sync --quiet --compile-bytecode --python "$$python" --require-hashes "$(2)"; } \
|| { echo 'uv could not do it; trying pip.' >&2; "$$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$(2)"; } \
|| fail "What $(2) lists could not be installed; the reason is above." 'Without a network, point pip at packages that you have (its own settings: PIP_INDEX_URL, PIP_FIND_LINKS).'; \
cp "$(2)" "$(1)/.synchronised"
endef
