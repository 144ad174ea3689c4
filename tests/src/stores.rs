use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use dzinza_config::Settings;
use dzinza_contract::servers::{Postgres, Redis, programs};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// `postgres`, `redis` or both with a comma between them: where a test run has its accounts and its limits. Without it
/// they are in the data folders. Needs the feature `cloud`.
const VARIABLE: &str = "DZINZA_TEST_STORES";
/// The database that all others are copies of.
const TEMPLATE: &str = "dzinza_template";

/// Started when somebody needs them, for all tests of this process.
static SERVERS: LazyLock<Servers> = LazyLock::new(Servers::start);

struct Servers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    /// Each data folder has a number, and with it its database on each of them.
    numbers: Mutex<HashMap<PathBuf, u32>>,
}

impl Servers {
    #[expect(clippy::disallowed_methods, reason = "where tests run is no setting of the program")]
    fn start() -> Self {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        let (mut postgres, mut redis) = (None, None);
        for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "postgres" => postgres = Some(with_template().expect("a PostgreSQL")),
                "redis" => {
                    let server = Redis::start().expect("a Redis");
                    server.end_with_this_process().expect("a watcher");
                    redis = Some(server);
                }
                other => panic!("{VARIABLE} names {other}, which is neither postgres nor redis"),
            }
        }
        Self { postgres, redis, numbers: Mutex::default() }
    }

    /// The number of a data folder. The first to ask makes its database.
    fn number(&self, data: &Path) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = u32::try_from(numbers.len()).expect("not that many") + 1;
        *numbers.entry(data.to_owned()).or_insert_with(|| {
            if let Some(server) = &self.postgres {
                let statement = format!("CREATE DATABASE {} TEMPLATE {TEMPLATE}", database(next));
                server.ask("postgres", &statement).expect("a database");
            }
            next
        })
    }
}

fn database(number: u32) -> String {
    format!("case_{number}")
}

/// A server with a database that has our layout, as the program itself makes it.
fn with_template() -> anyhow::Result<Postgres> {
    let programs = programs().ok_or_else(|| anyhow::anyhow!("apt-get install postgresql"))?;
    let server = Postgres::start(programs)?;
    server.end_with_this_process()?;
    server.ask("postgres", &format!("CREATE DATABASE {TEMPLATE}"))?;
    let mut migrate = Command::new(crate::binary());
    migrate.args(["migrate", "up"]).env_remove("SHARED_CONFIG_PATH").envs(variables(&server, TEMPLATE));
    let output = migrate.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "dzinza migrate up, of a program with the feature cloud: {said}"
    );
    Ok(server)
}

fn variables(server: &Postgres, database: &str) -> Vec<(&'static str, String)> {
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", server.port());
    vec![("DATABASE_URL", url)]
}

/// Where the server of a data folder has its accounts and limits.
pub struct Stores {
    data: PathBuf,
    number: u32,
}

impl Stores {
    /// Those of this data folder, which need not be there yet.
    pub fn of(data: &Path) -> Self {
        Self { data: data.to_owned(), number: SERVERS.number(data) }
    }

    /// Says so to a server of this process.
    pub fn set(&self, settings: &mut Settings) {
        let local = "127.0.0.1";
        if let Some(server) = &SERVERS.postgres {
            local.clone_into(&mut settings.db_host);
            "postgres".clone_into(&mut settings.db_user);
            (settings.db_port, settings.db_name) = (server.port(), database(self.number));
        }
        if let Some(server) = &SERVERS.redis {
            local.clone_into(&mut settings.redis_host);
            (settings.redis_port, settings.redis_db) = (server.port().into(), self.number);
        }
    }

    /// Says so to the program.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        if let Some(server) = &SERVERS.postgres {
            all.extend(variables(server, &database(self.number)));
        }
        if let Some(server) = &SERVERS.redis {
            let url = format!("redis://127.0.0.1:{}/{}", server.port(), self.number);
            all.push(("REDIS_URL", url));
        }
        all
    }

    /// All of them, opened beside the server.
    pub fn open(&self) -> dzinza_wiring::Stores {
        let settings = crate::Server::settings(&self.data);
        let stores = dzinza_wiring::Stores::open(&self.data).expect("the folder, a second time");
        let stores = stores.with_redis(&settings).expect("a Redis");
        stores.with_database(&settings).expect("a database")
    }

    fn sqlite(&self) -> Connection {
        Connection::open(self.data.join("dzinza.db")).expect("the database")
    }

    /// The number that a question to the tables of the accounts is answered with.
    pub fn count(&self, question: &str) -> u32 {
        match &SERVERS.postgres {
            Some(server) => {
                let answer = server.ask(&database(self.number), question).expect("an answer");
                answer.parse().expect("a number")
            }
            None => self.sqlite().query_row(question, [], |row| row.get(0)).expect("a number"),
        }
    }

    /// Changes rows of the accounts, in the words of where they are, and answers how many.
    pub fn change(&self, sqlite: &str, postgres: &str) -> u64 {
        match &SERVERS.postgres {
            Some(server) => {
                let answer = server.ask(&database(self.number), postgres).expect("an answer");
                let (_, count) = answer.rsplit_once(' ').expect("what it was, and how many rows");
                count.parse().expect("a number")
            }
            None => self.sqlite().execute(sqlite, []).expect("a change").try_into().expect("a number"),
        }
    }

    /// Every row of every table, in small letters, with the name of its table before it.
    pub fn rows(&self) -> Vec<String> {
        let mut all = self.rows_of_folder();
        if let Some(server) = &SERVERS.postgres {
            let dump = server.dump(&database(self.number)).expect("a dump");
            all.extend(
                dump.lines().filter_map(|line| line.strip_prefix("INSERT INTO ")).map(str::to_lowercase),
            );
        }
        all
    }

    fn rows_of_folder(&self) -> Vec<String> {
        let db = self.sqlite();
        let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(tables.len() > 20, "{tables:?}");
        let mut all = Vec::new();
        for table in tables {
            let mut statement = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let text = |column| match row.get_ref(column).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        String::from_utf8_lossy(bytes).to_lowercase()
                    }
                    _ => String::new(),
                };
                all.push(format!("{table}: {}", (0..columns).map(text).collect::<Vec<_>>().join(" ")));
            }
        }
        all
    }
}
