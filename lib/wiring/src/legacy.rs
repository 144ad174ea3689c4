//! Where older programs left their trees.

use std::sync::Arc;

use dzinza_ports::Legacy;
use secrecy::SecretString;

use crate::OpenError;

/// An address of theirs. May have a password in it.
#[derive(Debug, Clone)]
pub enum LegacyPlace {
    /// The database of the genealogy services.
    #[cfg(feature = "mongo")]
    Mongodb(SecretString),
    /// The database of the gateway.
    #[cfg(feature = "postgres")]
    Postgres(SecretString),
}

/// What is there. Nothing is asked of the network yet, and nothing will ever be written.
///
/// # Errors
/// If that is no address.
pub fn legacy(place: &LegacyPlace) -> Result<Arc<dyn Legacy>, OpenError> {
    match place {
        #[cfg(feature = "mongo")]
        LegacyPlace::Mongodb(url) => {
            use secrecy::ExposeSecret as _;
            let address = dzinza_mongo::MongoAddress::new(url.expose_secret(), None, None);
            let address = address.map_err(|error| OpenError::Mongodb {
                variable: "--from-mongo",
                problem: error.to_string(),
            })?;
            Ok(Arc::new(dzinza_mongo::MongoLegacy::new(address)))
        }
        #[cfg(feature = "postgres")]
        LegacyPlace::Postgres(url) => {
            let options = dzinza_postgres::Server::Url(url.clone()).options();
            let options = options.map_err(|_| {
                OpenError::Database("--from-postgres is not an address of PostgreSQL".to_owned())
            })?;
            let ids = Arc::new(dzinza_ports::SystemIds);
            Ok(Arc::new(dzinza_postgres::PgAccounts::new(options, 2, ids)))
        }
    }
}
