//! [`Identities`], [`Passkeys`] and [`AccessTokens`]: tables `user_identities`, `user_passkeys`, `user_access_tokens`.

use async_trait::async_trait;
use dzinza_ports::{
    AccessToken, AccessTokens, Identities, Identity, Passkey, Passkeys, StoreError, TokenHash, User,
    Users as _,
};
use jiff::Timestamp;
use serde_json::Value;
use sqlx_core::error::Error;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::{PgConnection, PgRow};
use uuid::Uuid;

use crate::connection::PgAccounts;
use crate::error::{Outcome, invalid};
use crate::types::{self, Micros};

#[async_trait]
impl Identities for PgAccounts {
    async fn link(&self, identity: Identity) -> Result<(), StoreError> {
        self.within(async {
            let mut conn = self.pool.acquire().await?;
            link(&mut conn, &identity).await
        })
        .await
    }

    async fn find(&self, provider: &str, provider_user_id: &str) -> Result<Option<Identity>, StoreError> {
        self.within(async {
            let sql = "SELECT * FROM user_identities WHERE provider = $1 AND provider_user_id = $2";
            let row = query(sql).bind(provider).bind(provider_user_id).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(identity).transpose()?)
        })
        .await
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<Identity>, StoreError> {
        let sql = "SELECT * FROM user_identities WHERE user_id = $1 ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, identity).await
    }

    async fn unlink(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_identities WHERE user_id = $1 AND id = $2", user_id, id).await
    }
}

