//! Who identity providers know us as: given by them, so of whatever length they like.

use secrecy::SecretString;

use crate::secrets::{SecretsError, of_others};

/// What identity providers gave us. Printing it prints nothing.
#[derive(Debug, Clone, Default)]
pub struct ProviderSecrets {
    /// Google's client id and secret.
    pub google: Option<(SecretString, SecretString)>,
    /// Facebook's app id and secret.
    pub facebook: Option<(SecretString, SecretString)>,
    /// The secret of the issuer that `OIDC_ISSUER` names.
    pub oidc: Option<SecretString>,
}

impl ProviderSecrets {
    /// Reads an environment given as a function.
    ///
    /// # Errors
    /// If one of a pair is missing, one is given twice, or a file cannot be read.
    pub(crate) fn from_environment(get: &impl Fn(&str) -> Option<String>) -> Result<Self, SecretsError> {
        Ok(Self {
            google: pair("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", get)?,
            facebook: pair("FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET", get)?,
            oidc: of_others("OIDC_CLIENT_SECRET", get)?,
        })
    }
}

fn pair(
    id: &'static str,
    secret: &'static str,
    get: &impl Fn(&str) -> Option<String>,
) -> Result<Option<(SecretString, SecretString)>, SecretsError> {
    match (of_others(id, get)?, of_others(secret, get)?) {
        (Some(id), Some(secret)) => Ok(Some((id, secret))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(SecretsError::Alone(id, secret)),
        (None, Some(_)) => Err(SecretsError::Alone(secret, id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<ProviderSecrets, SecretsError> {
        ProviderSecrets::from_environment(&|name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_pair_is_whole_or_not_there() {
        let both = with(&[("GOOGLE_CLIENT_ID", "id"), ("GOOGLE_CLIENT_SECRET", "s")]).unwrap();
        assert!(both.google.is_some() && both.facebook.is_none() && both.oidc.is_none());
        assert!(with(&[("GOOGLE_CLIENT_ID", ""), ("GOOGLE_CLIENT_SECRET", " ")]).unwrap().google.is_none());
        for name in ["GOOGLE_CLIENT_ID", "FACEBOOK_APP_SECRET"] {
            assert!(with(&[(name, "x")]).unwrap_err().to_string().starts_with(name));
        }
    }
}
