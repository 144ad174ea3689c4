//! A Redis of one's own: a process on a free port, which can be killed, held still and started again.

use std::ops::Deref;

use dzinza_contract::Failed;
use dzinza_contract::servers::Redis;
use dzinza_redis::RedisAddress;
use libtest_mimic::Trial;

pub struct Server(Redis);

impl Server {
    pub fn start() -> Result<Self, Failed> {
        Self::with(false)
    }

    pub fn durable() -> Result<Self, Failed> {
        Self::with(true)
    }

    fn with(durable: bool) -> Result<Self, Failed> {
        let server = Self::absent(durable)?;
        server.run()?;
        Ok(server)
    }

    /// A place where there is none yet.
    pub fn absent(durable: bool) -> Result<Self, Failed> {
        Ok(Self(Redis::absent(durable)?))
    }

    /// One that speaks TLS alone, and shows this certificate.
    pub fn with_tls(certificate: &str, key: &str) -> Result<Self, Failed> {
        Ok(Self(Redis::start_with_tls(certificate, key)?))
    }

    pub fn address(&self) -> Result<RedisAddress, Failed> {
        Ok(RedisAddress::of_host("127.0.0.1", self.0.port(), 0, None)?)
    }

    pub fn kill(&self) {
        let ended = self.0.kill();
        assert!(ended.is_ok(), "{ended:?}");
    }
}

impl Deref for Server {
    type Target = Redis;

    fn deref(&self) -> &Redis {
        &self.0
    }
}

/// Trials that need the program: ignored where it is not installed, but not in CI.
pub fn if_installed(trials: Vec<Trial>) -> Vec<Trial> {
    let installed = Redis::is_installed();
    #[expect(clippy::disallowed_methods, reason = "what CI says to a test is no setting")]
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    trials.into_iter().map(|trial| trial.with_ignored_flag(!installed && !required)).collect()
}