pub(crate) async fn link(conn: &mut PgConnection, identity: &Identity) -> Outcome<()> {
    let (id, user_id) = ids(&identity.id, &identity.user_id, "user_identities")?;
    query(
        "INSERT INTO user_identities (id, user_id, provider, provider_user_id, email, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(user_id)
    .bind(&identity.provider)
    .bind(&identity.provider_user_id)
    .bind(&identity.email)
    .bind(Micros(identity.created_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// Of a row that is to be added, and of its account.
fn ids(id: &str, user_id: &str, table: &str) -> Result<(Uuid, Uuid), StoreError> {
    types::id(id).zip(types::id(user_id)).ok_or_else(|| invalid(format!("{table}.id")))
}

fn identity(row: &PgRow) -> Result<Identity, Error> {
    Ok(Identity {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        user_id: row.try_get::<Uuid, _>("user_id")?.to_string(),
        provider: row.try_get("provider")?,
        provider_user_id: row.try_get("provider_user_id")?,
        email: row.try_get("email")?,
        created_at: row.try_get::<Micros, _>("created_at")?.0,
    })
}

#[async_trait]
impl Passkeys for PgAccounts {
    async fn add(&self, passkey: Passkey) -> Result<(), StoreError> {
        let (id, user_id) = ids(&passkey.id, &passkey.user_id, "user_passkeys")?;
        self.within(async {
            query(
                "INSERT INTO user_passkeys (id, user_id, credential_id, name, data, created_at, last_used_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(id)
            .bind(user_id)
            .bind(&passkey.credential_id)
            .bind(&passkey.name)
            .bind(&passkey.data)
            .bind(Micros(passkey.created_at))
            .bind(passkey.last_used_at.map(Micros))
            .execute(&self.pool)
            .await?;
            Ok(())
        })
        .await
    }

    async fn find(&self, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        self.within(async {
            let sql = "SELECT * FROM user_passkeys WHERE credential_id = $1";
            let row = query(sql).bind(credential_id).fetch_optional(&self.pool).await?;
            Ok(row.as_ref().map(passkey).transpose()?)
        })
        .await
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<Passkey>, StoreError> {
        let sql = "SELECT * FROM user_passkeys WHERE user_id = $1 ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, passkey).await
    }

    async fn used(
        &self,
        id: &str,
        data: Value,
        last_used_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(id) = types::id(id) else { return Ok(false) };
        self.within(async {
            let changed = query(
                "UPDATE user_passkeys SET data = $1, last_used_at = $2 \
                 WHERE id = $3 AND last_used_at IS NOT DISTINCT FROM $4",
            )
            .bind(data)
            .bind(Micros(now))
            .bind(id)
            .bind(last_used_at.map(Micros))
            .execute(&self.pool)
            .await?;
            Ok(changed.rows_affected() > 0)
        })
        .await
    }

    async fn rename(&self, user_id: &str, id: &str, name: &str) -> Result<bool, StoreError> {
        let Some((user_id, id)) = types::id(user_id).zip(types::id(id)) else { return Ok(false) };
        self.within(async {
            let sql = "UPDATE user_passkeys SET name = $1 WHERE user_id = $2 AND id = $3";
            let changed = query(sql).bind(name).bind(user_id).bind(id).execute(&self.pool).await?;
            Ok(changed.rows_affected() > 0)
        })
        .await
    }

    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_passkeys WHERE user_id = $1 AND id = $2", user_id, id).await
    }
}

fn passkey(row: &PgRow) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        user_id: row.try_get::<Uuid, _>("user_id")?.to_string(),
        credential_id: row.try_get("credential_id")?,
        name: row.try_get("name")?,
        data: row.try_get("data")?,
        created_at: row.try_get::<Micros, _>("created_at")?.0,
        last_used_at: row.try_get::<Option<Micros>, _>("last_used_at")?.map(|moment| moment.0),
    })
}

#[async_trait]
impl AccessTokens for PgAccounts {
    async fn add(&self, token: AccessToken) -> Result<(), StoreError> {
        let (id, user_id) = ids(&token.id, &token.user_id, "user_access_tokens")?;
        self.within(async {
            query(
                "INSERT INTO user_access_tokens (id, user_id, name, token, scopes, created_at, expires_at, \
                     last_used_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(id)
            .bind(user_id)
            .bind(&token.name)
            .bind(&token.token)
            .bind(Value::from(token.scopes.clone()))
            .bind(Micros(token.created_at))
            .bind(Micros(token.expires_at))
            .bind(token.last_used_at.map(Micros))
            .execute(&self.pool)
            .await?;
            Ok(())
        })
        .await
    }

    async fn find(&self, token: &TokenHash) -> Result<Option<(AccessToken, User)>, StoreError> {
        let found = self
            .within(async {
                let sql = "SELECT * FROM user_access_tokens WHERE token = $1";
                let row = query(sql).bind(token).fetch_optional(&self.pool).await?;
                Ok(row.as_ref().map(access_token).transpose()?)
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        Ok(self.by_id(&found.user_id).await?.map(|user| (found, user)))
    }

    async fn of_user(&self, user_id: &str) -> Result<Vec<AccessToken>, StoreError> {
        let sql = "SELECT * FROM user_access_tokens WHERE user_id = $1 ORDER BY created_at, id";
        self.rows_of_user(sql, user_id, access_token).await
    }

    async fn used(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let Some(id) = types::id(id) else { return Ok(()) };
        self.within(async {
            let sql = "UPDATE user_access_tokens SET last_used_at = $1 WHERE id = $2";
            query(sql).bind(Micros(now)).bind(id).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    async fn remove(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_of_user("DELETE FROM user_access_tokens WHERE user_id = $1 AND id = $2", user_id, id)
            .await
    }

    async fn remove_all(&self, user_id: &str) -> Result<u64, StoreError> {
        let Some(user_id) = types::id(user_id) else { return Ok(0) };
        self.within(async {
            let sql = "DELETE FROM user_access_tokens WHERE user_id = $1";
            Ok(query(sql).bind(user_id).execute(&self.pool).await?.rows_affected())
        })
        .await
    }
}

fn access_token(row: &PgRow) -> Result<AccessToken, Error> {
    let scopes: Value = row.try_get("scopes")?;
    let scopes = scopes.as_array().into_iter().flatten();
    Ok(AccessToken {
        id: row.try_get::<Uuid, _>("id")?.to_string(),
        user_id: row.try_get::<Uuid, _>("user_id")?.to_string(),
        name: row.try_get("name")?,
        token: row.try_get("token")?,
        scopes: scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect(),
        created_at: row.try_get::<Micros, _>("created_at")?.0,
        expires_at: row.try_get::<Micros, _>("expires_at")?.0,
        last_used_at: row.try_get::<Option<Micros>, _>("last_used_at")?.map(|moment| moment.0),
    })
}

impl PgAccounts {
    async fn rows_of_user<T: Send>(
        &self,
        sql: &'static str,
        user_id: &str,
        read: fn(&PgRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, StoreError> {
        let Some(user_id) = types::id(user_id) else { return Ok(Vec::new()) };
        self.within(async {
            let rows = query(sql).bind(user_id).fetch_all(&self.pool).await?;
            Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn remove_of_user(&self, sql: &'static str, user_id: &str, id: &str) -> Result<bool, StoreError> {
        let Some((user_id, id)) = types::id(user_id).zip(types::id(id)) else { return Ok(false) };
        self.within(async {
            Ok(query(sql).bind(user_id).bind(id).execute(&self.pool).await?.rows_affected() > 0)
        })
        .await
    }
}
