//! An orderly end: whoever asks a process to stop lets it finish what it works on, and take no more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use dzinza_ports::Clock;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::observing::Observer;

/// A layer around the runtime's service, which knows whether there is work.
#[derive(Clone, Default)]
pub(super) struct Ending {
    work: Arc<Mutex<()>>,
    asked: CancellationToken,
    observer: Option<(Arc<Observer>, Arc<dyn Clock>)>,
}

impl Ending {
    /// One that has told of each work before the next is asked for.
    pub(super) fn telling(observer: Arc<Observer>, clock: Arc<dyn Clock>) -> Self {
        Self { observer: Some((observer, clock)), ..Self::default() }
    }

    /// Resolves once the process was asked to end and does no work, its last answer included.
    pub(super) async fn come(self) {
        stop_signal().await;
        self.finished().await;
    }

    async fn finished(&self) {
        self.asked.cancel();
        drop(self.work.lock().await);
    }
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

impl<S> Layer<S> for Ending {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, ending: self.clone() }
    }
}

/// See [`Ending`].
#[derive(Clone)]
pub(super) struct Watched<S> {
    inner: S,
    ending: Ending,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R> + 'static,
    R: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let work = self.inner.call(request);
        let Ending { work: lock, asked, observer } = self.ending.clone();
        Box::pin(async move {
            let held = lock.lock().await;
            let done = work.await;
            if let Some((observer, clock)) = &observer {
                observer.told(&**clock).await;
            }
            drop(held);
            if asked.is_cancelled() {
                // Or the runtime would ask for more.
                std::future::pending::<()>().await;
            }
            done
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::pin;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;
    use tower::service_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_finished_and_nothing_follows() {
        let ending = Ending::default();
        let mut service = ending
            .layer(service_fn(|go: oneshot::Receiver<()>| async move { Ok::<_, Infallible>(go.await) }));
        let (first, go) = oneshot::channel();
        first.send(()).unwrap();
        assert!(timeout(Duration::from_secs(1), service.call(go)).await.is_ok());
        let (last, go) = oneshot::channel();
        let mut working = pin!(service.call(go));
        let mut finished = pin!(ending.finished());
        assert!(timeout(Duration::from_secs(1), working.as_mut()).await.is_err());
        assert!(timeout(Duration::from_secs(1), finished.as_mut()).await.is_err());
        last.send(()).unwrap();
        tokio::select! {
            _ = working.as_mut() => panic!("the runtime would ask for more"),
            () = finished => {}
        }
        assert!(timeout(Duration::from_secs(1), working).await.is_err());
    }
}
