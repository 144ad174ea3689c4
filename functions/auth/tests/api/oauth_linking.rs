//! Which account a person gets, and which nobody gets.

use dzinza_ports::{AccessToken, Identity, Passkey, UserChange};
use dzinza_web::{new_program_token, program_token_hash};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::oauth::tendai;
use crate::support::{PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";

fn facebook() -> Value {
    json!({ "id": "f1", "name": "Tendai Moyo", "first_name": "Tendai", "last_name": "Moyo", "email": EMAIL })
}

async fn verified(issuer: &Issuer) -> Reply {
    let reply = issuer.house.register(EMAIL).await;
    issuer.house.change(EMAIL, UserChange { email_verified: Some(true), ..UserChange::default() }).await;
    reply
}

#[tokio::test]
async fn an_address_that_both_have_proved_links_and_the_password_stays() {
    let issuer = Issuer::new(rules()).await;
    let before = verified(&issuer).await;
    let reply = issuer.sign_in("home", &tendai()).await;
    assert_eq!((reply.status.as_u16(), &reply.body["user"]["id"]), (200, &before.body["user"]["id"]));
    assert_eq!(issuer.house.me(before.access()).await, 200);
    assert_eq!(issuer.house.login(EMAIL, PASSWORD).await.status, 200);
    let letters = issuer.house.letters(1).await;
    assert!(letters[0].contains("can now be opened with home as well"), "{}", letters[0]);
    assert!(issuer.house.recorded().contains(&"IDENTITY_LINKED".to_owned()));
}

/// Everything that somebody could leave behind in an account that is not theirs.
pub async fn prepare(issuer: &Issuer) -> (Reply, String) {
    let house = &issuer.house;
    let session = house.register(EMAIL).await;
    let user_id = house.user(EMAIL).await.id;
    let (now, token) = (house.ports.clock.now(), new_program_token());
    let row = AccessToken {
        id: "t".to_owned(),
        user_id: user_id.clone(),
        name: "x".to_owned(),
        token: program_token_hash(&token).unwrap(),
        scopes: vec!["write".to_owned()],
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24),
        last_used_at: None,
    };
    house.ports.access_tokens.add(row).await.unwrap();
    let identity = Identity {
        id: "i".to_owned(),
        user_id: user_id.clone(),
        provider: "home".to_owned(),
        provider_user_id: "eve".to_owned(),
        email: None,
        created_at: now,
    };
    house.ports.identities.link(identity).await.unwrap();
    let passkey = Passkey {
        id: "p".to_owned(),
        user_id,
        credential_id: "c".to_owned(),
        name: "x".to_owned(),
        data: json!({}),
        created_at: now,
        last_used_at: None,
    };
    house.ports.passkeys.add(passkey).await.unwrap();
    let change = UserChange {
        mfa_enabled: Some(true),
        mfa_secret: Some(Some("eve's".to_owned())),
        password_reset: Some(Some(("hash".to_owned(), now + SignedDuration::from_hours(1)))),
        ..UserChange::default()
    };
    house.change(EMAIL, change).await;
    (session, token)
}

