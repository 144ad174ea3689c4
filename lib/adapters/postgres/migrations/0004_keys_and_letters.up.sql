-- What this version adds: rotation of refresh tokens, replay protection, erasure, other keys to an account, letters that wait,
-- settings of the platform.
SELECT pg_temp.add_column('0004', 'users', name, definition) FROM (VALUES
    ('ui_preferences', 'jsonb NOT NULL DEFAULT ''{}'''),
    ('mfa_last_used_step', 'bigint'),
    ('erase_after', 'timestamptz')
) AS added (name, definition);
SELECT pg_temp.fetch_columns('0004', 'users');
CREATE INDEX users_email_verification_token_idx ON users (email_verification_token)
    WHERE email_verification_token IS NOT NULL;
CREATE INDEX users_password_reset_token_idx ON users (password_reset_token) WHERE password_reset_token IS NOT NULL;
CREATE INDEX users_erase_after_idx ON users (erase_after) WHERE erase_after IS NOT NULL;

SELECT pg_temp.add_column('0004', 'refresh_tokens', name, definition) FROM (VALUES
    ('revoked_reason', 'varchar(50)'),
    ('replaced_by_jti', 'varchar(255)'),
    ('session_started_at', 'timestamptz')
) AS added (name, definition);
SELECT pg_temp.fetch_columns('0004', 'refresh_tokens');
-- A token of before sessions had ids is a session of its own.
UPDATE refresh_tokens SET session_id = token_jti WHERE session_id IS NULL;
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_revoked_at_idx ON refresh_tokens (revoked_at) WHERE revoked_at IS NOT NULL;

SELECT pg_temp.make_table('0004', 'user_identities', $ddl$
    CREATE TABLE user_identities (
        id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        provider varchar(100) NOT NULL,
        provider_user_id varchar(255) NOT NULL,
        email varchar(255),
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (provider, provider_user_id)
    );
    CREATE INDEX user_identities_user_id_idx ON user_identities (user_id);
$ddl$);
SELECT pg_temp.make_table('0004', 'user_passkeys', $ddl$
    CREATE TABLE user_passkeys (
        id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        credential_id text NOT NULL UNIQUE,
        name text NOT NULL,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz
    );
    CREATE INDEX user_passkeys_user_id_idx ON user_passkeys (user_id);
$ddl$);
SELECT pg_temp.make_table('0004', 'user_access_tokens', $ddl$
    CREATE TABLE user_access_tokens (
        id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name text NOT NULL,
        token text NOT NULL UNIQUE,
        -- An array of texts.
        scopes jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        last_used_at timestamptz
    );
    CREATE INDEX user_access_tokens_user_id_idx ON user_access_tokens (user_id);
$ddl$);
-- A letter is leased while it has a receipt and due_at lies ahead.
SELECT pg_temp.make_table('0004', 'mail_outbox', $ddl$
    CREATE TABLE mail_outbox (
        id uuid PRIMARY KEY,
        sealed text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        receipt text UNIQUE
    );
    CREATE INDEX mail_outbox_due_at_idx ON mail_outbox (due_at, id);
$ddl$);
SELECT pg_temp.make_table('0004', 'site_settings', $ddl$
    CREATE TABLE site_settings (
        id text PRIMARY KEY,
        version bigint NOT NULL,
        data jsonb NOT NULL,
        updated_by text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    );
$ddl$);
