"""Calls AWS once and prints what it says as JSON: `call.py SERVICE OPERATION [PARAMETERS as JSON]`.

Asks the address and as whom the environment says. An error of AWS's is printed on standard error, and exits with 1.
"""

import json
import os
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError


def _plain(value):
    return value.read().decode("utf-8", "replace") if hasattr(value, "read") else str(value)


def main():
    service, operation = sys.argv[1:3]
    parameters = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    client = botocore.session.get_session().create_client(
        service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"})
    )
    try:
        answer = getattr(client, operation.replace("-", "_"))(**parameters)
    except ClientError as error:
        sys.exit(f"{error}")
    answer.pop("ResponseMetadata", None)
    print(json.dumps(answer, default=_plain))


if __name__ == "__main__":
    main()
