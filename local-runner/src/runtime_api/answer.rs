//! From what a function sends to the answer its caller gets, as API Gateway takes it (payload format 2.0).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

/// API Gateway makes an answer of any JSON; ours always say what they are, so one that does not is a mistake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer, if it is one. `head` is whether HEAD was asked.
pub(super) fn http(bytes: &[u8], head: bool) -> Option<Response> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let status = StatusCode::from_u16(answer.status_code).ok().filter(|status| status.as_u16() >= 200)?;
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64_STANDARD.decode(text).ok()? } else { text.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let set = response.headers_mut();
    for (name, value) in &answer.headers {
        let name: HeaderName = name.parse().ok()?;
        // How long the body is shows by itself, but where there is none.
        if name != header::CONTENT_LENGTH || head {
            set.insert(name, HeaderValue::from_str(value).ok()?);
        }
    }
    for cookie in &answer.cookies {
        set.append(header::SET_COOKIE, HeaderValue::from_str(cookie).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn text_bytes_and_cookies_arrive() {
        let sent = json!({
            "statusCode": 201, "headers": { "content-type": "image/png", "content-length": "99" },
            "multiValueHeaders": {}, "cookies": ["a=1; HttpOnly", "b=2"], "body": "AP8=", "isBase64Encoded": true,
        });
        let answer = http(sent.to_string().as_bytes(), false).unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(
            answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(),
            ["a=1; HttpOnly", "b=2"]
        );
        assert!(!answer.headers().contains_key("content-length"));
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().as_ref(), [0, 255]);
        let head = json!({ "statusCode": 200, "headers": { "content-length": "99" } });
        assert_eq!(http(head.to_string().as_bytes(), true).unwrap().headers()["content-length"], "99");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for sent in [
            "",
            "null",
            "[]",
            "\"text\"",
            "{}",
            "{\"statusCode\":99}",
            "{\"statusCode\":101}",
            "{\"statusCode\":\"200\"}",
            "{\"statusCode\":200,\"isBase64Encoded\":true,\"body\":\"?\"}",
            "{\"statusCode\":200,\"headers\":{\"a b\":\"c\"}}",
            "{\"statusCode\":200,\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
            "{\"statusCode\":200,\"cookies\":[\"a\\n\"]}",
            "{\"statusCode\":200,\"body\":{}}",
            "{\"statusCode\":200",
        ] {
            assert!(http(sent.as_bytes(), false).is_none(), "{sent}");
        }
    }
}
