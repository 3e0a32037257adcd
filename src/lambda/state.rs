//! What a function keeps between invocations: its environment and, once asked for, who asks.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};

use super::environment::Environment;
use super::failure::Failure;
use crate::aws::{Objects, Options, Session};
use crate::collect::unit::Settings;
use crate::ledger::dynamodb::DynamoDb;
use crate::ledger::dynamodb::configuration::Configurations;
use crate::ledger::dynamodb::told::Told;
use crate::survey::{Asked, Survey};

/// Where a function may write: a folder for each process.
fn disk() -> PathBuf {
    env::temp_dir().join("backproof")
}

/// What a function keeps; nothing is asked or built before it is needed.
pub(super) struct State {
    environment: Result<Environment, Failure>,
    session: OnceCell<Arc<Session>>,
    dynamodb: OnceCell<aws_sdk_dynamodb::Client>,
    sns: OnceCell<aws_sdk_sns::Client>,
}

impl State {
    pub(super) fn new(environment: Result<Environment, Failure>) -> Self {
        // A process before this one may have had the same number.
        let _ = fs::remove_dir_all(disk().join(process::id().to_string()));
        let (session, dynamodb, sns) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { environment, session, dynamodb, sns }
    }

    pub(super) fn environment(&self) -> Result<&Environment, Failure> {
        self.environment.as_ref().map_err(Clone::clone)
    }

    /// Who asks, as the function's role.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Failure> {
        let open = async { Session::open(&Options::default()).await.map(Arc::new) };
        Ok(Arc::clone(self.session.get_or_try_init(|| open).await?))
    }

    /// Asks as the function's role, and in other accounts as the role there; so many accounts and Regions at once.
    pub(super) async fn survey(
        &self,
        asked: Asked,
        settings: Settings,
        at_once: usize,
    ) -> Result<Survey, Failure> {
        Ok(Survey {
            session: self.session().await?,
            settings: Arc::new(settings),
            asked: Arc::new(asked),
            external_id: self.environment()?.external_id.clone(),
            units: Arc::new(Semaphore::new(at_once)),
            progress: Arc::new(|_| {}),
        })
    }

    /// The table of the ledger and of what is configured.
    async fn table(&self) -> Result<(aws_sdk_dynamodb::Client, String), Failure> {
        let table = self.environment()?.table.clone();
        if table.is_empty() {
            return Err(Failure::Configuration("the environment variable `TABLE` is missing".to_owned()));
        }
        let session = self.session().await?;
        let client = || async { aws_sdk_dynamodb::Client::new(session.config()) };
        Ok((self.dynamodb.get_or_init(client).await.clone(), table))
    }

    /// Publishes to topics.
    pub(super) async fn sns(&self) -> Result<&aws_sdk_sns::Client, Failure> {
        let session = self.session().await?;
        Ok(self.sns.get_or_init(|| async { aws_sdk_sns::Client::new(session.config()) }).await)
    }

    /// The ledger; it is asked from another thread than the runtime's.
    pub(super) async fn ledger(&self, runtime: Handle) -> Result<DynamoDb, Failure> {
        let (client, table) = self.table().await?;
        Ok(DynamoDb::new(client, runtime, table))
    }

    /// What is configured, as it was last seen.
    pub(super) async fn known(&self) -> Result<Configurations, Failure> {
        let (client, table) = self.table().await?;
        Ok(Configurations::new(client, table))
    }

    /// The events that somebody was told of.
    pub(super) async fn told(&self) -> Result<Told, Failure> {
        let (client, table) = self.table().await?;
        Ok(Told::new(client, table))
    }

    /// The bucket of inventories and reports.
    pub(super) async fn evidence(&self) -> Result<Objects, Failure> {
        let bucket = &self.environment()?.bucket;
        Ok(Objects::new(&*self.session().await?, None, bucket))
    }
}

/// An empty folder on the function's disk, which goes when this is dropped.
pub(super) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes it. What a process before this left behind, because it was ended, goes.
    pub(super) fn new() -> io::Result<Self> {
        let mine = disk().join(process::id().to_string());
        fs::create_dir_all(&mine)?;
        for entry in fs::read_dir(disk())? {
            let path = entry?.path();
            let lives = path.file_name().is_some_and(|pid| Path::new("/proc").join(pid).exists());
            if !lives {
                // Whoever else finds it may be quicker.
                let _ = fs::remove_dir_all(path);
            }
        }
        Ok(Self(tempfile::Builder::new().tempdir_in(mine)?))
    }

    /// A path in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
