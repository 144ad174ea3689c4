//! What errors say in every language, and that it is what the code says.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use dzinza_web::{FieldError, Language, Problem, Routes, finish, translate, vary};
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Stands for a quotation mark within a text.
const QUOTE: &str = "\u{1}";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn texts(language: &str) -> BTreeMap<String, String> {
    let file = root().join(format!("lib/web/texts/errors.{language}.toml"));
    toml::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// What stands in braces.
fn slots(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
}

/// Whatever stands in braces, made the same.
fn without_names(text: &str) -> String {
    let mut parts = text.split('{');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain += "{}";
        plain += part.split_once('}').map_or("", |(_, rest)| rest);
    }
    plain
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests" && name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
            // A text over several lines is one text.
            let mut lines = code.split("\\\n");
            found.push_str(lines.next().unwrap());
            lines.for_each(|line| found.push_str(line.trim_start()));
        }
    }
}

#[test]
fn every_language_has_the_same_texts_with_the_same_slots() {
    let (sn, nd) = (texts("sn"), texts("nd"));
    assert_eq!(sn.keys().collect::<Vec<_>>(), nd.keys().collect::<Vec<_>>());
    for (english, said) in sn.iter().chain(&nd) {
        assert_eq!(slots(english), slots(said), "{english}");
        assert!(!said.trim().is_empty() && said != english, "{english}");
        assert_eq!(english.ends_with('.'), said.ends_with('.'), "{english}");
    }
}

#[test]
fn every_text_is_one_that_the_code_says() {
    let mut code = String::new();
    for folder in ["lib", "functions", "local-runner"] {
        sources(&root().join(folder), &mut code);
    }
    // Texts hold no braces but slots, so that a brace of the code between two texts joins none.
    let code = code.replace("\\\"", QUOTE);
    let said: BTreeSet<String> = code.split('"').map(without_names).collect();
    let known = |text: &String| said.contains(&without_names(text).replace('"', QUOTE));
    let strange: Vec<_> = texts("sn").into_keys().filter(|text| !known(text)).collect();
    assert!(strange.is_empty(), "no code says (any more): {strange:#?}");
}

#[test]
fn every_text_is_read_in_every_language() {
    for language in ["sn", "nd"] {
        for (english, said) in texts(language) {
            let fill = |text: &str| {
                let filled = [
                    ("{field}", "a.b"),
                    ("{number}", "7"),
                    ("{low}", "1"),
                    ("{high}", "9"),
                    ("{words}", "x y"),
                ];
                filled.iter().fold(text.to_owned(), |text, (slot, with)| text.replace(slot, with))
            };
            let mut body = json!({ "error": "CODE", "message": fill(&english) });
            translate(body.as_object_mut().unwrap(), Language::of(&reading(language)));
            assert_eq!(body, json!({ "error": "CODE", "message": fill(&said) }));
        }
    }
}

fn reading(languages: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, languages.parse().unwrap())])
}

fn api() -> Router {
    let known = || async {
        Problem::validation([FieldError::new("email", "required", "email is required")])
            .retry_after(3)
            .with("trees", "email is required")
    };
    let partly = || async {
        Problem::validation([
            FieldError::new("email", "required", "email is required"),
            FieldError::new("name", "odd", "The name is one that no catalogue has"),
        ])
    };
    let unknown = || async { Problem::conflict("A text that no catalogue has") };
    let routes = Routes::new()
        .route("/known", get(known))
        .route("/partly", get(partly))
        .route("/unknown", get(unknown))
        .route("/well", get(|| async { "Please sign in" }));
    finish(routes, ()).router
}

async fn ask(path: &str, languages: Option<&str>) -> (HeaderMap, String) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(languages) = languages {
        *request.headers_mut() = reading(languages);
    }
    let (head, body) = api().oneshot(request).await.unwrap().into_parts();
    (head.headers, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

fn told<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[tokio::test]
async fn only_what_people_read_is_in_their_language() {
    let (headers, body) = ask("/known", Some("sn-ZW, en;q=0.5")).await;
    let said = "email inodiwa";
    let error = json!({
        "field": "email", "path": "email", "message": said, "msg": said, "type": "required",
    });
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "error": "VALIDATION_ERROR", "message": said, "detail": said, "statusCode": 400,
            "errors": [error], "details": [error], "retryAfter": 3, "trees": "email is required",
        })
    );
    assert_eq!(["content-language", "vary"].map(|name| told(&headers, name)), ["sn", "Accept-Language"]);
    assert_eq!(["content-type", "retry-after"].map(|name| told(&headers, name)), ["application/json", "3"]);
    let (headers, body) = ask("/nowhere", Some("nd")).await;
    assert!(body.contains("Akulalutho kuleli kheli") && headers["content-language"] == "nd", "{body}");
}

#[tokio::test]
async fn what_is_not_known_stays_english_and_the_header_says_so() {
    let (headers, body) = ask("/partly", Some("nd")).await;
    assert!(body.contains("email iyadingeka") && body.contains("The name is one that no catalogue has"));
    assert_eq!(headers["content-language"], "nd, en");
    let (headers, body) = ask("/unknown", Some("sn")).await;
    assert!(body.contains("A text that no catalogue has"));
    assert_eq!(["content-language", "vary"].map(|name| told(&headers, name)), ["en", "Accept-Language"]);
}

#[tokio::test]
async fn without_a_language_of_ours_not_a_byte_differs() {
    for path in ["/known", "/partly", "/unknown", "/nowhere"] {
        let (_, plain) = ask(path, None).await;
        let many = "sn;q=,".repeat(5000);
        for languages in ["en", "en-GB,sn;q=0.9", "fr", "*", "", "sn;q=0", ";;,=", &many] {
            let (headers, body) = ask(path, Some(languages)).await;
            assert_eq!(body, plain, "{path}");
            assert_eq!(
                ["content-language", "vary"].map(|name| told(&headers, name)),
                ["en", "Accept-Language"]
            );
        }
    }
    let (headers, body) = ask("/well", Some("sn")).await;
    assert_eq!(body, "Please sign in");
    assert!(!headers.contains_key("content-language") && !headers.contains_key("vary"));
}

#[test]
fn vary_keeps_what_it_said() {
    for (before, after) in [
        (&[][..], "Accept-Language"),
        (&["origin", "accept-encoding, x"], "origin, accept-encoding, x, Accept-Language"),
        (&["origin, ACCEPT-LANGUAGE"], "origin, ACCEPT-LANGUAGE"),
        (&["*"], "*"),
    ] {
        let mut headers: HeaderMap =
            before.iter().map(|value| (header::VARY, value.parse().unwrap())).collect();
        vary(&mut headers);
        assert_eq!(headers.get_all(header::VARY).iter().collect::<Vec<_>>(), [after]);
    }
}
