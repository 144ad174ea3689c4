//! From a response to what API Gateway takes.

use std::pin::Pin;

use axum::body::to_bytes;
use axum::response::{IntoResponse as _, Response};
use dzinza_web::Problem;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lambda_http::Body;

use super::packed;

/// Lambda takes 6 MB of JSON, in which bytes need a third more than they have.
const MOST_TEXT: usize = 6_000_000;
const MOST_BYTES: usize = MOST_TEXT / 4 * 3 - 4096;
/// Of text that goes packed, as it is: an eighth of that is left, and the memory of a function has to hold both.
const MOST_UNPACKED: usize = 40_000_000;

/// A response whose body is there.
pub(super) struct Answer(http::Response<Body>);

impl Answer {
    /// With the whole body, as text where it is text, or packed where it is long and the caller takes that, and each
    /// header once.
    pub(super) async fn of(response: Response, packed: bool) -> Self {
        match Self::whole(response, packed).await {
            Ok(answer) => answer,
            // No longer than the limit.
            Err(problem) => Self::whole(problem.into_response(), false)
                .await
                .unwrap_or_else(|_| Self(http::Response::default())),
        }
    }

    async fn whole(response: Response, packed: bool) -> Result<Self, Problem> {
        let (mut parts, body) = response.into_parts();
        let may_be_text = is_text(&parts.headers);
        let packed = packed && may_be_text && packed::may_be(parts.status, &parts.headers);
        let most = match (packed, may_be_text) {
            (true, _) => MOST_UNPACKED,
            (false, true) => MOST_TEXT,
            (false, false) => MOST_BYTES,
        };
        let bytes = to_bytes(body, most).await.map_err(|error| {
            tracing::warn!(%error, "the answer cannot be sent");
            too_large()
        })?;
        let packed = if packed { packed::pack(&bytes, &mut parts.headers).await } else { None };
        let body = match (packed, bytes.is_empty(), may_be_text) {
            (Some(packed), ..) if packed.len() > MOST_BYTES => return Err(too_large()),
            (Some(packed), ..) => Body::Binary(packed),
            (None, true, _) => Body::Empty,
            (None, _, true) => match String::from_utf8(bytes.into()) {
                Ok(text) if length_in_json(&text) > MOST_TEXT => return Err(too_large()),
                Ok(text) => Body::Text(text),
                Err(error) => Body::Binary(error.into_bytes()),
            },
            _ => Body::Binary(bytes.into()),
        };
        parts.headers = each_once(&parts.headers);
        Ok(Self(http::Response::from_parts(parts, body)))
    }
}

impl lambda_http::IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = http::Response<Body>> + Send>> {
        Box::pin(std::future::ready(self.0))
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::BAD_GATEWAY,
        "ANSWER_TOO_LARGE",
        "The answer is too large to be sent at once. Please ask for less of it, or for a file.",
    )
}

/// How long a text is in JSON, where some characters take two bytes and control characters six.
fn length_in_json(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
        0..32 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(more).sum::<usize>()
}

/// Whether the content is text by its type.
fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
        || ["+json", "+xml"].iter().any(|end| kind.ends_with(end))
}

/// The gateway takes one value of a name, but cookies apart, which go their own way.
fn each_once(headers: &HeaderMap) -> HeaderMap {
    let mut once = HeaderMap::with_capacity(headers.len());
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        if name == header::SET_COOKIE {
            once.extend(values.map(|value| (name.clone(), value.clone())));
            continue;
        }
        let all: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        if let Ok(value) = HeaderValue::from_str(&all.join(", ")) {
            once.insert(name.clone(), value);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(kind: Option<&str>, bytes: &[u8]) -> Response {
        let mut response = Response::new(axum::body::Body::from(bytes.to_vec()));
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        response
    }

    #[tokio::test]
    async fn text_is_text_and_everything_else_is_bytes() {
        for (kind, bytes, text) in [
            (Some("application/json"), "{\"n\":\"Žofie\"}".as_bytes(), true),
            (Some("application/problem+json; charset=utf-8"), b"{}", true),
            (Some("Text/HTML; charset=utf-8"), b"<p>", true),
            (Some("image/svg+xml"), b"<svg/>", true),
            (None, b"plain", true),
            (Some("image/png"), b"PNG", false),
            (Some("application/octet-stream"), b"text all the same", false),
            (Some("text/plain; charset=iso-8859-1"), b"\xe9t\xe9", false),
            // A byte order mark is part of what was asked for.
            (Some("text/plain"), b"\xef\xbb\xbf0 HEAD", true),
        ] {
            let Answer(answer) = Answer::of(response(kind, bytes), false).await;
            assert_eq!(matches!(answer.body(), Body::Text(_)), text, "{kind:?}");
            assert_eq!(answer.body().as_ref(), bytes, "{kind:?}");
        }
        let Answer(empty) = Answer::of(response(Some("application/json"), b""), true).await;
        assert!(matches!(empty.body(), Body::Empty));
        let mut packed = response(Some("text/plain"), b"packed");
        packed.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(matches!(Answer::of(packed, true).await.0.body(), Body::Binary(_)));
    }

    #[tokio::test]
    async fn headers_that_come_twice_are_joined_and_cookies_are_not() {
        let mut twice = response(None, b"x");
        for (name, value) in
            [("vary", "origin"), ("vary", "accept"), ("set-cookie", "a=1"), ("set-cookie", "b=2, c")]
        {
            twice.headers_mut().append(name, value.parse().unwrap());
        }
        let Answer(answer) = Answer::of(twice, false).await;
        assert_eq!(answer.headers().get_all("vary").iter().collect::<Vec<_>>(), ["origin, accept"]);
        assert_eq!(answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2, c"]);
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_sent_is_a_problem() {
        let large = response(Some("image/png"), &vec![0; MOST_BYTES + 1]);
        let Answer(answer) = Answer::of(large, true).await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert!(String::from_utf8_lossy(answer.body()).contains("ANSWER_TOO_LARGE"));
        assert_eq!(
            Answer::of(response(None, &vec![b'x'; MOST_TEXT]), false).await.0.status(),
            StatusCode::OK
        );
        let lines = Answer::of(response(None, &vec![b'\n'; MOST_TEXT / 2 + 1]), false).await.0;
        assert_eq!(lines.status(), StatusCode::BAD_GATEWAY);
        for text in ["", "a", "\"\\\n\r\t\u{8}\u{c}", "\u{0}\u{1f}\u{7f}", "Žofie"] {
            assert_eq!(length_in_json(text), serde_json::to_string(text).unwrap().len() - 2, "{text:?}");
        }
    }

    #[tokio::test]
    async fn text_that_is_too_long_as_it_is_goes_packed_to_who_takes_it() {
        let long = || response(Some("application/json"), &vec![b'7'; MOST_TEXT + 1]);
        let Answer(packed) = Answer::of(long(), true).await;
        assert_eq!(
            (packed.status(), &packed.headers()[header::CONTENT_ENCODING]),
            (StatusCode::OK, &"gzip".parse().unwrap())
        );
        assert!(matches!(packed.body(), Body::Binary(bytes) if bytes.len() < MOST_TEXT / 10));
        assert_eq!(Answer::of(long(), false).await.0.status(), StatusCode::BAD_GATEWAY);
    }
}
