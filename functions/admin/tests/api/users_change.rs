use dzinza_admin::{deactivate_by_operator, give_role};
use dzinza_ports::{Role, User, UserChange};
use http::Method;
use serde_json::{Value, json};

use crate::support::House;

fn path(user: &User) -> String {
    format!("/api/admin/users/{}", user.id)
}

async fn with_tendai() -> (House, User) {
    let house = House::new().await;
    let user = house.add("tendai@b.zw", Role::User).await;
    (house, user)
}

#[tokio::test]
async fn every_field_of_the_contract_can_be_changed_in_either_spelling() {
    let (house, user) = with_tendai().await;
    let form = json!({ "firstName": "Rudo", "last_name": "Ncube", "email": " Rudo@B.zw ", "username": "rudo",
        "preferredLanguage": "sn", "timezone": "Africa/Harare", "roles": ["user", "moderator"], "unknown": 1 });
    let shown = house.put(&path(&user), form).await.ok();
    for (key, value) in [
        ("firstName", json!("Rudo")),
        ("lastName", json!("Ncube")),
        ("email", json!("rudo@b.zw")),
        ("username", json!("rudo")),
        ("preferredLanguage", json!("sn")),
        ("timezone", json!("Africa/Harare")),
        ("roles", json!(["moderator"])),
        ("emailVerified", json!(false)),
    ] {
        assert_eq!(shown[key], value, "{key}");
    }
    let entry = &house.recorded(&user).await[0];
    assert_eq!(entry.action, "ADMIN_USER_UPDATED");
    let fields = [
        "firstName",
        "lastName",
        "roles",
        "email",
        "username",
        "emailVerified",
        "preferredLanguage",
        "timezone",
    ];
    assert_eq!(entry.details, json!({ "by": house.admin.id, "fields": fields }));
    assert_eq!(entry.ip_address.as_deref(), Some("192.0.2.7"));
    let verified = house.put(&path(&user), json!({ "email_verified": true })).await.ok();
    assert_eq!(verified["emailVerified"], true);
}

