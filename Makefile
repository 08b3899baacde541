# chargelink: every target sets up what it needs. `make help` lists them.
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench fuzz histories torture torture-storage torture-power test-socketcan docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt tools/prepare
	@VENV=$(VENV) PYTHON="$(PYTHON)" tools/prepare

demo: $(READY) ## a whole simulated site: charge, guard, bill; ARGS=--once as a check
	$(BIN)/chargelink demo $(ARGS)

test: $(READY) ## all tests
	$(BIN)/pytest $(ARGS)

check: $(READY) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY) ## write the format that `make check` asks for
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## ratios against named references; ONLY=name runs one
	$(BIN)/python -m bench $(ONLY)

fuzz: $(READY) ## every decoder against hostile bytes; SECONDS=60 each, ONLY=name for one
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ONLY)

histories: $(READY) ## whole sessions with everything that goes wrong, billed to the fen; N=100000, SEED=n one again
	$(BIN)/python -m tests.money.histories $(or $(N),100000) $(if $(SEED),--seed $(SEED))

torture: $(READY) ## kill edge and hub under load; N=1000 kills, SEED=n repeats a run
	$(BIN)/python -m tests.torture $(or $(N),100) $(if $(SEED),--seed $(SEED))

torture-storage: $(READY) ## what losses of power would have left of a run; STATES=500
	$(BIN)/python -m tests.torture.shim $(or $(STATES),500) $(if $(SEED),--seed $(SEED))

torture-power: $(READY) ## cut the power of a virtual machine that records; CUTS=20
	$(BIN)/python -m tests.torture.power $(or $(CUTS),20) $(if $(SEED),--seed $(SEED))

test-socketcan: $(READY) ## the CAN port, the kernel's J1939 and a charge on SocketCAN, in a virtual machine
	$(BIN)/python -m tests.socketcan

docs: $(READY) ## write the generated tables and samples
	$(BIN)/python -m docs.generate

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
