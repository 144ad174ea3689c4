-- A hash cannot become its token again. In a version that compares tokens as they are it would be one itself: kept aside.
-- Refresh tokens must stay, as that version wants one in every row; none opens anything by itself.
DO $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE password_reset_token IS NOT NULL OR email_verification_token IS NOT NULL) THEN
        CREATE TABLE dzinza_kept.hashed_tokens AS
        SELECT id, password_reset_token, password_reset_expires, email_verification_token, email_verification_expires
        FROM users WHERE password_reset_token IS NOT NULL OR email_verification_token IS NOT NULL;
        PERFORM pg_temp.tie('hashed_tokens', 'users');
        UPDATE users SET password_reset_token = NULL, password_reset_expires = NULL,
            email_verification_token = NULL, email_verification_expires = NULL
        WHERE id IN (SELECT id FROM dzinza_kept.hashed_tokens);
    END IF;
    IF EXISTS (SELECT FROM refresh_tokens) THEN
        CREATE TABLE dzinza_kept.hashed_refresh_tokens AS SELECT id FROM refresh_tokens;
        PERFORM pg_temp.tie('hashed_refresh_tokens', 'refresh_tokens');
    END IF;
END $$;
