use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const EMAIL: &str = "tendai@example.org";

struct Owner {
    house: House,
    access: String,
}

impl Owner {
    async fn new() -> Self {
        let house = House::new();
        let access = house.register(EMAIL).await.access().to_owned();
        Self { house, access }
    }

    async fn patch(&self, body: Value) -> Reply {
        self.house.call(Method::PATCH, "/api/auth/profile").bearer(&self.access).json(&body).send().await
    }

    async fn changed(&self, body: Value) -> Value {
        let reply = self.patch(body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["user"].clone()
    }
}

#[tokio::test]
async fn a_profile_changes_field_by_field_and_the_record_names_fields_only() {
    let owner = Owner::new().await;
    owner.house.advance_minutes(3);
    let user = owner
        .changed(json!({ "firstName": " Rudo ", "last_name": "Sibanda", "dateOfBirth": "1985-11-30T00:00:00.000Z",
            "preferredLanguage": "nd", "timezone": "Africa/Harare", "username": "rudo_s", "phone": "+263 77 123",
            "gender": "female", "bio": "Line one\nLine two", "location": { "country": "Zimbabwe" } }))
        .await;
    let expected = json!({ "name": "Rudo Sibanda", "dateOfBirth": "1985-11-30", "preferred_language": "nd",
        "timezone": "Africa/Harare", "username": "rudo_s", "phone": "+263 77 123", "gender": "female",
        "bio": "Line one\nLine two", "location": { "country": "Zimbabwe" }, "email": EMAIL,
        "updatedAt": "2026-03-01T12:03:00.000000Z" });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&user[key], value, "{key}");
    }
    let entry = owner.house.last_entry();
    assert_eq!(entry.action, "PROFILE_UPDATED");
    assert!(entry.details["fields"].as_array().unwrap().contains(&json!("dateOfBirth")), "{}", entry.details);
    let cleared = owner
        .changed(json!({ "dateOfBirth": "", "phone": null, "gender": "", "bio": null, "location": null, "timezone": "" }))
        .await;
    for key in ["dateOfBirth", "phone", "gender", "bio", "location"] {
        assert!(cleared[key].is_null(), "{key}");
    }
    assert_eq!((&cleared["timezone"], &cleared["name"]), (&json!("UTC"), &json!("Rudo Sibanda")));
}

#[tokio::test]
async fn put_on_users_me_changes_the_same_and_answers_the_bare_user() {
    let owner = Owner::new().await;
    let call = owner.house.call(Method::PUT, "/api/users/me").bearer(&owner.access);
    let reply = call.json(&json!({ "first_name": "Rudo" })).send().await;
    assert_eq!((reply.status.as_u16(), &reply.body["firstName"]), (200, &json!("Rudo")));
    let unchanged = owner.changed(json!({})).await;
    assert_eq!(unchanged, reply.body);
}

#[tokio::test]
async fn preferences_merge_deeply_over_what_is_stored_and_the_defaults() {
    let owner = Owner::new().await;
    let user = owner
        .changed(json!({ "preferences": { "notifications": { "push": true }, "theme": "dark",
            "privacy": { "profile_visibility": "friends_only" }, "timezone": "Africa/Harare" } }))
        .await;
    assert_eq!(
        user["preferences"],
        json!({ "notifications": { "email": false, "push": true, "newsletter": false },
            "privacy": { "profileVisibility": "family", "allowMessages": false, "showOnlineStatus": false },
            "theme": "dark", "timezone": "Africa/Harare" })
    );
    let user = owner
        .changed(json!({ "preferences": { "notifications": { "email": true }, "theme": "system",
            "privacy": { "allowMessages": true, "profileVisibility": null, "unknown": 1 }, "unknown": {} } }))
        .await;
    assert_eq!(
        user["preferences"],
        json!({ "notifications": { "email": true, "push": true, "newsletter": false },
            "privacy": { "profileVisibility": "private", "allowMessages": true, "showOnlineStatus": false },
            "theme": "auto", "timezone": "Africa/Harare" })
    );
    assert_eq!(user["timezone"], json!("Africa/Harare"));
}

