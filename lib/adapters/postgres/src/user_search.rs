//! Finding accounts: for administrators.

use dzinza_ports::{User, UserFilter, UserOrder, UserPage};
use jiff::civil::Date;
use sqlx_core::encode::Encode;
use sqlx_core::query_builder::QueryBuilder;
use sqlx_core::row::Row as _;
use sqlx_core::types::Type;
use sqlx_postgres::{PgConnection, Postgres};

use crate::error::{Outcome, invalid};
use crate::types::{Day, Micros};
use crate::user_columns::{columns, label, user};

/// The conditions of a filter, after this beginning of a statement.
fn of(start: &str, filter: &UserFilter) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(start);
    sql.push(" WHERE true");
    if let Some(part) = &filter.email_part {
        // No pattern: nothing in it is special.
        sql.push(" AND position(lower(").push_bind(part.clone()).push(") in lower(email)) > 0");
    }
    if let Some(role) = filter.role {
        sql.push(" AND role = ").push_bind(label(role)).push("::userrole");
    }
    put(&mut sql, "coalesce(is_active, true) = ", filter.is_active);
    put(&mut sql, "created_at >= ", filter.created_since.map(Micros));
    put(&mut sql, "created_at < ", filter.created_before.map(Micros));
    put(&mut sql, "last_login_at >= ", filter.seen_since.map(Micros));
    sql
}

fn put<'q, T: Encode<'q, Postgres> + Type<Postgres>>(
    sql: &mut QueryBuilder<Postgres>,
    condition: &str,
    value: Option<T>,
) {
    if let Some(value) = value {
        sql.push(" AND ").push(condition).push_bind(value);
    }
}

pub(crate) async fn page(conn: &mut PgConnection, page: &UserPage) -> Outcome<(Vec<User>, u64)> {
    let counted = of("SELECT count(*) FROM users", &page.filter).build().fetch_one(&mut *conn).await?;
    // By the bytes: the same order whatever the language of the database.
    let order = match page.order {
        UserOrder::CreatedAt => "created_at",
        UserOrder::Email => "lower(email) COLLATE \"C\"",
        UserOrder::LastName => "lower(coalesce(last_name, '')) COLLATE \"C\"",
    };
    let way = if page.descending { "DESC" } else { "ASC" };
    let mut sql = of(concat!("SELECT ", columns!(), " FROM users"), &page.filter);
    sql.push(format_args!(" ORDER BY {order} {way}, id {way} LIMIT "));
    sql.push_bind(i64::from(page.limit));
    sql.push(" OFFSET ").push_bind(i64::try_from(page.offset).unwrap_or(i64::MAX));
    let rows = sql.build().fetch_all(conn).await?;
    let users = rows.iter().map(user).collect::<Result<_, _>>()?;
    Ok((users, unsigned(counted.try_get(0)?)?))
}

pub(crate) async fn by_day(conn: &mut PgConnection, filter: &UserFilter) -> Outcome<Vec<(Date, u64)>> {
    let start = "SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) FROM users";
    let mut sql = of(start, filter);
    sql.push(" AND created_at IS NOT NULL GROUP BY day ORDER BY day");
    let rows = sql.build().fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get::<Day, _>(0)?.0, unsigned(row.try_get(1)?)?))).collect()
}

/// A count.
pub(crate) fn unsigned(count: i64) -> Outcome<u64> {
    Ok(u64::try_from(count).map_err(|_| invalid("a count below zero"))?)
}
