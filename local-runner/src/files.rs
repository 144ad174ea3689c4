//! Files of the embedded store, for whoever has a signed address (what S3 does in the cloud).

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dzinza_ports::ByteRange;
use dzinza_web::{Problem, QueryParams};
use dzinza_wiring::Embedded;
use http::{HeaderMap, StatusCode, header};

/// What an uploaded file may do when it is opened as a page: nothing.
const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `GET /blobs/{key}`.
pub fn routes(stores: Embedded) -> Router {
    Router::new().route("/blobs/{*key}", get(serve)).with_state(stores)
}

async fn serve(
    State(stores): State<Embedded>,
    Path(key): Path<String>,
    query: QueryParams,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whoever has no valid address learns nothing, not even whether there is such a file.
    let missing = || Problem::not_found("There is no such file, or its address has expired");
    let expires = query.text(&["expires"]).and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = query.text(&["signature"]).unwrap_or_default();
    if !(stores.verify_file)(&key, expires, signature) {
        return Err(missing());
    }
    let info = stores.blobs.head(&key).await?.ok_or_else(missing)?;
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse(text, info.size));
    if range.is_some_and(|range| range.start >= info.size) {
        return Err(Problem::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "RANGE_NOT_SATISFIABLE",
            "The file is not that long",
        ));
    }
    let read = stores.blobs.get(&key, range).await?.ok_or_else(missing)?;
    let mut response = Body::from_stream(read.bytes).into_response();
    let set = response.headers_mut();
    let mut put = |name, value: String| {
        if let Ok(value) = value.parse() {
            set.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, info.content_type);
    put(header::ACCEPT_RANGES, "bytes".into());
    put(header::CONTENT_SECURITY_POLICY, SANDBOX.into());
    put(header::CACHE_CONTROL, "private, max-age=300".into());
    put(header::ETAG, format!("\"{}\"", info.sha256));
    let length = range.map_or(info.size, |range| range.end.min(info.size - 1) - range.start + 1);
    put(header::CONTENT_LENGTH, length.to_string());
    if let Some(range) = range {
        put(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{}", range.start, range.end.min(info.size - 1), info.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// One range of bytes (RFC 9110, 14.1.2); several, or what is not understood, means the whole file.
fn parse(text: &str, size: u64) -> Option<ByteRange> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (start.trim().parse::<u64>(), end.trim()) {
        (Ok(start), "") => Some(ByteRange { start, end: u64::MAX }),
        (Ok(start), end) => end.parse().ok().filter(|end| *end >= start).map(|end| ByteRange { start, end }),
        (Err(_), end) if start.trim().is_empty() => {
            let last: u64 = end.parse().ok()?;
            Some(ByteRange { start: size.saturating_sub(last), end: u64::MAX })
        }
        _ => None,
    }
}
