use std::collections::BTreeMap;
use std::path::PathBuf;

use figment::Figment;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};

use crate::environment::is_place;
use crate::files::{defaults, yaml};
use crate::variables::{VARIABLES, Variable};

/// Everything an operator can set. Each field stands in the configuration reference under its variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "operators switch what they switch")]
pub struct Settings {
    /// `development`, `test`, `staging` or `production`.
    pub app_env: String,
    /// The folder of the embedded store.
    pub data: PathBuf,
    /// `folder`, or `servers` if nothing may be kept in it.
    pub stores: String,
    /// Address and port to listen on.
    pub listen: String,
    /// Where functions run: `in-process`, or `runtime-api` for processes of their own.
    pub invoke: String,
    /// Address and port where such processes ask for work.
    pub runtime_api_listen: String,
    /// How many of them are started for each function; 0 if somebody else starts them.
    pub function_replicas: usize,
    /// Folder of their programs; empty for that of this one.
    pub function_programs: PathBuf,
    /// Folder of the built frontend; empty for none.
    pub frontend: String,
    /// Origins of pages that may call from elsewhere.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<String>,
    /// Whether the public address is https.
    pub public_tls: bool,
    /// Where people reach the API, for links in mail.
    pub public_api_url: String,
    /// Where people use the platform, for links in mail; empty if nowhere but at the API.
    pub frontend_url: String,
    /// The page for a new password, with `{token}` in it; empty for our own.
    pub password_reset_url: String,
    /// Where people get help.
    pub support_email: String,
    /// How long a mailed link to set a new password is good, in minutes.
    pub password_reset_expire_minutes: u64,
    /// How long a mailed link that proves an address is good, in hours.
    pub email_verification_expire_hours: u64,
    /// The mail server; empty to write letters into the mail folder.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// Who signs in there; empty for nobody.
    pub smtp_user: String,
    /// TLS from the first byte.
    pub smtp_secure: bool,
    /// STARTTLS.
    pub smtp_tls: bool,
    /// The address of the sender of letters.
    pub from_email: String,
    /// The name of the sender of letters.
    pub from_name: String,
    /// Where identity providers send people back to, if not to the pages.
    pub oauth_redirect_base: String,
    /// What addresses call the issuer that follows.
    pub oidc_name: String,
    /// An OpenID Connect issuer; empty for none.
    pub oidc_issuer: String,
    /// Whom it knows us as.
    pub oidc_client_id: String,
    /// Whether `/api/docs` is served.
    pub enable_swagger: bool,
    /// Whether anyone may sign up.
    pub allow_registration: bool,
    /// Address of the first administrator; nobody if empty.
    pub seed_admin_email: String,
    /// Requests from one address in a window; 0 for no limit.
    pub rate_limit_max_requests: u32,
    /// The window, in milliseconds.
    pub rate_limit_window_ms: u64,
    /// Sign-ups and sign-ins from one address in a quarter of an hour; 0 for no limit.
    pub auth_rate_limit_max_requests: u64,
    /// Life of an access token, in minutes.
    pub access_token_expire_minutes: u64,
    /// Life of a refresh token, in days.
    pub refresh_token_expire_days: u64,
    /// Cost of bcrypt, 4 to 20.
    pub bcrypt_rounds: u32,
    /// Wrong passwords that lock an address.
    pub max_login_attempts: u64,
    /// Length of the first lock, in minutes.
    pub account_lockout_minutes: u64,
    /// How long an account that its owner gave up can be taken back, in days.
    pub account_erasure_days: u64,
    /// What authenticator apps call us.
    pub mfa_issuer: String,
    /// The domain of passkeys; empty for that of the public address.
    pub webauthn_rp_id: String,
    /// Origins of pages that may use passkeys; none for those that may call and are at this domain.
    pub webauthn_origins: Vec<String>,
    /// How long an upload waits for its import, in seconds.
    pub import_wait_seconds: u64,
    /// How long an import can be undone, in days.
    pub import_undo_days: u64,
    /// Memory that warm kin graphs may take, in megabytes; the one that is asked for always fits.
    pub kin_graph_memory_mb: usize,
    /// The host of Redis; empty if limits are counted in the database, or `REDIS_URL` says where it is.
    pub redis_host: String,
    /// Its port.
    pub redis_port: u32,
    /// The number of the database in it.
    pub redis_db: u32,
    /// A file with certificates of authorities (PEM) that its own must be signed by; empty for those of the system.
    pub redis_ca_file: String,
    /// Host of the database that has the accounts; empty for the data folder.
    pub db_host: String,
    /// Its port.
    pub db_port: u16,
    /// The database on it.
    pub db_name: String,
    /// Who connects.
    pub db_user: String,
    /// How many connections at most.
    pub db_pool_size: u32,
    /// Whether a start brings the database to the layout of this program.
    pub auto_migrate: bool,
    /// The database of the documents on MongoDB; empty for the one that its address names.
    pub mongodb_database_name: String,
    /// `smtp`, `ses` or `folder`; empty for `smtp` if there is a server, else `folder`.
    pub mail_transport: String,
    /// What letters by SES go by; empty for nothing.
    pub ses_configuration_set: String,
    /// The region of AWS.
    pub aws_region: String,
    /// Another address than that of AWS; empty for AWS.
    pub aws_endpoint_url: String,
    /// The bucket that has the files; empty for the data folder.
    pub s3_bucket_name: String,
    /// Where it is; empty for AWS.
    pub s3_endpoint_url: String,
    /// Where browsers reach it; empty if through the gateway, or at AWS.
    pub s3_public_endpoint_url: String,
    /// The bucket in the path instead of the host.
    pub s3_force_path_style: bool,
    /// Whether a start makes the bucket.
    pub s3_create_bucket_if_not_exists: bool,
    /// `AES256` or `aws:kms`; empty for the bucket's own.
    pub s3_server_side_encryption: String,
    /// The key for `aws:kms`.
    pub s3_kms_key_id: String,
    /// The SQS queue of jobs; empty for the data folder.
    pub jobs_queue_url: String,
    /// Where it puts what it gives up; empty if nobody needs to know.
    pub jobs_dead_letter_queue_url: String,
    /// Filter of the log, such as `info` or `dzinza=debug,info`.
    pub log_level: String,
    /// `pretty` or `json`.
    pub log_format: String,
    /// Whether traces are sent, if somebody takes them.
    pub enable_tracing: bool,
    /// Who takes them; empty for nobody.
    pub otlp_endpoint: String,
    /// What this process is called; empty for what it is.
    pub otel_service_name: String,
    /// Which traces are kept.
    pub otel_traces_sampler: String,
    /// What share of them; empty for all.
    pub otel_traces_sampler_arg: String,
    /// What function processes do with their metrics.
    pub metrics_form: String,
}

