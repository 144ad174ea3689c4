//! Tokens of programs where they have no business: beyond their scopes, near the account, after their end, and anywhere but in
//! the header.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dzinza_tests::{Client, Mode, PASSWORD, Server};
use http::Method;
use serde_json::json;

use crate::support::{EMAIL, operations, program_token, reset_token};
use crate::tokens::one_of_each;

/// Paths of the account that a program may read: whose it is.
const OWN: [&str; 2] = ["/api/auth/me", "/api/users/me"];
const UNKNOWN: &str = "01a20784-3d50-74f9-9661-553000000001";

/// The path with something that is nobody's for each parameter.
fn filled(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.split_once('}').map_or("", |(_, rest)| rest);
        format!("{all}{UNKNOWN}{rest}")
    })
}

#[tokio::test]
async fn a_program_stays_within_its_scopes_and_away_from_the_account_and_administration() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let reads = rudo.with_token(&program_token(&rudo, &["read"]).await);
    let writes = rudo.with_token(&program_token(&rudo, &["write"]).await);
    let before = [rudo.tree().await, rudo.get("/api/auth/me").await.ok(200)];
    let mut kept_away = 0;
    for (method, path, public) in operations(&rudo).await {
        if public {
            continue;
        }
        let account = path.starts_with("/api/auth/") || path == "/api/users/me";
        let own = OWN.contains(&path.as_str()) && method == Method::GET;
        let name = format!("{method} {path}");
        let call = async |caller: &Client| {
            let request = caller.request(method.clone(), &filled(&path));
            let request = if method == Method::GET { request } else { request.json(&json!({})) };
            caller.send(request).await
        };
        if account && !own {
            for caller in [&reads, &writes] {
                assert_eq!(call(caller).await.problem(403)["error"], "SESSION_REQUIRED", "{name}");
                kept_away += 1;
            }
        } else if path.starts_with("/api/admin/") || path.starts_with("/api/users") && !own {
            call(&reads).await.problem(403);
            call(&writes).await.problem(403);
        } else if method == Method::GET {
            let read = call(&reads).await;
            assert!(!matches!(read.status, 401 | 403), "{name}: {}", read.text());
        } else {
            assert_eq!(call(&reads).await.problem(403)["error"], "INSUFFICIENT_SCOPE", "{name}");
        }
    }
    assert!(kept_away > 40, "{kept_away}");
    assert_eq!([rudo.tree().await, rudo.get("/api/auth/me").await.ok(200)], before);
    writes.new_member(&json!({ "firstName": "Tendai" })).await;
    server.stop().await;
}

/// Puts a token's end into the past, as time would.
fn end(server: &Server, name: &str) {
    let of = |later: &str| {
        format!("UPDATE user_access_tokens SET expires_at = created_at + {later} WHERE name = '{name}'")
    };
    assert_eq!(server.stores().change(&of("1"), &of("interval '1 microsecond'")), 1);
}

#[tokio::test]
async fn a_token_opens_nothing_more_whatever_ended_it() {
    let server = Server::start().await;
    let eve = Client::signed_up(&server, "eve@example.org").await;
    for how in ["expired", "revoked", "signed-out", "reset", "deactivated"] {
        let email = format!("{how}@example.org");
        let rudo = Client::signed_up(&server, &email).await;
        let paths = one_of_each(&rudo).await;
        let made = rudo.post("/api/auth/tokens", &json!({ "name": how, "scopes": ["write"] })).await.ok(201);
        let program = rudo.with_token(made["token"].as_str().unwrap());
        let path = format!("/api/auth/tokens/{}", made["id"].as_str().unwrap());
        for path in &paths {
            assert!(program.get(path).await.status < 401, "{path}");
        }
        // Nobody else's to end.
        eve.delete(&path).await.problem(404);
        program.get(OWN[0]).await.ok(200);
        match how {
            "expired" => end(&server, how),
            "revoked" => drop(rudo.delete(&path).await.ok(200)),
            "signed-out" => drop(rudo.post("/api/auth/logout-all", &json!({})).await.ok(200)),
            "reset" => {
                let token = reset_token(&rudo, server.data(), &email).await;
                let body = json!({ "token": token, "newPassword": "Baobab-1897" });
                rudo.as_nobody().post("/api/auth/reset-password", &body).await.ok(200);
            }
            _ => drop(rudo.post("/api/auth/deactivate", &json!({ "password": PASSWORD })).await.ok(200)),
        }
        for path in &paths {
            assert_eq!(program.get(path).await.status, 401, "{how} {path}");
        }
        program.post("/api/genealogy/members", &json!({ "firstName": "Eve" })).await.problem(401);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_token_counts_in_the_authorization_header_and_nowhere_else() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let token = program_token(&rudo, &["read", "write"]).await;
    rudo.with_token(&token).get(OWN[0]).await.ok(200);
    let nobody = rudo.as_nobody();
    for path in one_of_each(&rudo).await {
        let joint = if path.contains('?') { '&' } else { '?' };
        for name in ["access_token", "token", "api_key", "apiKey", "authorization", "access_token_cookie"] {
            nobody.get(&format!("{path}{joint}{name}={token}")).await.problem(401);
        }
        // A browser sends cookies by itself, and any page can make it.
        rudo.with_token(&token).with_mode(Mode::Cookie).get(&path).await.problem(401);
        let basic = BASE64_STANDARD.encode(format!("{token}:x-oauth-basic"));
        for (name, value) in [
            ("authorization", token.clone()),
            ("authorization", format!("Token {token}")),
            ("authorization", format!("Basic {basic}")),
            ("authorization", format!("Bearer x, Bearer {token}")),
            ("proxy-authorization", format!("Bearer {token}")),
            ("x-api-key", token.clone()),
            ("x-access-token", token.clone()),
            ("cookie", format!("access_token_cookie={token}; refresh_token_cookie={token}; token={token}")),
        ] {
            let answer = nobody.send(nobody.request(Method::GET, &path).header(name, &value)).await;
            assert_eq!(answer.status, 401, "{path} {name}: {}", answer.text());
        }
    }
    // Nor does it become a session, or end one.
    let body = json!({ "refreshToken": token, "accessToken": token });
    nobody.post("/auth/refresh", &body).await.problem(401);
    rudo.with_token(&token).post("/auth/refresh", &json!({})).await.problem(401);
    rudo.with_token(&token).post("/api/auth/logout", &body).await.ok(200);
    rudo.get(OWN[0]).await.ok(200);
    let listed = rudo.get("/api/auth/tokens").await;
    assert!(listed.status == 200 && !listed.text().contains("dzp_"), "{}", listed.text());
    server.stop().await;
}
