-- Back to what was found: nothing, or the older layout of the Node version.
SELECT pg_temp.keep_columns('0001', 'users')
WHERE NOT EXISTS (SELECT FROM dzinza_kept.notes WHERE key = 'table 0001 users');
SELECT pg_temp.keep_tables('0001');
DELETE FROM dzinza_kept.notes WHERE starts_with(key, 'column 0001 ');

DO $$
BEGIN
    IF pg_temp.take_note('update_users_updated_at') THEN
        CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
            FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
    END IF;
    IF pg_temp.take_note('userrole user') THEN
        ALTER TYPE userrole RENAME VALUE 'USER' TO 'user';
    END IF;
    IF pg_temp.take_note('userrole admin') THEN
        ALTER TYPE userrole RENAME VALUE 'ADMIN' TO 'admin';
    END IF;
    IF pg_temp.take_note('userrole moderator') THEN
        ALTER TYPE userrole RENAME VALUE 'MODERATOR' TO 'moderator';
    END IF;
    -- Tables that are kept aside still use these.
    IF NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'dzinza_kept' AND tablename <> 'notes') THEN
        IF pg_temp.take_note('userrole') THEN
            DROP TYPE userrole;
        END IF;
        IF pg_temp.take_note('get_full_name') THEN
            DROP FUNCTION update_full_name();
            DROP FUNCTION get_full_name(text, text, text, text);
        END IF;
        IF pg_temp.take_note('update_updated_at_column') THEN
            DROP FUNCTION update_updated_at_column();
        END IF;
        IF NOT EXISTS (SELECT FROM dzinza_kept.notes) THEN
            DROP TABLE dzinza_kept.notes;
            DROP SCHEMA dzinza_kept;
        END IF;
    END IF;
END $$;
