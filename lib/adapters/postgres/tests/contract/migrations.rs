//! Migrations over databases that are filled in each old shape: there, back and there again, and stopped in between.

use std::sync::Arc;

use dzinza_ports::{
    AuditEntry, NewUser, Passkey, Passkeys as _, Role, Sessions, SystemIds, User, UserChange, Users,
};
use dzinza_postgres::{Found, MigrateError, Migrations, PgAccounts, PgConnectOptions};
use jiff::Timestamp;
use libtest_mimic::Trial;
use serde_json::json;

use crate::case;
use crate::look::{columns, rows, same, shape, texts, without};
use crate::server::{PostgresServer, connect, run};

const NODE: &str = include_str!("layouts/node.sql");
const NODE_ROWS: &str = include_str!("layouts/node_rows.sql");
const PLATFORM: &str = include_str!("layouts/platform.sql");
const PLATFORM_ROWS: &str = include_str!("layouts/platform_rows.sql");
const ALL: usize = usize::MAX;
const STEPS: usize = 5;
/// What only the Node version has; it stays.
const NODE_ONLY: &[&str] = &[
    "users.is_admin",
    "users.two_factor_enabled",
    "users.two_factor_secret",
    "users.backup_codes",
    "users.last_login",
    "users.language",
    "family_trees.user_id",
];

type Server = Option<Arc<PostgresServer>>;

pub fn cases(trials: &mut Vec<Trial>, server: Option<&Arc<PostgresServer>>) {
    let server: Server = server.cloned();
    let mut add =
        |sentence: &str,
         start: fn(Arc<PostgresServer>) -> futures::future::BoxFuture<'static, anyhow::Result<()>>| {
            case(trials, server.as_ref(), &format!("migrations: {sentence}"), start);
        };
    add("one layout comes from nothing, from Node's and from Python's", |server| {
        Box::pin(one_layout(server))
    });
    add("Node's rights, factors, sign-ins, languages and proofs are carried over", |server| {
        Box::pin(node_carried(server))
    });
    add("Node's accounts go there, back and there again, and nothing is lost", |server| {
        Box::pin(node_round(server))
    });
    add("what Node's version changes in between is carried over again", |server| {
        Box::pin(node_between(server))
    });
    add("rights on trees that are none are parked and come back", |server| Box::pin(node_parked(server)));
    add("accounts that Python's patch script has damaged are taken as they are", |server| {
        Box::pin(damaged(server))
    });
    add("Python's tokens are hashed and go on working", |server| Box::pin(platform_hashed(server)));
    add("Python's accounts go there, back and there again, and nothing is lost", |server| {
        Box::pin(platform_round(server))
    });
    add("role labels in lowercase become uppercase, and lowercase again", |server| {
        Box::pin(lowercase_labels(server))
    });
    add("a new database goes back to nothing, or keeps what is in it beside", |server| {
        Box::pin(new_round(server))
    });
    add("stopped after any step, it goes on there", |server| Box::pin(stopped(server)));
    add("a connection cut in the middle of a step leaves it unmade", |server| Box::pin(cut(server)));
    add("two at once make every step once", |server| Box::pin(two_at_once(server)));
    add("addresses that differ in case only are counted, and nothing is done", |server| {
        Box::pin(doubled(server))
    });
    add("steps that changed, are unknown or are missing are told", |server| Box::pin(records(server)));
    add("an account that others' rows refer to is erased, its audit entries stay", |server| {
        Box::pin(erased(server))
    });
}

async fn filled(server: &PostgresServer, scripts: &[&str]) -> anyhow::Result<(PgConnectOptions, Migrations)> {
    let options = server.empty().await?;
    let mut conn = connect(&options).await?;
    for script in scripts {
        run(&mut conn, script).await?;
    }
    Ok((options.clone(), Migrations::new(options)))
}

fn accounts(options: &PgConnectOptions) -> PgAccounts {
    PgAccounts::new(options.clone(), 2, Arc::new(SystemIds))
}

async fn by_email(accounts: &PgAccounts, email: &str) -> anyhow::Result<User> {
    accounts.by_email(email).await?.ok_or_else(|| anyhow::anyhow!("{email} is not there"))
}

