//! A survey over accounts and Regions: which there are, the role in each, and what was gathered of it.
//!
//! One account's failure is its own: the others go on. What is asked of each is `collect`'s, how AWS is reached `aws`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

mod asked;

use asked::{ACCOUNTS, ACCOUNTS_OF_UNIT, DESCRIBE_REGIONS, UNITS_OF_UNIT};
pub use asked::{Accounts, Asked, AskedError, Regions};

use crate::aws::{Assumed, Session};
use crate::collect::journal::{Chain, Ended, FileRecord, Journal};
use crate::collect::manifest::{Manifest, Skipped};
use crate::collect::matrix::Matrix;
use crate::collect::question::{
    ACCOUNT, ENABLED_REGION, MANAGEMENT_ACCOUNT, OTHER_REGION, SUSPENDED_ACCOUNT, Scope,
};
use crate::collect::unit::{self, Collected, Found, Settings};
use crate::inventory::{CallError, Operation};
use crate::model::{AccountId, Place, Region};

/// Why nothing of a survey could be asked, or no more of it kept.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The disk cannot be written.
    #[error("what AWS says cannot be written: {0}")]
    Disk(#[from] io::Error),
    /// Organizations names no account.
    #[error(
        "no account to ask was named by Organizations; that takes credentials of the management account or of a delegated administrator that may call organizations:ListAccounts, organizations:ListRoots, organizations:ListOrganizationalUnitsForParent and organizations:ListAccountsForParent"
    )]
    NoAccounts,
    /// A unit that the organization does not have.
    #[error("no root or unit of the organization is `{0}`")]
    NoUnit(String),
}

/// What a survey asks with.
#[derive(Clone)]
pub struct Survey {
    /// Who asks.
    pub session: Arc<Session>,
    /// How each account and Region is asked, and where it is recorded.
    pub settings: Arc<Settings>,
    /// What is asked, of whom.
    pub asked: Arc<Asked>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Accounts and Regions at once.
    pub units: Arc<Semaphore>,
    /// Told of each account and Region as it begins.
    pub progress: Arc<dyn Fn(&Place) + Send + Sync>,
}

/// What of accounts and Regions was collected.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What was and was not seen.
    pub matrix: Matrix,
    /// The files written.
    pub files: Vec<FileRecord>,
}

impl Gathered {
    fn add(&mut self, matrix: Matrix, files: Vec<FileRecord>) {
        self.matrix.join(matrix);
        self.files.extend(files);
    }
}

/// An account that can be asked.
pub struct Account {
    /// Who asks there.
    pub assumed: Assumed,
    /// Where.
    pub regions: BTreeSet<Region>,
}

/// What a survey begins with: all that is not regional, and what there is to ask in Regions.
pub struct Begun {
    /// What was collected so far.
    pub gathered: Gathered,
    /// The accounts that can be asked.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The accounts that are left out.
    pub skipped: Vec<Skipped>,
}

impl Survey {
    /// Asks everything, and says what was seen and what it is made of.
    pub async fn run(self, started_at: Timestamp) -> Result<(Matrix, Manifest), SurveyError> {
        let Begun { mut gathered, accounts, skipped } = self.begin().await?;
        let mut running = JoinSet::new();
        for (account, Account { assumed, regions }) in accounts {
            for region in regions {
                let (survey, assumed) = (self.clone(), assumed.clone());
                let place = Place { account, region };
                running.spawn(async move { survey.unit(&assumed, place, &[Scope::Region]).await });
            }
        }
        while let Some(ended) = running.join_next().await {
            let unit = ended.map_err(io::Error::other)??;
            gathered.add(unit.matrix, unit.files);
        }
        Ok(self.close(started_at, gathered, skipped))
    }

    /// What was gathered, with what it is made of.
    fn close(
        &self,
        started_at: Timestamp,
        mut gathered: Gathered,
        skipped: Vec<Skipped>,
    ) -> (Matrix, Manifest) {
        gathered.files.sort_by(|a, b| a.path.cmp(&b.path));
        let unnamed: Vec<String> = gathered.matrix.unseen(&self.asked.naming()).collect();
        let complete = gathered.matrix.is_complete() && unnamed.is_empty();
        let (caller, calls) = (&self.session.identity().arn, self.session.counts().calls());
        let manifest = Manifest {
            unnamed,
            skipped,
            ..Manifest::of_part(caller, started_at, complete, calls, gathered.files)
        };
        (gathered.matrix, manifest)
    }

