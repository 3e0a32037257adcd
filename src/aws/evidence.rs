//! KMS and CloudTrail: the keys backups are encrypted with, and the trails that tell who changed them.

use aws_sdk_kms::types::{KeyManagerType, KeySpec, OriginType};

use super::answer::{Named, as_sent};
use super::clients::send;
use super::{Clients, Reply, Request};
use crate::collect::question::ROTATING_KEY;

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    match name {
        "kms.describe-key" => {
            as_sent(send!(clients, clients.kms().describe_key().set_key_id(request.text("KeyId"))), |out| {
                // KMS rotates only symmetric keys that it made itself, and tells of those that customers manage.
                let rotates = |it: &aws_sdk_kms::types::KeyMetadata| {
                    it.key_manager == Some(KeyManagerType::Customer)
                        && it.key_spec == Some(KeySpec::SymmetricDefault)
                        && it.origin == Some(OriginType::AwsKms)
                };
                let key = out.key_metadata.filter(rotates).and_then(|it| it.arn);
                Named::nothing().add(ROTATING_KEY, [key])
            })
        }
        "kms.get-key-rotation-status" => as_sent(
            send!(clients, clients.kms().get_key_rotation_status().set_key_id(request.text("KeyId"))),
            |_| Named::nothing(),
        ),
        "cloudtrail.describe-trails" => {
            as_sent(send!(clients, clients.cloudtrail().describe_trails()), |out| {
                let trails = out.trail_list.unwrap_or_default().into_iter();
                Named::nothing().add("Name", trails.map(|it| it.trail_arn))
            })
        }
        "cloudtrail.get-trail-status" => as_sent(
            send!(clients, clients.cloudtrail().get_trail_status().set_name(request.text("Name"))),
            |_| Named::nothing(),
        ),
        _ => None,
    }
}
