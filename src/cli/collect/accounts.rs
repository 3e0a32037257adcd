//! A collection over accounts and Regions: roles, units at once, and what of it was gathered.
//!
//! One account's failure is its own: the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::asked::{
    ACCOUNTS, ACCOUNTS_OF_UNIT, Accounts, Asked, DESCRIBE_REGIONS, Regions, UNITS_OF_UNIT, message,
};
use super::folder::Beginning;
use crate::aws::{Assumed, Session};
use crate::cli::Failure;
use crate::collect::journal::{Chain, Ended, FileRecord, Journal};
use crate::collect::manifest::{Manifest, Skipped};
use crate::collect::matrix::Matrix;
use crate::collect::question::{
    ACCOUNT, ENABLED_REGION, MANAGEMENT_ACCOUNT, OTHER_REGION, SUSPENDED_ACCOUNT, Scope,
};
use crate::collect::unit::{self, Collected, Found, Settings};
use crate::inventory::{CallError, Operation};
use crate::model::{AccountId, Place, Region};

/// What a collection asks with.
#[derive(Clone)]
pub(super) struct Collection {
    pub(super) session: Arc<Session>,
    pub(super) settings: Arc<Settings>,
    pub(super) asked: Arc<Asked>,
    pub(super) external_id: Option<String>,
    pub(super) units: Arc<Semaphore>,
    pub(super) bar: ProgressBar,
}

/// What of an account or of all was collected.
#[derive(Default)]
struct Gathered {
    matrix: Matrix,
    files: Vec<FileRecord>,
}

impl Gathered {
    fn add(&mut self, matrix: Matrix, files: Vec<FileRecord>) {
        self.matrix.join(matrix);
        self.files.extend(files);
    }
}

impl Collection {
    pub(super) async fn run(self, beginning: &Beginning) -> Result<(Matrix, Manifest), Failure> {
        let own = self.session.own();
        let account = self.session.identity().account;
        let first = self.unit(&own, global(account), &[Scope::Account]).await?;
        let found = first.found;
        let manages = found.iter().any(|it| it.name == MANAGEMENT_ACCOUNT && it.value == account.to_string());
        let mut gathered = Gathered::default();
        let mut tree = Vec::new();
        if manages || matches!(self.asked.accounts, Accounts::All | Accounts::Under(_)) {
            let mut organization = self.unit(&own, global(account), &[Scope::Organization]).await?;
            tree = std::mem::take(&mut organization.found);
            gathered.add(organization.matrix, organization.files);
        }
        gathered.add(first.matrix, first.files);
        gathered.matrix.join(unreadable_names(account, &tree));
        let (accounts, skipped) = self.accounts(account, &tree)?;
        let own_regions = self.regions(account, &found, &mut gathered.matrix);
        let mut running = JoinSet::new();
        for other in accounts {
            let (collection, own_regions) = (self.clone(), own_regions.clone());
            let first = (other == account).then(|| own.clone());
            running.spawn(async move { collection.account(other, first, own_regions).await });
        }
        while let Some(ended) = running.join_next().await {
            let account = ended.map_err(io::Error::other)??;
            gathered.add(account.matrix, account.files);
        }
        gathered.files.sort_by(|a, b| a.path.cmp(&b.path));
        let unnamed: Vec<String> = gathered.matrix.unseen(&self.asked.naming()).collect();
        let complete = gathered.matrix.is_complete() && unnamed.is_empty();
        let manifest = Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            caller: self.session.identity().arn.clone(),
            started_at: beginning.started_at.to_string(),
            ended_at: Timestamp::now().to_string(),
            complete,
            unnamed,
            skipped,
            calls: self.session.counts().calls(),
            files: gathered.files,
        };
        Ok((gathered.matrix, manifest))
    }

    /// The accounts to ask, and those that are left out.
    fn accounts(
        &self,
        own: AccountId,
        tree: &[Found],
    ) -> Result<(BTreeSet<AccountId>, Vec<Skipped>), Failure> {
        let within: Box<dyn Fn(&Found) -> bool> = match &self.asked.accounts {
            Accounts::Own => return Ok((BTreeSet::from([own]), Vec::new())),
            Accounts::These(ids) => return Ok((ids.iter().copied().collect(), Vec::new())),
            Accounts::All => Box::new(|it| it.operation == ACCOUNTS),
            Accounts::Under(units) => {
                let units = units_under(units, tree)?;
                Box::new(move |it| it.operation == ACCOUNTS_OF_UNIT && units.contains(&it.of))
            }
        };
        let named = |what: &str| -> BTreeSet<AccountId> {
            let found = tree.iter().filter(|it| within(it) && it.name == what);
            found.filter_map(|it| it.value.parse().ok()).collect()
        };
        let accounts = named(ACCOUNT);
        if accounts.is_empty() {
            return Err(message(
                "Organizations named no account to ask; --accounts all and --ou need credentials of the management account or of a delegated administrator that may call organizations:ListAccounts and the calls of --dry-run",
            ));
        }
        let why = "Organizations says that it is suspended or closed";
        let skipped = |it: AccountId| Skipped { account: it.to_string(), why: why.to_owned() };
        Ok((accounts, named(SUSPENDED_ACCOUNT).into_iter().map(skipped).collect()))
    }

    /// The Regions to ask in an account, from what it says of them; the matrix is told if it names none.
    fn regions(&self, account: AccountId, found: &[Found], matrix: &mut Matrix) -> BTreeSet<Region> {
        matrix.join(unreadable_names(account, found));
        let named = |names: &[&str]| -> BTreeSet<Region> {
            let found = found.iter().filter(|it| names.contains(&it.name.as_str()));
            found.filter_map(|it| it.value.parse().ok()).filter(|it: &Region| !it.is_global()).collect()
        };
        let regions = match &self.asked.regions {
            Regions::These(regions) => regions.clone(),
            Regions::OfSession => self.session.region().into_iter().collect(),
            Regions::Enabled => named(&[ENABLED_REGION]),
            Regions::All => named(&[ENABLED_REGION, OTHER_REGION]),
        };
        if regions.is_empty() {
            matrix.join(cut_off(account, DESCRIBE_REGIONS, "it named no Region".to_owned()));
        }
        regions
    }

    /// One account: its role, what is not regional, and its Regions at once.
    async fn account(
        self,
        account: AccountId,
        own: Option<Assumed>,
        own_regions: BTreeSet<Region>,
    ) -> io::Result<Gathered> {
        let mut gathered = Gathered::default();
        let (assumed, regions) = match own {
            Some(own) => (own, own_regions),
            None => match self.assume(account).await {
                Err(error) => return self.locked_out(account, &own_regions, &error),
                Ok(assumed) => {
                    let first = self.unit(&assumed, global(account), &[Scope::Account]).await?;
                    gathered.add(first.matrix, first.files);
                    let regions = self.regions(account, &first.found, &mut gathered.matrix);
                    // An account that does not say which Regions it may use is asked in those that the first one may.
                    (assumed, if regions.is_empty() { own_regions } else { regions })
                }
            },
        };
        let mut running = JoinSet::new();
        for region in regions {
            let (collection, assumed) = (self.clone(), assumed.clone());
            let place = Place { account, region };
            running.spawn(async move { collection.unit(&assumed, place, &[Scope::Region]).await });
        }
        while let Some(ended) = running.join_next().await {
            let unit = ended.map_err(io::Error::other)??;
            gathered.add(unit.matrix, unit.files);
        }
        Ok(gathered)
    }

    async fn unit(&self, assumed: &Assumed, place: Place, scopes: &'static [Scope]) -> io::Result<Collected> {
        let _permit = self.units.acquire().await.map_err(io::Error::other)?;
        self.bar.set_message(format!("asking {place}"));
        let clients = self.session.clients(assumed, &place.region);
        unit::collect(Arc::new(clients), place, scopes, Arc::clone(&self.settings)).await
    }

    async fn assume(&self, account: AccountId) -> Result<Assumed, CallError> {
        match &self.asked.role {
            Some(role) => self.session.assume(account, role, self.external_id.as_deref()).await,
            None => Err(CallError {
                code: "NoRole".to_owned(),
                message: "the credentials are another account's; give --assume-role".to_owned(),
            }),
        }
    }

    /// Records in each Region that the role could not be assumed, which stands for every call there.
    fn locked_out(
        &self,
        account: AccountId,
        regions: &BTreeSet<Region>,
        error: &CallError,
    ) -> io::Result<Gathered> {
        let mut gathered = Gathered::default();
        let Some(operation) = Operation::named("sts.assume-role") else {
            return Ok(gathered);
        };
        let role = self.asked.role.as_deref().map(|it| self.session.role_arn(account, it));
        let role = role.unwrap_or_default();
        let call = serde_json::json!({ "request": { "RoleArn": role }, "error": error }).to_string();
        for region in regions.iter().cloned().chain([Region::global()]) {
            let place = Place { account, region };
            let mut journal = Journal::open(&self.settings.root, &place, operation)?;
            journal.record(&role, 0, &call)?;
            journal.end(&role, Chain { ended: Ended::Refused(error.code.clone()), found: Vec::new() })?;
            if let Some((file, chains)) = journal.finish(|of| of == role)? {
                let mut matrix = Matrix::default();
                matrix.add(&place, operation.name, chains.values());
                gathered.add(matrix, vec![file]);
            }
        }
        Ok(gathered)
    }
}