async fn one_layout(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let mut layouts = Vec::new();
    for (scripts, found) in [
        (&[][..], Found::Nothing),
        (&[NODE, NODE_ROWS][..], Found::Node),
        (&[PLATFORM, PLATFORM_ROWS][..], Found::Platform),
    ] {
        let (options, migrations) = filled(&server, scripts).await?;
        let before = migrations.status().await?;
        assert_eq!((before.found, before.applied.len(), before.pending.len()), (found, 0, STEPS));
        assert_eq!(migrations.up(ALL).await?.len(), STEPS);
        let after = migrations.status().await?;
        assert_eq!((after.found, after.applied.len(), after.pending.len()), (Found::Ours, STEPS, 0));
        assert_eq!(migrations.up(ALL).await?, [""; 0]);
        migrations.check().await?;
        let mut layout = columns(&mut connect(&options).await?).await?;
        layout.retain(|column| {
            let name = column.split(' ').next().unwrap_or_default();
            !NODE_ONLY.contains(&name) && !name.starts_with("migrations.")
        });
        layouts.push(layout);
    }
    assert_eq!(layouts[0], layouts[1]);
    assert_eq!(layouts[0], layouts[2]);
    Ok(())
}

async fn node_carried(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[NODE, NODE_ROWS]).await?;
    migrations.up(ALL).await?;
    let accounts = accounts(&options);
    let admin = by_email(&accounts, "ADMIN@example.org").await?;
    assert_eq!((admin.role, admin.is_superuser, admin.mfa_enabled), (Role::Admin, true, true));
    assert_eq!(admin.mfa_secret.as_deref(), Some("JBSWY3DPEHPK3PXP"));
    assert_eq!(admin.last_login_at, Some("2025-06-20T10:00:00.123456Z".parse()?));
    assert_eq!((&*admin.preferred_language, &*admin.email), ("sn", "Admin@example.org"));
    assert_eq!((admin.email_verified, admin.email_verified_at), (true, Some(admin.created_at)));
    assert_eq!(admin.updated_at, "2025-06-21T08:00:00Z".parse::<Timestamp>()?);
    let hashes: Vec<String> = serde_json::from_str(&admin.mfa_backup_codes.unwrap_or_default())?;
    for (code, hash) in ["ABC123", "def456", "ABCDEFGHIJ"].iter().zip(&hashes) {
        assert!(bcrypt::verify(code, hash)?, "{code}");
    }
    assert_eq!(hashes.len(), 3);
    let user = by_email(&accounts, "user@example.org").await?;
    assert_eq!((user.role, user.is_superuser, user.mfa_enabled), (Role::User, false, false));
    assert_eq!((user.mfa_backup_codes, user.email_verified_at, user.last_login_at), (None, None, None));
    assert_eq!(&*user.preferred_language, "nd");
    let nobody = by_email(&accounts, "nobody@example.org").await?;
    assert_eq!((nobody.role, &*nobody.preferred_language, nobody.is_active), (Role::User, "en", true));
    assert_eq!(nobody.mfa_backup_codes, None);
    let owner = "SELECT owner_id::text FROM family_trees";
    assert_eq!(texts(&mut connect(&options).await?, owner).await?, [admin.id]);
    Ok(())
}

/// What only our version can say, on an account of before and on a new one.
async fn use_ours(options: &PgConnectOptions, of: &str) -> anyhow::Result<()> {
    let accounts = accounts(options);
    let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    let user = by_email(&accounts, of).await?;
    let change = UserChange {
        role: Some(Role::Moderator),
        ui_preferences: Some(json!({"theme": "dark"})),
        mfa_enabled: Some(true),
        mfa_secret: Some(Some("sealed".to_owned())),
        mfa_backup_codes: Some(Some("[\"$2b$08$x\"]".to_owned())),
        mfa_last_used_step: Some(Some(58_000_000)),
        password_reset: Some(Some(("0123".to_owned(), now))),
        ..UserChange::default()
    };
    accounts.update(&user.id, change, now).await?;
    let new = NewUser {
        id: "00000000-0000-7000-8000-000000000009".to_owned(),
        email: "new@example.org".to_owned(),
        password_hash: "!".to_owned(),
        preferred_language: "en".to_owned(),
        timezone: "UTC".to_owned(),
        created_at: now,
        ..NewUser::default()
    };
    let new = Users::insert(&accounts, new).await?;
    let passkey = Passkey {
        id: "00000000-0000-7000-8000-00000000000a".to_owned(),
        user_id: new.id.clone(),
        credential_id: "credential".to_owned(),
        name: "a key".to_owned(),
        data: json!({"counter": 1}),
        created_at: now,
        last_used_at: None,
    };
    accounts.add(passkey).await?;
    let entry = AuditEntry {
        id: "00000000-0000-7000-8000-00000000000b".to_owned(),
        user_id: Some(new.id),
        action: "USER_REGISTERED".to_owned(),
        ip_address: None,
        user_agent: None,
        timestamp: now,
        details: json!({}),
    };
    dzinza_ports::Audit::append(&accounts, entry).await?;
    Ok(())
}

