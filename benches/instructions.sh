#!/bin/sh
# Counts the instructions of one small run, `audit examples/acme`, under valgrind and compares them with benches/instructions.txt:
# more than 3 % apart fails. Time on a machine that others share proves nothing; this does.
#
#   sh benches/instructions.sh            compares
#   sh benches/instructions.sh --record   writes down what it counts
#
# What is counted is the release build without AWS, alone on one thread where it can be told so, in an environment of its own.
# Only hash seeds differ between runs, by 0.1 % or so. valgrind emulates an x86-64 with AVX2 and without SHA extensions
# wherever it runs on one with AVX2, so the count does not hang on newer instructions of the machine.
set -eu
cd "$(dirname "$0")/.."
recorded=benches/instructions.txt
case "${1:-}" in
  '' | --record) ;;
  *) echo "\`$1\` is not an option; allowed is --record" >&2; exit 2 ;;
esac
if ! command -v valgrind >/dev/null 2>&1; then
  echo "valgrind is not installed; apt-get install valgrind" >&2
  exit 1
fi
cargo build --release --locked --quiet --no-default-features --bin backproof
program=${CARGO_TARGET_DIR:-target}/release/backproof
folder=target/instructions
rm -rf "$folder"
mkdir -p "$folder"
threads=
if "$program" audit --help | grep -q -e '--threads'; then threads='--threads 1'; fi
# Status 3 and 4: something does not comply, or could not be judged, as is so in the example.
status=0
# shellcheck disable=SC2086
env -i LC_ALL=C HOME="$folder" valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$folder/log" \
  "$program" audit examples/acme --at 2026-03-01T06:00:00Z $threads --out "$folder/report" >"$folder/stdout" 2>&1 || status=$?
case $status in
  0 | 3 | 4) ;;
  *) cat "$folder/stdout" "$folder/log" >&2; exit 1 ;;
esac
counted=$(sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' "$folder/log")
[ -n "$counted" ] || { cat "$folder/log" >&2; exit 1; }
compiler=$(rustc --version)
if [ "${1:-}" = --record ]; then
  printf '%s\n%s\n' "$counted" "$compiler" >"$recorded"
  echo "$counted instructions are recorded"
  exit 0
fi
before=$(sed -n 1p "$recorded")
by=$(sed -n 2p "$recorded")
change=$(awk "BEGIN { printf \"%+.2f\", ($counted / $before - 1) * 100 }")
echo "$counted instructions, $change % of the $before recorded"
if awk "BEGIN { exit !($change > 3 || $change < -3) }"; then
  echo "more than 3 % apart: find out why; if it is meant, sh benches/instructions.sh --record and commit $recorded" >&2
  if [ "$compiler" != "$by" ]; then echo "it was recorded with $by, this is $compiler" >&2; fi
  exit 1
fi
