# Every target brings what it needs: Debian packages (as root), .venv, test hosts.
SHELL := bash
# No start-up files: bash reads them when make was started over ssh.
.SHELLFLAGS := --norc -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo demo-down demo-info portal test check lint unit integration system molecule torture \
	bench bench-broker bench-laptop bench-portal screenshots lock clean venv hosts lint-python lint-types lint-yaml lint-shell lint-ansible

# mode of the demo: auto, hosts or local
MODE ?= auto
# where the demo's tables come from: csv or keboola
SOURCE ?= csv
# what laptops get beside their own room: it is checked for Windows as well
FOR_LAPTOPS = $(patsubst %,src/broker/%,errors.py files.py foreign laptop manifest metrics portable tables view_sql.py)
# where `make portal` listens, on loopback
PORT ?= 8080
# where `make screenshots` puts pictures, and parts of the names of those to make: all without
PICTURES ?= .cache/screenshots
ONLY ?=
# pytest workers: booted hosts wait more than they compute
WORKERS ?= 3
# order of the tests: long ones first, or any number: the seed of a random order
ORDER ?= long
# Debian of hosts, wherever a test or the demo does not ask for one: 12 or 13
DEBIAN ?= 13
$(if $(filter 12 13,$(DEBIAN)),,$(error DEBIAN is 12 or 13, not '$(DEBIAN)'))
export BROKER_DEBIAN := $(DEBIAN)
PYTEST := BROKER_TEST_ORDER=$(ORDER) .venv/bin/pytest --numprocesses=$(WORKERS) --dist=loadgroup \
	--timeout=1200 --durations=10 --durations-min=1

# Unit tests write small files by the thousand: into memory, where there is such a place.
UNIT_TMP := $(if $(wildcard /dev/shm/.),TMPDIR=/dev/shm)

# A machine that keeps no compiled modules would compile each of them in each of the processes.
unexport PYTHONDONTWRITEBYTECODE
# What a person set for their own Python, Ansible, pytest or terminal would change what tools do here.
unexport PYTHONOPTIMIZE PYTHONSAFEPATH PYTHONWARNINGS FORCE_COLOR CLICOLOR_FORCE PYTEST_ADDOPTS
unexport $(filter ANSIBLE_%,$(.VARIABLES))
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## A whole broker on throwaway hosts: deploy, load, sync, answer (MODE=local, SOURCE=keboola)
	@bin/bootstrap $(if $(filter local,$(MODE)),,--hosts)
	@.venv/bin/python -m demo up --mode $(MODE) --source $(SOURCE)

demo-info: venv ## Where the running demo is, as JSON: addresses, keys, folders
	@.venv/bin/python -m demo info

portal: venv ## The portal over the demo's data, on this machine alone, with sign-in (PORT=8080)
	@.venv/bin/python -m demo portal --port $(PORT)

demo-down: venv ## End the demo's hosts
	@.venv/bin/python -m demo down

test: ## Everything: linters, unit, integration, Molecule, booted hosts
	@SECONDS=0; $(MAKE) --no-print-directory hosts; echo "test: bootstrap took $$SECONDS s"
	@SECONDS=0; $(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync lint; \
	echo "test: linters took $$SECONDS s"
	$(PYTEST) tests

check: ## What a change needs while it is made: linters, unit tests, tests of what was touched
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync lint
	@touched=$$(.venv/bin/python -m tests.touched | xargs); set -x; \
	$(PYTEST) --numprocesses=2 tests/unit $$touched

lint: lint-python lint-types lint-yaml lint-shell lint-ansible ## All linters

lint-python: venv
	ruff check .
	ruff format --check .

lint-types: venv
	mypy
	mypy --strict rig/hosts rig/windows
	mypy --platform win32 $(FOR_LAPTOPS)

lint-yaml: venv
	yamllint --strict .

lint-shell: venv
	bin/shell-files | xargs -r shellcheck

lint-ansible: venv
	ansible-lint --offline

unit: venv ## Fast tests: no root, no hosts, no processes
	$(UNIT_TMP) $(PYTEST) --numprocesses=2 --dist=loadfile -o tmp_path_retention_policy=failed tests/unit

integration: venv ## Tests with real processes, sockets and files: no hosts
	$(PYTEST) tests/integration

system: hosts ## Tests on booted hosts (root), Molecule aside
	$(PYTEST) tests/system --deselect tests/system/test_molecule.py

molecule: hosts ## Both Molecule scenarios on booted hosts (root)
	$(PYTEST) tests/system/test_molecule.py

bench: ## Benchmarks, as tables and as JSON: of the broker, of the portal, and of a laptop
	@$(MAKE) --no-print-directory --keep-going bench-broker bench-portal bench-laptop

bench-broker: venv ## What the broker takes, beside DuckDB alone
	@mkdir -p .cache
	.venv/bin/python -m tests.benchmarks --output .cache/bench.json

bench-portal: venv ## Pages a second of the portal, over a catalog of 1,000 tables
	@mkdir -p .cache
	.venv/bin/python -m tests.benchmarks.portal --output .cache/bench-portal.json

screenshots: venv ## A picture of every page of the portal, into .cache/screenshots (Chromium)
	.venv/bin/python -m tests.integration.portal.look --output '$(PICTURES)' $(foreach one,$(ONLY),--only '$(one)')
	.venv/bin/python -m tests.integration.portal.pages --output '$(PICTURES)' $(foreach one,$(ONLY),--only '$(one)')

bench-laptop: hosts ## What a laptop takes, over ssh between booted hosts (root)
	@mkdir -p .cache
	.venv/bin/python -m tests.benchmarks.laptop --output .cache/bench-laptop.json

torture: hosts ## The long versions of the random tests
	.venv/bin/python -m tests.integration.sync.torture
	.venv/bin/python -m tests.integration.sources.keboola.torture
	BROKER_TORTURE=1 .venv/bin/pytest -q -n 2 --timeout=7200 tests/integration/hostile
	BROKER_TORTURE=1 .venv/bin/pytest -q -n 0 --timeout=7200 tests/integration/sync/test_histories.py \
	  tests/integration/sync/deliveries/test_oracle.py \
	  tests/integration/publish/test_kill.py tests/integration/publish/test_faults.py
	BROKER_TORTURE=1 .venv/bin/pytest -q -n 2 --timeout=7200 tests/integration/laptop/test_histories.py \
	  tests/integration/laptop/test_kills.py tests/integration/laptop/test_faults.py
	BROKER_TORTURE=1 .venv/bin/pytest -q -n 0 --timeout=7200 tests/system/laptop/test_faults.py

lock: venv ## Lock requirements/*.in with hashes
	bin/lock

clean: ## End this checkout's hosts, then remove all that was built
	@if [[ -d .cache/hosts/runs && $$EUID -eq 0 ]]; then python3 -m rig.hosts down --all; fi
	rm -rf .venv .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@bin/bootstrap

hosts:
	@bin/bootstrap --hosts --browser
