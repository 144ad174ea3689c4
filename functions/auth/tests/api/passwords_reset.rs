use std::sync::Arc;

use async_trait::async_trait;
use dzinza_auth::AuthRules;
use dzinza_ports::{
    Clock as _, NewUser, StoreError, TokenHash, User, UserChange, UserFilter, UserPage, Users,
};
use http::Method;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";
const NEW: &str = "Baobab-1897";

async fn forgot(house: &House, email: &str) -> Reply {
    house.post(FORGOT, json!({ "email": email })).await
}

async fn reset(house: &House, token: &str, password: &str) -> Reply {
    house.post(RESET, json!({ "token": token, "newPassword": password })).await
}

/// The token in the letter with this number.
async fn mailed(house: &House, number: usize) -> String {
    let letter = house.letters(number).await.remove(number - 1);
    let (_, rest) = letter.split_once("http://127.0.0.1:3001/api/auth/reset-password/").unwrap();
    let token = rest.lines().next().unwrap().to_owned();
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    token
}

/// A house whose one account has asked for a new password.
async fn asked() -> (House, Reply, String) {
    let house = House::new();
    let session = house.register(EMAIL).await;
    assert_eq!(forgot(&house, EMAIL).await.status, 200);
    let token = mailed(&house, 1).await;
    (house, session, token)
}

#[tokio::test]
async fn the_mailed_token_sets_a_password_once_and_ends_every_session() {
    let (house, session, token) = asked().await;
    let other = house.login(EMAIL, PASSWORD).await;
    let neighbour = house.register("rudo@example.org").await;
    let letter = house.letters(1).await.remove(0);
    assert!(letter.starts_with(&format!("To: {EMAIL}\nSubject: ")), "{letter}");
    let reply = reset(&house, &token, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.body["message"].is_string());
    for session in [&session, &other] {
        assert_eq!(house.me(session.access()).await, 401);
        assert_eq!(house.refresh(session.refresh()).await.status, 401);
    }
    assert_eq!(house.me(neighbour.access()).await, 200);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 401);
    let again = house.login(EMAIL, NEW).await;
    assert_eq!(house.me(again.access()).await, 200, "signing in works in the same second");
    assert_eq!(reset(&house, &token, "Another-1900").await.fields(), ["token"]);
    let notice = house.letters(2).await.remove(1);
    assert!(!notice.contains(&token) && notice.contains("set anew"), "{notice}");
    let recorded = house.recorded();
    for action in ["PASSWORD_RESET_REQUESTED", "PASSWORD_RESET_COMPLETED"] {
        assert_eq!(recorded.iter().filter(|one| *one == action).count(), 1, "{recorded:?}");
    }
}

#[tokio::test]
async fn the_answer_is_one_for_known_unknown_locked_and_inactive_addresses() {
    let house = House::new();
    for email in [EMAIL, "locked@example.org", "inactive@example.org"] {
        house.register(email).await;
    }
    for _ in 0..5 {
        house.login("locked@example.org", "Wrong-1890").await;
    }
    assert_eq!(house.login("locked@example.org", PASSWORD).await.status, 423);
    house
        .change("inactive@example.org", UserChange { is_active: Some(false), ..UserChange::default() })
        .await;
    let known = forgot(&house, " Tendai@Example.ORG ").await;
    for email in ["locked@example.org", "inactive@example.org", "nobody@example.org"] {
        let reply = forgot(&house, email).await;
        assert_eq!((reply.status.as_u16(), &reply.body), (200, &known.body), "{email}");
        assert_eq!(reply.headers, known.headers);
    }
    let letters = house.letters(2).await;
    assert!(letters.iter().any(|letter| letter.starts_with("To: tendai@")), "{letters:?}");
    assert!(letters.iter().any(|letter| letter.starts_with("To: locked@")), "{letters:?}");
    let requests = house.recorded().iter().filter(|one| *one == "PASSWORD_RESET_REQUESTED").count();
    assert_eq!(requests, 4, "the same work for all");
}

