use dzinza_tests::{Answer, Client, PASSWORD, eventually};
use serde_json::{Value, json};

use crate::house::{House, well};

const ADMIN: &str = "admin@example.org";

pub async fn told(house: House) {
    let process = house.serve(&[("SEED_ADMIN_EMAIL", ADMIN), ("SEED_ADMIN_PASSWORD", PASSWORD)]);
    let nobody = Client::at(process.url());
    well(&nobody).await;
    let admin = nobody.sign_in(ADMIN, PASSWORD).await;
    system(&admin, 200, "UP", ["UP", "UP"]).await;

    house.redis.kill().expect("it is there");
    eventually("its end is noticed", async || {
        let auth = nobody.get("/api/auth/health").await.ok(200);
        (auth["dependencies"]["redis"]["status"] == "DOWN").then_some(())
    })
    .await;
    // Everything goes on, so nobody takes the process away.
    assert_eq!(nobody.get("/api/v1/auth/health").await.ok(200)["status"], "healthy");
    nobody.get("/health/detailed").await.ok(200);
    system(&admin, 200, "DEGRADED", ["UP", "DOWN"]).await;
    house.redis.run().expect("it can start again");
    well(&nobody).await;
    system(&admin, 200, "UP", ["UP", "UP"]).await;

    house.postgres.kill().expect("it is there");
    away(&nobody, &admin).await;
    house.postgres.resume().expect("it can start again");
    well(&nobody).await;
    system(&admin, 200, "UP", ["UP", "UP"]).await;

    // One that answers nothing is as good as away.
    house.postgres.freeze(true).expect("it is there");
    away(&nobody, &admin).await;
    house.postgres.freeze(false).expect("it is there");
    well(&nobody).await;
    system(&admin, 200, "UP", ["UP", "UP"]).await;
    assert!(process.terminate().success());
}

/// Without the accounts' database the auth function is not ready, and says which of its dependencies it misses.
async fn away(nobody: &Client, admin: &Client) {
    for path in ["/api/auth/health", "/api/v1/auth/health"] {
        let auth = nobody.get(path).await;
        tells_nothing(&auth);
        let auth = auth.ok(503);
        assert_eq!((&auth["status"], &auth["service"]), (&json!("unhealthy"), &json!("auth-service")));
        let dependencies = &auth["dependencies"];
        assert_eq!(dependencies["database"]["status"], "DOWN", "{auth}");
        assert_eq!(dependencies["redis"]["status"], "UP", "{auth}");
        assert!(dependencies["database"]["latencyMs"].is_number(), "{auth}");
    }
    let all = nobody.get("/health/detailed").await;
    tells_nothing(&all);
    let all = all.ok(503);
    let of = |name: &str| all["dependencies"][name]["status"].clone();
    assert_eq!([of("auth"), of("admin"), of("genealogy")], ["unhealthy", "unhealthy", "healthy"]);
    // It lives, and starting it again would mend nothing.
    for path in ["/health", "/health/live", "/api/auth/health/live", "/api/v1/gateway/health"] {
        assert_eq!(nobody.get(path).await.ok(200)["status"], "healthy", "{path}");
    }
    nobody.get("/api/genealogy/health").await.ok(200);
    system(admin, 503, "DOWN", ["DOWN", "UP"]).await;
}

/// Asks as an administrator how the platform is; `auth` is the database and Redis of the accounts.
async fn system(admin: &Client, status: u16, overall: &str, auth: [&str; 2]) {
    let answer = admin.get("/api/admin/system-health").await;
    tells_nothing(&answer);
    let body = answer.ok(status);
    assert_eq!(body["overallStatus"], overall, "{body}");
    let services = body["services"].as_array().expect("services");
    let service = services.iter().find(|one| one["name"] == "auth-service").expect("the auth service");
    let dependencies = &service["details"]["dependencies"];
    for (name, word) in ["database", "redis"].into_iter().zip(auth) {
        assert_eq!(dependencies[name]["status"], word, "{body}");
        assert_eq!(dependencies[name]["reason"].is_string(), word == "DOWN", "{body}");
    }
    let others = services.iter().filter(|one| one["name"] != "auth-service");
    assert!(others.map(|one: &Value| &one["status"]).all(|word| word == "UP"), "{body}");
}

#[track_caller]
fn tells_nothing(answer: &Answer) {
    let text = answer.text().to_lowercase();
    assert!(
        !["postgres", "127.0.0.1", "connection", "pool"].iter().any(|word| text.contains(word)),
        "{text}"
    );
}
