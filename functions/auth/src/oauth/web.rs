//! Requests to identity providers: over TLS, in ten seconds, without following redirects, and not more than a megabyte
//! of answer. An issuer on this very machine may be spoken to in plain HTTP, and nothing else then.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use tokio::sync::OnceCell;

/// For connecting, asking and reading the whole answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer in bytes. Discovery documents and key sets have some thousands.
const MAX_ANSWER: usize = 1 << 20;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;
type Http = Client<HttpConnector, Full<Bytes>>;

/// Why there is no answer. It tells nothing of what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// Not https, or not on this machine.
    #[error("an address that must not be asked")]
    Refused,
    /// It took too long.
    #[error("no answer in time")]
    Slow,
    /// The answer is too large or was cut off.
    #[error("no readable answer")]
    Unreadable,
    /// No connection.
    #[error("no connection: {0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    /// The certificates of the machine cannot be read.
    #[error("no certificates: {0}")]
    Certificates(#[from] std::io::Error),
}

/// Asks one provider.
pub(crate) struct Web {
    way: Way,
}

enum Way {
    Tls(OnceCell<Https>),
    Loopback(Http),
}

impl Web {
    /// For a provider at this address; `None` if it is neither https nor on this machine.
    pub(crate) fn to(address: &str) -> Option<Self> {
        let uri = address.parse::<http::Uri>().ok()?;
        let way = match uri.scheme_str() {
            Some("https") => Way::Tls(OnceCell::new()),
            Some("http") if is_loopback(&uri) => {
                Way::Loopback(Client::builder(TokioExecutor::new()).build_http())
            }
            _ => return None,
        };
        Some(Self { way })
    }

    /// The answer to a request, whatever its status.
    pub(crate) async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, WebError> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        tokio::time::timeout(PATIENCE, self.exchange(request)).await.unwrap_or(Err(WebError::Slow))
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>) -> Result<HttpResponse, WebError> {
        let secure = request.uri().scheme_str() == Some("https");
        let answer = match &self.way {
            Way::Tls(client) if secure => client.get_or_try_init(tls).await?.request(request).await?,
            Way::Loopback(client) if !secure && is_loopback(request.uri()) => client.request(request).await?,
            _ => return Err(WebError::Refused),
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|_| WebError::Unreadable)?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    }
}

impl<'c> AsyncHttpClient<'c> for Web {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WebError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

/// The machine's own certificates; read at the first use, so that machines without any can run what needs none.
async fn tls() -> Result<Https, WebError> {
    let provider = rustls::crypto::ring::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(provider)?
        .https_only()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn is_loopback(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_https_and_this_machine_are_asked_and_never_one_by_way_of_the_other() {
        for bad in
            ["http://issuer.example", "ftp://127.0.0.1", "127.0.0.1", "http://127.0.0.1.example.org", ""]
        {
            assert!(Web::to(bad).is_none(), "{bad}");
        }
        let get = |uri: &str| http::Request::get(uri).body(Vec::new()).unwrap();
        let secure = Web::to("https://issuer.example").unwrap();
        let local = Web::to("http://127.0.0.1:1").unwrap();
        for (web, uri) in [
            (&secure, "http://127.0.0.1:1/keys"),
            (&secure, "http://issuer.example/keys"),
            (&local, "http://issuer.example/keys"),
            (&local, "https://issuer.example/keys"),
        ] {
            assert!(matches!(web.ask(get(uri)).await, Err(WebError::Refused)), "{uri}");
        }
        assert!(matches!(local.ask(get("http://[::1]:1/")).await, Err(WebError::Unreachable(_))));
    }
}
