//! Strict JSON: one object, no duplicate keys, errors that name the place.

use std::fmt;

use axum::extract::{FromRequest, Request};
use dzinza_ports::Body;
use http::header;
use http_body_util::BodyExt as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::Problem;

/// How deep a request may nest.
const MAX_DEPTH: usize = 32;

/// The JSON object a request carries. An absent body is `{}`; a missing content type is taken as JSON, as
/// older proxies strip it (contract 2.1); another one is 415.
#[derive(Debug, Clone, Default)]
pub struct JsonBody(pub Body);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
        if let Some(content_type) = content_type {
            let essence =
                content_type.to_str().unwrap_or("?").split(';').next().unwrap_or("").trim().to_lowercase();
            if !(essence.is_empty() || essence == "application/json" || essence.ends_with("+json")) {
                return Err(Problem::new(
                    http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "UNSUPPORTED_MEDIA_TYPE",
                    "Send the request as application/json",
                ));
            }
        }
        let bytes = request.into_body().collect().await.map_err(|error| body_problem(&error))?.to_bytes();
        parse_strict(&bytes).map(Self)
    }
}

/// A body that ends early or runs over the gateway's limit is the caller's doing.
fn body_problem(error: &axum::Error) -> Problem {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<http_body_util::LengthLimitError>() {
            return Problem::new(
                http::StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "The request is too large",
            );
        }
        cause = inner.source();
    }
    Problem::bad_request("The request body could not be read to its end")
}

/// Parses one JSON object strictly.
///
/// # Errors
/// 400 if it is not UTF-8, not JSON, not an object, holds a key twice, or nests deeper than 32 levels.
pub fn parse_strict(bytes: &[u8]) -> Result<Body, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Body::new());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::field("body", "invalid_encoding", "The request body is not valid UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| {
            Problem::field("body", "invalid_json", format!("The request body is not valid JSON: {error}"))
        })?;
    match value {
        Value::Object(body) => Ok(body),
        _ => Err(Problem::field("body", "invalid_type", "The request body must be a JSON object")),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        // No store keeps U+0000 faithfully, and no name contains it.
        if value.contains('\0') {
            return Err(E::custom("texts must not contain U+0000"));
        }
        Ok(Value::String(value.to_owned()))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.contains('\0') {
                return Err(A::Error::custom("keys must not contain U+0000"));
            }
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key \"{}\" appears twice", key.escape_debug())));
            }
            let value = map.next_value_seed(inner)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_body_is_an_empty_object() {
        assert_eq!(parse_strict(b"").unwrap(), Body::new());
        assert_eq!(parse_strict(b" \n").unwrap(), Body::new());
    }

    #[test]
    fn duplicate_keys_deep_nesting_nul_and_other_shapes_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        for bad in [
            "[]",
            "1",
            "null",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{\"b\":1,\"b\":1}}",
            "{",
            "{}{}",
            "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}",
            &deep,
        ] {
            assert!(parse_strict(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse_strict(b"\xff\xfe{}").is_err());
    }
}
