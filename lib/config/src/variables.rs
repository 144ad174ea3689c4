//! Every variable that can be set, and what for.

use std::sync::LazyLock;

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Names that older deployments use.
    pub aliases: &'static [&'static str],
    /// The key in a settings file.
    pub key: &'static str,
    /// `text`, `number`, `flag` or `list` (separated by commas).
    pub kind: &'static str,
    /// Whether it is a secret, which stands in no file and has a `_FILE` twin.
    pub secret: bool,
    /// What it is for.
    pub meaning: &'static str,
}

pub(crate) const fn variable(
    name: &'static str,
    aliases: &'static [&'static str],
    key: &'static str,
    kind: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable { name, aliases, key, kind, secret: false, meaning }
}

pub(crate) const fn secret(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, aliases: &[], key: "", kind: "secret", secret: true, meaning }
}

/// All of them, in the order of the reference.
const MONGODB_URL: &str = "Where the MongoDB of the documents is, such as `mongodb://user@host/?replicaSet=rs0` (feature `mongo`); else the data folder";

pub(crate) static VARIABLES: LazyLock<Vec<Variable>> = LazyLock::new(|| {
    [GENERAL, crate::stores::VARIABLES, crate::observing::VARIABLES, crate::aws::VARIABLES].concat()
});

const GENERAL: &[Variable] = &[
    variable(
        "APP_ENV",
        &["NODE_ENV", "PYTHON_ENV"],
        "app_env",
        "text",
        "`development`, `test`, `staging` or `production`; in production https is a must and every secret has to be given",
    ),
    variable(
        "DZINZA_DATA",
        &[],
        "data",
        "text",
        "Folder of the embedded store: database, files, generated secrets",
    ),
    variable("DZINZA_LISTEN", &[], "listen", "text", "Address and port to listen on"),
    variable(
        "DZINZA_INVOKE",
        &[],
        "invoke",
        "text",
        "Where functions run: `in-process`, or `runtime-api` in processes of their own, which ask for work as they ask AWS Lambda",
    ),
    variable(
        "DZINZA_RUNTIME_API",
        &[],
        "runtime_api_listen",
        "text",
        "Address and port where such processes ask for work; who reaches it sees and answers everybody's requests",
    ),
    variable(
        "FUNCTION_REPLICAS",
        &[],
        "function_replicas",
        "number",
        "How many processes are started for each function, when there is work for them; 0 if they are started elsewhere",
    ),
    variable(
        "FUNCTION_PROGRAMS",
        &[],
        "function_programs",
        "text",
        "Folder of the programs of the functions; empty for the folder of `dzinza` itself",
    ),
    variable(
        "DZINZA_FRONTEND",
        &[],
        "frontend",
        "text",
        "Folder of the built frontend to serve; empty for none",
    ),
    variable(
        "ALLOWED_ORIGINS",
        &["CORS_ORIGIN", "CORS_ORIGINS"],
        "allowed_origins",
        "list",
        "Origins of pages that may call with credentials; `*` is refused",
    ),
    variable(
        "TRUSTED_PROXIES",
        &[],
        "trusted_proxies",
        "list",
        "Proxies (addresses or networks) whose `X-Forwarded-For` is believed",
    ),
    variable(
        "PUBLIC_TLS",
        &[],
        "public_tls",
        "flag",
        "Whether the public address is https: cookies become `Secure`, HSTS is sent",
    ),
    variable(
        "PUBLIC_API_URL",
        &[],
        "public_api_url",
        "text",
        "Where people reach the API from outside; links in mail begin with it",
    ),
    variable(
        "FRONTEND_URL",
        &[],
        "frontend_url",
        "text",
        "Where people use the platform; a confirmed address leads to its page to sign in. Empty if nowhere but at the API",
    ),
    variable(
        "PASSWORD_RESET_URL",
        &[],
        "password_reset_url",
        "text",
        "The page for a new password, with `{token}` in it; empty for the form that the API itself serves",
    ),
    variable(
        "SUPPORT_EMAIL",
        &[],
        "support_email",
        "text",
        "Where people get help, as letters say; empty for nowhere",
    ),
    variable(
        "PASSWORD_RESET_EXPIRE_MINUTES",
        &[],
        "password_reset_expire_minutes",
        "number",
        "How long a mailed link to set a new password is good, 1 to 1440",
    ),
    variable(
        "EMAIL_VERIFICATION_EXPIRE_HOURS",
        &[],
        "email_verification_expire_hours",
        "number",
        "How long a mailed link that confirms an address is good, 1 to 720",
    ),
    variable(
        "SMTP_HOST",
        &[],
        "smtp_host",
        "text",
        "The mail server; empty to write letters into the folder `mail` beside the data",
    ),
    variable("SMTP_PORT", &[], "smtp_port", "number", "Its port, usually 587, or 465 with SMTP_SECURE"),
    variable("SMTP_USER", &[], "smtp_user", "text", "Who signs in at the mail server; empty for nobody"),
    variable("SMTP_SECURE", &[], "smtp_secure", "flag", "TLS with the mail server from the first byte"),
    variable(
        "SMTP_TLS",
        &[],
        "smtp_tls",
        "flag",
        "STARTTLS, without which nothing is sent; `false` only for a server on this machine",
    ),
    variable("FROM_EMAIL", &[], "from_email", "text", "The address of the sender of letters"),
    variable("FROM_NAME", &[], "from_name", "text", "The name of the sender of letters"),
    variable(
        "OAUTH_REDIRECT_BASE",
        &[],
        "oauth_redirect_base",
        "text",
        "Where identity providers send people back to, before `/auth/oauth/callback/{provider}`; `FRONTEND_URL` if empty",
    ),
    variable(
        "OIDC_NAME",
        &[],
        "oidc_name",
        "text",
        "What addresses call the issuer below: lowercase letters, digits and hyphens",
    ),
    variable(
        "OIDC_ISSUER",
        &[],
        "oidc_issuer",
        "text",
        "Any OpenID Connect issuer to sign in with, exactly as it calls itself; https, or on this machine; empty for none",
    ),
    variable("OIDC_CLIENT_ID", &[], "oidc_client_id", "text", "Whom that issuer knows us as"),
    variable(
        "ENABLE_SWAGGER",
        &[],
        "enable_swagger",
        "flag",
        "Whether `/api/docs` and the API description are served",
    ),
    variable("ALLOW_REGISTRATION", &[], "allow_registration", "flag", "Whether anyone may sign up"),
    variable(
        "SEED_ADMIN_EMAIL",
        &[],
        "seed_admin_email",
        "text",
        "Address of the administrator that is made at the start if there is none; only with SEED_ADMIN_PASSWORD",
    ),
    variable(
        "RATE_LIMIT_MAX_REQUESTS",
        &["API_RATE_LIMIT"],
        "rate_limit_max_requests",
        "number",
        "Requests to the API from one address in a window; 0 for no limit",
    ),
    variable("RATE_LIMIT_WINDOW_MS", &[], "rate_limit_window_ms", "number", "That window, in milliseconds"),
    variable(
        "AUTH_RATE_LIMIT_MAX_REQUESTS",
        &["AUTH_RATE_LIMIT_MAX"],
        "auth_rate_limit_max_requests",
        "number",
        "Sign-ups and sign-ins from one address in a quarter of an hour; 0 for no limit, which also lifts the limits per address and on refreshing",
    ),
    variable(
        "ACCESS_TOKEN_EXPIRE_MINUTES",
        &[],
        "access_token_expire_minutes",
        "number",
        "Life of an access token, 1 to 1440",
    ),
    variable(
        "REFRESH_TOKEN_EXPIRE_DAYS",
        &[],
        "refresh_token_expire_days",
        "number",
        "Life of a refresh token, 1 to 30",
    ),
    variable(
        "BCRYPT_ROUNDS",
        &["BCRYPT_SALT_ROUNDS"],
        "bcrypt_rounds",
        "number",
        "Cost of bcrypt for new passwords, 4 to 20",
    ),
    variable(
        "MAX_LOGIN_ATTEMPTS",
        &[],
        "max_login_attempts",
        "number",
        "Wrong passwords that lock an account; 0 for never",
    ),
    variable(
        "ACCOUNT_LOCKOUT_MINUTES",
        &[],
        "account_lockout_minutes",
        "number",
        "Length of the first lock; each further one lasts twice as long, up to a day",
    ),
    variable("MFA_ISSUER", &[], "mfa_issuer", "text", "What authenticator apps call us; no colon in it"),
    variable(
        "WEBAUTHN_RP_ID",
        &[],
        "webauthn_rp_id",
        "text",
        "Domain that passkeys are bound to; empty for the host of `PUBLIC_API_URL`. Another one voids all passkeys",
    ),
    variable(
        "WEBAUTHN_ORIGINS",
        &[],
        "webauthn_origins",
        "list",
        "Origins of pages that may use passkeys; empty for those of `ALLOWED_ORIGINS` and `PUBLIC_API_URL` at that domain or below",
    ),
    variable(
        "ACCOUNT_ERASURE_DAYS",
        &[],
        "account_erasure_days",
        "number",
        "How long an account can be taken back after its owner asked for its erasure, 1 to 365",
    ),
    variable(
        "IMPORT_WAIT_SECONDS",
        &[],
        "import_wait_seconds",
        "number",
        "How long an upload waits for its import before it answers 202",
    ),
    variable(
        "IMPORT_UNDO_DAYS",
        &[],
        "import_undo_days",
        "number",
        "How long an import can be undone, 1 to 3650; its file is kept as long",
    ),
    variable(
        "KIN_GRAPH_MEMORY_MB",
        &[],
        "kin_graph_memory_mb",
        "number",
        "Memory for kin graphs that are kept warm, some 15 MB for a tree of 100,000; the one that is asked for always fits",
    ),
    variable(
        "REDIS_HOST",
        &[],
        "redis_host",
        "text",
        "Host of the Redis that counts limits and knows revocations (in builds with the feature `redis`); empty for the database",
    ),
    variable("REDIS_PORT", &[], "redis_port", "number", "Its port"),
    variable("REDIS_DB", &[], "redis_db", "number", "Number of the database in it"),
    variable(
        "REDIS_CA_FILE",
        &[],
        "redis_ca_file",
        "text",
        "File with the certificates (PEM) of the authorities that a Redis at a `rediss:` address is believed by; empty for those of the system",
    ),
    variable(
        "DB_HOST",
        &[],
        "db_host",
        "text",
        "Host of the PostgreSQL that has the accounts (in builds with the feature `postgres`); empty for the data folder",
    ),
    variable("DB_PORT", &[], "db_port", "number", "Its port"),
    variable("DB_NAME", &[], "db_name", "text", "The database on it"),
    variable("DB_USER", &[], "db_user", "text", "Who connects to it"),
    variable("DB_POOL_SIZE", &[], "db_pool_size", "number", "Connections to it at most, 1 to 1000"),
    variable(
        "AUTO_MIGRATE",
        &[],
        "auto_migrate",
        "flag",
        "Whether a start brings the database to the layout of this program; otherwise it refuses and says `dzinza migrate up`",
    ),
    variable("MONGODB_DATABASE_NAME", &[], "mongodb_database_name", "text", "If not in the address"),
    variable(
        "LOG_LEVEL",
        &["RUST_LOG"],
        "log_level",
        "text",
        "Filter of the log, such as `info` or `dzinza=debug,info`; release builds have nothing below `debug`",
    ),
    variable("LOG_FORMAT", &[], "log_format", "text", "`pretty` or `json`"),
    secret(
        "JWT_SECRET",
        "Key that signs access tokens, at least 32 bytes; made and kept in the data folder if not given",
    ),
    secret(
        "JWT_REFRESH_SECRET",
        "Key that signs refresh tokens, at least 32 bytes, another one; made and kept in the data folder if not given",
    ),
    secret(
        "JWT_SECRET_PREVIOUS",
        "The key that signed access tokens before a change: they are still accepted; of use for as long as they live",
    ),
    secret(
        "JWT_REFRESH_SECRET_PREVIOUS",
        "The same for refresh tokens: to be left in place for as long as a refresh token lives, so that nobody is signed out",
    ),
    secret(
        "BLOB_SIGNING_KEY",
        "Key that signs addresses of files, at least 32 bytes; made and kept in the data folder if not given",
    ),
    secret("SMTP_PASS", "The password of SMTP_USER"),
    secret(
        "DATA_ENCRYPTION_KEY",
        "Key that seals second factors and waiting letters, at least 32 bytes; made and kept in the data folder if not given",
    ),
    secret(
        "DATA_ENCRYPTION_KEY_PREVIOUS",
        "The key before that, after a change: what it sealed can still be opened",
    ),
    secret(
        "DATABASE_URL",
        "Where the PostgreSQL of the accounts is, such as `postgres://user:password@host/dzinza_db?sslmode=verify-full`; before `DB_HOST`",
    ),
    secret("DB_PASSWORD", "Password for `DB_USER` at `DB_HOST`, if one is asked for"),
    secret(
        "SEED_ADMIN_PASSWORD",
        "Password of that first administrator, by the rule for passwords; there is no default",
    ),
    secret(
        "REDIS_URL",
        "Where Redis is, such as `redis://:password@host:6379/0`, or `rediss:` for TLS, in place of the four `REDIS_` variables",
    ),
    secret("REDIS_PASSWORD", "Password of the Redis that `REDIS_HOST` names, if it wants one"),
    Variable { aliases: &["MONGODB_URI"], ..secret("MONGODB_URL", MONGODB_URL) },
    secret("MONGODB_PASSWORD", "Password for the user in `MONGODB_URL`, if it has none there"),
    secret("GOOGLE_CLIENT_ID", "Client id for signing in with Google; without it that answers 501"),
    secret("GOOGLE_CLIENT_SECRET", "The secret that goes with it"),
    secret("FACEBOOK_APP_ID", "App id for signing in with Facebook; without it that answers 501"),
    secret("FACEBOOK_APP_SECRET", "The secret that goes with it"),
    secret("OIDC_CLIENT_SECRET", "The secret that goes with `OIDC_CLIENT_ID`"),
];
