use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dzinza_ports::Clock;
use jiff::Timestamp;

/// A clock that stands still until it is moved. Whole microseconds.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at this moment.
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_microsecond()))
    }

    /// Moves to this moment, back too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::SeqCst);
    }

    /// Moves on by this.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Stands at noon of 1 March 2026, UTC.
    fn default() -> Self {
        Self(AtomicI64::new(1_772_366_400_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}
