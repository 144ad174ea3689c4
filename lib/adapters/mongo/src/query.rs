//! From filters, orders and positions to MongoDB's. Names come from the declarations.

use dzinza_ports::adapting::end_of_prefix;
use dzinza_ports::{Cursor, Direction, Filter, Query, Sort, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document as Bsons, doc};
use serde_json::Value;

use crate::error::invalid;
use crate::shape::moment;
use crate::table::{Kind, Table};

const LARGEST_LIMIT: u32 = 10_000;
const ID: &str = "_id";

/// The filters that, one after the other, yield the result in its order, and that order.
pub(crate) struct Plan {
    pub filters: Vec<Bsons>,
    pub sort: Bsons,
}

/// The plan of a query. `foreign_ids` says whether there are ids of another type, which come behind all texts.
pub(crate) fn plan(table: &Table, query: &Query, foreign_ids: bool) -> Result<Plan, StoreError> {
    if !(1..=LARGEST_LIMIT).contains(&query.limit) {
        return Err(invalid(format!("a limit of {}", query.limit)));
    }
    if query.after.is_some() && query.skip > 0 {
        return Err(invalid("a cursor together with an offset"));
    }
    let order = order(table, &query.sort)?;
    let filter = condition(table, &query.filter)?;
    let filters = match &query.after {
        None => vec![filter],
        Some(cursor) => {
            let behind = behind(&order, &query.sort, cursor, foreign_ids)?;
            behind.into_iter().map(|piece| both(vec![filter.clone(), piece])).collect()
        }
    };
    let mut sort = Bsons::new();
    for term in &order {
        sort.insert(term.path, if term.direction == Direction::Ascending { 1 } else { -1 });
    }
    Ok(Plan { filters, sort })
}

struct Term {
    path: &'static str,
    kind: Kind,
    direction: Direction,
    /// Which value of the cursor is this one's; none for the id.
    at: Option<usize>,
}

fn order(table: &Table, sort: &[Sort]) -> Result<Vec<Term>, StoreError> {
    let mut terms: Vec<Term> = Vec::with_capacity(sort.len() + 1);
    for (at, (path, direction)) in sort.iter().enumerate() {
        if *path == "id" {
            terms.push(Term { path: ID, kind: Kind::Text, direction: *direction, at: None });
            // No two documents are equal up to here.
            return Ok(terms);
        }
        let kind = single(table, path)?;
        // What was sorted by already tells nothing new.
        if terms.iter().all(|term| term.path != *path) {
            terms.push(Term { path, kind, direction: *direction, at: Some(at) });
        }
    }
    let direction = sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    terms.push(Term { path: ID, kind: Kind::Text, direction, at: None });
    Ok(terms)
}

/// What comes behind the cursor, cut into conditions that an index serves, in the order of the result.
fn behind(
    order: &[Term],
    sort: &[Sort],
    cursor: &Cursor,
    foreign_ids: bool,
) -> Result<Vec<Bsons>, StoreError> {
    if cursor.values.len() != sort.len() {
        return Err(invalid("a cursor of another order"));
    }
    let value_of = |term: &Term| match term.at.and_then(|at| cursor.values.get(at)) {
        Some(value) => compared(term.kind, value).unwrap_or(Bson::Null),
        None => Bson::Null,
    };
    let mut pieces = Vec::new();
    for (last, term) in order.iter().enumerate().rev() {
        let equal: Bsons =
            order.iter().take(last).map(|term| (term.path.to_owned(), value_of(term))).collect();
        let mut add = |condition: Bson| {
            let mut piece = equal.clone();
            piece.insert(term.path, condition);
            pieces.push(piece);
        };
        if term.at.is_none() {
            ids_behind(&cursor.id, term.direction, foreign_ids).into_iter().for_each(&mut add);
            continue;
        }
        match (term.direction, value_of(term)) {
            (Direction::Ascending, Bson::Null) => add(Bson::Document(doc! { "$ne": null })),
            (Direction::Ascending, value) => add(Bson::Document(doc! { "$gt": value })),
            // Nothing comes behind those that lack the field.
            (Direction::Descending, Bson::Null) => {}
            (Direction::Descending, value) => {
                add(Bson::Document(doc! { "$lt": value }));
                add(Bson::Null);
            }
        }
    }
    Ok(pieces)
}

