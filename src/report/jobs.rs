//! AWS's BACKUP_JOB_REPORT, COPY_JOB_REPORT and RESTORE_JOB_REPORT: one row a job, with what is known of its plan,
//! vault and recovery point.
//!
//! Jobs that ended in the 24 hours up to the evaluation time and all that had not ended (AWS Backup Developer Guide,
//! "Working with audit reports"). What was not learned is an empty cell and an absent member, never a default.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

mod joined;
mod rows;
#[cfg(test)]
mod tests;
mod value;

use super::cell::Cells;
use super::resource_compliance::Json;
use crate::inventory::record::{BackupJob, CopyJob, RestoreJob, Text};
use crate::inventory::{Estate, Inventory, Operation, Record, Recorded, State};
use crate::model::{Place, Time};
use joined::Joined;
pub use value::JobRow;
use value::Value;

/// A report on jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobReport {
    /// BACKUP_JOB_REPORT.
    Backup,
    /// COPY_JOB_REPORT.
    Copy,
    /// RESTORE_JOB_REPORT.
    Restore,
}

impl JobReport {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Backup, Self::Copy, Self::Restore];

    /// AWS's name for it (`ReportSetting.ReportTemplate`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => "BACKUP_JOB_REPORT",
            Self::Copy => "COPY_JOB_REPORT",
            Self::Restore => "RESTORE_JOB_REPORT",
        }
    }

    /// Its fields, which are the CSV's header too.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Backup => &rows::BACKUP_FIELDS,
            Self::Copy => &rows::COPY_FIELDS,
            Self::Restore => &rows::RESTORE_FIELDS,
        }
    }

    /// The list that it is made from, as the AWS CLI spells it.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Backup => "backup.list-backup-jobs",
            Self::Copy => "backup.list-copy-jobs",
            Self::Restore => "backup.list-restore-jobs",
        }
    }

    /// Writes it as CSV.
    pub fn write_csv(self, inventory: &Inventory, at: Timestamp, output: impl Write) -> io::Result<()> {
        let mut csv = Cells::new(output, self.fields())?;
        self.each_row(inventory, at, &mut |row| csv.write_line(|line| row.write_csv(line)))?;
        csv.finish()?.flush()
    }

    /// Writes it as `{"reportItems":[…]}`.
    pub fn write_json(self, inventory: &Inventory, at: Timestamp, output: impl Write) -> io::Result<()> {
        let mut json = Json::new(output)?;
        self.each_row(inventory, at, &mut |row| json.write(row))?;
        json.finish()?.flush()
    }

    /// Every row, by account, Region and job id.
    pub fn each_row<E>(
        self,
        inventory: &Inventory,
        at: Timestamp,
        sink: &mut dyn FnMut(&JobRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let fields = self.fields();
        let sink: RowSink<'_, E> = &mut |row| sink(&JobRow { fields, row });
        let period = Period::before(at);
        match self {
            Self::Backup => rows_of::<BackupJob, E>(inventory, &Joined::of(inventory), period, sink),
            Self::Copy => rows_of::<CopyJob, E>(inventory, &Joined::of(inventory), period, sink),
            Self::Restore => {
                let joined = Joined::with_backups(inventory, period);
                rows_of::<RestoreJob, E>(inventory, &joined, period, sink)
            }
        }
    }
}

/// The 24 hours of a report; what ended at its very start belongs to the period before.
#[derive(Clone, Copy, Debug)]
struct Period {
    start: Timestamp,
    end: Timestamp,
}

/// The start of what reports on jobs are about: a job that ended until then is in none.
pub fn jobs_since(at: Timestamp) -> Timestamp {
    Period::before(at).start
}

/// Whether a job belongs into a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    In,
    Out,
    /// It ended, and nothing says when.
    Untold,
}

impl Period {
    fn before(at: Timestamp) -> Self {
        Self { start: earlier(at, 24), end: at }
    }

    fn holds<T: Job>(self, job: &T) -> When {
        let Told { state, created, completed } = job.told();
        if created.is_some_and(|it| it.0 > self.end) {
            return When::Out;
        }
        // The words are those of all three kinds of job (AWS Backup API Reference); a word that is new may mean anything.
        let ended = matches!(state, Some("COMPLETED" | "FAILED" | "EXPIRED" | "ABORTED" | "PARTIAL"));
        match (completed, ended) {
            (Some(_), _) if matches!(state, Some("CREATED" | "PENDING" | "RUNNING" | "ABORTING")) => When::In,
            (Some(completed), _) if completed.0 > self.start => When::In,
            (Some(_), _) => When::Out,
            (None, false) => When::In,
            (None, true) if created.is_some_and(|it| it.0 > self.start) => When::In,
            (None, true) => When::Untold,
        }
    }
}

fn earlier(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN)
}

/// What decides whether a job belongs into a report.
struct Told<'a> {
    state: Option<&'a str>,
    created: Option<Time>,
    completed: Option<Time>,
}

