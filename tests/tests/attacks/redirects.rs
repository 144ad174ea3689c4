//! Nobody is led to another site by a link to this one.

use dzinza_tests::{Client, Server};

use crate::support::EMAIL;

const ELSEWHERE: &[&str] = &[
    "https://evil.example",
    "//evil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "https:evil.example",
    "javascript:alert(1)//evil.example",
    "data:text/html,evil.example",
    "%09//evil.example",
];

/// Parameters that frameworks take for where to go next.
const PARAMETERS: &[&str] = &[
    "redirect",
    "redirect_uri",
    "redirectUri",
    "next",
    "return",
    "returnTo",
    "return_to",
    "continue",
    "url",
    "callback",
];

#[tokio::test]
async fn no_answer_leads_to_a_place_that_a_link_names() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let token = "0".repeat(64);
    let paths = [
        format!("/api/auth/verify-email/{token}"),
        format!("/api/auth/reset-password/{token}"),
        "/api/auth/oauth/google".to_owned(),
        "/api/auth/oauth/google/callback".to_owned(),
        "/api/auth/me".to_owned(),
        "/".to_owned(),
    ];
    let mut targets: Vec<String> = ELSEWHERE.iter().map(|place| format!("/{place}")).collect();
    targets.extend(
        ["//evil.example/..", "/%2f%2fevil.example/%2e%2e", "/.evil.example", "//evil.example/api/auth/me/"]
            .map(str::to_owned),
    );
    for path in paths {
        for place in ELSEWHERE {
            let query: Vec<String> = PARAMETERS.iter().map(|name| format!("{name}={place}")).collect();
            targets.push(format!("{path}?{}", query.join("&")));
        }
    }
    let cookie = format!("access_token_cookie={}", rudo.access);
    for target in targets {
        // As bytes, so that no client tidies the address up on the way.
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n"
        );
        let answer = server.raw(head.as_bytes()).await;
        let to = answer.header("location").unwrap_or_default();
        assert!(!to.contains("evil") && !to.starts_with("//"), "{target}: {to}");
        for other in ["refresh", "content-location"] {
            assert_eq!(answer.header(other), None, "{target}");
        }
    }
    server.stop().await;
}
