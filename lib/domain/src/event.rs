//! Stories and life events on the wire (contract 1.5).

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::store::{Body, Document};

/// A snippet has at most so many characters.
const SNIPPET: usize = 200;

/// The persons that an event speaks of.
pub fn related(event: &Body) -> impl Iterator<Item = &str> {
    event.get("relatedPersons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// An event in a list, with the names of the persons in it that may be shown.
#[derive(Debug, Clone, Copy)]
pub struct EventListItem<'a> {
    /// The event.
    pub event: &'a Document,
    /// Names by person.
    pub names: &'a HashMap<String, String>,
}

impl EventListItem<'_> {
    /// All fields, a snippet of the content without its tags, and the related persons by name; unknown ones are left
    /// out.
    pub fn view(self) -> Body {
        let mut view = self.event.body.clone();
        view.remove(crate::LEGACY);
        view.insert("_id".into(), json!(self.event.id));
        view.insert("id".into(), json!(self.event.id));
        let known =
            related(&self.event.body).filter_map(|id| Some(json!({ "id": id, "name": self.names.get(id)? })));
        view.insert("relatedPersons".into(), known.collect());
        let content = self.event.body.get("content").and_then(Value::as_str).unwrap_or_default();
        view.insert("contentSnippet".into(), json!(snippet(content)));
        for key in ["associatedMediaIds", "tags"] {
            view.entry(key).or_insert_with(|| json!([]));
        }
        for key in ["date", "endDate", "place", "category", "familyTreeId"] {
            view.entry(key).or_insert(Value::Null);
        }
        view
    }
}

/// The first words of HTML as plain text.
fn snippet(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
        if text.len() > SNIPPET * 8 {
            break;
        }
    }
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    squeezed.chars().take(SNIPPET).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_in_a_list_has_a_snippet_and_only_names_that_may_be_shown() {
        let Value::Object(body) =
            json!({ "title": "Roora", "content": "<p>Cattle <b>came</b></p>", "relatedPersons": ["a", "b"] })
        else {
            panic!("an object")
        };
        let event = Document { id: "e".into(), version: 1, body };
        let names = HashMap::from([("a".to_owned(), "Rudo".to_owned())]);
        let view = EventListItem { event: &event, names: &names }.view();
        assert_eq!(view["contentSnippet"], "Cattle came");
        assert_eq!(view["relatedPersons"], json!([{ "id": "a", "name": "Rudo" }]));
    }
}
