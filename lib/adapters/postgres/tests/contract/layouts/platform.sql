-- The layout of the Python version, July 2025 (contract 5.1 and 5.2).
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION pgcrypto;
CREATE TYPE userrole AS ENUM ('USER', 'ADMIN', 'MODERATOR');
CREATE FUNCTION update_updated_at_column() RETURNS trigger AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE FUNCTION get_full_name(first_name text, middle_name text, last_name text, nickname text) RETURNS text AS $$
    SELECT coalesce(nullif(concat_ws(' ', first_name, middle_name, last_name), ''), nickname)
$$ LANGUAGE sql;
CREATE FUNCTION update_full_name() RETURNS trigger AS $$
BEGIN
    NEW.name = coalesce(get_full_name(NEW.first_name, NEW.middle_name, NEW.last_name, NEW.nickname), NEW.name);
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    email varchar(255) NOT NULL UNIQUE,
    username varchar(50) UNIQUE,
    password_hash varchar(255) NOT NULL,
    first_name varchar(100),
    last_name varchar(100),
    phone varchar(20),
    gender varchar(20),
    date_of_birth date,
    profile_picture_url text,
    bio text,
    location jsonb,
    email_verified boolean DEFAULT false,
    email_verification_token varchar(255),
    email_verification_expires timestamptz,
    password_reset_token varchar(255),
    password_reset_expires timestamptz,
    email_verified_at timestamptz,
    is_superuser boolean DEFAULT false,
    role userrole NOT NULL DEFAULT 'USER',
    mfa_enabled boolean DEFAULT false,
    mfa_secret varchar(255),
    pending_mfa_secret varchar(255),
    pending_mfa_secret_expires_at timestamptz,
    mfa_backup_codes_hashed text,
    last_login_at timestamptz,
    last_login_ip varchar(255),
    last_login_user_agent text,
    current_session_count integer DEFAULT 0,
    max_concurrent_sessions integer DEFAULT 5,
    preferred_language varchar(10) DEFAULT 'en',
    is_verified boolean DEFAULT false,
    failed_login_attempts integer DEFAULT 0,
    locked_until timestamptz,
    privacy_settings jsonb DEFAULT '{}',
    notification_preferences jsonb DEFAULT '{}',
    timezone varchar(50) DEFAULT 'UTC',
    subscription_tier varchar(50) DEFAULT 'free',
    subscription_status varchar(20) DEFAULT 'active',
    subscription_expires timestamptz,
    billing_info jsonb,
    is_active boolean DEFAULT true,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_username ON users (username);
