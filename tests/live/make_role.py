"""Makes a role in the account of the credentials: make_role.py NAME TRUSTED_ACCOUNT EXTERNAL_ID POLICY_FILE."""

import json
import sys
from pathlib import Path

import botocore.session

name, trusted, external_id, policy = sys.argv[1:]
iam = botocore.session.get_session().create_client("iam")
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    ],
}
iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=Path(policy).read_text())