#[tokio::test]
async fn a_reset_lifts_the_lock() {
    let (house, _, token) = asked().await;
    for _ in 0..5 {
        house.login(EMAIL, "Wrong-1890").await;
    }
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 423);
    assert_eq!(reset(&house, &token, NEW).await.status, 200);
    let user = house.user(EMAIL).await;
    assert_eq!((user.failed_login_attempts, user.locked_until), (0, None));
    assert_eq!(house.login(EMAIL, NEW).await.status, 200);
}

#[tokio::test]
async fn a_newer_token_replaces_the_older_and_an_hour_ends_both() {
    let (house, _, first) = asked().await;
    house.advance_minutes(1);
    forgot(&house, EMAIL).await;
    let second = mailed(&house, 2).await;
    assert_ne!(first, second);
    assert_eq!(reset(&house, &first, NEW).await.fields(), ["token"]);
    house.advance_minutes(60);
    assert_eq!(reset(&house, &second, NEW).await.fields(), ["token"]);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_does_not_cost_the_token() {
    let (house, _, token) = asked().await;
    let nothing = house.post(RESET, json!({})).await;
    assert_eq!(nothing.fields(), ["token", "newPassword"]);
    assert!(nothing.body["message"].as_str().unwrap().contains("link"), "{}", nothing.body);
    assert_eq!(reset(&house, &token, "weak").await.fields(), ["newPassword"]);
    assert_eq!(reset(&house, &token, PASSWORD).await.fields(), ["newPassword"], "the present one");
    for body in [json!({ "token": 7, "password": NEW }), json!({ "token": "", "password": NEW })] {
        assert_eq!(house.post(RESET, body).await.fields(), ["token"]);
    }
    for wrong in ["0".repeat(64), token.to_uppercase(), "x".repeat(5000), "password_reset".to_owned()] {
        assert_eq!(reset(&house, &wrong, NEW).await.fields(), ["token"]);
    }
    assert_eq!(house.post(RESET, json!({ "token": token, "new_password": NEW })).await.status, 200);
    for body in [json!({}), json!({ "email": "nobody" }), json!({ "email": 7 })] {
        assert_eq!(house.post(FORGOT, body).await.fields(), ["email"]);
    }
}

#[tokio::test]
async fn an_account_that_was_deactivated_meanwhile_keeps_its_password() {
    let (house, _, token) = asked().await;
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    let before = house.user(EMAIL).await.password_hash;
    assert_eq!(reset(&house, &token, NEW).await.fields(), ["token"]);
    assert_eq!(house.user(EMAIL).await.password_hash, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_uses_at_once_one_wins() {
    let (house, _, token) = asked().await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let (house, token) = (house.clone(), token.clone());
            tokio::spawn(async move {
                let password = format!("Baobab-{n}");
                (reset(&house, &token, &password).await.status.as_u16(), password)
            })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (200, password) => won.push(password),
            (status, _) => assert_eq!(status, 400),
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(house.login(EMAIL, &won[0]).await.status, 200);
}

#[tokio::test]
async fn an_address_and_a_client_have_allowances() {
    let house = House::with(AuthRules { email_limit: 2, ..rules() });
    for status in [200, 200, 429] {
        assert_eq!(forgot(&house, EMAIL).await.status, status, "unknown addresses are counted alike");
    }
    assert_eq!(forgot(&house, "other@example.org").await.status, 200);
    house.advance_minutes(15);
    assert_eq!(forgot(&house, EMAIL).await.status, 200);
    let house = House::with(AuthRules { credential_limit: 2, ..rules() });
    assert_eq!(forgot(&house, EMAIL).await.number("ratelimit-remaining"), 1);
    assert_eq!(reset(&house, "x", NEW).await.number("ratelimit-remaining"), 0);
    assert_eq!(reset(&house, "x", NEW).await.status, 429);
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored_and_a_token_can_be_asked_about() {
    let (house, _, token) = asked().await;
    let (hash, _) = house.user(EMAIL).await.password_reset.unwrap();
    assert!(hash.len() == 64 && hash != token);
    let ask = async |token: &str| {
        house.post("/api/auth/validate-password-reset-token", json!({ "token": token })).await
    };
    assert_eq!(ask(&hash).await.fields(), ["token"], "what is stored opens nothing");
    for _ in 0..2 {
        assert_eq!(ask(&token).await.status, 200);
    }
    assert_eq!(ask("").await.fields(), ["token"]);
    house.advance_minutes(60);
    assert_eq!(ask(&token).await.fields(), ["token"]);
    assert_eq!(reset(&house, &token, NEW).await.fields(), ["token"]);
}

#[tokio::test]
async fn the_token_may_stand_in_the_address() {
    let (house, _, token) = asked().await;
    let path = format!("{RESET}/{token}");
    assert_eq!(house.post(&path, json!({ "password": "weak" })).await.fields(), ["newPassword"]);
    let other = json!({ "password": NEW, "token": "0".repeat(64) });
    assert_eq!(house.post(&path, other).await.status, 200, "the address counts");
    assert_eq!(house.post(&path, json!({ "password": "Another-1900" })).await.fields(), ["token"]);
    assert_eq!(house.login(EMAIL, NEW).await.status, 200);
}

#[tokio::test]
async fn an_unknown_address_costs_the_same_writes_as_a_known_one() {
    let house = House::new();
    house.register(EMAIL).await;
    house.proofs(1).await;
    for email in [EMAIL, "nobody@example.org"] {
        let before = house.ports.outbox.waiting().await.unwrap();
        forgot(&house, email).await;
        assert_eq!(house.ports.outbox.waiting().await.unwrap(), before + 1, "{email}");
    }
    assert!(house.letters(1).await[0].starts_with("To: tendai@"));
}

#[tokio::test]
async fn a_link_can_lead_to_a_page_elsewhere_and_letters_speak_the_language_of_the_account() {
    let url = "https://family.example.org/new-password?key={token}&x=1".to_owned();
    let house = House::with(AuthRules { password_reset_url: url, ..rules() });
    house.register(EMAIL).await;
    house
        .change(EMAIL, UserChange { preferred_language: Some("sn".to_owned()), ..UserChange::default() })
        .await;
    forgot(&house, EMAIL).await;
    let letter = house.letters(1).await.remove(0);
    let (_, rest) = letter.split_once("https://family.example.org/new-password?key=").unwrap();
    let token = &rest[..64];
    assert!(rest[64..].starts_with("&x=1\n") && letter.contains("Mhoro"), "{letter}");
    assert_eq!(reset(&house, token, NEW).await.status, 200);
}

#[tokio::test]
async fn the_link_opens_a_form_that_works_without_scripts() {
    let (house, session, token) = asked().await;
    let (status, headers, page) = house.call(Method::GET, &format!("{RESET}/{token}")).page().await;
    assert_eq!(status, 200);
    assert!(page.contains(&format!("value=\"{token}\"")) && !page.contains("<script"), "{page}");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(
        (&headers["referrer-policy"], &headers["cache-control"]),
        (&"no-referrer".parse().unwrap(), &"no-store".parse().unwrap())
    );
    let (status, _, page) = house.call(Method::GET, &format!("{RESET}/%22%3E%3Cscript%3E")).page().await;
    assert!(status == 400 && !page.contains("<script") && !page.contains("<form"), "{page}");
    let send = async |password: &str, token: &str| {
        let call =
            house.call(Method::POST, RESET).header("content-type", "application/x-www-form-urlencoded");
        call.raw(&format!("token={token}&newPassword={password}")).page().await
    };
    let (status, _, page) = send("weak", &token).await;
    assert!(status == 400 && page.contains("at least 8") && page.contains("<form"), "{page}");
    let (status, _, page) = send(NEW, "%22%3E%3Cscript%3E").await;
    assert!(status == 400 && !page.contains("script") && !page.contains("<form"), "{page}");
    assert_eq!(send("Baobab-1897%00", &token).await.0, 400);
    let (status, headers, page) = send("Baobab-%C3%B1+1897", &token).await;
    assert!(status == 200 && !page.contains("<form"), "{page}");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(house.me(session.access()).await, 401);
    assert_eq!(house.login(EMAIL, "Baobab-ñ 1897").await.status, 200);
    let text: Value = json!({ "token": token, "password": NEW });
    let call = house.call(Method::POST, RESET).header("content-type", "text/plain").raw(&text.to_string());
    assert_eq!(call.send().await.status, 415);
}

#[tokio::test]
async fn the_form_speaks_the_language_of_the_browser_and_announces_what_is_wrong() {
    let (house, _, token) = asked().await;
    for (accepted, language, title) in [
        ("sn-ZW, en;q=0.8", "sn", "Sarudzai pasiwedhi itsva"),
        ("nd", "nd", "Khethani iphasiwedi entsha"),
        ("fr", "en", "Choose a new password"),
    ] {
        let opened = house.call(Method::GET, &format!("{RESET}/{token}")).header("accept-language", accepted);
        let (status, headers, page) = opened.page().await;
        assert_eq!((status, headers["content-language"].to_str().unwrap()), (200, language));
        assert_eq!(headers["vary"], "Accept-Language");
        for part in [&format!("<html lang=\"{language}\">"), title, "<label for=\"password\">", "autofocus"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("role=\"alert\""), "{page}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let sent = house.call(Method::POST, RESET).header("accept-language", accepted);
        let sent = sent.header("content-type", "application/x-www-form-urlencoded");
        let (status, headers, page) = sent.raw(&format!("token={token}&newPassword={PASSWORD}")).page().await;
        assert_eq!((status, headers["content-language"].to_str().unwrap()), (400, language));
        for part in ["role=\"alert\"", "aria-invalid=\"true\" aria-describedby=\"problem rules\"", &token] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}

/// Accounts whose password becomes another one in the moment in which someone signs in with the old one.
struct Overtaken(Arc<dyn Users>);

#[async_trait]
impl Users for Overtaken {
    async fn insert(&self, user: NewUser) -> Result<User, StoreError> {
        self.0.insert(user).await
    }
    async fn by_id(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.0.by_id(id).await
    }
    async fn by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        self.0.by_email(email).await
    }
    async fn update(&self, id: &str, change: UserChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let signs_in = change.last_login.is_some();
        let user = self.0.update(id, change, now).await?;
        if signs_in {
            let other = UserChange { password_hash: Some("!".to_owned()), ..UserChange::default() };
            self.0.update(id, other, now).await?;
        }
        Ok(user)
    }
    async fn by_password_reset(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        self.0.by_password_reset(token).await
    }
    async fn by_email_verification(&self, token: &TokenHash) -> Result<Option<User>, StoreError> {
        self.0.by_email_verification(token).await
    }
    async fn page(&self, page: UserPage) -> Result<(Vec<User>, u64), StoreError> {
        self.0.page(page).await
    }
    async fn made_by_day(&self, filter: UserFilter) -> Result<Vec<(Date, u64)>, StoreError> {
        self.0.made_by_day(filter).await
    }
    async fn to_erase(&self, now: Timestamp, limit: u32) -> Result<Vec<User>, StoreError> {
        self.0.to_erase(now, limit).await
    }
    async fn erase(&self, id: &str, pseudonym: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.0.erase(id, pseudonym, now).await
    }
    async fn oldest(&self, limit: u32) -> Result<Vec<User>, StoreError> {
        self.0.oldest(limit).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.0.count().await
    }
}

#[tokio::test]
async fn a_session_that_begins_on_the_old_password_while_a_new_one_is_set_ends_at_once() {
    let house = House::built(rules(), |ports| ports.users = Arc::new(Overtaken(ports.users.clone())));
    let before = house.register(EMAIL).await;
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 401);
    let id = house.user(EMAIL).await.id;
    assert_eq!(house.ports.sessions.active(&id, house.clock.now()).await.unwrap().len(), 1);
    assert_eq!(house.me(before.access()).await, 200, "ending that one is the reset's own work");
}