/// That a call about accounts or Regions did not say all it should.
fn cut_off(account: AccountId, operation: &'static str, why: String) -> Matrix {
    let mut matrix = Matrix::default();
    matrix.add(&global(account), operation, [&Chain { ended: Ended::CutOff(why), found: Vec::new() }]);
    matrix
}

/// The calls that named an account or a Region that is none: it could not be asked.
fn unreadable_names(account: AccountId, found: &[Found]) -> Matrix {
    let mut matrix = Matrix::default();
    for it in found {
        let readable = match it.name.as_str() {
            ACCOUNT | SUSPENDED_ACCOUNT => it.value.parse::<AccountId>().is_ok(),
            ENABLED_REGION | OTHER_REGION => it.value.parse::<Region>().is_ok_and(|it| !it.is_global()),
            _ => true,
        };
        if !readable {
            let why = format!("`{}` is not {}", it.value, it.name);
            matrix.join(cut_off(account, it.operation, why));
        }
    }
    matrix
}

fn global(account: AccountId) -> Place {
    Place { account, region: Region::global() }
}

/// These units and all that are in them; an id that the organization does not have is an error.
fn units_under(wanted: &[String], tree: &[Found]) -> Result<BTreeSet<String>, Failure> {
    let units: Vec<&Found> = tree.iter().filter(|it| it.name == "ParentId").collect();
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unit in units.iter().filter(|it| it.operation == UNITS_OF_UNIT) {
        children.entry(&unit.of).or_default().push(&unit.value);
    }
    let mut within = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for id in wanted {
        if !units.iter().any(|it| it.value == *id) {
            let text = format!("--ou: Organizations names no root or unit `{id}`");
            return Err(Failure::Message(text));
        }
        open.push(id);
    }
    while let Some(id) = open.pop() {
        if within.insert(id.to_owned()) {
            open.extend(children.get(id).into_iter().flatten());
        }
    }
    Ok(within)
}
