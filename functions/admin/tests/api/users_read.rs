use dzinza_ports::{Role, UserChange};
use serde_json::{Value, json};

use crate::support::House;

fn emails(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect()
}

async fn peopled() -> House {
    let house = House::new().await;
    for (email, role) in
        [("chipo@b.zw", Role::User), ("anna@b.zw", Role::Moderator), ("berita@c.zw", Role::User)]
    {
        house.add(email, role).await;
    }
    house
}

#[tokio::test]
async fn accounts_come_newest_first_page_by_page() {
    let house = peopled().await;
    let all = house.get("/api/admin/users").await.ok();
    let newest = ["berita@c.zw", "anna@b.zw", "chipo@b.zw", "admin@dzinza.org"];
    assert_eq!(emails(&all["data"]), newest);
    let pages = &all["pagination"];
    assert_eq!(
        (&pages["total"], &pages["page"], &pages["limit"], &pages["totalPages"]),
        (&json!(4), &json!(1), &json!(20), &json!(1))
    );
    let second = house.get("/api/admin/users?page=2&limit=3").await.ok();
    assert_eq!(emails(&second["data"]), ["admin@dzinza.org"]);
    assert_eq!((&second["pagination"]["page"], &second["pagination"]["totalPages"]), (&json!(2), &json!(2)));
    assert_eq!(all["data"][0]["_id"], all["data"][0]["id"]);
    let beyond = house.get("/api/admin/users?page=9").await.ok();
    assert_eq!((&beyond["data"], &beyond["pagination"]["total"]), (&json!([]), &json!(4)));
}

#[tokio::test]
async fn accounts_are_found_by_address_role_and_activity_and_sorted() {
    let house = peopled().await;
    let anna = house.ports.users.by_email("anna@b.zw").await.unwrap().unwrap();
    let named = UserChange {
        last_name: Some("Aardvark".to_owned()),
        is_active: Some(false),
        ..UserChange::default()
    };
    house.change(&anna, named).await;
    for (query, expected) in [
        ("email=B.ZW&sortOrder=asc", &["chipo@b.zw", "anna@b.zw"][..]),
        ("email=%25", &[]),
        ("role=moderator", &["anna@b.zw"]),
        ("role=Admin", &["admin@dzinza.org"]),
        ("isActive=false", &["anna@b.zw"]),
        ("sortBy=email&sortOrder=asc", &["admin@dzinza.org", "anna@b.zw", "berita@c.zw", "chipo@b.zw"]),
        ("sortBy=email&sortOrder=desc&limit=1", &["chipo@b.zw"]),
        ("sortBy=lastName&sortOrder=asc&limit=1", &["anna@b.zw"]),
    ] {
        let found = house.get(&format!("/api/admin/users?{query}")).await.ok();
        assert_eq!(emails(&found["data"]), expected, "{query}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_none_is_named() {
    let house = House::new().await;
    let long = format!("email={}", "x".repeat(256));
    for (query, field) in [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("role=owner", "role"),
        ("sortBy=password", "sortBy"),
        ("sortOrder=up", "sortOrder"),
        ("isActive=maybe", "isActive"),
        (&long, "email"),
    ] {
        assert_eq!(house.get(&format!("/api/admin/users?{query}")).await.field(), field, "{query}");
    }
    assert_eq!(house.get("/api/users?skip=-1").await.field(), "skip");
}

#[tokio::test]
async fn an_account_is_shown_bare_with_every_key_of_the_contract() {
    let house = peopled().await;
    let anna = house.ports.users.by_email("anna@b.zw").await.unwrap().unwrap();
    for path in ["/api/admin/users", "/api/users"] {
        let shown = house.get(&format!("{path}/{}", anna.id)).await.ok();
        assert_eq!((&shown["_id"], &shown["id"]), (&json!(anna.id), &json!(anna.id)));
        assert_eq!((&shown["roles"], &shown["role"]), (&json!(["moderator"]), &json!("moderator")));
        for key in
            ["firstName", "first_name", "emailVerified", "isActive", "mfaEnabled", "createdAt", "preferences"]
        {
            assert!(shown.get(key).is_some(), "{key}: {shown}");
        }
        house.get(&format!("{path}/nobody")).await.refused(404);
    }
}

#[tokio::test]
async fn older_clients_get_a_bare_list() {
    let house = peopled().await;
    assert_eq!(house.get("/api/users").await.ok().as_array().unwrap().len(), 4);
    let some = house.get("/api/users?skip=1&limit=2").await.ok();
    assert_eq!(emails(&some), ["anna@b.zw", "chipo@b.zw"]);
}
