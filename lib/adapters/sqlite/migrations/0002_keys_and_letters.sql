-- Second factors, proofs of address, other keys to an account, letters that wait, settings of the platform: the
-- columns of the PostgreSQL layout (contract 5.1) and the tables added to it (5.4).
ALTER TABLE users ADD COLUMN email_verification_token TEXT;
ALTER TABLE users ADD COLUMN email_verification_expires INTEGER;
ALTER TABLE users ADD COLUMN password_reset_token TEXT;
ALTER TABLE users ADD COLUMN password_reset_expires INTEGER;
ALTER TABLE users ADD COLUMN mfa_secret TEXT;
ALTER TABLE users ADD COLUMN pending_mfa_secret TEXT;
ALTER TABLE users ADD COLUMN pending_mfa_secret_expires_at INTEGER;
ALTER TABLE users ADD COLUMN mfa_backup_codes_hashed TEXT;
ALTER TABLE users ADD COLUMN mfa_last_used_step INTEGER;
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
ALTER TABLE users ADD COLUMN erase_after INTEGER;
CREATE INDEX users_email_verification ON users (email_verification_token)
    WHERE email_verification_token IS NOT NULL;
CREATE INDEX users_password_reset ON users (password_reset_token) WHERE password_reset_token IS NOT NULL;
CREATE INDEX users_erase_after ON users (erase_after) WHERE erase_after IS NOT NULL;
CREATE INDEX users_created_at ON users (created_at, id);

CREATE TABLE user_identities (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    provider_user_id TEXT NOT NULL,
    email TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX user_identities_user ON user_identities (user_id);

CREATE TABLE user_passkeys (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
);
CREATE INDEX user_passkeys_user ON user_passkeys (user_id);

CREATE TABLE user_access_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    -- A JSON array of texts.
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER
);
CREATE INDEX user_access_tokens_user ON user_access_tokens (user_id);

-- A letter is leased while it has a receipt and due_at lies ahead.
CREATE TABLE mail_outbox (
    id TEXT PRIMARY KEY NOT NULL,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    receipt TEXT UNIQUE
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at, id);

CREATE TABLE site_settings (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    updated_by TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
