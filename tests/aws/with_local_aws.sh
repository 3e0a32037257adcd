#!/bin/sh
# Runs a command against a local AWS: with_local_aws.sh [--seed DIR]... [--auth] [--faults FILE] -- COMMAND...
# Installs it if need be, and ends it with the command, whose exit code is returned.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/install.sh")
exec "$python" -B "$here/with_local_aws.py" "$@"
