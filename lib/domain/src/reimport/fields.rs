//! The three-way merge of a person's fields.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::store::Body;

/// A field that both sides changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Which field.
    pub field: String,
    /// What it is here, and stays.
    pub here: Value,
    /// What the file says.
    pub file: Value,
}

/// Fields that mean something only together: whoever has the first has the others.
const GROUPS: &[&[&str]] =
    &[&["dateOfBirth", "isBirthDateEstimated"], &["dateOfDeath", "isDeathDateEstimated"]];

/// Merges what a record said at the import (`base`), what the person is now (`here`) and what the newer record says
/// (`file`). Only what records can say is compared; everything else stays.
pub fn merge_fields(base: &Body, here: &Body, file: &Body) -> (Body, Vec<Conflict>) {
    let (mut merged, mut conflicts) = (here.clone(), Vec::new());
    let keys: BTreeSet<&str> = base.keys().chain(file.keys()).map(String::as_str).collect();
    let grouped = |key: &str| GROUPS.iter().any(|group| group.contains(&key));
    for group in GROUPS {
        merge_group(group, (base, here, file), &mut merged, &mut conflicts);
    }
    for key in keys.into_iter().filter(|key| !grouped(key)) {
        let (before, now, then) = (value(base, key), value(here, key), value(file, key));
        if then == before || then == now {
            continue;
        }
        let kept = match (&before, &now, &then) {
            _ if now == before => Ok(then.clone()),
            (Value::Array(_) | Value::Null, Value::Array(now), Value::Array(_) | Value::Null) => {
                merge_lists(entries(&before), now, entries(&then))
            }
            _ => Err(()),
        };
        match kept {
            Ok(value) => put(&mut merged, key, value),
            Err(()) => conflicts.push(Conflict { field: key.to_owned(), here: now, file: then }),
        }
    }
    (merged, conflicts)
}

fn merge_group(
    group: &[&str],
    (base, here, file): (&Body, &Body, &Body),
    merged: &mut Body,
    conflicts: &mut Vec<Conflict>,
) {
    let all = |body: &Body| group.iter().map(|key| value(body, key)).collect::<Vec<_>>();
    let (before, now, then) = (all(base), all(here), all(file));
    if then == before || then == now {
        return;
    }
    if now == before {
        for (key, value) in group.iter().zip(then) {
            put(merged, key, value);
        }
    } else if let (Some(key), Some(here), Some(file)) = (group.first(), now.first(), then.first()) {
        conflicts.push(Conflict { field: (*key).to_owned(), here: here.clone(), file: file.clone() });
    }
}

/// Entries that the file added come, those that it lost go. Nothing is decided where both sides replaced one.
fn merge_lists(before: &[Value], now: &[Value], then: &[Value]) -> Result<Value, ()> {
    let gone = |from: &[Value], list: &[Value]| from.iter().filter(|one| !list.contains(one)).count();
    if before.iter().any(|one| !now.contains(one) && !then.contains(one)) && gone(then, before) > 0 {
        return Err(());
    }
    let lost = |one: &&Value| before.contains(one) && !then.contains(one);
    let mut merged: Vec<Value> = now.iter().filter(|one| !lost(one)).cloned().collect();
    let new: Vec<&Value> = then.iter().filter(|one| !before.contains(one) && !now.contains(one)).collect();
    merged.extend(new.into_iter().cloned());
    Ok(if merged.is_empty() { Value::Null } else { Value::Array(merged) })
}

fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// Blank and absent are one; what a record without the line says counts as said.
fn value(body: &Body, key: &str) -> Value {
    let default = match key {
        "gender" => json!("Unknown"),
        "isLiving" => json!(true),
        _ => Value::Null,
    };
    match body.get(key) {
        None | Some(Value::Null) => default,
        Some(Value::String(text)) if text.trim().is_empty() => default,
        Some(Value::String(text)) => json!(text.trim()),
        Some(Value::Array(list)) if list.is_empty() => default,
        // An estimate that is denied is none.
        Some(Value::Bool(false)) if key.ends_with("Estimated") => default,
        Some(value) => value.clone(),
    }
}

fn put(body: &mut Body, key: &str, value: Value) {
    if value.is_null() {
        body.remove(key);
    } else {
        body.insert(key.to_owned(), value);
    }
}
