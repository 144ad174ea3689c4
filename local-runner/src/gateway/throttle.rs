//! Who asks too often (contract 3.7): per address over all of the API, and per route over all addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, HeaderValue};

use crate::template::Template;

/// Addresses that have been quiet are forgotten after so many requests, so memory stays bounded.
const FORGET_EVERY: u32 = 1024;

/// What is left to a caller; told in the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    limit: u32,
    remaining: u32,
    /// Seconds until nothing counts against the caller any more.
    reset: u64,
}

impl Allowance {
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.insert("ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(self.reset));
    }
}

/// Too many: what is left, and the seconds to wait.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) allowance: Option<Allowance>,
    pub(super) wait: u64,
}

type PerIp = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

pub(super) struct IpThrottle {
    limiter: PerIp,
    limit: u32,
    period: Duration,
    checks: AtomicU32,
}

impl IpThrottle {
    /// None if `max` or the window is 0: no limit.
    pub(super) fn new(max: u32, window: Duration) -> Option<Self> {
        let burst = NonZeroU32::new(max)?;
        let period = window / max;
        let quota = Quota::with_period(period)?.allow_burst(burst);
        let limiter = RateLimiter::keyed(quota).with_middleware();
        Some(Self { limiter, limit: max, period, checks: AtomicU32::new(0) })
    }

    pub(super) fn check(&self, ip: IpAddr) -> Result<Allowance, Refused> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(&subscriber(ip)) {
            Ok(state) => Ok(self.allowance(state.remaining_burst_capacity())),
            Err(not_until) => {
                metrics::counter!("rate_limited_total", "scope" => "ip").increment(1);
                let wait = seconds(not_until.wait_time_from(DefaultClock::default().now()));
                Err(Refused { allowance: Some(self.allowance(0)), wait })
            }
        }
    }

    fn allowance(&self, remaining: u32) -> Allowance {
        let reset = seconds(self.period * self.limit.saturating_sub(remaining));
        Allowance { limit: self.limit, remaining, reset }
    }
}

/// A household has a whole /64 of IPv6; one address of it is no caller.
fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The template's throttling: one bucket a route.
pub(super) struct RouteThrottles(HashMap<String, DefaultDirectRateLimiter>);

impl RouteThrottles {
    pub(super) fn new(template: &Template) -> Self {
        let routes = template.functions.iter().flat_map(|function| &function.routes);
        let buckets = routes.filter_map(|route| {
            let throttle = template.throttle.of(route)?;
            let period = Duration::try_from_secs_f64(1.0 / throttle.rate).ok()?;
            let quota = Quota::with_period(period)?.allow_burst(NonZeroU32::new(throttle.burst)?);
            Some((route.to_string(), RateLimiter::direct(quota)))
        });
        Self(buckets.collect())
    }

    pub(super) fn check(&self, route_key: &str) -> Result<(), Refused> {
        let Some(Err(not_until)) = self.0.get(route_key).map(RateLimiter::check) else { return Ok(()) };
        metrics::counter!("rate_limited_total", "scope" => "route").increment(1);
        let wait = seconds(not_until.wait_time_from(DefaultClock::default().now()));
        Err(Refused { allowance: None, wait: wait.max(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_allowance_and_learns_what_is_left() {
        let throttle = IpThrottle::new(2, Duration::from_mins(1)).unwrap();
        let first = throttle.check(ip("203.0.113.1")).unwrap();
        assert_eq!(first, Allowance { limit: 2, remaining: 1, reset: 30 });
        assert_eq!(throttle.check(ip("203.0.113.1")).unwrap().remaining, 0);
        let refused = throttle.check(ip("203.0.113.1")).unwrap_err();
        assert!((1..=30).contains(&refused.wait));
        assert_eq!(refused.allowance, Some(Allowance { limit: 2, remaining: 0, reset: 60 }));
        assert!(throttle.check(ip("203.0.113.2")).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one_caller() {
        let throttle = IpThrottle::new(1, Duration::from_mins(1)).unwrap();
        assert!(throttle.check(ip("2001:db8::1")).is_ok());
        assert!(throttle.check(ip("2001:db8::ffff:2")).is_err());
        assert!(throttle.check(ip("2001:db8:0:1::1")).is_ok());
        assert!(throttle.check(ip("::ffff:203.0.113.1")).is_ok());
        assert!(throttle.check(ip("203.0.113.1")).is_err());
    }

    #[test]
    fn quiet_addresses_are_forgotten() {
        let throttle = IpThrottle::new(1000, Duration::from_millis(1)).unwrap();
        for n in 0..FORGET_EVERY * 4 {
            let _ = throttle.check(IpAddr::V4(n.into()));
        }
        assert!(throttle.limiter.len() <= FORGET_EVERY as usize * 2, "{}", throttle.limiter.len());
    }

    #[test]
    fn nought_is_no_limit() {
        assert!(IpThrottle::new(0, Duration::from_mins(1)).is_none());
        assert!(IpThrottle::new(5, Duration::ZERO).is_none());
    }
}
