//! Signing in with a provider, for those who are not whom they say or not where they began.

use dzinza_tests::{Answer, Client, Mode, PASSWORD, Stores};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::issuer::{Attempt, CLIENT, Issuer, PAGES, parameter, send};
use crate::support::{EMAIL, program_token};
use crate::tokens::{unsigned, with};

/// Refused, and nobody signed in by it.
#[track_caller]
fn refused(answer: &Answer, status: u16, why: &str) {
    assert_eq!(answer.status, status, "{why}: {}", answer.text());
    shut(answer, why);
}

/// Not taken, or the issuer counts as one that cannot be understood.
#[track_caller]
fn shut(answer: &Answer, why: &str) {
    assert!(matches!(answer.status, 400 | 409 | 503), "{why}: {}", answer.text());
    assert_eq!(answer.set_cookie("access_token_cookie"), None, "{why}");
    assert!(!answer.text().contains("eyJ") && !answer.text().contains("Moyo"), "{why}: {}", answer.text());
}

fn stores(folder: &TempDir) -> Stores {
    Stores::of(&folder.path().join("data"))
}

fn accounts(folder: &TempDir) -> u32 {
    stores(folder).count("SELECT count(*) FROM users")
}

/// As if the owner had opened the mailed link.
fn verify(folder: &TempDir, email: &str) {
    let of = |yes: &str| format!("UPDATE users SET email_verified = {yes} WHERE email = '{email}'");
    assert_eq!(stores(folder).change(&of("1"), &of("true")), 1);
}

