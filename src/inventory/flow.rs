//! Recovery points and jobs: too many to be held, so their files are read twice.
//!
//! The first time (`outline`) it is found out what is not to be seen in a single record; the second time every record
//! goes past those who judge it. Nothing is judged here.

use std::collections::HashSet;
use std::io::{self, BufRead};

use super::block::{Block, each_block};
use super::bounded::{BoundedStrings, skip_byte_order_mark};
use super::line::{Asked, Ended, Response, asked, asked_soundly, plain_call};
use super::operation::Operation;
use super::outline::{Found, Wants, insert, is_in};
use super::page::{Page, digest};
use super::path::{Form, RecordedPath};
use super::read::read_each;
use super::record::{BackupJob, CopyJob, Record, Recorded, RecoveryPoint, RestoreJob, Text};
use super::{Estate, Inventory};
use crate::model::Place;

/// The files of an inventory, which can be opened again and again.
pub trait Recording: Send + Sync {
    /// Opens a file by its path, relative to the inventory, with `/` between its parts.
    fn open(&self, path: &str) -> io::Result<Box<dyn BufRead + '_>>;
}

impl Recording for std::collections::BTreeMap<String, Vec<u8>> {
    fn open(&self, path: &str) -> io::Result<Box<dyn BufRead + '_>> {
        match self.get(path) {
            Some(bytes) => Ok(Box::new(bytes.as_slice())),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Why what was read once could not be read again as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {why} while it was judged, so nothing that was said is to be relied on; judge it again")]
pub struct FlowError {
    /// The file.
    pub path: String,
    /// What happened to it.
    pub why: String,
}

/// A file of recovery points or jobs.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) path: String,
    file: u32,
    recorded: RecordedPath,
    /// A digest of the keys in it.
    members: u64,
}

/// The order in which files must be read: what is behind jobs comes after them.
pub fn reading_order(path: &str) -> (u8, String) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let begins = |operation: &str| name.starts_with(operation);
    let phase = match () {
        () if begins(RestoreJob::OPERATION) || begins(CopyJob::OPERATION) => 1,
        () if begins(BackupJob::OPERATION) => 2,
        () if begins(RecoveryPoint::OPERATION) => 3,
        () => 0,
    };
    (phase, path.to_owned())
}

/// Whether the items of this operation flow past.
pub(super) fn flows(operation: &Operation) -> bool {
    let all = [RecoveryPoint::OPERATION, BackupJob::OPERATION, CopyJob::OPERATION, RestoreJob::OPERATION];
    all.contains(&operation.name)
}

/// Records of one kind, one account and one Region, in the order in which they were recorded.
#[derive(Debug, PartialEq)]
pub enum Items {
    /// `ListRecoveryPointsByBackupVault`.
    RecoveryPoints(Vec<Recorded<RecoveryPoint>>),
    /// `ListBackupJobs`.
    BackupJobs(Vec<Recorded<BackupJob>>),
    /// `ListCopyJobs`.
    CopyJobs(Vec<Recorded<CopyJob>>),
    /// `ListRestoreJobs`.
    RestoreJobs(Vec<Recorded<RestoreJob>>),
}

