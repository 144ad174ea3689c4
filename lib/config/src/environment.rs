//! The environment, and values that it does not have itself but names the place of.
//!
//! `secretsmanager:NAME`, `secretsmanager:NAME#key` and `ssm:/path` are such places. Who can reach them looks before
//! anything is read (`dzinza-wiring`), and gives what was found to [`resolve`]; a place that nobody looked at is an
//! error, never a value.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use secrecy::{ExposeSecret as _, SecretString};

use crate::SecretsError;
use crate::aws::AwsKeys;
use crate::settings::{Settings, SettingsError};
use crate::variables::VARIABLES;

/// What was found at the places that variables name.
static RESOLVED: OnceLock<BTreeMap<String, SecretString>> = OnceLock::new();

/// A variable of this process, or what was found at the place that it names.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    let resolved = RESOLVED.get().and_then(|resolved| resolved.get(name));
    resolved.map(|value| value.expose_secret().to_owned()).or_else(|| std::env::var(name).ok())
}

/// Whether this is the place of a value and not the value.
pub(crate) fn is_place(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("secretsmanager:") || text.starts_with("ssm:")
}

/// The values that lie elsewhere, and what is needed to get there.
#[derive(Debug, Clone)]
pub struct Places {
    /// The region to ask in.
    pub region: String,
    /// Another address than that of AWS; may be empty.
    pub endpoint: String,
    /// Who asks.
    pub keys: Option<AwsKeys>,
    /// Variables by name, and the places that they name.
    pub named: Vec<(String, String)>,
}

impl Places {
    /// What the process's own environment names.
    ///
    /// # Errors
    /// If where and as whom to ask cannot be read.
    pub fn load() -> Result<Self, PlacesError> {
        Self::from_environment(variable)
    }

    /// The same with an environment given as a function. Variables `AWS_..` say how to ask, and so can name no place.
    ///
    /// # Errors
    /// As [`Places::load`].
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, PlacesError> {
        let mut named = Vec::new();
        for variable in VARIABLES.iter().filter(|variable| !variable.name.starts_with("AWS_")) {
            for name in std::iter::once(&variable.name).chain(variable.aliases) {
                let place = get(name).filter(|text| is_place(text));
                named.extend(place.map(|place| ((*name).to_owned(), place.trim().to_owned())));
            }
        }
        if named.is_empty() {
            // Whoever asks for nothing needs no keys, and is told of other mistakes by whoever reads the settings.
            return Ok(Self { region: String::new(), endpoint: String::new(), keys: None, named });
        }
        let settings = Settings::unchecked(|name| get(name).filter(|text| !is_place(text)))?;
        settings.check_aws_account()?;
        let keys = AwsKeys::from_environment(&get)?;
        Ok(Self { region: settings.aws_region, endpoint: settings.aws_endpoint_url, keys, named })
    }
}

/// Why it cannot be told where values are.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// Puts what was found in place of the places that named it, for as long as the process lives. Once, before anything
/// else is read; a second time changes nothing.
pub fn resolve(found: BTreeMap<String, SecretString>) {
    // The first one counts.
    let _ = RESOLVED.set(found);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pairs: &[(&str, &str)]) -> Result<Places, PlacesError> {
        Places::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn places_are_told_from_values() {
        let found = places(&[
            ("JWT_SECRET", "secretsmanager:dzinza/jwt"),
            ("DATABASE_URL", " ssm:/dzinza/database\n"),
            ("CORS_ORIGINS", "ssm:/dzinza/origins"),
            ("SMTP_HOST", "mail.example.org"),
            ("AWS_REGION", "af-south-1"),
        ])
        .unwrap();
        assert_eq!(found.region, "af-south-1");
        let mut named = found.named;
        named.sort();
        let named: Vec<_> = named.iter().map(|(name, place)| (&**name, &**place)).collect();
        assert_eq!(
            named,
            [
                ("CORS_ORIGINS", "ssm:/dzinza/origins"),
                ("DATABASE_URL", "ssm:/dzinza/database"),
                ("JWT_SECRET", "secretsmanager:dzinza/jwt"),
            ]
        );
        assert!(places(&[("AWS_REGION", "Mars")]).unwrap().named.is_empty());
    }

    #[test]
    fn how_to_ask_can_be_no_place_and_is_looked_at_before_anybody_asks() {
        let place = ("JWT_SECRET", "ssm:/dzinza/jwt");
        for (name, value) in [("AWS_REGION", "Mars"), ("AWS_ENDPOINT_URL", "x"), ("AWS_ACCESS_KEY_ID", "id")]
        {
            let error = places(&[place, (name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_place_that_nobody_looked_at_is_no_value() {
        let get = |wanted: &'static str, value: &'static str| {
            move |name: &str| (name == wanted).then(|| value.to_owned())
        };
        for (name, place) in [("FROM_EMAIL", "ssm:/from"), ("BCRYPT_ROUNDS", "secretsmanager:rounds")] {
            let error = Settings::from_environment(get(name, place)).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("secrets"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["JWT_SECRET", "SMTP_PASS", "REDIS_URL", "AWS_SECRET_ACCESS_KEY"] {
            let get = get(name, "secretsmanager:dzinza/a-name-that-is-long-enough#key");
            let error = crate::Secrets::from_environment(folder.path(), get).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("secrets"), "{error}");
        }
    }
}
