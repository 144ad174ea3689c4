//! Taking a row apart: what is read under any of its names is gone from it, and the rest is kept.

use dzinza_ports::Body;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Where a document keeps what older programs said that it has no field for.
pub const KEPT: &str = dzinza_domain::LEGACY;

/// A row, as long as there is something to be read of it.
pub(crate) struct Fields {
    pub rest: Body,
    kept: Body,
}

impl Fields {
    pub(crate) fn new(mut row: Body) -> Self {
        row.retain(|name, value| {
            let empty = value.is_null() || *value == json!("") || *value == json!([]);
            !empty && !matches!(name.as_str(), "id" | "_id" | "__v")
        });
        Self { rest: row, kept: Body::new() }
    }

    /// The value under the first of these names. Under the others it is kept.
    pub(crate) fn take(&mut self, names: &[&str]) -> Option<Value> {
        names.iter().find_map(|name| self.rest.remove(*name))
    }

    pub(crate) fn text(&mut self, names: &[&str]) -> Option<String> {
        match self.take(names)? {
            Value::String(text) => Some(text),
            other => {
                self.keep(names.first().copied().unwrap_or_default(), other);
                None
            }
        }
    }

    /// A moment as our documents write it.
    pub(crate) fn moment(&mut self, names: &[&str]) -> Option<String> {
        let text = self.text(names)?;
        let stamp = moment(&text);
        if stamp.is_none() {
            self.keep(names.first().copied().unwrap_or_default(), json!(text));
        }
        stamp
    }

    pub(crate) fn keep(&mut self, name: &str, value: Value) {
        self.kept.insert(name.to_owned(), value);
    }

    /// Puts what nobody read into the document; says what that was.
    pub(crate) fn leave(mut self, document: &mut Body) -> Vec<String> {
        self.kept.extend(self.rest);
        let names = self.kept.keys().cloned().collect();
        if !self.kept.is_empty() {
            document.insert(KEPT.into(), Value::Object(self.kept));
        }
        names
    }
}

/// A moment in any of the ways that databases write them, without an offset in UTC.
pub(crate) fn moment(text: &str) -> Option<String> {
    let zoned = |date: DateTime| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let stamp = text.parse::<Timestamp>().ok().or_else(|| text.parse().ok().and_then(zoned))?;
    Some(format!("{stamp:.6}"))
}

/// `snake_case` as `camelCase`.
pub(crate) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// An object with all its names in `camelCase`, as deep as it goes.
pub(crate) fn camels(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (camel(&name), camels(value))).collect::<Body>().into()
        }
        Value::Array(elements) => elements.into_iter().map(camels).collect(),
        other => other,
    }
}
