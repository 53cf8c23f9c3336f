# Yuntu's commands. Each sets up what it needs by itself, on a machine that has Python 3.11 and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PYTHONHOME PYTHONPATH

python := .venv/bin/python
arguments ?=

# Four workers, a file of tests each: much of a test is waiting, and what lasts longest comes first. They
# have to agree on the order of sets. One that dies is a failure; a second one, and it is over. One that
# stands still says where, and dies.
side_by_side := -n 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 1 \
	-o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true
test: export PYTHONHASHSEED := 0

.PHONY: help demo app screenshots test bench fuzz torture format lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: ## Render the bundled scene through server, queue and node; then show the bill
	@scripts/bootstrap.sh run
	@$(python) -m local_server demo $(arguments)

app: ## Open the window
	@scripts/bootstrap.sh window
	@$(python) -m local_server desktop $(arguments)

screenshots: ## Write every screen of the window to build/screenshots; arguments=--keep renews those of the docs
	@scripts/bootstrap.sh all
	@$(python) -m tests.desktop.screenshots $(arguments)

test: ## Check the format, the style and the types, and run every test
	@scripts/bootstrap.sh all
	@.venv/bin/ruff format --check . || { echo "make format puts this right" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/pytest -m "not torture" $(side_by_side) $(arguments)

bench: ## Measure: frames against plain Blender, no-op frames, start, memory, big databases
	@scripts/bootstrap.sh all
	@$(python) -m benchmarks $(arguments)

fuzz: ## Ask every route whatever its description allows and forbids, for minutes
	@scripts/bootstrap.sh all
	@YUNTU_FUZZ_CASES=$${YUNTU_FUZZ_CASES:-300} .venv/bin/pytest tests/local_server/test_fuzz.py $(arguments)

torture: ## Kill everything at random for minutes; nothing may be lost or paid twice
	@scripts/bootstrap.sh all
	@.venv/bin/pytest -m torture $(arguments)

bundle: ## Make dist/yuntu: one folder with one executable that needs no Python
	@scripts/bootstrap.sh all
	@.venv/bin/pyinstaller --noconfirm --log-level ERROR build.spec

bundle-test: ## Make a bundle elsewhere and render through it, with nothing of this checkout in reach
	@scripts/bootstrap.sh all
	@.venv/bin/pytest -m bundle $(arguments)

format: ## Put format and style right
	@scripts/bootstrap.sh run
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: ## Make requirements.lock anew; arguments=--upgrade takes newer versions
	@scripts/lock.sh $(arguments)

clean: ## Remove what these commands made, but for rendered frames
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
