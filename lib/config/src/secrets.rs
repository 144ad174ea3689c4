use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rand::RngCore as _;
use secrecy::SecretString;

use crate::Settings;
use crate::aws::AwsKeys;
use crate::environment::is_place;
use crate::providers::ProviderSecrets;
use crate::settings::NOT_LOOKED_AT;
use crate::strength::{SHORTEST, all_different, checked};

/// The secrets of the embedded platform. Printing them prints nothing.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs access tokens.
    pub jwt: SecretString,
    /// Signed access tokens before the key was changed.
    pub previous_jwt: Option<SecretString>,
    /// Signs refresh tokens.
    pub jwt_refresh: SecretString,
    /// Signed refresh tokens before the key was changed.
    pub previous_jwt_refresh: Option<SecretString>,
    /// Signs addresses of files.
    pub blob_key: SecretString,
    /// Seals what no reader of a store may read: second factors, letters with tokens in them.
    pub data_key: SecretString,
    /// Opens what was sealed before the key was changed.
    pub previous_data_key: Option<SecretString>,
    /// Signs in at the mail server.
    pub smtp_password: Option<SecretString>,
    /// The password of the first administrator; by which rules it is good, who makes accounts knows.
    pub seed_admin_password: Option<SecretString>,
    /// Where Redis is, password included.
    pub redis_url: Option<SecretString>,
    /// The password of the Redis that `REDIS_HOST` names.
    pub redis_password: Option<SecretString>,
    /// Who identity providers know us as.
    pub providers: ProviderSecrets,
    /// Who we are at AWS.
    pub aws: Option<AwsKeys>,
}

/// Why the secrets cannot be used, in one line that tells none of them.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// A file cannot be read or made.
    #[error("{name}: {path}: {source}", path = path.display())]
    File {
        /// Which secret.
        name: String,
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Given twice.
    #[error("{0} and {0}_FILE are both set; use one of them")]
    Both(String),
    /// Too short.
    #[error("{0} must have at least {SHORTEST} bytes")]
    Short(String),
    /// Known to everyone.
    #[error("{0} is an example value; make your own, such as with: openssl rand -hex 32")]
    Published(String),
    /// Guessed too easily.
    #[error("{0} repeats itself or has too few different characters; make one with: openssl rand -hex 32")]
    Weak(String),
    /// One secret for two uses.
    #[error("{0} and {1} must differ")]
    Equal(String, String),
    /// In production none is made up, nor where there is no folder to keep it in.
    #[error(
        "{0} must be given, or {0}_FILE: no secret is made up in production (APP_ENV), nor without a folder (DZINZA_STORES)"
    )]
    Missing(String),
    /// The place of a value and not the value.
    #[error("{0} {NOT_LOOKED_AT}")]
    NotLookedAt(String),
    /// Half of a pair.
    #[error("{0} is set and {1} is not; set both or neither")]
    Alone(&'static str, &'static str),
}

impl Secrets {
    /// Reads what the environment gives, and the rest from `folder`, where what is missing is made (mode 0600).
    ///
    /// # Errors
    /// If a secret is short, weak, published, equal to another, given twice, missing in production or on servers, or a file cannot be
    /// read or made.
    pub fn load(folder: &Path) -> Result<Self, SecretsError> {
        Self::from_environment(folder, crate::environment::variable)
    }

