//! Some fields of a body: what is not wanted is passed over without being built.

use std::fmt;

use dzinza_ports::Body;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer, Value};

type Names = &'static [&'static str];

/// The fields of these names of a JSON object.
///
/// # Errors
/// If the text is not a JSON object.
pub(crate) fn fields(text: &str, only: Names) -> serde_json::Result<Body> {
    let mut reader = Deserializer::from_str(text);
    let body = reader.deserialize_map(Object(only))?;
    reader.end()?;
    Ok(body)
}

struct Object(Names);

impl<'de> Visitor<'de> for Object {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::new();
        while let Some(wanted) = map.next_key_seed(Name(self.0))? {
            match wanted {
                Some(name) => drop(body.insert(name.to_owned(), map.next_value::<Value>()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(body)
    }
}

/// A field's name, if it is one of those.
struct Name(Names);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|wanted| *wanted == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_that_are_wanted_are_there_whole_and_no_others() {
        let text = r#"{"a":{"b":[1,"\u0041"]},"c":[{"a":2}],"\u0064":"x"}"#;
        assert_eq!(
            Value::Object(fields(text, &["a", "d", "e"]).unwrap()),
            json!({"a": {"b": [1, "A"]}, "d": "x"})
        );
        for broken in ["[]", "{\"c\":}", "{\"a\":1", "{} x"] {
            assert!(fields(broken, &["a"]).is_err(), "{broken}");
        }
    }
}
