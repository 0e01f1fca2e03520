# make help lists the targets.
.DEFAULT_GOAL := help
.PHONY: help run test optimised conformance fuzz-smoke lint package descriptors

# For tests/validation.
export PROTOC := $(CURDIR)/target/clients/bin/protoc

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: ## serve proto/ on 127.0.0.1:9002
	cargo run --release -- serve

test: ## install the clients into target/clients, then run every test, the examples of the docs, and the conformance suites
	scripts/install-clients.sh
	cargo test --workspace --lib --bins --tests
	scripts/package.sh
	scripts/conformance.sh

optimised: ## build protod as users do, and hold it against the corpus and hostile calls; all other tests run a debug build
	scripts/install-clients.sh
	cargo build --release --bin protod
	PROTOD_BIN=$(CURDIR)/target/release/protod cargo test --test corpus
	PROTOD_BIN=$(CURDIR)/target/release/protod cargo test --test serve hostile

conformance: ## run the conformance suites of protobuf, connectrpc, protovalidate and h2spec
	scripts/conformance.sh

fuzz-smoke: ## fuzz every target for ten seconds, or FUZZ_SECONDS
	scripts/fuzz-smoke.sh

lint: ## formatting, clippy with and without features, documentation, dependencies; a warning fails
	cargo fmt --all --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	scripts/install-clients.sh protoc
	cargo clippy --workspace --all-targets -- -D warnings
	scripts/features.sh
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features
	cargo test --workspace --quiet --test dependencies

package: ## build protod, and run the examples of its docs, from the files of its package alone
	scripts/package.sh

descriptors: ## make descriptors/*.binpb again with protoc
	scripts/descriptors.sh
