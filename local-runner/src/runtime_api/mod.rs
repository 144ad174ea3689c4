//! Functions in processes of their own: they ask for work as they ask AWS Lambda, and several that ask share it.
//!
//! Each function has a `desk`: requests wait there until a process takes one. A process does one at a time, so how many
//! run is how many requests a function works on. What one process does wrong costs the caller whose request it had.

mod answer;
mod desk;
mod event;
mod fleet;
mod jobs;
mod server;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use dzinza_ports::{Clock, Ids};
use http::Method;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::invoker::{InvokeError, Invoker, LARGEST_EVENT, RouteTaken};
use crate::queues::JobHandler;
use crate::template::Template;
use desk::{Call, Desk, Lobby};

pub use fleet::Fleet;

/// What Lambda takes as an event and as an answer.
const LARGEST: usize = LARGEST_EVENT as usize;
/// API Gateway waits no longer, whatever the function's own limit is.
const LONGEST: Duration = Duration::from_secs(30);

/// Calls functions that poll for their work.
pub struct RuntimeApi {
    desks: Desks,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    address: SocketAddr,
    _stop: DropGuard,
}

/// By the names of the functions.
type Desks = Arc<HashMap<String, Arc<Desk>>>;

/// What it takes to serve the Runtime API.
pub struct Hall {
    /// Where it listens. Whoever reaches this address sees and answers everybody's requests.
    pub listen: SocketAddr,
    /// The processes that are started here, if it is not somebody else who starts them.
    pub fleet: Option<Fleet>,
    /// For deadlines.
    pub clock: Arc<dyn Clock>,
    /// For the ids of invocations.
    pub ids: Arc<dyn Ids>,
}

impl RuntimeApi {
    /// Listens for the processes of all functions of a template, until this value goes.
    ///
    /// # Errors
    /// If the address is in use.
    pub async fn bind(template: &Template, hall: Hall) -> anyhow::Result<Self> {
        let Hall { listen, fleet, clock, ids } = hall;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let (fleet, lobby) = (fleet.map(Arc::new), Arc::<Lobby>::default());
        let desk = |function: &crate::template::Function| {
            let crew = fleet.as_ref().map(|fleet| fleet.crew(function, address, &stop));
            (function.name.clone(), Arc::new(Desk::new(&function.name, crew, lobby.clone())))
        };
        let desks: Desks = Arc::new(template.functions.iter().map(desk).collect());
        tokio::spawn(server::serve(listener, desks.clone(), lobby, stop.clone()));
        Ok(Self { desks, clock, ids, address, _stop: stop.drop_guard() })
    }

    /// Where processes poll: `AWS_LAMBDA_RUNTIME_API` is `http://`, this, `/` and the function's name.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The jobs function of this name.
    pub fn jobs(self: &Arc<Self>, function: &str, timeout: Duration) -> Arc<dyn JobHandler> {
        Arc::new(jobs::Remote { runtime: self.clone(), function: function.to_owned(), timeout })
    }

    /// What a function makes of an event, as the JSON it sends.
    async fn call(&self, function: &str, event: Bytes, until: Instant) -> Result<Bytes, InvokeError> {
        if event.len() > LARGEST {
            return Err(InvokeError::TooLarge);
        }
        let desk = self.desks.get(function).ok_or(InvokeError::NoSuchFunction)?;
        let left = until.saturating_duration_since(Instant::now());
        let deadline =
            self.clock.now().as_millisecond() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        desk.call(Call { id: self.ids.new_id(), event, deadline, until }).await
    }
}

#[async_trait]
impl Invoker for RuntimeApi {
    async fn invoke(
        &self,
        function: &str,
        request: Request,
        budget: Duration,
    ) -> Result<Response, InvokeError> {
        let until = Instant::now() + budget.min(LONGEST);
        let (mut parts, body) = request.into_parts();
        let body = tokio::time::timeout_at(until, to_bytes(body, LARGEST)).await;
        let body = body.map_err(|_| InvokeError::Timeout)?.map_err(|error| unread(&error))?;
        let route = parts.extensions.remove::<RouteTaken>().unwrap_or_default();
        let event = event::http(&parts, &body, &route, self.clock.now())?;
        drop(body);
        let answered = self.call(function, event, until).await?;
        answer::http(&answered, parts.method == Method::HEAD).ok_or_else(|| {
            tracing::error!(function, "the function's answer is none");
            InvokeError::Bad
        })
    }
}

/// Why the body of a request cannot be sent on.
fn unread(error: &axum::Error) -> InvokeError {
    use std::error::Error;
    let limit = error.source().is_some_and(<dyn Error>::is::<http_body_util::LengthLimitError>);
    if limit { InvokeError::TooLarge } else { InvokeError::Unreadable }
}

#[cfg(test)]
mod tests;
