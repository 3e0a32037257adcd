//! The whole on AWS: the untouched template with the real bootstrap on local AWS, IAM enforced.

#![cfg(feature = "lambda")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "stack/deployed.rs"]
mod deployed;
#[path = "stack/events.rs"]
mod events;
#[path = "live/local_aws.rs"]
mod local_aws;
#[path = "stack/permissions.rs"]
mod permissions;
#[path = "stack/runs.rs"]
mod runs;
#[path = "shared/process.rs"]
mod shared;

const MANAGEMENT: &str = "111122223333";
const PRODUCTION: &str = "222233334444";
