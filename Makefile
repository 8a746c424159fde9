# Two commands do everything on a fresh machine with Python 3.11+ and make:
#   make quickstart   set up, run the main job, end with the path of its report
#   make test         set up, run the tests
PYTHON ?= python3
VENV := .venv
STORE ?= store
MINUTES ?= 60
SEED ?= 0
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: quickstart test test-slow test-docs test-interop torture audit docs check format docs-reports package release clean

quickstart: $(READY)
	@$(BIN)/interplay run quickstart --scale micro --store $(STORE)

test: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest

# every code block of README.md and docs/, the slow ones too
test-docs: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/pages -m "slow or not slow"

test-slow: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

# a campaign of faults: kills, signals, damage, full disks, hostile input; ends with a table, and torture.json
torture: $(READY)
	@PYTHONPATH=src:tests OMP_NUM_THREADS=1 $(BIN)/python -m torture --minutes $(MINUTES) --seed $(SEED) --out torture.json

# the documentation site, in site/; nothing on it is loaded from elsewhere
docs: $(READY)
	@test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip install -q --disable-pip-version-check --no-deps -r requirements/docs.txt
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict -q && \
	  echo "site/index.html (its search needs a server: $(PYTHON) -m http.server -d site)"

# an environment of its own with the releases of other libraries, for the tests of interplay.interop
test-interop: $(READY)
	@test -x .venv-interop/bin/python || $(PYTHON) -m venv .venv-interop
	@echo "$(CURDIR)/$$(echo $(VENV)/lib/python3*/site-packages)" > $$(echo .venv-interop/lib/python3*/site-packages)/interplay_base.pth
	@.venv-interop/bin/python -m pip install -q --disable-pip-version-check --no-deps -r requirements/interop.txt
	@PYTHONPATH=src OMP_NUM_THREADS=1 .venv-interop/bin/python -m pytest -m interop tests/interop

check: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# licences of all dependencies into docs/licences.md; known faults of theirs where pip-audit and a network are there
audit: $(READY)
	@$(BIN)/python scripts/licences.py
	@$(BIN)/python -c "import pip_audit" 2>/dev/null || { echo "no pip-audit here: known faults were not looked up"; exit 0; }; \
	  $(BIN)/python -m pip_audit --skip-editable

format: $(READY)
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# pages of the documentation, all claims and the table in README.md, from the seeds and the small records that are committed
docs-reports: $(READY)
	@for folder in docs/seeds/*/; do [ -d "$$folder" ] || continue; \
	  $(BIN)/interplay records merge "$${folder%/}" --slim --out "docs/studies/$$(basename $$folder)" || exit 2; done
	@set -- docs/studies/tuning_*/; [ ! -d "$$1" ] || $(BIN)/interplay records tuning "$$@" --out docs/tuning.md
	@for folder in docs/studies/*/; do [ -d "$$folder" ] || continue; \
	  $(BIN)/interplay report "$${folder%/}" --markdown "$${folder%/}.md" || exit 2; done
	@$(BIN)/interplay claims docs/studies --out docs/claims.html --readme README.md

# wheel and sdist in dist/, each tried in an empty environment that holds neither torch nor this folder
package: $(READY)
	@PYTHON="$(PYTHON)" BUILDER="$(CURDIR)/$(BIN)/python" sh scripts/package.sh

# everything short of the upload, which stays the work of a person
release: check test docs package
	@PYTHON="$(BIN)/python" sh scripts/release.sh

# torch first and pinned, so that no other requirement picks a build of its own
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $(READY)

clean:
	rm -rf $(VENV) .venv-interop .venv-docs site store dist torture.json
