use dzinza_auth::api;
use dzinza_web::operations;

use crate::support::House;

#[tokio::test]
async fn every_route_is_described_and_only_credentials_are_public() {
    let mut found = operations(&api(House::new().ports).openapi());
    found.sort();
    let expected = [
        ("DELETE", "/api/auth/identities/{identityId}", false),
        ("DELETE", "/api/auth/passkeys/{passkeyId}", false),
        ("DELETE", "/api/auth/profile/avatar", false),
        ("DELETE", "/api/auth/sessions/{sessionId}", false),
        ("DELETE", "/api/auth/tokens/{tokenId}", false),
        ("GET", "/api/auth/avatars/{userId}/{version}", true),
        ("GET", "/api/auth/export-data", false),
        ("GET", "/api/auth/export-data/{exportId}", false),
        ("GET", "/api/auth/identities", false),
        ("GET", "/api/auth/me", false),
        ("GET", "/api/auth/oauth/{provider}", true),
        ("GET", "/api/auth/passkeys", false),
        ("GET", "/api/auth/reset-password/{token}", true),
        ("GET", "/api/auth/sessions", false),
        ("GET", "/api/auth/tokens", false),
        ("GET", "/api/auth/verify-email/{token}", true),
        ("GET", "/api/users/me", false),
        ("PATCH", "/api/auth/passkeys/{passkeyId}", false),
        ("PATCH", "/api/auth/profile", false),
        ("POST", "/api/auth/change-password", false),
        ("POST", "/api/auth/deactivate", false),
        ("POST", "/api/auth/delete-account", false),
        ("POST", "/api/auth/forgot-password", true),
        ("POST", "/api/auth/login", true),
        ("POST", "/api/auth/logout", true),
        ("POST", "/api/auth/logout-all", false),
        ("POST", "/api/auth/mfa/backup-codes/regenerate", false),
        ("POST", "/api/auth/mfa/disable", false),
        ("POST", "/api/auth/mfa/setup", false),
        ("POST", "/api/auth/mfa/verify", false),
        ("POST", "/api/auth/oauth/{provider}/callback", true),
        ("POST", "/api/auth/oauth/{provider}/link", false),
        ("POST", "/api/auth/passkeys/login", true),
        ("POST", "/api/auth/passkeys/login/options", true),
        ("POST", "/api/auth/passkeys/register", false),
        ("POST", "/api/auth/passkeys/register/options", false),
        ("POST", "/api/auth/password/validate", true),
        ("POST", "/api/auth/profile/avatar", false),
        ("POST", "/api/auth/refresh", true),
        ("POST", "/api/auth/register", true),
        ("POST", "/api/auth/resend-verification", false),
        ("POST", "/api/auth/reset-password", true),
        ("POST", "/api/auth/reset-password/{token}", true),
        ("POST", "/api/auth/tokens", false),
        ("POST", "/api/auth/validate-password-reset-token", true),
        ("POST", "/api/auth/verify-email", true),
        ("PUT", "/api/users/me", false),
    ];
    let found: Vec<_> = found.iter().map(|(method, path, public)| (&**method, &**path, *public)).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_schema_of_the_user_names_the_keys_of_the_answer() {
    let house = House::new();
    let signed_up = house.register("a@b.zw").await;
    let openapi = serde_json::to_value(api(house.ports.clone()).openapi()).unwrap();
    let described = openapi["components"]["schemas"]["User"]["properties"].as_object().unwrap();
    let mut sent: Vec<_> = signed_up.body["user"].as_object().unwrap().keys().collect();
    let mut described: Vec<_> = described.keys().collect();
    sent.sort();
    described.sort();
    assert_eq!(described, sent);
    let asked = openapi["components"]["schemas"]["RegisterRequest"]["properties"].as_object().unwrap();
    assert!(asked.contains_key("firstName") && asked.contains_key("preferredLanguage"), "{asked:?}");
}

#[tokio::test]
async fn unknown_addresses_and_methods_get_the_one_error_body() {
    let house = House::new();
    assert_eq!(house.call(http::Method::GET, "/api/auth/nothing").send().await.status, 404);
    assert_eq!(house.call(http::Method::GET, "/api/auth/login").send().await.status, 405);
}