#[tokio::test]
async fn an_attempt_is_good_once_in_the_browser_and_with_the_provider_it_was_begun_for() {
    let issuer = Issuer::start().await;
    let (process, folder) = issuer.platform();
    let nobody = Client::at(process.url());
    let eve = Attempt::begin(&nobody).await;
    let good = issuer.consent(&eve, "eve@example.org");
    // State that is missing, made up, or that of nothing.
    for state in [Value::Null, json!(""), json!(7), json!([eve.state]), json!({ "$ne": "" })] {
        send(&nobody, "home", &eve.cookie, &json!({ "state": state, "code": good })).await.field("state");
    }
    for state in ["x", "undefined", &eve.state.to_lowercase(), &format!("{} ", eve.nonce), "*", "%"] {
        let body = json!({ "state": state, "code": good });
        refused(&send(&nobody, "home", &eve.cookie, &body).await, 400, state);
    }
    // Before there is a first half, there is no second.
    let body = json!({ "state": eve.state, "mfaCode": "000000" });
    refused(&send(&nobody, "home", &eve.cookie, &body).await, 400, "a half that is none");

    // Another browser: one without a cookie, one with its own, one whose cookie somebody chose. The attempt is spent by that.
    let rudo = Attempt::begin(&nobody).await;
    for cookie in ["theme=dark", &rudo.cookie, "dzinza_oauth=", "dzinza_oauth=x", "__Host-dzinza_oauth=x"] {
        let lost = Attempt::begin(&nobody).await;
        let code = issuer.consent(&lost, "eve@example.org");
        let body = json!({ "state": lost.state, "code": code });
        refused(&send(&nobody, "home", cookie, &body).await, 400, cookie);
        refused(&lost.come_back(&nobody, &code).await, 400, "once shown it is spent");
    }
    // One's own state with the code of another, and the other way round.
    let crossed = issuer.consent(&rudo, "rudo@example.org");
    refused(&eve.come_back(&nobody, &crossed).await, 400, "the code of another attempt");
    refused(&eve.come_back(&nobody, &good).await, 400, "and then one's own");
    // With another provider.
    let lost = Attempt::begin(&nobody).await;
    let body = json!({ "state": lost.state, "code": issuer.consent(&lost, "eve@example.org") });
    refused(&send(&nobody, "google", &lost.cookie, &body).await, 400, "another provider");
    assert_eq!(accounts(&folder), 0);

    // All that was missing is what is right; and it is good once.
    rudo.come_back(&nobody, &crossed).await.ok(200);
    refused(&rudo.come_back(&nobody, &crossed).await, 400, "again");
    // Of many at once with one code, one is signed in.
    let many = Attempt::begin(&nobody).await;
    let code = issuer.consent(&many, "rudo@example.org");
    let all = futures::future::join_all((0..20).map(|_| many.come_back(&nobody, &code))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(accounts(&folder), 1);
}

#[tokio::test]
async fn what_the_issuer_did_not_say_to_us_now_in_this_attempt_signs_nobody_in() {
    let issuer = Issuer::start().await;
    let other = Issuer::start().await;
    let (process, folder) = issuer.platform();
    let nobody = Client::at(process.url());
    let past = jsonwebtoken::get_current_timestamp() - 3600;
    let foreign = Attempt::begin(&nobody).await;
    for (name, value) in [
        ("nonce", json!(foreign.nonce)),
        ("nonce", json!("")),
        ("nonce", Value::Null),
        ("iss", json!(other.url)),
        ("iss", json!(format!("{}/", issuer.url))),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!([CLIENT[0], "another"])),
        ("aud", json!([])),
        ("azp", json!("another")),
        ("exp", json!(past)),
        ("exp", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
    ] {
        let attempt = Attempt::begin(&nobody).await;
        let claims = with(&issuer.claims(&attempt, EMAIL), name, value.clone());
        let code = issuer.code(issuer.signed(&claims));
        shut(&attempt.come_back(&nobody, &code).await, &format!("{name}: {value}"));
    }
    // What another issuer says, in its own name or in this one's, at this one or only there.
    let attempt = Attempt::begin(&nobody).await;
    let of_other = other.claims(&attempt, EMAIL);
    let elsewhere = other.code(other.signed(&of_other));
    refused(&attempt.come_back(&nobody, &elsewhere).await, 400, "a code of another issuer");
    for number in 0..9 {
        let attempt = Attempt::begin(&nobody).await;
        let claims = issuer.claims(&attempt, EMAIL);
        let token = match number {
            0 => other.signed(&other.claims(&attempt, EMAIL)),
            1 => other.signed(&claims),
            // By the secret that both know: only a key of the issuer's own counts.
            2 => {
                let key = EncodingKey::from_secret(CLIENT[1].as_bytes());
                encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
            }
            3 => "not.a.token".to_owned(),
            _ => unsigned(&claims).swap_remove(number - 4),
        };
        shut(&attempt.come_back(&nobody, &issuer.code(token)).await, &format!("token {number}"));
    }
    assert_eq!(accounts(&folder), 0);
    let attempt = Attempt::begin(&nobody).await;
    attempt.come_back(&nobody, &issuer.consent(&attempt, EMAIL)).await.ok(200);
}

#[tokio::test]
async fn where_one_is_sent_and_comes_back_to_is_not_for_a_link_to_say() {
    let issuer = Issuer::start().await;
    let (process, _folder) = issuer.platform();
    let nobody = Client::at(process.url());
    let home = format!("{PAGES}/auth/oauth/callback/home");
    let evil = "https://evil.example";
    let names = ["redirect_uri", "redirectUri", "redirect", "return_to", "returnTo", "next", "callback"];
    for name in
        names.into_iter().chain(["issuer", "iss", "scope", "state", "nonce", "code_challenge", "prompt"])
    {
        let request = nobody.request(Method::GET, &format!("/api/auth/oauth/home?{name}={evil}"));
        let request = request.header("origin", evil).header("referer", evil);
        let request =
            request.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
        let begun = nobody.send(request).await;
        assert_eq!(begun.header("location"), None);
        let attempt = Attempt::of(begun);
        assert!(attempt.url.starts_with(&format!("{}/authorize?", issuer.url)), "{}", attempt.url);
        assert!(!attempt.url.contains("evil"), "{name}: {}", attempt.url);
        assert_eq!(parameter(&attempt.url, "redirect_uri").unwrap(), home);
        assert_eq!(parameter(&attempt.url, "code_challenge_method").unwrap(), "S256");
        assert!(attempt.state.len() >= 32 && attempt.nonce.len() >= 16, "{}", attempt.url);

        let mut body = json!({ "state": attempt.state, "code": issuer.consent(&attempt, EMAIL) });
        body[name] = if body.get(name).is_some() { body[name].clone() } else { json!(evil) };
        let done = send(&nobody, "home", &attempt.cookie, &body).await;
        assert_eq!((done.status, done.header("location")), (200, None), "{}", done.text());
        assert!(!done.text().contains("evil"), "{name}: {}", done.text());
    }
    for provider in ["https:%2f%2fevil.example", "..%2f..%2fadmin", "home%00", "HOME", "home%20", "%68ome%2f"]
    {
        let answer = nobody.get(&format!("/api/auth/oauth/{provider}")).await;
        assert!(matches!(answer.status, 400 | 404), "{provider}: {}", answer.text());
    }
}

#[tokio::test]
async fn nobody_takes_an_account_over_by_linking() {
    let issuer = Issuer::start().await;
    let (process, folder) = issuer.platform();
    let nobody = Client::at(process.url());
    let rudo = nobody.sign_up(EMAIL).await;
    verify(&folder, EMAIL);
    // Who says to have Rudo's address, which the issuer does not confirm, however it is spelled.
    for (email, proved) in [
        (EMAIL, json!(false)),
        (EMAIL, Value::Null),
        (EMAIL, json!("false")),
        ("RUDO@Example.ORG", json!(false)),
        (" rudo@example.org ", json!(false)),
    ] {
        let attempt = Attempt::begin(&nobody).await;
        let claims = with(&issuer.claims(&attempt, email), "email_verified", proved.clone());
        let code = issuer.code(issuer.signed(&with(&claims, "sub", json!("eve"))));
        shut(&attempt.come_back(&nobody, &code).await, &format!("{email} {proved}"));
    }
    let eve = nobody.sign_up("eve@example.org").await;
    // What one account began to link, no other browser and no other account finishes.
    let link = |caller: &Client| {
        let caller = caller.clone();
        async move { Attempt::of(caller.post("/api/auth/oauth/home/link", &json!({})).await) }
    };
    nobody.post("/api/auth/oauth/home/link", &json!({})).await.problem(401);
    for (began, finishes) in [(&eve, &rudo), (&rudo, &eve), (&eve, &nobody)] {
        let attempt = link(began).await;
        let code = issuer.consent(&attempt, "eve@elsewhere.example");
        let answer = attempt.come_back(finishes, &code).await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.text());
    }
    let attempt = link(&eve).await;
    let body = json!({ "state": attempt.state, "code": issuer.consent(&attempt, "eve@elsewhere.example") });
    refused(&send(&rudo, "home", "dzinza_oauth=x", &body).await, 400, "another browser");
    // A page elsewhere that uses Rudo's cookies, of an attempt that Rudo began.
    let attempt = link(&rudo).await;
    let cookies = format!("access_token_cookie={}; {}", rudo.access, attempt.cookie);
    let request = nobody.request(Method::POST, "/api/auth/oauth/home/callback").header("cookie", cookies);
    let body = json!({ "state": attempt.state, "code": issuer.consent(&attempt, "eve@elsewhere.example") });
    let answer = nobody.send(request.header("origin", "https://evil.example").json(&body)).await;
    assert_eq!(answer.problem(403)["error"], "CROSS_SITE_REQUEST");
    for caller in [&rudo, &eve] {
        assert_eq!(caller.get("/api/auth/identities").await.ok(200)["identities"], json!([]));
    }
    // A program does not link, as its own or as its owner's.
    let program = rudo.with_token(&program_token(&rudo, &["write"]).await);
    program.post("/api/auth/oauth/home/link", &json!({})).await.problem(403);
    // An identity is one account's, and not to be taken from it.
    let attempt = link(&rudo).await;
    attempt.come_back(&rudo, &issuer.consent(&attempt, EMAIL)).await.ok(200);
    let attempt = link(&eve).await;
    attempt.come_back(&eve, &issuer.consent(&attempt, EMAIL)).await.problem(409);
    let of_rudo = rudo.get("/api/auth/identities").await.ok(200)["identities"][0]["id"].clone();
    eve.delete(&format!("/api/auth/identities/{}", of_rudo.as_str().unwrap())).await.problem(404);
}

