//! Recovery points, told apart by as much of what AWS recorded as decides what a control says of them.
//!
//! The facts that policies look at are each made of a few members of the record (`facts::recovery_point`). Records that
//! agree on those have the same facts, so no fact is built for any but the first of them. A control that looks at what
//! no two records have in common is asked about each.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::ask::Decision;
use super::class::{MAX_KINDS, Pace};
use crate::control::{Look, Sharing};
use crate::facts::types;
use crate::inventory::record::{Days, Lifecycle, RecoveryPoint, Text};
use crate::model::Answer;

/// What of a record, or of where it was recorded, may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Place,
    VaultName,
    VaultArn,
    VaultType,
    ResourceArn,
    ResourceType,
    Status,
    IsEncrypted,
    KeyArn,
    KeyType,
    Lifecycle,
    AgeHours,
    AgeDays,
    Size,
    IsParent,
    Plan,
    Rule,
    RuleName,
    ParentPoint,
    SourceVault,
    LastRestoreDays,
}

/// The most columns of a control; one that looks at more is asked about each thing it judges.
pub(super) const MAX_COLUMNS: usize = 8;

/// The columns that each fact is made of; of one that is not here any two records may differ.
const COLUMNS: [(&str, &[Column]); 15] = [
    ("region", &[Column::Place]),
    ("vault", &[Column::Place, Column::VaultName, Column::VaultArn]),
    // Where the record does not say it, its vault does.
    ("vaultType", &[Column::Place, Column::VaultName, Column::VaultType]),
    ("resourceArn", &[Column::ResourceArn]),
    ("resourceType", &[Column::ResourceType]),
    ("status", &[Column::Status]),
    ("isContinuous", &[Column::Status]),
    ("isEncrypted", &[Column::IsEncrypted]),
    ("encryption", &[Column::KeyArn, Column::KeyType]),
    ("lifecycle", &[Column::Lifecycle]),
    ("ageHours", &[Column::AgeHours]),
    ("ageDays", &[Column::AgeDays]),
    ("backupSizeInBytes", &[Column::Size]),
    ("isParent", &[Column::IsParent]),
    ("createdBy", &[Column::Plan, Column::Rule, Column::RuleName]),
];
/// As [`COLUMNS`], for what AWS leaves out where there is nothing to tell.
const OPTIONAL_COLUMNS: [(&str, &[Column]); 2] =
    [("origin", &[Column::ParentPoint, Column::SourceVault]), ("lastRestore", &[Column::LastRestoreDays])];

/// Which side of a question recovery points are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// They are put forward.
    Principal,
    /// They are judged.
    Resource,
}

/// The columns that decide what a control says, if there are any that do.
pub(super) fn columns(sharing: &Sharing, side: Side) -> Option<Vec<Column>> {
    let looks = sharing.looks()?;
    let look = match side {
        Side::Principal => &looks.principal,
        Side::Resource => &looks.resource,
    };
    let Look { whole, parts, tags, tags_known, units_known, same_as, inside } = look;
    if *whole || !tags.is_empty() || *tags_known || !same_as.is_empty() {
        return None;
    }
    let mut columns = Vec::new();
    if *units_known {
        columns.push(Column::Place);
    }
    if !inside.is_empty() {
        columns.extend([Column::Place, Column::VaultName, Column::VaultArn]);
    }
    for name in parts.keys() {
        let of = COLUMNS.iter().chain(&OPTIONAL_COLUMNS).find(|(fact, _)| fact == name)?;
        columns.extend(of.1);
    }
    columns.sort();
    columns.dedup();
    (columns.len() <= MAX_COLUMNS).then_some(columns)
}

/// What a record has in some columns, and one number more.
pub(super) type Key = [u64; MAX_COLUMNS + 1];

/// A record as its columns are read.
pub(super) struct Row<'r> {
    /// The number of its account and Region.
    pub(super) place: u64,
    pub(super) point: &'r RecoveryPoint,
    /// Whole hours and days since its creation; `None` if it has no creation date.
    pub(super) age: Option<(i64, i64)>,
    /// Whole days since it was last restored.
    pub(super) last_restore: Option<i64>,
}

