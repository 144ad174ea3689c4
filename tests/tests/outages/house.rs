use dzinza_contract::servers::{Postgres, Redis, programs};
use dzinza_tests::{Answer, Client, Process};
use tempfile::TempDir;

/// Both servers, and a program that uses them.
pub struct House {
    pub postgres: Postgres,
    pub redis: Redis,
    folder: TempDir,
}

impl House {
    pub fn new() -> anyhow::Result<Self> {
        let programs = programs().ok_or_else(|| anyhow::anyhow!("there is no PostgreSQL"))?;
        Ok(Self {
            postgres: Postgres::durable(programs)?,
            redis: Redis::start()?,
            folder: tempfile::tempdir()?,
        })
    }

    /// The program, with these variables beside.
    pub fn serve(&self, variables: &[(&str, &str)]) -> Process {
        let (postgres, redis) = (self.postgres.port(), self.redis.port());
        Process::with(&self.folder.path().join("data"), |command| {
            command
                .env("DATABASE_URL", format!("postgres://postgres@127.0.0.1:{postgres}/postgres"))
                .env("AUTO_MIGRATE", "true")
                .env("REDIS_URL", format!("redis://127.0.0.1:{redis}/0"))
                .envs(variables.iter().copied());
        })
    }

    /// What the accounts' database says to a question about a number.
    pub fn count(&self, question: &str) -> usize {
        let answer = self.postgres.ask("postgres", question).expect("an answer");
        answer.parse().expect("a number")
    }
}

/// Asserts that an answer says that something is away, and nothing about what.
#[track_caller]
pub fn is_clear(answer: &Answer) {
    let text = answer.text().to_lowercase();
    answer.clone().problem(503);
    for word in ["postgres", "redis", "sql", "127.0.0.1", "connect", "pool", "timed out", "os error"] {
        assert!(!text.contains(word), "{text} tells {word}");
    }
}

/// Asks how the whole is until it is well.
pub async fn well(nobody: &Client) {
    dzinza_tests::eventually("everything is well", async || {
        let answer = nobody.get("/health/detailed").await;
        let auth = nobody.get("/api/auth/health").await;
        let redis = auth.body["dependencies"]["redis"]["status"] == "UP";
        (answer.status == 200 && auth.status == 200 && redis).then_some(())
    })
    .await;
}
