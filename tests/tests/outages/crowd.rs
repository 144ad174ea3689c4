//! People who come all the time, and what they saw.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dzinza_tests::{Answer, Client, Mode, PASSWORD};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::house::is_clear;

/// No one of them comes more often than this in one test.
const ROUNDS: usize = 5000;

/// What was promised to them.
#[derive(Default)]
pub struct Promised {
    /// Addresses of accounts that were made.
    pub accounts: Vec<String>,
    /// Refresh tokens that were exchanged.
    pub exchanged: Vec<String>,
    /// Of each who exchanges, the last token that was given.
    pub held: Vec<String>,
    /// Those who signed out.
    pub signed_out: Vec<Client>,
    /// How often which request was answered how.
    pub answers: BTreeMap<(&'static str, u16), usize>,
}

pub struct Crowd {
    url: String,
    stop: AtomicBool,
    answered: AtomicUsize,
    refused: AtomicUsize,
    promised: Mutex<Promised>,
}

impl Crowd {
    /// Some of each kind, in tasks of their own.
    pub async fn gather(url: &str) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let crowd = Arc::new(Self {
            url: url.to_owned(),
            stop: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            promised: Mutex::default(),
        });
        let mut tasks = Vec::new();
        for number in 0..3 {
            let of = crowd.clone();
            tasks.push(tokio::spawn(async move { of.sign_up(number).await }));
            let member = Client::at(url).sign_up(&format!("member{number}@example.org")).await;
            let (of, who) = (crowd.clone(), member.clone());
            tasks.push(tokio::spawn(async move { of.exchange(who).await }));
            let of = crowd.clone();
            tasks.push(tokio::spawn(async move { of.come_and_go(number).await }));
            let of = crowd.clone();
            tasks.push(tokio::spawn(async move { of.work(member).await }));
        }
        let of = crowd.clone();
        tasks.push(tokio::spawn(async move { of.guess().await }));
        (crowd, tasks)
    }

    pub fn promised(&self) -> MutexGuard<'_, Promised> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many more requests were answered as if nothing had happened.
    pub async fn go_on(&self, requests: usize) {
        more(&self.answered, requests).await;
    }

    /// Waits until so many more were told that something is away.
    pub async fn are_refused(&self, requests: usize) {
        more(&self.refused, requests).await;
    }

    /// Sends everybody home; panics if one of them has complained.
    pub async fn disperse(&self, tasks: Vec<JoinHandle<()>>) {
        self.stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.expect("nobody complains");
        }
    }

    fn rounds(&self) -> impl Iterator<Item = usize> {
        (0..ROUNDS).take_while(|_| !self.stop.load(Ordering::Relaxed))
    }

    /// Whether the request was done. If not, the answer must be a clear 503.
    async fn saw(&self, what: &'static str, answer: &Answer, status: u16) -> bool {
        *self.promised().answers.entry((what, answer.status)).or_default() += 1;
        // On a fast machine they reach the throttle of the template's route, which is nobody's outage: they slow down.
        if answer.status == 429 && answer.body["error_source"] == "api-gateway" {
            tokio::time::sleep(Duration::from_millis(200)).await;
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        if answer.status == status {
            self.answered.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        assert_eq!(answer.status, 503, "{what}: {}", answer.text());
        is_clear(answer);
        self.refused.fetch_add(1, Ordering::Relaxed);
        false
    }

    async fn sign_up(&self, number: usize) {
        let nobody = Client::at(&self.url);
        for round in self.rounds() {
            let email = format!("new{number}-{round}@example.org");
            let form = json!({ "name": "Tendai Moyo", "email": email, "password": PASSWORD });
            let answer = nobody.post("/api/auth/register", &form).await;
            if self.saw("register", &answer, 201).await {
                self.promised().accounts.push(email);
            }
        }
    }

    /// Whoever gets no answer comes with the same token again.
    async fn exchange(&self, member: Client) {
        let mut token = member.refresh.clone();
        for _ in self.rounds() {
            let answer = member.as_nobody().post("/auth/refresh", &json!({ "refreshToken": token })).await;
            if self.saw("refresh", &answer, 200).await {
                let next = answer.body["refreshToken"].as_str().expect("a token").to_owned();
                assert_ne!(next, token);
                self.promised().exchanged.push(std::mem::replace(&mut token, next));
            }
        }
        self.promised().held.push(token);
    }

    async fn come_and_go(&self, number: usize) {
        let email = format!("visitor{number}@example.org");
        let nobody = Client::at(&self.url);
        let mut made = false;
        for _ in self.rounds() {
            if !made {
                let form = json!({ "name": "Farai Moyo", "email": email, "password": PASSWORD });
                made = matches!(nobody.post("/api/auth/register", &form).await.status, 201 | 409);
                continue;
            }
            let login = json!({ "email": email, "password": PASSWORD });
            let answer = nobody.post("/api/auth/login", &login).await;
            if !self.saw("login", &answer, 200).await {
                continue;
            }
            let farai = nobody.known_by(&answer, Mode::Header);
            let answer = farai.post("/api/auth/logout", &json!({ "refreshToken": farai.refresh })).await;
            if self.saw("logout", &answer, 200).await {
                self.promised().signed_out.push(farai);
            }
        }
    }

    /// What needs no account is answered whatever happens.
    async fn work(&self, member: Client) {
        let tree = member.new_tree("Moyo", "private").await;
        for round in self.rounds() {
            let person = json!({ "firstName": format!("Person {round}"), "familyTreeId": tree });
            let answer = member.post("/api/genealogy/members", &person).await;
            assert!(self.saw("work", &answer, 201).await, "{}", answer.text());
            let answer = member.get(&format!("/api/family-trees/{tree}")).await;
            assert!(self.saw("read", &answer, 200).await, "{}", answer.text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn guess(&self) {
        let nobody = Client::at(&self.url);
        for round in self.rounds() {
            let login = json!({ "email": format!("nobody{round}@example.org"), "password": "Wrong-1890" });
            let answer = nobody.post("/api/auth/login", &login).await;
            self.saw("guess", &answer, 401).await;
        }
    }
}

async fn more(counter: &AtomicUsize, requests: usize) {
    let from = counter.load(Ordering::Relaxed);
    let enough = async || (counter.load(Ordering::Relaxed) >= from + requests).then_some(());
    dzinza_tests::eventually("more answers", enough).await;
}
