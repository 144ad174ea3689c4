//! The databases of the cases.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use dzinza_postgres::{Migrations, PgConnectOptions, Server};
use sqlx_core::connection::{ConnectOptions as _, Connection as _};
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_postgres::PgConnection;

use dzinza_contract::servers::Postgres;

/// An empty database, and one with our layout, to copy from.
const EMPTY: &str = "template0";
const OURS: &str = "dzinza_template";

pub struct PostgresServer {
    pub process: Postgres,
    databases: AtomicUsize,
}

impl PostgresServer {
    /// A server of its own.
    pub fn start(programs: &Path) -> anyhow::Result<Self> {
        Ok(Self { process: Postgres::start(programs.to_owned())?, databases: AtomicUsize::new(0) })
    }

    pub fn options(&self, database: &str) -> anyhow::Result<PgConnectOptions> {
        let server = Server::Parts {
            host: "127.0.0.1".to_owned(),
            port: self.process.port(),
            database: database.to_owned(),
            user: "postgres".to_owned(),
            password: None,
        };
        Ok(server.options()?)
    }

    /// Makes the database that [`Self::ours`] copies.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        self.create(OURS, EMPTY).await?;
        Migrations::new(self.options(OURS)?).up(usize::MAX).await?;
        Ok(())
    }

    /// A new database with our layout.
    pub async fn ours(&self) -> anyhow::Result<PgConnectOptions> {
        self.database(OURS).await
    }

    /// A new database with nothing in it.
    pub async fn empty(&self) -> anyhow::Result<PgConnectOptions> {
        self.database(EMPTY).await
    }

    async fn database(&self, template: &str) -> anyhow::Result<PgConnectOptions> {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.create(&name, template).await?;
        self.options(&name)
    }

    async fn create(&self, name: &str, template: &str) -> anyhow::Result<()> {
        let mut conn = PgConnection::connect_with(&self.options("postgres")?).await?;
        run(&mut conn, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        conn.close().await?;
        Ok(())
    }
}

/// A connection to look at a database with.
pub async fn connect(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    Ok(options.clone().connect().await?)
}

/// Runs statements.
pub async fn run(conn: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await?;
    Ok(())
}
