//! Redis in place of the database for limits, where the settings name one.

use std::sync::Arc;

use dzinza_config::{Secrets, Settings};
use dzinza_ports::{Clock, Limits};

use crate::{Health, OpenError};

/// Limits on Redis.
pub(crate) struct Redis {
    pub(crate) limits: Arc<dyn Limits>,
    pub(crate) health: Health,
}

#[cfg(feature = "redis")]
pub(crate) fn open(
    settings: &Settings,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Redis>, OpenError> {
    use dzinza_redis::{FallbackLimits, RedisAddress};
    use secrecy::ExposeSecret;

    let bad = |variable| move |error| OpenError::Redis { variable, problem: format!("{error}") };
    let host = settings.redis_host.trim();
    let (variable, address) = match &secrets.redis_url {
        Some(_) if !host.is_empty() => return Err(OpenError::TwoRedis),
        None if host.is_empty() => return Ok(None),
        Some(url) => ("REDIS_URL", RedisAddress::of_url(url.expose_secret())),
        None => {
            let password = secrets.redis_password.as_ref().map(ExposeSecret::expose_secret);
            let port = u16::try_from(settings.redis_port).unwrap_or_default();
            ("REDIS_HOST", RedisAddress::of_host(host, port, settings.redis_db, password))
        }
    };
    let mut address = address.map_err(bad(variable))?;
    let file = settings.redis_ca_file.trim();
    if !file.is_empty() {
        let named = bad("REDIS_CA_FILE");
        let authorities = std::fs::read(file).map_err(|error| OpenError::Redis {
            variable: "REDIS_CA_FILE",
            problem: format!("names {file}, which cannot be read: {error}"),
        })?;
        address = address.trusting(&authorities).map_err(named)?;
    }
    let limits = FallbackLimits::new(address, clock.clone()).map_err(bad(variable))?;
    let asked = limits.clone();
    let health: Health = Arc::new(move || {
        let limits = asked.clone();
        Box::pin(async move { limits.check().await })
    });
    Ok(Some(Redis { limits, health }))
}

/// Whoever names a Redis must not believe that it is used.
#[cfg(not(feature = "redis"))]
pub(crate) fn open(
    settings: &Settings,
    secrets: &Secrets,
    _clock: &Arc<dyn Clock>,
) -> Result<Option<Redis>, OpenError> {
    let variable = match &secrets.redis_url {
        Some(_) => "REDIS_URL",
        None if !settings.redis_host.trim().is_empty() => "REDIS_HOST",
        None => return Ok(None),
    };
    let problem = "is set, but this program was built without Redis (cargo feature `redis`)".to_owned();
    Err(OpenError::Redis { variable, problem })
}

#[cfg(test)]
mod tests {
    use dzinza_ports::SystemClock;
    use secrecy::SecretString;

    use super::*;

    fn opened(host: &str, url: Option<&str>) -> Result<bool, String> {
        opened_with(host, url, "")
    }

    fn opened_with(host: &str, url: Option<&str>, ca_file: &str) -> Result<bool, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::from_environment(|_| None).unwrap();
        host.clone_into(&mut settings.redis_host);
        ca_file.clone_into(&mut settings.redis_ca_file);
        let mut secrets = Secrets::from_environment(folder.path(), |_| None).unwrap();
        secrets.redis_url = url.map(SecretString::from);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        open(&settings, &secrets, &clock).map(|redis| redis.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_named_is_no_redis() {
        assert_eq!(opened(" ", None), Ok(false));
    }

    #[cfg(not(feature = "redis"))]
    #[test]
    fn without_the_feature_a_redis_that_is_named_is_an_error() {
        for (host, url, name) in [("cache", None, "REDIS_HOST"), ("", Some("redis://:s3cret@x"), "REDIS_URL")]
        {
            let refused = opened(host, url).unwrap_err();
            assert!(refused.contains(name) && refused.contains("built without Redis"), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn addresses_that_lead_nowhere_are_refused_by_name_and_without_password() {
        for (host, url, name) in [
            ("redis://cache", None, "REDIS_HOST"),
            ("", Some("http://:s3cret@x"), "REDIS_URL"),
            ("cache", Some("redis://:s3cret@x"), "REDIS_URL and REDIS_HOST"),
        ] {
            let refused = opened(host, url).unwrap_err();
            assert!(refused.contains(name) && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn authorities_that_cannot_be_used_are_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("ca.pem");
        std::fs::write(&empty, "").unwrap();
        let (empty, missing) = (empty.to_str().unwrap(), "/no/such/ca.pem");
        for (url, file, problem) in [
            ("rediss://:s3cret@x", missing, "cannot be read"),
            ("rediss://:s3cret@x", empty, "certificates of authorities as PEM"),
            ("redis://:s3cret@x", empty, "needs an address with TLS"),
        ] {
            let refused = opened_with("", Some(url), file).unwrap_err();
            assert!(refused.starts_with("REDIS_CA_FILE") && refused.contains(problem), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
}
