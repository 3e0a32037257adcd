//! EC2's endpoints, retries and answers, without EC2.

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
const LIMIT: &str = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
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
        let body = format!("<?xml version=\"1.0\"?>\n<{root}Response {namespace}>{inner}</{root}Response>\n");
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
    assert!(matches!(Element::parse(b"<a>\xff</a>"), Err(XmlError::Utf8(_))));
}