/// Records of one kind, wherever they are held.
#[derive(Clone, Copy, Debug)]
pub enum Records<'r> {
    /// `ListRecoveryPointsByBackupVault`.
    RecoveryPoints(&'r [Recorded<RecoveryPoint>]),
    /// `ListBackupJobs`.
    BackupJobs(&'r [Recorded<BackupJob>]),
    /// `ListCopyJobs`.
    CopyJobs(&'r [Recorded<CopyJob>]),
    /// `ListRestoreJobs`.
    RestoreJobs(&'r [Recorded<RestoreJob>]),
}

/// Does the same with items of any kind.
macro_rules! on_items {
    ($items:expr, $it:ident => $do:expr) => {
        match $items {
            Items::RecoveryPoints($it) => $do,
            Items::BackupJobs($it) => $do,
            Items::CopyJobs($it) => $do,
            Items::RestoreJobs($it) => $do,
        }
    };
}

pub(super) use on_items;

impl Records<'_> {
    /// Those of them that are recorded twice.
    pub(super) fn recorded_twice(self, twice: &HashSet<u64>) -> Items {
        self.filtered(&|digest| twice.contains(&digest))
    }

    pub(super) fn to_items(self) -> Items {
        self.filtered(&|_| true)
    }

    fn filtered(self, wants: &dyn Fn(u64) -> bool) -> Items {
        fn of<T: Flowing + Clone>(records: &[Recorded<T>], wants: &dyn Fn(u64) -> bool) -> Items {
            T::items(records.iter().filter(|it| wants(digest_of(it))).cloned().collect())
        }
        match self {
            Self::RecoveryPoints(it) => of(it, wants),
            Self::BackupJobs(it) => of(it, wants),
            Self::CopyJobs(it) => of(it, wants),
            Self::RestoreJobs(it) => of(it, wants),
        }
    }
}

impl Items {
    /// How many there are.
    pub fn len(&self) -> usize {
        on_items!(self, it => it.len())
    }

    /// The records.
    pub fn records(&self) -> Records<'_> {
        match self {
            Self::RecoveryPoints(it) => Records::RecoveryPoints(it),
            Self::BackupJobs(it) => Records::BackupJobs(it),
            Self::CopyJobs(it) => Records::CopyJobs(it),
            Self::RestoreJobs(it) => Records::RestoreJobs(it),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn without(&mut self, twice: &HashSet<u64>) {
        if !twice.is_empty() {
            on_items!(self, it => it.retain(|of| !twice.contains(&digest_of(of))));
        }
    }

    /// Holds them.
    pub(super) fn hold(self, estate: &mut Estate) {
        on_items!(self, it => Flowing::held(estate).extend(it));
    }
}

/// What flows past.
pub(crate) trait Flowing: Record {
    /// The list it is an item of.
    const OPERATION: &'static str;
    fn items(records: Vec<Recorded<Self>>) -> Items;
    fn held(estate: &mut Estate) -> &mut Vec<Recorded<Self>>;
    fn held_in(estate: &Estate) -> &[Recorded<Self>];
    /// The member that says which resource it is about, and what it says.
    fn resource(&self) -> (&'static str, Option<&Text>);
    /// The vault that it is in, where that is told of what is not linked to a resource.
    fn vault(&self) -> Option<&Text> {
        None
    }
    /// Whether a report on jobs may need it.
    fn is_wanted(&self, wants: &Wants) -> bool;
    /// Adds what a report on jobs says of it that stands elsewhere.
    fn want(&self, _wants: &mut Wants) {}
}

impl Flowing for RecoveryPoint {
    const OPERATION: &'static str = "backup.list-recovery-points-by-backup-vault";

    fn items(records: Vec<Recorded<Self>>) -> Items {
        Items::RecoveryPoints(records)
    }

    fn held(estate: &mut Estate) -> &mut Vec<Recorded<Self>> {
        &mut estate.recovery_points
    }

    fn held_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.recovery_points
    }

    fn resource(&self) -> (&'static str, Option<&Text>) {
        ("ResourceArn", self.resource_arn.as_ref())
    }

    fn vault(&self) -> Option<&Text> {
        self.backup_vault_name.as_ref()
    }

    fn is_wanted(&self, wants: &Wants) -> bool {
        wants.points.contains(&*self.recovery_point_arn)
    }
}

impl Flowing for BackupJob {
    const OPERATION: &'static str = "backup.list-backup-jobs";

    fn items(records: Vec<Recorded<Self>>) -> Items {
        Items::BackupJobs(records)
    }

    fn held(estate: &mut Estate) -> &mut Vec<Recorded<Self>> {
        &mut estate.backup_jobs
    }

    fn held_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.backup_jobs
    }

    fn resource(&self) -> (&'static str, Option<&Text>) {
        ("ResourceArn", self.resource_arn.as_ref())
    }

    fn is_wanted(&self, wants: &Wants) -> bool {
        !wants.is_over(self.state.as_deref(), self.completion_date)
            || wants.backups.contains(&*self.backup_job_id)
            || is_in(&wants.backups_of, self.recovery_point_arn.as_ref())
    }

    fn want(&self, wants: &mut Wants) {
        insert(&mut wants.points, self.recovery_point_arn.as_ref());
    }
}

impl Flowing for CopyJob {
    const OPERATION: &'static str = "backup.list-copy-jobs";

    fn items(records: Vec<Recorded<Self>>) -> Items {
        Items::CopyJobs(records)
    }

    fn held(estate: &mut Estate) -> &mut Vec<Recorded<Self>> {
        &mut estate.copy_jobs
    }

    fn held_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.copy_jobs
    }

    fn resource(&self) -> (&'static str, Option<&Text>) {
        ("ResourceArn", self.resource_arn.as_ref())
    }

    fn is_wanted(&self, wants: &Wants) -> bool {
        !wants.is_over(self.state.as_deref(), self.completion_date)
    }

    fn want(&self, wants: &mut Wants) {
        insert(&mut wants.backups, self.created_by_backup_job_id.as_ref());
        insert(&mut wants.points, self.destination_recovery_point_arn.as_ref());
    }
}

impl Flowing for RestoreJob {
    const OPERATION: &'static str = "backup.list-restore-jobs";

    fn items(records: Vec<Recorded<Self>>) -> Items {
        Items::RestoreJobs(records)
    }

    fn held(estate: &mut Estate) -> &mut Vec<Recorded<Self>> {
        &mut estate.restore_jobs
    }

    fn held_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.restore_jobs
    }

    fn resource(&self) -> (&'static str, Option<&Text>) {
        ("SourceResourceArn", self.source_resource_arn.as_ref())
    }

    fn is_wanted(&self, wants: &Wants) -> bool {
        !wants.is_over(self.status.as_deref(), self.completion_date)
    }

    fn want(&self, wants: &mut Wants) {
        insert(&mut wants.backups_of, self.recovery_point_arn.as_ref());
        insert(&mut wants.points, self.recovery_point_arn.as_ref());
    }
}

