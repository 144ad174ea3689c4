use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dzinza_tests::{Client, PASSWORD, eventually};
use serde_json::json;

use crate::crowd::Crowd;
use crate::house::{House, well};

const OUTAGES: usize = 3;

pub async fn dies(house: House) {
    let process = house.serve(&[]);
    let nobody = Client::at(process.url());
    well(&nobody).await;
    let (crowd, tasks) = Crowd::gather(process.url()).await;
    for _ in 0..OUTAGES {
        crowd.go_on(120).await;
        house.redis.kill().expect("it is there");
        crowd.go_on(120).await;
        house.redis.run().expect("it can start again");
        well(&nobody).await;
    }
    crowd.go_on(120).await;
    crowd.disperse(tasks).await;
    let promised = std::mem::take(&mut *crowd.promised());
    assert!(promised.answers.keys().all(|(_, status)| *status < 500), "{:?}", promised.answers);
    // There are many, and the route has a throttle.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for gone in &promised.signed_out {
        tokio::time::sleep(Duration::from_millis(12)).await;
        gone.get("/api/auth/me").await.problem(401);
    }
    assert!(process.terminate().success());
}

const ALLOWED: usize = 60;
const GUESSERS: usize = 8;

pub async fn hold(house: House) {
    let allowed = ALLOWED.to_string();
    let process = house.serve(&[("AUTH_RATE_LIMIT_MAX_REQUESTS", &allowed)]);
    well(&Client::at(process.url())).await;
    let (let_in, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let guesser = |number: usize| {
        let nobody = Client::at(process.url());
        let (let_in, refused, stop) = (let_in.clone(), refused.clone(), stop.clone());
        tokio::spawn(async move {
            for round in 0..2000 {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let email = format!("nobody{number}-{round}@example.org");
                let answer = nobody
                    .post("/api/auth/login", &json!({ "email": email, "password": "Wrong-1890" }))
                    .await;
                match answer.status {
                    401 => let_in.fetch_add(1, Ordering::Relaxed),
                    429 => refused.fetch_add(1, Ordering::Relaxed),
                    status => panic!("{status}: {}", answer.text()),
                };
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let tasks: Vec<_> = (0..GUESSERS).map(guesser).collect();
    let reach = async |counter: &AtomicUsize, count: usize| {
        eventually("guesses", async || (counter.load(Ordering::Relaxed) >= count).then_some(())).await;
    };
    reach(&let_in, ALLOWED / 3).await;
    house.redis.kill().expect("it is there");
    reach(&refused, 50).await;
    house.redis.run().expect("it can start again");
    well(&Client::at(process.url())).await;
    let seen = refused.load(Ordering::Relaxed);
    reach(&refused, seen + 100).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("clear answers");
    }
    // Of hits that Redis was counting when it died nobody knows; there is one for each who guesses.
    let let_in = let_in.load(Ordering::Relaxed);
    assert!((ALLOWED / 3..=ALLOWED + GUESSERS).contains(&let_in), "{let_in} of {ALLOWED}");
}

pub async fn remembered(house: House) {
    let process = house.serve(&[]);
    let nobody = Client::at(process.url());
    well(&nobody).await;
    let rudo = nobody.sign_up("rudo@example.org").await;
    let tendai = nobody.sign_up("tendai@example.org").await;
    let farai = nobody.sign_up("farai@example.org").await;
    let login = async |password: &str| {
        nobody.post("/api/auth/login", &json!({ "email": "rudo@example.org", "password": password })).await
    };
    for _ in 0..3 {
        login("Wrong-1890").await.problem(401);
    }
    tendai.post("/api/auth/logout", &json!({ "refreshToken": tendai.refresh })).await.ok(200);
    house.redis.kill().expect("it is there");
    for _ in 0..2 {
        login("Wrong-1890").await.problem(401);
    }
    farai.post("/api/auth/logout", &json!({ "refreshToken": farai.refresh })).await.ok(200);
    let refused = async || {
        login(PASSWORD).await.problem(423);
        for gone in [&tendai, &farai] {
            gone.get("/api/auth/me").await.problem(401);
            nobody.post("/auth/refresh", &json!({ "refreshToken": gone.refresh })).await.problem(401);
        }
        rudo.get("/api/auth/me").await.ok(200);
    };
    refused().await;
    nobody.sign_in("tendai@example.org", PASSWORD).await.tree().await;
    // It comes back and knows nothing.
    house.redis.run().expect("it can start again");
    well(&nobody).await;
    refused().await;
    assert!(process.terminate().success());
}
