//! Ways into administration for those who have no business there, or none any more. That every operation refuses ordinary
//! accounts whatever they name is proved in `authority/administrators`.

use dzinza_auth::{NewAccount, create_account};
use dzinza_ports::Role;
use dzinza_runner::platform::Platform;
use dzinza_tests::{Answer, Client, Mode, PASSWORD, Server};
use http::Method;
use jsonwebtoken::decode_header;
use serde_json::{Value, json};

use crate::support::{EMAIL, claims, operations, program_token};
use crate::tokens::{Keys, sign, with};

const UNKNOWN: &str = "01a20784-3d50-74f9-9661-553000000001";

/// An administrator with an address of this name, signed in.
async fn admin(server: &Server, name: &str) -> Client {
    let email = format!("{name}@example.org");
    let platform = Platform::open(&Server::settings(server.data()), server.data()).unwrap();
    let account = NewAccount {
        email: email.clone(),
        password: Some(PASSWORD.to_owned()),
        first_name: "Ambuya".to_owned(),
        role: Role::Admin,
        ..NewAccount::default()
    };
    create_account(&platform.auth_ports(), account).await.unwrap();
    Client::anonymous(server).sign_in(&email, PASSWORD).await
}

/// Every operation of administration, on this account.
async fn administration(client: &Client, id: &str) -> Vec<(Method, String)> {
    let ours = |path: &str| {
        path.starts_with("/api/admin/") || path == "/api/users" || path.starts_with("/api/users/{")
    };
    let all = operations(client).await.into_iter().filter(|(_, path, _)| ours(path));
    let found: Vec<_> = all.map(|(method, path, _)| (method, path.replace("{id}", id))).collect();
    assert!(found.len() >= 16, "{found:?}");
    found
}

/// With a body that would give away the platform.
async fn call(caller: &Client, method: &Method, path: &str) -> Answer {
    let power = json!({ "roles": ["admin"], "role": "admin", "isActive": false, "lockedUntil": null,
        "maintenanceMode": true, "allowNewRegistrations": false, "siteName": "Eve's" });
    let request = caller.request(method.clone(), path);
    caller.send(if *method == Method::GET { request } else { request.json(&power) }).await
}

/// What anybody could have changed there.
async fn picture(admin: &Client) -> Vec<Value> {
    let mut seen = vec![admin.get("/api/admin/settings").await.ok(200)];
    for user in admin.get("/api/admin/users?limit=100").await.ok(200)["data"].as_array().unwrap() {
        seen.push(json!([user["email"], user["roles"], user["isActive"], user["firstName"]]));
    }
    seen
}

#[tokio::test]
async fn neither_members_nor_moderators_nor_programs_of_administrators_administer() {
    let server = Server::start().await;
    let admin = admin(&server, "admin").await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let tendai = Client::signed_up(&server, "tendai@example.org").await;
    let path = format!("/api/admin/users/{}", tendai.user_id);
    admin.put(&path, &json!({ "roles": ["moderator"] })).await.ok(200);
    let tendai = tendai.sign_in("tendai@example.org", PASSWORD).await;
    let programs = [program_token(&rudo, &["write"]).await, program_token(&admin, &["read", "write"]).await];
    let before = picture(&admin).await;
    let mut callers: Vec<Client> = [&rudo, &tendai]
        .into_iter()
        .flat_map(|caller| [caller.clone(), caller.with_mode(Mode::Cookie)])
        .collect();
    callers.extend(programs.iter().map(|token| rudo.with_token(token)));
    for caller in &callers {
        for id in [&admin.user_id, &caller.user_id, UNKNOWN] {
            for (method, path) in administration(&rudo, id).await {
                let refused = call(caller, &method, &path).await;
                assert_eq!(refused.status, 403, "{method} {path}: {}", refused.text());
                assert_eq!(refused.header("access-control-allow-origin"), None);
            }
        }
    }
    // Other ways to write the address come to the same gate, or to none.
    for path in [
        "/api/v1/admin/users",
        "/v1/admin/users",
        "/api/admin/users/",
        "/api//admin/users",
        "/api/admin/./users",
        "/api/auth/../admin/users",
        "/api/auth/%2e%2e/admin/users",
        "/api/auth/..%2fadmin/users",
        "/api/admin/users;x=y",
        "/api/admin/users%00",
        "/api/ADMIN/users",
        "/api/v1/users",
        "/api/users/me/../",
        "/api/genealogy/../admin/settings",
    ] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User-Roles: admin\r\nX-Original-URL: /api/auth/me\r\n\
             X-Forwarded-User: admin@example.org\r\nAuthorization: Bearer {}\r\n\r\n",
            tendai.access
        );
        let answer = server.raw(head.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 403 | 404), "{path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("admin@example.org"), "{path}");
    }
    assert_eq!(picture(&admin).await, before);
    server.stop().await;
}

