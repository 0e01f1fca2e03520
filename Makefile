# make help lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run test conformance fuzz-smoke lint descriptors

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: ## serve proto/ on 127.0.0.1:9002
	cargo run --release -- serve

test: ## fetch the outside clients into target/clients, then run every test
	scripts/install-clients.sh
	cargo test
	PROTOC=$(CURDIR)/target/clients/bin/protoc cargo test -p sample-validation
	scripts/conformance.sh protobuf

conformance: ## run the conformance suites of protobuf, connectrpc and h2spec
	scripts/conformance.sh

fuzz-smoke: ## fuzz every target for ten seconds, or FUZZ_SECONDS
	scripts/fuzz-smoke.sh

lint: ## formatting, clippy and the documentation; a warning fails
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

descriptors: ## make descriptors/*.binpb anew with protoc
	scripts/descriptors.sh