#[tokio::test]
async fn who_waited_in_an_account_with_anothers_address_loses_it_with_everything_in_hand() {
    let issuer = Issuer::start().await;
    let (process, folder) = issuer.platform();
    let nobody = Client::at(process.url());
    // Eve signs up as Rudo and leaves every way in that there is.
    let eve = nobody.sign_up(EMAIL).await;
    let attempt = Attempt::of(eve.post("/api/auth/oauth/home/link", &json!({})).await);
    attempt.come_back(&eve, &issuer.consent(&attempt, "eve@elsewhere.example")).await.ok(200);
    let program = eve.with_token(&program_token(&eve, &["write"]).await);
    let second = nobody.sign_in(EMAIL, PASSWORD).await;

    let attempt = Attempt::begin(&nobody).await;
    let answer = attempt.come_back(&nobody, &issuer.consent(&attempt, EMAIL)).await;
    assert_eq!((answer.status, &answer.body["user"]["id"]), (200, &json!(eve.user_id)), "{}", answer.text());
    let rudo = nobody.known_by(&answer, Mode::Header);
    for held in [&eve, &second, &eve.with_mode(Mode::Cookie), &program] {
        held.get("/api/auth/me").await.problem(401);
    }
    for held in [&eve, &second] {
        nobody.post("/auth/refresh", &json!({ "refreshToken": held.refresh })).await.problem(401);
    }
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    nobody.post("/api/auth/login", &body).await.problem(401);
    let identities = rudo.get("/api/auth/identities").await.ok(200);
    assert_eq!(identities["identities"].as_array().map(Vec::len), Some(1));
    // Eve's identity opens an account of her own.
    let attempt = Attempt::begin(&nobody).await;
    let hers = attempt.come_back(&nobody, &issuer.consent(&attempt, "eve@elsewhere.example")).await.ok(200);
    assert_ne!(hers["user"]["id"], json!(rudo.user_id));
    assert_eq!(accounts(&folder), 2);
    rudo.get("/api/auth/me").await.ok(200);
}
