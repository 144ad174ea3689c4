use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};

/// Keys of at least this many bytes (RFC 7518, 3.2).
const SHORTEST: usize = 32;
/// Values that stand in public repositories of this platform's earlier versions.
const PUBLISHED: &[&str] = &[
    "your-super-secret-jwt-key-change-this-in-production",
    "your-super-secret-refresh-key-change-this-in-production",
    "your-secret-key-change-in-production",
    "dev-jwt-secret-key-change-in-production",
];

/// The secrets of the embedded platform. Printing them prints nothing.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs access tokens.
    pub jwt: SecretString,
    /// Signs refresh tokens.
    pub jwt_refresh: SecretString,
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
    #[error("{0} is a published example value; make your own")]
    Published(String),
    /// One secret for two uses.
    #[error("JWT_SECRET and JWT_REFRESH_SECRET must differ")]
    Equal,
}

impl Secrets {
    /// Reads what the environment gives, and the rest from `folder`, where what is missing is made (mode 0600).
    ///
    /// # Errors
    /// If a secret is short, published, equal to another, given twice, or a file cannot be read or made.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn load(folder: &Path) -> Result<Self, SecretsError> {
        Self::from_environment(folder, |name| std::env::var(name).ok())
    }

    /// The same with an environment given as a function.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub fn from_environment(
        folder: &Path,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SecretsError> {
        let secrets = Self {
            jwt: secret("JWT_SECRET", folder, "jwt_secret", &get)?,
            jwt_refresh: secret("JWT_REFRESH_SECRET", folder, "jwt_refresh_secret", &get)?,
            blob_key: secret("BLOB_SIGNING_KEY", folder, "blob_signing_key", &get)?,
            data_key: secret("DATA_ENCRYPTION_KEY", folder, "data_encryption_key", &get)?,
            previous_data_key: given("DATA_ENCRYPTION_KEY_PREVIOUS", &get)?,
            smtp_password: told("SMTP_PASS", &get)?.filter(|text| !text.is_empty()).map(Into::into),
            seed_admin_password: told("SEED_ADMIN_PASSWORD", &get)?
                .filter(|password| !password.is_empty())
                .map(SecretString::from),
        };
        if secrets.jwt.expose_secret() == secrets.jwt_refresh.expose_secret() {
            return Err(SecretsError::Equal);
        }
        Ok(secrets)
    }
}

fn secret(
    name: &str,
    folder: &Path,
    file: &str,
    get: &impl Fn(&str) -> Option<String>,
) -> Result<SecretString, SecretsError> {
    match given(name, get)? {
        Some(value) => Ok(value),
        None => checked(name, kept_or_made(name, &folder.join(file))?),
    }
}

/// A key of ours that the environment gives.
fn given(name: &str, get: &impl Fn(&str) -> Option<String>) -> Result<Option<SecretString>, SecretsError> {
    told(name, get)?.map(|value| checked(name, value)).transpose()
}

/// What the environment gives, in one of two ways.
fn told(name: &str, get: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, SecretsError> {
    match (get(name), get(&format!("{name}_FILE"))) {
        (Some(_), Some(_)) => Err(SecretsError::Both(name.to_owned())),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => read(name, Path::new(&path)).map(Some),
        (None, None) => Ok(None),
    }
}

fn checked(name: &str, value: String) -> Result<SecretString, SecretsError> {
    if value.len() < SHORTEST {
        return Err(SecretsError::Short(name.to_owned()));
    }
    if PUBLISHED.contains(&value.as_str()) {
        return Err(SecretsError::Published(name.to_owned()));
    }
    Ok(value.into())
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
    fn weak_equal_published_and_doubled_secrets_are_refused() {
        let folder = folder();
        let long = "x".repeat(32);
        let with = |pairs: &[(&str, &str)]| {
            Secrets::from_environment(folder.path(), |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(matches!(with(&[("JWT_SECRET", "short")]), Err(SecretsError::Short(_))));
        assert!(matches!(with(&[("JWT_SECRET", PUBLISHED[0])]), Err(SecretsError::Published(_))));
        assert!(matches!(
            with(&[("JWT_SECRET", &long), ("JWT_REFRESH_SECRET", &long)]),
            Err(SecretsError::Equal)
        ));
        assert!(matches!(
            with(&[("JWT_SECRET", &long), ("JWT_SECRET_FILE", "x")]),
            Err(SecretsError::Both(_))
        ));
        let passed = |pairs| with(pairs).unwrap().smtp_password.map(|text| text.expose_secret().to_owned());
        assert_eq!(passed(&[("SMTP_PASS", "short is fine")]).as_deref(), Some("short is fine"));
        assert_eq!((passed(&[("SMTP_PASS", "")]), passed(&[])), (None, None));
        assert!(matches!(with(&[("JWT_SECRET_FILE", "/nowhere/at/all")]), Err(SecretsError::File { .. })));
    }
}
