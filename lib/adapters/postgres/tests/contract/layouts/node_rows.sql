-- An administrator with a second factor, a user with none, one who never did anything, an address that is not proved.
INSERT INTO users (id, email, username, password_hash, first_name, email_verified, is_admin, two_factor_enabled,
    two_factor_secret, backup_codes, last_login, language, created_at, updated_at, password_reset_token,
    password_reset_expires)
VALUES
    ('00000000-0000-4000-8000-000000000001', 'Admin@example.org', 'admin', '$2a$12$admin', 'Rudo', true, true, true,
        'JBSWY3DPEHPK3PXP', '{ABC123,def-456,abcdefghij}', '2025-06-20 10:00:00.123456+00', 'sn',
        '2025-06-01 08:00:00+00', '2025-06-21 08:00:00+00', NULL, NULL),
    ('00000000-0000-4000-8000-000000000002', 'user@example.org', 'user', '$2b$12$user', 'Tendai', false, false, false,
        NULL, NULL, NULL, 'nd', '2025-06-02 08:00:00+00', '2025-06-22 08:00:00+00', 'a readable token',
        '2025-06-23 08:00:00+00'),
    ('00000000-0000-4000-8000-000000000003', 'nobody@example.org', 'nobody', '!', NULL, NULL, NULL, NULL,
        NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO family_trees (id, name, user_id, updated_at)
VALUES ('00000000-0000-4000-8000-00000000000a', 'Moyo', '00000000-0000-4000-8000-000000000001', '2025-06-21 08:00:00+00');
INSERT INTO family_tree_permissions (id, tree_id, user_id, granted_by, permission_level)
VALUES
    ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a',
        '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'view'),
    ('00000000-0000-4000-8000-0000000000a2', '665f1c2ab1e8a20012345678',
        '00000000-0000-4000-8000-000000000002', NULL, 'edit'),
    ('00000000-0000-4000-8000-0000000000a3', '00000000-0000-4000-8000-0000000000ff',
        '00000000-0000-4000-8000-000000000003', NULL, 'admin');
INSERT INTO user_sessions (user_id, token_jti, expires_at)
VALUES ('00000000-0000-4000-8000-000000000001', 'jti', '2025-07-01 00:00:00+00');
INSERT INTO migrations (id, name) VALUES ('001_initial', 'initial');