async fn node_round(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[NODE, NODE_ROWS]).await?;
    // A token that can be read cannot be made of its hash again.
    let readable = ["users.password_reset_token", "users.password_reset_expires"];
    let (old_shape, old_rows) = (shape(&options).await?, rows(&options, &readable).await?);
    migrations.up(ALL).await?;
    let first = rows(&options, &[]).await?;
    assert_eq!(migrations.down(ALL).await?.len(), STEPS);
    same(shape(&options).await?, old_shape.clone());
    same(rows(&options, &readable).await?, old_rows.clone());
    migrations.up(ALL).await?;
    same(rows(&options, &[]).await?, first.clone());

    use_ours(&options, "user@example.org").await?;
    let used = rows(&options, &[]).await?;
    migrations.down(ALL).await?;
    same(shape(&options).await?, old_shape.clone());
    let mut conn = connect(&options).await?;
    let said = "SELECT concat_ws(' ', email, is_admin, two_factor_enabled, two_factor_secret, username)
        FROM users WHERE email IN ('user@example.org', 'new@example.org') ORDER BY email";
    let name = "user_00000000000070008000000000000009";
    assert_eq!(
        texts(&mut conn, said).await?,
        [format!("new@example.org f f {name}"), "user@example.org f t sealed user".to_owned()]
    );
    migrations.up(ALL).await?;
    same(rows(&options, NODE_ONLY).await?, without(used, NODE_ONLY)?);
    Ok(())
}

async fn node_between(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[NODE, NODE_ROWS]).await?;
    migrations.up(ALL).await?;
    use_ours(&options, "user@example.org").await?;
    migrations.down(ALL).await?;
    let mut conn = connect(&options).await?;
    run(
        &mut conn,
        "UPDATE users SET is_admin = false, two_factor_enabled = false, two_factor_secret = NULL,
             backup_codes = '{NEW111}' WHERE email = 'Admin@example.org';
         UPDATE users SET username = 'chosen' WHERE email = 'new@example.org';
         DELETE FROM users WHERE email = 'nobody@example.org';",
    )
    .await?;
    migrations.up(ALL).await?;
    let accounts = accounts(&options);
    let admin = by_email(&accounts, "admin@example.org").await?;
    assert_eq!((admin.role, admin.is_superuser, admin.mfa_enabled), (Role::User, false, false));
    let hashes: Vec<String> = serde_json::from_str(&admin.mfa_backup_codes.unwrap_or_default())?;
    assert!(hashes.len() == 1 && bcrypt::verify("NEW111", &hashes[0])?);
    assert_eq!(by_email(&accounts, "user@example.org").await?.role, Role::Moderator);
    assert_eq!(by_email(&accounts, "new@example.org").await?.username.as_deref(), Some("chosen"));
    assert_eq!(accounts.by_email("nobody@example.org").await?, None);
    Ok(())
}

async fn node_parked(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[NODE, NODE_ROWS]).await?;
    let before = rows(&options, &[]).await?["family_tree_permissions"].clone();
    migrations.up(ALL).await?;
    let mut conn = connect(&options).await?;
    let left = "SELECT permission_level FROM family_tree_permissions";
    assert_eq!(texts(&mut conn, left).await?, ["view"]);
    let parked = "SELECT permission_level FROM dzinza_kept.parked_permissions ORDER BY 1";
    assert_eq!(texts(&mut conn, parked).await?, ["admin", "edit"]);
    migrations.down(ALL).await?;
    assert_eq!(rows(&options, &[]).await?["family_tree_permissions"], before);
    Ok(())
}

