//! From filters, orders and positions to SQL. Identifiers come from the declarations; values are bound.

use dzinza_ports::adapting::end_of_prefix;
use dzinza_ports::{Cursor, Direction, FieldKind, Filter, Query, Sort, StoreError};
use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use crate::error::invalid;
use crate::table::{Cell, Table, cell};

const LARGEST_LIMIT: u32 = 10_000;

/// SQL and the values for its holes, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pub text: String,
    pub values: Vec<SqlValue>,
}

impl Sql {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: SqlValue) {
        self.text.push('?');
        self.values.push(value);
    }
}

/// The statements that, one after the other, yield the result in its order. Each takes a limit as its last
/// value, to be bound by the caller.
pub(crate) fn statements(table: &Table, query: &Query) -> Result<Vec<Sql>, StoreError> {
    selecting(table, query, "id, version, body")
}

/// The same for some declared fields behind the id.
pub(crate) fn projections(table: &Table, query: &Query, fields: &[&str]) -> Result<Vec<Sql>, StoreError> {
    let mut columns = "id".to_owned();
    for path in fields {
        columns.push_str(", ");
        columns.push_str(&field(table, path)?.0);
    }
    selecting(table, query, &columns)
}

fn selecting(table: &Table, query: &Query, columns: &str) -> Result<Vec<Sql>, StoreError> {
    if !(1..=LARGEST_LIMIT).contains(&query.limit) {
        return Err(invalid(format!("a limit of {}", query.limit)));
    }
    if query.after.is_some() && query.skip > 0 {
        return Err(invalid("a cursor together with an offset"));
    }
    let order = order(table, &query.sort)?;
    let filter = condition(table, &query.filter)?;
    let mut head =
        Sql { text: format!(r#"SELECT {columns} FROM "{}" WHERE "#, table.name()), ..Sql::default() };
    head.push(&filter.text);
    head.values = filter.values;
    let pieces = match &query.after {
        None => vec![Sql::default()],
        Some(cursor) => behind(&order, &query.sort, cursor)?,
    };
    let tail = order_by(&order);
    let statements = pieces.into_iter().map(|piece| {
        let mut sql = head.clone();
        sql.push(&piece.text);
        sql.values.extend(piece.values);
        sql.push(&tail);
        sql.push(" LIMIT ");
        if query.skip > 0 {
            sql.bind(SqlValue::Integer(i64::try_from(query.skip).unwrap_or(i64::MAX)));
            sql.push(", ");
        }
        sql.push("?");
        sql
    });
    Ok(statements.collect())
}

pub(crate) fn counting(table: &Table, filter: &Filter) -> Result<Sql, StoreError> {
    let filter = condition(table, filter)?;
    let text = format!(r#"SELECT count(*) FROM "{}" WHERE {}"#, table.name(), filter.text);
    Ok(Sql { text, values: filter.values })
}

/// A sort term: the quoted column, what it holds, and which way.
struct Term {
    column: String,
    kind: FieldKind,
    direction: Direction,
    is_id: bool,
}

fn order(table: &Table, sort: &[Sort]) -> Result<Vec<Term>, StoreError> {
    let mut terms = Vec::with_capacity(sort.len() + 1);
    for (path, direction) in sort {
        let (column, kind) = field(table, path)?;
        let is_id = *path == "id";
        terms.push(Term { column, kind, direction: *direction, is_id });
        if is_id {
            // No two documents are equal up to here.
            return Ok(terms);
        }
    }
    let direction = sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    terms.push(Term { column: "id".to_owned(), kind: FieldKind::Text, direction, is_id: true });
    Ok(terms)
}

fn order_by(order: &[Term]) -> String {
    let terms = order.iter().map(|term| match term.direction {
        Direction::Ascending => term.column.clone(),
        Direction::Descending => format!("{} DESC", term.column),
    });
    format!(" ORDER BY {}", terms.collect::<Vec<_>>().join(", "))
}

/// What comes behind the cursor, cut into conditions that an index serves, in the order of the result:
/// first what equals the cursor in all terms but the last, at the end what differs in the first term.
/// (One condition with OR in it would be exact too, but SQLite would sort all it finds.)
fn behind(order: &[Term], sort: &[Sort], cursor: &Cursor) -> Result<Vec<Sql>, StoreError> {
    if cursor.values.len() != sort.len() {
        return Err(invalid("a cursor of another order"));
    }
    let cell_of = |at: usize, term: &Term| match cursor.values.get(at) {
        _ if term.is_id => Cell::Text(&cursor.id),
        value => cell(value, term.kind),
    };
    let mut pieces = Vec::new();
    for last in (0..order.len()).rev() {
        let mut equal = Sql::default();
        for (at, term) in order[..last].iter().enumerate() {
            equal.push(&format!(" AND {}", term.column));
            match cell_of(at, term) {
                Cell::Null => equal.push(" IS NULL"),
                value => {
                    equal.push(" = ");
                    equal.bind(owned(value));
                }
            }
        }
        let term = &order[last];
        let column = &term.column;
        let mut add = |text: String, value: Option<Cell<'_>>| {
            let mut piece = equal.clone();
            piece.push(&text);
            if let Some(value) = value {
                piece.bind(owned(value));
            }
            pieces.push(piece);
        };
        match (term.direction, cell_of(last, term)) {
            (Direction::Ascending, Cell::Null) => add(format!(" AND {column} IS NOT NULL"), None),
            (Direction::Ascending, value) => add(format!(" AND {column} > "), Some(value)),
            // Nothing comes behind those that lack the field.
            (Direction::Descending, Cell::Null) => {}
            (Direction::Descending, value) => {
                add(format!(" AND {column} < "), Some(value));
                if !term.is_id {
                    add(format!(" AND {column} IS NULL"), None);
                }
            }
        }
    }
    Ok(pieces)
}

fn owned(cell: Cell<'_>) -> SqlValue {
    match cell {
        Cell::Null => SqlValue::Null,
        Cell::Text(text) => SqlValue::Text(text.to_owned()),
        Cell::Integer(number) => SqlValue::Integer(number),
    }
}

fn condition(table: &Table, filter: &Filter) -> Result<Sql, StoreError> {
    let mut sql = Sql::default();
    write(&mut sql, table, filter)?;
    Ok(sql)
}

fn write(sql: &mut Sql, table: &Table, filter: &Filter) -> Result<(), StoreError> {
    match filter {
        Filter::All => sql.push("1"),
        Filter::Eq(path, Value::Null) => sql.push(&format!("{} IS NULL", field(table, path)?.0)),
        Filter::Eq(path, value) => {
            let (column, kind) = field(table, path)?;
            sql.push(&format!("{column} = "));
            sql.bind(bound(path, kind, value)?);
        }
        Filter::In(path, values) => one_of(sql, table, path, values)?,
        Filter::NotIn(path, values) => none_of(sql, table, path, values)?,
        Filter::Range(path, from, to) => {
            let (column, kind) = field(table, path)?;
            sql.push(&format!("({column} IS NOT NULL"));
            for (comparison, value) in [(">=", from), ("<", to)] {
                if let Some(value) = value {
                    sql.push(&format!(" AND {column} {comparison} "));
                    sql.bind(bound(path, kind, value)?);
                }
            }
            sql.push(")");
        }
        Filter::Prefix(path, prefix) => {
            let column = text_field(table, path)?;
            sql.push(&format!("({column} >= "));
            sql.bind(SqlValue::Text(prefix.clone()));
            if let Some(end) = end_of_prefix(prefix) {
                sql.push(&format!(" AND {column} < "));
                sql.bind(SqlValue::Text(end));
            }
            sql.push(")");
        }
        Filter::Contains(path, part) => {
            sql.push(&format!("instr({}, ", text_field(table, path)?));
            sql.bind(SqlValue::Text(part.clone()));
            sql.push(") > 0");
        }
        Filter::Has(path, text) => {
            let side = table.sides.iter().find(|side| side.path == *path);
            let side = side.ok_or_else(|| undeclared(table, path))?;
            sql.push(&format!("id IN (SELECT id FROM \"{}\" WHERE value = ", side.name));
            sql.bind(SqlValue::Text(text.clone()));
            sql.push(")");
        }
        Filter::And(filters) => join(sql, table, filters, (" AND ", "1"))?,
        Filter::Or(filters) => join(sql, table, filters, (" OR ", "0"))?,
    }
    Ok(())
}

fn join(
    sql: &mut Sql,
    table: &Table,
    filters: &[Filter],
    (word, neutral): (&str, &str),
) -> Result<(), StoreError> {
    sql.push("(");
    for (at, filter) in filters.iter().enumerate() {
        if at > 0 {
            sql.push(word);
        }
        write(sql, table, filter)?;
    }
    if filters.is_empty() {
        sql.push(neutral);
    }
    sql.push(")");
    Ok(())
}

fn one_of(sql: &mut Sql, table: &Table, path: &str, values: &[Value]) -> Result<(), StoreError> {
    let (column, kind) = field(table, path)?;
    let (nulls, some): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.is_null());
    sql.push("(");
    match some.as_slice() {
        [] => sql.push("0"),
        [value] => {
            sql.push(&format!("{column} = "));
            sql.bind(bound(path, kind, value)?);
        }
        values => {
            sql.push(&format!("{column} IN "));
            list(sql, path, kind, values)?;
        }
    }
    if !nulls.is_empty() {
        sql.push(&format!(" OR {column} IS NULL"));
    }
    sql.push(")");
    Ok(())
}

fn none_of(sql: &mut Sql, table: &Table, path: &str, values: &[Value]) -> Result<(), StoreError> {
    let (column, kind) = field(table, path)?;
    let some: Vec<_> = values.iter().filter(|value| !value.is_null()).collect();
    sql.push(&format!("({column} IS NULL OR {column} NOT IN "));
    list(sql, path, kind, &some)?;
    sql.push(")");
    Ok(())
}

/// A list in one hole, so that its length changes neither the statement nor a limit.
fn list(sql: &mut Sql, path: &str, kind: FieldKind, values: &[&Value]) -> Result<(), StoreError> {
    let mut items = Vec::with_capacity(values.len());
    for value in values {
        items.push(match bound(path, kind, value)? {
            SqlValue::Integer(number) => Value::from(number),
            _ => (*value).clone(),
        });
    }
    sql.push("(SELECT value FROM json_each(");
    sql.bind(SqlValue::Text(Value::Array(items).to_string()));
    sql.push("))");
    Ok(())
}

/// The value as the column compares it; one of another kind is the caller's mistake.
fn bound(path: &str, kind: FieldKind, value: &Value) -> Result<SqlValue, StoreError> {
    match cell(Some(value), kind) {
        Cell::Null => Err(invalid(format!("{path} is compared with a value of another kind"))),
        cell => Ok(owned(cell)),
    }
}

/// The quoted column of a declared field that has one, and its kind.
fn field(table: &Table, path: &str) -> Result<(String, FieldKind), StoreError> {
    if path == "id" {
        return Ok(("id".to_owned(), FieldKind::Text));
    }
    let column = table.column(path).ok_or_else(|| undeclared(table, path))?;
    Ok((format!("\"{}\"", column.name), column.kind))
}

fn text_field(table: &Table, path: &str) -> Result<String, StoreError> {
    match field(table, path)? {
        (column, FieldKind::Text) => Ok(column),
        _ => Err(invalid(format!("{}.{path} is no text", table.name()))),
    }
}

fn undeclared(table: &Table, path: &str) -> StoreError {
    invalid(format!("{}.{path} is not declared for this", table.name()))
}
