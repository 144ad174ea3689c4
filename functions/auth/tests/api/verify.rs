use dzinza_auth::AuthRules;
use dzinza_ports::{Clock as _, UserChange};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const VERIFY: &str = "/api/auth/verify-email";
const AGAIN: &str = "/api/auth/resend-verification";

/// The token in the verification letter with this number.
async fn mailed(house: &House, number: usize) -> String {
    let letter = house.proofs(number).await.remove(number - 1);
    let (_, rest) = letter.split_once("http://127.0.0.1:3001/api/auth/verify-email/").unwrap();
    let token = rest.lines().next().unwrap().to_owned();
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    token
}

async fn signed_up() -> (House, Reply, String) {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let token = mailed(&house, 1).await;
    (house, session, token)
}

async fn verify(house: &House, token: &str) -> Reply {
    house.post(VERIFY, json!({ "token": token })).await
}

async fn again(house: &House, session: &Reply) -> Reply {
    house.call(Method::POST, AGAIN).bearer(session.access()).send().await
}

/// What a browser gets that follows the link.
async fn followed(house: &House, token: &str) -> (u16, HeaderMap) {
    let call = house.call(Method::GET, &format!("{VERIFY}/{token}"));
    let call = call.header("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8");
    let (status, headers, _) = call.page().await;
    (status, headers)
}

