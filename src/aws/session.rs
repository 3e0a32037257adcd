//! Who asks: credentials, profile and Region as every AWS tool finds them, and roles assumed in other accounts.
//!
//! Credentials are held by the SDK and written nowhere.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};

use super::Clients;
use super::answer::{Counts, failure, reasons};
use crate::collect::UNREACHABLE;
use crate::inventory::CallError;
use crate::model::{AccountId, Place, Region};

/// What overrides the environment.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// The Region asked where nothing else says one.
    pub region: Option<String>,
    /// Where all services are, in place of AWS.
    pub endpoint_url: Option<String>,
}

/// Who asks, by `sts:GetCallerIdentity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account of the credentials.
    pub account: AccountId,
    /// The ARN of the user or of the role's session.
    pub arn: String,
}

impl Identity {
    /// The partition its ARNs are in.
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap_or("aws")
    }
}

/// Why nothing can be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// AWS does not say who asks: there are no credentials, or they are not good.
    #[error("the credentials are not good for AWS: {}: {}; set AWS_PROFILE or --profile, or sign in", .0.code, .0.message)]
    Identity(CallError),
    /// AWS's answer lacks the account.
    #[error("the credentials belong to no account that AWS names")]
    NoAccount,
}

/// A configuration that can ask, and its counts.
#[derive(Debug)]
pub struct Session {
    config: SdkConfig,
    identity: Identity,
    /// The Region that the environment, profile or options name.
    region: Option<Region>,
    counts: Arc<Counts>,
}

/// A role that was assumed in another account.
#[derive(Clone, Debug)]
pub struct Assumed {
    account: AccountId,
    config: SdkConfig,
}

/// Attempts at a call before its failure is recorded, unless `AWS_MAX_ATTEMPTS` says otherwise.
const ATTEMPTS: u32 = 6;
/// Until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);
/// For one attempt.
const ATTEMPT: Duration = Duration::from_secs(60);
/// For a call with all its attempts.
const CALL: Duration = Duration::from_secs(240);

impl Session {
    /// Finds credentials and asks AWS whose they are.
    pub async fn open(options: &Options) -> Result<Self, SessionError> {
        let mut config = configuration(options).await;
        let region = config.region().and_then(|it| it.as_ref().parse().ok());
        let region = region.filter(|it: &Region| !it.is_global());
        // STS and what is not regional answer in any Region.
        if region.is_none() {
            config = config.into_builder().region(aws_config::Region::new("us-east-1")).build();
        }
        let sent = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let identity = sent.map_err(|error| SessionError::Identity(failure(&error)))?;
        let account = identity.account.and_then(|it| it.parse().ok()).ok_or(SessionError::NoAccount)?;
        let identity = Identity { account, arn: identity.arn.unwrap_or_default() };
        Ok(Self { config, identity, region, counts: Arc::default() })
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The configuration of the session's own clients.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The Region that the environment, profile or options name.
    pub fn region(&self) -> Option<Region> {
        self.region.clone()
    }

    /// Calls made so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The session's own account.
    pub fn own(&self) -> Assumed {
        Assumed { account: self.identity.account, config: self.config.clone() }
    }

    /// Assumes a role in another account; one session serves all its Regions.
    pub async fn assume(
        &self,
        account: AccountId,
        role: &str,
        external_id: Option<&str>,
    ) -> Result<Assumed, CallError> {
        let builder = AssumeRoleProvider::builder(self.role_arn(account, role));
        let mut builder = builder.session_name("backproof").configure(&self.config);
        if let Some(id) = external_id {
            builder = builder.external_id(id);
        }
        let provider = match self.config.credentials_provider() {
            Some(own) => builder.build_from_provider(own).await,
            None => builder.build().await,
        };
        let provider = SharedCredentialsProvider::new(provider);
        // Asked now, so that a role that cannot be assumed is one refusal and not one for each call.
        provider.provide_credentials().await.map_err(|error| refusal(&error))?;
        let config = self.config.to_builder().credentials_provider(provider).build();
        Ok(Assumed { account, config })
    }

    /// The ARN of the role with this name in an account.
    pub fn role_arn(&self, account: AccountId, role: &str) -> String {
        format!("arn:{}:iam::{account}:role/{role}", self.identity.partition())
    }

    /// The clients of an account in a Region; what is not regional is asked in the session's own.
    pub fn clients(&self, assumed: &Assumed, region: &Region) -> Clients {
        let place = Place { account: assumed.account, region: region.clone() };
        let mut config = assumed.config.to_builder();
        if !region.is_global() {
            config = config.region(aws_config::Region::new(region.as_str().to_owned()));
        }
        Clients::new(config.build(), place.to_string(), Arc::clone(&self.counts))
    }
}

/// Credentials, Region and how calls are made, as the environment, the profile and the options say; nothing is asked.
pub async fn configuration(options: &Options) -> SdkConfig {
    let http = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::adaptive().with_max_attempts(attempts()))
        .timeout_config(timeouts.build());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(aws_config::Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

fn attempts() -> u32 {
    let told = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|it| it.parse().ok());
    told.filter(|it| *it > 0).unwrap_or(ATTEMPTS)
}

/// Why a role could not be assumed, as STS codes it.
fn refusal(error: &(dyn std::error::Error + 'static)) -> CallError {
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<aws_sdk_sts::operation::assume_role::AssumeRoleError>()
            && let Some(code) = refused.code()
        {
            let message = refused.message().unwrap_or_default().to_owned();
            return CallError { code: code.to_owned(), message };
        }
        cause = found.source();
    }
    // STS said nothing.
    CallError { code: UNREACHABLE.to_owned(), message: reasons(error) }
}
