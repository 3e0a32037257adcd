"""Puts a file into a bucket: put_object.py BUCKET KEY FILE."""

import sys
from pathlib import Path

import botocore.session

bucket, key, path = sys.argv[1:]
botocore.session.get_session().create_client("s3").put_object(Bucket=bucket, Key=key, Body=Path(path).read_bytes())
