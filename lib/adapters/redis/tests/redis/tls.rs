//! Over TLS: who holds the right certificate is Redis, and nobody else is.

use std::sync::Arc;
use std::time::Duration;

use dzinza_contract::{Failed, Outcome};
use dzinza_ports::{Limits as _, StoreErrorKind, SystemClock};
use dzinza_redis::{FallbackLimits, RedisAddress, RedisLimits};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::runtime::Runtime;

use crate::server::{Server, if_installed};

pub fn trials() -> Vec<Trial> {
    let trials = vec![
        trial("values and counts go over TLS", over_tls),
        trial("only a certificate of the named authorities, for the named host, is believed", impostors),
    ];
    if_installed(trials)
}

fn trial<Run>(sentence: &'static str, case: fn() -> Run) -> Trial
where
    Run: Future<Output = Outcome> + Send + 'static,
{
    Trial::test(sentence, move || Runtime::new()?.block_on(case()))
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Self, Failed> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// A Redis with a certificate of this authority for this host.
    fn server(&self, host: &str) -> Result<Server, Failed> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![host.to_owned()])?.signed_by(&key, &self.issuer)?;
        Server::with_tls(&certificate.pem(), &key.serialize_pem())
    }

    fn believed_at(&self, server: &Server) -> Result<RedisAddress, Failed> {
        Ok(at("rediss", server)?.trusting(self.certificate.pem().as_bytes())?)
    }
}

fn at(scheme: &str, server: &Server) -> Result<RedisAddress, Failed> {
    Ok(RedisAddress::of_url(&format!("{scheme}://127.0.0.1:{}", server.port()))?)
}

async fn over_tls() -> Outcome {
    let authority = Authority::new()?;
    let server = authority.server("127.0.0.1")?;
    let limits = FallbackLimits::new(authority.believed_at(&server)?, Arc::new(SystemClock))?;
    while limits.latency().await.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    limits.put("said", "over TLS", Duration::from_hours(1)).await?;
    assert_eq!(limits.hit("counted", Duration::from_hours(1)).await?.count, 1);
    // Another one that sees Redis and nothing else.
    let outsider = RedisLimits::new(authority.believed_at(&server)?, Arc::new(SystemClock))?;
    outsider.connect().await?;
    assert_eq!(outsider.get(&["said"]).await?, [Some("over TLS".to_owned())]);
    assert_eq!(outsider.hit("counted", Duration::from_hours(1)).await?.count, 2);
    Ok(())
}

async fn impostors() -> Outcome {
    let (ours, theirs) = (Authority::new()?, Authority::new()?);
    let right = ours.server("127.0.0.1")?;
    let another_host = ours.server("redis.example.org")?;
    let refused = [
        ("another authority's", theirs.believed_at(&right)?),
        ("no authority that the system knows", at("rediss", &right)?),
        ("for another host", ours.believed_at(&another_host)?),
        ("without TLS", at("redis", &right)?),
    ];
    for (what, address) in refused {
        let limits = RedisLimits::new(address, Arc::new(SystemClock))?;
        let error = limits.connect().await.err().ok_or(what)?;
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{what}");
    }
    RedisLimits::new(ours.believed_at(&right)?, Arc::new(SystemClock))?.connect().await?;
    Ok(())
}
