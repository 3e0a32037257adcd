//! EC2: instances, volumes and Regions, asked over its Query API and recorded in the shape that the AWS CLI prints.
//!
//! Credentials, signing, endpoints, retries and time-outs are the SDK's own, put together as its clients do; only the
//! request's parameters and the answer's members are spelled here. EC2's whole client has hundreds of operations,
//! and takes longer to compile than all else together.

use aws_config::SdkConfig;
use aws_runtime::auth::{SigV4OperationSigningConfig, sigv4};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew as clock_skew;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_rds::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::{RetryPartition, classifiers};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::{Value, json};

use super::answer::{Named, Seen, as_printed};
use super::services::object;
use super::xml::{Element, Printed, XmlError};
use super::{Clients, Reply, Request};
use crate::collect::question::{ENABLED_REGION, OTHER_REGION};

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let (action, shape): (_, Shape) = match name {
        "ec2.describe-instances" => ("DescribeInstances", instances),
        "ec2.describe-regions" => ("DescribeRegions", regions),
        "ec2.describe-volumes" => ("DescribeVolumes", volumes),
        _ => return None,
    };
    let size = request.number("MaxResults").map(|it| ("MaxResults", it.to_string()));
    let token = request.text("NextToken").map(|it| ("NextToken", it));
    // Without it only the Regions that the account may use are told.
    let all = (action == "DescribeRegions").then(|| ("AllRegions", true.to_string()));
    let parameters = [size, token, all].into_iter().flatten().collect();
    let seen = clients.seen();
    let sent = clients.ec2().call(action, parameters, shape, seen.clone()).await;
    as_printed((seen, sent), |body| {
        let named = named(&body);
        (body, named)
    })
}

/// The next page's token and the Regions of an answer as it is printed.
fn named(body: &Value) -> Named {
    let text = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let regions = body.get("Regions").and_then(Value::as_array).into_iter().flatten();
    let (enabled, others): (Vec<_>, Vec<_>) =
        regions.partition(|it| text(it, "OptInStatus").is_some_and(|it| it != "not-opted-in"));
    let names = |it: Vec<_>| it.into_iter().map(|it| text(it, "RegionName")).collect::<Vec<_>>();
    Named::page(text(body, "NextToken")).add(ENABLED_REGION, names(enabled)).add(OTHER_REGION, names(others))
}

/// Prints the root of an answer.
type Shape = fn(&Element) -> Printed;

fn instances(answer: &Element) -> Printed {
    let instance = |it: &Element| {
        let state = it.get("instanceState").map_or(Ok(Value::Null), |it| it.text("name"))?;
        let state = if state.is_null() { state } else { json!({ "Name": state }) };
        Ok(object([("InstanceId", it.text("instanceId")?), ("State", state), ("Tags", tags(it)?)]))
    };
    page(answer, "Reservations", "reservationSet", |it| {
        let instances = it.items("instancesSet", instance)?;
        Ok(object([("ReservationId", it.text("reservationId")?), ("Instances", instances)]))
    })
}

fn volumes(answer: &Element) -> Printed {
    page(answer, "Volumes", "volumeSet", |it| {
        Ok(object([
            ("VolumeId", it.text("volumeId")?),
            ("State", it.text("status")?),
            ("Encrypted", it.boolean("encrypted")?),
            ("Tags", tags(it)?),
        ]))
    })
}

fn regions(answer: &Element) -> Printed {
    page(answer, "Regions", "regionInfo", |it| {
        Ok(object([("RegionName", it.text("regionName")?), ("OptInStatus", it.text("optInStatus")?)]))
    })
}

fn tags(resource: &Element) -> Printed {
    resource.items("tagSet", |it| Ok(json!({ "Key": it.text("key")?, "Value": it.text("value")? })))
}

/// A page of a list with the token of the next.
fn page(answer: &Element, printed: &str, name: &str, item: impl Fn(&Element) -> Printed) -> Printed {
    let list = answer.items(name, item)?;
    Ok(object([(printed, list), ("NextToken", answer.text("nextToken")?)]))
}

/// Asks EC2 in one account and Region: what all its calls share, so also the clock's skew that answers tell.
#[derive(Debug)]
pub(super) struct Client(SharedRuntimePlugin);

impl Client {
    /// A client of this configuration, whose retries count with those of the partition; nothing is sent.
    pub(super) fn new(config: &SdkConfig, partition: RetryPartition) -> Self {
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(config, partition).freeze())
            .with_runtime_components(components(config));
        Self(SharedRuntimePlugin::new(plugin))
    }

    async fn call(
        &self,
        action: &'static str,
        parameters: Parameters,
        shape: Shape,
        seen: Seen,
    ) -> Result<Value, SdkError<ErrorMetadata, HttpResponse>> {
        let operation = Operation::builder()
            .service_name("EC2")
            .operation_name(action)
            .runtime_plugin(self.0.clone())
            .interceptor(seen)
            .serializer(move |parameters| written(action, &parameters))
            .deserializer(move |response| read(action, shape, response))
            .build();
        operation.invoke(parameters).await
    }
}

