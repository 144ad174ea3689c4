//! Everything that is an account's own.

use std::time::Duration;

use dzinza_domain::collections::EXPORTS;
use dzinza_domain::tree;
use dzinza_ports::{AccessToken, Batch, Document, Filter, Identity, Passkey, Query, UserChange};
use futures::StreamExt as _;
use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const RUDO: &str = "rudo@example.org";
const PATH: &str = "/api/auth/export-data";
/// Parts of everything that opens an account.
const SECRETS: [&str; 6] = ["S3CRET", "eyJ", "$2b$", "refresh_token", "token\"", "credential"];

async fn get(house: &House, access: &str, path: &str) -> Reply {
    house.call(Method::GET, path).bearer(access).send().await
}

/// An account that has one of everything.
async fn rich(house: &House) -> Reply {
    let signed_in = house.register(RUDO).await;
    let (ports, user_id) = (&house.ports, house.user(RUDO).await.id);
    let now = ports.clock.now();
    let hour = now + Duration::from_hours(1);
    let secret = |name: &str| format!("S3CRET-{name}");
    let change = UserChange {
        email_verification: Some(Some((secret("verification"), hour))),
        password_reset: Some(Some((secret("reset"), hour))),
        mfa_secret: Some(Some(secret("mfa"))),
        pending_mfa: Some(Some((secret("pending"), hour))),
        mfa_backup_codes: Some(Some(secret("codes"))),
        bio: Some(Some("Born in Harare".to_owned())),
        ..UserChange::default()
    };
    house.change(RUDO, change).await;
    let identity = Identity {
        id: ports.ids.new_id(),
        user_id: user_id.clone(),
        provider: "google".to_owned(),
        provider_user_id: "1234".to_owned(),
        email: None,
        created_at: now,
    };
    ports.identities.link(identity).await.unwrap();
    let passkey = Passkey {
        id: ports.ids.new_id(),
        user_id: user_id.clone(),
        credential_id: secret("credential"),
        name: "Rudo's phone".to_owned(),
        data: json!({ "key": secret("passkey") }),
        created_at: now,
        last_used_at: None,
    };
    ports.passkeys.add(passkey).await.unwrap();
    let token = AccessToken {
        id: ports.ids.new_id(),
        user_id: user_id.clone(),
        name: "backup script".to_owned(),
        token: secret("access"),
        scopes: vec!["trees:read".to_owned()],
        created_at: now,
        expires_at: hour,
        last_used_at: None,
    };
    ports.access_tokens.add(token).await.unwrap();
    let fields = json!({ "name": "Moyo" });
    let (_, batch) = tree::create("t1", &user_id, fields.as_object().unwrap().clone(), "2026-01-01");
    ports.documents.commit(batch).await.unwrap();
    signed_in
}

