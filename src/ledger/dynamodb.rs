//! Records in one DynamoDB table, which the functions of a stack share.
//!
//! The table has two string keys, `pk` and `sk`; `keys` says what stands where. A record is written only if it still
//! has the version that was read, in one transaction with the entry of its history, so of two who write at once one
//! is overtaken, reads again and decides again. A run is no transaction: one that is killed half-way is brought to
//! its end when it is recorded again, and until then part of it stands.
//!
//! * A run reads the scopes that it judges and that have records, once, when it begins; what it sees of them costs no
//!   call. What changes is written one item a call, sixteen at a time. What others write meanwhile is noticed when it
//!   is to be written over, and otherwise by the next run.
//! * `named` and the history of one record cost a query and a read each. `find` and the history of all read every
//!   record or entry of the scopes that are asked for, so a filter by account, Region or control makes them cheaper;
//!   of what they hand out at most 20,000 are in memory, and for each 20,000 all is read once more.
//! * Every read is strongly consistent.
//! * Nothing of the ledger ever expires. Which events were told of, in `told`, does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Put;
use jiff::Timestamp;
use tokio::runtime::Handle;

pub mod configuration;
mod item;
mod keys;
mod memory;
mod places;
mod reading;
mod table;
pub mod told;
mod window;
mod writing;

use item::{Fields, Read};
use memory::{Memory, Remembered};
use table::{Item, Table, all};
use window::Window;
use writing::{new, puts, write};

use super::key::{Key, Scope};
use super::record::Record;
use super::recorder::Run;
use super::store::{Filter, Past, StandingFilter, Store, StoreError, Take, Whose, Written};
use super::transition::Change;

/// The schema's version; it grows when what an item means changes.
const SCHEMA: u32 = 1;
/// How many changes are written together.
const AT_ONCE: usize = 512;
/// How many records or entries are put in order at a time.
const WINDOW: usize = 20_000;

/// A ledger in a table.
#[derive(Debug)]
pub struct DynamoDb {
    table: Table,
    handle: Handle,
    memory: Memory,
    /// Scopes of which it is noted that they have records, as parts of keys.
    recorded: BTreeSet<(String, String)>,
    /// Whether the schema is known to be this one.
    ready: bool,
}

impl DynamoDb {
    /// The ledger in this table, asked over this runtime, from threads that are not the runtime's own
    /// (`spawn_blocking`); nothing is sent.
    pub fn new(client: Client, handle: Handle, table: String) -> Self {
        let table = Table { client, name: table };
        Self { table, handle, memory: Memory::default(), recorded: BTreeSet::new(), ready: false }
    }

    /// Whether the table holds a ledger; an error if there is no table, or one of a later schema.
    pub fn is_ledger(&self) -> Result<bool, StoreError> {
        let schema = self.handle.block_on(self.table.get(keys::LEDGER, keys::SCHEMA))?;
        match schema.map(|it| Read(&it).number("version")).transpose()? {
            None => Ok(false),
            Some(SCHEMA) => Ok(true),
            Some(found) => Err(StoreError::TooNew { found: found.into(), known: SCHEMA.into() }),
        }
    }

    /// Sees to the schema before anything is written.
    fn prepare(&mut self) -> Result<(), StoreError> {
        if !self.ready && !self.is_ledger()? {
            let item = Fields::new(keys::LEDGER, keys::SCHEMA).number("version", SCHEMA).finish("schema")?;
            if self.handle.block_on(self.table.put(new(&self.table, item)?))? == Written::Overtaken {
                // Somebody else began it, with a schema of their own.
                self.is_ledger()?;
            }
        }
        self.ready = true;
        Ok(())
    }

    /// Notes which scopes have records from now on, before they have.
    fn note_recorded(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut new: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for record in changes.iter().filter_map(Change::record).filter(|it| it.version == 1) {
            let scope = &record.key.scope;
            let (place, chosen) = (keys::place(&scope.place), keys::chosen(scope));
            let known = self.memory.places.get(&place).is_some_and(|it| it.recorded.contains(&chosen));
            if !known && !self.recorded.contains(&(place.clone(), chosen.clone())) {
                new.entry(place).or_default().insert(chosen);
            }
        }
        let task = |(place, chosen)| {
            places::add_recorded(self.table.clone(), String::clone(place), BTreeSet::clone(chosen))
        };
        self.handle.block_on(all(new.iter().map(task)))?;
        for (place, chosen) in new {
            self.recorded.extend(chosen.into_iter().map(|it| (place.clone(), it)));
        }
        Ok(())
    }

