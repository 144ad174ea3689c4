use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use dzinza_domain::site::Site;
use dzinza_ports::{Clock, SiteSettings};
use jiff::{SignedDuration, Timestamp};

/// How old what is answered from memory may be.
const FRESH: Duration = Duration::from_secs(5);

/// What administrators set, read again when it is older than five seconds: every change of anything asks for it.
#[derive(Clone)]
pub struct SiteWatch {
    store: Arc<dyn SiteSettings>,
    clock: Arc<dyn Clock>,
    seen: Arc<RwLock<Option<Seen>>>,
}

/// What was read, and when.
type Seen = (Timestamp, Arc<Site>);

impl SiteWatch {
    /// Watches these settings. Clones share what they have seen.
    pub fn new(store: Arc<dyn SiteSettings>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, seen: Arc::default() }
    }

    /// The store itself.
    pub fn store(&self) -> &Arc<dyn SiteSettings> {
        &self.store
    }

    /// The settings, at most five seconds old. While they cannot be read the last ones that could hold on, and they are asked
    /// for again after five seconds.
    pub async fn settings(&self) -> Arc<Site> {
        let now = self.clock.now();
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, site)) = &seen
            && (SignedDuration::ZERO..=limit()).contains(&now.duration_since(*at))
        {
            return Arc::clone(site);
        }
        let site = match self.store.read().await {
            Ok(record) => Arc::new(record.map(|record| Site::read(&record.data)).unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "the settings of the platform cannot be read");
                seen.map(|(_, site)| site).unwrap_or_default()
            }
        };
        // After a failure as well: not every change shall wait for a store that is away.
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&site)));
        site
    }

    /// Reads them anew next time: they were just changed here.
    pub fn forget(&self) {
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn limit() -> SignedDuration {
    SignedDuration::try_from(FRESH).unwrap_or(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use dzinza_ports::{SiteRecord, StoreError, StoreErrorKind, SystemClock};
    use serde_json::Value;

    use super::*;

    /// A store that is away, and how often it was asked.
    #[derive(Default)]
    struct Away(AtomicUsize);

    #[async_trait]
    impl SiteSettings for Away {
        async fn read(&self) -> Result<Option<SiteRecord>, StoreError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::new(StoreErrorKind::Unavailable, "away"))
        }

        async fn write(&self, _: Value, _: Option<&str>, _: i64, _: Timestamp) -> Result<bool, StoreError> {
            Err(StoreError::new(StoreErrorKind::Unavailable, "away"))
        }
    }

    #[tokio::test]
    async fn a_store_that_is_away_is_not_asked_by_every_change() {
        let store = Arc::new(Away::default());
        let watch = SiteWatch::new(store.clone(), Arc::new(SystemClock));
        for _ in 0..3 {
            assert!(!watch.settings().await.maintenance);
        }
        assert_eq!(store.0.load(Ordering::Relaxed), 1);
        watch.forget();
        watch.settings().await;
        assert_eq!(store.0.load(Ordering::Relaxed), 2);
    }
}
