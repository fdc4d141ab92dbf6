# The two main commands are `make run` and `make test`. `YES=1` answers the question about system
# packages; `CLIENT=0` and `DESKTOP=0` leave out the tests that need the real Claude Code or a
# virtual desktop.

CARGO ?= cargo
NPM ?= npm

.PHONY: run run-here check test failpoint-programs bench truth pause-matrix answer-matrix faults recordings reports fuzz older-clients older-clients-check check-macos check-release package types picture clean

# On a Mac, the app runs from its bundle: outside of one it gets no notifications and no consents of
# its own.
MAC_APP := $(CURDIR)/target/macos/Trusty Bar.app

run:
	@sh .ci/prepare run
	@$(MAKE) --no-print-directory ui/dist/index.html
	@if [ "$$(uname)" = Darwin ]; then \
		sh packaging/macos/run --end-older "$(MAC_APP)" && \
		CARGO="$(CARGO)" sh packaging/macos/package app && \
		exec sh packaging/macos/run "$(MAC_APP)"; \
	else \
		$(MAKE) --no-print-directory run-here; \
	fi

run-here:
	$(CARGO) build --release --locked --package trusty-bar --package trusty-cli \
		--package trusty-hook
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		echo "Trusty Bar runs in the menu bar; Ctrl-C ends it."; \
		exec target/release/trusty-bar --open; \
	else \
		echo "There is no display here; showing the sessions in this terminal. Ctrl-C ends it."; \
		exec target/release/trusty watch; \
	fi

# nextest terminates tests that hang and runs one desktop at a time (.config/nextest.toml). Without
# nextest, `cargo test` runs the same tests.
RUN_TESTS := $(if $(shell $(CARGO) nextest --version 2> /dev/null),nextest run,test)

# The checks before a push: format, lints, unit tests, and the laws of ARCHITECTURE.md with their
# measurements. Under three minutes once everything is built.
check: ui/dist/index.html
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --package trusty-hook --locked -- -D warnings
	$(CARGO) $(RUN_TESTS) --workspace --lib --bins --locked --no-fail-fast
	$(CARGO) test --package trusty-laws --locked -- --nocapture --test-threads=1

# The list of skipped tests and their reasons. On a Mac, tests of what only Linux has (/proc, X,
# control groups) are not compiled, and count as skipped.
SKIP_LOG := $(CURDIR)/target/skipped
ON_MAC := $(filter Darwin,$(shell uname))

test:
	@sh .ci/prepare test
	@$(MAKE) --no-print-directory ui/dist/index.html
	cd ui && $(NPM) run check && $(NPM) test
	@if [ "$$CLIENT" = 0 ]; then \
		echo "skipped: tests with the real client (CLIENT=0)"; \
	elif [ -n "$(ON_MAC)" ]; then \
		echo "skipped: tests with the real client; run them with: sh .ci/macos-steps run client"; \
	else \
		$(MAKE) --no-print-directory tests/client/node_modules/.package-lock.json; \
	fi
	@$(if $(ON_MAC),:,$(MAKE) --no-print-directory target/schemathesis/installed target/views/views.js)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) build --workspace --locked
	@$(if $(ON_MAC),:,$(MAKE) --no-print-directory failpoint-programs)
	@rm -f $(SKIP_LOG)
	@$(if $(ON_MAC),mkdir -p target && sh .ci/linux-only-tests > $(SKIP_LOG),:)
	@TRUSTY_SKIP_LOG=$(SKIP_LOG) $(CARGO) $(RUN_TESTS) --workspace --locked --no-fail-fast; \
		code=$$?; sh .ci/print-skips $(SKIP_LOG); exit $$code

# Builds with failpoints, with which `trusty` kills itself at a step of a pause. Only the tests of
# kills use them; all other tests run what is shipped.
failpoint-programs:
	$(CARGO) build --package trusty-cli --package trusty-hook --features trusty-cli/failpoints \
		--target-dir target/faults --locked

# Benchmarks: ratios to Claude Code's own list, and medians. Takes minutes. `ONLY="answers hook"`
# measures only these.
bench: ui/dist/index.html tests/client/node_modules/.package-lock.json
	$(CARGO) build --release --workspace --features trusty-bar/automation --locked
	$(CARGO) bench --package trusty-tests --bench bench --locked -- $(ONLY)

