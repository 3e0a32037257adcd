//! Local AWS for one test: started with a seed, told which faults to have, asked what it was asked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::shared::{Run, binary, root, run};

/// A server that ends when it is dropped, and by itself if the test is killed.
pub(crate) struct LocalAws {
    server: Child,
    port: u16,
    python: PathBuf,
    // Holds the port file.
    _folder: tempfile::TempDir,
}

impl LocalAws {
    /// Starts a server over these inventories; with `auth` it checks signatures and IAM policies.
    pub(crate) fn start(seeds: &[&Path], auth: bool) -> Self {
        let (tests, python) = (root().join("tests/aws"), python());
        let folder = tempfile::tempdir().unwrap();
        let port_file = folder.path().join("port");
        let mut command = Command::new(&python);
        command.arg("-B").arg(tests.join("local_aws.py")).arg("--port-file").arg(&port_file);
        for seed in seeds {
            command.arg("--seed").arg(seed);
        }
        if auth {
            command.arg("--auth");
        }
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let mut started = Self { server, port: 0, python, _folder: folder };
        while !port_file.exists() {
            assert!(started.server.try_wait().unwrap().is_none(), "local AWS did not start");
            assert!(begun.elapsed() < Duration::from_secs(120), "local AWS is not ready after two minutes");
            std::thread::sleep(Duration::from_millis(50));
        }
        started.port = std::fs::read_to_string(&port_file).unwrap().trim().parse().unwrap();
        started
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Gives it these faults, in place of those it had.
    pub(crate) fn set_faults(&self, faults: &Value) {
        self.control("PUT", "faults", &faults.to_string());
    }

    /// Forgets what it was asked.
    pub(crate) fn forget_calls(&self) {
        self.control("DELETE", "calls", "");
    }

    /// What it was asked, in its own words.
    pub(crate) fn calls(&self) -> Value {
        serde_json::from_str(&self.control("GET", "calls", "")).unwrap()
    }

    /// The operations it was asked, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.calls()["operations"].as_object().unwrap().keys().cloned().collect()
    }

    /// Asks the server itself, beside all that it is in place of.
    pub(crate) fn control(&self, method: &str, what: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /_local-aws/{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
        match head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            true => unchunked(body),
            false => body.to_owned(),
        }
    }

    /// A command that finds this server in place of AWS, as root of an account.
    pub(crate) fn command(&self, program: &Path, account: &str) -> Command {
        self.command_as(program, account, "test")
    }

    /// A command that finds this server in place of AWS, with these keys.
    pub(crate) fn command_as(&self, program: &Path, key: &str, secret: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .current_dir(root())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "110")
            .env("AWS_ENDPOINT_URL", self.url())
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_CONFIG_FILE", "/dev/null");
        command
    }

    /// Runs the binary as root of an account.
    pub(crate) fn backproof(&self, account: &str, arguments: &[&str]) -> Run {
        run(self.command(binary(), account).args(arguments))
    }

    /// Runs a script with the Python that local AWS runs on, as root of an account.
    pub(crate) fn python(&self, account: &str, arguments: &[&str]) -> Run {
        run(self.command(&self.python, account).arg("-B").args(arguments))
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The Python that local AWS runs on, installed if need be.
pub(crate) fn python() -> PathBuf {
    let installed = Command::new("sh").arg(root().join("tests/aws/install.sh")).output().unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    PathBuf::from(String::from_utf8(installed.stdout).unwrap().trim())
}

/// A body sent in chunks, put together.
fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}
