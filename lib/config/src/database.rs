//! Where the accounts are, if not in the data folder.

use std::fs;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::{SecretsError, Settings};

/// A database on PostgreSQL. Printing it prints no password.
#[derive(Debug, Clone)]
pub enum Database {
    /// `DATABASE_URL`.
    Url(SecretString),
    /// `DB_HOST` and what goes with it.
    Parts {
        /// Name or address, or the folder of a socket.
        host: String,
        /// Its port.
        port: u16,
        /// The database.
        name: String,
        /// Who connects.
        user: String,
        /// If one is asked for.
        password: Option<SecretString>,
    },
}

impl Settings {
    /// The database that `DATABASE_URL` or else `DB_HOST` names; none if neither is set.
    ///
    /// # Errors
    /// If a secret is given twice, or its file cannot be read.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn database(&self) -> Result<Option<Database>, SecretsError> {
        self.database_from(|name| std::env::var(name).ok())
    }

    /// The same with an environment given as a function.
    ///
    /// # Errors
    /// As [`Settings::database`].
    pub fn database_from(
        &self,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Database>, SecretsError> {
        if let Some(url) = text("DATABASE_URL", &get)? {
            return Ok(Some(Database::Url(url.into())));
        }
        if self.db_host.is_empty() {
            return Ok(None);
        }
        Ok(Some(Database::Parts {
            host: self.db_host.clone(),
            port: self.db_port,
            name: self.db_name.clone(),
            user: self.db_user.clone(),
            password: text("DB_PASSWORD", &get)?.map(SecretString::from),
        }))
    }
}

/// A secret that another server chose, however strong; an empty one is none.
fn text(name: &str, get: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, SecretsError> {
    let value = match (get(name), get(&format!("{name}_FILE"))) {
        (Some(_), Some(_)) => return Err(SecretsError::Both(name.to_owned())),
        (Some(value), None) => value,
        (None, None) => return Ok(None),
        (None, Some(path)) => {
            let path = PathBuf::from(path);
            fs::read_to_string(&path).map_err(|source| SecretsError::File {
                name: name.to_owned(),
                path,
                source,
            })?
        }
    };
    let value = value.trim();
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Option<Database>, SecretsError> {
        let get =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::from_environment(get).unwrap().database_from(get)
    }

    #[test]
    fn none_is_named_by_default_nor_by_empty_values() {
        assert!(with(&[]).unwrap().is_none());
        assert!(with(&[("DATABASE_URL", " "), ("DB_HOST", ""), ("DB_PASSWORD", "x")]).unwrap().is_none());
    }

    #[test]
    fn an_address_comes_first_and_is_never_shown() {
        let found =
            with(&[("DATABASE_URL", "postgres://u:secret@h/d"), ("DB_HOST", "other")]).unwrap().unwrap();
        assert!(!format!("{found:?}").contains("secret"));
        assert!(matches!(found, Database::Url(url) if url.expose_secret() == "postgres://u:secret@h/d"));
    }

    #[test]
    fn its_parts_have_the_defaults_of_older_versions_and_a_password_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "secret\n").unwrap();
        let path = file.path().display().to_string();
        let found = with(&[("DB_HOST", "db"), ("DB_PASSWORD_FILE", &path)]).unwrap().unwrap();
        assert!(!format!("{found:?}").contains("secret"));
        let Database::Parts { host, port, name, user, password } = found else { panic!("parts") };
        assert_eq!((&*host, port, &*name, &*user), ("db", 5432, "dzinza_db", "dzinza_user"));
        assert_eq!(password.unwrap().expose_secret(), "secret");
        let twice = with(&[("DB_HOST", "db"), ("DB_PASSWORD_FILE", &path), ("DB_PASSWORD", "x")]);
        assert!(matches!(twice, Err(SecretsError::Both(_))));
    }
}
