"""Checks the local AWS itself with botocore's clients: `install.sh`'s Python runs it, no argument is needed.

Every answer must be the seed's, item for item and through small pages; filters, faults, changes and IAM must work.
`--examples DIR` adds real answers kept elsewhere. Says nothing about the project's own code.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

from checks import allowing, changing, failing, narrowing, playback, real_examples, running, shapes
from checks.asking import COUNTS, Server, call, expected, plain, same
from emulator import models

ACME = Path(__file__).resolve().parent.parent.parent / "examples" / "acme"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", metavar="DIR", help="real answers of AWS; skipped if there is no such folder")
    arguments = parser.parse_args()
    began = time.monotonic()
    playback.bad_seeds()
    with tempfile.TemporaryDirectory() as folder:
        wanted = shapes.invent_estate(Path(folder))
        examples = []
        if arguments.examples and os.path.isdir(arguments.examples):
            examples = real_examples.write_seed(Path(arguments.examples), Path(folder))
        with ThreadPoolExecutor() as pool:
            starting = [pool.submit(Server, "--seed", str(ACME), "--seed", folder),
                        pool.submit(Server, "--seed", str(ACME), "--auth")]
            with starting[0].result() as server, starting[1].result() as guarded:
                step("played back", playback.played_back, server, ACME)
                step("shapes", shapes.shapes_survive, server, wanted)
                step("empty accounts", playback.empty_accounts, server)
                step("organization", playback.organization, server)
                step("filters", narrowing.filters, server)
                step("tokens", narrowing.tokens, server)
                step("changes", changing.changes, server)
                step("faults", failing.faults, server)
                step("access", allowing.access, guarded)
                step("runs", running.runs, guarded)
                for it in examples:
                    account, service, operation, request, response = it
                    shape = models.service(service).model.operation_model(operation).output_shape
                    got = call(server.client(service, account, "eu-west-1"), operation, **request)
                    same(f"example {account} {operation}", plain(got), expected(shape, response))
    print(f"local AWS: {COUNTS['calls']} calls, {COUNTS['compared']} answers compared, "
          f"{len(examples)} real examples, {time.monotonic() - began:.1f} s")


def step(name, function, *arguments):
    began = time.monotonic()
    try:
        function(*arguments)
    except Exception:
        print(f"local AWS: {name} failed", file=sys.stderr)
        raise
    print(f"local AWS: {name} {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