/// Why the settings cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file or a value cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A value is not possible.
    #[error("{variable} {problem}")]
    Impossible {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// What is wrong with a place that stands where a value should.
pub(crate) const NOT_LOOKED_AT: &str = "names a place in Secrets Manager or SSM, where nobody has looked: that takes \
    the cargo feature `secrets`, and is not done for variables that say how to reach AWS";

impl Settings {
    /// Reads the process's own environment.
    ///
    /// # Errors
    /// If something cannot be read, or is not possible.
    pub fn load() -> Result<Self, SettingsError> {
        Self::from_environment(crate::environment::variable)
    }

    /// Reads an environment given as a function.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let settings = Self::unchecked(get)?;
        settings.check()?;
        Ok(settings)
    }

    /// The same, possible or not.
    pub(crate) fn unchecked(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(defaults()?);
        if let Some(path) = get("SHARED_CONFIG_PATH").filter(|path| !path.is_empty()) {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| SettingsError::Unreadable(format!("SHARED_CONFIG_PATH: {path}: {error}")))?;
            figment = figment.merge(yaml(&text, &path)?);
        }
        let mut given: BTreeMap<&str, figment::value::Value> = BTreeMap::new();
        for variable in VARIABLES.iter().filter(|variable| !variable.secret) {
            let named = std::iter::once(&variable.name).chain(variable.aliases);
            if let Some(text) = named.into_iter().find_map(|name| get(name)) {
                given.insert(variable.key, parse(variable, &text)?);
            }
        }
        figment
            .merge(Serialized::defaults(given))
            .extract()
            .map_err(|error| SettingsError::Unreadable(error.to_string()))
    }

    /// Looks whether every value is possible, as [`Settings::load`] does; for those who changed some.
    ///
    /// # Errors
    /// If one is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            return bad("DZINZA_LISTEN", "must be an address and a port such as 127.0.0.1:3001");
        }
        self.check_functions()?;
        if !is_web_address(&self.public_api_url) {
            return bad("PUBLIC_API_URL", "must be an address such as https://api.example.org");
        }
        self.check_mail()?;
        if !self.oauth_redirect_base.is_empty() && !is_web_address(&self.oauth_redirect_base) {
            return bad(
                "OAUTH_REDIRECT_BASE",
                "must be an address such as https://app.example.org, or empty",
            );
        }
        if self.oidc_issuer.is_empty() != self.oidc_client_id.is_empty() {
            return bad("OIDC_CLIENT_ID", "must be set if and only if OIDC_ISSUER is");
        }
        if !(4..=20).contains(&self.bcrypt_rounds) {
            return bad("BCRYPT_ROUNDS", "must be from 4 to 20");
        }
        let issuer = self.mfa_issuer.trim();
        if issuer.is_empty() || issuer.contains(|c: char| c == ':' || c.is_control()) {
            return bad("MFA_ISSUER", "must be a name without a colon");
        }
        let domain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if !self.webauthn_rp_id.chars().all(domain) {
            return bad("WEBAUTHN_RP_ID", "must be a domain such as example.org");
        }
        if !self.webauthn_origins.iter().all(|origin| is_web_address(origin)) {
            return bad("WEBAUTHN_ORIGINS", "must be origins such as https://app.example.org");
        }
        if self.access_token_expire_minutes == 0 || self.access_token_expire_minutes > 1440 {
            return bad("ACCESS_TOKEN_EXPIRE_MINUTES", "must be from 1 to 1440");
        }
        if self.refresh_token_expire_days == 0 || self.refresh_token_expire_days > 30 {
            return bad("REFRESH_TOKEN_EXPIRE_DAYS", "must be from 1 to 30");
        }
        if self.account_erasure_days == 0 || self.account_erasure_days > 365 {
            return bad("ACCOUNT_ERASURE_DAYS", "must be from 1 to 365");
        }
        if self.import_undo_days == 0 || self.import_undo_days > 3650 {
            return bad("IMPORT_UNDO_DAYS", "must be from 1 to 3650");
        }
        if self.db_pool_size == 0 || self.db_pool_size > 1000 {
            return bad("DB_POOL_SIZE", "must be from 1 to 1000");
        }
        if self.rate_limit_window_ms == 0 {
            return bad("RATE_LIMIT_WINDOW_MS", "must be more than 0");
        }
        if !(1..=65_535).contains(&self.redis_port) {
            return bad("REDIS_PORT", "must be from 1 to 65535");
        }
        self.check_observing()?;
        self.check_aws()?;
        self.check_environment()
    }

    /// Every setting with its value, for `config check`. There are no secrets among them.
    pub fn shown(&self) -> Vec<(String, String)> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let named = VARIABLES.iter().filter(|variable| !variable.secret);
        named.map(|variable| (variable.name.to_owned(), text(&value[variable.key]))).collect()
    }
}

