//! Values from Secrets Manager and the parameter store of SSM, for settings that name where they are.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_secretsmanager::Client as SecretsManager;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_ssm::Client as Ssm;
use secrecy::SecretString;
use serde_json::Value;

use crate::Account;
use crate::error::unavailable;

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `secretsmanager:NAME` or `secretsmanager:NAME#key`, where the name may be an ARN.
    Secret {
        /// Its name or ARN.
        id: String,
        /// Of a secret that is a JSON object, the key of one of its texts.
        key: Option<String>,
    },
    /// `ssm:/path`.
    Parameter(String),
}

impl Reference {
    /// What a setting refers to; none if it is a value itself.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("secretsmanager:") {
            let (id, key) = match rest.split_once('#') {
                Some((id, key)) => (id, Some(key.to_owned())),
                None => (rest, None),
            };
            return Some(Self::Secret { id: id.to_owned(), key });
        }
        text.strip_prefix("ssm:").map(|name| Self::Parameter(name.to_owned()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { id, key: None } => write!(f, "secretsmanager:{id}"),
            Self::Secret { id, key: Some(key) } => write!(f, "secretsmanager:{id}#{key}"),
            Self::Parameter(name) => write!(f, "ssm:{name}"),
        }
    }
}

/// Why there is no value. Tells where it should be, and never anything of it.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// There is none of this name.
    #[error("there is no {0}")]
    Absent(Reference),
    /// It is there, and not a text as wanted.
    #[error("{0} {1}")]
    Unsuitable(Reference, &'static str),
    /// It could not be asked for.
    #[error("{0} cannot be read: {1}")]
    Unreadable(Reference, String),
}

/// Both stores. Asks for each secret once, however many settings refer to it.
pub struct References {
    secrets: SecretsManager,
    parameters: Ssm,
    /// By name or ARN.
    known: HashMap<String, SecretString>,
}

impl References {
    /// Makes everything ready without going anywhere.
    pub fn new(account: &Account) -> Self {
        Self {
            secrets: SecretsManager::new(account.sdk()),
            parameters: Ssm::new(account.sdk()),
            known: HashMap::new(),
        }
    }

    /// The value at this place.
    ///
    /// # Errors
    /// If there is none, it is no text, or nobody answers.
    pub async fn fetch(&mut self, reference: &Reference) -> Result<SecretString, ReferenceError> {
        match reference {
            Reference::Parameter(name) => self.parameter(reference, name).await,
            Reference::Secret { id, key } => {
                let whole = match self.known.get(id) {
                    Some(known) => known.clone(),
                    None => self.secret(reference, id).await?,
                };
                self.known.insert(id.clone(), whole.clone());
                match key {
                    Some(key) => part(reference, &whole, key),
                    None => Ok(whole),
                }
            }
        }
    }

    async fn secret(&self, reference: &Reference, id: &str) -> Result<SecretString, ReferenceError> {
        let absent = || ReferenceError::Absent(reference.clone());
        match self.secrets.get_secret_value().secret_id(id).send().await {
            Ok(found) => found
                .secret_string
                .map(SecretString::from)
                .ok_or_else(|| ReferenceError::Unsuitable(reference.clone(), "is bytes, and not a text")),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Err(absent()),
            Err(error) => Err(unreadable(reference, &unavailable("Secrets Manager", error))),
        }
    }

    async fn parameter(&self, reference: &Reference, name: &str) -> Result<SecretString, ReferenceError> {
        let absent = || ReferenceError::Absent(reference.clone());
        match self.parameters.get_parameter().name(name).with_decryption(true).send().await {
            Ok(found) => {
                found.parameter.and_then(|found| found.value).map(SecretString::from).ok_or_else(absent)
            }
            Err(error) if error.code() == Some("ParameterNotFound") => Err(absent()),
            Err(error) => Err(unreadable(reference, &unavailable("SSM", error))),
        }
    }
}

fn unreadable(reference: &Reference, error: &dzinza_ports::StoreError) -> ReferenceError {
    ReferenceError::Unreadable(reference.clone(), error.context().to_owned())
}

/// One text or number of a secret that is a JSON object, as those of databases are.
fn part(reference: &Reference, whole: &SecretString, key: &str) -> Result<SecretString, ReferenceError> {
    use secrecy::ExposeSecret as _;
    let unsuitable = |problem| ReferenceError::Unsuitable(reference.clone(), problem);
    let Ok(Value::Object(mut object)) = serde_json::from_str(whole.expose_secret()) else {
        return Err(unsuitable("is no JSON object, and so has no keys"));
    };
    match object.remove(key) {
        Some(Value::String(text)) => Ok(text.into()),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        Some(_) => Err(unsuitable("is no text")),
        None => Err(unsuitable("has no such key")),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn references_are_told_from_values() {
        let secret = |id: &str, key: Option<&str>| {
            Some(Reference::Secret { id: id.to_owned(), key: key.map(str::to_owned) })
        };
        let arn = "arn:aws:secretsmanager:af-south-1:1:secret:dzinza/db-AbCdEf";
        for (text, reference) in [
            ("secretsmanager:dzinza/jwt", secret("dzinza/jwt", None)),
            (" secretsmanager:dzinza/db#password\n", secret("dzinza/db", Some("password"))),
            (&format!("secretsmanager:{arn}#password"), secret(arn, Some("password"))),
            ("ssm:/dzinza/jwt", Some(Reference::Parameter("/dzinza/jwt".to_owned()))),
            ("postgres://user:ssm:/x@host", None),
            ("", None),
        ] {
            assert_eq!(Reference::of(text), reference, "{text}");
            if let Some(reference) = reference {
                assert_eq!(reference.to_string(), text.trim());
            }
        }
    }

    #[test]
    fn a_part_of_a_secret_is_told_without_the_rest() {
        let whole = SecretString::from(r#"{"password": "s3cret", "port": 5432, "tags": []}"#);
        let find = |key: &str| {
            let reference = Reference::Secret { id: "db".to_owned(), key: Some(key.to_owned()) };
            part(&reference, &whole, key).map(|found| found.expose_secret().to_owned())
        };
        assert_eq!(find("password").unwrap(), "s3cret");
        assert_eq!(find("port").unwrap(), "5432");
        for key in ["tags", "user"] {
            let error = find(key).unwrap_err().to_string();
            assert!(
                error.contains(&format!("secretsmanager:db#{key}")) && !error.contains("s3cret"),
                "{error}"
            );
        }
    }
}
