//! Pages of others and a browser's cookie. That every changing operation of the description refuses a foreign
//! page is proved in `gateway_real`; here are the ways to look like a page of ours.

use dzinza_tests::{Client, PASSWORD, Server};
use http::Method;
use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::{EMAIL, PAGE};

/// Headers that are nearly those of a page that may.
fn disguises(host: &str) -> Vec<Vec<(&'static str, String)>> {
    let origins = [
        "https://app.example.org.evil.example",
        "https://evil.example/https://app.example.org",
        "https://evil.example#https://app.example.org",
        "https://app.example.org@evil.example",
        "https://app.example.org:443@evil.example",
        "https://evilapp.example.org",
        "https://evil.app.example.org",
        "https://app-example.org",
        "https://app.example.org.",
        "https://app.example.org:8443",
        "https://app.example.org/",
        "https://app.example.org, https://evil.example",
        "https://app.example.org evil",
        "http://app.example.org",
        "//app.example.org",
        "app.example.org",
        "file://",
        "null",
        "undefined",
        "*",
        "",
    ];
    let mut all: Vec<Vec<_>> = origins.iter().map(|origin| vec![("origin", (*origin).to_owned())]).collect();
    all.push(vec![("origin", format!("http://{host}.evil.example"))]);
    all.push(vec![("origin", format!("http://{host}@evil.example"))]);
    all.push(vec![("origin", format!("http://evil.example/{host}"))]);
    let evil = ("origin", "https://evil.example".to_owned());
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("x-forwarded-origin", PAGE),
        ("referer", PAGE),
        ("sec-fetch-site", "same-origin"),
    ] {
        all.push(vec![evil.clone(), (name, value.to_owned())]);
    }
    for site in ["same-site", "cross-site", "none", "same-origin, cross-site", "Same-Origin "] {
        all.push(vec![("sec-fetch-site", site.to_owned())]);
    }
    all.push(vec![("referer", format!("{PAGE}/family-tree"))]);
    all.push(vec![("x-requested-with", "XMLHttpRequest".to_owned())]);
    all.push(Vec::new());
    all
}

#[tokio::test]
async fn no_disguise_makes_a_foreign_page_one_of_ours() {
    let server = Server::with(|settings| settings.allowed_origins = vec![PAGE.to_owned()]).await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let tree = rudo.tree().await["id"].as_str().unwrap().to_owned();
    let child = rudo.new_member(&json!({ "firstName": "Tendai" })).await;
    let before = rudo.tree().await;
    let cookie = format!("access_token_cookie={}", rudo.access);
    let targets = [
        ("POST", "/api/auth/logout-all".to_owned()),
        ("PATCH", "/api/auth/profile".to_owned()),
        ("PUT", "/api/users/me".to_owned()),
        ("POST", "/api/family-trees".to_owned()),
        ("DELETE", format!("/api/family-trees/{tree}")),
        ("POST", "/api/genealogy/members".to_owned()),
        ("PUT", format!("/api/persons/{child}")),
        ("DELETE", format!("/api/persons/{child}")),
        ("POST", format!("/api/family-trees/{tree}/sources")),
        ("PATCH", "/api/notifications/mark-all-read".to_owned()),
        ("DELETE", "/api/notifications/all".to_owned()),
    ];
    let body = json!({ "firstName": "Eve", "name": "Eve", "title": "Eve" });
    for disguise in disguises(server.host()) {
        for (method, path) in &targets {
            let request = rudo.as_nobody().request(method.parse().unwrap(), path).header("cookie", &cookie);
            let request =
                disguise.iter().fold(request, |request, (name, value)| request.header(*name, value));
            let answer = rudo.send(request.json(&body)).await;
            assert_eq!(answer.status, 403, "{method} {path} {disguise:?}: {}", answer.text());
            assert_eq!(answer.problem(403)["error"], "CROSS_SITE_REQUEST");
        }
    }
    assert_eq!(rudo.tree().await, before);
    // The page of ours may, by the same cookie.
    let request = rudo.as_nobody().request(Method::PATCH, "/api/auth/profile").header("cookie", &cookie);
    rudo.send(request.header("origin", PAGE).json(&json!({ "firstName": "Ruvimbo" }))).await.ok(200);
    server.stop().await;
}

/// Reading is open to the cookie, so nothing that reads may be made to write.
#[tokio::test]
async fn a_reading_request_is_not_turned_into_a_writing_one() {
    let server = Server::with(|settings| settings.allowed_origins = vec![PAGE.to_owned()]).await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let child = rudo.new_member(&json!({ "firstName": "Tendai" })).await;
    let path = format!("/api/persons/{child}");
    let before = rudo.get(&path).await.ok(200);
    let cookie = format!("access_token_cookie={}", rudo.access);
    for (name, value) in
        [("x-http-method-override", "DELETE"), ("x-http-method", "DELETE"), ("x-method-override", "DELETE")]
    {
        let request = rudo.as_nobody().request(Method::GET, &format!("{path}?_method=DELETE&method=DELETE"));
        let request =
            request.header("cookie", &cookie).header(name, value).header("origin", "https://evil.example");
        let answer = rudo.send(request).await;
        assert_eq!(answer.body, before, "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    for method in [Method::GET, Method::HEAD] {
        let request = rudo.as_nobody().request(method, "/api/auth/logout-all").header("cookie", &cookie);
        assert_eq!(rudo.send(request).await.status, 405);
    }
    assert_eq!(rudo.get(&path).await.ok(200), before);
    server.stop().await;
}

/// A form of a foreign page may be sent without asking first. It signs nobody in, as somebody or as its author.
#[tokio::test]
async fn a_form_of_a_foreign_page_signs_nobody_in_or_up() {
    let server = Server::start().await;
    Client::signed_up(&server, EMAIL).await;
    let nobody = Client::anonymous(&server);
    let json = json!({ "email": EMAIL, "password": PASSWORD, "name": "Eve" }).to_string();
    let form = format!("email=rudo%40example.org&password={PASSWORD}&name=Eve");
    for path in ["/api/auth/login", "/api/auth/register", "/auth/refresh"] {
        for (kind, body) in [
            ("text/plain", &json),
            ("text/plain;charset=utf-8", &json),
            ("application/x-www-form-urlencoded", &form),
            ("application/x-www-form-urlencoded", &json),
            ("multipart/form-data; boundary=x", &json),
        ] {
            let request: RequestBuilder = nobody.request(Method::POST, path).header("content-type", kind);
            let request = request.header("origin", "https://evil.example").body(body.clone());
            let answer = nobody.send(request).await;
            assert_eq!(answer.status, 415, "{path} {kind}: {}", answer.text());
            assert_eq!(answer.set_cookie("access_token_cookie"), None);
        }
    }
    server.stop().await;
}