/// A job as a report sees it.
trait Job: Record + Default {
    fn listed_in(estate: &Estate) -> &[Recorded<Self>];
    fn told(&self) -> Told<'_>;
    /// A job of which no more is known than its id.
    fn named(id: &Text) -> Self;
    fn id(&self) -> &Text;
    fn row(&self, place: &Place, joined: &Joined<'_>) -> Vec<Value>;
}

/// What takes the values of a row.
type RowSink<'s, E> = &'s mut dyn FnMut(&[Value]) -> Result<(), E>;

fn rows_of<T: Job, E>(
    inventory: &Inventory,
    joined: &Joined<'_>,
    period: Period,
    sink: RowSink<'_, E>,
) -> Result<(), E> {
    for place in inventory.places() {
        let heading = [
            Value::from(period.start),
            Value::from(period.end),
            Value::Written(place.account.to_string()),
            Value::Written(place.region.to_string()),
        ];
        for recorded in T::listed_in(inventory.estate(place)) {
            let blank;
            let job = if recorded.why_unreadable("*").is_none() {
                &recorded.value
            } else {
                // It was described in two ways, so neither counts.
                blank = T::named(recorded.value.id());
                &blank
            };
            if period.holds(job) == When::In {
                let mut row = heading.to_vec();
                row.extend(job.row(place, joined));
                sink(&row)?;
            }
        }
    }
    Ok(())
}

/// How many jobs a report has, and why it may lack some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobList {
    /// AWS's name for the report.
    pub report: &'static str,
    /// How many jobs it has.
    pub jobs: u64,
    /// Jobs that ended, but of which nothing says when; they are left out.
    #[serde(skip_serializing_if = "is_zero")]
    pub undated: u64,
    /// Why the list of jobs is not whole, with the accounts and Regions of which that is so.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_whole: BTreeMap<String, Vec<String>>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Jobs created so many hours before the period may end in it: AWS Backup gives a job 8 hours to start and 7 days to
/// end unless told otherwise (AWS Backup Developer Guide, "Creating a backup plan").
const LONGEST_JOB_HOURS: i64 = 8 + 7 * 24;

impl JobList {
    /// What each of the three reports has and lacks.
    pub fn all_of(inventory: &Inventory, at: Timestamp) -> Vec<Self> {
        JobReport::ALL.iter().map(|it| Self::of(*it, inventory, at)).collect()
    }

    fn of(report: JobReport, inventory: &Inventory, at: Timestamp) -> Self {
        let (jobs, undated) = match report {
            JobReport::Backup => count::<BackupJob>(inventory, at),
            JobReport::Copy => count::<CopyJob>(inventory, at),
            JobReport::Restore => count::<RestoreJob>(inventory, at),
        };
        let mut not_whole: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for place in inventory.places() {
            if let Some(why) = gap(report.operation(), inventory, place, at) {
                not_whole.entry(why).or_default().push(place.to_string());
            }
        }
        Self { report: report.name(), jobs, undated, not_whole }
    }

    /// Whether it has every job that it should.
    pub fn is_whole(&self) -> bool {
        self.undated == 0 && self.not_whole.is_empty()
    }

    /// What it lacks, in one line; `None` if nothing.
    pub fn told(&self) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for (why, places) in &self.not_whole {
            match places.as_slice() {
                [place] => parts.push(format!("{why} in {place}")),
                _ => parts.push(format!("{why} in {} accounts × Regions", places.len())),
            }
        }
        if self.undated > 0 {
            let jobs = if self.undated == 1 { "job" } else { "jobs" };
            parts.push(format!("nothing says when {} {jobs} ended", self.undated));
        }
        (!parts.is_empty()).then(|| format!("{} is not whole: {}", self.report, parts.join("; ")))
    }
}

fn count<T: Job>(inventory: &Inventory, at: Timestamp) -> (u64, u64) {
    let (mut jobs, mut undated) = (0, 0);
    for place in inventory.places() {
        for recorded in T::listed_in(inventory.estate(place)) {
            let contradicted = recorded.why_unreadable("*").is_some();
            match Period::before(at).holds(&recorded.value) {
                _ if contradicted => jobs += 1,
                When::In => jobs += 1,
                When::Out => {}
                When::Untold => undated += 1,
            }
        }
    }
    (jobs, undated)
}

/// Why a list of jobs may lack some that belong into the report.
fn gap(name: &'static str, inventory: &Inventory, place: &Place, at: Timestamp) -> Option<String> {
    match inventory.coverage.state(place, Operation::named(name)?, "") {
        State::Complete => {}
        State::NotAsked => return Some(format!("`{name}` was not asked")),
        State::Refused(error) => return Some(format!("`{name}` was refused with {}", error.code)),
        State::CutOff(_) => return Some(format!("`{name}` was cut off")),
    }
    let period = Period::before(at);
    let windows = inventory.estate(place).job_windows.iter();
    let mut narrow = windows.filter(|(operation, ..)| *operation == name).filter(|(_, parameter, time)| {
        let wide = match (*parameter, time) {
            ("ByCreatedAfter", Some(time)) => time.0 <= earlier(period.start, LONGEST_JOB_HOURS),
            ("ByCreatedBefore", Some(time)) => time.0 >= period.end,
            // Jobs that have not ended have no such time.
            _ => false,
        };
        !wide
    });
    narrow.next().map(|(_, parameter, _)| format!("`{name}` was asked with a narrow `{parameter}`"))
}
