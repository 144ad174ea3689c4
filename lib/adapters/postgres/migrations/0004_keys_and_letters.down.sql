SELECT pg_temp.keep_tables('0004');
DROP INDEX refresh_tokens_revoked_at_idx;
DROP INDEX refresh_tokens_expires_at_idx;
SELECT pg_temp.keep_columns('0004', 'refresh_tokens');
DROP INDEX users_erase_after_idx;
DROP INDEX users_password_reset_token_idx;
DROP INDEX users_email_verification_token_idx;
SELECT pg_temp.keep_columns('0004', 'users');
