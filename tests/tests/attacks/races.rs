//! Fifty at once, over as many connections.

use std::collections::{BTreeMap, BTreeSet};

use dzinza_tests::{Answer, Client, PASSWORD, Server};
use futures::future::join_all;
use serde_json::json;

use crate::support::{EMAIL, claims, reset_token};

const MANY: usize = 50;

/// Each has a connection of its own.
async fn at_once(server: &Server, ask: impl AsyncFn(Client, usize) -> Answer) -> Vec<Answer> {
    let ask = &ask;
    let all = (0..MANY).map(|number| {
        let client = Client::anonymous(server);
        async move { ask(client, number).await }
    });
    join_all(all).await
}

fn counted(answers: &[Answer]) -> BTreeMap<u16, usize> {
    answers.iter().fold(BTreeMap::new(), |mut counts, answer| {
        *counts.entry(answer.status).or_default() += 1;
        counts
    })
}

fn count(server: &Server, question: &str) -> u32 {
    server.stores().count(question)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_sign_ups_for_one_address_one_wins() {
    let server = Server::start().await;
    let answers = at_once(&server, async |client, number| {
        let email = if number % 2 == 0 { EMAIL.to_owned() } else { EMAIL.to_uppercase() };
        let form = json!({ "name": format!("Rudo {number}"), "email": email, "password": PASSWORD });
        client.post("/api/auth/register", &form).await
    })
    .await;
    assert_eq!(counted(&answers), BTreeMap::from([(201, 1), (409, MANY - 1)]));
    assert_eq!(count(&server, "SELECT count(*) FROM users"), 1);
    assert_eq!(count(&server, "SELECT count(*) FROM refresh_tokens"), 1);
    let winner = answers.iter().find(|answer| answer.status == 201).unwrap();
    let rudo = Client::anonymous(&server).known_by(winner, dzinza_tests::Mode::Header);
    assert_eq!(rudo.get("/api/auth/me").await.ok(200)["user"]["name"], winner.body["user"]["name"]);
    server.stop().await;
}

/// Two tabs share a token, so all are answered (contract 4.3); but it is exchanged once, and all that comes of it
/// is one session, which ends as one.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_refreshes_of_one_token_one_exchanges_it_and_all_are_one_session() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let body = json!({ "refreshToken": rudo.refresh });
    let answers = at_once(&server, async |client, _| client.post("/auth/refresh", &body).await).await;
    assert_eq!(counted(&answers), BTreeMap::from([(200, MANY)]));
    assert_eq!(count(&server, "SELECT count(*) FROM refresh_tokens WHERE replaced_by_jti IS NOT NULL"), 1);
    let of = |key: &str| -> Vec<String> {
        answers.iter().map(|answer| answer.body[key].as_str().unwrap().to_owned()).collect()
    };
    let (access, refresh) = (of("accessToken"), of("refreshToken"));
    assert_eq!(refresh.iter().collect::<BTreeSet<_>>().len(), MANY, "a token was given out twice");
    let session = claims(&rudo.access)["sid"].clone();
    assert!(access.iter().chain(&refresh).all(|token| claims(token)["sid"] == session));

    rudo.as_nobody().post("/api/auth/logout", &json!({ "refreshToken": refresh[0] })).await.ok(200);
    for (access, refresh) in access.iter().zip(&refresh) {
        rudo.with_token(access).get("/api/auth/me").await.problem(401);
        rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": refresh })).await.problem(401);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_uses_of_one_mailed_token_one_sets_the_password() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let token = reset_token(&rudo, server.data(), EMAIL).await;
    let password = |number: usize| format!("Baobab-{number}-Tree");
    let answers = at_once(&server, async |client, number| {
        client
            .post("/api/auth/reset-password", &json!({ "token": token, "newPassword": password(number) }))
            .await
    })
    .await;
    assert_eq!(counted(&answers), BTreeMap::from([(200, 1), (400, MANY - 1)]));
    let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
    rudo.sign_in(EMAIL, &password(winner)).await;
    for loser in [PASSWORD.to_owned(), password((winner + 1) % MANY)] {
        let body = json!({ "email": EMAIL, "password": loser });
        rudo.as_nobody().post("/api/auth/login", &body).await.problem(401);
    }
    rudo.get("/api/auth/me").await.problem(401);
    server.stop().await;
}
