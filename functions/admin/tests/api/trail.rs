use dzinza_ports::Role;
use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn the_trail_of_an_account_comes_newest_first_page_by_page() {
    let house = House::new().await;
    let user = house.add("tendai@b.zw", Role::User).await;
    let path = format!("/api/admin/users/{}", user.id);
    for name in ["A", "B", "C"] {
        house.clock.advance(std::time::Duration::from_secs(1));
        house.put(&path, json!({ "firstName": name })).await.ok();
    }
    house.delete(&path).await.ok();
    let all = house.get(&format!("/api/admin/audit?userId={}", user.id)).await.ok();
    let actions: Vec<_> = all["data"].as_array().unwrap().iter().map(|one| one["action"].clone()).collect();
    assert_eq!(
        actions,
        ["ADMIN_USER_DEACTIVATED", "ADMIN_USER_UPDATED", "ADMIN_USER_UPDATED", "ADMIN_USER_UPDATED"]
    );
    let newest = &all["data"][0];
    assert_eq!((&newest["userId"], &newest["ipAddress"]), (&json!(user.id), &json!("192.0.2.7")));
    assert_eq!(newest["details"]["by"], json!(house.admin.id));
    assert!(!all.to_string().contains('@'), "names of fields, no values: {all}");
    let second = house.get(&format!("/api/admin/audit?userId={}&page=2&limit=3", user.id)).await.ok();
    assert_eq!((second["data"].as_array().unwrap().len(), &second["total"]), (1, &json!(4)));
}

#[tokio::test]
async fn whose_trail_must_be_said() {
    let house = House::new().await;
    assert_eq!(house.get("/api/admin/audit").await.field(), "userId");
    assert_eq!(
        house.get(&format!("/api/admin/audit?userId={}&limit=101", house.admin.id)).await.field(),
        "limit"
    );
    house.get("/api/admin/audit?userId=nobody").await.refused(404);
}