#[tokio::test]
async fn an_account_whose_address_nobody_had_proved_is_taken_from_whoever_made_it() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    let (eve, token) = prepare(&issuer).await;
    assert_eq!(
        (house.me(eve.access()).await, house.me(&token).await),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );

    let owner = issuer.sign_in("home", &tendai()).await;
    assert_eq!((owner.status.as_u16(), &owner.body["requireMfa"]), (200, &json!(false)), "{}", owner.body);
    assert_eq!(owner.body["user"]["id"], eve.body["user"]["id"]);
    assert_eq!(
        (house.me(eve.access()).await, house.me(&token).await),
        (401.try_into().unwrap(), 401.try_into().unwrap())
    );
    assert_eq!(house.refresh(eve.refresh()).await.status, 401);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 401);
    assert_eq!(house.me(owner.access()).await, 200);
    let user = house.user(EMAIL).await;
    assert!(
        user.email_verified
            && !user.mfa_enabled
            && user.mfa_secret.is_none()
            && user.password_reset.is_none()
    );
    assert_eq!(user.password_hash, "!");
    assert!(house.ports.passkeys.of_user(&user.id).await.unwrap().is_empty());
    let linked = house.ports.identities.of_user(&user.id).await.unwrap();
    assert_eq!(linked.iter().map(|one| one.provider_user_id.as_str()).collect::<Vec<_>>(), ["t1"]);
    let mut eves = tendai();
    eves["sub"] = json!("eve");
    assert_eq!(issuer.sign_in("home", &eves).await.status, 409);
    assert!(house.recorded().contains(&"ACCOUNT_RECLAIMED".to_owned()));
    let letters = house.letters(2).await;
    assert!(
        letters.iter().any(|letter| letter.contains("its old password, sessions and other ways")),
        "{letters:?}"
    );
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_proved_links_nothing() {
    let issuer = Issuer::new(rules()).await;
    let mut unproved = tendai();
    unproved["email_verified"] = json!(false);
    for proved in [false, true] {
        if proved {
            issuer
                .house
                .change(EMAIL, UserChange { email_verified: Some(true), ..UserChange::default() })
                .await;
        } else {
            issuer.house.register(EMAIL).await;
        }
        assert_eq!(issuer.sign_in("home", &unproved).await.status, 409);
        assert_eq!(issuer.sign_in("facebook", &facebook()).await.status, 409);
    }
    assert_eq!(issuer.house.login(EMAIL, PASSWORD).await.status, 200);
    let user = issuer.house.user(EMAIL).await;
    assert!(issuer.house.ports.identities.of_user(&user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn facebook_makes_an_account_whose_address_is_not_proved_and_whoever_proves_it_takes_it() {
    let issuer = Issuer::new(rules()).await;
    let eve = issuer.sign_in("facebook", &facebook()).await;
    assert_eq!(
        (eve.status.as_u16(), &eve.body["user"]["emailVerified"]),
        (200, &json!(false)),
        "{}",
        eve.body
    );
    let owner = issuer.sign_in("home", &tendai()).await;
    assert_eq!((owner.status.as_u16(), &owner.body["user"]["emailVerified"]), (200, &json!(true)));
    assert_eq!(issuer.house.me(eve.access()).await, 401);
    assert_eq!(issuer.sign_in("facebook", &facebook()).await.status, 409);
}

#[tokio::test]
async fn a_mailed_token_too_takes_an_account_from_whoever_made_it_without_proving_the_address() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    let eve = issuer.sign_in("facebook", &facebook()).await;
    assert_eq!(eve.status, 200, "{}", eve.body);
    house.post("/api/auth/forgot-password", json!({ "email": EMAIL })).await;
    let letters = house.letters(1).await;
    let token = letters[0].split("/api/auth/reset-password/").nth(1).unwrap().get(..64).unwrap();
    let body = json!({ "token": token, "newPassword": PASSWORD });
    assert_eq!(house.post("/api/auth/reset-password", body).await.status, 200);
    assert_eq!(house.me(eve.access()).await, 401);
    assert_eq!(issuer.sign_in("facebook", &facebook()).await.status, 409);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn without_an_address_there_is_no_account() {
    let issuer = Issuer::new(rules()).await;
    let nameless = issuer.sign_in("facebook", &json!({ "id": "f2", "name": "Rudo" })).await;
    assert_eq!((nameless.status.as_u16(), &nameless.body["error"]), (400, &json!("OAUTH_NO_EMAIL")));
    let odd = issuer
        .sign_in("home", &json!({ "sub": "x", "email": "not an address", "email_verified": true }))
        .await;
    assert_eq!(odd.status, 400);
    let bare = issuer
        .sign_in("home", &json!({ "sub": "y", "email": "rudo@example.org", "email_verified": true }))
        .await;
    assert_eq!((bare.status.as_u16(), &bare.body["user"]["firstName"]), (200, &json!("rudo")));
}

#[tokio::test]
async fn one_address_with_two_identities_of_a_provider_is_a_conflict() {
    let issuer = Issuer::new(rules()).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    let mut other = tendai();
    other["sub"] = json!("t2");
    assert_eq!(issuer.sign_in("home", &other).await.status, 409);
}

#[tokio::test]
async fn a_deactivated_account_answers_403_by_identity_and_by_address() {
    let issuer = Issuer::new(rules()).await;
    verified(&issuer).await;
    issuer.house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 403);
    issuer.house.change(EMAIL, UserChange { is_active: Some(true), ..UserChange::default() }).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    issuer.house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 403);
}

#[tokio::test]
async fn an_account_that_waits_for_its_erasure_comes_back() {
    let issuer = Issuer::new(rules()).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    let later = issuer.house.ports.clock.now() + SignedDuration::from_hours(24);
    let leaving =
        UserChange { is_active: Some(false), erase_after: Some(Some(later)), ..UserChange::default() };
    issuer.house.change(EMAIL, leaving).await;
    assert_eq!(issuer.sign_in("home", &tendai()).await.status, 200);
    let user = issuer.house.user(EMAIL).await;
    assert!(user.is_active && user.erase_after.is_none());
}

#[tokio::test]
async fn a_signed_in_caller_links_removes_and_keeps_the_last_way_in() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    let me = house.register("rudo@example.org").await;
    let begin = || house.call(Method::POST, "/api/auth/oauth/home/link");
    assert_eq!(begin().send().await.status, 401);
    let visit = issuer.consent(&begin().bearer(me.access()).send().await, &tendai());
    let back = |access: &str, visit: &crate::issuer::Visit| {
        let body = json!({ "state": visit.state, "code": visit.code });
        let call = house.call(Method::POST, "/api/auth/oauth/home/callback");
        let call = call.header("cookie", &visit.cookie).json(&body);
        if access.is_empty() { call } else { call.bearer(access) }
    };
    let linked = back(me.access(), &visit).send().await;
    assert_eq!((linked.status.as_u16(), &linked.body["tokens"]), (200, &Value::Null), "{}", linked.body);
    let list = house.call(Method::GET, "/api/auth/identities").bearer(me.access()).send().await;
    let found = &list.body["identities"];
    assert_eq!((&found[0]["provider"], &found[0]["email"]), (&json!("home"), &json!(EMAIL)));
    assert_eq!(issuer.sign_in("home", &tendai()).await.body["user"]["email"], json!("rudo@example.org"));

    // What one began another does not finish, and neither does nobody.
    let other = house.register("eve@example.org").await;
    for access in [other.access(), ""] {
        let visit = issuer
            .consent(&begin().bearer(me.access()).send().await, &json!({ "sub": "eve", "email": "e@e.zw" }));
        assert!(!back(access, &visit).send().await.status.is_success());
    }
    let visit = issuer.consent(&begin().bearer(other.access()).send().await, &tendai());
    assert_eq!(back(other.access(), &visit).send().await.status, 409, "it is another's");

    let path = format!("/api/auth/identities/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(house.call(Method::DELETE, &path).bearer(other.access()).send().await.status, 404);
    house
        .change(
            "rudo@example.org",
            UserChange { password_hash: Some("!".to_owned()), ..UserChange::default() },
        )
        .await;
    assert_eq!(house.call(Method::DELETE, &path).bearer(me.access()).send().await.status, 409);
    house
        .change(
            "rudo@example.org",
            UserChange { password_hash: Some("x".to_owned()), ..UserChange::default() },
        )
        .await;
    assert_eq!(house.call(Method::DELETE, &path).bearer(me.access()).send().await.status, 200);
    assert_eq!(house.call(Method::DELETE, &path).bearer(me.access()).send().await.status, 404);
    assert!(house.recorded().ends_with(&["IDENTITY_UNLINKED".to_owned()]));
}

#[tokio::test]
async fn a_cookie_that_is_left_over_from_another_does_not_turn_signing_in_into_linking() {
    let issuer = Issuer::new(rules()).await;
    let left = issuer.house.register("rudo@example.org").await;
    let begun = issuer.house.call(Method::GET, "/api/auth/oauth/home").cookie(left.access()).send().await;
    let visit = issuer.consent(&begun, &tendai());
    let body = json!({ "state": visit.state, "code": visit.code });
    let call = issuer.house.call(Method::POST, "/api/auth/oauth/home/callback").bearer(left.access());
    let reply = call.header("cookie", &visit.cookie).json(&body).send().await;
    assert_eq!((reply.status.as_u16(), &reply.body["user"]["email"]), (200, &json!(EMAIL)));
}

#[tokio::test]
async fn linking_takes_the_password_ten_minutes_after_signing_in() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    let me = house.register("rudo@example.org").await;
    let begin = async |body: Value| {
        house.call(Method::POST, "/api/auth/oauth/home/link").bearer(me.access()).json(&body).send().await
    };
    assert_eq!(begin(json!({})).await.status, 200, "a sign-in a moment ago is enough");
    house.advance_minutes(11);
    let bare = begin(json!({})).await;
    assert_eq!((bare.fields(), &bare.body["errors"][0]["type"]), (vec!["password"], &json!("required")));
    let wrong = begin(json!({ "password": "Mutupo-1891" })).await;
    assert_eq!(
        (wrong.fields(), &wrong.body["errors"][0]["type"]),
        (vec!["password"], &json!("wrong_password"))
    );
    assert_eq!(house.last_entry().action, "IDENTITY_LINK_REFUSED");
    assert_eq!((bare.cookies().len(), wrong.cookies().len()), (0, 0));
    assert_eq!(begin(json!({ "password": PASSWORD })).await.status, 200);
    // Asked for at the address for signing in it is signing in.
    issuer.catch_up();
    let path = "/api/auth/oauth/home?link=true";
    let begun = house.call(Method::GET, path).bearer(me.access()).send().await;
    let visit = issuer.consent(&begun, &tendai());
    let body = json!({ "state": visit.state, "code": visit.code });
    let call = house.call(Method::POST, "/api/auth/oauth/home/callback").bearer(me.access());
    let reply = call.header("cookie", &visit.cookie).json(&body).send().await;
    assert_eq!((reply.status.as_u16(), &reply.body["user"]["email"]), (200, &json!(EMAIL)));
}