CREATE INDEX idx_users_created_at ON users (created_at);
CREATE INDEX idx_users_subscription_tier ON users (subscription_tier);
CREATE INDEX idx_users_role ON users (role);
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    token text NOT NULL UNIQUE,
    token_jti varchar(255) NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now(),
    revoked_at timestamptz,
    ip_address varchar(255),
    user_agent text,
    session_id varchar(255),
    device_fingerprint varchar(255),
    location_info text
);
CREATE INDEX refresh_tokens_token_idx ON refresh_tokens (token);
CREATE INDEX refresh_tokens_token_jti_idx ON refresh_tokens (token_jti);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_device_fingerprint_idx ON refresh_tokens (device_fingerprint);
CREATE TABLE audit_logs (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE SET NULL,
    action varchar(50) NOT NULL,
    ip_address varchar(100),
    user_agent text,
    timestamp timestamptz DEFAULT now(),
    details jsonb
);
CREATE INDEX audit_logs_user_id_idx ON audit_logs (user_id);
CREATE INDEX audit_logs_timestamp_idx ON audit_logs (timestamp);
CREATE INDEX audit_logs_action_idx ON audit_logs (action);
CREATE TABLE user_sessions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    token_jti varchar(255) NOT NULL,
    refresh_token_hash varchar(255),
    device_info jsonb,
    is_active boolean DEFAULT true,
    expires_at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now(),
    last_used timestamptz DEFAULT now()
);
CREATE INDEX idx_user_sessions_user_id ON user_sessions (user_id);
CREATE INDEX idx_user_sessions_token_jti ON user_sessions (token_jti);
CREATE INDEX idx_user_sessions_expires_at ON user_sessions (expires_at);
CREATE TABLE user_security_logs (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    event_type varchar(50) NOT NULL,
    ip_address inet,
    user_agent text,
    location jsonb,
    success boolean DEFAULT true,
    details jsonb,
    created_at timestamptz DEFAULT now()
);
CREATE INDEX idx_user_security_logs_user_id ON user_security_logs (user_id);
CREATE INDEX idx_user_security_logs_event_type ON user_security_logs (event_type);
CREATE INDEX idx_user_security_logs_created_at ON user_security_logs (created_at);
CREATE TABLE family_trees (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name varchar(255) NOT NULL,
    description text,
    owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    privacy varchar(50) DEFAULT 'private'
);
CREATE INDEX idx_family_trees_owner_id ON family_trees (owner_id);
CREATE TRIGGER update_family_trees_updated_at BEFORE UPDATE ON family_trees
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE family_members (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name varchar(255) NOT NULL,
    first_name varchar(100), middle_name varchar(100), last_name varchar(100), nickname varchar(100),
    gender varchar(50) DEFAULT 'unknown',
    birth_date date, death_date date,
    place_of_birth varchar(255), place_of_death varchar(255), occupation varchar(255),
    biography text, notes text, profile_image_url text,
    parent_ids jsonb DEFAULT '[]', child_ids jsonb DEFAULT '[]', spouse_ids jsonb DEFAULT '[]',
    tree_id uuid NOT NULL REFERENCES family_trees (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_family_members_tree_id ON family_members (tree_id);
CREATE INDEX idx_family_members_user_id ON family_members (user_id);
CREATE INDEX idx_family_members_first_name ON family_members (first_name);
CREATE INDEX idx_family_members_last_name ON family_members (last_name);
CREATE INDEX idx_family_members_nickname ON family_members (nickname);
CREATE INDEX idx_family_members_place_of_birth ON family_members (place_of_birth);
CREATE INDEX idx_family_members_occupation ON family_members (occupation);
CREATE TRIGGER update_family_members_updated_at BEFORE UPDATE ON family_members
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER trigger_update_full_name
    BEFORE INSERT OR UPDATE OF first_name, middle_name, last_name, nickname ON family_members
    FOR EACH ROW EXECUTE FUNCTION update_full_name();
CREATE TABLE family_relationships (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    relationship_type varchar(50) NOT NULL
        CHECK (relationship_type IN ('SPOUSE', 'PARENT_CHILD', 'SIBLING')),
    person1_id uuid NOT NULL REFERENCES family_members (id) ON DELETE CASCADE,
    person2_id uuid NOT NULL REFERENCES family_members (id) ON DELETE CASCADE,
    tree_id uuid NOT NULL REFERENCES family_trees (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    UNIQUE (person1_id, person2_id, relationship_type)
);
CREATE INDEX idx_family_relationships_tree_id ON family_relationships (tree_id);
CREATE INDEX idx_family_relationships_person1_id ON family_relationships (person1_id);
CREATE INDEX idx_family_relationships_person2_id ON family_relationships (person2_id);
CREATE TABLE tree_members (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    tree_id uuid REFERENCES family_trees (id) ON DELETE CASCADE,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    role varchar(50) DEFAULT 'viewer',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    UNIQUE (tree_id, user_id)
);
CREATE INDEX idx_tree_members_tree_id ON tree_members (tree_id);
CREATE INDEX idx_tree_members_user_id ON tree_members (user_id);
CREATE TRIGGER update_tree_members_updated_at BEFORE UPDATE ON tree_members
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE family_tree_permissions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    tree_id uuid NOT NULL REFERENCES family_trees (id) ON DELETE CASCADE,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    granted_by uuid REFERENCES users (id) ON DELETE CASCADE,
    permission_level varchar(20) NOT NULL,
    can_invite_others boolean DEFAULT false,
    can_export boolean DEFAULT false,
    expires_at timestamptz,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_family_tree_permissions_tree_id ON family_tree_permissions (tree_id);
CREATE INDEX idx_family_tree_permissions_user_id ON family_tree_permissions (user_id);
CREATE TRIGGER update_family_tree_permissions_updated_at BEFORE UPDATE ON family_tree_permissions
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE file_metadata (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    mongo_file_id varchar(255) NOT NULL,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    filename varchar(255) NOT NULL, original_name varchar(255) NOT NULL,
    file_size bigint NOT NULL, mime_type varchar(100) NOT NULL, category varchar(50) NOT NULL,
    s3_key varchar(500) NOT NULL, s3_bucket varchar(100) NOT NULL, storage_class varchar(50) DEFAULT 'STANDARD',
    is_public boolean DEFAULT false, access_level varchar(20) DEFAULT 'private',
    processing_status varchar(20) DEFAULT 'pending',
    thumbnail_generated boolean DEFAULT false, virus_scanned boolean DEFAULT false, scan_result varchar(20),
    related_person_ids text[], family_tree_id varchar(255),
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), deleted_at timestamptz
);
CREATE INDEX idx_file_metadata_user_id ON file_metadata (user_id);
CREATE INDEX idx_file_metadata_mongo_file_id ON file_metadata (mongo_file_id);
CREATE INDEX idx_file_metadata_category ON file_metadata (category);
CREATE INDEX idx_file_metadata_family_tree_id ON file_metadata (family_tree_id);
CREATE TRIGGER update_file_metadata_updated_at BEFORE UPDATE ON file_metadata
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE historical_records (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    record_type varchar(50) NOT NULL, source_type varchar(50) NOT NULL,
    source_name varchar(255), source_location varchar(255), record_date date, record_location jsonb,
    title varchar(255) NOT NULL, description text, transcription text, people_mentioned jsonb,
    primary_person_id varchar(255), image_files text[], document_files text[],
    verified boolean DEFAULT false, verified_by uuid REFERENCES users (id), verification_notes text,
    is_public boolean DEFAULT false, access_level varchar(20) DEFAULT 'private',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_historical_records_user_id ON historical_records (user_id);
CREATE INDEX idx_historical_records_record_type ON historical_records (record_type);
CREATE INDEX idx_historical_records_record_date ON historical_records (record_date);
CREATE INDEX idx_historical_records_primary_person_id ON historical_records (primary_person_id);
CREATE TRIGGER update_historical_records_updated_at BEFORE UPDATE ON historical_records
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE dna_tests (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    test_provider varchar(50) NOT NULL, test_type varchar(50) NOT NULL, raw_data_file_url text,
    processed_data jsonb, ethnicity_estimates jsonb, health_data jsonb, upload_date timestamptz DEFAULT now(),
    processing_status varchar(20) DEFAULT 'pending', privacy_level varchar(20) DEFAULT 'private',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_dna_tests_user_id ON dna_tests (user_id);
CREATE INDEX idx_dna_tests_provider ON dna_tests (test_provider);
CREATE INDEX idx_dna_tests_status ON dna_tests (processing_status);
CREATE TRIGGER update_dna_tests_updated_at BEFORE UPDATE ON dna_tests
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE dna_matches (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user1_id uuid REFERENCES users (id) ON DELETE CASCADE,
    user2_id uuid REFERENCES users (id) ON DELETE CASCADE,
    test1_id uuid REFERENCES dna_tests (id) ON DELETE CASCADE,
    test2_id uuid REFERENCES dna_tests (id) ON DELETE CASCADE,
    shared_dna_cm numeric(8, 2), shared_dna_percentage numeric(5, 4), longest_segment_cm numeric(8, 2),
    estimated_relationship varchar(100), confidence_score numeric(3, 2), shared_segments jsonb,
    is_contacted boolean DEFAULT false, contact_initiated_by uuid REFERENCES users (id), notes text,
    match_status varchar(20) DEFAULT 'new',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    UNIQUE (user1_id, user2_id, test1_id, test2_id),
    CONSTRAINT check_user_order CHECK (user1_id < user2_id)
);
CREATE INDEX idx_dna_matches_user1 ON dna_matches (user1_id);
CREATE INDEX idx_dna_matches_user2 ON dna_matches (user2_id);
CREATE INDEX idx_dna_matches_shared_dna ON dna_matches (shared_dna_cm);
CREATE TRIGGER update_dna_matches_updated_at BEFORE UPDATE ON dna_matches
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE subscriptions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    plan_name varchar(50) NOT NULL, plan_type varchar(20) NOT NULL, status varchar(20) NOT NULL,
    amount_cents integer NOT NULL, currency varchar(3) DEFAULT 'USD',
    current_period_start timestamptz NOT NULL, current_period_end timestamptz NOT NULL,
    trial_start timestamptz, trial_end timestamptz,
    stripe_subscription_id varchar(255), stripe_customer_id varchar(255),
    cancelled_at timestamptz, cancel_at_period_end boolean DEFAULT false, cancellation_reason varchar(255),
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_subscriptions_user_id ON subscriptions (user_id);
CREATE INDEX idx_subscriptions_status ON subscriptions (status);
CREATE INDEX idx_subscriptions_stripe_id ON subscriptions (stripe_subscription_id);
CREATE TRIGGER update_subscriptions_updated_at BEFORE UPDATE ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    title varchar(255) NOT NULL, description text, start_date date, end_date date, place jsonb,
    category varchar(50), related_person_ids jsonb DEFAULT '[]',
    family_tree_id uuid REFERENCES family_trees (id) ON DELETE CASCADE,
    privacy varchar(20) DEFAULT 'private', notes text, source_ids jsonb DEFAULT '[]',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_events_user_id ON events (user_id);
CREATE INDEX idx_events_family_tree_id ON events (family_tree_id);
CREATE INDEX idx_events_category ON events (category);
CREATE INDEX idx_events_start_date ON events (start_date);
CREATE TRIGGER update_events_updated_at BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE notifications (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    title varchar(255) NOT NULL, message text NOT NULL, type varchar(50) NOT NULL,
    is_read boolean DEFAULT false, read_at timestamptz,
    related_entity_type varchar(50), related_entity_id uuid, metadata jsonb DEFAULT '{}',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE INDEX idx_notifications_user_id ON notifications (user_id);
CREATE INDEX idx_notifications_is_read ON notifications (is_read);
CREATE INDEX idx_notifications_type ON notifications (type);
CREATE INDEX idx_notifications_created_at ON notifications (created_at);
CREATE TRIGGER update_notifications_updated_at BEFORE UPDATE ON notifications
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TABLE comments (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    content text NOT NULL, entity_type varchar(50) NOT NULL, entity_id uuid NOT NULL,
    parent_comment_id uuid REFERENCES comments (id) ON DELETE CASCADE,
    is_edited boolean DEFAULT false, edited_at timestamptz,
    is_flagged boolean DEFAULT false, flagged_reason varchar(255), privacy varchar(20) DEFAULT 'public',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), deleted_at timestamptz
);
CREATE INDEX idx_comments_user_id ON comments (user_id);
CREATE INDEX idx_comments_entity_type ON comments (entity_type);
CREATE INDEX idx_comments_entity_id ON comments (entity_id);
CREATE INDEX idx_comments_parent_comment_id ON comments (parent_comment_id);
CREATE INDEX idx_comments_created_at ON comments (created_at);
CREATE TRIGGER update_comments_updated_at BEFORE UPDATE ON comments
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