/// What the SDK's parts read when they are used.
fn settings(config: &SdkConfig, partition: RetryPartition) -> Layer {
    let mut layer = Layer::new("ec2");
    layer.store_put(SigningName::from_static("ec2"));
    layer.store_put(SigV4OperationSigningConfig::default());
    layer.store_put(ApiMetadata::new("ec2", env!("CARGO_PKG_VERSION")));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(partition);
    layer.store_put(config.retry_config().cloned().unwrap_or_else(RetryConfig::standard));
    layer.store_or_unset(config.region().cloned());
    layer.store_or_unset(config.region().cloned().map(SigningRegion::from));
    layer.store_or_unset(config.app_name().cloned());
    layer.store_or_unset(
        config.disable_clock_skew_correction().map(clock_skew::DisableClockSkewCorrection::from),
    );
    if let Some(timeouts) = config.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    if let Some(protection) = config.stalled_stream_protection() {
        layer.store_put(protection);
    }
    layer
}

/// The SDK's parts that its clients of services with a Query API use; what is not given leaves the runtime's default.
fn components(config: &SdkConfig) -> RuntimeComponentsBuilder {
    let auth = StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("ec2")
        .with_auth_scheme(sigv4::SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(auth)))
        .with_endpoint_resolver(Some(Endpoints::of(config)))
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(StalledStreamProtectionInterceptor::default())
        .with_interceptor(clock_skew::ServiceClockSkewInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(RecursionDetectionInterceptor::new())
        .with_retry_classifier(classifiers::HttpStatusCodeClassifier::default())
        .with_retry_classifier(classifiers::TransientErrorClassifier::<ErrorMetadata>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
        .with_retry_classifier(clock_skew::ServiceClockSkewClassifier::<ErrorMetadata>::new());
    components.set_http_client(config.http_client());
    components.set_identity_cache(config.identity_cache());
    components.set_sleep_impl(config.sleep_impl());
    components.set_time_source(config.time_source());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
    }
    components
}

/// Where EC2 is: AWS's rules for it are those for RDS but for the name.
#[derive(Debug)]
struct Endpoints {
    rules: DefaultResolver,
    asked: Result<Params, String>,
}

impl Endpoints {
    fn of(config: &SdkConfig) -> Self {
        let asked = Params::builder()
            .set_region(config.region().map(|it| it.as_ref().to_owned()))
            .set_use_fips(config.use_fips())
            .set_use_dual_stack(config.use_dual_stack())
            .set_endpoint(given_endpoint(config));
        Self { rules: DefaultResolver::new(), asked: asked.build().map_err(|it| it.to_string()) }
    }
}

impl ResolveEndpoint for Endpoints {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(async {
            let asked = self.asked.as_ref().map_err(|it| BoxError::from(it.as_str()))?;
            let endpoint = self.rules.resolve_endpoint(asked).await?;
            if asked.endpoint().is_some() {
                return Ok(endpoint);
            }
            let rest = endpoint.url().strip_prefix("https://rds").ok_or("no endpoint of RDS")?;
            let url = format!("https://ec2{rest}");
            Ok(endpoint.into_builder().url(url).build())
        })
    }
}

/// An address in place of AWS's: given to the program, else for EC2 alone, else for all services
/// (AWS SDKs and Tools Reference Guide, "Service-specific endpoints").
fn given_endpoint(config: &SdkConfig) -> Option<String> {
    let for_all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return for_all;
    }
    let key = ServiceConfigKey::builder().service_id("EC2").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let for_ec2 = key.build().ok().and_then(|key| config.service_config()?.load_config(key));
    for_ec2.or(for_all)
}

/// A request's parameters in the API's names.
type Parameters = Vec<(&'static str, String)>;

fn written(action: &str, parameters: &Parameters) -> Result<HttpRequest, BoxError> {
    let mut form = String::new();
    let mut writer = QueryWriter::new(&mut form, action, "2016-11-15");
    for (name, value) in parameters {
        writer.prefix(name).string(value);
    }
    writer.finish();
    let length = form.len().to_string();
    let mut request = HttpRequest::new(form.into());
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", "application/x-www-form-urlencoded")?;
    request.headers_mut().try_insert("content-length", length)?;
    Ok(request)
}

fn read(
    action: &'static str,
    shape: Shape,
    response: &HttpResponse,
) -> Result<Value, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(body)));
    }
    let answer = Element::parse(body).and_then(|it| match it.name.strip_suffix("Response") {
        Some(name) if name == action => shape(&it),
        _ => Err(XmlError::Other(action)),
    });
    answer.map_err(OrchestratorError::other)
}

/// The error of an answer that is none; without a code where the body says none
/// (`Response/Errors/Error`, as the SDK's own client of EC2 reads it).
fn refusal(body: &[u8]) -> ErrorMetadata {
    let root = Element::parse(body).ok();
    let said = |name| Some(root.as_ref()?.get("Errors")?.get("Error")?.get(name)?.text.as_str());
    let metadata = ErrorMetadata::builder().message(said("Message").unwrap_or_default());
    match said("Code") {
        Some(code) => metadata.code(code).build(),
        None => metadata.build(),
    }
}

#[cfg(test)]
mod tests;
