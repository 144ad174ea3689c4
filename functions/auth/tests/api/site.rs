//! What administrators set, in force.

use serde_json::{Value, json};

use crate::support::{House, PASSWORD};

async fn set(house: &House, data: Value) {
    let present = house.ports.site.read().await.unwrap().map_or(0, |record| record.version);
    assert!(house.ports.site.write(data, None, present, house.ports.clock.now()).await.unwrap());
}

#[tokio::test]
async fn nobody_signs_up_while_administrators_do_not_want_it() {
    let house = House::new();
    let form = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "Tendai" });
    set(&house, json!({ "allowNewRegistrations": false })).await;
    let refused = house.post("/api/auth/register", form.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (403, &json!("FORBIDDEN")));
    assert!(house.ports.users.by_email("a@b.zw").await.unwrap().is_none());
    set(&house, json!({ "allowNewRegistrations": true })).await;
    assert_eq!(house.post("/api/auth/register", form).await.status, 201);
}

#[tokio::test]
async fn the_operators_no_stands_whatever_administrators_set() {
    let house = House::with(dzinza_auth::AuthRules { allow_registration: false, ..crate::support::rules() });
    set(&house, json!({ "allowNewRegistrations": true })).await;
    let form = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "Tendai" });
    assert_eq!(house.post("/api/auth/register", form).await.status, 403);
}

#[tokio::test]
async fn who_names_no_language_gets_that_of_the_platform() {
    let house = House::new();
    set(&house, json!({ "defaultLanguage": "nd" })).await;
    assert_eq!(house.register("a@b.zw").await.body["user"]["preferredLanguage"], "nd");
    let chosen =
        json!({ "email": "c@b.zw", "password": PASSWORD, "name": "Tendai", "preferredLanguage": "sn" });
    let chosen = house.post("/api/auth/register", chosen).await;
    assert_eq!(chosen.body["user"]["preferredLanguage"], "sn");
}
