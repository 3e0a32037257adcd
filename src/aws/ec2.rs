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
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde_json::{Value, json};

use super::answer::{Named, Seen, as_printed};
use super::services::object;
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

/// What comes of printing an element as JSON.
type Printed = Result<Value, AnswerError>;
/// Prints the root of an answer.
type Shape = fn(&Element) -> Printed;

fn instances(answer: &Element) -> Printed {
    let instance = |it: &Element| {
        let state = it.get("instanceState").map_or(Ok(Value::Null), |it| it.text("name"))?;
        let state = if state.is_null() { state } else { json!({ "Name": state }) };
        Ok(object([("InstanceId", it.text("instanceId")?), ("State", state), ("Tags", it.tags()?)]))
    };
    answer.page("Reservations", "reservationSet", |it| {
        let instances = it.items("instancesSet", instance)?;
        Ok(object([("ReservationId", it.text("reservationId")?), ("Instances", instances)]))
    })
}

fn volumes(answer: &Element) -> Printed {
    answer.page("Volumes", "volumeSet", |it| {
        Ok(object([
            ("VolumeId", it.text("volumeId")?),
            ("State", it.text("status")?),
            ("Encrypted", it.boolean("encrypted")?),
            ("Tags", it.tags()?),
        ]))
    })
}