/// Absent, or where the text is in memory: the texts of keys that are kept are kept as well, so no other is there.
fn text(text: Option<&Text>) -> u64 {
    text.map_or(0, |it| it.address() as u64)
}

fn number(number: Option<i64>) -> u64 {
    number.map_or(0, |it| it.cast_unsigned().wrapping_add(1))
}

fn truth(truth: Option<bool>) -> u64 {
    truth.map_or(0, |it| 1 + u64::from(it))
}

fn days(days: Option<Days>) -> u64 {
    match days {
        None => 0,
        Some(Days::Always) => 1,
        Some(Days::Count(count)) => 2 + u64::from(count),
    }
}

fn lifecycle(lifecycle: Option<&Option<Lifecycle>>) -> u64 {
    match lifecycle {
        None => 0,
        Some(None) => 1,
        // Days are at most a million, so half a word has room for them.
        Some(Some(of)) => 2 + (days(of.delete_after_days) | days(of.move_to_cold_storage_after_days) << 31),
    }
}

impl Row<'_> {
    fn column(&self, column: Column) -> u64 {
        let of = self.point;
        let by = || of.created_by.as_ref();
        match column {
            Column::Place => self.place,
            Column::VaultName => text(of.backup_vault_name.as_ref()),
            Column::VaultArn => text(of.backup_vault_arn.as_ref()),
            Column::VaultType => text(of.vault_type.as_ref()),
            Column::ResourceArn => text(of.resource_arn.as_ref()),
            Column::ResourceType => text(of.resource_type.as_ref()),
            Column::Status => text(of.status.as_ref()),
            Column::IsEncrypted => truth(of.is_encrypted),
            Column::KeyArn => text(of.encryption_key_arn.as_ref()),
            Column::KeyType => text(of.encryption_key_type.as_ref()),
            Column::Lifecycle => lifecycle(of.lifecycle.as_ref()),
            Column::AgeHours => number(self.age.map(|(hours, _)| hours)),
            Column::AgeDays => number(self.age.map(|(_, days)| days)),
            Column::Size => number(of.backup_size_in_bytes.filter(|it| *it >= 0)),
            Column::IsParent => truth(of.is_parent),
            Column::Plan => text(by().and_then(|it| it.backup_plan_id.as_ref())),
            Column::Rule => text(by().and_then(|it| it.backup_rule_id.as_ref())),
            Column::RuleName => text(by().and_then(|it| it.backup_rule_name.as_ref())),
            Column::ParentPoint => text(of.parent_recovery_point_arn.as_ref()),
            Column::SourceVault => text(of.source_backup_vault_arn.as_ref()),
            Column::LastRestoreDays => number(self.last_restore),
        }
    }

    /// The text that a column holds.
    fn text(&self, column: Column) -> Option<Arc<str>> {
        let of = self.point;
        let by = || of.created_by.as_ref();
        let text = match column {
            Column::VaultName => of.backup_vault_name.as_ref(),
            Column::VaultArn => of.backup_vault_arn.as_ref(),
            Column::VaultType => of.vault_type.as_ref(),
            Column::ResourceArn => of.resource_arn.as_ref(),
            Column::ResourceType => of.resource_type.as_ref(),
            Column::Status => of.status.as_ref(),
            Column::KeyArn => of.encryption_key_arn.as_ref(),
            Column::KeyType => of.encryption_key_type.as_ref(),
            Column::Plan => by().and_then(|it| it.backup_plan_id.as_ref()),
            Column::Rule => by().and_then(|it| it.backup_rule_id.as_ref()),
            Column::RuleName => by().and_then(|it| it.backup_rule_name.as_ref()),
            Column::ParentPoint => of.parent_recovery_point_arn.as_ref(),
            Column::SourceVault => of.source_backup_vault_arn.as_ref(),
            _ => None,
        };
        text.map(Text::shared)
    }

    /// What it has in these columns, and a number that tells the other side of the question.
    pub(super) fn key(&self, columns: &[Column], other: u64) -> Key {
        let mut key = Key::default();
        let parts = columns.iter().map(|it| self.column(*it)).chain([other]);
        key.iter_mut().zip(parts).for_each(|(slot, part)| *slot = part);
        key
    }
}