/// It drops six columns and then stops, having made the tables that were missing.
async fn damaged(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let patch = "ALTER TABLE users DROP COLUMN is_admin, DROP COLUMN two_factor_enabled, DROP COLUMN two_factor_secret,
        DROP COLUMN backup_codes, DROP COLUMN last_login, DROP COLUMN language;
        CREATE TABLE refresh_tokens (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
            user_id uuid REFERENCES users (id) ON DELETE CASCADE, token text NOT NULL UNIQUE,
            token_jti varchar(255) NOT NULL UNIQUE, expires_at timestamptz NOT NULL, created_at timestamptz,
            revoked_at timestamptz, ip_address varchar(255), user_agent text, session_id varchar(255),
            device_fingerprint varchar(255), location_info text)";
    let (options, migrations) = filled(&server, &[NODE, NODE_ROWS, patch]).await?;
    let readable = ["users.password_reset_token", "users.password_reset_expires"];
    let (old_shape, old_rows) = (shape(&options).await?, rows(&options, &readable).await?);
    assert_eq!(migrations.status().await?.found, Found::Node);
    migrations.up(ALL).await?;
    let admin = by_email(&accounts(&options), "admin@example.org").await?;
    assert_eq!((admin.role, admin.mfa_enabled, &*admin.preferred_language), (Role::User, false, "en"));
    migrations.down(ALL).await?;
    same(shape(&options).await?, old_shape);
    same(rows(&options, &readable).await?, old_rows);
    Ok(())
}

async fn platform_hashed(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[PLATFORM, PLATFORM_ROWS]).await?;
    migrations.up(ALL).await?;
    let accounts = accounts(&options);
    assert_eq!(accounts.by_password_reset(&"a reset token".to_owned()).await?, None);
    for (email, sent) in [("admin@dzinza.org", "a reset token"), ("mod@example.org", "a proof of address")] {
        let hash = sha256(sent);
        let found = match accounts.by_password_reset(&hash).await? {
            Some(user) => Some(user),
            None => accounts.by_email_verification(&hash).await?,
        };
        assert_eq!(found.map(|user| user.email.to_lowercase()).as_deref(), Some(email));
    }
    let token = Sessions::find(&accounts, "jti1").await?.ok_or_else(|| anyhow::anyhow!("no token"))?;
    assert_eq!((token.token, &*token.session_id), (sha256("a readable refresh token"), "jti1"));
    let admin = by_email(&accounts, "admin@dzinza.org").await?;
    assert_eq!((admin.role, admin.is_superuser, admin.mfa_enabled), (Role::Admin, true, true));
    assert_eq!(admin.updated_at, "2025-07-14T08:00:00Z".parse::<Timestamp>()?);
    assert_eq!(admin.privacy_settings, json!({"profileVisibility": "family"}));
    let bare = by_email(&accounts, "user@example.org").await?;
    assert_eq!((bare.is_active, bare.max_concurrent_sessions, bare.ui_preferences), (true, 5, json!({})));
    Ok(())
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

async fn platform_round(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[PLATFORM, PLATFORM_ROWS]).await?;
    let tokens = [
        "users.password_reset_token",
        "users.password_reset_expires",
        "users.email_verification_token",
        "users.email_verification_expires",
        "refresh_tokens.token",
        "refresh_tokens.session_id",
    ];
    let (old_shape, old_rows) = (shape(&options).await?, rows(&options, &tokens).await?);
    migrations.up(ALL).await?;
    let first = rows(&options, &[]).await?;
    migrations.down(ALL).await?;
    same(shape(&options).await?, old_shape.clone());
    same(rows(&options, &tokens).await?, old_rows.clone());
    migrations.up(ALL).await?;
    same(rows(&options, &[]).await?, first.clone());
    use_ours(&options, "user@example.org").await?;
    let used = rows(&options, &[]).await?;
    migrations.down(ALL).await?;
    same(shape(&options).await?, old_shape.clone());
    migrations.up(ALL).await?;
    same(rows(&options, &[]).await?, used.clone());
    Ok(())
}