/// Conditions on ids behind this one. Where both kinds are, one that could be either is taken for the other kind:
/// nobody makes texts of that form beside them.
fn ids_behind(id: &str, direction: Direction, foreign_ids: bool) -> Vec<Bson> {
    let (comparison, texts_first) = match direction {
        Direction::Ascending => ("$gt", true),
        Direction::Descending => ("$lt", false),
    };
    let foreign = if foreign_ids { ObjectId::parse_str(id).ok() } else { None };
    let mut conditions = vec![match foreign {
        Some(id) => Bson::Document(doc! { comparison: id }),
        None => Bson::Document(doc! { comparison: id }),
    }];
    match foreign {
        None if foreign_ids && texts_first => conditions.push(Bson::Document(doc! { "$type": "objectId" })),
        Some(_) if !texts_first => conditions.push(Bson::Document(doc! { "$type": "string" })),
        _ => {}
    }
    conditions
}

/// A filter as MongoDB has it.
pub(crate) fn condition(table: &Table, filter: &Filter) -> Result<Bsons, StoreError> {
    Ok(match filter {
        Filter::All => Bsons::new(),
        Filter::Eq(path, Value::Null) => one(name(table, path)?.0, Bson::Null),
        Filter::Eq(path, value) => {
            let (name, kind) = name(table, path)?;
            equal(name, bound(path, kind, value)?)
        }
        Filter::In(path, values) => listed(table, path, values, "$in")?,
        Filter::NotIn(path, values) => listed(table, path, values, "$nin")?,
        Filter::Range(path, from, to) => range(table, path, from.as_ref(), to.as_ref())?,
        Filter::Prefix(path, prefix) => {
            let mut bounds = doc! { "$gte": prefix };
            if let Some(end) = end_of_prefix(prefix) {
                bounds.insert("$lt", end);
            }
            one(text(table, path)?, bounds)
        }
        Filter::Contains(path, part) => one(text(table, path)?, containing(part)),
        Filter::Has(path, text) => match table.field(path) {
            Some(field) if field.kind == Kind::TextArray => {
                equal(path, alternatives(Kind::Text, text.as_str().into()))
            }
            _ => return Err(undeclared(table, path)),
        },
        Filter::And(filters) if filters.is_empty() => Bsons::new(),
        Filter::Or(filters) if filters.is_empty() => doc! { ID: { "$in": [] } },
        Filter::And(filters) => both(all(table, filters)?),
        Filter::Or(filters) => doc! { "$or": all(table, filters)? },
    })
}

fn all(table: &Table, filters: &[Filter]) -> Result<Vec<Bsons>, StoreError> {
    filters.iter().map(|filter| condition(table, filter)).collect()
}

/// All of these: side by side, which every planner understands, unless two speak of one field.
fn both(conditions: Vec<Bsons>) -> Bsons {
    let mut merged = Bsons::new();
    for condition in &conditions {
        for (name, value) in condition {
            if merged.insert(name, value.clone()).is_some() {
                return doc! { "$and": conditions.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>() };
            }
        }
    }
    merged
}

fn one(name: &str, condition: impl Into<Bson>) -> Bsons {
    Bsons::from_iter([(name.to_owned(), condition.into())])
}

fn equal(name: &str, mut values: Vec<Bson>) -> Bsons {
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => one(name, value),
        (last, _) => {
            values.extend(last);
            one(name, doc! { "$in": values })
        }
    }
}

fn listed(table: &Table, path: &str, values: &[Value], operator: &str) -> Result<Bsons, StoreError> {
    let (name, kind) = name(table, path)?;
    let mut list = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Null if operator == "$in" => list.push(Bson::Null),
            // Those that lack the field are never among the refused.
            Value::Null => {}
            value => list.extend(bound(path, kind, value)?),
        }
    }
    Ok(one(name, doc! { operator: list }))
}