    /// The open records of a scope.
    fn open(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        if let Some(open) = self.memory.open(scope) {
            return Ok(open.cloned().collect());
        }
        let query = self.table.query(&keys::records(&keys::scope(scope)));
        let items = self.handle.block_on(self.table.items(&query))?;
        let records = items.iter().map(item::record);
        records.filter(|it| it.as_ref().map_or(true, Record::is_open)).collect()
    }

    /// Hands out in order what `offer` makes of each item of these queries.
    fn in_order<K: Ord + Clone, V>(
        &self,
        queries: &[QueryFluentBuilder],
        offer: impl Fn(&Item) -> Result<Option<(K, V)>, StoreError>,
        take: Take<'_, V>,
    ) -> Result<(), StoreError> {
        let mut window = Window::new(WINDOW);
        loop {
            let each = reading::each(&self.table, queries.to_vec(), |item| {
                if let Some((key, value)) = offer(item)? {
                    window.offer(key, value);
                }
                Ok(())
            });
            self.handle.block_on(each)?;
            let (next, more) = window.next();
            for it in next {
                if take(it) == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
            if !more {
                return Ok(());
            }
        }
    }
}

impl Store for DynamoDb {
    fn begin(&mut self, scopes: &[Scope]) -> Result<(), StoreError> {
        self.memory = Memory::default();
        self.prepare()?;
        let places: BTreeSet<String> = scopes.iter().map(|it| keys::place(&it.place)).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return Ok(());
        };
        let mut known = self.handle.block_on(places::between(&self.table, first, last))?;
        known.retain(|place, _| places.contains(place));
        let recorded = |scope: &Scope| {
            let known = known.get(&keys::place(&scope.place));
            known.is_some_and(|it| it.recorded.contains(&keys::chosen(scope)))
        };
        let (read, empty): (Vec<&Scope>, Vec<&Scope>) = scopes.iter().partition(|it| recorded(it));
        for scope in empty {
            self.memory.add(scope.clone(), &[])?;
        }
        // So many at a time, so that not all that was read is in memory twice.
        for some in read.chunks(16 * table::CONCURRENT) {
            let query = |scope: &&Scope| {
                let table = self.table.clone();
                let query = table.query(&keys::records(&keys::scope(scope)));
                async move { table.items(&query).await }
            };
            let items = self.handle.block_on(all(some.iter().map(query)))?;
            for (scope, items) in some.iter().zip(items) {
                self.memory.add((*scope).clone(), &items)?;
            }
        }
        for place in places {
            let known = known.remove(&place).unwrap_or_default();
            self.memory.places.insert(place, known);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.memory = Memory::default();
        Ok(())
    }

    fn runs_at(&mut self, at: Timestamp) -> Result<Vec<String>, StoreError> {
        let query = self.table.query_beginning(keys::RUNS, &format!("{}/", item::at(at)));
        let items = self.handle.block_on(self.table.items(&query))?;
        let mut ids: Vec<String> =
            items.iter().map(|it| Ok(Read(it).text("id")?.to_owned())).collect::<Result<_, StoreError>>()?;
        ids.sort();
        Ok(ids)
    }

    fn add_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.prepare()?;
        let sk = format!("{}/{}", item::at(run.at), keys::part(&run.id));
        let item = Fields::new(keys::RUNS, &sk)
            .text("id", &run.id)
            .time("at", run.at)
            .text("inventorySha256", &run.inventory)
            .finish(&run.id)?;
        // Whoever wrote it wrote the same.
        self.handle.block_on(self.table.put(new(&self.table, item)?)).map(|_| ())
    }

    fn looked_at(&mut self, scope: &Scope) -> Result<Option<Timestamp>, StoreError> {
        let place = keys::place(&scope.place);
        let look = |known: &places::Known| known.looks.get(&keys::chosen(scope)).copied();
        match self.memory.places.get(&place) {
            Some(known) => Ok(look(known)),
            None => Ok(look(&self.handle.block_on(places::one(&self.table, &place))?)),
        }
    }

    fn look(&mut self, scopes: &[Scope], at: Timestamp) -> Result<(), StoreError> {
        self.prepare()?;
        let mut chosen: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for scope in scopes {
            chosen.entry(keys::place(&scope.place)).or_default().push(keys::chosen(scope));
        }
        let task = |(place, chosen): (String, Vec<String>)| {
            let known = self.memory.places.get(&place).cloned();
            places::look(self.table.clone(), place, chosen, at, known)
        };
        for (place, known) in self.handle.block_on(all(chosen.into_iter().map(task)))? {
            if let Some(before) = self.memory.places.get_mut(&place) {
                *before = known;
            }
        }
        Ok(())
    }

