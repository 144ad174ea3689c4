//! MongoDB in place of the data folder for documents, where the settings name one.

use std::sync::Arc;

use dzinza_config::Mongodb;
use dzinza_ports::{Archives, Clock, Documents, Ids, Queue};

use crate::{Health, OpenError};

/// Documents on MongoDB, and with the accounts of elsewhere what archives are made of.
pub(crate) struct Mongo {
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) archives: Arc<dyn Archives>,
    pub(crate) health: Health,
}

#[cfg(feature = "mongo")]
pub(crate) fn open(
    named: &Mongodb,
    given: (Arc<dyn Clock>, Arc<dyn Ids>),
    queue: Arc<dyn Queue>,
    accounts: Arc<dyn Archives>,
) -> Result<Mongo, OpenError> {
    use dzinza_domain::{collections, import};
    use dzinza_mongo::{AddressError, MongoAddress, MongoArchives, MongoStore};
    use secrecy::ExposeSecret as _;

    let password = named.password.as_ref().map(secrecy::SecretString::expose_secret);
    let address = MongoAddress::new(named.url.expose_secret(), password, Some(&named.database));
    let address = address.map_err(|error| {
        let variable = if error == AddressError::Database { "MONGODB_DATABASE_NAME" } else { named.variable };
        OpenError::Mongodb { variable, problem: error.to_string() }
    })?;
    let queues = (queue, &[import::JOBS_QUEUE][..]);
    let store = MongoStore::open(address, given, collections::ALL, queues)?;
    let asked = store.clone();
    let health: Health = Arc::new(move || {
        let store = asked.clone();
        Box::pin(async move { store.check().await })
    });
    let archives = Arc::new(MongoArchives::new(store.clone(), accounts));
    Ok(Mongo { documents: store, archives, health })
}

/// Whoever names a MongoDB must not believe that it is used.
#[cfg(not(feature = "mongo"))]
pub(crate) fn open(
    named: &Mongodb,
    _: (Arc<dyn Clock>, Arc<dyn Ids>),
    _: Arc<dyn Queue>,
    _: Arc<dyn Archives>,
) -> Result<Mongo, OpenError> {
    let problem = "is set, but this program was built without MongoDB (cargo feature `mongo`)".to_owned();
    Err(OpenError::Mongodb { variable: named.variable, problem })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::Stores;

    fn refused(url: &str, password: Option<&str>, database: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let stores = Stores::open(folder.path()).unwrap();
        let named = Mongodb {
            variable: "MONGODB_URL",
            url: SecretString::from(url),
            password: password.map(SecretString::from),
            database: database.to_owned(),
        };
        let given = (stores.clock, stores.ids);
        open(&named, given, stores.queue, stores.archives).err().map(|error| error.to_string())
    }

    #[cfg(not(feature = "mongo"))]
    #[test]
    fn without_the_feature_a_mongodb_that_is_named_is_an_error() {
        let refused = refused("mongodb://u:s3cret@h", None, "").unwrap();
        assert!(refused.contains("MONGODB_URL") && refused.contains("built without MongoDB"), "{refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }

    #[cfg(feature = "mongo")]
    #[test]
    fn addresses_that_lead_nowhere_are_refused_by_name_and_without_password() {
        for (url, password, database, tells) in [
            ("http://u:s3cret@h", None, "", "MONGODB_URL must be an address"),
            ("mongodb://h", Some("s3cret"), "", "MONGODB_URL has no user name"),
            ("mongodb://u:s3cret@h", None, "a b", "MONGODB_DATABASE_NAME the name"),
        ] {
            let refused = refused(url, password, database).unwrap();
            assert!(refused.contains(tells) && !refused.contains("s3cret"), "{refused}");
        }
        assert_eq!(refused("mongodb://nobody.invalid:1", None, ""), None, "nothing is asked of the network");
    }
}
