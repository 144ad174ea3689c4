//! Files of the embedded store, for whoever has a signed address (what S3 does in the cloud).

use std::fmt::Write as _;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dzinza_ports::{ByteRange, ByteStream, StoreError, StoreErrorKind, Upload};
use dzinza_web::{Problem, QueryParams};
use dzinza_wiring::Stores;
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest as _, Sha256};

/// What an uploaded file may do when it is opened as a page: nothing.
const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `GET` and `PUT /blobs/{key}`.
pub fn routes(stores: Stores) -> Router {
    Router::new().route("/blobs/{*key}", get(serve).put(take)).with_state(stores)
}

async fn serve(
    State(stores): State<Stores>,
    Path(key): Path<String>,
    query: QueryParams,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whoever has no valid address learns nothing, not even whether there is such a file.
    let missing = || Problem::not_found("There is no such file, or its address has expired");
    let expires = query.text(&["expires"]).and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = query.text(&["signature"]).unwrap_or_default();
    if !stores.file_urls.may_read(&key, expires, signature) {
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

/// Takes what a signed address is for, and nothing else.
async fn take(
    State(stores): State<Stores>,
    Path(key): Path<String>,
    query: QueryParams,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let number = |name: &str| query.text(&[name]).and_then(|text| text.parse::<u64>().ok());
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let upload = Upload {
        content_type: content_type.unwrap_or_default().to_owned(),
        size: number("size").unwrap_or(0),
        sha256: query.text(&["sha256"]).unwrap_or_default().to_owned(),
    };
    let expires = query.text(&["expires"]).and_then(|text| text.parse().ok()).unwrap_or(0);
    let signature = query.text(&["signature"]).unwrap_or_default();
    if !stores.file_urls.may_send(&key, &upload, expires, signature) {
        let message = "This address is not for a file of this type, or has expired";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let another = || Problem::field("body", "invalid", "This is another file than the address is for");
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.is_some_and(|length| length.parse() != Ok(upload.size)) {
        return Err(another());
    }
    let bytes = checked(body.into_data_stream(), &upload);
    match stores.blobs.put(&key, &upload.content_type, bytes).await {
        Ok(_) => Ok(StatusCode::OK),
        Err(error) if error.kind() == StoreErrorKind::Invalid => Err(another()),
        Err(error) => Err(error.into()),
    }
}

/// The same bytes, if they are those that were announced; otherwise an error at the end, or as soon as it is clear.
fn checked(bytes: BodyDataStream, upload: &Upload) -> ByteStream {
    let another = || StoreError::new(StoreErrorKind::Invalid, "another upload than was announced");
    let begun = (bytes, Sha256::new(), upload.clone(), 0_u64);
    let next = move |(mut bytes, mut hash, upload, seen): (BodyDataStream, Sha256, Upload, u64)| async move {
        let Some(chunk) = bytes.next().await else {
            let sum = hash.finalize().iter().fold(String::with_capacity(64), |mut sum, byte| {
                // Writing to a String cannot fail.
                let _ = write!(sum, "{byte:02x}");
                sum
            });
            let same = seen == upload.size && sum == upload.sha256;
            return if same { Ok(None) } else { Err(another()) };
        };
        let chunk = chunk.map_err(|error| {
            StoreError::with_source(StoreErrorKind::Invalid, "an upload that was cut off", error)
        })?;
        let seen = seen + chunk.len() as u64;
        if seen > upload.size {
            return Err(another());
        }
        hash.update(&chunk);
        Ok(Some((chunk, (bytes, hash, upload, seen))))
    };
    futures::stream::try_unfold(begun, next).boxed()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    async fn send(stores: &Stores, url: &str, content_type: &str, body: &'static str) -> StatusCode {
        let request = Request::put(url).header("content-type", content_type).body(Body::from(body)).unwrap();
        routes(stores.clone()).oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_signed_upload_is_for_one_key_type_length_and_content() {
        let folder = tempfile::tempdir().unwrap();
        let stores = Stores::open(folder.path()).unwrap();
        let upload = Upload { content_type: "image/png".into(), size: 3, sha256: ABC.into() };
        let url = stores.blobs.put_url("a.png", &upload, Duration::from_mins(5)).await.unwrap().url;
        for (url, content_type, body, status) in [
            (url.clone(), "text/html", "abc", StatusCode::FORBIDDEN),
            (url.replace("a.png", "b.png"), "image/png", "abc", StatusCode::FORBIDDEN),
            (url.replace("size=3", "size=4"), "image/png", "abcd", StatusCode::FORBIDDEN),
            ("/blobs/a.png".to_owned(), "image/png", "abc", StatusCode::FORBIDDEN),
            (url.clone(), "image/png", "abcd", StatusCode::BAD_REQUEST),
            (url.clone(), "image/png", "ab", StatusCode::BAD_REQUEST),
            (url.clone(), "image/png", "xyz", StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(send(&stores, &url, content_type, body).await, status, "{body} as {content_type}");
            assert!(stores.blobs.head("a.png").await.unwrap().is_none(), "{body} is stored");
        }
        assert_eq!(send(&stores, &url, "image/png", "abc").await, StatusCode::OK);
        assert_eq!(stores.blobs.head("a.png").await.unwrap().unwrap().sha256, ABC);
        let read = stores.blobs.get_url("a.png", Duration::from_mins(5)).await.unwrap();
        assert_eq!(send(&stores, &read, "image/png", "abc").await, StatusCode::FORBIDDEN);
    }
}
