//! Long text goes packed to whoever takes that (RFC 9110, 12.5.3): AWS Lambda gives no more than 6 MB back, and packed a
//! tree takes some eighth of what it takes as it is.

use std::io::Write as _;

use axum::body::Bytes;
use dzinza_web::vary_on;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Less is sent as fast as it is.
const FROM: usize = 16 * 1024;
/// These speak of tokens, whose length must not tell what is in them beside what a caller sent (BREACH, 2013).
const SECRETIVE: [&str; 2] = ["auth", "admin"];

/// Whether answers of this function go packed to whoever sent these headers.
pub(super) fn wanted(function: &str, headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(',')).map(weighed);
    !SECRETIVE.contains(&function)
        && codings.any(|(name, taken)| taken && ["gzip", "x-gzip"].contains(&name.as_str()))
}

/// A coding, and whether it is taken at all.
fn weighed(coding: &str) -> (String, bool) {
    let mut parts = coding.split(';').map(|part| part.trim().to_ascii_lowercase());
    let name = parts.next().unwrap_or_default();
    let refused = parts.any(|part| {
        part.strip_prefix("q=").is_some_and(|weight| weight.parse().is_ok_and(|weight: f32| weight <= 0.0))
    });
    (name, !refused)
}

/// Whether an answer is of the kind that may go packed. An ETag is about the bytes as they are.
pub(super) fn may_be(status: StatusCode, headers: &HeaderMap) -> bool {
    status.is_success()
        && status != StatusCode::PARTIAL_CONTENT
        && !headers.contains_key(header::ETAG)
        && !headers.contains_key(header::CONTENT_RANGE)
}

/// The text packed, with headers that say so; none if it is too short for that.
pub(super) async fn pack(text: &Bytes, headers: &mut HeaderMap) -> Option<Vec<u8>> {
    if text.len() < FROM {
        return None;
    }
    // Megabytes take a while, in which somebody has to look at the clock.
    let text = text.clone();
    let packed = tokio::task::spawn_blocking(move || packed(&text)).await.ok()??;
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
    vary_on(headers, "Accept-Encoding");
    Some(packed)
}

fn packed(text: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    // Into memory nothing fails.
    packer.write_all(text).and_then(|()| packer.finish()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_who_takes_it_gets_it_and_nothing_with_secrets() {
        for (value, taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip, deflate, br, zstd", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(wanted("people", &accepting(value)), taken, "{value}");
        }
        assert!(!wanted("people", &HeaderMap::new()));
        assert!(!wanted("auth", &accepting("gzip")));
    }

    #[tokio::test]
    async fn what_is_packed_says_so_and_short_text_stays() {
        let mut headers = HeaderMap::from_iter([(header::VARY, HeaderValue::from_static("Accept-Language"))]);
        assert_eq!(pack(&Bytes::from(vec![b'x'; FROM - 1]), &mut headers).await, None);
        let packed = pack(&Bytes::from(vec![b'x'; FROM]), &mut headers).await.unwrap();
        assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < FROM / 10);
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
        assert_eq!(headers[header::VARY], "Accept-Language, Accept-Encoding");
    }

    #[test]
    fn answers_that_are_named_by_their_bytes_stay_as_they_are() {
        assert!(may_be(StatusCode::OK, &HeaderMap::new()));
        let named = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static("\"1\""))]);
        assert!(!may_be(StatusCode::OK, &named));
        assert!(!may_be(StatusCode::PARTIAL_CONTENT, &HeaderMap::new()));
        assert!(!may_be(StatusCode::NOT_FOUND, &HeaderMap::new()));
    }
}
