//! The lock on an address after wrong passwords (contract 4.2).
//!
//! It is kept by address and not by account, so that an address without account locks just the same and
//! nobody learns which it is. Columns of the account follow along: operators read them, and a lock they hold is
//! honoured even if the counters were lost.

use std::time::Duration;

use dzinza_ports::{User, UserChange};
use dzinza_web::{LoginLock, Problem};
use http::StatusCode;
use jiff::Timestamp;

use crate::AuthPorts;
use crate::limits::seconds_until;

/// Wrong passwords are counted this long after the first.
const FAILURE_WINDOW: Duration = Duration::from_hours(24);
/// A lock that follows within this time after the last ended is consecutive.
const MEMORY: Duration = Duration::from_hours(24);

/// The lock of one address.
pub(crate) struct Lockout<'a> {
    ports: &'a AuthPorts,
    failures: String,
    lock: String,
}

/// How long an address is locked, and how many locks went before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Lock {
    until_millis: i64,
    locks: u32,
}

impl Lock {
    fn parse(text: &str) -> Option<Self> {
        let (until, locks) = text.split_once(' ')?;
        Some(Self { until_millis: until.parse().ok()?, locks: locks.parse().ok()? })
    }

    /// The lock that follows this one.
    fn next(self, ports: &AuthPorts, now: Timestamp) -> (Self, Duration) {
        let doubled = ports.rules.lockout.saturating_mul(1_u32.checked_shl(self.locks).unwrap_or(u32::MAX));
        let duration = doubled.min(ports.rules.max_lockout);
        let until_millis =
            now.as_millisecond().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        (Self { until_millis, locks: self.locks.saturating_add(1).min(31) }, duration)
    }
}

impl<'a> Lockout<'a> {
    pub(crate) fn of(ports: &'a AuthPorts, email: &str) -> Self {
        let LoginLock { failures, lock } = LoginLock::of(email);
        Self { ports, failures, lock }
    }

    /// 423 while the address is locked.
    pub(crate) async fn check(&self, user: Option<&User>) -> Result<(), Problem> {
        let now = self.ports.clock.now();
        let by_column = user.and_then(|user| user.locked_until);
        let until = Timestamp::from_millisecond(self.read().await?.until_millis).ok().max(by_column);
        match until.filter(|until| *until > now) {
            None => Ok(()),
            Some(until) => Err(Problem::new(
                StatusCode::LOCKED,
                "ACCOUNT_LOCKED",
                "Too many wrong passwords. Sign-in is locked for a while; please try again later.",
            )
            .retry_after(seconds_until(until, now))),
        }
    }

    /// Counts a wrong password and locks the address if it was one too many.
    pub(crate) async fn failed(&self, user: Option<&User>) -> Result<(), Problem> {
        let ports = self.ports;
        let max = ports.rules.max_login_attempts;
        let count = ports.limits.hit(&self.failures, FAILURE_WINDOW).await?.count;
        let locked_until = if max > 0 && count >= max { self.engage().await? } else { None };
        let change = UserChange {
            failed_login_attempts: Some(i64::try_from(count).unwrap_or(i64::MAX)),
            locked_until: locked_until.map(Some),
            ..UserChange::default()
        };
        // Without an account the same is asked of the store in vain: the time it takes must not tell.
        let id = user.map_or_else(|| ports.ids.new_id(), |user| user.id.clone());
        ports.users.update(&id, change, ports.clock.now()).await?;
        Ok(())
    }

    /// Forgets wrong passwords and locks: the right one was given.
    pub(crate) async fn clear(&self) -> Result<(), Problem> {
        Ok(self.ports.limits.remove(&[&self.failures, &self.lock]).await?)
    }

    /// Locks the address, unless another request has just done so: then the wrong password belongs to the
    /// lock that is there. Two who do it at once write the same.
    async fn engage(&self) -> Result<Option<Timestamp>, Problem> {
        let ports = self.ports;
        let now = ports.clock.now();
        let present = self.read().await?;
        if present.until_millis > now.as_millisecond() {
            return Ok(None);
        }
        let (lock, duration) = present.next(ports, now);
        let value = format!("{} {}", lock.until_millis, lock.locks);
        ports.limits.put(&self.lock, &value, duration.saturating_add(MEMORY)).await?;
        ports.limits.remove(&[&self.failures]).await?;
        metrics::counter!("auth_service_lockouts_total").increment(1);
        Ok(Timestamp::from_millisecond(lock.until_millis).ok())
    }

    async fn read(&self) -> Result<Lock, Problem> {
        let found = self.ports.limits.get(&[&self.lock]).await?;
        Ok(found.into_iter().next().flatten().and_then(|text| Lock::parse(&text)).unwrap_or_default())
    }
}
