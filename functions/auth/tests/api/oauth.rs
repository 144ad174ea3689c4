//! Signing in with a provider: what must be right about the way there and back.

use http::Method;
use serde_json::{Value, json};

use crate::issuer::{CLIENT, COOKIE, Issuer, Twist, query_of};
use crate::support::{House, rules};
use dzinza_auth::AuthRules;

const EMAIL: &str = "tendai@example.org";

pub fn tendai() -> Value {
    json!({ "sub": "t1", "email": "Tendai@Example.org", "email_verified": true, "given_name": "Tendai", "family_name": "Moyo" })
}

#[tokio::test]
async fn the_first_sign_in_makes_an_account_without_password_and_later_ones_find_it() {
    let issuer = Issuer::new(rules()).await;
    let first = issuer.sign_in("home", &tendai()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let user = &first.body["user"];
    assert_eq!(
        (&user["email"], &user["firstName"], &user["lastName"], &user["role"], &user["emailVerified"]),
        (&json!(EMAIL), &json!("Tendai"), &json!("Moyo"), &json!("user"), &json!(true))
    );
    assert_eq!((&first.body["requireMfa"], first.header("cache-control")), (&json!(false), "no-store"));
    assert!(first.cookies()[0].starts_with(&format!("access_token_cookie={}; ", first.access())));
    assert!(
        first.cookies()[1].starts_with(&format!("{COOKIE}=; ")) && first.cookies()[1].contains("Max-Age=0")
    );
    assert_eq!(issuer.house.me(first.access()).await, 200);
    assert_eq!(issuer.house.user(EMAIL).await.password_hash, "!");
    assert_eq!(issuer.house.login(EMAIL, "!").await.status, 401);
    assert_eq!(issuer.house.recorded()[..2], ["USER_REGISTERED", "LOGIN_SUCCESS"]);
    // By the provider's id, whatever the address is by now.
    let mut moved = tendai();
    moved["email"] = json!("moved@example.org");
    let second = issuer.sign_in("home", &moved).await;
    assert_eq!((second.status.as_u16(), &second.body["user"]["id"]), (200, &user["id"]));
    assert_eq!(issuer.house.ports.users.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_browser_is_sent_with_state_nonce_and_pkce_to_where_it_comes_back_from() {
    let issuer = Issuer::new(rules()).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let begun = issuer.house.call(Method::GET, "/api/auth/oauth/home").send().await;
        let query = query_of(begun.body["authUrl"].as_str().unwrap());
        assert_eq!((query["client_id"].as_str(), query["response_type"].as_str()), (CLIENT, "code"));
        assert_eq!(query["redirect_uri"], "https://app.dzinza.org/auth/oauth/callback/home");
        assert_eq!(
            (query["code_challenge_method"].as_str(), query["scope"].as_str()),
            ("S256", "openid email profile")
        );
        assert_eq!((query["state"].len(), query["nonce"].len(), query["code_challenge"].len()), (43, 43, 43));
        let cookie = begun.cookies()[0].to_owned();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure", "Max-Age=900"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        seen.extend([
            query["state"].clone(),
            query["nonce"].clone(),
            query["code_challenge"].clone(),
            cookie,
        ]);
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "something is used twice");
}

#[tokio::test]
async fn a_token_that_is_not_for_us_now_and_signed_by_the_issuer_opens_nothing() {
    let issuer = Issuer::new(rules()).await;
    let now = issuer.house.now();
    for twist in [
        Twist::Claim("nonce", json!("another")),
        Twist::Claim("nonce", Value::Null),
        Twist::Claim("aud", json!("another client")),
        Twist::Claim("aud", json!([CLIENT, "another client"])),
        Twist::Claim("azp", json!("another client")),
        Twist::Claim("iss", json!("https://accounts.google.com")),
        Twist::Claim("exp", json!(now - 1)),
        Twist::Claim("sub", json!("")),
        Twist::Claim("sub", json!("x".repeat(256))),
        Twist::Unsigned,
        Twist::SharedSecret,
        Twist::ForeignKey,
        Twist::OtherUserInfo,
    ] {
        issuer.twist(twist.clone());
        let reply = issuer.sign_in("home", &tendai()).await;
        assert_eq!((reply.status.as_u16(), reply.cookies().len()), (400, 0), "{twist:?}: {}", reply.body);
        assert_eq!(reply.body["error"], json!("OAUTH_FAILED"), "{twist:?}");
    }
    assert_eq!(issuer.house.ports.users.count().await.unwrap(), 0);
    issuer.twist(Twist::OnlyInUserInfo);
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
}

