//! What every store of documents does alike, for the adapters.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::{Body, Collection, StoreError, StoreErrorKind};

fn invalid(context: String) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, context)
}

/// All collections of a store by name, each as its adapter sees it.
pub struct Catalog<T>(HashMap<&'static str, Arc<T>>);

impl<T> Catalog<T> {
    /// Those of these declarations.
    ///
    /// # Errors
    /// If one cannot be made, or two have one name.
    pub fn new(
        collections: &[&'static Collection],
        make: impl Fn(&'static Collection) -> Result<T, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut tables = HashMap::new();
        for collection in collections {
            if tables.insert(collection.name, Arc::new(make(collection)?)).is_some() {
                return Err(invalid(format!("the collection {} is declared twice", collection.name)));
            }
        }
        Ok(Self(tables))
    }

    /// The one of this declaration.
    ///
    /// # Errors
    /// If there is none.
    pub fn table(&self, collection: &Collection) -> Result<&Arc<T>, StoreError> {
        self.0.get(collection.name).ok_or_else(|| {
            invalid(format!("the store was opened without the collection {}", collection.name))
        })
    }

    /// All of them, in no order.
    pub fn tables(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(AsRef::as_ref)
    }
}

/// Adds to the whole number at a dotted path; what is absent or null counts as nothing.
///
/// # Errors
/// If something else stands there or on the way, or the sum is too large.
pub fn add_at(body: &mut Body, path: &str, amount: i64) -> Result<(), StoreError> {
    let mut fields = body;
    let mut rest = path;
    while let Some((first, tail)) = rest.split_once('.') {
        let value = fields.entry(first).or_insert(Value::Null);
        if value.is_null() {
            *value = Value::Object(Body::new());
        }
        fields = value.as_object_mut().ok_or_else(|| invalid(format!("{path} leads through no object")))?;
        rest = tail;
    }
    let value = fields.entry(rest).or_insert(Value::Null);
    let old = match &*value {
        Value::Null => Some(0),
        value => value.as_i64(),
    };
    let old = old.ok_or_else(|| invalid(format!("{path} is no whole number")))?;
    let new = old.checked_add(amount).ok_or_else(|| invalid(format!("{path} becomes too large")))?;
    *value = Value::from(new);
    Ok(())
}

/// The least text that is greater than all texts with this prefix, if there is one.
pub fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}
