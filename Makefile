# Each target is at most three lines; .ci/run calls the same ones.
PYTHON ?= $(if $(VIRTUAL_ENV),python,$(if $(wildcard .venv/bin/python),.venv/bin/python,python3))
OP ?= tanh
SANITIZE ?= address
RUNTIME = $(shell $(CXX) -print-file-name=lib$(subst address,asan,$(subst undefined,ubsan,$(subst thread,tsan,$(SANITIZE)))).so)

.PHONY: setup build test check bench examples scatter sanitize wheel clean

setup:      ## a virtual environment in .venv with Lamina installed for development
	python3 -m venv .venv && .venv/bin/pip install -q scikit-build-core nanobind cmake ninja
	.venv/bin/pip install -q -e '.[test,check]' --no-build-isolation

build:      ## compile the engine again after a change in native/
	$(PYTHON) -m pip install -q -e . --no-build-isolation --no-deps

test:       ## the suite
	$(PYTHON) -m pytest

check:      ## everything that can be said without running the suite
	$(PYTHON) -m ruff check . && $(PYTHON) -m basedpyright
	$(PYTHON) tools/check_sizes.py && $(PYTHON) tools/check_imports.py
	$(PYTHON) tools/check_symbols.py build && $(PYTHON) tools/check_docs.py

bench:      ## the same work as the peers, timed
	$(PYTHON) -m bench

examples:   ## run every example and compare what it prints
	$(PYTHON) tools/run_examples.py

scatter:    ## the source files that know one op: make scatter OP=tanh
	@$(PYTHON) tools/scatter.py $(OP)

sanitize:   ## the suite's native tests under a sanitizer: make sanitize SANITIZE=undefined
	python3 -m venv build/sanitize && build/sanitize/bin/pip install -q '.[test]' \
	    -C cmake.define.LAMINA_SANITIZE=$(SANITIZE) -C build-dir=build/sanitize-$(SANITIZE)
	LD_PRELOAD=$(RUNTIME) ASAN_OPTIONS=detect_leaks=0 build/sanitize/bin/python -m pytest -k native

wheel:      ## dist/lamina-*.whl
	$(PYTHON) -m pip wheel -q . --no-deps -w dist

clean:      ## what the targets above made, .venv excepted
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
