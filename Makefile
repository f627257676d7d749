# The first call of any target makes .venv and installs the package and its
# dependencies there; later calls reuse it until the metadata changes.

# The Python (>= 3.10) that makes .venv.
PYTHON ?= python3
# Passed on to the demo or to pytest, as in: make test ARGS='-k energy'
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# a file of tests per process, as many as there are cores; -n 0 for one
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

.PHONY: help install demo test test-all lint format docs

help:
	@echo 'make demo    train and evaluate on a small made data set (CPU)'
	@echo 'make test    run the tests but for the slow ones'
	@echo 'make test-all  run these, then the slow ones'
	@echo 'make lint    check style and types'
	@echo 'make format  bring the code into the checked style'
	@echo 'make docs    build the documentation site in site/'
	@echo 'make install only set up .venv, which the others do when needed'

install: $(READY)

demo: $(READY)
	$(BIN)/cosa segment voc-small docs/images/cat.jpg --out work_dirs/demo/photo
	$(BIN)/cosa demo $(ARGS)

test: $(READY)
	$(PYTEST) -m 'not slow' --list-slow=10 $(ARGS)

test-all: test
	$(PYTEST) -m slow $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# strict: a warning, also of a link that leads nowhere, is an error. The
# variable leaves out an advertisement of the theme.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# OpenCV's usual package needs the system's libGL, which a machine without a
# screen may lack; its headless twin does not.
$(READY): pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit( \
	    "cosa_mmseg needs Python >= 3.10, found " + sys.version.split()[0] \
	    + ": make PYTHON=python3.12 install")'
	$(PYTHON) -m venv --upgrade-deps $(VENV)
	$(BIN)/python -m pip install --editable '.[dev]'
	$(BIN)/python -c 'import cv2' 2>/dev/null || { \
	    $(BIN)/python -m pip uninstall --yes opencv-python && \
	    $(BIN)/python -m pip install --force-reinstall --no-deps \
	        opencv-python-headless && \
	    $(BIN)/python -c 'import cv2'; }
	@touch $@
