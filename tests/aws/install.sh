#!/bin/sh
# Makes the virtual environment of the local AWS, unless it is there already, and prints its Python.
# Two calls at once wait for each other. LOCAL_AWS_HOME puts it elsewhere than target/local-aws.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=${LOCAL_AWS_HOME:-$here/../../target/local-aws}
mkdir -p "$home"
home=$(cd "$home" && pwd)
exec 9>"$home/lock"
flock 9
if ! cmp -s "$here/requirements.txt" "$home/stamp" || ! [ -x "$home/venv/bin/python" ]; then
  rm -rf "$home/venv" "$home/stamp"
  "${PYTHON:-python3}" -m venv "$home/venv" >&2
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$home/stamp"
fi
printf '%s\n' "$home/venv/bin/python"