    fn record(&mut self, key: &Key) -> Result<Option<Record>, StoreError> {
        match self.memory.get(key) {
            Remembered::Nothing => return Ok(None),
            Remembered::Record(record) => return Ok(Some(*record)),
            Remembered::Unknown => {}
        }
        let pk = keys::records(&keys::scope(&key.scope));
        let item = self.handle.block_on(self.table.get(&pk, key.id().as_str()))?;
        let record = item.as_ref().map(item::record).transpose()?;
        if let Some(record) = &record {
            self.memory.set(record);
        }
        Ok(record)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn write(&mut self, changes: &[Change]) -> Result<Vec<Written>, StoreError> {
        // Whether all of it can be written is known before anything is.
        let puts: Vec<Vec<Put>> =
            changes.iter().map(|it| puts(&self.table, it)).collect::<Result<_, StoreError>>()?;
        self.prepare()?;
        self.note_recorded(changes)?;
        let tasks = puts.into_iter().map(|it| write(self.table.clone(), it));
        let written = self.handle.block_on(all(tasks))?;
        for (change, written) in changes.iter().zip(&written) {
            match (change.record(), written) {
                (Some(record), Written::Done) => self.memory.set(record),
                (Some(record), Written::Overtaken) => self.memory.forget(&record.key),
                (None, _) => {}
            }
        }
        Ok(written)
    }

    fn open_before(&mut self, scope: &Scope, before: Timestamp) -> Result<Vec<Record>, StoreError> {
        let mut open = self.open(scope)?;
        open.retain(|it| it.looked_at < before);
        Ok(open)
    }

    fn count_open(&mut self, scope: &Scope) -> Result<(u64, u64), StoreError> {
        let open = self.open(scope)?;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok((count(open.len()), count(open.iter().filter(|it| it.is_undecided()).count())))
    }

    fn find(&mut self, filter: &Filter, take: Take<'_, Record>) -> Result<(), StoreError> {
        let scopes = self.handle.block_on(reading::scopes(&self.table, filter))?;
        let query = |scope: &String| {
            let query = self.table.query(&keys::records(scope));
            let condition = match filter.standing {
                StandingFilter::Open => "#state <> :resolved",
                StandingFilter::Resolved => "#state = :resolved",
                StandingFilter::All => return query,
            };
            query
                .filter_expression(condition)
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":resolved", table::text("resolved"))
        };
        let queries: Vec<_> = scopes.iter().map(query).collect();
        let offer = |item: &Item| {
            let record = item::record(item)?;
            if !reading::is_wanted(&record, filter) {
                return Ok(None);
            }
            let (scope, severity) = (record.key.scope.clone(), std::cmp::Reverse(record.violation.severity));
            let resource = record.key.resource.clone();
            let order = (severity, scope.control, scope.place, resource, record.key.id());
            Ok(Some((order, record)))
        };
        self.in_order(&queries, offer, take)
    }

    fn named(&mut self, prefix: &str, most: usize) -> Result<Vec<Record>, StoreError> {
        self.handle.block_on(reading::named(&self.table, prefix, most))
    }

    fn history(
        &mut self,
        of: Whose<'_>,
        since: Option<Timestamp>,
        take: Take<'_, Past>,
    ) -> Result<(), StoreError> {
        let recorded = || self.handle.block_on(reading::scopes(&self.table, &Filter::default()));
        let scopes = match of {
            Whose::Of(key) => vec![keys::scope(&key.scope)],
            Whose::All => recorded()?,
            Whose::In(scopes) => {
                let wanted: BTreeSet<String> = scopes.iter().map(keys::scope).collect();
                let mut scopes = recorded()?;
                scopes.retain(|it| wanted.contains(it));
                scopes
            }
        };
        let query = |scope: &String| {
            let query = match of {
                Whose::Of(key) => {
                    self.table.query_beginning(&keys::history(scope), &format!("{}/", key.id().as_str()))
                }
                Whose::All | Whose::In(_) => self.table.query(&keys::history(scope)),
            };
            match since {
                Some(since) => query
                    .filter_expression("#at >= :since")
                    .expression_attribute_names("#at", "at")
                    .expression_attribute_values(":since", table::text(item::at(since))),
                None => query,
            }
        };
        let queries: Vec<_> = scopes.iter().map(query).collect();
        let offer = |item: &Item| {
            let past = item::past(item)?;
            // Within one record the order of recording is the order of its history.
            let at = if matches!(of, Whose::Of(_)) { Timestamp::MIN } else { past.entry.at };
            Ok(Some(((at, past.key.id(), past.entry.sequence), past)))
        };
        self.in_order(&queries, offer, take)
    }
}
