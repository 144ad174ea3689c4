//! The Lambda Runtime API (2018-06-01), with the function's name in front of its paths, and that of the
//! process if it has one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use axum::Json;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::serve::IncomingStream;
use bytes::Bytes;
use dzinza_telemetry::Report;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::desk::{Call, Desk, Lobby, Member, Outcome, Stranger, Who};
use super::{Desks, LARGEST};

/// Takes connections until `stop`.
pub(super) async fn serve(listener: TcpListener, desks: Desks, lobby: Arc<Lobby>, stop: CancellationToken) {
    let mut routes = Router::new();
    // With a name for each process, those of one machine can be told from each other.
    for who in ["/{function}", "/{function}/{process}"] {
        routes = routes
            .route(&format!("{who}/2018-06-01/runtime/invocation/next"), get(next))
            .route(&format!("{who}/2018-06-01/runtime/invocation/{{id}}/response"), post(response))
            .route(&format!("{who}/2018-06-01/runtime/invocation/{{id}}/error"), post(error))
            .route(&format!("{who}/2018-06-01/runtime/init/error"), post(init_error))
            .route(&format!("{who}/2018-06-01/dzinza/metrics"), post(metrics));
    }
    let service = routes.with_state(desks).into_make_service_with_connect_info::<Line>();
    tokio::select! {
        ended = async { axum::serve(Lines(listener, lobby), service).await } => {
            if let Err(error) = ended {
                tracing::error!(%error, "the Runtime API does not listen any more");
            }
        }
        () = stop.cancelled() => {}
    }
}

/// What the path says.
#[derive(Deserialize)]
struct Address {
    function: String,
    #[serde(default)]
    process: String,
    #[serde(default)]
    id: String,
}

/// The desk that a process asks at, and who it is.
fn come(desks: &Desks, address: &Address, line: &Line) -> Option<(Arc<Desk>, Who)> {
    let desk = desks.get(&address.function)?;
    let who = Who(address.process.clone(), line.from);
    line.member.get_or_init(|| desk.member(&who));
    drop(line.stranger.lock().unwrap_or_else(PoisonError::into_inner).take());
    Some((desk.clone(), who))
}

/// Work for the process, as soon as there is some: it expects nothing else.
async fn next(
    State(desks): State<Desks>,
    Path(address): Path<Address>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
) -> Response {
    let Some((desk, who)) = come(&desks, &address, &line) else { return no_such_function() };
    let function = address.function;
    // One that opens a connection for each thing it says is not dead because of that.
    let closes =
        headers.get(header::CONNECTION).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
    let presence = if closes { None } else { desk.presence(&who) };
    // Or it would keep itself from being missed.
    drop(line);
    let Call { id, event, deadline, .. } = desk.next(&presence).await;
    let mut response = Response::new(Body::from(event));
    let arn = format!("arn:aws:lambda:local:000000000000:function:{function}");
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", arn),
        ("content-type", "application/json".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn response(
    State(desks): State<Desks>,
    Path(address): Path<Address>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let Some((desk, _)) = come(&desks, &address, &line) else { return no_such_function() };
    let Address { function, id, .. } = address;
    if let Ok(bytes) = to_bytes(request.into_body(), LARGEST).await {
        return ended(&desk, &id, Outcome::Answer(bytes));
    }
    tracing::error!(function, "the function's answer is too large, or broke off");
    desk.end(&id, Outcome::Failed);
    refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
}

async fn error(
    State(desks): State<Desks>,
    Path(address): Path<Address>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let Some((desk, _)) = come(&desks, &address, &line) else { return no_such_function() };
    let Address { function, id, .. } = address;
    let why = why(request).await;
    tracing::error!(function, why, "the function failed");
    ended(&desk, &id, Outcome::Failed)
}

async fn init_error(State(desks): State<Desks>, Path(address): Path<Address>, request: Request) -> Response {
    let Address { function, .. } = address;
    let Some(desk) = desks.get(&function) else { return no_such_function() };
    let why = why(request).await;
    tracing::error!(function, why, "a process of the function could not begin");
    desk.could_not_begin();
    accepted()
}

/// What a process has counted since it last said so; it is shown with the gateway's own. No part of Lambda's API.
async fn metrics(State(desks): State<Desks>, Path(address): Path<Address>, request: Request) -> Response {
    if !desks.contains_key(&address.function) {
        return no_such_function();
    }
    let Ok(body) = to_bytes(request.into_body(), LARGEST).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    };
    match serde_json::from_slice::<Report>(&body) {
        Ok(report) => {
            report.absorb();
            accepted()
        }
        Err(_) => refused(StatusCode::BAD_REQUEST, "NoReport"),
    }
}

fn ended(desk: &Arc<Desk>, id: &str, outcome: Outcome) -> Response {
    // An answer that comes too late, twice, or to somebody else's request changes nothing.
    if desk.end(id, outcome) { accepted() } else { refused(StatusCode::BAD_REQUEST, "InvalidRequestID") }
}

/// The type of an error, which tells nothing of anybody.
async fn why(request: Request) -> String {
    let body = to_bytes(request.into_body(), LARGEST).await.unwrap_or_else(|_| Bytes::new());
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    told["errorType"].as_str().unwrap_or("unknown").chars().take(200).collect()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn refused(status: StatusCode, kind: &str) -> Response {
    (status, Json(json!({ "errorType": kind, "errorMessage": kind }))).into_response()
}

fn no_such_function() -> Response {
    refused(StatusCode::NOT_FOUND, "NoSuchFunction")
}

/// Connections that know whose they are.
struct Lines(TcpListener, Arc<Lobby>);

/// A connection's side of that.
#[derive(Clone)]
struct Line {
    from: IpAddr,
    member: Arc<OnceLock<Arc<Member>>>,
    /// Until it is known whose it is.
    stranger: Arc<Mutex<Option<Stranger>>>,
}

struct Tracked {
    stream: TcpStream,
    line: Line,
}

impl axum::serve::Listener for Lines {
    type Io = Tracked;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Tracked, SocketAddr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let from = address.ip().to_canonical();
        let stranger = Arc::new(Mutex::new(Some(self.1.enter(from))));
        let line = Line { from, member: Arc::default(), stranger };
        (Tracked { stream, line }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

impl AsyncRead for Tracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