# Compares what Trusty Bar shows of the real Claude Code with what is true. Takes ten minutes,
# during which the machine should be otherwise idle. `ONLY="escape-tool plan"` runs only these;
# `ONLY=--list` names all; `KEEP=1` also keeps the evidence of correct scenarios; `JSON=file` writes
# the raw data; `HOOKS=1` connects the hooks. After `make older-clients`, older versions are
# compared too.
truth: tests/client/node_modules/.package-lock.json
	$(CARGO) build --release --package trusty-cli --package trusty-hook --locked
	$(CARGO) bench --package trusty-tests --bench truth --locked -- $(ONLY) \
		$(if $(HOOKS),--connection hooks) $(if $(KEEP),--keep) $(if $(JSON),--json $(abspath $(JSON)))

# Every kind of pause in every terminal and state of the real Claude Code, and a kill after every
# step. Takes an hour, in runs of ten minutes: repeat until all is green. `ONLY="stop PtyZsh"` tries
# only these; `FRESH=1` starts over; `SAMPLE=40 SEED=word` tries the cells that the word draws.
pause-matrix: tests/client/node_modules/.package-lock.json
	$(CARGO) build --package trusty-cli --package trusty-hook --locked
	@$(MAKE) --no-print-directory failpoint-programs
	$(CARGO) bench --profile dev --package trusty-tests --bench pause_matrix --locked -- $(ONLY) \
		$(if $(FRESH),--fresh) $(if $(SAMPLE),--sample $(SAMPLE) --seed "$(SEED)")

# Every answer to the real Claude Code, given from here, in its terminal or in both at once, in both
# kinds of terminal, three times each, with the time that each takes. Takes half an hour, in runs of
# ten minutes: repeat until all is green. `ONLY="both PtyDirect"` tries only these; `FRESH=1` starts
# over; `SAMPLE=30 SEED=word` tries the cells that the word draws.
answer-matrix: tests/client/node_modules/.package-lock.json
	$(CARGO) build --package trusty-cli --package trusty-hook --locked
	$(CARGO) bench --profile dev --package trusty-tests --bench answer_matrix --locked -- $(ONLY) \
		$(if $(FRESH),--fresh) $(if $(SAMPLE),--sample $(SAMPLE) --seed "$(SEED)")

# Faults of the machine: random kills during pauses, full and read-only disks, a low limit on open
# files, sockets and folders that vanish, engines that hang, files of another user. Takes a quarter
# of an hour; `make test` tries fewer kills. `FAULT_SEED=…` repeats a run. For root, a skipped test
# is a failure unless `NO_SKIPS=0`.
FAULT_ROUNDS ?= 300
NO_SKIPS ?= $(if $(filter 0,$(shell id -u)),1,0)
faults: export TRUSTY_NO_SKIPS := $(NO_SKIPS)
faults: tests/client/node_modules/.package-lock.json
	$(CARGO) build --workspace --locked
	FAULT_ROUNDS=$(FAULT_ROUNDS) $(CARGO) test --workspace --locked --test faults -- --nocapture
	$(CARGO) test --workspace --locked --test local_api -- late_commands:: connection_limits:: engine_files:: leader_election:: peer_identity::
	$(CARGO) test --workspace --locked --test trusted_paths

