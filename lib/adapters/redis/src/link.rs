//! One connection that all callers share, and what counts as having lost it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use dzinza_ports::{StoreError, StoreErrorKind};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Whoever waits for longer than this waits for a Redis that is dead.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);
/// Connecting, and bringing what gathered meanwhile: nobody waits for these.
pub(crate) const BACKGROUND_PATIENCE: Duration = Duration::from_secs(3);

/// Where a Redis is, what it wants to hear from us, and whose certificates we believe. Printing it prints no password.
#[derive(Clone)]
pub struct RedisAddress {
    info: ConnectionInfo,
    /// Certificates of authorities as PEM; those of the system if there are none.
    authorities: Option<Vec<u8>>,
}

/// An address that leads to no Redis. Does not repeat the address, as a password may be part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address of Redis.
    #[error("must be an address such as redis://:password@host:6379/0")]
    Malformed,
    /// Whoever is on the way could answer in its place.
    #[error("must not ask for TLS without checking certificates")]
    Unchecked,
    /// Not the certificates of authorities.
    #[error("must hold the certificates of authorities as PEM")]
    Authorities,
    /// Certificates would be of no use.
    #[error("needs an address with TLS, such as rediss://:password@host:6379/0")]
    WithoutTls,
}

impl std::fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisAddress({})", self.info.addr())
    }
}

impl RedisAddress {
    /// `redis://[user][:password@]host[:port][/database]`, the same with `rediss:` for TLS, or `redis+unix:///path`.
    ///
    /// # Errors
    /// If it is none of these, or asks for TLS without checking certificates.
    pub fn of_url(url: &str) -> Result<Self, AddressError> {
        let info = url.trim().into_connection_info().map_err(|_| AddressError::Malformed)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(AddressError::Unchecked);
        }
        Ok(Self { info, authorities: None })
    }

    /// The same, where no certificates are believed but those that these authorities (PEM) have signed.
    ///
    /// # Errors
    /// If these are no certificates, or the address is not one with TLS.
    pub fn trusting(self, authorities: &[u8]) -> Result<Self, AddressError> {
        if !matches!(self.info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(AddressError::WithoutTls);
        }
        let mut certificates = CertificateDer::pem_slice_iter(authorities).peekable();
        // Without any nobody would be believed, and nobody told why.
        if certificates.peek().is_none() || certificates.any(|read| read.is_err()) {
            return Err(AddressError::Authorities);
        }
        let trusting = Self { authorities: Some(authorities.to_vec()), ..self };
        trusting.clone().client().map_err(|_| AddressError::Authorities)?;
        Ok(trusting)
    }

    fn client(self) -> RedisResult<Client> {
        let Self { info, authorities } = self;
        if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Client::open(info);
        }
        // The library takes that of the process. An error says that there is one, which is as well.
        let _present = rustls::crypto::ring::default_provider().install_default();
        Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: authorities })
    }

    /// A host by name or address, the number of a database, and a password if it wants one.
    ///
    /// # Errors
    /// If the host is empty.
    pub fn of_host(
        host: &str,
        port: u16,
        database: u32,
        password: Option<&str>,
    ) -> Result<Self, AddressError> {
        let host = host.trim();
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(AddressError::Malformed);
        }
        let mut settings = RedisConnectionInfo::default().set_db(i64::from(database));
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        let info = (host, port).into_connection_info().map_err(|_| AddressError::Malformed)?;
        Ok(Self { info: info.set_redis_settings(settings), authorities: None })
    }
}

struct Live {
    number: u64,
    connection: MultiplexedConnection,
}

/// The connection while there is one.
pub(crate) struct Link {
    client: Client,
    live: RwLock<Option<Live>>,
    made: AtomicU64,
}

impl Link {
    pub(crate) fn new(address: RedisAddress) -> Result<Self, AddressError> {
        let client = address.client().map_err(|_| AddressError::Malformed)?;
        Ok(Self { client, live: RwLock::new(None), made: AtomicU64::new(0) })
    }