async fn lowercase_labels(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let lower = |sql: &str| {
        sql.replace("'USER'", "'user'").replace("'ADMIN'", "'admin'").replace("'MODERATOR'", "'moderator'")
    };
    let (options, migrations) = filled(&server, &[&lower(PLATFORM), &lower(PLATFORM_ROWS)]).await?;
    let before = shape(&options).await?;
    migrations.up(ALL).await?;
    assert_eq!(by_email(&accounts(&options), "mod@example.org").await?.role, Role::Moderator);
    use_ours(&options, "user@example.org").await?;
    migrations.down(ALL).await?;
    same(shape(&options).await?, before.clone());
    Ok(())
}

async fn new_round(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[]).await?;
    let nothing = shape(&options).await?;
    migrations.up(ALL).await?;
    migrations.down(ALL).await?;
    same(shape(&options).await?, nothing.clone());
    let kept = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'dzinza_kept'";
    let mut conn = connect(&options).await?;
    assert_eq!(texts(&mut conn, kept).await?, [""; 0]);
    migrations.up(ALL).await?;
    run(&mut conn, PLATFORM_ROWS).await?;
    let filled = rows(&options, &[]).await?;
    migrations.down(ALL).await?;
    assert_eq!(columns(&mut conn).await?, [""; 0]);
    assert_eq!(migrations.status().await?.found, Found::Nothing);
    migrations.up(ALL).await?;
    // Tokens that were written as they are, past the program, went through the hash in between.
    let tokens =
        ["users.password_reset_token", "users.email_verification_token", "refresh_tokens.session_id"];
    same(rows(&options, &tokens).await?, without(filled, &tokens)?);
    Ok(())
}

async fn stopped(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    for scripts in [[NODE, NODE_ROWS], [PLATFORM, PLATFORM_ROWS]] {
        let (whole, migrations) = filled(&server, &scripts).await?;
        migrations.up(ALL).await?;
        let (options, migrations) = filled(&server, &scripts).await?;
        for made in 1..=STEPS {
            assert_eq!(migrations.up(1).await?.len(), 1);
            assert_eq!(migrations.status().await?.applied.len(), made);
            // One back and one forward again, from wherever it stands.
            assert_eq!(migrations.down(1).await?.len(), 1);
            assert_eq!(migrations.up(1).await?.len(), 1);
        }
        // Made by chance or by the clock, each time anew.
        let volatile = [
            "users.mfa_backup_codes_hashed",
            "migrations.executed_at",
            "user_sessions.id",
            "user_sessions.created_at",
            "user_sessions.last_used",
            "refresh_tokens.id",
            "refresh_tokens.created_at",
            "audit_logs.id",
            "audit_logs.timestamp",
            "tree_members.id",
            "tree_members.created_at",
            "tree_members.updated_at",
            "historical_records.id",
            "historical_records.created_at",
            "historical_records.updated_at",
            "family_trees.created_at",
            "family_trees.updated_at",
            "family_tree_permissions.created_at",
            "family_tree_permissions.updated_at",
        ];
        same(rows(&options, &volatile).await?, rows(&whole, &volatile).await?);
        same(shape(&options).await?, shape(&whole).await?);
    }
    Ok(())
}

async fn cut(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[PLATFORM, PLATFORM_ROWS]).await?;
    migrations.up(3).await?;
    let before = (shape(&options).await?, rows(&options, &[]).await?);
    // The next step has changed `users` when it comes to wait for this one.
    let mut other = connect(&options).await?;
    run(&mut other, "BEGIN; LOCK TABLE refresh_tokens").await?;
    let migrating = tokio::spawn({
        let migrations = migrations.clone();
        async move { migrations.up(ALL).await }
    });
    let mut watcher = connect(&server.options("postgres")?).await?;
    let waiting = format!(
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
         WHERE datname = '{}' AND wait_event_type = 'Lock'",
        options.get_database().unwrap_or_default()
    );
    loop {
        let ended = texts(&mut watcher, &waiting).await?;
        if !ended.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(matches!(migrating.await?, Err(MigrateError::Store(_))));
    run(&mut other, "ROLLBACK").await?;
    assert_eq!((shape(&options).await?, rows(&options, &[]).await?), before);
    assert_eq!(migrations.up(ALL).await?.len(), 2);
    Ok(())
}

