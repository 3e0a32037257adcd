"""Starts the local AWS of the tests: MiniStack on a loopback port, with inventory folders played back in front of it.

    python tests/aws/local_aws.py --port PORT [--seed DIR]... [--auth] [--faults FILE] [--port-file FILE]

Ends on SIGTERM, and by itself when the process that started it has ended. Installs nothing: `install.sh` does.
"""

import os

PARENT = os.getppid()

import argparse
import gc
import importlib.util
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent


def _arguments():
    parser = argparse.ArgumentParser(prog="local_aws.py")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1, 0 for a free one")
    parser.add_argument("--seed", action="append", default=[], metavar="DIR", help="inventory folder; repeatable")
    parser.add_argument("--auth", action="store_true", help="verify signatures and enforce IAM")
    parser.add_argument("--faults", metavar="FILE", help="JSON list of faults to begin with")
    parser.add_argument("--port-file", metavar="FILE", help="gets the port once the server is ready")
    parser.add_argument("--stay", action="store_true", help="live on when the process that started it ends")
    parser.add_argument("--log", default="ERROR", help="MiniStack's log level, to standard error")
    return parser.parse_args()


def _use_own_python():
    """Goes on in the environment that `install.sh` made, if this is another Python."""
    home = Path(os.environ.get("LOCAL_AWS_HOME") or HERE.parent.parent / "target" / "local-aws")
    python = home / "venv" / "bin" / "python"
    if not python.exists():
        sys.exit("local_aws.py: run install.sh first")
    if Path(sys.prefix).resolve() != (home / "venv").resolve():
        os.execv(python, [str(python), str(HERE / "local_aws.py"), *sys.argv[1:]])


def _set_environment(arguments, port, scratch):
    """MiniStack reads all of this when it is imported. No credentials of the caller reach it."""
    for name in [it for it in os.environ if it.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AUTH": "true" if arguments.auth else "false",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # What is tried again is tried as often as on AWS, but a test need not wait for it as long.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        "SFN_WAIT_SCALE": "0.02",
        "CLOUDTRAIL_RECORDING": "1",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "S3_DATA_DIR": os.path.join(scratch, "s3"),
        "STATE_DIR": os.path.join(scratch, "state"),
        "TMPDIR": scratch,
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "LOG_LEVEL": arguments.log.upper(),
    }
    tempfile.tempdir = scratch


def _end_with_parent():
    """Ends this process when its parent has ended, however it ended."""

    def watch():
        while os.getppid() == PARENT:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _lead_a_group():
    """Makes this process the head of a group, so that the functions MiniStack runs can be ended with it."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def main():
    arguments = _arguments()
    if importlib.util.find_spec("ministack") is None:
        _use_own_python()
    if not arguments.stay:
        _end_with_parent()
    _lead_a_group()
    seeds = [Path(it).resolve() for it in arguments.seed]
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", arguments.port))
    port = listening.getsockname()[1]
    scratch = tempfile.mkdtemp(prefix="local-aws-")
    try:
        _set_environment(arguments, port, scratch)
        _serve(arguments, listening, seeds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _serve(arguments, listening, seeds):
    from emulator import faults, seed, server, state

    estate, switchboard = state.Estate(), faults.Switchboard()
    # What a seed holds stays to the end, so the collector need never look at it.
    gc.disable()
    try:
        for folder in seeds:
            seed.load(folder, estate)
        if arguments.faults:
            switchboard.put(faults.parse(Path(arguments.faults).read_text(encoding="utf-8")))
    except (seed.BadSeed, faults.BadFault, OSError) as error:
        sys.exit(f"local_aws.py: {error}")
    gc.freeze()
    gc.enable()

    def ready(port):
        if arguments.port_file:
            # Whoever waits for the file must never read half of it.
            Path(arguments.port_file + ".new").write_text(f"{port}\n", encoding="utf-8")
            os.replace(arguments.port_file + ".new", arguments.port_file)
        print(f"local AWS ready at http://127.0.0.1:{port}", flush=True)

    server.run(listening, estate, switchboard, arguments.auth, ready)
    # MiniStack's worker threads may wait for ever; nothing is left to be saved.
    shutil.rmtree(tempfile.tempdir, ignore_errors=True)
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpid(), signal.SIGTERM)
    os._exit(0)


if __name__ == "__main__":
    main()
