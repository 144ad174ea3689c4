//! Where the accounts are, if not in the data folder.

use secrecy::SecretString;

use crate::secrets::of_others;
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
    pub fn database(&self) -> Result<Option<Database>, SecretsError> {
        self.database_from(crate::environment::variable)
    }

    /// The same with an environment given as a function.
    ///
    /// # Errors
    /// As [`Settings::database`].
    pub fn database_from(
        &self,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Database>, SecretsError> {
        if let Some(url) = of_others("DATABASE_URL", &get)? {
            return Ok(Some(Database::Url(url)));
        }
        if self.db_host.is_empty() {
            return Ok(None);
        }
        Ok(Some(Database::Parts {
            host: self.db_host.clone(),
            port: self.db_port,
            name: self.db_name.clone(),
            user: self.db_user.clone(),
            password: of_others("DB_PASSWORD", &get)?,
        }))
    }
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
        std::fs::write(file.path(), "secret\n").unwrap();
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
