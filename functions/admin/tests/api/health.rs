use std::sync::Arc;

use dzinza_contract::ManualClock;
use dzinza_ports::{StoreError, StoreErrorKind};
use dzinza_web::{Dependency, Service, health_routes};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::House;

fn essential(name: &'static str, well: bool) -> Dependency {
    Dependency::essential(name, move || async move { outcome(well) })
}

fn other(name: &'static str, well: bool) -> Dependency {
    Dependency::other(name, move || async move { outcome(well) })
}

fn outcome(well: bool) -> Result<(), StoreError> {
    if well { Ok(()) } else { Err(StoreError::new(StoreErrorKind::Unavailable, "secret-host:5432")) }
}

async fn told(database: bool, redis: bool, blobs: bool) -> (u16, Value) {
    let services = vec![
        Service {
            name: "auth-service",
            dependencies: vec![essential("database", database), other("redis", redis)],
        },
        Service { name: "storage-service", dependencies: vec![other("blobs", blobs)] },
    ];
    let house = House::built(|ports| ports.services = services).await;
    let reply = house.get("/api/admin/system-health").await;
    assert!(!reply.body.to_string().contains("secret-host"), "{}", reply.body);
    (reply.status.as_u16(), reply.body)
}

#[tokio::test]
async fn health_is_up_degraded_or_down() {
    for (wells, status, overall, services) in [
        ((true, true, true), 200, "UP", ["UP", "UP"]),
        ((true, false, true), 200, "DEGRADED", ["DEGRADED", "UP"]),
        ((true, true, false), 200, "DEGRADED", ["UP", "DOWN"]),
        ((false, true, true), 503, "DOWN", ["DOWN", "UP"]),
    ] {
        let (answered, body) = told(wells.0, wells.1, wells.2).await;
        assert_eq!((answered, body["overallStatus"].as_str()), (status, Some(overall)), "{body}");
        for (service, word) in body["services"].as_array().unwrap().iter().zip(services) {
            assert_eq!(service["status"], word, "{body}");
        }
    }
    let (_, body) = told(true, false, true).await;
    let details = &body["services"][0]["details"];
    assert_eq!(details["dependencies"]["database"], json!({ "status": "UP" }));
    let redis = &details["dependencies"]["redis"];
    assert!(redis["status"] == "DOWN" && redis["reason"].is_string(), "{body}");
    assert!(body["timestamp"].is_string() && details["timestamp"].is_string());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_answer_in_five_seconds_is_down() {
    let slow = Dependency::other("search", || async {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        Ok(())
    });
    let looked = slow.look().await;
    assert_eq!((looked.word(), looked.reason), ("DOWN", Some("it took too long to answer")));
}

async fn root(database: bool, redis: bool, path: &str) -> (u16, Value) {
    let dependencies = vec![essential("database", database), other("redis", redis)];
    let service = Service { name: "auth-service", dependencies };
    let router = health_routes(service, "9.9", Arc::new(ManualClock::default()));
    let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_service_tells_of_itself_and_what_it_depends_on() {
    let (status, body) = root(true, false, "/health").await;
    assert_eq!(status, 200, "redis is not essential: {body}");
    for (key, value) in [("status", "healthy"), ("service", "auth-service"), ("version", "9.9")] {
        assert_eq!(body[key], value);
    }
    assert!(body["message"].is_string() && body["timestamp"].is_string());
    let database = &body["dependencies"]["database"];
    assert!(database["status"] == "UP" && database["latencyMs"].is_number(), "{body}");
    assert_eq!(body["dependencies"]["redis"]["status"], "DOWN");
    let (status, body) = root(false, true, "/health").await;
    assert_eq!((status, &body["status"]), (503, &json!("unhealthy")));
    let (status, body) = root(false, false, "/health/live").await;
    assert_eq!((status, &body["status"], body.get("dependencies")), (200, &json!("healthy"), None));
}