fn tells_everything_but_secrets(known: &Value) {
    assert_eq!(
        (&known["account"]["email"], &known["account"]["bio"]),
        (&json!(RUDO), &json!("Born in Harare"))
    );
    assert_eq!(known["identities"][0]["provider"], "google");
    assert_eq!(known["passkeys"][0]["name"], "Rudo's phone");
    assert_eq!(known["accessTokens"][0]["scopes"], json!(["trees:read"]));
    assert_eq!(known["sessions"][0]["userAgent"], "test");
    assert_eq!(
        (&known["familyTrees"][0]["name"], &known["familyTrees"][0]["role"]),
        (&json!("Moyo"), &json!("owner"))
    );
    let trail = known["auditTrail"].as_array().unwrap();
    assert!(trail.iter().any(|entry| entry["action"] == "USER_REGISTERED"));
    let text = known.to_string();
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn everything_known_of_an_account_comes_as_a_file_without_what_opens_it() {
    let house = House::new();
    let signed_in = rich(&house).await;
    let reply = get(&house, signed_in.access(), PATH).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    assert!(reply.header("content-disposition").starts_with("attachment; filename="));
    assert_eq!(reply.header("cache-control"), "no-store");
    tells_everything_but_secrets(&reply.body);
    let entry = house.last_entry();
    assert_eq!((&*entry.action, &entry.details), ("DATA_EXPORTED", &json!({ "format": "json" })));
    // Of another it tells nothing.
    let other = house.register("tendai@example.org").await;
    let others = get(&house, other.access(), PATH).await.body;
    assert_eq!((&others["familyTrees"], &others["passkeys"]), (&json!([]), &json!([])));
    assert!(!others.to_string().contains("rudo"));
    assert_eq!(get(&house, signed_in.access(), "/api/auth/export-data?format=xml").await.status, 400);
    assert_eq!(house.call(Method::GET, PATH).send().await.status, 401);
    house.change(RUDO, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(get(&house, signed_in.access(), PATH).await.status, 401);
}

#[tokio::test]
async fn an_archive_is_begun_once_and_is_its_owner_s_alone() {
    let house = House::new();
    let signed_in = rich(&house).await;
    let begun = get(&house, signed_in.access(), "/api/auth/export-data?format=zip").await;
    assert_eq!((begun.status.as_u16(), &begun.body["status"]), (202, &json!("queued")), "{}", begun.body);
    let again = get(&house, signed_in.access(), "/api/auth/export-data?format=zip").await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (202, &begun.body["id"]));
    let location = begun.header("location").to_owned();
    let exports = house.ports.documents.find(&EXPORTS, Query::new(Filter::All)).await.unwrap();
    let [Document { id, body, .. }] = &exports[..] else { panic!("{exports:?}") };
    assert_eq!(location, format!("/api/auth/export-data/{id}"));
    let job = house.ports.queue.receive("jobs", 10, Duration::from_secs(10), 3).await.unwrap();
    // Beside the letter that signing up is followed by.
    let jobs: Vec<_> = job.iter().map(|job| &job.body).filter(|job| job["job"] != "letters").collect();
    assert_eq!(jobs, [&json!({ "job": "export", "exportId": id })]);
    // What the accounts know waits for the job.
    let part = body["partKey"].as_str().unwrap();
    let mut part = house.ports.blobs.get(part, None).await.unwrap().unwrap().bytes;
    let mut text = Vec::new();
    while let Some(piece) = part.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    tells_everything_but_secrets(&serde_json::from_slice(&text).unwrap());
    let seen = get(&house, signed_in.access(), &location).await;
    assert_eq!((seen.status.as_u16(), seen.body.get("url")), (200, None));
    for inside in ["blobKey", "partKey"] {
        assert_eq!(seen.body.get(inside), None);
    }
    let other = house.register("tendai@example.org").await;
    assert_eq!(get(&house, other.access(), &location).await.status, 404);
    assert_eq!(get(&house, signed_in.access(), "/api/auth/export-data/nothing").await.status, 404);
    assert_eq!(house.call(Method::GET, &location).send().await.status, 401);
    // When it is there it has an address.
    let mut done = body.clone();
    done.insert("status".into(), json!("completed"));
    let mut batch = Batch::new();
    batch.replace(&EXPORTS, &exports[0], done);
    house.ports.documents.commit(batch).await.unwrap();
    let seen = get(&house, signed_in.access(), &location).await;
    assert!(seen.body["url"].as_str().unwrap().contains("signature="), "{}", seen.body);
    // An export of a tree is none of these.
    let mut batch = Batch::new();
    let foreign = json!({ "userId": house.user(RUDO).await.id, "familyTreeId": "t1", "blobKey": "exports/x.ged", "status": "completed" });
    batch.insert(&EXPORTS, "of-a-tree", foreign.as_object().unwrap().clone());
    house.ports.documents.commit(batch).await.unwrap();
    assert_eq!(get(&house, signed_in.access(), "/api/auth/export-data/of-a-tree").await.status, 404);
    assert_eq!(house.login(RUDO, PASSWORD).await.status, 200);
}
