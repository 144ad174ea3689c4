use dzinza_admin::api;
use dzinza_ports::{Role, UserChange};
use dzinza_web::operations;
use http::{Method, Request};
use serde_json::json;

use crate::support::{House, ORIGIN};

/// Every operation, with a path that names an account which is there.
fn calls(house: &House, id: &str) -> Vec<(Method, String)> {
    let described = operations(&api(house.ports.clone()).openapi());
    assert!(described.iter().all(|(_, _, public)| !public));
    described
        .into_iter()
        .map(|(method, path, _)| (method.parse().unwrap(), path.replace("{id}", id)))
        .collect()
}

#[tokio::test]
async fn every_operation_of_the_contract_is_there() {
    let house = House::new().await;
    let mut found: Vec<String> = operations(&api(house.ports.clone()).openapi())
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    found.sort();
    let expected = [
        "DELETE /api/admin/users/{id}",
        "DELETE /api/users/{id}",
        "GET /api/admin/analytics/content-trends",
        "GET /api/admin/analytics/summary",
        "GET /api/admin/analytics/user-trends",
        "GET /api/admin/audit",
        "GET /api/admin/dashboard",
        "GET /api/admin/settings",
        "GET /api/admin/system-health",
        "GET /api/admin/users",
        "GET /api/admin/users/{id}",
        "GET /api/users",
        "GET /api/users/{id}",
        "PUT /api/admin/settings",
        "PUT /api/admin/users/{id}",
        "PUT /api/users/{id}",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn nobody_gets_401_and_everyone_but_administrators_403() {
    let house = House::new().await;
    let user = house.add("user@b.zw", Role::User).await;
    let moderator = house.add("moderator@b.zw", Role::Moderator).await;
    for (method, path) in calls(&house, &user.id) {
        house.call_with("", method.clone(), &path, Some(&json!({}))).await.refused(401);
        house.call_with("garbage", method.clone(), &path, Some(&json!({}))).await.refused(401);
        for caller in [&user, &moderator] {
            let token = house.token(caller, "s");
            house
                .call_with(&token, method.clone(), &path, Some(&json!({ "isActive": false })))
                .await
                .refused(403);
        }
    }
    assert!(house.user(&user.id).await.is_active);
}

#[tokio::test]
async fn whoever_lost_the_role_or_the_account_has_lost_it_whatever_the_token_says() {
    let house = House::new().await;
    let user = house.add("user@b.zw", Role::User).await;
    let former = house.add("former@b.zw", Role::Admin).await;
    let token = house.token(&former, "s");
    house.change(&former, UserChange { role: Some(Role::User), ..UserChange::default() }).await;
    for (method, path) in calls(&house, &user.id) {
        house.call_with(&token, method, &path, Some(&json!({}))).await.refused(403);
    }
    let back = UserChange { role: Some(Role::Admin), is_active: Some(false), ..UserChange::default() };
    house.change(&former, back).await;
    for (method, path) in calls(&house, &user.id) {
        house.call_with(&token, method, &path, Some(&json!({}))).await.refused(401);
    }
    // And who has it without a token that says so has to sign in again.
    let new = house.change(&user, UserChange { role: Some(Role::Admin), ..UserChange::default() }).await;
    let older = house.token(&dzinza_ports::User { role: Role::User, ..new }, "s");
    house.call_with(&older, Method::GET, "/api/admin/users", None).await.refused(403);
}

#[tokio::test]
async fn a_cookie_does_for_pages_of_ours_and_for_no_others() {
    let house = House::new().await;
    let user = house.add("user@b.zw", Role::User).await;
    let path = format!("/api/admin/users/{}", user.id);
    let cookie = format!("access_token_cookie={}", house.token(&house.admin, "s"));
    let request = |method: Method, origin: &str| {
        let request = Request::builder().method(method).uri(&path).header("cookie", &cookie);
        let request = if origin.is_empty() { request } else { request.header("origin", origin) };
        request.body(axum::body::Body::from(r#"{"firstName":"Rudo"}"#)).unwrap()
    };
    house.send(request(Method::GET, "")).await.ok();
    for origin in ["", "https://evil.example"] {
        house.send(request(Method::PUT, origin)).await.refused(403);
        house.send(request(Method::DELETE, origin)).await.refused(403);
    }
    assert_eq!(house.send(request(Method::PUT, ORIGIN)).await.ok()["firstName"], "Rudo");
}

#[tokio::test]
async fn the_callers_own_account_is_another_groups() {
    let house = House::new().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        house.call(method, "/api/users/me", Some(&json!({}))).await.refused(404);
    }
}
