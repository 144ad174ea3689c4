use dzinza_auth::{AuthRules, NewAccount, create_account};
use dzinza_ports::Role;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, rules};

const PATH: &str = "/api/auth/register";

#[tokio::test]
async fn signing_up_with_one_name_field_answers_201_with_user_tokens_and_cookie() {
    let house = House::new();
    let body = json!({ "name": " Tendai  Moyo Ncube ", "email": " Tendai@Example.ORG ", "password": PASSWORD,
        "preferredLanguage": "en" });
    let reply = house.post(PATH, body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let user = &reply.body["user"];
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!("Tendai"), &json!("Moyo Ncube")));
    assert_eq!((&user["email"], &user["username"]), (&json!("tendai@example.org"), &json!("tendai")));
    assert_eq!(
        (&reply.body["requireMfa"], &reply.body["tokens"]["expiresIn"]),
        (&json!(false), &json!(1800))
    );
    assert!(reply.body["message"].is_string());
    let access = reply.access();
    let cookie =
        format!("access_token_cookie={access}; HttpOnly; SameSite=Lax; Path=/; Max-Age=1800; Secure");
    assert_eq!(reply.cookies(), [cookie]);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(house.me(access).await, 200);
    assert_eq!(house.recorded(), ["USER_REGISTERED"]);
    let entry = house.last_entry();
    assert_eq!((entry.ip_address.as_deref(), entry.user_agent.as_deref()), (Some("192.0.2.7"), Some("test")));
}

#[tokio::test]
async fn the_user_has_every_key_of_the_contract_and_no_other() {
    let house = House::new();
    let reply = house.register("tendai@example.org").await;
    let mut expected = json!({
        "email": "tendai@example.org", "username": "tendai", "firstName": "Tendai", "first_name": "Tendai",
        "lastName": "Moyo", "last_name": "Moyo", "name": "Tendai Moyo", "preferredLanguage": "en",
        "preferred_language": "en", "timezone": "UTC", "emailVerified": false, "roles": ["user"],
        "role": "user", "isSuperuser": false, "isActive": true, "mfaEnabled": false, "profilePhoto": null,
        "profileImageUrl": null, "profilePictureUrl": null, "dateOfBirth": null, "phone": null,
        "gender": null, "bio": null, "location": null, "subscriptionTier": "free", "lastLoginAt": null,
        "lastLogin": null, "createdAt": "2026-03-01T12:00:00.000000Z",
        "updatedAt": "2026-03-01T12:00:00.000000Z",
        "preferences": {
            "notifications": { "email": false, "push": false, "newsletter": false },
            "privacy": { "profileVisibility": "private", "allowMessages": false, "showOnlineStatus": false },
            "theme": "light", "timezone": "UTC",
        },
    });
    let id = json!(house.user("tendai@example.org").await.id);
    expected["id"] = id.clone();
    expected["_id"] = id;
    assert_eq!(reply.body["user"], expected);
}

#[tokio::test]
async fn both_names_are_taken_in_either_spelling_with_the_other_fields() {
    let house = House::new();
    let body = json!({ "first_name": "Rudo", "last_name": "Sibanda", "email": "rudo@example.org",
        "password": PASSWORD, "preferred_language": "sn", "username": "Rudo_1", "timezone": "Africa/Harare",
        "role": "admin", "isActive": false, "unknown": [1] });
    let reply = house.post(PATH, body).await;
    let user = &reply.body["user"];
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!((&user["name"], &user["username"]), (&json!("Rudo Sibanda"), &json!("Rudo_1")));
    assert_eq!((&user["preferredLanguage"], &user["timezone"]), (&json!("sn"), &json!("Africa/Harare")));
    assert_eq!((&user["role"], &user["isActive"]), (&json!("user"), &json!(true)));
}

#[tokio::test]
async fn a_single_name_is_a_whole_name() {
    let house = House::new();
    let body = json!({ "name": "Nehanda", "email": "n@example.org", "password": PASSWORD });
    let reply = house.post(PATH, body).await;
    let user = &reply.body["user"];
    assert_eq!(
        (&user["firstName"], &user["lastName"], &user["name"]),
        (&json!("Nehanda"), &json!(""), &json!("Nehanda"))
    );
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let house = House::new();
    let empty = house.post(PATH, json!({})).await;
    assert_eq!(empty.fields(), ["password", "name", "email"]);
    let body = json!({ "firstName": " ", "lastName": "x", "email": "nobody", "password": PASSWORD,
        "preferredLanguage": "fr", "username": "a b", "timezone": "Mars; DROP" });
    let all = house.post(PATH, body).await;
    assert_eq!(all.fields(), ["firstName", "email", "preferredLanguage", "username", "timezone"]);
}

