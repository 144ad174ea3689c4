//! Line breaks, claims of being someone, and headers that only a proxy of ours may write.

use dzinza_tests::{Client, PASSWORD, Server, eventually};
use http::Method;
use serde_json::json;

use crate::support::{EMAIL, letters, reset_token};

/// Ways to end a line, in text and in escapes.
const BREAKS: &[&str] =
    &["\r\nBcc: eve@evil.example", "\nX-Evil: 1", "\rX-Evil: 1", "\0X-Evil: 1", "\u{85}X-Evil: 1"];

#[tokio::test]
async fn no_line_of_mine_ends_up_in_a_header_or_a_letter() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    for broken in BREAKS {
        let body = json!({ "name": format!("Rudo{broken}"), "email": EMAIL, "password": PASSWORD });
        nobody.post("/api/auth/register", &body).await.problem(400);
        for email in [format!("rudo@example.org{broken}"), format!("rudo{broken}@example.org")] {
            let body = json!({ "name": "Rudo", "email": email, "password": PASSWORD });
            for path in ["/api/auth/register", "/api/auth/login", "/api/auth/forgot-password"] {
                nobody.post(path, &body).await.problem(400);
            }
        }
    }
    let rudo = Client::signed_up(&server, EMAIL).await;
    reset_token(&rudo, server.data(), EMAIL).await;
    for letter in letters(server.data()) {
        let head = letter.split("\n\n").next().unwrap().to_lowercase();
        let to: Vec<&str> = head.lines().filter(|line| line.starts_with("to:")).collect();
        assert_eq!(to.len(), 1, "{head}");
        assert!(to[0].contains(EMAIL) && !head.contains("evil"), "{head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_escaped_in_an_address_or_a_header_stays_there() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let tree = rudo.new_tree("Moyo\"; filename=\"evil.html", "private").await;
    let paths = [
        "/api/auth/me".to_owned(),
        "/api/auth/me?x=%0d%0aX-Evil:1".to_owned(),
        "/api/nothing%0d%0aX-Evil:%201".to_owned(),
        format!("/api/family-trees/{tree}/export/gedcom"),
    ];
    for path in paths {
        let mut request = rudo.request(Method::GET, &path);
        for name in [
            "x-request-id",
            "x-correlation-id",
            "accept-language",
            "user-agent",
            "origin",
            "x-forwarded-proto",
        ] {
            request = request.header(name, "en%0d%0aX-Evil: 1");
        }
        let answer = rudo.send(request).await;
        assert!(answer.status < 500 && answer.header("x-evil").is_none(), "{path}: {:?}", answer.headers);
        for (name, value) in &answer.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).to_lowercase();
            assert!(!value.contains("x-evil"), "{path}: {name}: {value}");
            // A name of somebody's choice stays one name.
            let one_name = value.matches('"').count() == 2 && value.ends_with(".ged\"");
            assert!(name != "content-disposition" || one_name, "{value}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn whoever_writes_other_addresses_into_headers_is_still_one_client() {
    let server = Server::with(|settings| settings.auth_rate_limit_max_requests = 3).await;
    let nobody = Client::anonymous(&server);
    let names =
        ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];
    for number in 1..=6 {
        let mut request = nobody.request(Method::POST, "/api/auth/login");
        for name in names {
            let prefix = if name == "forwarded" { "for=" } else { "" };
            request = request.header(name, format!("{prefix}198.51.100.{number}"));
        }
        // Another account each time, so that it is not the lock that answers.
        let body = json!({ "email": format!("a{number}@example.org"), "password": PASSWORD });
        let status = nobody.send(request.json(&body)).await.status;
        assert_eq!(status, if number <= 3 { 401 } else { 429 }, "attempt {number}");
    }
    server.stop().await;
}

/// What a request says of the host it was sent to is no part of any mailed link, not even when it comes by a
/// proxy that is trusted.
#[tokio::test]
async fn mailed_links_lead_where_the_operator_says() {
    let server = Server::with(|settings| {
        settings.public_api_url = "https://dzinza.example.org".to_owned();
        settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    })
    .await;
    Client::signed_up(&server, EMAIL).await;
    let body = json!({ "email": EMAIL }).to_string();
    for path in ["/api/auth/forgot-password", "http://evil.example/api/auth/forgot-password"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n\
             X-Forwarded-Port: 666\r\nForwarded: host=evil.example;proto=http\r\nX-Original-Host: evil.example\r\n\
             X-Forwarded-Server: evil.example\r\nOrigin: https://evil.example\r\nReferer: https://evil.example/\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(server.raw(request.as_bytes()).await.status, 200, "{path}");
    }
    let mailed = eventually("two letters", async || {
        let all = letters(server.data());
        (all.iter().filter(|letter| letter.contains("/reset-password/")).count() == 2).then_some(all)
    })
    .await;
    for letter in mailed {
        assert!(
            !letter.contains("evil") && !letter.contains("gopher") && !letter.contains("127.0.0.1"),
            "{letter}"
        );
        let links = letter.matches("/api/auth/").count();
        assert_eq!(letter.matches("https://dzinza.example.org/api/auth/").count(), links, "{letter}");
    }
    server.stop().await;
}
