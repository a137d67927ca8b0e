# The jobs of this repository; `make` alone lists them. Each one sees to what it needs by itself.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The order of a list of steps is its meaning: what fails cheaply comes first. Cargo and Vite use every core anyway.
.NOTPARALLEL:
# A recipe is one script.
.ONESHELL:

TARGET := $(or $(CARGO_TARGET_DIR),target)
STEP := .ci/step

# Tools of the checks live in the target folder, so that a cache of it keeps them. A debug build of cargo-deny takes a
# minute and checks the tree in two seconds; an optimised one takes several minutes.
DENY_VERSION := 0.20.2
DENY_ROOT := $(TARGET)/tools/cargo-deny-$(DENY_VERSION)
DENY := $(DENY_ROOT)/bin/cargo-deny

# Fuzz targets take what Rust keeps for its nightly releases, hence the variable; see tests/fuzz.
FUZZ_VERSION := 0.13.2
FUZZ_ROOT := $(TARGET)/tools/cargo-fuzz-$(FUZZ_VERSION)
FUZZ := $(FUZZ_ROOT)/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard tests/fuzz/fuzz_targets/*.rs)))

# npm writes this file at the end of an installation, so it tells when one happened.
UI_PACKAGES := ui/node_modules/.package-lock.json
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)
UI_BUILT := ui/dist/index.html

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## build Proxydeck and open its window (without a screen: do the main job in the terminal)
	@if [[ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]]; then
		exec $(TARGET)/release/proxydeck-desktop
	fi
	echo "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open."
	echo "The same job in the terminal, on a simulated internet:"
	$(STEP) "the lab, release build" cargo build --locked --release -p proxydeck-tests --bin proxydeck-lab
	tests/demo terminal $(TARGET)/release

.PHONY: demo
demo: release ## open the window on a simulated internet, with a data folder of its own
	@$(STEP) "the lab, release build" cargo build --locked --release -p proxydeck-tests --bin proxydeck-lab
	tests/demo window $(TARGET)/release

.PHONY: test
test: deps-test format-check ui-packages ui-check ui-lint ui-licences ui-test ui-build clippy licences rust-build rust-test ## everything that must hold for a commit
	@echo "All steps passed."

.PHONY: bench
bench: bench-programs ## measure the checker against the least that its work can cost: CPU, memory, time
	@cargo bench --locked -p proxydeck-benches --bench check

.PHONY: fuzz
fuzz: deps $(FUZZ) ## feed any bytes to whatever reads strangers' bytes, a minute each (FUZZ_SECONDS, FUZZ_TARGETS)
	@for name in $(FUZZ_TARGETS); do
		mkdir -p "tests/fuzz/corpus/$$name"
		$(STEP) "fuzz $$name" env RUSTC_BOOTSTRAP=1 $(FUZZ) run --fuzz-dir tests/fuzz --target-dir $(TARGET)/fuzz \
			"$$name" "tests/fuzz/corpus/$$name" "tests/fuzz/seeds/$$name" -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 -print_final_stats=1
	done

.PHONY: lint
lint: deps format-check ui-packages ui-check ui-lint ui-licences ui-build clippy licences ## every check that runs no test

.PHONY: fmt
fmt: ui-packages ## bring the sources into shape
	@cargo fmt --all
	npm --prefix ui run --if-present format

.PHONY: deps
deps: ## install what the build needs from the system, if it is missing
	@.ci/deps build

.PHONY: deb
deb: deps $(UI_PACKAGES) ## build the Debian package
	@$(STEP) "Debian package" ui/node_modules/.bin/tauri build --bundles deb -- --locked
	ls -1 $(TARGET)/release/bundle/deb/*.deb

.PHONY: icons
icons: $(UI_PACKAGES) ## draw every size of the mark again
	@icons/make

# Whatever downloads and converts lies in the target folder; what is committed is the outcome, so that no build needs
# this. The versions that came are to be written into SOURCES.md.
GEO := $(TARGET)/geo

.PHONY: geo
geo: ## make the files of countries and networks anew, from packages that are downloaded
	@rm -rf $(GEO)
	mkdir -p $(GEO)/countries $(GEO)/networks
	out=$(CURDIR)/src-tauri/geo/data
	cd $(GEO)
	$(CURDIR)/$(STEP) "countries, Debian package" apt-get download tor-geoipdb
	dpkg-deb -x tor-geoipdb_*.deb countries
	$(CURDIR)/$(STEP) "networks, npm package" npm pack @ip-location-db/asn
	tar -xzf ip-location-db-asn-*.tgz -C networks
	cd $(CURDIR)
	$(STEP) "conversion" cargo run --locked --release -p proxydeck-geo --example convert -- \
		$(GEO)/countries/usr/share/tor/geoip $(GEO)/countries/usr/share/tor/geoip6 \
		$(GEO)/networks/package/asn-ipv4.csv $(GEO)/networks/package/asn-ipv6.csv "$$out"
	ls -l "$$out"
	echo "From $$(ls $(GEO) | grep -E '\.(deb|tgz)$$' | paste -sd ' '): write these versions into src-tauri/geo/data/SOURCES.md."

.PHONY: third-party
third-party: $(DENY) $(UI_PACKAGES) ## list the licences of all crates, npm packages, data and fonts
	@{ $(DENY) --log-level error list; node ui/scripts/licences.mjs --list; echo; cat src-tauri/geo/data/SOURCES.md \
		src-tauri/charts/fonts/LICENSE; } > $(TARGET)/THIRD-PARTY
	echo "$(TARGET)/THIRD-PARTY"

# The steps, in the order in which `test` runs them.

.PHONY: deps-test format-check ui-packages ui-check ui-lint ui-licences ui-test ui-build clippy licences rust-build \
	rust-test release bench-programs
deps-test:
	@$(STEP) "system packages" .ci/deps test

format-check:
	@$(STEP) "format" cargo fmt --all --check

ui-packages: $(UI_PACKAGES)
ui-build: $(UI_BUILT)

ui-check: $(UI_PACKAGES)
	@$(STEP) "interface: types" npm --prefix ui run check

ui-lint: $(UI_PACKAGES)
	@$(STEP) "interface: lint" npm --prefix ui run lint

ui-licences: $(UI_PACKAGES)
	@$(STEP) "interface: licences" npm --prefix ui run licences

ui-test: $(UI_PACKAGES)
	@$(STEP) "interface: tests" npm --prefix ui test

# The shell's crate takes the built interface in when it is compiled, hence the order.
clippy: $(UI_BUILT)
	@$(STEP) "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings

# Advisories need a download of their own database and are left to whoever has the network: see deny.toml.
licences: $(DENY)
	@$(STEP) "crates: bans, licences, sources" $(DENY) --log-level error check bans licenses sources

rust-build: $(UI_BUILT)
	@$(STEP) "build" cargo build --locked --workspace --all-targets

rust-test: $(UI_BUILT)
	@$(STEP) "tests" cargo test --locked --workspace

release: deps $(UI_BUILT)
	@$(STEP) "release build" cargo build --locked --release -p proxydeck-desktop -p proxydeck-cli \
		--features proxydeck-desktop/custom-protocol

# Without the window, so that neither its libraries nor the interface are needed.
bench-programs:
	@$(STEP) "what is measured, release build" cargo build --locked --release -p proxydeck-cli -p proxydeck-tests \
		-p proxydeck-benches --bins

# Files.

# No package that we use needs its install script, so none is run.
$(UI_PACKAGES): ui/package.json ui/package-lock.json
	@$(STEP) "npm packages" npm --prefix ui ci --ignore-scripts

$(UI_BUILT): $(UI_PACKAGES) $(UI_SOURCES)
	@$(STEP) "interface: build" npm --prefix ui run build
	touch $@

$(DENY):
	@$(STEP) "cargo-deny $(DENY_VERSION)" cargo install --locked --debug --config profile.dev.debug=0 \
		--root $(DENY_ROOT) cargo-deny@$(DENY_VERSION)

$(FUZZ):
	@$(STEP) "cargo-fuzz $(FUZZ_VERSION)" cargo install --locked --debug --config profile.dev.debug=0 \
		--root $(FUZZ_ROOT) cargo-fuzz@$(FUZZ_VERSION)