/// What a control says of all records that agree on its columns.
pub(super) struct Verdict<'a> {
    pub(super) answer: Answer,
    pub(super) reasons: Arc<[String]>,
    pub(super) decision: Rc<Decision<'a>>,
}

impl Verdict<'_> {
    /// As an answer to a question of its own, without its sentences.
    pub(super) fn told(&self) -> super::ask::Verdict {
        super::ask::Verdict { reasons: self.reasons.to_vec(), ..super::ask::Verdict::of(self.answer) }
    }
}

/// What a control has said, by what it looked at.
pub(super) struct Table<'a> {
    pub(super) columns: Vec<Column>,
    said: HashMap<Key, Option<Rc<Verdict<'a>>>, RandomState>,
    /// The texts that keys hold the places of.
    texts: Vec<Arc<str>>,
    pace: Pace,
}

/// What a table says of a record.
pub(super) enum Said<'a> {
    /// This.
    Told(Rc<Verdict<'a>>),
    /// It is the first of its kind.
    New,
    /// It must be asked by itself.
    Ask,
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, said: HashMap::default(), texts: Vec::new(), pace: Pace::default() }
    }

    /// What was said of those with this key.
    pub(super) fn find(&mut self, key: &Key) -> Said<'a> {
        if self.pace.given_up() {
            return Said::Ask;
        }
        let found = self.said.get(key);
        let said = match found {
            Some(Some(verdict)) => Said::Told(Rc::clone(verdict)),
            Some(None) => Said::Ask,
            None => Said::New,
        };
        if self.pace.count(found.is_some()) {
            self.said = HashMap::default();
            self.texts = Vec::new();
            return Said::Ask;
        }
        said
    }

    /// Keeps what is said of those with this key; `None` if that differs from one to the other.
    pub(super) fn keep(&mut self, key: Key, row: &Row<'_>, verdict: Option<Rc<Verdict<'a>>>) {
        if self.said.len() >= MAX_KINDS {
            self.said.clear();
            self.texts.clear();
        }
        self.texts.extend(self.columns.iter().filter_map(|it| row.text(*it)));
        self.said.insert(key, verdict);
    }
}

/// What several controls have said of records that agree on the columns of all of them: so many are looked up at once.
pub(super) struct Together<'a> {
    columns: Vec<Column>,
    said: HashMap<Key, Verdicts<'a>, RandomState>,
    texts: Vec<Arc<str>>,
    pace: Pace,
}

/// What each of several controls says, in their order.
pub(super) type Verdicts<'a> = Rc<[Rc<Verdict<'a>>]>;

impl<'a> Together<'a> {
    /// Of controls with these columns; `None` if they are too many.
    pub(super) fn new<'c>(columns: impl Iterator<Item = &'c Vec<Column>>) -> Option<Self> {
        let columns: std::collections::BTreeSet<Column> = columns.flatten().copied().collect();
        let few = columns.len() <= MAX_COLUMNS;
        let columns = columns.into_iter().collect();
        few.then(|| Self { columns, said: HashMap::default(), texts: Vec::new(), pace: Pace::default() })
    }

    /// The key of a record, unless it is not worth a look.
    pub(super) fn key(&self, row: &Row<'_>) -> Option<Key> {
        (!self.pace.given_up()).then(|| row.key(&self.columns, 0))
    }

    /// What all of them say of those with this key.
    pub(super) fn find(&mut self, key: &Key) -> Option<Verdicts<'a>> {
        let found = self.said.get(key).map(Rc::clone);
        if self.pace.count(found.is_some()) {
            self.said = HashMap::default();
            self.texts = Vec::new();
        }
        found
    }

    /// Keeps what all of them say.
    pub(super) fn keep(&mut self, key: Key, row: &Row<'_>, verdicts: Vec<Rc<Verdict<'a>>>) {
        if self.pace.given_up() {
            return;
        }
        if self.said.len() >= MAX_KINDS {
            self.said.clear();
            self.texts.clear();
        }
        self.texts.extend(self.columns.iter().filter_map(|it| row.text(*it)));
        self.said.insert(key, verdicts.into());
    }
}

/// Whether recovery points are what a control takes as evidence.
pub(super) fn is_evidence(evidence: &[String]) -> bool {
    evidence.iter().any(|it| it == types::RECOVERY_POINT)
}
