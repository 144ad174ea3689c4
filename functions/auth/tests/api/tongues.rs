//! Errors in the language of whoever reads them (contract 10.3).

use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const EMAIL: &str = "tendai@example.org";

async fn post(house: &House, path: &str, body: Value, languages: &str) -> Reply {
    let call = house.call(Method::POST, path).header("accept-language", languages);
    call.json(&body).send().await
}

async fn login(house: &House, password: &str, languages: &str) -> Reply {
    post(house, "/api/auth/login", json!({ "email": EMAIL, "password": password }), languages).await
}

#[tokio::test]
async fn a_wrong_password_and_a_lock_are_told_in_the_callers_language() {
    let house = House::new();
    house.register(EMAIL).await;
    for (languages, spoken, message) in [
        ("sn-ZW,sn;q=0.9,en;q=0.8", "sn", "Kero yeimeyili kana pasiwedhi haina kururama"),
        ("fr, nd;q=0.5", "nd", "Ikheli le-imeyili kumbe iphasiwedi kayiqondanga"),
        ("en-GB, sn;q=0.9", "en", "Invalid e-mail address or password"),
        ("fr", "en", "Invalid e-mail address or password"),
        ("sn;q=x, ,;q=0", "en", "Invalid e-mail address or password"),
    ] {
        let refused = login(&house, "Mutupo-1891", languages).await;
        assert_eq!((refused.status.as_u16(), &refused.body["error"]), (401, &json!("UNAUTHORIZED")));
        assert_eq!((refused.header("content-language"), refused.header("vary")), (spoken, "Accept-Language"));
        assert_eq!(refused.body["message"], message);
    }
    for (languages, beginning) in
        [("sn", "Mapasiwedhi"), ("nd", "Amaphasiwedi"), ("en", "Too many wrong passwords.")]
    {
        let locked = login(&house, PASSWORD, languages).await;
        assert_eq!((locked.status.as_u16(), &locked.body["error"]), (423, &json!("ACCOUNT_LOCKED")));
        assert_eq!((&locked.body["retryAfter"], locked.number("retry-after")), (&json!(900), 900));
        assert!(locked.body["message"].as_str().unwrap().starts_with(beginning), "{}", locked.body);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_told_in_the_callers_language() {
    let house = House::new();
    let bad = json!({ "email": 7, "password": "kort", "name": "T".repeat(120) });
    let mut seen = Vec::new();
    for languages in ["en", "sn", "nd"] {
        let refused = post(&house, "/api/auth/register", bad.clone(), languages).await;
        assert_eq!(refused.fields(), ["password", "name", "email"]);
        assert_eq!(refused.header("content-language"), languages);
        let errors = refused.body["errors"].as_array().unwrap().clone();
        assert!(errors.iter().all(|error| error["message"] == error["msg"]));
        let told = |key| errors.iter().map(|error| error[key].clone()).collect::<Vec<_>>();
        assert_eq!(refused.body["message"], told("message")[0]);
        seen.push((told("type"), told("message")));
    }
    assert!(seen.iter().all(|(kinds, _)| *kinds == seen[0].0), "codes are for programs");
    let rule = "The password must have at least 8 characters";
    assert_eq!(seen[0].1, [rule, "name must have at most 101 characters", "email must be a text"]);
    let rule = "Pasiwedhi inofanira kuva nemavara 8 kana kupfuura";
    let bound = "name inofanira kuva nemavara asingapfuuri 101";
    assert_eq!(seen[1].1, [rule, bound, "email inofanira kuva mashoko"]);
    let rule = "Iphasiwedi kumele ibe lezinhlamvu ezingu-8 kumbe ngaphezulu";
    let bound = "name kumele ibe lezinhlamvu ezingedluli ku-101";
    assert_eq!(seen[2].1, [rule, bound, "email kumele ibe ngamazwi"]);
}

#[tokio::test]
async fn an_english_error_is_the_one_it_was_and_an_answer_that_is_none_says_nothing_of_languages() {
    let house = House::new();
    let plain = house.post("/api/auth/login", json!({ "email": EMAIL })).await;
    let english = post(&house, "/api/auth/login", json!({ "email": EMAIL }), "en").await;
    assert_eq!(plain.body, english.body);
    assert_eq!(plain.body["message"], "password is required");
    for reply in [plain, english] {
        assert_eq!((reply.header("content-language"), reply.header("vary")), ("en", "Accept-Language"));
    }
    house.register(EMAIL).await;
    let well = login(&house, PASSWORD, "sn").await;
    assert_eq!((well.status.as_u16(), well.header("content-language")), (200, ""));
}

#[tokio::test]
async fn what_a_caller_sends_comes_back_as_it_would_in_english() {
    let house = House::new();
    for broken in ["{\"email\": {words}}", "{\"{field} is required\": 1, \"{field} is required\": 1}"] {
        let call = |languages| {
            house
                .call(Method::POST, "/api/auth/login")
                .header("accept-language", languages)
                .raw(broken)
                .send()
        };
        let english = call("en").await.body["message"].as_str().unwrap().to_owned();
        let shona = call("sn").await.body["message"].as_str().unwrap().to_owned();
        let (_, detail) = english.split_once("JSON: ").unwrap();
        assert_eq!(shona.split_once("JSON yakanaka: ").unwrap().1, detail);
    }
}
