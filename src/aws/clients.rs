//! The clients of one account and Region, each built when it is first used.

use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;

use super::answer::{Counts, Seen};
use super::ec2;

/// Declares the clients: the name of each with its SDK.
macro_rules! clients {
    ($($name:ident: $sdk:ident),+ $(,)?) => {
        /// Asks the services of one account and Region.
        #[derive(Debug)]
        pub struct Clients {
            config: SdkConfig,
            /// The account and Region.
            partition: String,
            counts: Arc<Counts>,
            ec2: OnceLock<ec2::Client>,
            $($name: OnceLock<$sdk::Client>,)+
        }

        impl Clients {
            /// Clients that use this configuration; nothing is sent.
            pub(super) fn new(config: SdkConfig, partition: String, counts: Arc<Counts>) -> Self {
                Self { config, partition, counts, ec2: OnceLock::new(), $($name: OnceLock::new(),)+ }
            }

            $(
                pub(super) fn $name(&self) -> &$sdk::Client {
                    self.$name.get_or_init(|| {
                        let config = $sdk::config::Builder::from(&self.config);
                        let config = config.retry_partition(self.retry_partition(stringify!($name)));
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )+
        }
    };
}

clients! {
    backup: aws_sdk_backup,
    backup_gateway: aws_sdk_backupgateway,
    cloudformation: aws_sdk_cloudformation,
    cloudtrail: aws_sdk_cloudtrail,
    dsql: aws_sdk_dsql,
    dynamodb: aws_sdk_dynamodb,
    efs: aws_sdk_efs,
    eks: aws_sdk_eks,
    fsx: aws_sdk_fsx,
    kms: aws_sdk_kms,
    organizations: aws_sdk_organizations,
    rds: aws_sdk_rds,
    redshift: aws_sdk_redshift,
    redshift_serverless: aws_sdk_redshiftserverless,
    resource_groups_tagging: aws_sdk_resourcegroupstagging,
    s3: aws_sdk_s3,
    ssm_sap: aws_sdk_ssmsap,
    storage_gateway: aws_sdk_storagegateway,
    timestream_write: aws_sdk_timestreamwrite,
}

impl Clients {
    pub(super) fn ec2(&self) -> &ec2::Client {
        self.ec2.get_or_init(|| ec2::Client::new(&self.config, self.retry_partition("ec2")))
    }

    /// Whose retries count together: a throttled account does not slow others down.
    fn retry_partition(&self, service: &str) -> RetryPartition {
        RetryPartition::new(format!("{} {service}", self.partition))
    }

    /// Follows one call.
    pub(super) fn seen(&self) -> Seen {
        Seen::new(&self.counts)
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// Sends a request, following it; what was seen and what came back.
macro_rules! send {
    ($clients:expr, $request:expr) => {{
        let seen = $clients.seen();
        let sent = $request.customize().interceptor(seen.clone()).send().await;
        (seen, sent)
    }};
}

pub(super) use send;