#[tokio::test]
async fn a_state_is_good_once_for_ten_minutes_in_the_browser_and_for_the_provider_it_was_made_for() {
    let issuer = Issuer::new(rules()).await;
    let visit = issuer.visit("home", &tendai()).await;
    assert_eq!(issuer.come_back("home", &visit).await.status, 200);
    assert_eq!(issuer.come_back("home", &visit).await.status, 400, "again");

    let visit = issuer.visit("home", &tendai()).await;
    let other = issuer.visit("home", &tendai()).await;
    let body = json!({ "state": visit.state, "code": visit.code });
    assert_eq!(issuer.post("home", &other.cookie, &body).await.status, 400, "another browser");
    assert_eq!(issuer.come_back("home", &visit).await.status, 400, "a state that was shown is spent");
    let body = json!({ "state": other.state, "code": other.code });
    assert_eq!(issuer.post("home", "theme=dark", &body).await.status, 400, "no cookie");

    let visit = issuer.visit("home", &tendai()).await;
    assert_eq!(issuer.come_back("facebook", &visit).await.status, 400, "another provider");

    let visit = issuer.visit("home", &tendai()).await;
    issuer.house.advance_minutes(11);
    assert_eq!(issuer.come_back("home", &visit).await.status, 400, "too late");
}

#[tokio::test]
async fn a_code_of_another_attempt_does_not_pass_because_its_verifier_is_another() {
    let issuer = Issuer::new(rules()).await;
    for provider in ["home", "facebook"] {
        let stolen = issuer.visit(provider, &tendai()).await;
        let own = issuer.visit(provider, &json!({ "sub": "eve", "id": "eve" })).await;
        let body = json!({ "state": own.state, "code": stolen.code });
        let reply = issuer.post(provider, &own.cookie, &body).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["error"]),
            (400, &json!("OAUTH_FAILED")),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn keys_are_kept_and_asked_for_again_when_the_issuer_has_new_ones() {
    let issuer = Issuer::new(rules()).await;
    for _ in 0..3 {
        assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    }
    assert_eq!(issuer.asked_for_keys(), 1);
    issuer.house.advance_minutes(1);
    issuer.change_keys();
    issuer.catch_up();
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    assert_eq!(issuer.asked_for_keys(), 2);
}

#[tokio::test]
async fn what_is_missing_or_too_long_answers_400_naming_the_field() {
    let issuer = Issuer::new(rules()).await;
    for (body, fields) in [
        (json!({}), vec!["code", "state"]),
        (json!({ "code": "x" }), vec!["state"]),
        (json!({ "state": "x" }), vec!["code"]),
        (json!({ "state": 1, "code": [] }), vec!["code", "state"]),
        (json!({ "state": "x".repeat(4097), "code": "x" }), vec!["state"]),
    ] {
        let mut named = issuer
            .post("home", "a=b", &body)
            .await
            .fields()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        named.sort();
        named.dedup();
        assert_eq!(named, fields, "{body}");
    }
    assert_eq!(issuer.post("home", "a=b", &json!({ "state": "x", "code": "y" })).await.status, 400);
    assert_eq!(issuer.post("home", "a=b", &json!({ "state": "x", "mfaCode": "123456" })).await.status, 400);
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_501_and_one_that_is_not_known_404() {
    let house = House::new();
    for (provider, status) in [("google", 501), ("facebook", 501), ("home", 404), ("Google", 404)] {
        let path = format!("/api/auth/oauth/{provider}");
        assert_eq!(house.call(Method::GET, &path).send().await.status, status, "{provider}");
        let body = json!({ "state": "x", "code": "y" });
        assert_eq!(house.post(&format!("{path}/callback"), body).await.status, status, "{provider}");
    }
}

#[tokio::test]
async fn with_signing_up_switched_off_nobody_new_comes_in() {
    let issuer = Issuer::new(AuthRules { allow_registration: false, ..rules() }).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 403);
    assert_eq!(issuer.house.ports.users.count().await.unwrap(), 0);
}

#[tokio::test]
async fn attempts_draw_on_the_allowance_of_credentials() {
    let issuer = Issuer::new(AuthRules { credential_limit: 2, ..rules() }).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    assert_eq!(issuer.house.call(Method::GET, "/api/auth/oauth/home").send().await.status, 429);
}
