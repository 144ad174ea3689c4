//! Administration before the real gateway: by cookie, as the admin pages call it, and from the command line.
#![cfg(test)]

use dzinza_auth::{NewAccount, create_account};
use dzinza_ports::Role;
use dzinza_runner::platform::Platform;
use dzinza_tests::{Client, Mode, PASSWORD, Process, Server, run, seen_by_all};
use http::Method;
use serde_json::{Value, json};

const ADMIN: &str = "admin@example.org";

/// An administrator, known by cookie.
async fn admin(server: &Server) -> Client {
    let platform = Platform::open(&Server::settings(server.data()), server.data()).unwrap();
    let account = NewAccount {
        email: ADMIN.to_owned(),
        password: Some(PASSWORD.to_owned()),
        first_name: "Ambuya".to_owned(),
        role: Role::Admin,
        ..NewAccount::default()
    };
    create_account(&platform.auth_ports(), account).await.unwrap();
    let nobody = Client::anonymous(server);
    let answer = nobody.post("/api/auth/login", &json!({ "email": ADMIN, "password": PASSWORD })).await;
    nobody.known_by(&answer, Mode::Cookie)
}

#[tokio::test]
async fn an_administrator_looks_after_accounts_by_cookie() {
    let server = Server::start().await;
    let admin = admin(&server).await;
    let tendai = Client::signed_up(&server, "tendai@example.org").await;
    let listed = admin.get("/api/admin/users?email=tendai").await.ok(200);
    assert_eq!(
        (&listed["data"][0]["_id"], &listed["pagination"]["total"]),
        (&json!(tendai.user_id), &json!(1))
    );
    let path = format!("/api/admin/users/{}", tendai.user_id);

    // A page of somebody else's, with our cookie.
    let foreign = admin.with_mode(Mode::Anonymous).request(Method::PUT, &path);
    let foreign = foreign.header("cookie", format!("access_token_cookie={}", admin.access));
    let foreign = foreign.header("origin", "https://evil.example").json(&json!({ "firstName": "Eve" }));
    assert_eq!(admin.send(foreign).await.problem(403)["error"], "CROSS_SITE_REQUEST");

    // Made a moderator, Tendai signs in anew, and is shown as one.
    assert_eq!(
        admin.put(&path, &json!({ "roles": ["user", "moderator"] })).await.ok(200)["role"],
        "moderator"
    );
    tendai.get("/api/auth/me").await.problem(401);
    tendai.post("/auth/refresh", &json!({ "refreshToken": tendai.refresh })).await.problem(401);
    let tendai = tendai.sign_in("tendai@example.org", PASSWORD).await;
    assert_eq!(tendai.get("/api/auth/me").await.ok(200)["user"]["roles"], json!(["moderator"]));
    tendai.get("/api/admin/users").await.problem(403);

    // Locked out after wrong passwords, let in again by an administrator.
    let wrong = json!({ "email": "tendai@example.org", "password": "Wrong-1890" });
    for _ in 0..5 {
        tendai.as_nobody().post("/api/auth/login", &wrong).await.problem(401);
    }
    tendai.as_nobody().post("/api/auth/login", &wrong).await.problem(423);
    admin.put(&path, &json!({ "lockedUntil": null })).await.ok(200);
    let tendai = tendai.sign_in("tendai@example.org", PASSWORD).await;

    // Deactivated: nothing of theirs opens any more, and nothing is gone.
    let gone = admin.delete(&path).await.ok(200);
    assert_eq!((&gone["user"]["isActive"], gone["message"].is_string()), (&json!(false), true));
    tendai.get("/api/auth/me").await.problem(401);
    let right = json!({ "email": "tendai@example.org", "password": PASSWORD });
    tendai.as_nobody().post("/api/auth/login", &right).await.problem(403);
    admin.put(&path, &json!({ "isActive": true })).await.ok(200);
    tendai.sign_in("tendai@example.org", PASSWORD).await;
    let trail = admin.get(&format!("/api/admin/audit?userId={}", tendai.user_id)).await.ok(200);
    let actions: Vec<&Value> = trail["data"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    for action in ["ADMIN_USER_UPDATED", "ADMIN_USER_DEACTIVATED", "LOGIN_FAILED_ACCOUNT_LOCKED"] {
        assert!(actions.contains(&&json!(action)), "{action}: {actions:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn under_maintenance_only_administrators_change_anything() {
    let server = Server::start().await;
    let admin = admin(&server).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let tree = rudo.new_tree("Moyo", "private").await;
    admin.put("/api/admin/settings", &json!({ "maintenanceMode": true })).await.ok(200);
    seen_by_all().await;
    let path = format!("/api/family-trees/{tree}");
    let refused = rudo.put(&path, &json!({ "name": "Ncube" })).await;
    assert_eq!(refused.header("retry-after"), Some("300"));
    assert_eq!(refused.problem(503)["error"], "MAINTENANCE");
    let in_shona =
        rudo.request(Method::PUT, &path).header("accept-language", "sn").json(&json!({ "name": "Ncube" }));
    let refused = rudo.send(in_shona).await;
    assert_eq!(refused.header("content-language"), Some("sn"));
    assert!(
        refused.problem(503)["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Dzinza iri kugadziriswa"))
    );
    for (path, body) in [
        ("/api/family-trees", json!({ "name": "Another" })),
        ("/api/genealogy/members", json!({ "firstName": "Eve" })),
        ("/api/auth/register", json!({ "name": "Eve", "email": "eve@example.org", "password": PASSWORD })),
    ] {
        rudo.post(path, &body).await.problem(503);
        rudo.as_nobody().post(path, &body).await.problem(503);
    }
    rudo.put("/api/users/me", &json!({ "firstName": "Eve" })).await.problem(503);
    // Everything can be looked at, everyone can sign in and out, and administrators go on.
    assert_eq!(rudo.get(&path).await.ok(200)["name"], "Moyo");
    let again = rudo.sign_in("rudo@example.org", PASSWORD).await;
    again.post("/api/auth/logout", &json!({})).await.ok(200);
    let admin = admin.sign_in(ADMIN, PASSWORD).await;
    admin.new_tree("Ours", "private").await;
    admin.put("/api/admin/settings", &json!({ "maintenanceMode": false })).await.ok(200);
    seen_by_all().await;
    rudo.put(&path, &json!({ "name": "Ncube" })).await.ok(200);
    server.stop().await;
}

#[tokio::test]
async fn settings_are_in_force_for_those_who_sign_up() {
    let server = Server::start().await;
    let admin = admin(&server).await;
    let form = json!({ "name": "Eve", "email": "eve@example.org", "password": PASSWORD });
    admin.put("/api/admin/settings", &json!({ "allowNewRegistrations": false })).await.ok(200);
    admin.as_nobody().post("/api/auth/register", &form).await.problem(403);
    let open = json!({ "allowNewRegistrations": true, "defaultLanguage": "sn" });
    assert_eq!(admin.put("/api/admin/settings", &open).await.ok(200)["defaultLanguage"], "sn");
    let made = admin.as_nobody().post("/api/auth/register", &form).await.ok(201);
    assert_eq!(made["user"]["preferredLanguage"], "sn");
    server.stop().await;
}

#[tokio::test]
async fn the_platform_tells_how_it_is_and_what_it_holds() {
    let server = Server::start().await;
    let admin = admin(&server).await;
    let health = admin.get("/api/admin/system-health").await.ok(200);
    assert_eq!(health["overallStatus"], "UP", "{health}");
    let names: Vec<&Value> = health["services"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["auth-service", "genealogy-service", "storage-service"]);
    let summary = admin.get("/api/v1/admin/analytics/summary").await.ok(200);
    assert_eq!(summary["totalUsers"], 1);
    for path in ["/api/auth/health", "/api/v1/auth/health"] {
        let own = admin.as_nobody().get(path).await.ok(200);
        assert_eq!((&own["service"], &own["status"]), (&json!("auth-service"), &json!("healthy")), "{own}");
        assert_eq!(own["dependencies"]["database"]["status"], "UP");
        assert!(own["message"].is_string() && own["version"].is_string() && own["timestamp"].is_string());
    }
    let live = admin.as_nobody().get("/api/v1/auth/health/live").await.ok(200);
    assert_eq!((&live["status"], live.get("dependencies")), (&json!("healthy"), None));
    server.stop().await;
}

fn said(arguments: &[&str]) -> (bool, String) {
    let output = run(arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_never_with_a_weak_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = data.display().to_string();
    let start = |password: &str| {
        Process::with(&data, |command| {
            command.env("SEED_ADMIN_EMAIL", ADMIN).env("SEED_ADMIN_PASSWORD", password);
        })
    };
    let process = start("Mutupo-1890");
    let admin = Client::at(process.url()).sign_in(ADMIN, "Mutupo-1890").await;
    assert_eq!(admin.get("/api/admin/users").await.ok(200)["pagination"]["total"], 1);
    admin.sign_up("chipo@example.org").await;

    // From the command line, while it serves: the last one stays, another may be made.
    let (done, text) = said(&["user", "demote", "--data", &path, "--email", ADMIN]);
    assert!(!done && text.contains("last administrator"), "{text}");
    let (done, text) = said(&["user", "promote", "--data", &path, "--email", "Chipo@example.org"]);
    assert!(done && text.contains("admin"), "{text}");
    let (_, text) = said(&["user", "list", "--data", &path, "--role", "admin"]);
    assert!(text.contains(ADMIN) && text.contains("chipo@example.org") && !text.contains("$2"), "{text}");
    assert!(said(&["user", "deactivate", "--data", &path, "--email", ADMIN]).0);
    admin.get("/api/admin/users").await.problem(401);
    let (_, text) = said(&["user", "list", "--data", &path]);
    assert!(text.contains("inactive"), "{text}");
    assert!(!said(&["user", "promote", "--data", &path, "--email", "nobody@example.org"]).0);
    drop(process);

    // Started again with it, nobody is made, promoted or activated.
    let process = start("Another-1891");
    let answer = json!({ "email": ADMIN, "password": "Another-1891" });
    Client::at(process.url()).post("/api/auth/login", &answer).await.problem(401);
    drop(process);
    for weak in ["short", "Admin123!", "ChangeMe123!"] {
        let empty = folder.path().join("empty").display().to_string();
        let output = std::process::Command::new(dzinza_tests::binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data", &empty])
            .env("SEED_ADMIN_EMAIL", ADMIN)
            .env("SEED_ADMIN_PASSWORD", weak)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("SEED_ADMIN") && !text.contains(weak), "{text}");
    }
}
