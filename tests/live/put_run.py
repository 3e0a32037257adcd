"""Puts a run into a new bucket as a run on AWS does: put_run.py BUCKET RUN REPORTS INVENTORY.

REPORTS is a folder that `audit --out` wrote, INVENTORY the folder that was judged.
"""

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import botocore.session

bucket, run, reports, inventory = sys.argv[1:]
s3 = botocore.session.get_session().create_client("s3")
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def put(key, body):
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def add(archive, name, body):
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    archive.addfile(entry, io.BytesIO(body))


def key_of(report):
    return report if report.startswith("Backup/") else f"runs/{run}/{report}"


manifest = json.loads((Path(reports) / "manifest.json").read_text())
for report in manifest["reports"]:
    body = (Path(reports) / report["key"]).read_bytes()
    report["key"] = key_of(report["key"])
    put(report["key"], body)
put(f"runs/{run}/manifest.json", json.dumps(manifest))
put("latest.json", json.dumps({"run": run, "at": manifest["evaluationTime"]}))
for folder in sorted(Path(inventory).glob("[0-9]*/*")):
    unit = "/".join(folder.parts[-2:])
    files = {f"{unit}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
    record = lambda path, body: {
        "path": path, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body), "calls": 1, "errors": 0}
    collected = {
        "version": "0", "caller": "arn:aws:iam::111122223333:root", "startedAt": "2026-03-01T05:00:00Z",
        "endedAt": "2026-03-01T05:30:00Z", "complete": True, "unnamed": [], "skipped": [],
        "calls": {"calls": len(files), "retries": 0, "bytes": 0},
        "files": [record(path, body) for path, body in files.items()],
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, body in files.items():
            add(archive, path, body)
        add(archive, "manifest.json", json.dumps(collected).encode())
    put(f"runs/{run}/inventory/{unit}.tar.gz", packed.getvalue())
