//! A request as API Gateway's HTTP API sends it to a function (payload format 2.0).

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::LARGEST;
use crate::invoker::{InvokeError, RouteTaken};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<&'a str, &'a str>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'a str,
    user_agent: &'a str,
}

/// The event of a request.
///
/// # Errors
/// If it is larger than Lambda takes.
pub(super) fn http(
    parts: &Parts,
    body: &Bytes,
    route: &RouteTaken,
    now: Timestamp,
) -> Result<Bytes, InvokeError> {
    let host = host(&parts.headers);
    // The HTTP API decodes the path, and leaves the query as it is.
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (body_text, is_base64_encoded) = encoded(&parts.headers, body);
    let event = Event {
        version: "2.0",
        route_key: &route.key,
        raw_path: &path,
        raw_query_string: parts.uri.query().unwrap_or_default(),
        cookies: cookies(&parts.headers),
        headers: headers(parts, host, body.len()),
        query_string_parameters: query(parts.uri.query().unwrap_or_default()),
        path_parameters: route
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        request_context: RequestContext {
            account_id: "000000000000",
            api_id: "dzinza",
            domain_name: host,
            domain_prefix: host.split(['.', ':']).next().unwrap_or_default(),
            http: Http {
                method: parts.method.as_str(),
                path: &path,
                protocol: "HTTP/1.1",
                source_ip: text("x-forwarded-for"),
                user_agent: text("user-agent"),
            },
            request_id: text("x-request-id"),
            route_key: &route.key,
            stage: "$default",
            // Common log format, as the documentation has it.
            time: now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: now.as_millisecond(),
        },
        body: body_text,
        is_base64_encoded,
    };
    let bytes = serde_json::to_vec(&event).map_err(|_| InvokeError::Unreadable)?;
    if bytes.len() > LARGEST { Err(InvokeError::TooLarge) } else { Ok(bytes.into()) }
}

/// Where the API is, as its caller wrote it. A gateway in the cloud has only good ones; whatever else comes would be a
/// riddle to the function.
fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    let good = host.chars().all(plain) && url::Url::parse(&format!("http://{host}/")).is_ok();
    if good { host } else { "localhost" }
}

/// Names in lower case, values of one name joined, no cookies, and what the gateway adds.
fn headers<'a>(parts: &'a Parts, host: &str, length: usize) -> BTreeMap<&'a str, String> {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for name in parts.headers.keys().filter(|name| **name != header::COOKIE) {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        all.insert(name.as_str(), values.join(","));
    }
    let tls = all.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    all.insert(header::HOST.as_str(), host.to_owned());
    all.insert(header::CONTENT_LENGTH.as_str(), length.to_string());
    all.insert("x-forwarded-port", if tls { "443" } else { "80" }.to_owned());
    all
}

/// One by one.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let pairs = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
    pairs.filter(|pair| !pair.is_empty()).map(str::to_owned).collect()
}

/// Decoded, values of one name joined.
fn query(query: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        all.entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    all
}

/// The body: as text if its type says that it is text and it is, else in base64; nothing if it is empty.
fn encoded<'a>(headers: &HeaderMap, body: &'a Bytes) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    if is_text(headers)
        && let Ok(text) = std::str::from_utf8(body)
    {
        return (Some(text.into()), false);
    }
    (Some(BASE64_STANDARD.encode(body).into()), true)
}

fn is_text(headers: &HeaderMap) -> bool {
    const ENCODING: HeaderName = header::CONTENT_ENCODING;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str());
    !headers.contains_key(ENCODING) && (named || kind.starts_with("text/"))
}

#[cfg(test)]
mod tests;
