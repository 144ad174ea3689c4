use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dzinza_ports::Clock;
use jiff::Timestamp;

/// A clock that stands still until it is moved. Whole microseconds.
pub struct ManualClock {
    now: AtomicI64,
    told: Option<Box<dyn Fn(Timestamp) + Send + Sync>>,
}

impl ManualClock {
    /// Stands at this moment.
    pub fn new(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now.as_microsecond()), told: None }
    }

    /// The same, which tells somebody when it is moved: a server whose time goes with it.
    #[must_use]
    pub fn told(mut self, tell: impl Fn(Timestamp) + Send + Sync + 'static) -> Self {
        self.told = Some(Box::new(tell));
        self
    }

    fn tell(&self) {
        if let Some(tell) = &self.told {
            tell(self.now());
        }
    }

    /// Moves to this moment, back too.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.as_microsecond(), Ordering::SeqCst);
        self.tell();
    }

    /// Moves on by this.
    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
        self.tell();
    }
}

impl std::fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ManualClock({})", self.now())
    }
}

impl Default for ManualClock {
    /// Stands at noon of 1 March 2026, UTC.
    fn default() -> Self {
        Self { now: AtomicI64::new(1_772_366_400_000_000), told: None }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}
