//! A stack on local AWS, and what a person would do with it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::MANAGEMENT;
use super::local_aws::{LocalAws, python};
use super::shared::{Run, root, run};

pub(crate) const REGION: &str = "eu-west-1";

/// Writes a program as `bootstrap` into a zip.
const ZIP: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w') as archive:
    entry = zipfile.ZipInfo('bootstrap')
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, open(sys.argv[1], 'rb').read(), zipfile.ZIP_DEFLATED, compresslevel=1)
";

/// The release bootstrap, zipped as it is deployed. `BOOTSTRAP` names a program in its place, which is quicker to build.
fn zip() -> PathBuf {
    static ZIPPED: OnceLock<(PathBuf, TempDir)> = OnceLock::new();
    let zipped = ZIPPED.get_or_init(|| {
        let program = std::env::var("BOOTSTRAP").map_or_else(|_| release(), PathBuf::from);
        let folder = tempfile::tempdir().unwrap();
        let zip = folder.path().join("bootstrap.zip");
        let ran = run(Command::new(python()).args(["-c", ZIP]).arg(program).arg(&zip));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        (zip, folder)
    });
    zipped.0.clone()
}

fn release() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--release", "--no-default-features", "--features", "lambda"]);
    let built = run(cargo.args(["--bin", "lambda"]).current_dir(root()));
    assert_eq!(built.status, 0, "{}", built.stderr);
    let target = std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), PathBuf::from);
    target.join("release/lambda")
}

/// A stack, with a queue that gets its alerts.
pub(crate) struct Stack {
    pub(crate) aws: LocalAws,
    outputs: Value,
    queue: String,
}

impl Stack {
    /// Deploys the template into the management account of the example.
    pub(crate) fn deploy(parameters: &[(&str, &str)]) -> Self {
        let aws = LocalAws::start(&[&root().join("examples/acme")], true);
        Self::deploy_on(aws, parameters)
    }

    pub(crate) fn deploy_on(aws: LocalAws, parameters: &[(&str, &str)]) -> Self {
        let (script, zip, endpoint) = (root().join("tests/template/deploy.py"), zip(), aws.url());
        let mut words = vec![script.to_str().unwrap().to_owned(), "--endpoint".to_owned(), endpoint];
        words.extend(
            ["--account", MANAGEMENT, "--region", REGION, "--zip", zip.to_str().unwrap()].map(str::to_owned),
        );
        words.extend(
            parameters.iter().flat_map(|(name, value)| ["--parameter".to_owned(), format!("{name}={value}")]),
        );
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let deployed = aws.python(MANAGEMENT, &words);
        assert_eq!(deployed.status, 0, "{}", deployed.stderr);
        let outputs: Value = serde_json::from_str(&deployed.stdout).unwrap();
        let mut stack = Self { aws, outputs, queue: String::new() };
        stack.subscribe();
        stack
    }

    fn subscribe(&mut self) {
        let arn = format!("arn:aws:sqs:{REGION}:{MANAGEMENT}:alerts");
        let allow = json!({
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": arn,
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [allow] }).to_string();
        let queue = json!({ "QueueName": "alerts", "Attributes": { "Policy": policy } });
        let queue = self.call("sqs", "create-queue", queue);
        let url = queue["QueueUrl"].as_str().unwrap().to_owned();
        let topic = self.output("Topic");
        let attributes = json!({ "RawMessageDelivery": "true" });
        let subscription = json!({
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "Attributes": attributes,
        });
        self.call("sns", "subscribe", subscription);
        self.queue = url;
    }

    pub(crate) fn output(&self, name: &str) -> String {
        assert!(self.outputs[name].is_string(), "no output {name}: {}", self.outputs);
        self.outputs[name].as_str().unwrap().to_owned()
    }

    /// One call as root of the management account.
    pub(crate) fn call(&self, service: &str, operation: &str, parameters: Value) -> Value {
        self.call_as(MANAGEMENT, service, operation, parameters)
    }

    pub(crate) fn call_as(&self, account: &str, service: &str, operation: &str, parameters: Value) -> Value {
        let called = self.try_call(account, service, operation, &parameters);
        assert_eq!(called.status, 0, "{service} {operation}: {}", called.stderr);
        serde_json::from_str(&called.stdout).unwrap()
    }

    pub(crate) fn try_call(&self, account: &str, service: &str, operation: &str, parameters: &Value) -> Run {
        let script = root().join("tests/stack/call.py");
        self.aws.python(account, &[script.to_str().unwrap(), service, operation, &parameters.to_string()])
    }

