use std::any::Any;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
pub use libtest_mimic::Failed;
use libtest_mimic::Trial;
use tokio::runtime::Builder;

use crate::ManualClock;

/// What a case ends with.
pub type Outcome = Result<(), Failed>;

/// A backend that nobody has used before.
pub struct Fresh<P> {
    /// The port, or the ports, under test.
    pub port: P,
    /// The clock that the backend goes by.
    pub clock: Arc<ManualClock>,
    /// What must live as long as the case (a temporary folder).
    pub guard: Box<dyn Any + Send + Sync>,
}

type Make<P> = Arc<dyn Fn() -> BoxFuture<'static, Result<Fresh<P>, Failed>> + Send + Sync>;

/// A list of cases over one kind of backend.
pub struct Suite<P> {
    name: &'static str,
    make: Make<P>,
    trials: Vec<Trial>,
}

impl<P: Send + 'static> Suite<P> {
    /// An empty suite whose cases each get what `make` makes.
    pub fn new<F, Made>(name: &'static str, make: F) -> Self
    where
        F: Fn() -> Made + Send + Sync + 'static,
        Made: Future<Output = Result<Fresh<P>, Failed>> + Send + 'static,
    {
        Self { name, make: Arc::new(move || make().boxed()), trials: Vec::new() }
    }

    /// Adds a case; the sentence says what holds.
    pub fn case<C, Run>(&mut self, sentence: &str, case: C)
    where
        C: FnOnce(Fresh<P>) -> Run + Send + 'static,
        Run: Future<Output = Outcome> + Send,
    {
        let make = self.make.clone();
        self.trials.push(Trial::test(format!("{}: {sentence}", self.name), move || {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async move { case(make().await?).await })
        }));
    }

    /// The cases for `libtest_mimic::run`.
    pub fn into_trials(self) -> Vec<Trial> {
        self.trials
    }
}
