//! Every process and every store of `docker-compose.yml`.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use dzinza_contract::servers::{Ministack, Mongo, Postgres, Redis, Search, programs};
use dzinza_tests::{Client, Compose, ROOT, Sink, Supervised, binary, clean, functions, run};
use serde_json::Value;
use tempfile::TempDir;

/// Where the file has the functions ask for work.
const RUNTIME: &str = "http://runtime:9001";
const SECRETS: &str = "/run/secrets/";

pub struct Town {
    /// Gone first, with what they write into the folder.
    pub processes: Vec<Supervised>,
    pub postgres: Postgres,
    pub redis: Redis,
    pub mongo: Mongo,
    pub files: Ministack,
    pub search: Search,
    pub letters: Sink,
    pub url: String,
    folder: TempDir,
}

impl Town {
    pub async fn start() -> anyhow::Result<Self> {
        let programs = programs().context("there is no PostgreSQL")?;
        let (gateway, runtime) = (free_port()?, free_port()?);
        let mut town = Self {
            processes: Vec::new(),
            postgres: Postgres::durable(programs)?,
            redis: Redis::absent(true)?,
            mongo: Mongo::absent(true)?.with_transactions_of(transactions()?),
            files: Ministack::durable()?,
            search: Search::absent()?,
            letters: Sink::start().await,
            url: format!("http://127.0.0.1:{gateway}"),
            folder: tempfile::tempdir()?,
        };
        town.redis.run()?;
        town.mongo.run()?;
        town.files.run()?;
        town.search.run()?;
        // As `deploy/postgres` has it.
        for statement in ["CREATE ROLE dzinza_user LOGIN", "CREATE DATABASE dzinza_db OWNER dzinza_user"] {
            town.postgres.ask("postgres", statement)?;
        }
        let secrets = town.path("secrets").display().to_string();
        let made = run(["secrets", "init", "--dir", &secrets]);
        anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::create_dir(town.path("data"))?;
        town.staff(gateway, runtime)?;
        town.well().await;
        Ok(town)
    }

    /// Migrates, and starts every service that runs our image, as often as it says.
    fn staff(&mut self, gateway: u16, runtime: u16) -> anyhow::Result<()> {
        let compose = Compose::load();
        let mut own = compose.own();
        let migrate = own.remove("migrate").context("no migrate job")?;
        let mut job = self.command(migrate, gateway, &format!("127.0.0.1:{runtime}"), 0);
        let ended = job.stdin(Stdio::null()).output()?;
        anyhow::ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        for (name, _) in self.places() {
            let is_given = |service: &&Value| Compose::environment(service).contains_key(name);
            anyhow::ensure!(own.values().any(is_given), "nobody is given {name}");
        }
        let logs = self.path("logs");
        std::fs::create_dir(&logs)?;
        for (name, service) in own {
            for replica in 0..Compose::replicas(service) {
                let command = self.command(service, gateway, &format!("127.0.0.1:{runtime}"), replica);
                self.processes.push(Supervised::start(&format!("{name}-{replica}"), &logs, command));
            }
        }
        Ok(())
    }

    fn command(&self, service: &Value, gateway: u16, runtime: &str, replica: usize) -> Command {
        let words = Compose::command(service);
        let (program, arguments) = words.split_first().expect("a command");
        let program: PathBuf =
            if *program == "dzinza" { binary().to_owned() } else { functions().join(program) };
        let mut command = clean(&program);
        let mut environment = Compose::environment(service);
        for (name, value) in &mut environment {
            if let Some(secret) = value.strip_prefix(SECRETS) {
                *value = self.path("secrets").join(format!("{secret}.txt")).display().to_string();
            } else if let Some(function) = value.strip_prefix(RUNTIME) {
                // In Compose each has an address of its own, here a name.
                *value = format!("http://{runtime}{function}/{replica}");
            } else if name == "DZINZA_RUNTIME_API" {
                runtime.clone_into(value);
            }
        }
        self.adjust(&mut environment, gateway);
        command.args(arguments).envs(environment);
        command
    }

