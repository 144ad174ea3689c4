//! HTTP/1.1 on a socket, whatever else is linked: a library that brings HTTP/2 along for its own calls must not change what
//! the gateway speaks, whose limits are those of HTTP/1.1.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a client may take to send the head of a request. Whoever drips it holds nothing but a socket, and not for
/// longer.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// Takes connections until `stop`, and then waits until the requests that are under way have been answered.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let open = GracefulShutdown::new();
    loop {
        let (stream, address) = tokio::select! {
            // Waits a moment when there are no sockets left.
            connection = axum::serve::Listener::accept(&mut listener) => connection,
            () = stop.cancelled() => break,
        };
        // Small answers must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request| router.clone().oneshot(from(address, request)));
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // Whoever goes, goes; what is no HTTP has been answered.
            let _ = connection.await;
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The request with its sender's address, as extractors expect it.
fn from(address: SocketAddr, request: hyper::Request<Incoming>) -> http::Request<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(address));
    request
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn served() -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let whoami = get(|ConnectInfo(from): ConnectInfo<SocketAddr>| async move { from.ip().to_string() });
        let slow = get(|| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            "at last"
        });
        let router = Router::new().route("/whoami", whoami).route("/slow", slow);
        (address, stop.clone(), tokio::spawn(serve(listener, router, stop)))
    }

    async fn talk(address: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    // Time goes on by itself as soon as nobody has anything to do.
    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_is_not_waited_for() {
        let (address, _stop, _served) = served().await;
        let answer = talk(address, "GET /whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        let answer = talk(address, "GET /whoami HTTP/1.1\r\nhost: x\r\n").await;
        assert!(!answer.contains("127.0.0.1"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_asked_is_answered_before_the_end() {
        let (address, stop, served) = served().await;
        let asked = tokio::spawn(async move { talk(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.cancel();
        let answer = asked.await.unwrap();
        assert!(answer.ends_with("at last"), "{answer}");
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
