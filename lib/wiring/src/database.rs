//! The accounts on PostgreSQL, in builds that have it.

#[cfg(feature = "postgres")]
pub use built::migrations;
#[cfg(feature = "postgres")]
pub(crate) use built::open;
#[cfg(feature = "postgres")]
pub use dzinza_postgres::{Found, MigrateError, MigrationStatus, Migrations};

#[cfg(not(feature = "postgres"))]
pub(crate) fn open(
    _: &dzinza_config::Database,
    _: &dzinza_config::Settings,
    _: std::sync::Arc<dyn dzinza_ports::Ids>,
    _: Option<std::sync::Arc<dyn dzinza_ports::Users>>,
) -> Result<(crate::accounts::Accounts, crate::Ready), crate::OpenError> {
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
    use dzinza_ports::{Ids, StoreError, Users};
    use dzinza_postgres::{MigrateError, Migrations, PgAccounts, PgConnectOptions, Server};

    use crate::accounts::Accounts;
    use crate::{OpenError, Ready};

    fn server(database: &Database) -> Result<PgConnectOptions, OpenError> {
        let server = match database.clone() {
            Database::Url(url) => Server::Url(url),
            Database::Parts { host, port, name, user, password } => {
                Server::Parts { host, port, database: name, user, password }
            }
        };
        server.options().map_err(|error| OpenError::Database(error.context().to_owned()))
    }

    /// The accounts on this database, and whether it has their layout. Whoever was in the data folder before stays there.
    pub(crate) fn open(
        named: &Database,
        settings: &Settings,
        ids: Arc<dyn Ids>,
        left_behind: Option<Arc<dyn Users>>,
    ) -> Result<(Accounts, Ready), OpenError> {
        let options = server(named)?;
        let database = Arc::new(PgAccounts::new(options.clone(), settings.db_pool_size, ids));
        let accounts = Accounts::of(&database);
        let migrations = Migrations::new(options);
        let auto = settings.auto_migrate;
        let ready: Ready = Arc::new(move || {
            let (migrations, database) = (migrations.clone(), database.clone());
            let left_behind = left_behind.clone();
            Box::pin(async move {
                ready(&migrations, auto).await.map_err(|error| OpenError::Database(error.to_string()))?;
                if let Some(left_behind) = left_behind {
                    warn_of_others(&*left_behind, &*database).await?;
                }
                Ok(())
            })
        });
        Ok((accounts, ready))
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
