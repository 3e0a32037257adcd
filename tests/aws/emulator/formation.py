"""What MiniStack's CloudFormation leaves out of a bucket: Object Lock and its default retention."""

from ministack.services import s3
from ministack.services.cloudformation import provisioners


def install():
    """Puts it into MiniStack."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    create = handlers["create"]

    def creating(logical_id, properties, stack_name):
        name, attributes = create(logical_id, properties, stack_name)
        if properties.get("ObjectLockEnabled"):
            rule = properties.get("ObjectLockConfiguration", {}).get("Rule", {})
            retention = {key: it if key == "Mode" else int(it) for key, it in rule.get("DefaultRetention", {}).items()}
            s3._bucket_object_lock[name] = {"enabled": True, "default_retention": retention or None}
        return name, attributes

    handlers["create"] = creating