#[tokio::test]
async fn fields_that_break_a_rule_answer_400_and_change_nothing() {
    let owner = Owner::new().await;
    for (body, field) in [
        (json!({ "firstName": " " }), "firstName"),
        (json!({ "firstName": null }), "firstName"),
        (json!({ "lastName": "" }), "lastName"),
        (json!({ "lastName": "x".repeat(51) }), "lastName"),
        (json!({ "dateOfBirth": "1985-02-30" }), "dateOfBirth"),
        (json!({ "dateOfBirth": "2026-03-02" }), "dateOfBirth"),
        (json!({ "dateOfBirth": 5 }), "dateOfBirth"),
        (json!({ "preferredLanguage": "fr" }), "preferredLanguage"),
        (json!({ "timezone": "x".repeat(51) }), "timezone"),
        (json!({ "username": "x" }), "username"),
        (json!({ "email": "nobody" }), "email"),
        (json!({ "phone": "1".repeat(21) }), "phone"),
        (json!({ "gender": "x".repeat(21) }), "gender"),
        (json!({ "bio": "x".repeat(2001) }), "bio"),
        (json!({ "location": "Harare" }), "location"),
        (json!({ "location": { "x": "x".repeat(4000) } }), "location"),
        (json!({ "preferences": 1 }), "preferences"),
        (json!({ "preferences": { "theme": "pink" } }), "preferences.theme"),
        (json!({ "preferences": { "notifications": [] } }), "preferences.notifications"),
        (json!({ "preferences": { "notifications": { "push": "yes" } } }), "preferences.notifications.push"),
        (
            json!({ "preferences": { "privacy": { "profileVisibility": "x" } } }),
            "preferences.privacy.profileVisibility",
        ),
    ] {
        assert_eq!(owner.patch(body.clone()).await.fields(), [field], "{body}");
    }
    let both = owner.patch(json!({ "firstName": "", "bio": 1, "gender": "male" })).await;
    assert_eq!(both.fields(), ["firstName", "bio"]);
    assert_eq!(owner.changed(json!({})).await["gender"], Value::Null);
}

#[tokio::test]
async fn roles_and_activity_are_not_the_owners_to_set() {
    let owner = Owner::new().await;
    for key in ["role", "roles", "isActive", "is_active", "isSuperuser", "is_superuser"] {
        assert_eq!(owner.patch(json!({ key: "admin", "bio": "x" })).await.status, 403, "{key}");
    }
    let user = owner.changed(json!({ "emailVerified": true, "id": "x", "subscriptionTier": "gold" })).await;
    assert_eq!(
        (&user["role"], &user["bio"], &user["emailVerified"]),
        (&json!("user"), &Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn a_new_address_needs_the_current_password_and_is_not_verified() {
    let owner = Owner::new().await;
    let change = dzinza_ports::UserChange { email_verified: Some(true), ..Default::default() };
    owner.house.change(EMAIL, change).await;
    assert_eq!(owner.patch(json!({ "email": "new@example.org" })).await.fields(), ["currentPassword"]);
    let wrong = json!({ "email": "new@example.org", "currentPassword": "Mutupo-1891", "bio": "x" });
    assert_eq!(owner.patch(wrong).await.fields(), ["currentPassword"]);
    let same = owner.changed(json!({ "email": " TENDAI@example.org " })).await;
    assert_eq!(
        (&same["email"], &same["emailVerified"], &same["bio"]),
        (&json!(EMAIL), &json!(true), &Value::Null)
    );
    let user = owner.changed(json!({ "email": "New@Example.org", "current_password": PASSWORD })).await;
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("new@example.org"), &json!(false)));
    assert_eq!(owner.house.login(EMAIL, PASSWORD).await.status, 401);
    assert_eq!(owner.house.login("new@example.org", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn wrong_current_passwords_count_towards_the_lock() {
    let owner = Owner::new().await;
    let wrong = json!({ "email": "new@example.org", "currentPassword": "Mutupo-1891" });
    for _ in 0..5 {
        assert_eq!(owner.patch(wrong.clone()).await.status, 400);
    }
    let right = json!({ "email": "new@example.org", "currentPassword": PASSWORD });
    assert_eq!(owner.patch(right).await.status, 423);
    assert_eq!(owner.house.login(EMAIL, PASSWORD).await.status, 423);
}

#[tokio::test]
async fn a_taken_address_or_user_name_answers_409_and_changes_nothing() {
    let owner = Owner::new().await;
    owner.house.register("rudo@example.org").await;
    let address = json!({ "email": "Rudo@example.org", "currentPassword": PASSWORD, "bio": "x" });
    assert_eq!(owner.patch(address).await.status, 409);
    assert_eq!(owner.patch(json!({ "username": "RUDO", "bio": "x" })).await.status, 409);
    let user = owner.changed(json!({})).await;
    assert_eq!(
        (&user["email"], &user["username"], &user["bio"]),
        (&json!(EMAIL), &json!("tendai"), &Value::Null)
    );
}

#[tokio::test]
async fn people_with_a_single_name_can_save_their_profile() {
    let house = House::new();
    let body = json!({ "name": "Nehanda", "email": EMAIL, "password": PASSWORD });
    let access = house.post("/api/auth/register", body).await.access().to_owned();
    let owner = Owner { house, access };
    let user = owner.changed(json!({ "firstName": "Nehanda", "lastName": "", "bio": "x" })).await;
    assert_eq!((&user["name"], &user["bio"]), (&json!("Nehanda"), &json!("x")));
}

#[tokio::test]
async fn a_deactivated_owner_is_signed_out() {
    let owner = Owner::new().await;
    let change = dzinza_ports::UserChange { is_active: Some(false), ..Default::default() };
    owner.house.change(EMAIL, change).await;
    assert_eq!(owner.patch(json!({ "bio": "x" })).await.status, 401);
    assert_eq!(owner.house.me(&owner.access).await, 401);
}
