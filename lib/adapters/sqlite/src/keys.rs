//! [`Identities`], [`Passkeys`] and [`AccessTokens`]: tables `user_identities`, `user_passkeys`, `user_access_tokens`.

use async_trait::async_trait;
use dzinza_ports::{
    AccessToken, AccessTokens, Identities, Identity, Passkey, Passkeys, StoreError, TokenHash, User,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use crate::error::Outcome;
use crate::store::SqliteStore;
use crate::types::{Json, Micros};
use crate::users;

#[async_trait]
impl Identities for SqliteStore {
    async fn link(&self, identity: Identity) -> Result<(), StoreError> {
        self.writer.write(true, move |conn| link(conn, &identity)).await
    }

    async fn find(&self, provider: &str, provider_user_id: &str) -> Result<Option<Identity>, StoreError> {
        let key = [provider.to_owned(), provider_user_id.to_owned()];
        self.readers
            .read(move |conn| {
                let sql = "SELECT * FROM user_identities WHERE provider = ? AND provider_user_id = ?";
                Ok(conn.prepare_cached(sql)?.query_row(key, identity).optional()?)
            })
            .await
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<Identity>, StoreError> {
        let sql = "SELECT * FROM user_identities WHERE user_id = ? ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, identity).await
    }

    async fn unlink(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_identities WHERE user_id = ? AND id = ?", user_id, id).await
    }
}

pub(crate) fn link(conn: &Connection, identity: &Identity) -> Outcome<()> {
    conn.prepare_cached(
        "INSERT INTO user_identities (id, user_id, provider, provider_user_id, email, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        identity.id,
        identity.user_id,
        identity.provider,
        identity.provider_user_id,
        identity.email,
        Micros::from(identity.created_at),
    ])?;
    Ok(())
}

pub(crate) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        provider: row.get("provider")?,
        provider_user_id: row.get("provider_user_id")?,
        email: row.get("email")?,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
    })
}

#[async_trait]
impl Passkeys for SqliteStore {
    async fn add(&self, passkey: Passkey) -> Result<(), StoreError> {
        self.writer
            .write(true, move |conn| {
                conn.prepare_cached(
                    "INSERT INTO user_passkeys (id, user_id, credential_id, name, data, created_at, last_used_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    passkey.id,
                    passkey.user_id,
                    passkey.credential_id,
                    passkey.name,
                    Json(passkey.data),
                    Micros::from(passkey.created_at),
                    passkey.last_used_at.map(Micros::from),
                ])?;
                Ok(())
            })
            .await
    }

    async fn find(&self, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        let credential_id = credential_id.to_owned();
        self.readers
            .read(move |conn| {
                let sql = "SELECT * FROM user_passkeys WHERE credential_id = ?";
                Ok(conn.prepare_cached(sql)?.query_row([credential_id], passkey).optional()?)
            })
            .await
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<Passkey>, StoreError> {
        let sql = "SELECT * FROM user_passkeys WHERE user_id = ? ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, passkey).await
    }

    async fn used(
        &self,
        id: &str,
        data: Value,
        last_used_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.writer
            .write(true, move |conn| {
                let sql =
                    "UPDATE user_passkeys SET data = ?, last_used_at = ? WHERE id = ? AND last_used_at IS ?";
                let changed = conn.prepare_cached(sql)?.execute(params![
                    Json(data),
                    Micros::from(now),
                    id,
                    last_used_at.map(Micros::from)
                ])?;
                Ok(changed > 0)
            })
            .await
    }

    async fn rename(&self, user_id: &str, id: &str, name: &str) -> Result<bool, StoreError> {
        let key = [name.to_owned(), user_id.to_owned(), id.to_owned()];
        self.writer
            .write(true, move |conn| {
                let sql = "UPDATE user_passkeys SET name = ? WHERE user_id = ? AND id = ?";
                Ok(conn.prepare_cached(sql)?.execute(key)? > 0)
            })
            .await
    }

    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_passkeys WHERE user_id = ? AND id = ?", user_id, id).await
    }
}

pub(crate) fn passkey(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        credential_id: row.get("credential_id")?,
        name: row.get("name")?,
        data: row.get::<_, Json>("data")?.0,
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        last_used_at: row.get::<_, Option<Micros>>("last_used_at")?.map(Micros::timestamp),
    })
}

#[async_trait]
impl AccessTokens for SqliteStore {
    async fn add(&self, token: AccessToken) -> Result<(), StoreError> {
        self.writer
            .write(true, move |conn| {
                conn.prepare_cached(
                    "INSERT INTO user_access_tokens (id, user_id, name, token, scopes, created_at, expires_at,
                         last_used_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    token.id,
                    token.user_id,
                    token.name,
                    token.token,
                    Json(token.scopes.into()),
                    Micros::from(token.created_at),
                    Micros::from(token.expires_at),
                    token.last_used_at.map(Micros::from),
                ])?;
                Ok(())
            })
            .await
    }

    async fn find(&self, token: &TokenHash) -> Result<Option<(AccessToken, User)>, StoreError> {
        let token = token.clone();
        self.readers
            .read(move |conn| {
                let sql = "SELECT * FROM user_access_tokens WHERE token = ?";
                let found = conn.prepare_cached(sql)?.query_row([token], access_token).optional()?;
                let Some(found) = found else { return Ok(None) };
                let user = users::by_id(conn, &found.user_id)?;
                Ok(user.map(|user| (found, user)))
            })
            .await
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<AccessToken>, StoreError> {
        let sql = "SELECT * FROM user_access_tokens WHERE user_id = ? ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, access_token).await
    }

    async fn used(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.writer
            .write(false, move |conn| {
                let sql = "UPDATE user_access_tokens SET last_used_at = ? WHERE id = ?";
                conn.prepare_cached(sql)?.execute(params![Micros::from(now), id])?;
                Ok(())
            })
            .await
    }

    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_access_tokens WHERE user_id = ? AND id = ?", user_id, id).await
    }

    async fn remove_all(&self, user_id: &str) -> Result<u64, StoreError> {
        let user_id = user_id.to_owned();
        self.writer
            .write(true, move |conn| {
                let sql = "DELETE FROM user_access_tokens WHERE user_id = ?";
                Ok(conn.prepare_cached(sql)?.execute([user_id])? as u64)
            })
            .await
    }
}

pub(crate) fn access_token(row: &Row<'_>) -> rusqlite::Result<AccessToken> {
    let scopes: Json = row.get("scopes")?;
    let scopes = scopes.0.as_array().into_iter().flatten();
    Ok(AccessToken {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        name: row.get("name")?,
        token: row.get("token")?,
        scopes: scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect(),
        created_at: row.get::<_, Micros>("created_at")?.timestamp(),
        expires_at: row.get::<_, Micros>("expires_at")?.timestamp(),
        last_used_at: row.get::<_, Option<Micros>>("last_used_at")?.map(Micros::timestamp),
    })
}

impl SqliteStore {
    async fn rows_of_user<T: Send + 'static>(
        &self,
        sql: &'static str,
        user_id: &str,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let user_id = user_id.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(sql)?;
                let rows = statement.query_map([user_id], read)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn remove_of_user(&self, sql: &'static str, user_id: &str, id: &str) -> Result<bool, StoreError> {
        let key = [user_id.to_owned(), id.to_owned()];
        self.writer.write(true, move |conn| Ok(conn.prepare_cached(sql)?.execute(key)? > 0)).await
    }
}