/// `http(s)://` and at least a host, without what would end a link in the middle.
pub(crate) fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"?#".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain))
}

/// Lists are separated by commas; numbers and flags are what they look like.
fn parse(variable: &Variable, text: &str) -> Result<figment::value::Value, SettingsError> {
    let text = text.trim();
    let bad =
        |problem: &str| SettingsError::Impossible { variable: variable.name, problem: problem.to_owned() };
    if is_place(text) {
        return Err(bad(NOT_LOOKED_AT));
    }
    Ok(match variable.kind {
        "list" => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().into(),
        "number" => text.parse::<u64>().map_err(|_| bad("must be a whole number"))?.into(),
        "flag" => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => true.into(),
            "false" | "0" | "no" => false.into(),
            _ => return Err(bad("must be true or false")),
        },
        _ => text.into(),
    })
}

/// The settings of an environment that has these variables.
#[cfg(test)]
pub(crate) fn with(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_environment(|name| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_stand_alone_and_the_environment_wins() {
        assert_eq!(with(&[]).unwrap().listen, "127.0.0.1:3001");
        let settings =
            with(&[("CORS_ORIGINS", "http://a.example, http://b.example"), ("BCRYPT_ROUNDS", "10")]).unwrap();
        assert_eq!((settings.allowed_origins.len(), settings.bcrypt_rounds), (2, 10));
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        for (name, value) in [
            ("DZINZA_LISTEN", "nowhere"),
            ("DZINZA_INVOKE", "elsewhere"),
            ("DZINZA_RUNTIME_API", "9001"),
            ("FUNCTION_REPLICAS", "101"),
            ("BCRYPT_ROUNDS", "3"),
            ("MFA_ISSUER", "Dzinza: home"),
            ("WEBAUTHN_RP_ID", "https://example.org"),
            ("WEBAUTHN_ORIGINS", "app.example.org"),
            ("BCRYPT_ROUNDS", "many"),
            ("PUBLIC_TLS", "maybe"),
            ("PUBLIC_API_URL", "api.example.org"),
            ("PUBLIC_API_URL", "https://"),
            ("PUBLIC_API_URL", "https://a.example\nX"),
            ("FRONTEND_URL", "app.example.org"),
            ("OAUTH_REDIRECT_BASE", "app.example.org"),
            ("OIDC_CLIENT_ID", "dzinza"),
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
            ("IMPORT_UNDO_DAYS", "0"),
            ("APP_ENV", "producton"),
            ("REDIS_PORT", "65536"),
            ("REDIS_DB", "first"),
            ("DB_POOL_SIZE", "0"),
        ] {
            assert!(with(&[(name, value)]).unwrap_err().to_string().contains(name), "{name}={value}");
        }
        assert!(with(&[("SHARED_CONFIG_PATH", "/nowhere/at/all.yaml")]).is_err());
    }
}