    /// The same with an environment given as a function.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub fn from_environment(
        folder: &Path,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SecretsError> {
        // Settings that cannot be read are refused by whoever reads them; here the stricter rule holds then.
        let all_given = Settings::from_environment(&get)
            .map_or(true, |settings| settings.is_production() || settings.on_servers());
        let secret = |name: &str, file: &str| match given(name, &get)? {
            Some(value) => Ok(value),
            None if all_given => Err(SecretsError::Missing(name.to_owned())),
            None => checked(name, kept_or_made(name, &folder.join(file))?),
        };
        let secrets = Self {
            jwt: secret("JWT_SECRET", "jwt_secret")?,
            previous_jwt: given("JWT_SECRET_PREVIOUS", &get)?,
            jwt_refresh: secret("JWT_REFRESH_SECRET", "jwt_refresh_secret")?,
            previous_jwt_refresh: given("JWT_REFRESH_SECRET_PREVIOUS", &get)?,
            blob_key: secret("BLOB_SIGNING_KEY", "blob_signing_key")?,
            data_key: secret("DATA_ENCRYPTION_KEY", "data_encryption_key")?,
            previous_data_key: given("DATA_ENCRYPTION_KEY_PREVIOUS", &get)?,
            smtp_password: text("SMTP_PASS", &get)?.filter(|text| !text.is_empty()).map(Into::into),
            seed_admin_password: text("SEED_ADMIN_PASSWORD", &get)?
                .filter(|password| !password.is_empty())
                .map(SecretString::from),
            redis_url: of_others("REDIS_URL", &get)?,
            redis_password: of_others("REDIS_PASSWORD", &get)?,
            providers: ProviderSecrets::from_environment(&get)?,
            aws: AwsKeys::from_environment(&get)?,
        };
        all_different([
            ("JWT_SECRET", Some(&secrets.jwt)),
            ("JWT_REFRESH_SECRET", Some(&secrets.jwt_refresh)),
            ("BLOB_SIGNING_KEY", Some(&secrets.blob_key)),
            ("DATA_ENCRYPTION_KEY", Some(&secrets.data_key)),
            ("JWT_SECRET_PREVIOUS", secrets.previous_jwt.as_ref()),
            ("JWT_REFRESH_SECRET_PREVIOUS", secrets.previous_jwt_refresh.as_ref()),
            ("DATA_ENCRYPTION_KEY_PREVIOUS", secrets.previous_data_key.as_ref()),
        ])?;
        Ok(secrets)
    }
}

/// What the environment gives, in one of two ways.
fn given(name: &str, get: &impl Fn(&str) -> Option<String>) -> Result<Option<SecretString>, SecretsError> {
    text(name, get)?.map(|value| checked(name, value)).transpose()
}

