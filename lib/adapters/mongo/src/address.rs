//! Where a MongoDB is, and what it wants to hear from us.

use std::time::Duration;

use mongodb::bson::Document;
use mongodb::options::{Acknowledgment, ClientOptions, ConnectionString, WriteConcern};
use secrecy::{ExposeSecret as _, SecretString};

/// Whoever waits for longer than this waits for a database that is away.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_NAME: usize = 63;
const DEFAULT_DATABASE: &str = "dzinza_genealogy";

/// An address that was looked at; nothing has been asked of the network. Printing it prints no password.
#[derive(Clone)]
pub struct MongoAddress {
    url: SecretString,
    password: Option<SecretString>,
    database: String,
    /// What the address itself says of these.
    has_patience: bool,
    has_concern: bool,
}

/// An address that leads to no MongoDB. Does not repeat the address, as a password may be part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address of MongoDB.
    #[error("must be an address such as mongodb://user@host:27017/?replicaSet=rs0 ({0})")]
    Malformed(String),
    /// A password, and nobody whose it is.
    #[error("has no user name, but a password is set")]
    NoUser,
    /// It asks for writes that may be lost.
    #[error("asks for w=0, with which writes get lost")]
    Unacknowledged,
    /// Not the name of a database.
    #[error("the name of the database must be 1 to 63 letters, digits, _ and -")]
    Database,
}

impl std::fmt::Debug for MongoAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MongoAddress({})", self.database)
    }
}

impl MongoAddress {
    /// `mongodb://` or `mongodb+srv://`, a password for its user unless it has one, and a database: this one, the one of
    /// the address, or `dzinza_genealogy`.
    ///
    /// # Errors
    /// If that is no address, or asks for what cannot be had.
    pub fn new(url: &str, password: Option<&str>, database: Option<&str>) -> Result<Self, AddressError> {
        let url = url.trim();
        let parsed = ConnectionString::parse(url).map_err(|error| malformed(&error, url))?;
        let user = parsed.credential.as_ref();
        if password.is_some() && user.is_none_or(|user| user.username.is_none()) {
            return Err(AddressError::NoUser);
        }
        let own = user.is_some_and(|user| user.password.is_some());
        let concern = parsed.write_concern.as_ref();
        if concern.is_some_and(|concern| concern.w == Some(Acknowledgment::Nodes(0))) {
            return Err(AddressError::Unacknowledged);
        }
        let named = database.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        let database = named.or(parsed.default_database).unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let plain = database.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !plain || database.len() > LONGEST_NAME {
            return Err(AddressError::Database);
        }
        Ok(Self {
            url: SecretString::from(url),
            password: password.filter(|_| !own).map(SecretString::from),
            database,
            has_patience: parsed.server_selection_timeout.is_some(),
            has_concern: concern.is_some_and(|concern| concern.w.is_some()),
        })
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// As the driver wants it. Of `mongodb+srv` this asks the name servers.
    pub(crate) async fn options(&self) -> mongodb::error::Result<ClientOptions> {
        let mut options = ClientOptions::parse(self.url.expose_secret()).await?;
        if let (Some(credential), Some(password)) = (&mut options.credential, &self.password) {
            credential.password = Some(password.expose_secret().to_owned());
        }
        options.app_name.get_or_insert_with(|| "dzinza".to_owned());
        if !self.has_patience {
            options.server_selection_timeout = Some(PATIENCE);
        }
        options.connect_timeout.get_or_insert(PATIENCE);
        if !self.has_concern {
            options.write_concern = Some(WriteConcern::majority());
        }
        Ok(options)
    }
}

/// What the driver says of it, unless that could repeat a part of it.
fn malformed(error: &mongodb::error::Error, url: &str) -> AddressError {
    use mongodb::error::ErrorKind;
    let said = match error.kind.as_ref() {
        ErrorKind::InvalidArgument { message, .. } if !url.contains('@') => message.clone(),
        _ => "it cannot be read as one".to_owned(),
    };
    AddressError::Malformed(said)
}

/// What asks whether it is there.
pub(crate) fn ping() -> Document {
    mongodb::bson::doc! { "ping": 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_without_a_network_and_never_repeated() {
        let address =
            MongoAddress::new("mongodb://u:s3cret@db.example:1/there?authSource=admin", None, None).unwrap();
        assert_eq!(address.database(), "there");
        assert!(!format!("{address:?}").contains("s3cret"));
        let address = MongoAddress::new("mongodb+srv://u@db.example", Some("p@ss"), Some(" named ")).unwrap();
        assert_eq!(address.database(), "named");
        assert_eq!(
            MongoAddress::new("mongodb://localhost", None, Some("")).unwrap().database(),
            "dzinza_genealogy"
        );
        for url in ["", "localhost", "http://u:s3cret@x", "mongodb://u:s3cret@x:port", "mongodb://u:s3cret@/"]
        {
            let refused = MongoAddress::new(url, None, None).unwrap_err().to_string();
            assert!(
                refused.contains("mongodb://user@host") && !refused.contains("s3cret"),
                "{url}: {refused}"
            );
        }
        assert_eq!(MongoAddress::new("mongodb://x", Some("p"), None).unwrap_err(), AddressError::NoUser);
        assert_eq!(
            MongoAddress::new("mongodb://x/?w=0", None, None).unwrap_err(),
            AddressError::Unacknowledged
        );
        assert_eq!(MongoAddress::new("mongodb://x", None, Some("a/b")).unwrap_err(), AddressError::Database);
    }

    #[tokio::test]
    async fn a_password_beside_the_address_is_its_users() {
        let address = MongoAddress::new("mongodb://u@localhost", Some("p@ss/word"), None).unwrap();
        let options = address.options().await.unwrap();
        assert_eq!(options.credential.unwrap().password.as_deref(), Some("p@ss/word"));
        assert_eq!(options.server_selection_timeout, Some(PATIENCE));
        assert_eq!(options.write_concern, Some(WriteConcern::majority()));
    }
}
