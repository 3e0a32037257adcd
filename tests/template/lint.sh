#!/bin/sh
# Checks the templates, the state machine and the CDK app, all offline once installed, and prints how long each check took.
# What it needs is installed under target/template-lint (or TEMPLATE_LINT_HOME), once for each change of a pin.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
for it in node npm; do
  command -v "$it" >/dev/null 2>&1 || {
    echo "lint.sh: $it is not installed; Node.js 18 or later and npm are needed" >&2
    exit 1
  }
done
home=${TEMPLATE_LINT_HOME:-$root/target/template-lint}
mkdir -p "$home"
home=$(cd "$home" && pwd)
exec 9>"$home/lock"
flock 9

now() { date +%s%N; }
step() {
  what=$1
  shift
  began=$(now)
  "$@" || {
    echo "lint.sh: $what failed" >&2
    exit 1
  }
  printf '%-28s %6.1f s\n' "$what" "$(echo "$began $(now)" | awk '{ print ($2 - $1) / 1e9 }')"
}

install_python() {
  if ! cmp -s "$here/requirements.txt" "$home/stamp" || ! [ -x "$home/venv/bin/python" ]; then
    rm -rf "$home/venv" "$home/stamp"
    "${PYTHON:-python3}" -m venv "$home/venv"
    "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$home/stamp"
  fi
}

# Packages stay out of the source tree: install_node FOLDER NAME copies what the folder has of its own.
install_node() {
  mkdir -p "$home/$2"
  cp "$1"/*.json "$home/$2"
  if ! cmp -s "$1/package-lock.json" "$home/$2/stamp"; then
    rm -f "$home/$2/stamp"
    (cd "$home/$2" && npm ci --no-audit --no-fund --silent)
    cp "$1/package-lock.json" "$home/$2/stamp"
  fi
}

# Nothing of the machine's own AWS configuration takes part.
export SAM_CLI_TELEMETRY=0 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export PYTHONDONTWRITEBYTECODE=1 CDK_DISABLE_CLI_TELEMETRY=true
bin=$home/venv/bin
translated=$home/translated.json
machine=$home/state_machine.json

step "install Python packages" install_python
step "install npm packages" install_node "$here" checks
step "install CDK" install_node "$root/cdk" cdk
cd "$root"

sam_validate() { HOME=$home "$bin/sam" validate --lint --template template.yaml --region us-east-1; }
step "sam validate --lint" sam_validate
step "cfn-lint, templates" "$bin/cfn-lint" template.yaml template-member.yaml template-events.yaml
step "senders have the rules" "$bin/python" "$here/senders.py" template.yaml template-events.yaml
step "translate" "$bin/python" "$here/translate.py" template.yaml "$translated" "$machine"
step "cfn-lint, translated" "$bin/cfn-lint" "$translated"
step "asl-validator" "$home/checks/node_modules/.bin/asl-validator" --json-path "$machine"
for it in template.yaml template-member.yaml template-events.yaml; do
  step "checkov $it" "$bin/checkov" --config-file "$here/checkov.yaml" --file "$it"
done

cp cdk/*.ts "$home/cdk"
cd "$home/cdk"
compile() { rm -rf out && node_modules/.bin/tsc; }
synthesize() {
  mkdir -p "$home/bootstrap"
  : >"$home/bootstrap/bootstrap"
  node_modules/.bin/cdk synth --no-notices --json --context "bootstrap=$home/bootstrap" --context "templates=$root" >"$home/synthesized.json"
}
nag() { TEMPLATES=$root TRANSLATED=$translated node --test --test-reporter=spec out/nag.test.js; }
step "tsc" compile
step "cdk synth" synthesize
step "CDK keeps the template" "$bin/python" "$here/lost.py" "$root/template.yaml" "$home/synthesized.json"
step "cdk-nag" nag
