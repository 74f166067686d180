# Two commands matter: `make demo` and `make test`. Each is enough on a fresh machine: it makes .venv and installs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check format wheel clean

demo: .venv/installed
	$(BIN)/deskhand demo $(DEMO)

test: .venv/installed-dev
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile --cov --cov-report=term \
		--ignore=tests/docs $(TEST)  # those run in 'check'

check: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/docs

format: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wheel: .venv/installed-dev
	$(BIN)/python scripts/check_wheel.py

# constraints.txt holds the tested versions; without it pip would also fetch gigabytes of CUDA with the newest torch.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) 'pip>=25.1'
	$(PIP) --constraint constraints.txt --editable '.[all]'
	touch $@

.venv/installed-dev: .venv/installed
	$(PIP) --constraint constraints.txt --group dev
	touch $@

clean:
	rm -rf .venv dist deskhand-demo .pytest_cache .mypy_cache .ruff_cache .coverage