async fn two_at_once(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (_, migrations) = filled(&server, &[NODE, NODE_ROWS]).await?;
    let (one, two) = tokio::join!(migrations.up(ALL), migrations.up(ALL));
    let mut made = [one?, two?].concat();
    made.sort();
    assert_eq!(made, migrations.status().await?.applied);
    Ok(())
}

async fn doubled(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[PLATFORM, PLATFORM_ROWS]).await?;
    let mut conn = connect(&options).await?;
    run(&mut conn, "INSERT INTO users (email, password_hash) VALUES ('USER@example.org', '!')").await?;
    let before = (shape(&options).await?, rows(&options, &[]).await?);
    let Err(error) = migrations.up(ALL).await else { anyhow::bail!("two accounts have one address") };
    let error = error.to_string();
    assert!(error.contains("1 addresses") && error.contains("SELECT lower(email)"), "{error}");
    assert!(!error.contains("example.org"), "{error}");
    assert_eq!((shape(&options).await?, rows(&options, &[]).await?), before);
    // One that comes between the look and the index is told as well.
    run(&mut conn, "DELETE FROM users WHERE email = 'USER@example.org'").await?;
    migrations.up(2).await?;
    run(&mut conn, "INSERT INTO users (email, password_hash) VALUES ('USER@example.org', '!')").await?;
    let Err(error) = migrations.up(ALL).await else { anyhow::bail!("two accounts have one address") };
    let error = error.to_string();
    assert!(error.contains("0003_unique_addresses") && !error.contains("example.org"), "{error}");
    assert_eq!(migrations.status().await?.applied.len(), 2);
    Ok(())
}

async fn records(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[]).await?;
    assert!(matches!(migrations.check().await, Err(MigrateError::Behind { missing: STEPS, all: STEPS })));
    migrations.up(2).await?;
    assert!(matches!(migrations.check().await, Err(MigrateError::Behind { missing: 3, .. })));
    migrations.up(ALL).await?;
    let mut conn = connect(&options).await?;
    run(&mut conn, "INSERT INTO schema_migrations VALUES (6, 'of_tomorrow', 'x')").await?;
    assert!(matches!(migrations.check().await, Err(MigrateError::Newer(6))));
    assert!(matches!(migrations.down(1).await, Err(MigrateError::Newer(6))));
    run(&mut conn, "DELETE FROM schema_migrations WHERE version = 6").await?;
    run(&mut conn, "UPDATE schema_migrations SET checksum = 'x' WHERE version = 2").await?;
    assert!(
        matches!(migrations.up(1).await, Err(MigrateError::Changed(step)) if step == "0002_node_columns")
    );
    for tables in ["CREATE TABLE users (id int, name text)", "CREATE TABLE schema_migrations (version text)"]
    {
        let (_, migrations) = filled(&server, &[tables]).await?;
        assert!(matches!(migrations.up(1).await, Err(MigrateError::Unknown)), "{tables}");
    }
    Ok(())
}

async fn erased(server: Arc<PostgresServer>) -> anyhow::Result<()> {
    let (options, migrations) = filled(&server, &[PLATFORM, PLATFORM_ROWS]).await?;
    migrations.up(ALL).await?;
    let accounts = accounts(&options);
    let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    for email in ["user@example.org", "admin@dzinza.org"] {
        let user = by_email(&accounts, email).await?;
        let change = UserChange { erase_after: Some(Some(now)), ..UserChange::default() };
        accounts.update(&user.id, change, now).await?;
        assert!(accounts.erase(&user.id, "somebody", now).await?, "{email}");
    }
    let mut conn = connect(&options).await?;
    let left = "SELECT concat_ws(' ', action, user_id, ip_address, user_agent, details) FROM audit_logs";
    assert_eq!(texts(&mut conn, left).await?, [r#"LOGIN_SUCCESS {"subject": "somebody"}"#]);
    Ok(())
}
