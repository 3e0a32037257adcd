"""Measures programs as AWS Lambda runs them: start to the first request for an event, an event, memory, size zipped.

    python3 benches/bootstrap/measure.py PROGRAM EMPTY [TIMES]

Starts each in turn TIMES times (30), so that whatever else the machine does meets both, and prints medians. The event
is one that the function ignores after reading it, so that nothing is asked of AWS.
"""

import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

EVENT = json.dumps({
    "id": "11111111-2222-3333-4444-555555555555",
    "source": "aws.backup",
    "detail-type": "Backup Job State Change",
    "account": "111122223333",
    "region": "eu-west-1",
    "time": "2026-03-01T06:00:00Z",
    "resources": [],
    "detail": {"backupJobId": "1", "state": "CREATED", "creationDate": "2026-03-01T06:00:00Z"},
}).encode()
WARM = 50


class Runtime(http.server.ThreadingHTTPServer):
    """Lambda's Runtime API for one process: when it asked, and when it answered."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.answered = [], []
        self.done = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(time.perf_counter())
        if len(self.server.asked) > WARM:
            self.server.done.set()
            time.sleep(60)
            return
        self.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": str(len(self.server.asked)),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 60) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:111122223333:function:react",
            "Content-Type": "application/json",
            "Content-Length": str(len(EVENT)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(EVENT)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/error" in self.path:
            sys.exit(f"measure.py: the function failed: {body.decode(errors='replace')}")
        self.server.answered.append(time.perf_counter())
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


def run(program):
    """Milliseconds to the first request and for an event, and the most memory in MiB."""
    runtime = Runtime()
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = {
        "_HANDLER": "react",
        "BUCKET": "evidence",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "react",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_REGION": "eu-west-1",
    }
    begun = time.perf_counter()
    process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not runtime.done.wait(30):
            sys.exit(f"measure.py: {program} does not answer")
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
        runtime.shutdown()
    memory = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    events = [after - before for before, after in zip(runtime.asked, runtime.answered)]
    return (runtime.asked[0] - begun) * 1000, statistics.median(events[1:]) * 1000, memory


def zipped(program):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bootstrap.zip")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(program, "bootstrap")
        return file.stat().st_size / 1e6


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    programs, times = sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) == 4 else 30
    measured = {program: [] for program in programs}
    for _ in range(times):
        for program in programs:
            measured[program].append(run(program))
    print(f"{'':28} {'start ms':>9} {'event ms':>9} {'MiB':>7} {'MB':>7} {'MB zipped':>10}")
    rows = []
    for program in programs:
        start, event, memory = (statistics.median(it) for it in zip(*measured[program]))
        row = (start, event, memory, os.path.getsize(program) / 1e6, zipped(program))
        rows.append(row)
        print(f"{Path(program).name:28} {row[0]:9.2f} {row[1]:9.3f} {row[2]:7.1f} {row[3]:7.1f} {row[4]:10.1f}")
    print(f"{'difference':28} " + " ".join(f"{one - other:{width}}" for one, other, width in zip(*rows, ("9.2f", "9.3f", "7.1f", "7.1f", "10.1f"))))


if __name__ == "__main__":
    main()
