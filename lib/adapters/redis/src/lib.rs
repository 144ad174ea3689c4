//! [`dzinza_ports::Limits`] on Redis, and in this process while Redis is away.
//!
//! [`RedisLimits`] is the plain adapter: what Redis cannot answer is [`dzinza_ports::StoreErrorKind::Unavailable`].
//! [`FallbackLimits`] goes round it: nobody who calls it notices that Redis is away, but for what is said there.
//!
//! Needs Redis 6.2 or later (or Valkey), one primary; no Redis Cluster, as one command reads several keys.
#![warn(missing_docs)]

mod fallback;
mod limits;
mod link;
mod local;
mod shelf;

pub use fallback::FallbackLimits;
pub use limits::RedisLimits;
pub use link::{AddressError, RedisAddress};
