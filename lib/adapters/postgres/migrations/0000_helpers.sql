-- What the scripts share. Run before each of them, in its transaction; the functions end with the connection.
-- `dzinza_kept` holds what a layout has no place for: a script that goes back puts it there, one that goes forward fetches
-- it. `notes` says what was made here, so that nothing else is ever removed.
CREATE SCHEMA IF NOT EXISTS dzinza_kept;
CREATE TABLE IF NOT EXISTS dzinza_kept.notes (key text PRIMARY KEY, value text NOT NULL);

CREATE OR REPLACE FUNCTION pg_temp.has_table(wanted text) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = wanted)
$$;

CREATE OR REPLACE FUNCTION pg_temp.has_kept(wanted text) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'dzinza_kept' AND tablename = wanted)
$$;

CREATE OR REPLACE FUNCTION pg_temp.has_column(of_table text, wanted text) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (
        SELECT FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = of_table AND column_name = wanted
    )
$$;

CREATE OR REPLACE FUNCTION pg_temp.note(about text, what text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO dzinza_kept.notes VALUES (about, what) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value
$$;

-- Whether there was such a note; there is none afterwards.
CREATE OR REPLACE FUNCTION pg_temp.take_note(about text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dzinza_kept.notes WHERE key = about;
    RETURN FOUND;
END $$;

-- Makes a table with its indexes and triggers, unless there is one of this name.
CREATE OR REPLACE FUNCTION pg_temp.make_table(step text, wanted text, ddl text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_temp.has_table(wanted) THEN
        RETURN;
    END IF;
    IF pg_temp.has_kept(wanted) THEN
        EXECUTE format('ALTER TABLE dzinza_kept.%I SET SCHEMA %I', wanted, current_schema());
    ELSE
        EXECUTE ddl;
    END IF;
    PERFORM pg_temp.note('table ' || step || ' ' || wanted, '');
END $$;

-- Adds a column, unless there is one of this name.
CREATE OR REPLACE FUNCTION pg_temp.add_column(step text, of_table text, wanted text, definition text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_temp.has_column(of_table, wanted) THEN
        EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', of_table, wanted, definition);
        PERFORM pg_temp.note('column ' || step || ' ' || of_table || ' ' || wanted, '');
    END IF;
END $$;

-- What is deleted from the table is deleted from what was kept of it.
CREATE OR REPLACE FUNCTION pg_temp.tie(kept text, of_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE dzinza_kept.%I ADD PRIMARY KEY (id),
        ADD FOREIGN KEY (id) REFERENCES %I (id) ON DELETE CASCADE', kept, of_table);
END $$;

-- Takes the columns that this step added out of a table; what they hold is kept.
CREATE OR REPLACE FUNCTION pg_temp.keep_columns(step text, of_table text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start text := 'column ' || step || ' ' || of_table || ' ';
    added text[];
    kept text := of_table || '_' || step;
    added_column text;
    filled boolean;
BEGIN
    SELECT array_agg(substr(key, length(start) + 1) ORDER BY key) INTO added
    FROM dzinza_kept.notes WHERE starts_with(key, start);
    IF added IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', of_table) INTO filled;
    IF filled THEN
        EXECUTE format('CREATE TABLE dzinza_kept.%I AS SELECT id, %s FROM %I', kept,
            (SELECT string_agg(quote_ident(name), ', ') FROM unnest(added) AS name), of_table);
        PERFORM pg_temp.tie(kept, of_table);
    END IF;
    FOREACH added_column IN ARRAY added LOOP
        EXECUTE format('ALTER TABLE %I DROP COLUMN %I', of_table, added_column);
    END LOOP;
    DELETE FROM dzinza_kept.notes WHERE starts_with(key, start);
END $$;

-- Puts back what `keep_columns` kept.
CREATE OR REPLACE FUNCTION pg_temp.fetch_columns(step text, of_table text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept text := of_table || '_' || step;
    assignments text;
BEGIN
    IF NOT pg_temp.has_kept(kept) THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%1$I = kept.%1$I', column_name), ', ') INTO assignments
    FROM information_schema.columns
    WHERE table_schema = 'dzinza_kept' AND table_name = kept AND column_name <> 'id';
    -- Not a change that anybody made: `updated_at` stays.
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', of_table);
    EXECUTE format('UPDATE %I AS it SET %s FROM dzinza_kept.%I AS kept WHERE it.id = kept.id', of_table,
        assignments, kept);
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', of_table);
    EXECUTE format('DROP TABLE dzinza_kept.%I', kept);
END $$;

-- Takes the tables that this step made away: drops them if nothing is in any of them, else keeps all of them.
CREATE OR REPLACE FUNCTION pg_temp.keep_tables(step text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start text := 'table ' || step || ' ';
    made text[];
    made_table text;
    filled boolean := false;
    any_row boolean;
BEGIN
    SELECT array_agg(substr(key, length(start) + 1) ORDER BY key) INTO made
    FROM dzinza_kept.notes WHERE starts_with(key, start);
    IF made IS NULL THEN
        RETURN;
    END IF;
    FOREACH made_table IN ARRAY made LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', made_table) INTO any_row;
        filled := filled OR any_row;
    END LOOP;
    IF filled THEN
        FOREACH made_table IN ARRAY made LOOP
            EXECUTE format('ALTER TABLE %I SET SCHEMA dzinza_kept', made_table);
        END LOOP;
    ELSE
        EXECUTE 'DROP TABLE ' || (SELECT string_agg(quote_ident(name), ', ') FROM unnest(made) AS name);
    END IF;
    DELETE FROM dzinza_kept.notes WHERE starts_with(key, start);
END $$;