    /// Starts a run as EventBridge Scheduler does, and waits for its end: its status and what it said.
    pub(crate) fn run(&self, input: &Value) -> (String, Value) {
        let started = json!({ "stateMachineArn": self.output("StateMachine"), "input": input.to_string() });
        let started = self.call("stepfunctions", "start-execution", started);
        let execution = json!({ "executionArn": started["executionArn"] });
        let ended = self.wait_for("the run ends", || {
            let told = self.call("stepfunctions", "describe-execution", execution.clone());
            (told["status"] != "RUNNING").then_some(told)
        });
        let output = ended["output"].as_str().and_then(|it| serde_json::from_str(it).ok());
        let status = ended["status"].as_str().unwrap().to_owned();
        (status, output.unwrap_or(ended))
    }

    /// A run that succeeds: its id.
    pub(crate) fn run_well(&self) -> String {
        let (status, output) = self.run(&json!({}));
        assert_eq!(status, "SUCCEEDED", "{output}");
        output["run"].as_str().unwrap().to_owned()
    }

    /// Asks again and again, for two minutes at most.
    pub(crate) fn wait_for<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = ask() {
                return found;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "waited for two minutes: {what}\n{}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// An object of the evidence bucket.
    pub(crate) fn object(&self, key: &str) -> String {
        let object = json!({ "Bucket": self.output("EvidenceBucket"), "Key": key });
        self.call("s3", "get-object", object)["Body"].as_str().unwrap().to_owned()
    }

    /// The keys that begin so.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let list = json!({ "Bucket": self.output("EvidenceBucket"), "Prefix": prefix });
        let listed = self.call("s3", "list-objects-v2", list);
        let contents = listed["Contents"].as_array().cloned().unwrap_or_default();
        contents.iter().map(|it| it["Key"].as_str().unwrap().to_owned()).collect()
    }

    /// The alerts that came since the last time, as queues get them; each once.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        self.messages(&self.queue)
    }

    /// The next alert, and nothing beside it.
    pub(crate) fn one_alert(&self) -> Value {
        let alerts = self.wait_for("an alert", || Some(self.alerts()).filter(|it| !it.is_empty()));
        assert_eq!(alerts.len(), 1, "{alerts:#?}");
        alerts[0].clone()
    }

    /// What lies in the failure queue.
    pub(crate) fn failures(&self) -> Vec<Value> {
        self.messages(&self.output("FailureQueue"))
    }

    fn messages(&self, queue: &str) -> Vec<Value> {
        let receive = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
        let mut messages = Vec::new();
        loop {
            let received = self.call("sqs", "receive-message", receive.clone());
            let some = received["Messages"].as_array().cloned().unwrap_or_default();
            if some.is_empty() {
                break;
            }
            for message in &some {
                let delete = json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] });
                self.call("sqs", "delete-message", delete);
            }
            messages.extend(some);
        }
        let bodies = messages.iter().map(|it| it["Body"].as_str().unwrap());
        bodies.map(|it| serde_json::from_str(it).unwrap_or_else(|_| Value::from(it))).collect()
    }

    /// `backproof violations` on the stack's table.
    pub(crate) fn violations(&self, arguments: &[&str]) -> Run {
        let ledger = format!("dynamodb:{}", self.output("Table"));
        let mut words = vec!["violations", "--ledger", &ledger];
        words.extend(arguments);
        self.aws.backproof(MANAGEMENT, &words)
    }

    /// The open violations of a control, as JSON.
    pub(crate) fn open(&self, control: &str, resource: &str) -> Vec<Value> {
        let listed =
            self.violations(&["list", "--control", control, "--resource", resource, "--format", "json"]);
        assert_eq!(listed.status, 0, "{}", listed.stderr);
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// The functions' logs, for a test that fails.
    pub(crate) fn logs(&self) -> String {
        let groups = self.call("logs", "describe-log-groups", json!({}));
        let groups = groups["logGroups"].as_array().cloned().unwrap_or_default();
        let mut logs = String::new();
        for group in groups {
            let name = group["logGroupName"].as_str().unwrap();
            let told =
                self.try_call(MANAGEMENT, "logs", "filter-log-events", &json!({ "logGroupName": name }));
            let told: Value = serde_json::from_str(&told.stdout).unwrap_or_default();
            for event in told["events"].as_array().into_iter().flatten() {
                logs.push_str(&format!("{name}: {}\n", event["message"].as_str().unwrap_or_default()));
            }
        }
        logs
    }
}
