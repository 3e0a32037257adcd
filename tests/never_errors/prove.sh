#!/bin/sh
# Proves with cvc5 that no policy errs on known facts. The solver comes from PyPI, into a virtual environment of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$here/../../target/never-errors
mkdir -p "$home"
home=$(cd "$home" && pwd)
if ! cmp -s "$here/requirements.txt" "$home/stamp" || ! [ -x "$home/venv/bin/python" ]; then
  rm -rf "$home/venv" "$home/stamp"
  "${PYTHON:-python3}" -m venv "$home/venv"
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$home/stamp"
fi
cargo run --locked --quiet --manifest-path "$here/Cargo.toml" --target-dir "$home" -- "$home/venv/bin/python" -B "$here/solver.py"
