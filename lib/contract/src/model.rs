//! The meaning of filters and orders over plain values, to compare stores with.

use std::cmp::Ordering;

use dzinza_ports::{Collection, Direction, Document, FieldKind, Filter, Sort, field_value};
use serde_json::Value;

/// What a store must answer: the documents that match, in order.
pub(crate) fn find(
    collection: &Collection,
    documents: &[Document],
    filter: &Filter,
    sort: &[Sort],
) -> Vec<Document> {
    let mut found: Vec<_> =
        documents.iter().filter(|document| matches(collection, document, filter)).cloned().collect();
    found.sort_by(|a, b| compare(collection, a, b, sort));
    found
}

fn compare(collection: &Collection, a: &Document, b: &Document, sort: &[Sort]) -> Ordering {
    let turned = |ordering: Ordering, direction| match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    };
    for (path, direction) in sort {
        let ordering = less(&value(collection, a, path), &value(collection, b, path));
        if ordering != Ordering::Equal {
            return turned(ordering, *direction);
        }
    }
    turned(a.id.cmp(&b.id), sort.last().map_or(Direction::Ascending, |(_, direction)| *direction))
}

/// The value as the field's kind has it, else `Null`.
pub(crate) fn value(collection: &Collection, document: &Document, path: &str) -> Value {
    let kind = collection.fields.iter().find(|field| field.path == path).map(|field| field.kind);
    let value = field_value(document, path);
    let right = match kind {
        Some(FieldKind::Integer) => value.is_i64(),
        _ => value.is_string(),
    };
    if right { value } else { Value::Null }
}

/// Absent before everything, numbers by size, texts byte for byte.
fn less(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (a, b) => b.is_null().cmp(&a.is_null()),
    }
}

fn matches(collection: &Collection, document: &Document, filter: &Filter) -> bool {
    let value = |path: &str| value(collection, document, path);
    let normal =
        |wanted: &Value| wanted.as_bool().map_or_else(|| wanted.clone(), |flag| Value::from(i64::from(flag)));
    match filter {
        Filter::All => true,
        Filter::Eq(path, wanted) => value(path) == normal(wanted),
        Filter::In(path, wanted) => wanted.iter().any(|wanted| value(path) == normal(wanted)),
        Filter::NotIn(path, refused) => {
            let value = value(path);
            value.is_null() || !refused.iter().any(|refused| value == normal(refused))
        }
        Filter::Range(path, from, to) => {
            let value = value(path);
            !value.is_null()
                && from.as_ref().is_none_or(|from| less(&value, from) != Ordering::Less)
                && to.as_ref().is_none_or(|to| less(&value, to) == Ordering::Less)
        }
        Filter::Prefix(path, prefix) => value(path).as_str().is_some_and(|text| text.starts_with(prefix)),
        Filter::Contains(path, part) => value(path).as_str().is_some_and(|text| text.contains(part)),
        Filter::Has(path, text) => {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|part| document.body.get(part));
            let Some(Value::Array(elements)) = first else { return false };
            let rest: Vec<_> = parts.collect();
            elements.iter().any(|element| {
                let reached = rest.iter().try_fold(element, |value, part| value.get(part));
                reached.and_then(Value::as_str) == Some(text)
            })
        }
        Filter::And(filters) => filters.iter().all(|filter| matches(collection, document, filter)),
        Filter::Or(filters) => filters.iter().any(|filter| matches(collection, document, filter)),
    }
}

/// A small generator whose numbers are the same every time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
