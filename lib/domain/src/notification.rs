//! Notifications (contract 1.7).

use serde_json::{Value, json};

use crate::store::Body;

/// A notification to be stored.
#[derive(Debug, Clone)]
pub struct NewNotification<'a> {
    /// For whom.
    pub user_id: &'a str,
    /// `gedcom_import`, `new_comment`, ...
    pub kind: &'a str,
    /// One line.
    pub title: &'a str,
    /// A sentence.
    pub message: &'a str,
    /// Where it leads in the frontend.
    pub link: &'a str,
    /// What it is about: kind and id.
    pub resource: (&'a str, &'a str),
    /// More, for scripts.
    pub data: Value,
}

impl NewNotification<'_> {
    /// The document, unread.
    pub fn into_body(self, now: &str) -> Body {
        let fields = [
            ("userId", json!(self.user_id)),
            ("type", json!(self.kind)),
            ("title", json!(self.title)),
            ("message", json!(self.message)),
            ("link", json!(self.link)),
            ("isRead", json!(false)),
            ("resourceType", json!(self.resource.0)),
            ("resourceId", json!(self.resource.1)),
            ("data", self.data),
            ("createdAt", json!(now)),
            ("updatedAt", json!(now)),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The notification on the wire: the keys of every generation, `read` beside `isRead`, and a title even where
/// an older version stored none.
pub fn view(id: &str, body: &Body) -> Body {
    let mut view = body.clone();
    view.remove(crate::LEGACY);
    for key in ["title", "message", "link", "resourceId", "resourceType", "actorId", "actorName", "data"] {
        view.entry(key).or_insert(Value::Null);
    }
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    let read = is_read(body);
    view.insert("isRead".into(), json!(read));
    view.insert("read".into(), json!(read));
    if view["title"].as_str().is_none_or(str::is_empty) {
        let kind = body.get("type").and_then(Value::as_str).unwrap_or("notification").replace('_', " ");
        let mut letters = kind.chars();
        let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        view.insert("title".into(), json!(title));
    }
    view
}

/// Whether it has been read, under either name.
pub fn is_read(body: &Body) -> bool {
    ["isRead", "read"].iter().any(|key| body.get(*key) == Some(&json!(true)))
}
