use dzinza_auth::AuthRules;
use http::Method;
use serde_json::json;

use crate::support::{House, PASSWORD, rules};

#[tokio::test]
async fn signing_in_and_up_share_an_allowance_per_client_that_headers_describe() {
    let house = House::with(AuthRules { credential_limit: 3, ..rules() });
    let signed_up = house.register("a@b.zw").await;
    assert_eq!((signed_up.number("ratelimit-limit"), signed_up.number("ratelimit-remaining")), (3, 2));
    assert_eq!(house.login("a@b.zw", "wrong").await.number("ratelimit-remaining"), 1);
    assert_eq!(house.post("/api/auth/login", json!({})).await.number("ratelimit-remaining"), 0);
    house.advance_minutes(5);
    let refused = house.login("a@b.zw", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (429, &json!("RATE_LIMITED")));
    assert_eq!((refused.number("retry-after"), &refused.body["retryAfter"]), (600, &json!(600)));
    assert_eq!((refused.number("ratelimit-remaining"), refused.number("ratelimit-reset")), (0, 600));
    assert_eq!(house.refresh(signed_up.refresh()).await.status, 200, "its own allowance");
    house.advance_minutes(10);
    assert_eq!(house.login("a@b.zw", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn whatever_takes_credentials_draws_on_the_one_allowance_and_nothing_else_does() {
    let house = House::with(AuthRules { credential_limit: 4, ..rules() });
    let signed_up = house.register("a@b.zw").await;
    let paths = ["login", "forgot-password", "reset-password"];
    for (path, left) in paths.iter().zip([2, 1, 0]) {
        let reply = house.post(&format!("/api/auth/{path}"), json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.number("ratelimit-remaining")), (400, left), "{path}");
    }
    for path in paths.iter().chain(&["register"]) {
        assert_eq!(house.post(&format!("/api/auth/{path}"), json!({})).await.status, 429, "{path}");
    }
    assert_eq!(house.me(signed_up.access()).await, 200);
    assert_eq!(house.refresh(signed_up.refresh()).await.status, 200);
    let logout = house.call(Method::POST, "/api/auth/logout").bearer(signed_up.access()).send().await;
    assert_eq!(logout.status, 200);
}

#[tokio::test]
async fn one_client_does_not_use_up_the_allowance_of_another() {
    let house = House::with(AuthRules { credential_limit: 1, ..rules() });
    let body = json!({ "email": "a@b.zw", "password": "wrong" });
    for (ip, status) in [("2001:db8:1:2::1", 401), ("2001:db8:1:2:ffff::9", 429), ("2001:db8:1:3::1", 401)] {
        let request = http::Request::post("/api/auth/login").header("x-forwarded-for", ip);
        let request = request.body(axum::body::Body::from(body.to_string())).unwrap();
        let router = dzinza_auth::api(house.ports.clone()).router;
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{ip}");
    }
}

#[tokio::test]
async fn signing_up_has_an_allowance_per_address() {
    let house = House::with(AuthRules { email_limit: 2, credential_limit: 9, ..rules() });
    house.register("a@b.zw").await;
    let body = json!({ "email": "A@b.zw", "password": PASSWORD, "name": "A B" });
    assert_eq!(house.post("/api/auth/register", body.clone()).await.status, 409);
    let refused = house.post("/api/auth/register", body).await;
    assert_eq!((refused.status.as_u16(), refused.number("ratelimit-limit")), (429, 2));
    assert!(refused.number("retry-after") > 0);
    house.register("c@b.zw").await;
}

#[tokio::test]
async fn refreshing_has_its_own_allowance() {
    let house = House::with(AuthRules { refresh_limit: 2, ..rules() });
    for (remaining, status) in [(1, 401), (0, 401), (0, 429)] {
        let reply = house.refresh("no token").await;
        assert_eq!((reply.status.as_u16(), reply.number("ratelimit-remaining")), (status, remaining));
    }
}

#[tokio::test]
async fn a_limit_that_cannot_be_counted_lets_nobody_through() {
    let house = House::with(AuthRules { credential_limit: 20, email_limit: 5, refresh_limit: 60, ..rules() });
    let signed_up = house.register("a@b.zw").await;
    house.cut_counters_off();
    let body = json!({ "email": "c@b.zw", "password": PASSWORD, "name": "C B" });
    assert_eq!(house.post("/api/auth/register", body).await.status, 503);
    assert_eq!(house.login("a@b.zw", PASSWORD).await.status, 503);
    assert_eq!(house.refresh(signed_up.refresh()).await.status, 503);
    assert_eq!(house.me(signed_up.access()).await, 503);
    let logout = house.call(Method::POST, "/api/auth/logout").bearer(signed_up.access()).send().await;
    assert_eq!(logout.status, 503, "the session lives on, and the caller is told");
    assert_eq!(house.ports.users.count().await.unwrap(), 1);
}