#[tokio::test]
async fn fields_that_break_a_rule_answer_400_naming_them() {
    let house = House::new();
    let long = "x".repeat(51);
    for (key, value, field) in [
        ("email", json!(null), "email"),
        ("email", json!(7), "email"),
        ("email", json!("a@b"), "email"),
        ("email", json!(format!("{}@example.org", "x".repeat(250))), "email"),
        ("password", json!(null), "password"),
        ("password", json!(["x"]), "password"),
        ("name", json!(""), "name"),
        ("name", json!("a\nb"), "name"),
        ("name", json!(format!("{long} Moyo")), "name"),
        ("name", json!("x ".repeat(60)), "name"),
        ("firstName", json!("Only"), "lastName"),
        ("firstName", json!(long), "firstName"),
        ("username", json!("ab"), "username"),
        ("username", json!(long), "username"),
        ("username", json!("tendai-moyo"), "username"),
        ("preferredLanguage", json!("shona"), "preferredLanguage"),
        ("timezone", json!("x".repeat(51)), "timezone"),
    ] {
        let mut body = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "Tendai Moyo" });
        body[key] = value;
        let reply = house.post(PATH, body.clone()).await;
        assert_eq!(reply.fields(), [field], "{body}");
    }
    assert_eq!(house.ports.users.count().await.unwrap(), 0);
}

#[tokio::test]
async fn weak_passwords_and_such_of_73_bytes_are_refused_and_72_bytes_work_whole() {
    let house = House::new();
    let attempt = async |password: &str| {
        house.post(PATH, json!({ "email": "a@b.zw", "password": password, "name": "A B" })).await
    };
    for weak in
        ["aB3-aB3", "mutupo-1890", "MUTUPO-1890", "Mutupo-mutupo", "Mutupo1890", "Mutupo 1890", "        "]
    {
        assert_eq!(attempt(weak).await.fields(), ["password"], "{weak}");
    }
    let longest = format!("aB3-Baobab-{}", "x".repeat(61));
    let reply = attempt(&format!("{longest}x")).await;
    assert_eq!((reply.fields(), &reply.body["errors"][0]["type"]), (vec!["password"], &json!("too_long")));
    for common in ["P@ssw0rd1", "Welcome@123", "Dzinza@123"] {
        let reply = attempt(common).await;
        assert_eq!(
            (reply.fields(), &reply.body["errors"][0]["type"]),
            (vec!["password"], &json!("common_password"))
        );
    }
    assert_eq!(attempt(&longest).await.status, 201);
    assert_eq!(house.login("a@b.zw", &longest).await.status, 200);
    let almost = format!("{}y", &longest[..71]);
    assert_eq!(house.login("a@b.zw", &almost).await.status, 401);
    assert_eq!(house.login("a@b.zw", &format!("{longest}x")).await.fields(), ["password"]);
}

