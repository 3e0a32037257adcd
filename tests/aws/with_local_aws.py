"""Runs a command against a local AWS that lives no longer than it; `with_local_aws.sh` is how a person starts it.

The command acts as root of the seed's management account, else of its first account, else of 000000000000.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
USAGE = "usage: with_local_aws.sh [--seed DIR]... [--auth] [--faults FILE] -- COMMAND..."


def account_of(seeds):
    """Whose root the command is."""
    for folder in seeds:
        for path in sorted(Path(folder).glob("*/global/organizations.describe-organization*")):
            return path.parts[-3]
    for folder in seeds:
        for path in sorted(Path(folder).glob("[0-9]" * 12)):
            return path.name
    return "0" * 12


def start(arguments, port_file, log):
    """The server's process once it is ready, and its port."""
    server = subprocess.Popen(
        [sys.executable, "-B", str(HERE / "local_aws.py"), "--port", "0", "--port-file", str(port_file), *arguments],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )
    while not port_file.exists():
        if server.poll() is not None:
            log.flush()
            sys.stderr.write(Path(log.name).read_text(encoding="utf-8", errors="replace"))
            sys.exit(3)
        time.sleep(0.05)
    return server, int(port_file.read_text(encoding="utf-8"))


def stop(server):
    """Ends the server by its process id."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def environment(port, account):
    """What AWS's SDKs and CLI need to find the server and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    region = os.environ.get("AWS_REGION") or "eu-west-1"
    return kept | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
    }


def main():
    if "--" not in sys.argv:
        sys.exit(USAGE)
    cut = sys.argv.index("--")
    arguments, command = sys.argv[1:cut], sys.argv[cut + 1 :]
    if not command:
        sys.exit(USAGE)
    seeds = [arguments[at + 1] for at, it in enumerate(arguments[:-1]) if it == "--seed"]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as files, open(Path(files, "log"), "w", encoding="utf-8") as log:
        server, port = start(arguments, Path(files, "port"), log)
        try:
            code = subprocess.call(command, env=environment(port, account_of(seeds)))
        except KeyboardInterrupt:
            code = 130
        except FileNotFoundError as error:
            code = 127
            print(f"with_local_aws.sh: {error}", file=sys.stderr)
        finally:
            stop(server)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
