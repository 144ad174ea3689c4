use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderValue, Uri};
use ipnet::IpNet;

/// What an operator can set of the gateway.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Told by the health addresses.
    pub version: String,
    /// The origins of pages that may call from elsewhere, exact, such as `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<String>,
    /// Requests to the API from one address within the window; 0 for no limit.
    pub rate_limit_max: u32,
    /// The window.
    pub rate_limit_window: Duration,
    /// Whether the public address is https, here or at a proxy in front.
    pub public_tls: bool,
    /// Whether `/api/docs` and the API description are served.
    pub docs: bool,
    /// The folder of the built frontend.
    pub frontend: Option<PathBuf>,
}

impl Default for GatewaySettings {
    /// The contract's limits (3.7), and nobody trusted.
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            rate_limit_max: 1000,
            rate_limit_window: Duration::from_mins(15),
            public_tls: false,
            docs: true,
            frontend: None,
        }
    }
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// `*` would let any page act with its visitor's cookie.
    #[error("the allowed origin \"*\" is refused, as callers send credentials: name each origin")]
    AnyOrigin,
    /// Not an origin.
    #[error("\"{0}\" is not an origin such as https://app.example.org")]
    Origin(String),
    /// Not an address.
    #[error("the trusted proxy \"{0}\" is neither an address nor a network such as 10.0.0.0/8")]
    Proxy(String),
    /// The frontend's folder has no page.
    #[error("the frontend folder {} has no index.html", .0.display())]
    Frontend(PathBuf),
}

/// The origins as a browser writes them.
pub(super) fn origins(texts: &[String]) -> Result<Vec<HeaderValue>, GatewayError> {
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(origin).collect()
}

fn origin(text: &str) -> Result<HeaderValue, GatewayError> {
    if text.contains('*') {
        return Err(GatewayError::AnyOrigin);
    }
    let wrong = || GatewayError::Origin(text.to_owned());
    let origin = text.trim_end_matches('/').to_lowercase();
    let uri: Uri = origin.parse().map_err(|_| wrong())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let authority = uri.authority().ok_or_else(wrong)?;
    if format!("{scheme}://{authority}") != origin || authority.as_str().contains('@') {
        return Err(wrong());
    }
    HeaderValue::from_str(&origin).map_err(|_| wrong())
}

/// The networks whose word on the client's address counts.
pub(super) fn proxies(texts: &[String]) -> Result<Vec<IpNet>, GatewayError> {
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(|text| network(text).ok_or_else(|| GatewayError::Proxy(text.to_owned()))).collect()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str) -> Result<Vec<HeaderValue>, GatewayError> {
        origins(&[origin.to_owned()])
    }

    #[test]
    fn origins_are_exact_and_a_star_is_refused() {
        assert_eq!(check(" HTTP://Localhost:5173/ ").unwrap(), ["http://localhost:5173"]);
        assert!(matches!(check("*"), Err(GatewayError::AnyOrigin)));
        assert!(matches!(check("https://*.example.org"), Err(GatewayError::AnyOrigin)));
        for bad in ["null", "localhost", "ftp://x", "https://x/path", "https://x?y", "https://u@x"] {
            assert!(matches!(check(bad), Err(GatewayError::Origin(_))), "{bad}");
        }
        assert!(check("").unwrap().is_empty());
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        let texts = ["10.0.0.0/8", "127.0.0.1", "::1"].map(str::to_owned);
        assert_eq!(proxies(&texts).unwrap().len(), 3);
        assert!(matches!(proxies(&["nginx".to_owned()]), Err(GatewayError::Proxy(_))));
    }
}
