//! How fast a service is asked: a token bucket, so that others who use the account are not throttled.
//!
//! Says how long to wait; whoever asks waits.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The pace at which the services of one account and Region are asked.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    burst: Duration,
    /// By service, when its bucket is full again.
    full_at: Mutex<BTreeMap<&'static str, Instant>>,
}

impl Pace {
    /// So many calls a second for each service, and as many at once.
    pub fn new(per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: Duration::from_secs(1), full_at: Mutex::default() }
    }

    /// Takes one call of a service; how long from `now` it has to wait.
    pub fn take(&self, service: &'static str, now: Instant) -> Duration {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.entry(service).or_insert(now);
        *full = (*full).max(now) + self.interval;
        full.duration_since(now).saturating_sub(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_goes_at_once_and_the_rest_evenly_and_services_do_not_wait_for_each_other() {
        let pace = Pace::new(4);
        let now = Instant::now();
        let waits: Vec<_> = (0..7).map(|_| pace.take("backup", now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250, 500, 750]);
        assert_eq!(pace.take("kms", now).as_millis(), 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.take("backup", later).as_millis(), 0);
        let much_later = now + Duration::from_secs(60);
        let waits: Vec<_> = (0..5).map(|_| pace.take("backup", much_later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250]);
    }
}
