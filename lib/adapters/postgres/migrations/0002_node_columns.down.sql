-- The old columns say again what the new ones say; what they cannot say is kept beside (0001 keeps the new ones).
DO $$
BEGIN
    IF pg_temp.take_note('family_tree_permissions.tree_id') THEN
        ALTER TABLE family_tree_permissions DROP CONSTRAINT family_tree_permissions_tree_id_fkey;
        ALTER TABLE family_tree_permissions ALTER COLUMN tree_id TYPE varchar(255) USING tree_id::text;
        INSERT INTO family_tree_permissions SELECT p.* FROM dzinza_kept.parked_permissions AS p
        WHERE (p.user_id IS NULL OR EXISTS (SELECT FROM users AS u WHERE u.id = p.user_id))
            AND (p.granted_by IS NULL OR EXISTS (SELECT FROM users AS u WHERE u.id = p.granted_by));
        DROP TABLE dzinza_kept.parked_permissions;
    END IF;

    IF pg_temp.take_note('family_trees.owner_id') THEN
        PERFORM pg_temp.keep_columns('0002', 'family_trees');
        ALTER TABLE family_trees ALTER COLUMN user_id TYPE uuid USING owner_id;
        ALTER TABLE family_trees ALTER COLUMN user_id SET NOT NULL;
        ALTER TABLE family_trees DROP COLUMN owner_id;
    END IF;

    IF pg_temp.take_note('users node columns') THEN
        CREATE TABLE dzinza_kept.node_users AS
        SELECT id, username IS NULL AS had_no_username FROM users;
        IF EXISTS (SELECT FROM dzinza_kept.notes WHERE key = 'users.username') THEN
            UPDATE users SET username = 'user_' || replace(id::text, '-', '') WHERE username IS NULL;
        END IF;
        -- Only where it says something else: `is_admin` of an administrator is left as it was found.
        UPDATE users SET
            is_admin = (role = 'ADMIN' OR coalesce(is_superuser, false)),
            two_factor_enabled = mfa_enabled,
            two_factor_secret = mfa_secret,
            last_login = last_login_at,
            language = preferred_language
        WHERE (coalesce(is_admin, false), coalesce(two_factor_enabled, false), two_factor_secret, last_login,
                coalesce(language, 'en')) IS DISTINCT FROM ((role = 'ADMIN' OR coalesce(is_superuser, false)),
                coalesce(mfa_enabled, false), mfa_secret, last_login_at, coalesce(preferred_language, 'en'));
        ALTER TABLE dzinza_kept.node_users ADD COLUMN username varchar(50), ADD COLUMN is_admin boolean,
            ADD COLUMN two_factor_enabled boolean, ADD COLUMN two_factor_secret varchar(255),
            ADD COLUMN backup_codes text[], ADD COLUMN last_login timestamptz, ADD COLUMN language varchar(10),
            ADD COLUMN email_verified boolean;
        PERFORM pg_temp.tie('node_users', 'users');
        UPDATE dzinza_kept.node_users AS k SET username = u.username, is_admin = u.is_admin,
            two_factor_enabled = u.two_factor_enabled, two_factor_secret = u.two_factor_secret,
            backup_codes = u.backup_codes, last_login = u.last_login, language = u.language,
            email_verified = u.email_verified
        FROM users AS u WHERE u.id = k.id;
    END IF;

    IF pg_temp.take_note('users.username') THEN
        ALTER TABLE users ALTER COLUMN username SET NOT NULL;
    END IF;
END $$;
