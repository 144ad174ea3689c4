//! Where the documents are, if not in the data folder.

use secrecy::SecretString;

use crate::secrets::of_others;
use crate::{SecretsError, Settings};

/// A MongoDB. Printing it prints no password.
#[derive(Debug, Clone)]
pub struct Mongodb {
    /// The variable that says where it is.
    pub variable: &'static str,
    /// What it says.
    pub url: SecretString,
    /// The password of the user in it, if it has none itself.
    pub password: Option<SecretString>,
    /// The database; empty for the one that the address names.
    pub database: String,
}

impl Settings {
    /// The MongoDB that `MONGODB_URL` names, or `MONGODB_URI`, as it was called before; none if neither is set.
    ///
    /// # Errors
    /// If a secret is given twice, or its file cannot be read.
    pub fn mongodb(&self) -> Result<Option<Mongodb>, SecretsError> {
        self.mongodb_from(crate::environment::variable)
    }

    /// The same with an environment given as a function.
    ///
    /// # Errors
    /// As [`Settings::mongodb`].
    pub fn mongodb_from(
        &self,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Mongodb>, SecretsError> {
        for variable in ["MONGODB_URL", "MONGODB_URI"] {
            if let Some(url) = of_others(variable, &get)? {
                let password = of_others("MONGODB_PASSWORD", &get)?;
                let database = self.mongodb_database_name.trim().to_owned();
                return Ok(Some(Mongodb { variable, url, password, database }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Option<Mongodb>, SecretsError> {
        let get =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::from_environment(get).unwrap().mongodb_from(get)
    }

    #[test]
    fn none_is_named_by_default_nor_by_empty_values() {
        assert!(with(&[]).unwrap().is_none());
        assert!(
            with(&[("MONGODB_URL", " "), ("MONGODB_URI", ""), ("MONGODB_PASSWORD", "x")]).unwrap().is_none()
        );
    }

    #[test]
    fn both_names_are_read_and_the_password_may_be_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let file = file.path().to_str().unwrap();
        for name in ["MONGODB_URL", "MONGODB_URI"] {
            let found = with(&[
                (name, "mongodb://u@h"),
                ("MONGODB_PASSWORD_FILE", file),
                ("MONGODB_DATABASE_NAME", "d"),
            ]);
            let found = found.unwrap().unwrap();
            assert_eq!((found.variable, found.database.as_str()), (name, "d"));
            assert_eq!(found.password.as_ref().unwrap().expose_secret(), "secret");
            assert!(!format!("{found:?}").contains("secret") && found.url.expose_secret() == "mongodb://u@h");
        }
        let twice = with(&[
            ("MONGODB_URL", "mongodb://h"),
            ("MONGODB_PASSWORD", "x"),
            ("MONGODB_PASSWORD_FILE", file),
        ]);
        assert!(twice.unwrap_err().to_string().contains("MONGODB_PASSWORD"));
    }
}