/// Makes tokens of programs an hour old.
fn age_programs(server: &Server) {
    let of = |hour: &str| format!("UPDATE user_access_tokens SET created_at = created_at - {hour}");
    assert!(server.stores().change(&of("3600000000"), &of("interval '1 hour'")) > 0);
}

#[tokio::test]
async fn who_administers_no_longer_keeps_nothing_that_opens_it() {
    let server = Server::start().await;
    let admin = admin(&server, "admin").await;
    let keys = Keys::of(&server);
    for (name, change, then) in
        [("demoted", json!({ "roles": ["user"] }), 403), ("deactivated", json!({ "isActive": false }), 401)]
    {
        let former = self::admin(&server, name).await;
        let program = former.with_token(&program_token(&former, &["write"]).await);
        age_programs(&server);
        former.get("/api/admin/users").await.ok(200);
        admin.put(&format!("/api/admin/users/{}", former.user_id), &change).await.ok(200);
        let before = picture(&admin).await;
        // A token with a true signature, as a race or a clock that goes wrong could leave one: for now, of a session that
        // nobody has ended.
        let old = claims(&former.access);
        let newer = with(&old, "iat", json!(old["iat"].as_i64().unwrap() + 60));
        let newer = with(&newer, "sid", json!(UNKNOWN));
        let stale = former.with_token(&sign(&decode_header(&former.access).unwrap(), &newer, &keys.access));
        let held = [
            (former.clone(), 401),
            (former.with_mode(Mode::Cookie), 401),
            (program.clone(), then),
            (stale.with_mode(Mode::Cookie), then),
            (stale, then),
        ];
        for (caller, status) in &held {
            for (method, path) in administration(&admin, &admin.user_id).await {
                let refused = call(caller, &method, &path).await;
                assert_eq!(refused.status, *status, "{name} {method} {path}: {}", refused.text());
            }
        }
        let refresh = json!({ "refreshToken": former.refresh });
        former.as_nobody().post("/auth/refresh", &refresh).await.problem(401);
        // Programs of who is still a member go on as a member's, which they have always been.
        assert_eq!(program.get("/api/auth/me").await.status, if then == 403 { 200 } else { 401 });
        assert_eq!(picture(&admin).await, before);
    }
    // Who signs in again is a member like all others.
    let former = admin.sign_in("demoted@example.org", PASSWORD).await;
    former.get("/api/admin/users").await.problem(403);
    let body = json!({ "email": "deactivated@example.org", "password": PASSWORD });
    admin.as_nobody().post("/api/auth/login", &body).await.problem(403);
    server.stop().await;
}

#[tokio::test]
async fn no_parameter_makes_a_list_of_accounts_tell_more_than_it_should() {
    let server = Server::start().await;
    let admin = admin(&server, "admin").await;
    Client::signed_up(&server, EMAIL).await;
    for email in ["%25", "_", "%27%20OR%20%271%27=%271", "%27%3B--", "%5C", "*"] {
        let listed = admin.get(&format!("/api/admin/users?email={email}")).await.ok(200);
        assert_eq!(listed["data"], json!([]), "{email}");
    }
    for (name, value) in [
        ("sortBy", "password_hash"),
        ("sortBy", "email;DROP%20TABLE%20users"),
        ("sortOrder", "asc,password_hash"),
        ("role", "admin%27--"),
        ("limit", "100000"),
        ("page", "-1"),
    ] {
        admin.get(&format!("/api/admin/users?{name}={value}")).await.field(name);
    }
    for path in [
        "/api/admin/users",
        "/api/users",
        &format!("/api/admin/users/{}", admin.user_id),
        "/api/admin/users?fields=password_hash&select=*&include=mfaSecret",
    ] {
        let told = admin.get(path).await;
        assert_eq!(told.status, 200, "{path}");
        for secret in ["$2b$", "password", "Secret", "token"] {
            assert!(!told.text().to_lowercase().contains(&secret.to_lowercase()), "{path}: {}", told.text());
        }
    }
    server.stop().await;
}