fn regions(answer: &Element) -> Printed {
    answer.page("Regions", "regionInfo", |it| {
        Ok(object([("RegionName", it.text("regionName")?), ("OptInStatus", it.text("optInStatus")?)]))
    })
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
        _ => Err(AnswerError::Other(action)),
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

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("the body is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    #[error("the body is not XML: {0}")]
    Xml(#[from] quick_xml::Error),
    #[error("the body is not XML: {0}")]
    Form(&'static str),
    #[error("the body is no answer to `{0}`")]
    Other(&'static str),
    #[error("`{0}` of the answer is not {1}")]
    Member(&'static str, &'static str),
}

/// Elements in elements, at most; EC2's own are a dozen deep.
const DEEPEST: usize = 64;

/// An element of EC2's XML.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    elements: Vec<Element>,
}

impl Element {
    /// The root of a whole document: one that was cut off, or whose elements do not close, is none.
    fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        let mut reader = Reader::from_str(std::str::from_utf8(body)?);
        reader.config_mut().expand_empty_elements = true;
        // The first stands for the document.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event()? {
                Event::Start(_) if open.len() > DEEPEST => return Err(AnswerError::Form("it is too deep")),
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::End(_) => match (open.pop(), open.last_mut()) {
                    (Some(ended), Some(outer)) => outer.elements.push(ended),
                    _ => return Err(AnswerError::Form("more ends than begins")),
                },
                Event::DocType(_) => return Err(AnswerError::Form("it declares a type")),
                Event::Eof => break,
                said => {
                    if let Some(inner) = open.last_mut() {
                        inner.say(&said)?;
                    }
                }
            }
        }
        let [document] = open.as_mut_slice() else { return Err(AnswerError::Form("it is cut off")) };
        match (document.elements.pop(), document.elements.is_empty(), document.text.trim()) {
            (Some(root), true, "") => Ok(root),
            _ => Err(AnswerError::Form("it has not one root")),
        }
    }

    /// Adds text; comments and instructions say nothing.
    fn say(&mut self, event: &Event<'_>) -> Result<(), AnswerError> {
        match event {
            Event::Text(text) => self.text.push_str(text),
            Event::CData(text) => self.text.push_str(text),
            Event::GeneralRef(name) => match name.resolve_char_ref()? {
                Some(character) => self.text.push(character),
                None => {
                    let known = resolve_xml_entity(name);
                    self.text.push_str(known.ok_or(AnswerError::Form("an entity is not XML's own"))?);
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Self> {
        self.elements.iter().find(|it| it.name == name)
    }

    /// A member that is text; null where it is left out.
    fn text(&self, name: &'static str) -> Printed {
        match self.get(name) {
            Some(it) if !it.elements.is_empty() => Err(AnswerError::Member(name, "text")),
            found => Ok(json!(found.map(|it| &it.text))),
        }
    }

    /// A member that is true or false; null where it is left out.
    fn boolean(&self, name: &'static str) -> Printed {
        let told = self.text(name)?;
        match told.as_str().map(str::parse) {
            None => Ok(told),
            Some(Ok(told)) => Ok(Value::Bool(told)),
            Some(Err(_)) => Err(AnswerError::Member(name, "true or false")),
        }
    }

    /// A member that is a list; null where it is left out, which is not the same as empty.
    fn items(&self, name: &str, item: impl Fn(&Self) -> Printed) -> Printed {
        let Some(list) = self.get(name) else { return Ok(Value::Null) };
        list.elements.iter().filter(|it| it.name == "item").map(item).collect()
    }

    fn tags(&self) -> Printed {
        self.items("tagSet", |it| Ok(json!({ "Key": it.text("key")?, "Value": it.text("value")? })))
    }

    /// A page of a list with the token of the next.
    fn page(&self, printed: &str, name: &str, item: impl Fn(&Self) -> Printed) -> Printed {
        let list = self.items(name, item)?;
        Ok(object([(printed, list), ("NextToken", self.text("nextToken")?)]))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use aws_config::Region;
    use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_types::body::SdkBody;
    use aws_types::origin::Origin;
    use aws_types::service_config::LoadServiceConfig;

    use super::*;
    use crate::aws::Counts;

    fn config(region: &'static str) -> aws_types::sdk_config::Builder {
        SdkConfig::builder().region(Region::from_static(region))
    }

    async fn url(config: SdkConfig) -> Result<String, String> {
        let endpoints = Endpoints::of(&config);
        let asked = EndpointResolverParams::new(());
        let resolved = endpoints.resolve_endpoint(&asked).await;
        resolved.map(|it| it.url().to_owned()).map_err(|it| it.to_string())
    }

    /// Region, FIPS, dual stack and the address, or a word of the refusal (the SDK's endpoint rules of EC2).
    const ENDPOINTS: [(&str, bool, bool, Result<&str, &str>); 24] = [
        ("eu-west-1", false, false, Ok("https://ec2.eu-west-1.amazonaws.com")),
        ("us-east-1", false, false, Ok("https://ec2.us-east-1.amazonaws.com")),
        ("us-east-1", true, false, Ok("https://ec2-fips.us-east-1.amazonaws.com")),
        ("us-east-1", false, true, Ok("https://ec2.us-east-1.api.aws")),
        ("us-east-1", true, true, Ok("https://ec2-fips.us-east-1.api.aws")),
        ("ca-central-1", true, false, Ok("https://ec2-fips.ca-central-1.amazonaws.com")),
        ("mx-central-1", false, false, Ok("https://ec2.mx-central-1.amazonaws.com")),
        ("cn-north-1", false, false, Ok("https://ec2.cn-north-1.amazonaws.com.cn")),
        ("cn-northwest-1", true, false, Ok("https://ec2-fips.cn-northwest-1.amazonaws.com.cn")),
        ("cn-north-1", false, true, Ok("https://ec2.cn-north-1.api.amazonwebservices.com.cn")),
        ("cn-north-1", true, true, Ok("https://ec2-fips.cn-north-1.api.amazonwebservices.com.cn")),
        ("us-gov-west-1", false, false, Ok("https://ec2.us-gov-west-1.amazonaws.com")),
        // In GovCloud the usual address is the FIPS one.
        ("us-gov-west-1", true, false, Ok("https://ec2.us-gov-west-1.amazonaws.com")),
        ("us-gov-east-1", false, true, Ok("https://ec2.us-gov-east-1.api.aws")),
        ("us-gov-east-1", true, true, Ok("https://ec2-fips.us-gov-east-1.api.aws")),
        ("us-iso-east-1", false, false, Ok("https://ec2.us-iso-east-1.c2s.ic.gov")),
        ("us-iso-east-1", true, false, Ok("https://ec2-fips.us-iso-east-1.c2s.ic.gov")),
        ("us-isob-east-1", false, false, Ok("https://ec2.us-isob-east-1.sc2s.sgov.gov")),
        ("eu-isoe-west-1", false, false, Ok("https://ec2.eu-isoe-west-1.cloud.adc-e.uk")),
        ("us-isof-south-1", false, false, Ok("https://ec2.us-isof-south-1.csp.hci.ic.gov")),
        ("eusc-de-east-1", false, false, Ok("https://ec2.eusc-de-east-1.amazonaws.eu")),
        ("xx-nowhere-9", false, false, Ok("https://ec2.xx-nowhere-9.amazonaws.com")),
        ("evil.example/", false, false, Err("region")),
        ("", false, false, Err("region")),
    ];

    #[tokio::test]
    async fn ec2_is_where_its_endpoint_rules_say() {
        for (region, fips, dual_stack, expected) in ENDPOINTS {
            let found = url(config(region).use_fips(fips).use_dual_stack(dual_stack).build()).await;
            match (found, expected) {
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{region}: {found}"),
                (found, expected) => assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned)),
            }
        }
        assert!(url(SdkConfig::builder().build()).await.unwrap_err().contains("Missing Region"));
    }

    /// `AWS_ENDPOINT_URL_EC2`, or the same in a profile.
    #[derive(Debug)]
    struct ForEc2(Option<&'static str>);

    impl LoadServiceConfig for ForEc2 {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let asked = (key.service_id(), key.env(), key.profile());
            assert_eq!(asked, ("EC2", "AWS_ENDPOINT_URL", "endpoint_url"));
            self.0.map(str::to_owned)
        }
    }

    #[tokio::test]
    async fn an_address_given_to_the_program_goes_before_one_for_ec2_and_that_before_one_for_all() {
        const ALL: Option<&str> = Some("http://all:1");
        const EC2: Option<&str> = Some("https://rds.ec2:2/");
        let environment = Origin::shared_environment_variable;
        let cases = [
            (ALL, EC2, environment(), "https://rds.ec2:2/"),
            (ALL, None, environment(), "http://all:1"),
            (None, EC2, environment(), "https://rds.ec2:2/"),
            (ALL, EC2, Origin::shared_config(), "http://all:1"),
            (None, None, environment(), "https://ec2.eu-west-1.amazonaws.com"),
        ];
        for (all, ec2, origin, expected) in cases {
            let mut config = config("eu-west-1").service_config(ForEc2(ec2));
            config.set_endpoint_url(all.map(str::to_owned)).insert_origin("endpoint_url", origin);
            assert_eq!(url(config.build()).await.unwrap(), expected, "{all:?} {ec2:?}");
        }
        let both = config("eu-west-1").endpoint_url("http://all:1").use_fips(true).build();
        assert!(url(both).await.unwrap_err().contains("FIPS and custom endpoint"));
    }

    /// Statuses and bodies.
    type Answers = &'static [(u16, &'static str)];

    /// Answers with each of these, the last again and again, and keeps what it is asked.
    #[derive(Clone, Debug)]
    struct Canned {
        answers: Answers,
        asked: Arc<Mutex<Vec<HttpRequest>>>,
    }

    impl HttpConnector for Canned {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let mut asked = self.asked.lock().unwrap();
            let (status, body) = self.answers[asked.len().min(self.answers.len() - 1)];
            asked.push(request);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
        }
    }

    /// What comes of asking, and the requests that it took.
    async fn asked(name: &str, request: Value, answers: Answers) -> (Reply, Vec<HttpRequest>) {
        let canned = Canned { answers, asked: Arc::default() };
        let connector = SharedHttpConnector::new(canned.clone());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        let config = config("eu-west-1")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1)),
            );
        let counts = Arc::<Counts>::default();
        let clients = Clients::new(config.build(), format!("{answers:?}"), Arc::clone(&counts));
        let reply = ask(&clients, name, Request(request.as_object().unwrap())).await.unwrap();
        let requests = std::mem::take(&mut *canned.asked.lock().unwrap());
        assert_eq!((counts.calls().calls, counts.calls().retries + 1), (1, requests.len() as u64));
        (reply, requests)
    }

    const VOLUMES: &str = "<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>";
    const LIMIT: &str =
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
    const THROTTLED: &str = "<Response><Errors><Error><Code>Throttling</Code></Error></Errors></Response>";
    const DENIED: &str = "<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
        <Message>not &quot;you&quot;</Message></Error></Errors><RequestID>1</RequestID></Response>";

    type Outcome = Result<(), (&'static str, &'static str)>;

    /// What AWS answers, how often it is asked, and the outcome: code and words of the message.
    const CALLS: [(&str, Answers, usize, Outcome); 14] = [
        ("an answer", &[(200, VOLUMES)], 1, Ok(())),
        ("too many requests", &[(503, LIMIT), (200, VOLUMES)], 2, Ok(())),
        ("throttled by its code alone", &[(400, LIMIT), (400, THROTTLED), (200, VOLUMES)], 3, Ok(())),
        ("throttled to the end", &[(503, LIMIT)], 3, Err(("RequestLimitExceeded", ""))),
        ("unavailable", &[(503, ""), (200, VOLUMES)], 2, Ok(())),
        ("unavailable to the end", &[(503, "")], 3, Err(("HTTP503", ""))),
        ("denied", &[(403, DENIED)], 1, Err(("UnauthorizedOperation", "not \"you\""))),
        ("an error that is no XML", &[(403, "go away")], 1, Err(("HTTP403", ""))),
        ("no XML", &[(200, "<p>502 Bad Gateway")], 1, Err(("UnreadableResponse", "cut off"))),
        ("nothing", &[(200, "")], 1, Err(("UnreadableResponse", "one root"))),
        ("cut off", &[(200, "<DescribeVolumesResponse><volumeSet>")], 1, Err(("UnreadableResponse", "cut"))),
        ("another's answer", &[(200, "<Response/>")], 1, Err(("UnreadableResponse", "no answer"))),
        ("text around", &[(200, "OK <DescribeVolumesResponse/>")], 1, Err(("UnreadableResponse", "root"))),
        (
            "crossed ends",
            &[(200, "<DescribeVolumesResponse><volumeSet></DescribeVolumesResponse></volumeSet>")],
            1,
            Err(("UnreadableResponse", "XML")),
        ),
    ];

    #[tokio::test]
    async fn what_may_pass_is_asked_again_and_the_rest_is_told_with_its_code() {
        for (case, answers, attempts, outcome) in CALLS {
            let (reply, requests) = asked("ec2.describe-volumes", json!({}), answers).await;
            assert_eq!(requests.len(), attempts, "{case}");
            match (reply, outcome) {
                (Ok(answer), Ok(())) => assert_eq!(answer.body, r#"{"Volumes":[]}"#, "{case}"),
                (Err(error), Err((code, words))) => {
                    assert_eq!(error.code, code, "{case}");
                    assert!(error.message.contains(words), "{case}: {}", error.message);
                }
                (reply, _) => panic!("{case}: {reply:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_request_is_a_signed_form_in_the_api_s_names() {
        let cases = [
            ("ec2.describe-volumes", json!({ "MaxResults": 1000, "NextToken": "a+/=&b" }), "DescribeVolumes"),
            ("ec2.describe-instances", json!({}), "DescribeInstances"),
            ("ec2.describe-regions", json!({ "AllRegions": true }), "DescribeRegions"),
        ];
        let forms = ["&MaxResults=1000&NextToken=a%2B%2F%3D%26b", "", "&AllRegions=true"];
        for ((name, request, action), parameters) in cases.into_iter().zip(forms) {
            let (_, requests) = asked(name, request, &[(403, DENIED)]).await;
            let [request] = requests.as_slice() else { panic!("{name}: {requests:?}") };
            let form = format!("Action={action}&Version=2016-11-15{parameters}");
            assert_eq!(request.body().bytes(), Some(form.as_bytes()));
            assert_eq!((request.method(), request.uri()), ("POST", "https://ec2.eu-west-1.amazonaws.com/"));
            let header = |name| request.headers().get(name).unwrap();
            assert!(header("authorization").contains("/eu-west-1/ec2/aws4_request, SignedHeaders="));
            assert_eq!(header("x-amz-security-token"), "token");
        }
    }

    /// An operation, what is in its answer, and as what that is printed.
    const ANSWERS: [(&str, &str, &str, Result<&str, &str>); 10] = [
        ("volumes", "DescribeVolumes", "", Ok("{}")),
        ("volumes", "DescribeVolumes", "<volumeSet/><nextToken/>", Ok(r#"{"Volumes":[],"NextToken":""}"#)),
        (
            "volumes",
            "DescribeVolumes",
            "<requestId>1</requestId><volumeSet>\n <item><volumeId>vol-1</volumeId><size>8</size><status>in-use</status>
             <attachmentSet><item><volumeId>vol-9</volumeId><status>attached</status></item></attachmentSet>
             <encrypted>false</encrypted><tagSet><item><key>a &amp; &#233;</key><value>&lt;b&gt;<!-- c --><![CDATA[&d]]></value>
             </item><item><key>e</key><value/></item><item/></tagSet></item><item/></volumeSet><nextToken>n</nextToken>",
            Ok(
                r#"{"Volumes":[{"VolumeId":"vol-1","State":"in-use","Encrypted":false,"Tags":[{"Key":"a & é","Value":"<b>&d"},{"Key":"e","Value":""},{"Key":null,"Value":null}]},{}],"NextToken":"n"}"#,
            ),
        ),
        (
            "volumes",
            "DescribeVolumes",
            "<volumeSet><item><encrypted>yes</encrypted></item></volumeSet>",
            Err("`encrypted` of the answer is not true or false"),
        ),
        (
            "volumes",
            "DescribeVolumes",
            "<volumeSet><item><volumeId><a/></volumeId></item></volumeSet>",
            Err("`volumeId` of the answer is not text"),
        ),
        ("volumes", "DescribeVolumes", "<volumeSet>&own;</volumeSet>", Err("an entity is not XML's own")),
        (
            "instances",
            "DescribeInstances",
            "<reservationSet><item><reservationId>r-1</reservationId><instancesSet><item><instanceId>i-1</instanceId>
             <instanceState><code>16</code><name>running</name></instanceState><tagSet/></item><item><instanceState/></item>
             </instancesSet></item><item/></reservationSet>",
            Ok(
                r#"{"Reservations":[{"ReservationId":"r-1","Instances":[{"InstanceId":"i-1","State":{"Name":"running"},"Tags":[]},{}]},{}]}"#,
            ),
        ),
        (
            "regions",
            "DescribeRegions",
            "<regionInfo><item><regionName>eu-west-1</regionName><regionEndpoint>e</regionEndpoint>
             <optInStatus>opt-in-not-required</optInStatus></item></regionInfo>",
            Ok(r#"{"Regions":[{"RegionName":"eu-west-1","OptInStatus":"opt-in-not-required"}]}"#),
        ),
        ("regions", "DescribeVolumes", "", Err("no answer to `DescribeRegions`")),
        ("regions", "DescribeRegions", "</DescribeRegionsResponse><DescribeRegionsResponse>", Err("one root")),
    ];

    #[test]
    fn answers_are_printed_as_the_aws_cli_prints_them_and_what_is_left_out_stays_out() {
        for (operation, root, inner, expected) in ANSWERS {
            let (action, shape): (_, Shape) = match operation {
                "volumes" => ("DescribeVolumes", volumes),
                "instances" => ("DescribeInstances", instances),
                _ => ("DescribeRegions", regions),
            };
            let namespace = "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"";
            let body =
                format!("<?xml version=\"1.0\"?>\n<{root}Response {namespace}>{inner}</{root}Response>\n");
            let response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body));
            let printed = read(action, shape, &response).map(|it| it.to_string());
            let printed = printed.map_err(|it| std::error::Error::source(&it).unwrap().to_string());
            match (printed, expected) {
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{inner}: {found}"),
                (printed, expected) => assert_eq!(printed.as_deref().map_err(|it| &**it), expected),
            }
        }
    }

    #[test]
    fn only_regions_that_the_account_opted_into_are_enabled() {
        let region = |name, status| json!({ "RegionName": name, "OptInStatus": status });
        let regions = ["opt-in-not-required", "opted-in", "not-opted-in"].map(|it| region(it, Some(it)));
        let body = json!({ "Regions": [regions[0], regions[1], regions[2], region("untold", None)] });
        let expected = [
            (ENABLED_REGION, "opt-in-not-required"),
            (ENABLED_REGION, "opted-in"),
            (OTHER_REGION, "not-opted-in"),
            (OTHER_REGION, "untold"),
        ];
        assert_eq!(named(&body).found, expected.map(|(parameter, name)| (parameter, name.to_owned())));
    }

    #[test]
    fn a_hostile_body_is_refused() {
        let bodies = [
            ("too deep", "<a>".repeat(300_000)),
            ("declares a type", "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>".to_owned()),
            ("cut off", format!("<a {}>", "b='' ".repeat(200_000))),
            ("XML", "</a>".to_owned()),
            ("XML", "<".repeat(1_000_000)),
        ];
        for (words, body) in bodies {
            let error = Element::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(matches!(Element::parse(b"<a>\xff</a>"), Err(AnswerError::Utf8(_))));
    }
}
