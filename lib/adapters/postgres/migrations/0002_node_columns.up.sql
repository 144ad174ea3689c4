-- From the columns of the Node version into those that took their place. The old ones stay, with what is in them, until a
-- later release. Nothing here where there are none.
DO $$
DECLARE
    before bigint;
BEGIN
    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'users' AND column_name = 'username'
            AND is_nullable = 'NO'
    ) THEN
        ALTER TABLE users ALTER COLUMN username DROP NOT NULL;
        PERFORM pg_temp.note('users.username', 'was NOT NULL');
    END IF;

    IF pg_temp.has_column('users', 'is_admin') AND pg_temp.has_column('users', 'two_factor_secret') THEN
        -- After a way back and forth: what nobody changed meanwhile is here already, and says more than the old columns.
        IF pg_temp.has_kept('node_users') THEN
            UPDATE users AS u SET username = NULL FROM dzinza_kept.node_users AS k
            WHERE k.id = u.id AND k.had_no_username AND k.username = u.username;
            CREATE TEMP TABLE changed ON COMMIT DROP AS
            SELECT u.id FROM users AS u LEFT JOIN dzinza_kept.node_users AS k ON k.id = u.id
            WHERE k.id IS NULL OR (k.is_admin, k.two_factor_enabled, k.two_factor_secret, k.backup_codes,
                k.last_login, k.language, k.email_verified) IS DISTINCT FROM (u.is_admin, u.two_factor_enabled,
                u.two_factor_secret, u.backup_codes, u.last_login, u.language, u.email_verified);
            DROP TABLE dzinza_kept.node_users;
        ELSE
            CREATE TEMP TABLE changed ON COMMIT DROP AS SELECT id FROM users;
        END IF;
        -- Backup codes as the Python version hashes them: bcrypt, a JSON array. Dashes and spaces never counted.
        UPDATE users SET
            role = CASE WHEN is_admin THEN 'ADMIN'::userrole WHEN role = 'ADMIN' THEN 'USER'::userrole
                ELSE role END,
            is_superuser = coalesce(is_admin, false),
            mfa_enabled = coalesce(two_factor_enabled, false),
            mfa_secret = two_factor_secret,
            mfa_backup_codes_hashed = (
                SELECT json_agg(crypt(CASE WHEN length(code) = 10 THEN upper(code) ELSE code END,
                    gen_salt('bf', 8)))::text
                FROM (SELECT translate(written, '- ', '') AS code FROM unnest(backup_codes) AS written) AS codes
            ),
            last_login_at = last_login,
            preferred_language = coalesce(language, 'en'),
            email_verified_at = CASE WHEN email_verified THEN coalesce(email_verified_at, created_at) END
        WHERE id IN (SELECT id FROM changed);
        PERFORM pg_temp.note('users node columns', '');
    END IF;

    IF pg_temp.has_column('family_trees', 'user_id') AND NOT pg_temp.has_column('family_trees', 'owner_id') THEN
        -- By the type, not by an UPDATE: that would set `updated_at`.
        ALTER TABLE family_trees ADD COLUMN owner_id uuid;
        ALTER TABLE family_trees ALTER COLUMN owner_id TYPE uuid USING user_id;
        ALTER TABLE family_trees ALTER COLUMN owner_id SET NOT NULL,
            ADD FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE;
        ALTER TABLE family_trees ALTER COLUMN user_id DROP NOT NULL;
        CREATE INDEX IF NOT EXISTS idx_family_trees_owner_id ON family_trees (owner_id);
        PERFORM pg_temp.note('family_trees.owner_id', '');
        PERFORM pg_temp.add_column('0002', 'family_trees', 'privacy', 'varchar(50) DEFAULT ''private''');
        PERFORM pg_temp.fetch_columns('0002', 'family_trees');
    END IF;

    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'family_tree_permissions'
            AND column_name = 'tree_id' AND data_type <> 'uuid'
    ) THEN
        -- Rights on what is no tree of ours are parked.
        CREATE TABLE dzinza_kept.parked_permissions (LIKE family_tree_permissions);
        WITH parked AS (
            DELETE FROM family_tree_permissions AS p
            WHERE NOT EXISTS (SELECT FROM family_trees AS t WHERE t.id::text = lower(p.tree_id)) RETURNING p.*
        )
        INSERT INTO dzinza_kept.parked_permissions SELECT * FROM parked;
        GET DIAGNOSTICS before = ROW_COUNT;
        RAISE NOTICE '% rights on trees that are not in this database are parked', before;
        ALTER TABLE family_tree_permissions ALTER COLUMN tree_id TYPE uuid USING tree_id::uuid;
        ALTER TABLE family_tree_permissions ADD CONSTRAINT family_tree_permissions_tree_id_fkey
            FOREIGN KEY (tree_id) REFERENCES family_trees (id) ON DELETE CASCADE;
        PERFORM pg_temp.note('family_tree_permissions.tree_id', 'was text');
    END IF;
END $$;
