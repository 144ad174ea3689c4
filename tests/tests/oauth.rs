//! Signing in with a real OpenID Connect issuer: the `oidc-provider` package of npm in a Node.js process, over HTTP, with its
//! own pages for sign-in and consent (`tests/oidc`).
//!
//! Without Node.js and npm its cases show as ignored, except in CI, where they fail.
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use dzinza_tests::{Answer, Client, Issuer, Mode, Process};
use http::Method;
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};

const REDIRECT: &str = "http://localhost:8080/auth/oauth/callback/home";

fn main() {
    let arguments = Arguments::from_args();
    let there = Issuer::can_run();
    let trial = Trial::test("somebody signs in with an issuer and comes back as the same account", || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(sign_in_with_a_real_issuer());
        Ok(())
    });
    libtest_mimic::run(&arguments, vec![trial.with_ignored_flag(!there && !in_ci())]).exit();
}

#[expect(clippy::disallowed_methods, reason = "what CI says to tests is no setting")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A browser at the issuer: it keeps cookies and follows redirects until one leads back to us.
#[derive(Default)]
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let plain = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { http: plain.build().expect("a client"), cookies: BTreeMap::new() }
    }

    /// Asks, and answers the page or the address that leads back to us.
    async fn ask(&mut self, issuer: &str, method: Method, url: &str, form: &str) -> Result<String, String> {
        let (mut method, mut url, mut form) = (method, url.to_owned(), form.to_owned());
        loop {
            let cookies =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
            let request = self.http.request(method, &url).header("cookie", cookies.join("; "));
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
            let answer = request.send().await.expect("an answer");
            for set in answer.headers().get_all("set-cookie") {
                let pair = set.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            match location {
                None => return Ok(answer.text().await.expect("a page")),
                Some(to) if to.starts_with(REDIRECT) => return Err(to),
                Some(to) => url = if to.starts_with('/') { format!("{issuer}{to}") } else { to },
            }
            (method, form) = (Method::GET, String::new());
        }
    }

    /// Signs in and consents, as far as the issuer asks; answers code and state.
    async fn consent(&mut self, issuer: &str, auth_url: &str, email: &str) -> (String, String) {
        let mut outcome = self.ask(issuer, Method::GET, auth_url, "").await;
        for _ in 0..3 {
            let page = match outcome {
                Ok(page) => page,
                Err(back) => return code_and_state(&back),
            };
            let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
            let action = action.unwrap_or_else(|| panic!("no form: {page}"));
            let action =
                if action.starts_with('/') { format!("{issuer}{action}") } else { action.to_owned() };
            let form = if page.contains("name=\"login\"") {
                format!("prompt=login&login={}&password=any", email.replace('@', "%40"))
            } else {
                "prompt=consent".to_owned()
            };
            outcome = self.ask(issuer, Method::POST, &action, &form).await;
        }
        panic!("the issuer goes on asking");
    }
}

fn code_and_state(url: &str) -> (String, String) {
    let query = url.split_once('?').expect("a query").1;
    let value = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name}: {url}")).to_owned()
    };
    (value("code"), value("state"))
}

/// Goes there and back. The answer, and what was sent.
async fn round(
    nobody: &Client,
    issuer: &Issuer,
    browser: &mut Browser,
    email: &str,
) -> (Answer, String, Value) {
    let begun = nobody.get("/api/auth/oauth/home").await;
    let cookie = begun.set_cookie("dzinza_oauth").expect("the cookie of the attempt");
    let cookie = format!("dzinza_oauth={}", cookie.split(';').next().unwrap_or_default());
    let auth_url = begun.ok(200)["authUrl"].as_str().expect("an address").to_owned();
    let (code, state) = browser.consent(issuer.url(), &auth_url, email).await;
    let body = json!({ "code": code, "state": state });
    (back(nobody, &cookie, &body).await, cookie, body)
}

async fn back(nobody: &Client, cookie: &str, body: &Value) -> Answer {
    let request = nobody.request(Method::POST, "/api/auth/oauth/home/callback");
    nobody.send(request.header("cookie", cookie).json(body)).await
}

async fn sign_in_with_a_real_issuer() {
    let issuer = Issuer::start(Path::new(env!("CARGO_TARGET_TMPDIR")), REDIRECT);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Process::with(&folder.path().join("data"), |command| issuer.introduce(command));
    let nobody = Client::at(server.url());
    let mut browser = Browser::new();
    let (first, cookie, body) = round(&nobody, &issuer, &mut browser, "rudo@example.org").await;
    assert_eq!(first.status, 200, "{} {}", first.text(), server.complaints());
    let user = &first.body["user"];
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("rudo@example.org"), &json!(true)));
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!("Rudo"), &json!("Moyo")));
    let rudo = nobody.known_by(&first, Mode::Header);
    rudo.get("/api/genealogy/family-tree").await.ok(200);
    rudo.with_mode(Mode::Header)
        .post("/auth/refresh", &json!({ "refreshToken": rudo.refresh }))
        .await
        .ok(200);
    back(&nobody, &cookie, &body).await.problem(400);

    // The same browser is known there already; another person is another account.
    let (second, ..) = round(&nobody, &issuer, &mut browser, "rudo@example.org").await;
    assert_eq!(second.body["user"]["id"], user["id"]);
    let (other, ..) = round(&nobody, &issuer, &mut Browser::new(), "tatenda@example.org").await;
    assert_eq!(other.body["user"]["email"], json!("tatenda@example.org"));

    // A code that the issuer gave for one attempt does not pass in another: the verifier differs.
    let begun = nobody.get("/api/auth/oauth/home").await;
    let auth_url = begun.ok(200)["authUrl"].as_str().expect("an address").to_owned();
    let (stolen, _) = browser.consent(issuer.url(), &auth_url, "rudo@example.org").await;
    let begun = nobody.get("/api/auth/oauth/home").await;
    let cookie = begun.set_cookie("dzinza_oauth").expect("the cookie of the attempt");
    let cookie = format!("dzinza_oauth={}", cookie.split(';').next().unwrap_or_default());
    let auth_url = begun.ok(200)["authUrl"].as_str().expect("an address").to_owned();
    let (_, state) = Browser::new().consent(issuer.url(), &auth_url, "eve@example.org").await;
    back(&nobody, &cookie, &json!({ "code": stolen, "state": state })).await.problem(400);

    // An issuer that is away is told as such, and nothing else suffers.
    drop(issuer);
    rudo.get("/api/auth/me").await.ok(200);
    let begun = nobody.get("/api/auth/oauth/home").await;
    assert!(matches!(begun.status, 200 | 503), "{}", begun.text());
    nobody.get("/api/auth/oauth/google").await.problem(501);
}
