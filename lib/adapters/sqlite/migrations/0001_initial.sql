-- Accounts, with the column names of the PostgreSQL layout. Moments are whole microseconds since 1970 UTC,
-- booleans 0 and 1, JSON is text. The tables of the document collections are made from their declarations.
-- The fields that each collection's columns were last filled for.
CREATE TABLE document_collections (
    name TEXT PRIMARY KEY NOT NULL,
    fields TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    -- lower() of SQLite knows ASCII only, so the adapter writes what uniqueness and look-ups compare.
    email_lower TEXT NOT NULL,
    username TEXT,
    username_lower TEXT,
    password_hash TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    gender TEXT,
    date_of_birth TEXT,
    profile_picture_url TEXT,
    bio TEXT,
    location TEXT,
    email_verified INTEGER NOT NULL DEFAULT 0,
    email_verified_at INTEGER,
    role TEXT NOT NULL DEFAULT 'USER' CHECK (role IN ('USER', 'MODERATOR', 'ADMIN')),
    is_superuser INTEGER NOT NULL DEFAULT 0,
    mfa_enabled INTEGER NOT NULL DEFAULT 0,
    failed_login_attempts INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER,
    last_login_at INTEGER,
    last_login_ip TEXT,
    last_login_user_agent TEXT,
    max_concurrent_sessions INTEGER NOT NULL DEFAULT 5,
    privacy_settings TEXT NOT NULL DEFAULT '{}',
    notification_preferences TEXT NOT NULL DEFAULT '{}',
    ui_preferences TEXT NOT NULL DEFAULT '{}',
    preferred_language TEXT NOT NULL DEFAULT 'en',
    timezone TEXT NOT NULL DEFAULT 'UTC',
    subscription_tier TEXT NOT NULL DEFAULT 'free',
    subscription_status TEXT NOT NULL DEFAULT 'active',
    is_active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email_lower);
CREATE UNIQUE INDEX users_username ON users (username_lower);

CREATE TABLE refresh_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token TEXT NOT NULL UNIQUE,
    token_jti TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    session_started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_reason TEXT,
    replaced_by_jti TEXT,
    ip_address TEXT,
    user_agent TEXT
);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, expires_at);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE audit_logs (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    action TEXT NOT NULL,
    ip_address TEXT,
    user_agent TEXT,
    timestamp INTEGER NOT NULL,
    details TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_logs_user ON audit_logs (user_id, timestamp, id);

-- A message is leased while it has a receipt and visible_at lies ahead.
CREATE TABLE queue_messages (
    id TEXT PRIMARY KEY NOT NULL,
    queue TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    receipt TEXT UNIQUE,
    dead INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX queue_messages_next ON queue_messages (queue, dead, visible_at);

CREATE TABLE limit_counters (
    key TEXT PRIMARY KEY NOT NULL,
    count INTEGER NOT NULL,
    resets_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX limit_counters_expiry ON limit_counters (resets_at);

CREATE TABLE limit_values (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX limit_values_expiry ON limit_values (expires_at);
