-- Older versions store tokens that open an account as they are. From here on only their SHA-256 is stored, lowercase hex: what
-- was sent goes on working, what is read in a copy of the database does not.
CREATE FUNCTION pg_temp.hashed(token text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(token, 'UTF8')), 'hex')
$$;
UPDATE users SET
    password_reset_token = pg_temp.hashed(password_reset_token),
    email_verification_token = pg_temp.hashed(email_verification_token)
WHERE password_reset_token IS NOT NULL OR email_verification_token IS NOT NULL;

DO $$
BEGIN
    IF pg_temp.has_kept('hashed_tokens') THEN
        UPDATE users AS u SET
            password_reset_token = coalesce(u.password_reset_token, k.password_reset_token),
            password_reset_expires = coalesce(u.password_reset_expires, k.password_reset_expires),
            email_verification_token = coalesce(u.email_verification_token, k.email_verification_token),
            email_verification_expires = coalesce(u.email_verification_expires, k.email_verification_expires)
        FROM dzinza_kept.hashed_tokens AS k WHERE k.id = u.id;
        DROP TABLE dzinza_kept.hashed_tokens;
    END IF;
    IF pg_temp.has_kept('hashed_refresh_tokens') THEN
        UPDATE refresh_tokens AS r SET token = pg_temp.hashed(r.token)
        WHERE NOT EXISTS (SELECT FROM dzinza_kept.hashed_refresh_tokens AS k WHERE k.id = r.id);
        DROP TABLE dzinza_kept.hashed_refresh_tokens;
    ELSE
        UPDATE refresh_tokens SET token = pg_temp.hashed(token);
    END IF;
END $$;
DROP FUNCTION pg_temp.hashed(text);
