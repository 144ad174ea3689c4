use std::time::Duration;

use dzinza_domain::collections::{EVENTS, FAMILY_TREES, GEDCOM_RECORDS, PEOPLE};
use dzinza_domain::store::Collection;
use dzinza_ports::{Batch, Clock as _, Role, UserChange};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::House;

async fn put(house: &House, collection: &'static Collection, id: &str, body: Value) {
    let mut batch = Batch::new();
    batch.insert(collection, id, body.as_object().unwrap().clone());
    house.ports.documents.commit(batch).await.unwrap();
}

fn counts(body: &Value) -> Vec<(String, u64)> {
    let points = body["dataPoints"].as_array().unwrap();
    points
        .iter()
        .map(|one| (one["date"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap()))
        .collect()
}

#[tokio::test]
async fn the_summary_counts_what_is_there() {
    let house = House::new().await;
    house.clock.advance(Duration::from_hours(24 * 8));
    let user = house.add("tendai@b.zw", Role::User).await;
    let now = house.clock.now();
    let seen = UserChange { last_login: Some((now, String::new(), String::new())), ..UserChange::default() };
    house.change(&user, seen).await;
    let before = now - SignedDuration::from_hours(25);
    let earlier =
        UserChange { last_login: Some((before, String::new(), String::new())), ..UserChange::default() };
    house.change(&house.admin, earlier).await;
    put(&house, &FAMILY_TREES, "t1", json!({ "name": "Moyo" })).await;
    put(&house, &EVENTS, "e1", json!({})).await;
    put(&house, &EVENTS, "e2", json!({})).await;
    put(&house, &GEDCOM_RECORDS, "m1", json!({ "index": { "kind": "media" } })).await;
    put(&house, &GEDCOM_RECORDS, "s1", json!({ "index": { "kind": "source" } })).await;
    let summary = house.get("/api/admin/analytics/summary").await.ok();
    for (key, count) in [
        ("totalUsers", 2),
        ("newUsersLast7Days", 1),
        ("activeUsersLast24Hours", 1),
        ("totalFamilyTrees", 1),
        ("totalEvents", 2),
        ("totalComments", 0),
        ("totalMediaItems", 1),
    ] {
        assert_eq!(summary[key], count, "{key}: {summary}");
    }
    assert!(summary["lastUpdatedAt"].is_string());
}

#[tokio::test]
async fn new_accounts_are_counted_by_day_week_and_month() {
    let house = House::new().await;
    let first = house.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for _ in 0..2 {
        house.clock.advance(Duration::from_hours(24));
        house.add(&format!("{}@b.zw", house.clock.now().as_second()), Role::User).await;
    }
    let path = "/api/admin/analytics/user-trends";
    let week = house.get(path).await.ok();
    let daily = counts(&week);
    assert_eq!((&week["period"], daily.len()), (&json!("daily"), 7));
    assert_eq!(daily.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert_eq!(week["endDate"], json!(daily[6].0));
    assert_eq!(daily[6].1, 1);
    let range = format!("startDate={first}&endDate={first}T12:00:00Z");
    let one = house.get(&format!("{path}?{range}")).await.ok();
    assert_eq!(counts(&one), [(first.to_string(), 1)]);
    let from = first.first_of_month();
    let until = first.last_of_month().tomorrow().unwrap().last_of_month();
    let monthly = house.get(&format!("{path}?period=monthly&startDate={from}&endDate={until}")).await.ok();
    assert_eq!(monthly["period"], "monthly");
    assert_eq!(counts(&monthly).len(), 2);
    assert_eq!(counts(&monthly).iter().map(|(_, count)| count).sum::<u64>(), 3);
}

#[tokio::test]
async fn content_is_counted_by_when_it_was_made() {
    let house = House::new().await;
    let at = |day: &str| json!({ "createdAt": format!("{day}T10:00:00.000Z") });
    for (id, day) in [
        ("1", "2026-01-31"),
        ("2", "2026-02-01"),
        ("3", "2026-02-01"),
        ("4", "2026-02-09"),
        ("5", "2026-02-10"),
    ] {
        for collection in [&EVENTS, &PEOPLE, &FAMILY_TREES] {
            put(&house, collection, id, at(day)).await;
        }
    }
    put(&house, &EVENTS, "undated", json!({})).await;
    for kind in ["events", "persons", "trees"] {
        let path = format!(
            "/api/admin/analytics/content-trends?contentType={kind}&period=weekly&startDate=2026-02-01&endDate=2026-02-09"
        );
        let found = house.get(&path).await.ok();
        assert_eq!((&found["contentType"], &found["startDate"]), (&json!(kind), &json!("2026-02-01")));
        // 1 February 2026 was a Sunday.
        let expected = [("2026-02-01", 2), ("2026-02-02", 0), ("2026-02-09", 1)];
        assert_eq!(counts(&found), expected.map(|(day, count)| (day.to_owned(), count)), "{kind}");
    }
    let comments = house.get("/api/admin/analytics/content-trends?contentType=comments").await.ok();
    assert_eq!(counts(&comments).len(), 7);
}

#[tokio::test]
async fn ranges_that_are_none_are_refused_by_name() {
    let house = House::new().await;
    for (query, field) in [
        ("period=hourly", "period"),
        ("startDate=2026-01-01", "endDate"),
        ("endDate=2026-01-01", "startDate"),
        ("startDate=2026-01-02&endDate=2026-01-01", "endDate"),
        ("startDate=yesterday&endDate=2026-01-01", "startDate"),
        ("startDate=2026-02-30&endDate=2026-03-01", "startDate"),
        ("startDate=2024-01-01&endDate=2026-01-01", "endDate"),
        ("period=monthly&startDate=1970-01-01&endDate=9998-12-31", "endDate"),
        ("startDate=0001-01-01&endDate=0001-01-02", "startDate"),
        ("startDate=9999-12-31&endDate=9999-12-31", "startDate"),
        ("startDate=2026-01-01%C3%A9&endDate=2026-01-01", "startDate"),
    ] {
        for path in ["user-trends?", "content-trends?contentType=events&"] {
            assert_eq!(
                house.get(&format!("/api/admin/analytics/{path}{query}")).await.field(),
                field,
                "{query}"
            );
        }
    }
    for query in ["", "contentType=photos"] {
        assert_eq!(
            house.get(&format!("/api/admin/analytics/content-trends?{query}")).await.field(),
            "contentType"
        );
    }
}

#[tokio::test]
async fn an_administrator_is_greeted() {
    let house = House::new().await;
    assert_eq!(house.get("/api/admin/dashboard").await.ok(), json!({ "message": "Welcome, Tendai" }));
}