    pub(crate) fn is_up(&self) -> bool {
        self.live.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Makes a new connection. `greet` says whether it is of use; only then do others get it.
    pub(crate) async fn connect<T, F>(
        &self,
        greet: impl FnOnce(MultiplexedConnection) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let connecting = async {
            // Each call has a time limit of its own, see `ask`.
            let config = AsyncConnectionConfig::new().set_response_timeout(None);
            let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            Ok((greet(connection.clone()).await?, connection))
        };
        let (greeting, connection) = within(BACKGROUND_PATIENCE, connecting).await.map_err(store_error)?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(Live { number, connection });
        Ok(greeting)
    }

    /// Asks something of Redis, if it is there. An error that leaves the connection in doubt ends it, for everybody.
    pub(crate) async fn ask<T, F>(
        &self,
        patience: Duration,
        question: impl FnOnce(MultiplexedConnection) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let live = {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            live.as_ref().map(|live| (live.number, live.connection.clone()))
        };
        let Some((number, connection)) = live else {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "redis: not connected"));
        };
        within(patience, question(connection)).await.map_err(|error| {
            let error = store_error(error);
            if error.kind() == StoreErrorKind::Unavailable {
                self.lose(number);
            }
            error
        })
    }

    /// Of many callers that fail on one connection the first ends it; one that was made since stays.
    fn lose(&self, number: u64) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| live.number == number) {
            *live = None;
        }
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = RedisResult<T>> + Send) -> RedisResult<T> {
    match tokio::time::timeout(patience, work).await {
        Ok(result) => result,
        Err(_) => Err((ErrorKind::Io, "no answer in time").into()),
    }
}

/// Whatever is not about what lies under one key is about Redis as a whole: gone, loading, read-only, full, or it does
/// not let us in.
fn store_error(error: RedisError) -> StoreError {
    let about_one_key = matches!(error.kind(), ErrorKind::UnexpectedReturnType | ErrorKind::Parse)
        || error.code() == Some("WRONGTYPE");
    let kind = if about_one_key { StoreErrorKind::Corrupt } else { StoreErrorKind::Unavailable };
    StoreError::with_source(kind, "redis", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_never_repeated() {
        for url in ["redis://host", "redis://:secret@host:6380/3", " redis://u:secret@127.0.0.1 "] {
            let address = RedisAddress::of_url(url).unwrap();
            assert!(!format!("{address:?}").contains("secret"));
        }
        let address = RedisAddress::of_url("redis://:secret@host:6380/3").unwrap();
        assert_eq!(address.info.redis_settings().db(), 3);
        assert_eq!(address.info.redis_settings().password(), Some("secret"));
        for url in ["", "host:6379", "http://host", "redis://host/many"] {
            let error = RedisAddress::of_url(url).unwrap_err();
            assert_eq!(error, AddressError::Malformed, "{url}");
        }
        let unchecked = RedisAddress::of_url("rediss://:secret@host/0#insecure").unwrap_err();
        assert_eq!(unchecked, AddressError::Unchecked);
    }

    #[test]
    fn authorities_are_certificates_and_of_use_with_tls_alone() {
        let with_tls = || RedisAddress::of_url("rediss://:secret@host").unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for none in ["", "secret", broken] {
            assert_eq!(
                with_tls().trusting(none.as_bytes()).unwrap_err(),
                AddressError::Authorities,
                "{none}"
            );
        }
        let without = RedisAddress::of_url("redis://host").unwrap();
        assert_eq!(without.trusting(b"").unwrap_err(), AddressError::WithoutTls);
    }

    #[test]
    fn a_host_has_a_database_and_perhaps_a_password() {
        let address = RedisAddress::of_host("cache", 6379, 2, Some("p@ss/word")).unwrap();
        assert_eq!(address.info.redis_settings().db(), 2);
        assert_eq!(address.info.redis_settings().password(), Some("p@ss/word"));
        assert_eq!(address.info.addr().to_string(), "cache:6379");
        assert!(RedisAddress::of_host(" ", 6379, 0, None).is_err());
        assert!(RedisAddress::of_host("redis://cache", 6379, 0, None).is_err());
    }
}