#[tokio::test]
async fn the_token_that_is_mailed_at_sign_up_proves_the_address_once() {
    let (house, session, token) = signed_up().await;
    let letter = house.proofs(1).await.remove(0);
    assert!(letter.starts_with(&format!("To: {EMAIL}\nSubject: Welcome")), "{letter}");
    assert!(letter.contains("Hello Tendai,") && letter.contains("24 hours"), "{letter}");
    let (hash, _) = house.user(EMAIL).await.email_verification.unwrap();
    assert!(hash.len() == 64 && hash != token, "only a hash is stored");
    assert_eq!(session.body["user"]["emailVerified"], json!(false));
    let taken = json!({ "email": EMAIL, "password": PASSWORD, "name": "Eve" });
    assert_eq!(house.post("/api/auth/register", taken).await.status, 409);
    house.proofs(1).await;
    assert_eq!(verify(&house, &hash).await.fields(), ["token"]);
    let reply = verify(&house, &format!(" {token}\n")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let user = house.user(EMAIL).await;
    assert!(user.email_verified && user.email_verified_at == Some(house.clock.now()));
    assert_eq!((user.email_verification, house.last_entry().action.as_str()), (None, "EMAIL_VERIFIED"));
    assert_eq!(verify(&house, &token).await.fields(), ["token"]);
    assert_eq!(again(&house, &session).await.status, 400, "there is nothing to prove any more");
    house.letters(0).await;
}

#[tokio::test]
async fn the_link_leads_a_browser_to_the_page_to_sign_in() {
    let (house, _, token) = signed_up().await;
    let looked = house.call(Method::HEAD, &format!("{VERIFY}/{token}")).page().await;
    assert!(looked.0 == 200 && !house.user(EMAIL).await.email_verified, "looking is not following");
    for (token, place) in [
        ("0".repeat(64), "http://localhost:8080/login?verified=0"),
        (token.clone(), "http://localhost:8080/login?verified=1"),
        (token, "http://localhost:8080/login?verified=0"),
    ] {
        let (status, headers) = followed(&house, &token).await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (302, place));
        assert_eq!(
            (&headers["cache-control"], &headers["referrer-policy"]),
            (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
    }
    assert!(house.user(EMAIL).await.email_verified);
}

#[tokio::test]
async fn where_there_is_no_page_to_sign_in_a_page_says_what_came_of_it() {
    let house = House::with(AuthRules { frontend_url: String::new(), ..rules() });
    house.register(EMAIL).await;
    let token = mailed(&house, 1).await;
    for (status, said) in [(200, "Kero yenyu yasimbiswa"), (400, "Chinongedzo ichi hachishandi")] {
        let call = house.call(Method::GET, &format!("{VERIFY}/{token}")).header("accept-language", "sn");
        let (got, headers, page) = call.page().await;
        assert!(got == status && page.contains(said), "{page}");
        assert_eq!(headers["content-language"], "sn");
        assert!(!page.contains("<form") && !page.contains("/login"), "{page}");
    }
}

#[tokio::test]
async fn programs_that_follow_the_link_get_json() {
    let (house, _, token) = signed_up().await;
    for status in [200, 400] {
        let call = house.call(Method::GET, &format!("{VERIFY}/{token}"));
        let reply = call.header("accept", "application/json, text/plain, */*").send().await;
        assert_eq!(reply.status, status);
        assert!(reply.body["message"].is_string());
    }
}

#[tokio::test]
async fn a_token_is_good_for_a_day_and_until_a_newer_one() {
    let (house, session, first) = signed_up().await;
    house.advance_minutes(10);
    let reply = again(&house, &session).await;
    assert_eq!(
        (reply.status.as_u16(), house.last_entry().action.as_str()),
        (200, "EMAIL_VERIFICATION_REQUESTED")
    );
    let second = mailed(&house, 2).await;
    assert_eq!(verify(&house, &first).await.fields(), ["token"]);
    house.advance_minutes(24 * 60);
    assert_eq!(verify(&house, &second).await.fields(), ["token"]);
    let reply = house.login(EMAIL, PASSWORD).await;
    again(&house, &reply).await;
    let third = mailed(&house, 3).await;
    assert_eq!(verify(&house, &third).await.status, 200);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let house = House::new();
    for body in
        [json!({}), json!({ "token": "" }), json!({ "token": 7 }), json!({ "token": "x".repeat(5000) })]
    {
        assert_eq!(house.post(VERIFY, body).await.fields(), ["token"]);
    }
    assert_eq!(house.call(Method::POST, AGAIN).send().await.status, 401);
}

#[tokio::test]
async fn a_deactivated_account_proves_nothing() {
    let (house, _, token) = signed_up().await;
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(verify(&house, &token).await.fields(), ["token"]);
    assert!(!house.user(EMAIL).await.email_verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_uses_at_once_one_wins() {
    let (house, _, token) = signed_up().await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (house, token) = (house.clone(), token.clone());
            tokio::spawn(async move { verify(&house, &token).await.status.as_u16() })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            200 => won += 1,
            status => assert_eq!(status, 400),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn letters_and_tries_have_allowances() {
    let house = House::with(AuthRules { user_limit: 2, credential_limit: 3, ..rules() });
    let session = house.register(EMAIL).await;
    for status in [200, 200, 429] {
        assert_eq!(again(&house, &session).await.status, status);
    }
    for status in [400, 400, 429] {
        assert_eq!(verify(&house, "x").await.status, status, "the sign-up counted too");
    }
}

#[tokio::test]
async fn a_new_address_is_to_be_proved_and_both_are_told() {
    let (house, session, first) = signed_up().await;
    house.post("/api/auth/forgot-password", json!({ "email": EMAIL })).await;
    let link = house.letters(1).await.remove(0);
    let (_, rest) = link.split_once("/api/auth/reset-password/").unwrap();
    let reset: Value = json!({ "token": &rest[..64], "newPassword": "Baobab-1897" });
    let change =
        json!({ "email": "new@example.org", "currentPassword": PASSWORD, "preferredLanguage": "sn" });
    let call = house.call(Method::PATCH, "/api/auth/profile").bearer(session.access());
    assert_eq!(call.json(&change).send().await.body["user"]["emailVerified"], json!(false));
    let left = house.letters(2).await.remove(1);
    assert!(left.starts_with(&format!("To: {EMAIL}\n")) && !left.contains("new@"), "{left}");
    let arrived = house.proofs(2).await.remove(1);
    assert!(arrived.starts_with("To: new@example.org\n"), "{arrived}");
    assert_eq!(verify(&house, &first).await.fields(), ["token"], "that one was mailed to the old address");
    let reply = house.post("/api/auth/reset-password", reset).await;
    assert_eq!(reply.fields(), ["token"], "whoever reads the old address must not get in by it");
    assert_eq!(verify(&house, &mailed(&house, 2).await).await.status, 200);
    assert!(house.user("new@example.org").await.email_verified);
}

#[tokio::test]
async fn an_account_that_an_operator_makes_gets_no_letter_until_it_asks() {
    let house = House::new();
    let account = dzinza_auth::NewAccount {
        email: EMAIL.to_owned(),
        password: Some(PASSWORD.to_owned()),
        first_name: "Tendai".to_owned(),
        ..Default::default()
    };
    dzinza_auth::create_account(&house.ports, account).await.unwrap();
    house.proofs(0).await;
    let session = house.login(EMAIL, PASSWORD).await;
    assert_eq!(again(&house, &session).await.status, 200);
    assert_eq!(verify(&house, &mailed(&house, 1).await).await.status, 200);
}
