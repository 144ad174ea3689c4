-- One of each role, tokens that can be read, a session of before sessions had ids.
INSERT INTO users (id, email, username, password_hash, first_name, last_name, email_verified, email_verified_at, role,
    is_superuser, mfa_enabled, mfa_secret, mfa_backup_codes_hashed, last_login_at, last_login_ip, preferred_language,
    email_verification_token, email_verification_expires, password_reset_token, password_reset_expires,
    privacy_settings, created_at, updated_at)
VALUES
    ('00000000-0000-4000-8000-000000000001', 'admin@dzinza.org', 'admin', '$2b$12$admin', 'Rudo', 'Moyo', true,
        '2025-07-02 08:00:00+00', 'ADMIN', true, true, 'JBSWY3DPEHPK3PXP', '["$2b$12$code"]',
        '2025-07-14 09:30:00.123456+00', '192.0.2.1', 'sn', NULL, NULL, 'a reset token', '2025-07-15 00:00:00+00',
        '{"profileVisibility": "family"}', '2025-07-01 08:00:00+00', '2025-07-14 08:00:00+00'),
    ('00000000-0000-4000-8000-000000000002', 'Mod@example.org', NULL, '$2b$12$mod', 'Tendai', NULL, false, NULL,
        'MODERATOR', false, false, NULL, NULL, NULL, NULL, 'en', 'a proof of address', '2025-07-16 00:00:00+00', NULL,
        NULL, '{}', '2025-07-02 08:00:00+00', '2025-07-14 08:00:00+00'),
    ('00000000-0000-4000-8000-000000000003', 'user@example.org', 'user', '!', NULL, NULL, NULL, NULL, 'USER', NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO refresh_tokens (user_id, token, token_jti, expires_at, session_id)
VALUES
    ('00000000-0000-4000-8000-000000000001', 'a readable refresh token', 'jti1', '2025-07-21 00:00:00+00', NULL),
    ('00000000-0000-4000-8000-000000000002', 'another', 'jti2', '2025-07-21 00:00:00+00', 's2');
INSERT INTO audit_logs (user_id, action, details)
VALUES ('00000000-0000-4000-8000-000000000001', 'LOGIN_SUCCESS', '{"a": 1}');
INSERT INTO family_trees (id, name, owner_id)
VALUES ('00000000-0000-4000-8000-00000000000a', 'Moyo', '00000000-0000-4000-8000-000000000001');
INSERT INTO tree_members (tree_id, user_id, role)
VALUES ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', 'admin');
INSERT INTO historical_records (user_id, record_type, source_type, title, verified_by)
VALUES ('00000000-0000-4000-8000-000000000001', 'birth', 'church', 'Baptism', '00000000-0000-4000-8000-000000000003');
