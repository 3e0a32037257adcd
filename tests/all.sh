#!/bin/sh
# Everything that must hold before a change lands: form, lints, dependencies, tests, the controls' own cases, documentation.
set -eu
cd "$(dirname "$0")/.."
step() { printf '\n== %s\n' "$*"; "$@"; }

step cargo fmt --check
# Crates of their own, which this build does not know.
step rustfmt --check --edition 2024 benches/rivals/src/main.rs benches/rivals/src/bin/inventory.rs tests/never_errors/src/main.rs
step cargo clippy --locked --all-features --all-targets -- -D warnings
step cargo clippy --locked --no-default-features -- -D warnings
if command -v cargo-nextest >/dev/null 2>&1; then
  step cargo nextest run --locked --all-features --no-fail-fast
else
  step cargo test --locked --all-features --no-fail-fast
fi
step cargo run --locked --quiet -- controls check
# That no policy errs on known facts, and that no run takes more instructions than it did.
step sh tests/never_errors/prove.sh
step sh benches/instructions.sh
# Whether the local AWS that the tests ask answers as AWS does.
step "$(sh tests/aws/install.sh)" -B tests/aws/check.py
# Whether events of other accounts and Regions reach the stack.
step "$(sh tests/aws/install.sh)" -B tests/template/sent.py
# The templates, the state machine and the CDK app.
step sh tests/template/lint.sh
step env RUSTDOCFLAGS="-D warnings" cargo doc --locked --all-features --no-deps --quiet
command -v cargo-deny >/dev/null 2>&1 || step cargo install --locked --quiet cargo-deny --version 0.20.2
step cargo deny --locked check bans licenses sources
