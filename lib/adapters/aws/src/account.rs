//! Who we are at AWS and where it is: what all services share.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until an answer begins, a part of a large upload included.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Keys that were given; without any, the machine's role is asked.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The id.
    pub id: String,
    /// The secret that goes with it.
    pub secret: SecretString,
    /// What temporary keys have beside.
    pub session_token: Option<SecretString>,
}

/// Where to go, and as whom.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// Such as `af-south-1`.
    pub region: String,
    /// Another address than that of AWS, for all services.
    pub endpoint: Option<String>,
    /// Keys; none for those of the machine's role.
    pub keys: Option<Keys>,
}

/// Settings that cannot be used. Repeats none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Not the name of a region.
    #[error("must be a region such as af-south-1")]
    Region,
    /// Not an address.
    #[error("must be an address such as http://127.0.0.1:4566")]
    Endpoint,
}

/// An account in a region. Cheap to clone; all clones share their connections.
#[derive(Debug, Clone)]
pub struct Account {
    sdk: SdkConfig,
}

impl Account {
    /// Makes everything ready without going anywhere.
    ///
    /// # Errors
    /// If the region or the address is none.
    pub fn new(settings: AccountSettings) -> Result<Self, AccountError> {
        let AccountSettings { region, endpoint, keys } = settings;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(plain) {
            return Err(AccountError::Region);
        }
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint)?;
        }
        let region = Region::new(region);
        // The crypto provider of everything else in the program; the SDK's own default would bring a second one.
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let credentials = match keys {
            Some(keys) => SharedCredentialsProvider::new(Credentials::new(
                keys.id,
                keys.secret.expose_secret(),
                keys.session_token.map(|token| token.expose_secret().to_owned()),
                None,
                "settings",
            )),
            None => SharedCredentialsProvider::new(OfTheMachine::new(region.clone(), http.clone())),
        };
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .http_client(http)
            .credentials_provider(credentials)
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts());
        sdk.set_endpoint_url(endpoint);
        Ok(Self { sdk: sdk.build() })
    }

    /// What clients of the SDK are made from.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }
}

/// A client of one service, made when it is first used: making one reads the certificates of all authorities, for which a
/// function that starts has no time.
#[cfg(any(feature = "s3", feature = "sqs", feature = "ses"))]
pub(crate) type Later<C> = std::sync::LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// See [`Later`].
#[cfg(any(feature = "s3", feature = "sqs", feature = "ses"))]
pub(crate) fn later<C>(make: impl FnOnce() -> C + Send + 'static) -> Later<C> {
    Later::new(Box::new(make))
}

/// `http(s)://` and a host.
pub(crate) fn check_endpoint(endpoint: &str) -> Result<(), AccountError> {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"?#@".contains(c);
    let fine = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain));
    if fine { Ok(()) } else { Err(AccountError::Endpoint) }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build()
}

/// The role of the function, container or machine, looked for by the first request that needs it.
#[derive(Debug, Clone)]
struct OfTheMachine {
    config: ProviderConfig,
    region: Region,
    chain: Arc<OnceCell<DefaultCredentialsChain>>,
}

impl OfTheMachine {
    fn new(region: Region, http: SharedHttpClient) -> Self {
        let config = ProviderConfig::default().with_http_client(http).with_region(Some(region.clone()));
        Self { config, region, chain: Arc::default() }
    }

    async fn find(&self) -> aws_credential_types::provider::Result {
        let chain = self.chain.get_or_init(|| {
            DefaultCredentialsChain::builder()
                .region(self.region.clone())
                .configure(self.config.clone())
                .build()
        });
        chain.await.provide_credentials().await
    }
}

impl ProvideCredentials for OfTheMachine {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.find())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(region: &str, endpoint: Option<&str>) -> Result<Account, AccountError> {
        let keys = Keys { id: "AKIAEXAMPLE".into(), secret: "s3cret".into(), session_token: None };
        Account::new(AccountSettings {
            region: region.into(),
            endpoint: endpoint.map(str::to_owned),
            keys: Some(keys),
        })
    }

    #[test]
    fn regions_and_addresses_are_looked_at_without_the_network() {
        assert!(account("af-south-1", None).is_ok());
        assert!(account("garage", Some("http://garage1:39000")).is_ok());
        for region in ["", "AF South", "eu-west-1\n"] {
            assert_eq!(account(region, None).unwrap_err(), AccountError::Region, "{region}");
        }
        for endpoint in ["garage1:39000", "http://", "ftp://x", "http://a b", "http://user:pass@host"] {
            assert_eq!(account("x", Some(endpoint)).unwrap_err(), AccountError::Endpoint, "{endpoint}");
        }
    }

    #[test]
    fn printing_an_account_prints_no_secret() {
        assert!(!format!("{:?}", account("af-south-1", None).unwrap()).contains("s3cret"));
    }
}
