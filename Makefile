# The first call of any target makes .venv and installs the package and its
# dependencies there; later calls reuse it until the metadata changes.

# The Python (>= 3.10) that makes .venv.
PYTHON ?= python3
# Passed on to the demo or to pytest, as in: make test ARGS='-k energy'
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ORIGINAL := .venv-original

.PHONY: help install demo test test-original lint format docs

help:
	@echo 'make demo    train and evaluate on a small made data set (CPU)'
	@echo 'make test    run the test suite'
	@echo 'make test-original  the same with the original OpenMMLab packages'
	@echo 'make lint    check style and types'
	@echo 'make format  bring the code into the checked style'
	@echo 'make docs    build the documentation site in site/'
	@echo 'make install only set up .venv, which the others do when needed'

install: $(READY)

demo: $(READY)
	$(BIN)/python tools/demo.py $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(ARGS)

# its torch can not read checkpoints without trusting them
test-original: $(ORIGINAL)/.ready
	COSA_TRUST_CHECKPOINT=1 $(ORIGINAL)/bin/python -m pytest $(ARGS)

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
define fit_opencv
$(1)/bin/python -c 'import cv2' 2>/dev/null || { \
    $(1)/bin/python -m pip uninstall --yes opencv-python && \
    $(1)/bin/python -m pip install --force-reinstall --no-deps \
        opencv-python-headless && \
    $(1)/bin/python -c 'import cv2'; }
endef

$(READY): pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit( \
	    "cosa_mmseg needs Python >= 3.10, found " + sys.version.split()[0] \
	    + ": make PYTHON=python3.12 install")'
	$(PYTHON) -m venv --upgrade-deps $(VENV)
	$(BIN)/python -m pip install --editable '.[dev]'
	$(call fit_opencv,$(VENV))
	@touch $@

# Not part of `install`: mmcv 2.1.0 comes as source and takes a C++ compiler
# minutes.  mmseg imports its ops, and nothing here runs one: they are compiled
# for the CPU and without optimisation.  --no-cache-dir, so that no wheel made
# for this torch is handed to another.
$(ORIGINAL)/.ready: tests/package_lines/original.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; \
	    (3, 10) <= sys.version_info < (3, 12) or sys.exit( \
	    "torch 2.1 needs Python 3.10 or 3.11, found " \
	    + sys.version.split()[0] + ": make PYTHON=python3.11 test-original")'
	$(PYTHON) -m venv --upgrade-deps $(ORIGINAL)
	$(ORIGINAL)/bin/python -m pip install \
	    --requirement tests/package_lines/original.txt
	$(call fit_opencv,$(ORIGINAL))
	CFLAGS='-O0 -g0' CUDA_VISIBLE_DEVICES= $(ORIGINAL)/bin/python -m pip \
	    install --no-build-isolation --no-cache-dir --no-deps mmcv==2.1.0
	$(ORIGINAL)/bin/python -m pip install --no-build-isolation --no-deps \
	    --editable .
	@touch $@