fn range(table: &Table, path: &str, from: Option<&Value>, to: Option<&Value>) -> Result<Bsons, StoreError> {
    let (name, kind) = name(table, path)?;
    let mut bounds = Bsons::new();
    for (operator, value) in [("$gte", from), ("$lt", to)] {
        if let Some(value) = value {
            bounds.insert(operator, compared(kind, value).ok_or_else(|| other_kind(path))?);
        }
    }
    if bounds.is_empty() {
        bounds.insert("$ne", Bson::Null);
    }
    Ok(one(name, bounds))
}

/// A pattern in which no character means anything but itself.
fn containing(part: &str) -> Bsons {
    let mut pattern = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            '\0' => pattern.push_str("\\x00"),
            '\n' => pattern.push_str("\\n"),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() && !c.is_ascii_control() => {
                pattern.extend(['\\', c]);
            }
            c => pattern.push(c),
        }
    }
    doc! { "$regex": pattern }
}

/// All that counts as equal to the value; one of another kind is the caller's mistake.
fn bound(path: &str, kind: Kind, value: &Value) -> Result<Vec<Bson>, StoreError> {
    let bound = compared(kind, value);
    match (kind, bound) {
        // A text that tells no moment stands nowhere.
        (Kind::Moment, None) if value.is_string() => Ok(vec![Bson::String(String::new())]),
        (_, None) => Err(other_kind(path)),
        (kind, Some(value)) => Ok(alternatives(kind, value)),
    }
}

/// The value, and how existing deployments have it: references as ObjectIds, flags as booleans.
fn alternatives(kind: Kind, value: Bson) -> Vec<Bson> {
    let other = match (&value, kind) {
        (Bson::String(text), Kind::Text) => object_id(text).map(Bson::ObjectId),
        (Bson::Int64(number @ (0 | 1)), _) => Some(Bson::Boolean(*number == 1)),
        _ => None,
    };
    std::iter::once(value).chain(other).collect()
}

/// The ObjectId that is written so.
pub(crate) fn object_id(text: &str) -> Option<ObjectId> {
    let written = text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if written { ObjectId::parse_str(text).ok() } else { None }
}

/// The id, in either type.
pub(crate) fn by_id(id: &str) -> Bsons {
    equal(ID, alternatives(Kind::Text, id.into()))
}

fn compared(kind: Kind, value: &Value) -> Option<Bson> {
    match (kind, value) {
        (Kind::Text, Value::String(text)) => Some(Bson::String(text.clone())),
        (Kind::Moment, Value::String(text)) => moment(text).map(Bson::DateTime),
        (Kind::Integer, Value::Bool(flag)) => Some(Bson::Int64(i64::from(*flag))),
        (Kind::Integer, Value::Number(number)) => number.as_i64().map(Bson::Int64),
        _ => None,
    }
}

fn other_kind(path: &str) -> StoreError {
    invalid(format!("{path} is compared with a value of another kind"))
}

/// The name of a declared field that holds one value, and its kind.
fn name<'a>(table: &Table, path: &'a str) -> Result<(&'a str, Kind), StoreError> {
    if path == "id" { Ok((ID, Kind::Text)) } else { Ok((path, single(table, path)?)) }
}

fn single(table: &Table, path: &str) -> Result<Kind, StoreError> {
    match table.field(path) {
        Some(field) if field.kind != Kind::TextArray => Ok(field.kind),
        _ => Err(undeclared(table, path)),
    }
}

fn text<'a>(table: &Table, path: &'a str) -> Result<&'a str, StoreError> {
    match name(table, path)? {
        (name, Kind::Text) => Ok(name),
        _ => Err(invalid(format!("{}.{path} is no text", table.name()))),
    }
}

fn undeclared(table: &Table, path: &str) -> StoreError {
    invalid(format!("{}.{path} is not declared for this", table.name()))
}
