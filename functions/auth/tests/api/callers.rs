use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::{ACCESS_KEY, House, ORIGIN, REFRESH_KEY};

const ME: &str = "/api/auth/me";
const PROFILE: &str = "/api/auth/profile";

#[tokio::test]
async fn the_header_alone_and_the_cookie_alone_each_make_a_caller() {
    let house = House::new();
    let session = house.register("a@b.zw").await;
    for path in [ME, "/api/users/me"] {
        assert_eq!(house.call(Method::GET, path).bearer(session.access()).send().await.status, 200);
        assert_eq!(house.call(Method::GET, path).cookie(session.access()).send().await.status, 200);
        assert_eq!(house.call(Method::GET, path).send().await.status, 401);
    }
}

#[tokio::test]
async fn the_header_goes_before_the_cookie_unless_it_holds_nothing() {
    let house = House::new();
    let session = house.register("a@b.zw").await;
    for nothing in ["undefined", "null", ""] {
        let call = house.call(Method::GET, ME).bearer(nothing);
        assert_eq!(call.cookie(session.access()).send().await.status, 200, "{nothing}");
        assert_eq!(house.call(Method::GET, ME).bearer(nothing).send().await.status, 401);
        assert_eq!(house.call(Method::GET, ME).cookie(nothing).send().await.status, 401);
    }
    let call = house.call(Method::GET, ME).bearer("x.y.z").cookie(session.access());
    assert_eq!(call.send().await.status, 401);
}

#[tokio::test]
async fn a_change_by_cookie_needs_an_allowed_origin_and_one_by_header_does_not() {
    let house = House::new();
    let session = house.register("a@b.zw").await;
    let change = |by_cookie: bool| {
        let call = house.call(Method::PATCH, PROFILE).json(&json!({ "bio": "x" }));
        if by_cookie { call.cookie(session.access()) } else { call.bearer(session.access()) }
    };
    assert_eq!(change(false).send().await.status, 200);
    assert_eq!(change(true).send().await.status, 403);
    assert_eq!(change(true).header("origin", "https://evil.example").send().await.status, 403);
    assert_eq!(change(true).header("sec-fetch-site", "cross-site").send().await.status, 403);
    assert_eq!(change(true).header("origin", ORIGIN).send().await.status, 200);
    assert_eq!(change(true).header("sec-fetch-site", "same-origin").send().await.status, 200);
}

#[tokio::test]
async fn unsigned_foreign_expired_and_refresh_tokens_make_no_caller() {
    let house = House::new();
    let session = house.register("a@b.zw").await;
    let access = session.access();
    let payload = access.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
    let id = house.user("a@b.zw").await.id;
    let claims = |changes: &[(&str, Value)]| {
        let mut claims = json!({ "sub": id, "user_id": id, "type": "access", "sid": "s", "iat": 1_772_366_400,
            "exp": 1_772_366_400 + 600, "iss": "dzinza-auth", "aud": "dzinza-app" });
        for (key, value) in changes {
            claims[*key] = value.clone();
        }
        claims
    };
    let signed = |algorithm, key: &[u8], claims: &Value| {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    };
    let hs256 = Algorithm::HS256;
    assert_eq!(house.me(&signed(hs256, &ACCESS_KEY, &claims(&[]))).await, 200, "the forger's form is right");
    for bad in [
        unsigned,
        session.refresh().to_owned(),
        signed(hs256, &REFRESH_KEY, &claims(&[])),
        signed(hs256, &[9; 32], &claims(&[])),
        signed(Algorithm::HS512, &ACCESS_KEY, &claims(&[])),
        signed(hs256, &ACCESS_KEY, &claims(&[("type", json!("refresh"))])),
        signed(hs256, &ACCESS_KEY, &claims(&[("iss", json!("somebody"))])),
        signed(hs256, &ACCESS_KEY, &claims(&[("aud", json!("somebody"))])),
        signed(hs256, &ACCESS_KEY, &claims(&[("exp", json!(1_772_366_400 - 31))])),
        signed(hs256, &ACCESS_KEY, &claims(&[("user_id", json!("no such account"))])),
    ] {
        assert_eq!(house.me(&bad).await, 401, "{bad}");
    }
    house.advance_minutes(31);
    assert_eq!(house.me(access).await, 401);
}

#[tokio::test]
async fn who_one_is_comes_wrapped_or_bare() {
    let house = House::new();
    let session = house.register("a@b.zw").await;
    let wrapped = house.call(Method::GET, ME).bearer(session.access()).send().await;
    let bare = house.call(Method::GET, "/api/users/me").bearer(session.access()).send().await;
    assert_eq!(wrapped.body, json!({ "user": bare.body }));
    assert_eq!(bare.body, session.body["user"]);
}