/// A digest of what makes a record that record; records of one kind in several accounts and Regions can have the same.
pub(super) fn digest_of<T: Flowing>(record: &Recorded<T>) -> u64 {
    let kind = T::OPERATION.len() as u64;
    digest(record.value.key()) ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The ARN of the resource that a record is about, if it says so readably.
pub(crate) fn linked<T: Flowing>(record: &Recorded<T>) -> Option<&str> {
    let (member, arn) = record.value.resource();
    arn.filter(|it| !it.is_empty() && record.why_unreadable(member).is_none()).map(|it| &**it)
}

impl Items {
    /// Recovery points are in the vault of their list, where they do not say so themselves.
    pub(super) fn name_vault(&mut self, vault: &str) {
        if let (Self::RecoveryPoints(points), false) = (self, vault.is_empty()) {
            for point in points.iter_mut().filter(|it| it.value.backup_vault_name.is_none()) {
                point.value.backup_vault_name = Some(vault.into());
            }
        }
    }
}

/// The most records that are handed on at once from a response that is read as a stream.
pub(super) const BATCH: usize = 1_000;

/// Reads the items of a response, some at a time.
pub(super) fn read_items(
    response: Response<'_>,
    operation: &'static Operation,
    file: u32,
    sink: &mut dyn FnMut(Items),
) -> Result<Page, serde_json::Error> {
    fn read<T: Flowing>(
        response: Response<'_>,
        operation: &'static Operation,
        file: u32,
        sink: &mut dyn FnMut(Items),
    ) -> Result<Page, serde_json::Error> {
        let mut batch: Vec<Recorded<T>> = Vec::new();
        let page = read_each::<T>(response, operation, file, &mut |record| {
            batch.push(record);
            if batch.len() >= BATCH {
                sink(T::items(std::mem::take(&mut batch)));
            }
        });
        if !batch.is_empty() {
            sink(T::items(batch));
        }
        page
    }
    match operation.name {
        RecoveryPoint::OPERATION => read::<RecoveryPoint>(response, operation, file, sink),
        BackupJob::OPERATION => read::<BackupJob>(response, operation, file, sink),
        CopyJob::OPERATION => read::<CopyJob>(response, operation, file, sink),
        _ => read::<RestoreJob>(response, operation, file, sink),
    }
}

/// A line as it was read.
pub(super) struct ReadLine {
    pub(super) asked: Asked<'static>,
    /// The answer, if it is one; an error says why it could not be read to its end.
    pub(super) answer: Option<(Result<Page, String>, Vec<Items>)>,
}

/// Reads a line; an error says why nothing of it counts.
pub(super) fn read_line(recorded: &RecordedPath, file: u32, line: &str) -> Result<ReadLine, String> {
    fn soundly<T: Flowing>(recorded: &RecordedPath, file: u32, line: &str) -> Option<ReadLine> {
        let (asked, page, records) = asked_soundly::<T>(recorded, file, line)?;
        Some(ReadLine { asked, answer: Some((Ok(page), vec![T::items(records)])) })
    }
    let sound = match recorded.operation.name {
        RecoveryPoint::OPERATION => soundly::<RecoveryPoint>(recorded, file, line),
        BackupJob::OPERATION => soundly::<BackupJob>(recorded, file, line),
        CopyJob::OPERATION => soundly::<CopyJob>(recorded, file, line),
        _ => soundly::<RestoreJob>(recorded, file, line),
    };
    let mut read = match sound {
        Some(read) => read,
        None => {
            let Asked { call, filter, windows, ended } = asked(recorded, line)?;
            let (ended, answer) = match ended {
                Ended::Refused(error) => (Ended::Refused(error), None),
                Ended::Answered(text) => {
                    let mut found = Vec::new();
                    let sink = &mut |items| found.push(items);
                    let page = read_items(Response::Text(text), call.operation, file, sink);
                    (Ended::Answered(""), Some((page.map_err(|it| it.to_string()), found)))
                }
            };
            ReadLine { asked: Asked { call, filter, windows, ended }, answer }
        }
    };
    for items in read.answer.iter_mut().flat_map(|(_, found)| found) {
        items.name_vault(&read.asked.call.subject);
    }
    Ok(read)
}

/// A piece of what flows past, for a thread to work on.
#[derive(Debug)]
pub struct Piece(Content);

#[derive(Debug)]
enum Content {
    /// Lines of a file.
    Lines { flow: usize, block: Block },
    /// Records that were read already, with the file they flow from; none where they were held.
    Read { place: Place, flow: Option<usize>, items: Items },
    /// Records that are held: so many from there on, of each kind.
    Held { place: Place, from: usize },
}

/// How much flowed past, by file.
#[derive(Debug, Default)]
pub struct Flowed {
    members: Vec<(usize, u64)>,
}

impl Inventory {
    /// Gives everything that flows past, in order: what is recorded twice first, then file after file.
    pub(crate) fn each_piece(&self, give: &mut dyn FnMut(Piece)) -> Result<(), FlowError> {
        if self.all_held {
            for (place, estate) in &self.estates {
                for from in (0..estate.most_held()).step_by(BATCH) {
                    give(Piece(Content::Held { place: place.clone(), from }));
                }
            }
            return Ok(());
        }
        for (place, estate) in &self.estates {
            for items in estate.recorded_twice(&self.twice) {
                give(Piece(Content::Read { place: place.clone(), flow: None, items }));
            }
        }
        let Some(recording) = &self.recording else {
            return Ok(());
        };
        for (index, flow) in self.flows.iter().enumerate() {
            let gone = |error: io::Error| FlowError {
                path: flow.path.clone(),
                why: format!("could not be opened again ({error})"),
            };
            let mut input = recording.open(&flow.path).map_err(gone)?;
            skip_byte_order_mark(&mut input);
            if flow.recorded.form == Form::Calls {
                each_block(&mut input, &mut |block| give(Piece(Content::Lines { flow: index, block })));
                continue;
            }
            let call = plain_call(&flow.recorded);
            let mut bytes = BoundedStrings::new(&mut input);
            // What keeps it from being read was told when it was read first.
            _ = read_items(Response::Bytes(&mut bytes), call.operation, flow.file, &mut |mut items| {
                items.name_vault(&call.subject);
                let place = flow.recorded.place.clone();
                give(Piece(Content::Read { place, flow: Some(index), items }));
            });
        }
        Ok(())
    }

    /// Reads a piece; on any thread.
    pub(crate) fn read_piece(&self, piece: Piece, sink: &mut dyn FnMut(&Place, Records<'_>)) -> Flowed {
        let mut flowed = Flowed::default();
        let mut pass = |flow: Option<usize>, place: &Place, mut items: Items| {
            if let Some(flow) = flow {
                let digest = on_items!(&items, it => members_of(it));
                flowed.members.push((flow, digest));
                items.without(&self.twice);
            }
            sink(place, items.records());
        };
        match piece.0 {
            Content::Read { place, flow, items } => pass(flow, &place, items),
            Content::Held { place, from } => {
                self.estate(&place).held(from).into_iter().for_each(|it| sink(&place, it));
            }
            Content::Lines { flow: index, block } => {
                let Some(flow) = self.flows.get(index) else {
                    return flowed;
                };
                for (_, line) in block.lines() {
                    let read = line.ok().and_then(|it| read_line(&flow.recorded, flow.file, it).ok());
                    for items in read.and_then(|it| it.answer).into_iter().flat_map(|(_, found)| found) {
                        pass(Some(index), &flow.recorded.place, items);
                    }
                }
            }
        }
        flowed
    }

    /// Whether a place tells of this record too, and that it is of the same resource.
    pub(crate) fn tells<T: Flowing>(&self, place: &Place, record: &Recorded<T>) -> bool {
        if self.twice.is_empty() || !self.twice.contains(&digest_of(record)) {
            return false;
        }
        let held = T::held_in(self.estate(place));
        let at = held.binary_search_by(|it| it.value.key().cmp(record.value.key())).ok();
        at.and_then(|it| held.get(it)).is_some_and(|it| linked(it) == linked(record))
    }

    /// Fails if what flowed past is not what was read first.
    pub(crate) fn check_flowed(&self, flowed: impl IntoIterator<Item = Flowed>) -> Result<(), FlowError> {
        let mut members = vec![0_u64; self.flows.len()];
        for (index, digest) in flowed.into_iter().flat_map(|it| it.members) {
            if let Some(sum) = members.get_mut(index) {
                *sum = sum.wrapping_add(digest);
            }
        }
        let changed = self.flows.iter().zip(members).find(|(flow, now)| flow.members != *now);
        match changed {
            Some((flow, _)) => Err(FlowError { path: flow.path.clone(), why: "changed".to_owned() }),
            None => Ok(()),
        }
    }
}

fn members_of<T: Flowing>(records: &[Recorded<T>]) -> u64 {
    records.iter().map(digest_of).fold(0, u64::wrapping_add)
}

impl Flow {
    pub(super) fn new(path: &str, file: u32, recorded: RecordedPath) -> Self {
        Self { path: path.to_owned(), file, recorded, members: 0 }
    }

    /// Takes in what was found in it.
    pub(super) fn add(&mut self, found: &Found) {
        self.members = found.digests.iter().fold(self.members, |sum, it| sum.wrapping_add(*it));
    }
}
