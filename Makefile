# Each target is at most three lines; .ci/run calls the same ones.
PYTHON ?= $(if $(VIRTUAL_ENV),python,$(if $(wildcard .venv/bin/python),.venv/bin/python,python3))
OP ?= tanh
SANITIZE ?= address,undefined
RUNTIMES = $(foreach s,$(subst $(comma), ,$(SANITIZE)),$(shell $(CXX) -print-file-name=lib$(patsubst address,asan,$(patsubst undefined,ubsan,$(patsubst thread,tsan,$(s)))).so))
INSTRUMENTED = build/sanitize-$(subst $(comma),-,$(SANITIZE))
comma := ,

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

sanitize:   ## the engine's tests under sanitizers: make sanitize; make sanitize SANITIZE=thread
	cmake -S . -B $(INSTRUMENTED) -DLAMINA_SANITIZE=$(SANITIZE) -DPython_EXECUTABLE=$$($(PYTHON) -c "import sys; print(sys.executable)") \
	    -Dnanobind_DIR=$$($(PYTHON) -m nanobind --cmake_dir) && cmake --build $(INSTRUMENTED) --target _native -j2
	PYTHON=$(PYTHON) tools/with_sanitizer $(INSTRUMENTED) $(RUNTIMES)

wheel:      ## dist/lamina-*.whl
	$(PYTHON) -m pip wheel -q . --no-deps -w dist

clean:      ## what the targets above made, .venv excepted
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
