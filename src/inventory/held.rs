//! Recovery points and jobs that are held all the same: those recorded twice, those that reports on jobs need, or all of
//! them where there is room. How they are read is `flow`'s.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::flow::{BATCH, FlowError, Flowing, Items, Records, digest_of, linked};
use super::record::{Recorded, Text};
use super::{Estate, Inventory};

impl Estate {
    /// How many records are held of the kind of which most are.
    pub(super) fn most_held(&self) -> usize {
        let jobs = self.backup_jobs.len().max(self.copy_jobs.len()).max(self.restore_jobs.len());
        self.recovery_points.len().max(jobs)
    }

    /// Records of each kind that are held, a batch from there on.
    pub(super) fn held(&self, from: usize) -> [Records<'_>; 4] {
        fn of<T>(held: &[Recorded<T>], from: usize) -> &[Recorded<T>] {
            held.get(from..held.len().min(from + BATCH)).unwrap_or_default()
        }
        [
            Records::RecoveryPoints(of(&self.recovery_points, from)),
            Records::BackupJobs(of(&self.backup_jobs, from)),
            Records::CopyJobs(of(&self.copy_jobs, from)),
            Records::RestoreJobs(of(&self.restore_jobs, from)),
        ]
    }

    fn sort_held(&mut self) {
        fn sort<T: Flowing>(held: &mut [Recorded<T>]) {
            held.sort_by(|a, b| a.value.key().cmp(b.value.key()));
        }
        sort(&mut self.recovery_points);
        sort(&mut self.backup_jobs);
        sort(&mut self.copy_jobs);
        sort(&mut self.restore_jobs);
    }

    /// What is held because it is recorded twice, anywhere.
    pub(super) fn recorded_twice(&self, twice: &HashSet<u64>) -> impl Iterator<Item = Items> {
        fn of<T: Flowing + Clone>(held: &[Recorded<T>], twice: &HashSet<u64>) -> Items {
            T::items(held.iter().filter(|it| twice.contains(&digest_of(it))).cloned().collect())
        }
        let found = [
            of(&self.recovery_points, twice),
            of(&self.backup_jobs, twice),
            of(&self.copy_jobs, twice),
            of(&self.restore_jobs, twice),
        ];
        found.into_iter().filter(|it| !it.is_empty())
    }

    /// Forgets what is held of what is recorded twice, to hold all of it.
    fn forget(&mut self, twice: &HashSet<u64>) {
        self.recovery_points.retain(|it| !twice.contains(&digest_of(it)));
        self.backup_jobs.retain(|it| !twice.contains(&digest_of(it)));
        self.copy_jobs.retain(|it| !twice.contains(&digest_of(it)));
        self.restore_jobs.retain(|it| !twice.contains(&digest_of(it)));
    }

    /// The vaults, by operation, of held records that are not linked to a resource.
    pub(super) fn unlinked_held(&self) -> BTreeSet<(&'static str, Option<Arc<str>>)> {
        fn of<T: Flowing>(held: &[Recorded<T>]) -> impl Iterator<Item = (&'static str, Option<Arc<str>>)> {
            let vault = |it: &Recorded<T>| (T::OPERATION, it.value.vault().map(Text::shared));
            held.iter().filter(|it| linked(it).is_none()).map(vault)
        }
        let points = of(&self.recovery_points).chain(of(&self.backup_jobs));
        points.chain(of(&self.copy_jobs)).chain(of(&self.restore_jobs)).collect()
    }
}

impl Inventory {
    /// Holds all recovery points and jobs, for whoever knows that there is room; they are judged from there.
    pub fn hold(&mut self) -> Result<(), FlowError> {
        let mut held = Vec::new();
        self.each_piece(&mut |piece| {
            self.read_piece(piece, &mut |place, records| held.push((place.clone(), records.to_items())));
        })?;
        for estate in self.estates.values_mut() {
            (estate.recovery_points, estate.backup_jobs) = Default::default();
            (estate.copy_jobs, estate.restore_jobs) = Default::default();
        }
        for (place, items) in held {
            if let Some(estate) = self.estates.get_mut(&place) {
                items.hold(estate);
            }
        }
        self.estates.values_mut().for_each(Estate::sort_held);
        self.flows.clear();
        self.all_held = true;
        Ok(())
    }

    /// Holds what is recorded twice: each record, wherever it stands, so that they can be compared.
    pub(super) fn hold_twice(&mut self) -> Result<(), FlowError> {
        if self.twice.is_empty() {
            return Ok(());
        }
        let twice = std::mem::take(&mut self.twice);
        let mut held = Vec::new();
        self.each_piece(&mut |piece| {
            self.read_piece(piece, &mut |place, records| {
                held.push((place.clone(), records.recorded_twice(&twice)));
            });
        })?;
        for estate in self.estates.values_mut() {
            estate.forget(&twice);
        }
        for (place, items) in held {
            if let Some(estate) = self.estates.get_mut(&place) {
                items.hold(estate);
            }
        }
        self.twice = twice;
        Ok(())
    }
}
