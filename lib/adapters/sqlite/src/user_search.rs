//! Finding accounts: for administrators.

use dzinza_ports::{User, UserFilter, UserOrder, UserPage};
use jiff::civil::Date;
use rusqlite::{Connection, ToSql, params_from_iter};

use crate::error::Outcome;
use crate::row;
use crate::types::{Day, Micros};
use crate::user_columns::user;

/// The conditions of a filter and what they compare with.
pub(crate) struct Search {
    conditions: Vec<&'static str>,
    values: Vec<Box<dyn ToSql>>,
}

impl Search {
    pub(crate) fn of(filter: &UserFilter) -> Self {
        let mut search = Self { conditions: Vec::new(), values: Vec::new() };
        let part = filter.email_part.as_ref().map(|part| part.to_lowercase());
        search.put("instr(email_lower, ?) > 0", part);
        search.put("role = ?", filter.role.map(|role| role.as_str().to_ascii_uppercase()));
        search.put("is_active = ?", filter.is_active);
        search.put("created_at >= ?", filter.created_since.map(Micros::from));
        search.put("created_at < ?", filter.created_before.map(Micros::from));
        search.put("last_login_at >= ?", filter.seen_since.map(Micros::from));
        search
    }

    fn put<T: ToSql + 'static>(&mut self, condition: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(Box::new(value));
        }
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    pub(crate) fn page(mut self, conn: &Connection, page: &UserPage) -> Outcome<(Vec<User>, u64)> {
        let clause = self.clause();
        let sql = format!("SELECT count(*) FROM users{clause}");
        let total: Option<i64> = row::one(conn, &sql, params_from_iter(&self.values))?;
        let order = match page.order {
            UserOrder::CreatedAt => "created_at",
            UserOrder::Email => "email_lower",
            UserOrder::LastName => "lower(coalesce(last_name, ''))",
        };
        let way = if page.descending { "DESC" } else { "ASC" };
        let sql = format!("SELECT * FROM users{clause} ORDER BY {order} {way}, id {way} LIMIT ? OFFSET ?");
        self.values.push(Box::new(page.limit));
        self.values.push(Box::new(i64::try_from(page.offset).unwrap_or(i64::MAX)));
        let mut statement = conn.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(&self.values), user)?;
        Ok((found.collect::<Result<_, _>>()?, row::unsigned(total.unwrap_or(0))?))
    }

    pub(crate) fn by_day(self, conn: &Connection) -> Outcome<Vec<(Date, u64)>> {
        let sql = format!(
            "SELECT date(created_at / 1000000, 'unixepoch') AS day, count(*) FROM users{} GROUP BY day ORDER BY day",
            self.clause()
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let days = statement
            .query_map(params_from_iter(&self.values), |row| Ok((row.get::<_, Day>(0)?.0, row.get(1)?)))?
            .collect::<Result<Vec<(Date, i64)>, _>>()?;
        days.into_iter().map(|(day, count)| Ok((day, row::unsigned(count)?))).collect()
    }
}