    /// What is otherwise on this machine: where things are, that PostgreSQL, Redis and MongoDB trust everybody here, and that
    /// ministack has keys of its own. And what is otherwise in every test: cheap passwords, no limits.
    fn adjust(&self, environment: &mut BTreeMap<String, String>, gateway: u16) {
        for name in ["REDIS_PASSWORD_FILE", "MONGODB_PASSWORD_FILE"] {
            assert!(environment.remove(name).is_some(), "{name} is not given");
        }
        for (name, value) in self.places() {
            if let Some(given) = environment.get_mut(name) {
                *given = value;
            }
        }
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        if keys.map(|key| environment.remove(&format!("{key}_FILE"))).iter().all(Option::is_some) {
            environment.extend(keys.map(|key| (key.to_owned(), "test".to_owned())));
            // Compose's makes it at its first start.
            environment.insert("S3_CREATE_BUCKET_IF_NOT_EXISTS".to_owned(), "true".to_owned());
        }
        let local = "127.0.0.1".to_owned();
        environment.extend(
            [
                ("DZINZA_DATA", self.path("data").display().to_string()),
                ("DZINZA_LISTEN", format!("127.0.0.1:{gateway}")),
                ("DB_HOST", local.clone()),
                ("DB_PORT", self.postgres.port().to_string()),
                ("REDIS_HOST", local),
                ("REDIS_PORT", self.redis.port().to_string()),
                ("BCRYPT_ROUNDS", "4".to_owned()),
                ("RATE_LIMIT_MAX_REQUESTS", "0".to_owned()),
                ("AUTH_RATE_LIMIT_MAX_REQUESTS", "0".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
    }

    /// For variables of Compose, what they are here, for the processes that are given them there.
    fn places(&self) -> [(&'static str, String); 7] {
        [
            ("SHARED_CONFIG_PATH", format!("{ROOT}/shared-config/compose.yaml")),
            ("TMPDIR", self.path("data").display().to_string()),
            ("MONGODB_URL", self.mongo.url().replacen("/?", "/dzinza_genealogy?", 1)),
            ("S3_ENDPOINT_URL", self.files.address()),
            // It does not keep the region of a bucket, and takes it for this one once it has been started again.
            ("AWS_REGION", "us-east-1".to_owned()),
            ("SMTP_HOST", "127.0.0.1".to_owned()),
            ("SMTP_PORT", self.letters.port().to_string()),
        ]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A secret that was made.
    pub fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("secrets").join(format!("{name}.txt"))).expect("a secret")
    }

    /// Asks how the whole is until it is well; within half a minute.
    pub async fn well(&self) {
        let nobody = Client::at(&self.url);
        let well = async |path: &str| {
            let asked = nobody.attempt(nobody.request(http::Method::GET, path)).await;
            asked.filter(|answer| answer.status == 200)
        };
        dzinza_tests::eventually("everything is well", async || {
            well("/health/detailed").await?;
            let auth = well("/api/auth/health").await?;
            if auth.body["dependencies"]["redis"]["status"] != "UP" {
                tokio::time::sleep(Duration::from_millis(50)).await;
                return None;
            }
            Some(())
        })
        .await;
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in &self.processes {
                tell(process);
            }
        }
    }
}

/// The end of what a process has said, for whoever looks for what went wrong.
#[expect(clippy::print_stderr, reason = "a failed test tells why")]
fn tell(process: &Supervised) {
    let log = process.log();
    let lines: Vec<&str> = log.lines().collect();
    let last = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default();
    eprintln!("== {}, started {} times\n{}", process.name(), process.starts(), last.join("\n"));
}

/// How long Compose's MongoDB leaves transactions open, in seconds.
fn transactions() -> anyhow::Result<u32> {
    let start = std::fs::read_to_string(format!("{ROOT}/deploy/mongodb/start.sh"))?;
    let (_, seconds) = start.split_once("transactionLifetimeLimitSeconds=").context("no such parameter")?;
    Ok(seconds.trim().parse()?)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
