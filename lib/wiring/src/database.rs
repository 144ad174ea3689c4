//! The accounts on PostgreSQL, in builds that have it.

#[cfg(feature = "postgres")]
pub use built::migrations;
#[cfg(feature = "postgres")]
pub(crate) use built::put;
#[cfg(feature = "postgres")]
pub use dzinza_postgres::{Found, MigrateError, MigrationStatus, Migrations};

#[cfg(not(feature = "postgres"))]
pub(crate) fn put(
    _: &mut crate::Embedded,
    _: &dzinza_config::Database,
    _: &dzinza_config::Settings,
) -> Result<(), crate::OpenError> {
    Err(crate::OpenError::Database(
        "DATABASE_URL or DB_HOST is set, but this dzinza was built without PostgreSQL; build it with: \
         cargo build --release --features postgres"
            .to_owned(),
    ))
}

#[cfg(feature = "postgres")]
mod built {
    use std::sync::Arc;

    use dzinza_config::{Database, Settings};
    use dzinza_ports::{StoreError, Users};
    use dzinza_postgres::{MigrateError, Migrations, PgAccounts, PgConnectOptions, Server};

    use crate::{Embedded, OpenError};

    fn server(database: &Database) -> Result<PgConnectOptions, OpenError> {
        let server = match database.clone() {
            Database::Url(url) => Server::Url(url),
            Database::Parts { host, port, name, user, password } => {
                Server::Parts { host, port, database: name, user, password }
            }
        };
        server.options().map_err(|error| OpenError::Database(error.context().to_owned()))
    }

    /// Puts the accounts of these stores on this database.
    pub(crate) fn put(
        stores: &mut Embedded,
        database: &Database,
        settings: &Settings,
    ) -> Result<(), OpenError> {
        let options = server(database)?;
        let accounts = Arc::new(PgAccounts::new(options.clone(), settings.db_pool_size, stores.ids.clone()));
        let left_behind = std::mem::replace(&mut stores.users, accounts.clone());
        stores.sessions = accounts.clone();
        stores.audit = accounts.clone();
        stores.identities = accounts.clone();
        stores.passkeys = accounts.clone();
        stores.access_tokens = accounts.clone();
        stores.site = accounts.clone();
        stores.outbox = accounts.clone();
        let migrations = Migrations::new(options);
        let auto = settings.auto_migrate;
        stores.database = Some(Arc::new(move || {
            let (migrations, accounts) = (migrations.clone(), accounts.clone());
            let left_behind = left_behind.clone();
            Box::pin(async move {
                ready(&migrations, auto).await.map_err(|error| OpenError::Database(error.to_string()))?;
                Ok(warn_of_others(&*left_behind, &*accounts).await?)
            })
        }));
        Ok(())
    }

    async fn ready(migrations: &Migrations, auto: bool) -> Result<(), MigrateError> {
        if auto {
            for step in migrations.up(usize::MAX).await? {
                tracing::info!(step, "migrated the database");
            }
        }
        migrations.check().await
    }

    /// Whoever moves to PostgreSQL should not wonder where everybody is.
    async fn warn_of_others(left_behind: &dyn Users, accounts: &dyn Users) -> Result<(), StoreError> {
        let (here, there) = (left_behind.count().await?, accounts.count().await?);
        if here > 0 && there == 0 {
            tracing::warn!(accounts = here, "the data folder has accounts, the database has none");
        }
        Ok(())
    }

    /// The migrations of the database that the settings name.
    ///
    /// # Errors
    /// If they name none, or one that cannot be used.
    pub fn migrations(settings: &Settings) -> Result<Migrations, OpenError> {
        let database = settings.database()?.ok_or_else(|| {
            OpenError::Database(
                "no database is named: set DATABASE_URL, or DB_HOST and what goes with it".to_owned(),
            )
        })?;
        Ok(Migrations::new(server(&database)?))
    }
}
