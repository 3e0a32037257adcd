"""Makes a user in the account of the credentials, or gives it another policy: make_user.py NAME POLICY_FILE.

Prints a new access key and its secret.
"""

import sys
from pathlib import Path

import botocore.session

name, policy = sys.argv[1:]
iam = botocore.session.get_session().create_client("iam")
try:
    iam.create_user(UserName=name)
except iam.exceptions.EntityAlreadyExistsException:
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=Path(policy).read_text())
key = iam.create_access_key(UserName=name)["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
