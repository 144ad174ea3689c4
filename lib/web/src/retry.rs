//! Optimistic writing: read, compute, commit, and again if someone else was faster.

use dzinza_ports::{StoreError, StoreErrorKind};

use crate::Problem;

/// Runs a read-compute-commit cycle again while others change the same documents, a bounded number of times.
///
/// # Errors
/// What the cycle answers; 409 if the others do not let up.
pub async fn retry_stale<T, F>(mut cycle: impl FnMut() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Retry>>,
{
    for attempt in 0..MAX_TRIES {
        match cycle().await {
            Ok(done) => return Ok(done),
            Err(Retry::Problem(problem)) => return Err(problem),
            Err(Retry::Stale) => {
                // Spread those who lost, or they lose together again.
                let pause = std::time::Duration::from_millis(u64::from(attempt.min(8)));
                tokio::time::sleep(pause).await;
            }
        }
    }
    Err(Problem::conflict("Others are changing this at the same moment. Please try again."))
}

/// How often a cycle is tried.
const MAX_TRIES: u32 = 40;

/// Why a cycle did not end: it must run again, or it cannot succeed.
#[derive(Debug)]
pub enum Retry {
    /// Someone else was faster.
    Stale,
    /// The answer for the caller.
    Problem(Problem),
}

impl From<Problem> for Retry {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Retry {
    fn from(error: StoreError) -> Self {
        if error.kind() == StoreErrorKind::Stale { Self::Stale } else { Self::Problem(error.into()) }
    }
}