#[tokio::test]
async fn a_password_made_of_ones_own_address_is_refused() {
    let house = House::new();
    for (password, status) in [("Nyakudya-1990", 400), (PASSWORD, 201)] {
        let body = json!({ "email": "tsitsi.nyakudya@b.zw", "password": password, "name": "Tsitsi" });
        let reply = house.post(PATH, body).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
}

#[tokio::test]
async fn an_address_or_user_name_that_is_taken_answers_409_in_any_case() {
    let house = House::new();
    house.register("tendai@example.org").await;
    let again = json!({ "email": "TENDAI@example.org", "password": PASSWORD, "name": "T M" });
    let reply = house.post(PATH, again).await;
    assert_eq!((reply.status.as_u16(), &reply.body["error"]), (409, &json!("CONFLICT")));
    let named =
        json!({ "email": "t@example.org", "password": PASSWORD, "name": "T M", "username": "TENDAI" });
    let reply = house.post(PATH, named).await;
    assert_eq!(reply.status, 409);
    assert!(reply.body["message"].as_str().unwrap().contains("user name"), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_parallel_sign_ups_for_one_address_one_succeeds_and_49_conflict() {
    let house = House::new();
    let attempts: Vec<_> = (0..50)
        .map(|place| {
            let house = house.clone();
            let email = if place % 2 == 0 { "tendai@example.org" } else { "Tendai@Example.org" };
            let body = json!({ "email": email, "password": PASSWORD, "name": "Tendai Moyo" });
            tokio::spawn(async move { house.post(PATH, body).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 49][..]));
    assert_eq!(house.ports.users.count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_with_the_same_local_part_get_different_user_names_even_at_once() {
    let house = House::new();
    let attempts: Vec<_> = (0..20)
        .map(|place| {
            let house = house.clone();
            tokio::spawn(async move {
                house.register(&format!("a@d{place}.zw")).await.body["user"]["username"].clone()
            })
        })
        .collect();
    let mut names = std::collections::BTreeSet::new();
    for attempt in attempts {
        names.insert(attempt.await.unwrap().as_str().unwrap().to_owned());
    }
    assert_eq!(names.len(), 20);
    assert!(names.contains("a__") && names.contains("a__2"), "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 50 && name.starts_with("a__")), "{names:?}");
}

#[tokio::test]
async fn signing_up_can_be_switched_off() {
    let house = House::with(AuthRules { allow_registration: false, ..rules() });
    let body = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "A B" });
    assert_eq!(house.post(PATH, body).await.status, 403);
}

#[tokio::test]
async fn the_cookie_is_not_secure_on_plain_http() {
    let house = House::built(rules(), |ports| ports.auth.secure_cookies = false);
    let reply = house.register("a@b.zw").await;
    assert!(!reply.cookies()[0].contains("Secure"), "{:?}", reply.cookies());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_answers_400_and_another_type_415() {
    let house = House::new();
    for path in [PATH, "/api/auth/login", "/api/auth/refresh"] {
        let call = || house.call(http::Method::POST, path);
        assert_eq!(call().raw("{").send().await.status, 400);
        assert_eq!(call().raw("[]").send().await.status, 400);
        assert_eq!(call().header("content-type", "text/xml").raw("<a/>").send().await.status, 415);
    }
    let unlabelled = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "A B" }).to_string();
    assert_eq!(house.call(http::Method::POST, PATH).raw(&unlabelled).send().await.status, 201);
}

#[tokio::test]
async fn an_operator_makes_accounts_by_the_same_rules_even_when_signing_up_is_off() {
    let house = House::with(AuthRules { allow_registration: false, ..rules() });
    let account = NewAccount {
        email: "Admin@Example.org".into(),
        password: Some(PASSWORD.into()),
        first_name: "Ad".into(),
        last_name: "Min".into(),
        role: Role::Admin,
        ..NewAccount::default()
    };
    let user = create_account(&house.ports, account.clone()).await.unwrap();
    assert_eq!((user.email.as_str(), user.role), ("admin@example.org", Role::Admin));
    assert_eq!(house.recorded(), ["USER_REGISTERED"]);
    assert_eq!(house.login("admin@example.org", PASSWORD).await.body["user"]["isSuperuser"], json!(true));
    assert_eq!(create_account(&house.ports, account.clone()).await.unwrap_err().status(), 409);
    let weak = NewAccount { password: Some("weak".into()), email: "nobody".into(), ..account };
    assert_eq!(create_account(&house.ports, weak).await.unwrap_err().status(), 400);
}

#[tokio::test]
async fn an_owner_without_a_password_exists_but_no_password_signs_in() {
    let house = House::new();
    let owner =
        NewAccount { email: "owner@local.zw".into(), first_name: "Owner".into(), ..NewAccount::default() };
    let user = create_account(&house.ports, owner).await.unwrap();
    assert_eq!((user.password_hash.as_str(), user.last_name.as_deref()), ("!", Some("")));
    for password in ["!", PASSWORD] {
        assert_eq!(house.login("owner@local.zw", password).await.status, 401);
    }
    let empty =
        house.post("/api/auth/login", json!({ "email": "owner@local.zw", "password": Value::Null })).await;
    assert_eq!(empty.fields(), ["password"]);
}