/// The same, whatever it is.
pub(crate) fn text(
    name: &str,
    get: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, SecretsError> {
    match (get(name), get(&format!("{name}_FILE"))) {
        (Some(_), Some(_)) => Err(SecretsError::Both(name.to_owned())),
        (Some(value), None) if is_place(&value) => Err(SecretsError::NotLookedAt(name.to_owned())),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => read(name, Path::new(&path)).map(Some),
        (None, None) => Ok(None),
    }
}

/// A secret that another server chose, however strong; an empty one is none.
pub(crate) fn of_others(
    name: &str,
    get: &impl Fn(&str) -> Option<String>,
) -> Result<Option<SecretString>, SecretsError> {
    let given = text(name, get)?.map(|value| value.trim().to_owned());
    Ok(given.filter(|value| !value.is_empty()).map(SecretString::from))
}

fn read(name: &str, path: &Path) -> Result<String, SecretsError> {
    let text = fs::read_to_string(path).map_err(|source| failed(name, path, source))?;
    Ok(text.trim().to_owned())
}

fn failed(name: &str, path: &Path, source: std::io::Error) -> SecretsError {
    SecretsError::File { name: name.to_owned(), path: path.to_owned(), source }
}

/// Written under another name first: of two processes that start at once, both end up with the same secret.
fn kept_or_made(name: &str, path: &Path) -> Result<String, SecretsError> {
    if path.exists() {
        return read(name, path);
    }
    let made = || -> std::io::Result<()> {
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        let value = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let draft = path.with_extension(format!("draft-{:016x}", rand::rng().next_u64()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(value.as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    made().map_err(|source| failed(name, path, source))?;
    read(name, path)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn secrets_are_made_once_and_kept_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder();
        let first = Secrets::from_environment(folder.path(), |_| None).unwrap();
        let again = Secrets::from_environment(folder.path(), |_| None).unwrap();
        assert_eq!(first.jwt.expose_secret(), again.jwt.expose_secret());
        let mode = fs::metadata(folder.path().join("jwt_secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(first.jwt.expose_secret()));
    }

    fn with(pairs: &[(&str, &str)]) -> Result<Secrets, SecretsError> {
        Secrets::from_environment(folder().path(), |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const A: &str = "8f1c0c9d6f5b4f0f9a7e35d1b2c4a6e8";
    const B: &str = "2b7e151628aed2a6abf7158809cf4f3c";

    #[test]
    fn the_first_administrators_password_comes_from_the_environment_or_a_file_or_not_at_all() {
        let folder = folder();
        let file = folder.path().join("seed_admin_password");
        fs::write(&file, "Mutupo-1890\n").unwrap();
        let file = file.display().to_string();
        let password = |pairs: &[(&str, &str)]| {
            let secrets = Secrets::from_environment(folder.path(), |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            });
            secrets.unwrap().seed_admin_password.map(|password| password.expose_secret().to_owned())
        };
        let expected = Some("Mutupo-1890".to_owned());
        assert_eq!(password(&[("SEED_ADMIN_PASSWORD", "Mutupo-1890")]), expected);
        assert_eq!(password(&[("SEED_ADMIN_PASSWORD_FILE", &file)]), expected);
        assert_eq!(password(&[("SEED_ADMIN_PASSWORD", "")]), None);
        assert_eq!(password(&[]), None);
    }

    #[test]
    fn short_equal_published_and_doubled_secrets_are_refused() {
        let published = "your-super-secret-jwt-key-change-this-in-production";
        assert!(matches!(with(&[("JWT_SECRET", "short")]), Err(SecretsError::Short(_))));
        assert!(matches!(with(&[("JWT_SECRET", published)]), Err(SecretsError::Published(_))));
        assert!(matches!(with(&[("BLOB_SIGNING_KEY", &"x".repeat(40))]), Err(SecretsError::Weak(_))));
        assert!(matches!(with(&[("JWT_SECRET", A), ("JWT_SECRET_FILE", "x")]), Err(SecretsError::Both(_))));
        assert!(matches!(with(&[("JWT_SECRET_FILE", "/nowhere/at/all")]), Err(SecretsError::File { .. })));
        let names = [
            "JWT_SECRET",
            "JWT_REFRESH_SECRET",
            "BLOB_SIGNING_KEY",
            "DATA_ENCRYPTION_KEY",
            "JWT_SECRET_PREVIOUS",
            "JWT_REFRESH_SECRET_PREVIOUS",
            "DATA_ENCRYPTION_KEY_PREVIOUS",
        ];
        for (place, one) in names.iter().enumerate() {
            for other in &names[place + 1..] {
                let refused = with(&[(one, A), (other, A)]).unwrap_err().to_string();
                assert!(
                    refused.contains(one) && refused.contains(other) && !refused.contains(A),
                    "{refused}"
                );
            }
        }
    }

    #[test]
    fn former_keys_and_those_of_redis_are_read_and_need_not_be_there() {
        let passed = |pairs| with(pairs).unwrap().smtp_password.map(|text| text.expose_secret().to_owned());
        assert_eq!(passed(&[("SMTP_PASS", "short is fine")]).as_deref(), Some("short is fine"));
        assert_eq!((passed(&[("SMTP_PASS", "")]), passed(&[])), (None, None));
        let none = with(&[]).unwrap();
        assert!(none.previous_jwt.is_none() && none.previous_jwt_refresh.is_none());
        assert!(none.redis_url.is_none() && none.redis_password.is_none());
        let some = with(&[
            ("JWT_SECRET_PREVIOUS", A),
            ("JWT_REFRESH_SECRET_PREVIOUS", B),
            ("REDIS_PASSWORD", "short"),
            ("REDIS_URL", "  "),
        ])
        .unwrap();
        assert_eq!(some.previous_jwt.unwrap().expose_secret(), A);
        assert_eq!(some.previous_jwt_refresh.unwrap().expose_secret(), B);
        assert_eq!(some.redis_password.unwrap().expose_secret(), "short");
        assert!(some.redis_url.is_none());
    }

    #[test]
    fn in_production_every_secret_is_given() {
        let base = [
            ("PUBLIC_TLS", "true"),
            ("PUBLIC_API_URL", "https://api.example.org"),
            ("ALLOWED_ORIGINS", "https://app.example.org"),
        ];
        let all = [
            ("JWT_SECRET", A),
            ("JWT_REFRESH_SECRET", B),
            ("BLOB_SIGNING_KEY", "603deb1015ca71be2b73aef0857d7781"),
            ("DATA_ENCRYPTION_KEY", "1f352c073b6108d72d9810a30914dff4"),
        ];
        for environment in ["APP_ENV", "NODE_ENV", "PYTHON_ENV"] {
            let production = [&base[..], &[(environment, "production")]].concat();
            assert!(with(&[&production[..], &all].concat()).is_ok());
            for missing in 0..all.len() {
                let others = all.iter().enumerate().filter(|(place, _)| *place != missing);
                let some: Vec<_> = production.iter().chain(others.map(|(_, pair)| pair)).copied().collect();
                let refused = with(&some).unwrap_err();
                assert!(matches!(refused, SecretsError::Missing(name) if name == all[missing].0));
            }
        }
    }
}