# Records the real Claude Code in every scenario, with snapshots of what the recordings show. Takes
# a quarter of an hour. `ONLY="escape-tool plan"` records only these.
recordings: tests/client/node_modules/.package-lock.json
	$(CARGO) build --package trusty-cli --package trusty-hook --locked
	mkdir -p tests/recordings
	@if [ -z "$(ONLY)" ]; then rm -rf tests/recordings/*.jsonl tests/recordings/snapshots; fi
	RECORD="$(CURDIR)/tests/recordings" \
		$(CARGO) bench --profile dev --package trusty-tests --locked --bench truth -- $(ONLY)
	INSTA_UPDATE=always $(CARGO) test --package trusty-tests --locked --test recordings

# Makes the reports of Linux anew, with the real Claude Code.
reports: tests/client/node_modules/.package-lock.json
	$(CARGO) build --package trusty-cli --package trusty-hook --locked
	KEEP_REPORTS="$(CURDIR)/tests/reports" \
		$(CARGO) test --package trusty-tests --locked --test reports -- made::

# Fuzzes each decoder for a minute. Findings go to fuzz/artifacts; copied by hand into fuzz/corpus,
# they become test cases of `make test`.
FUZZ_SECONDS ?= 60
fuzz:
	@$(CARGO) fuzz --version > /dev/null 2>&1 || { \
		echo "make fuzz needs cargo-fuzz; install it with: cargo install cargo-fuzz" >&2; exit 1; }
	@command -v c++ > /dev/null || { \
		echo "make fuzz needs a C++ compiler for libFuzzer; install g++ or clang" >&2; exit 1; }
	@set -e; for target in $$($(CARGO) fuzz list); do \
		echo "$$target, $(FUZZ_SECONDS) s"; mkdir -p fuzz/grown/$$target; \
		$(CARGO) fuzz run --sanitizer none $$target fuzz/grown/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 -print_final_stats=1; \
	done

# Type-checks and lints the macOS side on Debian or Ubuntu.
check-macos:
	@sh .ci/check-macos

# On Debian or Ubuntu, what can be checked of the macOS package before a release: shell scripts and
# workflows, a real link of trusty-hook, a real signature. Downloads 700 MB of tools at first.
check-release:
	@sh .ci/check-release

# On a Mac, Trusty Bar.app and a disk image, in target/macos. MACOS.md says how both are signed.
package:
	@sh .ci/prepare run
	@$(MAKE) --no-print-directory ui/dist/index.html
	@CARGO="$(CARGO)" sh packaging/macos/package dmg

# The README's picture. Needs xcompmgr, hsetroot and the font Inter in addition to what the tests
# need.
picture: ui/dist/index.html tests/client/node_modules/.package-lock.json
	$(CARGO) build --workspace --locked
	$(CARGO) run --package trusty-tests --example picture --locked

# The wire format: Rust → ui/openapi.json → ui/src/schema.ts.
types: ui/node_modules/.package-lock.json
	BLESS=1 $(CARGO) test --package trusty-tests --test schema
	cd ui && $(NPM) run types

UI := $(shell find ui/src ui/index.html ui/vite.config.ts ui/package.json -type f 2>/dev/null)

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI)
	cd ui && $(NPM) run build

# The script that draws samples into the real web view, for the tests.
target/views/views.js: ui/node_modules/.package-lock.json $(UI)
	cd ui && $(NPM) run build -- --config vite.views.config.ts

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && $(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# The real Claude Code, under its own terms: downloaded for the tests, never redistributed.
tests/client/node_modules/.package-lock.json: tests/client/package-lock.json
	cd tests/client && $(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# Schemathesis, which tests the local API against its description.
target/schemathesis/installed: tests/local_api/requirements.txt
	@python3 -c "import ensurepip, venv" 2> /dev/null || { \
		echo "the tests need python3 with its module venv; install python3-venv" >&2; exit 1; }
	python3 -m venv --clear target/schemathesis
	target/schemathesis/bin/pip install --quiet --requirement $<
	@touch $@

# Older versions of Claude Code, which show or write less; 350 MB, so downloaded only on request.
OLDER := 2.0.77 2.1.90 2.1.120

# Versions of Claude Code in which hooks are tested, with holds and answers; 1 GB.
HOOKED := 2.1.160 2.1.212 2.1.260 2.1.280

# All tests with older versions of Claude Code; takes some minutes.
older-clients-check: older-clients $(HOOKED:%=tests/client-%/node_modules/.package-lock.json)
	$(CARGO) build --package trusty-cli --package trusty-hook --locked
	timeout 1800 $(CARGO) test --package trusty-tests --locked --test older --test older_hooks \
		--test screen --test hold -- --ignored --test-threads 1

older-clients: tests/client/node_modules/.package-lock.json \
		$(OLDER:%=tests/client-%/node_modules/.package-lock.json)

tests/client-%/node_modules/.package-lock.json: tests/client-%/package-lock.json
	cd tests/client-$* && $(NPM) ci --ignore-scripts --omit=optional --no-audit --no-fund
	@touch $@

clean:
	rm -rf target fuzz/target fuzz/grown ui/dist ui/node_modules tests/client/node_modules \
		tests/client-*/node_modules tests/artefacts gen