    /// Asks what is not regional: the organization, its accounts, a role in each, and their Regions.
    pub async fn begin(&self) -> Result<Begun, SurveyError> {
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
        let (wanted, skipped) = self.accounts(account, &tree)?;
        let own_regions = self.regions(account, &found, &mut gathered.matrix);
        let mut running = JoinSet::new();
        for other in wanted.iter().copied().filter(|it| *it != account) {
            let (survey, own_regions) = (self.clone(), own_regions.clone());
            running.spawn(async move { survey.enter(other, own_regions).await });
        }
        let mut accounts = BTreeMap::new();
        if wanted.contains(&account) {
            accounts.insert(account, Account { assumed: own, regions: own_regions });
        }
        while let Some(ended) = running.join_next().await {
            let (of_account, entered) = ended.map_err(io::Error::other)??;
            gathered.add(of_account.matrix, of_account.files);
            accounts.extend(entered);
        }
        Ok(Begun { gathered, accounts, skipped })
    }

    /// The accounts to ask, and those that are left out.
    fn accounts(
        &self,
        own: AccountId,
        tree: &[Found],
    ) -> Result<(BTreeSet<AccountId>, Vec<Skipped>), SurveyError> {
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
            return Err(SurveyError::NoAccounts);
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

    /// Another account: its role, and what is not regional; `None` if the role cannot be assumed.
    async fn enter(
        self,
        account: AccountId,
        own_regions: BTreeSet<Region>,
    ) -> io::Result<(Gathered, Option<(AccountId, Account)>)> {
        let assumed = match self.assume(account).await {
            Err(error) => return Ok((self.locked_out(account, &own_regions, &error)?, None)),
            Ok(assumed) => assumed,
        };
        let mut gathered = Gathered::default();
        let first = self.unit(&assumed, global(account), &[Scope::Account]).await?;
        gathered.add(first.matrix, first.files);
        let regions = self.regions(account, &first.found, &mut gathered.matrix);
        // An account that does not say which Regions it may use is asked in those that the first one may.
        let regions = if regions.is_empty() { own_regions } else { regions };
        Ok((gathered, Some((account, Account { assumed, regions }))))
    }

    /// Collects what is asked in these scopes of one place.
    pub async fn unit(
        &self,
        assumed: &Assumed,
        place: Place,
        scopes: &'static [Scope],
    ) -> io::Result<Collected> {
        let _permit = self.units.acquire().await.map_err(io::Error::other)?;
        (self.progress)(&place);
        let clients = self.session.clients(assumed, &place.region);
        unit::collect(Arc::new(clients), place, scopes, Arc::clone(&self.settings)).await
    }

    /// Who asks in an account: the credentials themselves in their own, else the role there.
    pub async fn assume(&self, account: AccountId) -> Result<Assumed, CallError> {
        if account == self.session.identity().account {
            return Ok(self.session.own());
        }
        match &self.asked.role {
            Some(role) => self.session.assume(account, role, self.external_id.as_deref()).await,
            None => Err(CallError {
                code: "NoRole".to_owned(),
                message: "the credentials are another account's; name a role to assume".to_owned(),
            }),
        }
    }

    /// Records in each Region that the role could not be assumed, which stands for every call there.
    pub fn locked_out(
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
fn units_under(wanted: &[String], tree: &[Found]) -> Result<BTreeSet<String>, SurveyError> {
    let units: Vec<&Found> = tree.iter().filter(|it| it.name == "ParentId").collect();
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unit in units.iter().filter(|it| it.operation == UNITS_OF_UNIT) {
        children.entry(&unit.of).or_default().push(&unit.value);
    }
    let mut within = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for id in wanted {
        if !units.iter().any(|it| it.value == *id) {
            return Err(SurveyError::NoUnit(id.clone()));
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
