//! Who sees which events (contract 4.6), over the real store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::sync::Arc;

use dzinza_domain::collections::{self, EVENTS, PEOPLE};
use dzinza_domain::{person, tree};
use dzinza_ports::{Batch, Body, Clock, Documents, Ids, Role, SystemClock, SystemIds};
use dzinza_sqlite::SqliteStore;
use dzinza_stories::{StoryPorts, api};
use dzinza_web::{AuthState, TokenKeys, TokenSubject};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

struct World {
    ports: StoryPorts,
    tree: String,
    person: String,
}

fn body(value: Value) -> Body {
    let Value::Object(body) = value else { panic!("an object") };
    body
}

async fn world() -> World {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let store = SqliteStore::in_memory(clock.clone(), ids.clone(), collections::ALL).unwrap();
    let auth = AuthState {
        keys: TokenKeys::new(&[1; 32], &[2; 32]).unwrap(),
        limits: store.clone(),
        clock: clock.clone(),
        allowed_origins: Arc::new([]),
        secure_cookies: false,
        access_tokens: None,
    };
    let (tree, person) = (ids.new_id(), ids.new_id());
    let (_, mut batch) = tree::create(&tree, "owner", body(json!({ "name": "T" })), "2026-01-01T00:00:00Z");
    let mut rudo = body(json!({ "familyTreeId": tree, "firstName": "Rudo" }));
    person::refresh(&mut rudo);
    batch.insert(&PEOPLE, person.as_str(), rudo);
    for privacy in ["public", "family", "private"] {
        let event = json!({ "userId": "cousin", "familyTreeId": tree, "title": privacy, "content": "<p>x</p>",
            "privacy": privacy, "date": "1950-01-01", "relatedPersons": [person], "tags": ["roora"] });
        batch.insert(&EVENTS, ids.new_id(), body(event));
    }
    let documents: Arc<dyn Documents> = store;
    commit(&documents, batch).await;
    World { ports: StoryPorts { documents, clock, auth }, tree, person }
}

async fn commit(documents: &Arc<dyn Documents>, batch: Batch) {
    documents.commit(batch).await.unwrap();
}

impl World {
    async fn get(&self, user: &str, query: &str) -> (StatusCode, Value) {
        let subject = TokenSubject {
            user_id: user.into(),
            email: format!("{user}@dzinza.example"),
            role: Role::User,
            session_id: "s".into(),
        };
        let life = SignedDuration::from_mins(5);
        let token = self.ports.auth.keys.access_token(&subject, "j", self.ports.clock.now(), life).unwrap();
        let request = Request::get(format!("/api/events?{query}"))
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::empty())
            .unwrap();
        let response = api(self.ports.clone()).router.oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn titles(&self, user: &str, query: &str) -> Vec<String> {
        let (status, answer) = self.get(user, query).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let mut titles: Vec<String> = answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["title"].as_str().unwrap().to_owned())
            .collect();
        titles.sort();
        titles
    }
}

#[tokio::test]
async fn family_events_are_for_those_inside_the_tree_and_private_ones_for_their_author() {
    let world = world().await;
    for query in [format!("familyTreeId={}", world.tree), format!("relatedPersonId={}", world.person)] {
        assert_eq!(world.titles("owner", &query).await, ["family", "public"], "{query}");
    }
    let by_person = format!("relatedPersonId={}", world.person);
    assert_eq!(world.titles("stranger", &by_person).await, ["public"]);
    assert_eq!(world.titles("cousin", &by_person).await, ["family", "private", "public"]);
    assert_eq!(world.titles("stranger", "userId=cousin").await, ["public"]);
    assert_eq!(world.titles("cousin", "userId=cousin").await.len(), 3);
    assert_eq!(world.get("stranger", &format!("familyTreeId={}", world.tree)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_of_persons_are_told_only_to_those_who_may_see_them() {
    let world = world().await;
    let (_, answer) = world.get("owner", "tags=roora,none&category=").await;
    assert_eq!(answer["data"][0]["relatedPersons"][0]["name"], "Rudo");
    assert_eq!(answer["data"][0]["contentSnippet"], "x");
    let (_, answer) = world.get("stranger", "tags=roora").await;
    assert_eq!(answer["data"][0]["relatedPersons"], json!([]));
}

#[tokio::test]
async fn parameters_out_of_range_are_refused_by_name() {
    let world = world().await;
    for (query, field) in [("limit=101", "limit"), ("sortBy=color", "sortBy"), ("sortOrder=up", "sortOrder")]
    {
        let (status, answer) = world.get("owner", query).await;
        assert_eq!((status, &answer["errors"][0]["field"]), (StatusCode::BAD_REQUEST, &json!(field)));
    }
}