#[tokio::test]
async fn the_form_as_it_came_changes_nothing_and_is_not_recorded() {
    let (house, user) = with_tendai().await;
    house.furnish(&user).await;
    let shown = house.get(&path(&user)).await.ok();
    let mut form = shown.clone();
    form["roles"] = json!(["user"]);
    assert_eq!(house.put(&path(&user), form).await.ok(), shown);
    assert_eq!(house.put(&path(&user), json!({})).await.ok(), shown);
    assert!(house.recorded(&user).await.is_empty());
    assert_eq!(house.left(&user).await, (1, 1, 1, true));
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_nothing_is_changed() {
    let (house, user) = with_tendai().await;
    for (form, field) in [
        (json!({ "firstName": " " }), "firstName"),
        (json!({ "firstName": "x".repeat(51) }), "firstName"),
        (json!({ "lastName": "" }), "lastName"),
        (json!({ "isActive": "no" }), "isActive"),
        (json!({ "roles": [] }), "roles"),
        (json!({ "roles": ["owner"] }), "roles"),
        (json!({ "roles": [1] }), "roles"),
        (json!({ "roles": "admin" }), "roles"),
        (json!({ "role": "owner" }), "roles"),
        (json!({ "email": "nobody" }), "email"),
        (json!({ "username": "a" }), "username"),
        (json!({ "emailVerified": 1 }), "emailVerified"),
        (json!({ "mfaEnabled": true }), "mfaEnabled"),
        (json!({ "lockedUntil": "2026-01-01T00:00:00Z" }), "lockedUntil"),
        (json!({ "preferredLanguage": "fr" }), "preferredLanguage"),
        (json!({ "timezone": "Harare!" }), "timezone"),
    ] {
        let mut form = form;
        form["bio"] = json!("ignored");
        assert_eq!(house.put(&path(&user), form.clone()).await.field(), field, "{form}");
    }
    let both = house.put(&path(&user), json!({ "firstName": "", "roles": 1 })).await;
    assert_eq!(both.body["errors"].as_array().unwrap().len(), 2);
    assert_eq!(house.user(&user.id).await, user);
}

#[tokio::test]
async fn an_unknown_account_is_404_and_a_taken_name_409() {
    let (house, user) = with_tendai().await;
    house.put("/api/admin/users/nobody", json!({ "firstName": "Rudo" })).await.refused(404);
    house.delete("/api/admin/users/nobody").await.refused(404);
    house.delete("/api/users/nobody").await.refused(404);
    let email = house.put(&path(&user), json!({ "email": "ADMIN@dzinza.org" })).await.refused(409);
    assert!(email["message"].as_str().unwrap().contains("e-mail"), "{email}");
    let name = house.put(&path(&user), json!({ "username": "Admin" })).await.refused(409);
    assert!(name["message"].as_str().unwrap().contains("user name"), "{name}");
}

#[tokio::test]
async fn another_role_ends_the_sessions_and_the_tokens_that_tell_the_old_one() {
    let (house, user) = with_tendai().await;
    let other = house.add("other@b.zw", Role::Admin).await;
    house.furnish(&other).await;
    let token = house.token(&other, &format!("session-{}", other.id));
    house.call_with(&token, Method::GET, "/api/admin/users", None).await.ok();
    let shown = house.put(&path(&other), json!({ "roles": ["moderator"] })).await.ok();
    assert_eq!((&shown["roles"], &shown["isSuperuser"]), (&json!(["moderator"]), &json!(false)));
    house.call_with(&token, Method::GET, "/api/admin/users", None).await.refused(401);
    // Programs go on with the role that the account has now.
    assert_eq!(house.left(&other).await, (0, 1, 1, true));
    // Older clients' word for it.
    assert_eq!(house.put(&path(&user), json!({ "role": "ADMIN" })).await.ok()["roles"], json!(["admin"]));
}

#[tokio::test]
async fn nobody_takes_their_own_rights() {
    let (house, _) = with_tendai().await;
    let own = path(&house.admin);
    assert_eq!(house.put(&own, json!({ "roles": ["user"] })).await.field(), "roles");
    assert_eq!(house.put(&own, json!({ "isActive": false })).await.field(), "isActive");
    house.delete(&own).await.refused(400);
    house.delete(&format!("/api/users/{}", house.admin.id)).await.refused(400);
    let kept = house
        .put(&own, json!({ "roles": ["user", "admin"], "isActive": true, "firstName": "Rudo" }))
        .await
        .ok();
    assert_eq!((&kept["roles"], &kept["firstName"]), (&json!(["admin"]), &json!("Rudo")));
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let (house, user) = with_tendai().await;
    for refused in [
        give_role(&house.ports, &house.admin, Role::User).await,
        deactivate_by_operator(&house.ports, &house.admin).await,
    ] {
        assert_eq!(refused.unwrap_err().status(), 409);
    }
    give_role(&house.ports, &user, Role::Admin).await.unwrap();
    let demoted = give_role(&house.ports, &house.admin, Role::User).await.unwrap();
    assert_eq!(demoted.role, Role::User);
    let entry = &house.recorded(&demoted).await[0];
    assert_eq!((entry.action.as_str(), &entry.details["by"]), ("ADMIN_USER_UPDATED", &json!("operator")));
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_remains() {
    let house = House::new().await;
    let other = house.add("other@b.zw", Role::Admin).await;
    let (one, two) = (house.token(&house.admin, "s1"), house.token(&other, "s2"));
    let (paths, form) = ([path(&other), path(&house.admin)], json!({ "roles": ["user"] }));
    let demoted = tokio::join!(
        house.call_with(&one, Method::PUT, &paths[0], Some(&form)),
        house.call_with(&two, Method::PUT, &paths[1], Some(&form)),
    );
    let admins = [house.user(&house.admin.id).await, house.user(&other.id).await];
    assert!(admins.iter().any(|user| user.role == Role::Admin), "{demoted:?}");
}

#[tokio::test]
async fn a_superuser_who_is_given_another_role_is_none_any_more() {
    let (house, user) = with_tendai().await;
    let superuser = UserChange { is_superuser: Some(true), ..UserChange::default() };
    house.change(&user, superuser).await;
    // The page sends the role that it shows; that takes nothing.
    assert_eq!(
        house.put(&path(&user), json!({ "roles": ["user"], "firstName": "A" })).await.ok()["isSuperuser"],
        true
    );
    assert_eq!(house.put(&path(&user), json!({ "roles": ["moderator"] })).await.ok()["isSuperuser"], false);
}

#[tokio::test]
async fn the_second_factor_the_codes_and_the_passkeys_go_together() {
    let (house, user) = with_tendai().await;
    let factor = UserChange {
        mfa_enabled: Some(true),
        mfa_secret: Some(Some("seed-of-codes".to_owned())),
        mfa_backup_codes: Some(Some(r#"["hashed-code"]"#.to_owned())),
        pending_mfa: Some(Some(("seed-of-codes".to_owned(), house.clock_later()))),
        ..UserChange::default()
    };
    house.furnish(&user).await;
    house.change(&user, factor).await;
    assert_eq!(house.put(&path(&user), json!({ "mfaEnabled": true })).await.ok()["mfaEnabled"], true);
    assert_eq!(house.put(&path(&user), json!({ "mfaEnabled": false })).await.ok()["mfaEnabled"], false);
    let stored = house.user(&user.id).await;
    assert_eq!((stored.mfa_secret, stored.mfa_backup_codes, stored.pending_mfa), (None, None, None));
    assert_eq!(house.left(&user).await, (1, 0, 1, true));
    assert_eq!(house.recorded(&user).await[0].details["fields"], json!(["mfaEnabled"]));
}

#[tokio::test]
async fn a_lock_is_lifted_in_the_account_and_in_the_counters() {
    let (house, user) = with_tendai().await;
    house.furnish(&user).await;
    let locked = UserChange {
        locked_until: Some(Some(house.clock_later())),
        failed_login_attempts: Some(5),
        ..UserChange::default()
    };
    house.change(&user, locked).await;
    house.put(&path(&user), json!({ "lockedUntil": null })).await.ok();
    let stored = house.user(&user.id).await;
    assert_eq!((stored.locked_until, stored.failed_login_attempts), (None, 0));
    assert_eq!(house.left(&user).await, (1, 1, 1, false));
}

#[tokio::test]
async fn deleting_deactivates_and_locks_out_and_may_be_said_twice() {
    let (house, user) = with_tendai().await;
    house.furnish(&user).await;
    let first = house.delete(&path(&user)).await.ok();
    assert_eq!((&first["user"]["isActive"], &first["user"]["_id"]), (&json!(false), &json!(user.id)));
    assert_eq!(house.left(&user).await, (0, 1, 0, true));
    assert_eq!(house.recorded(&user).await[0].action, "ADMIN_USER_DEACTIVATED");
    let again = house.delete(&path(&user)).await.ok();
    assert_ne!(first["message"], again["message"]);
    assert_eq!(house.recorded(&user).await.len(), 1);
    let bare: Value = house.delete(&format!("/api/users/{}", user.id)).await.ok();
    assert_eq!((&bare["id"], &bare["isActive"]), (&json!(user.id), &json!(false)));
}

#[tokio::test]
async fn an_account_that_its_owner_left_can_be_opened_again_and_is_not_erased() {
    let (house, user) = with_tendai().await;
    let left = UserChange {
        is_active: Some(false),
        deleted_at: Some(Some(house.clock_later())),
        erase_after: Some(Some(house.clock_later())),
        ..UserChange::default()
    };
    house.change(&user, left).await;
    assert_eq!(house.put(&path(&user), json!({ "isActive": true })).await.ok()["isActive"], true);
    let stored = house.user(&user.id).await;
    assert_eq!((stored.deleted_at, stored.erase_after), (None, None));
    // Once the erasure has begun there is no way back.
    let begun = UserChange {
        is_active: Some(false),
        erase_after: Some(Some(dzinza_ports::ERASURE_BEGUN)),
        ..UserChange::default()
    };
    house.change(&user, begun).await;
    house.put(&path(&user), json!({ "isActive": true })).await.refused(409);
    assert!(!house.user(&user.id).await.is_active);
}

#[tokio::test]
async fn a_new_address_voids_what_was_mailed_to_the_old_one() {
    let (house, user) = with_tendai().await;
    let mailed = UserChange {
        password_reset: Some(Some(("0".repeat(64), house.clock_later()))),
        email_verification: Some(Some(("1".repeat(64), house.clock_later()))),
        email_verified: Some(true),
        ..UserChange::default()
    };
    house.change(&user, mailed).await;
    house.put(&path(&user), json!({ "email": "new@b.zw" })).await.ok();
    let stored = house.user(&user.id).await;
    assert_eq!((stored.password_reset, stored.email_verified), (None, false));
    assert_ne!(stored.email_verification.unwrap().0, "1".repeat(64));
}
