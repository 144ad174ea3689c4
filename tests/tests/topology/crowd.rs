//! Eight people who work all the time, each in a tree of their own, and what was acknowledged to them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dzinza_tests::{Answer, Client, PASSWORD, eventually};
use futures::future::join_all;
use http::Method;
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::family;

pub const MEMBERS: usize = 8;
/// None of them comes more often than this.
const ROUNDS: usize = 2000;
const PAUSE: Duration = Duration::from_millis(15);
/// An import is asked for in every so many rounds.
const IMPORT_EVERY: usize = 12;

/// A request, and what became of it; 0 if there was no answer.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub what: &'static str,
    pub from: Instant,
    pub to: Instant,
    pub status: u16,
    pub told: String,
}

impl Attempt {
    /// Whether it was done as it should be.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it was refused for now: nobody may be told anything else.
    fn is_not_now(&self) -> bool {
        matches!(self.status, 0 | 429 | 502..=504)
    }
}

/// What somebody was told to be done.
struct Member {
    client: Client,
    email: String,
    tree: String,
    /// By their ids, the names that they may have: the last that was acknowledged and, if another was tried, that one.
    people: BTreeMap<String, Vec<String>>,
    /// Imports, and whom each brings.
    imports: Vec<(Value, String)>,
    /// The last token that was given.
    refresh: String,
}

#[derive(Default)]
pub struct Crowd {
    stop: AtomicBool,
    attempts: Mutex<Vec<Attempt>>,
}

impl Crowd {
    /// Signs them up and lets them begin.
    pub async fn gather(url: &str) -> (Arc<Self>, Vec<JoinHandle<Finished>>) {
        let crowd = Arc::<Self>::default();
        let members = join_all((0..MEMBERS).map(|number| Member::new(url, number))).await;
        let begin = |member: Member| tokio::spawn(member.works(crowd.clone()));
        let tasks = members.into_iter().map(begin).collect();
        (crowd, tasks)
    }

    pub fn attempts(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many more requests that began after this moment went well.
    pub async fn goes_on(&self, requests: usize) {
        let now = Instant::now();
        eventually("good answers", async || {
            let attempts = self.attempts();
            let complaint =
                attempts.iter().rev().take(MEMBERS).find(|one| !one.is_good() && !one.is_not_now());
            assert!(complaint.is_none(), "{complaint:?}");
            let since = attempts.iter().rev().take_while(|one| one.to > now);
            (since.filter(|one| one.from > now && one.is_good()).count() >= requests).then_some(())
        })
        .await;
    }

    /// Sends everybody home; panics if one of them has complained.
    pub async fn disperse(&self, tasks: Vec<JoinHandle<Finished>>) -> Vec<Finished> {
        self.stop.store(true, Ordering::Relaxed);
        join_all(tasks).await.into_iter().map(|ended| ended.expect("nobody complains")).collect()
    }

    /// The answer, if what was asked for was done. Anything but "not now" is a complaint.
    async fn ask(&self, what: &'static str, client: &Client, request: RequestBuilder) -> Option<Answer> {
        let from = Instant::now();
        let answer = client.attempt(request.timeout(Duration::from_secs(40))).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let good = (200..300).contains(&status);
        let told = if good { String::new() } else { answer.as_ref().map(Answer::text).unwrap_or_default() };
        let attempt = Attempt { what, from, to: Instant::now(), status, told };
        self.attempts().push(attempt.clone());
        assert!(attempt.is_good() || attempt.is_not_now(), "{attempt:?}");
        tokio::time::sleep(PAUSE).await;
        answer.filter(|_| good)
    }
}

/// One who has gone home.
pub struct Finished(Member);

impl Member {
    async fn new(url: &str, number: usize) -> Self {
        let email = format!("member{number}@example.org");
        let client = Client::at(url).sign_up(&email).await;
        let tree = client.new_tree("Moyo", "private").await;
        let refresh = client.refresh.clone();
        Self { client, email, tree, people: BTreeMap::new(), imports: Vec::new(), refresh }
    }

    async fn works(mut self, crowd: Arc<Crowd>) -> Finished {
        for round in 0..ROUNDS {
            if crowd.stop.load(Ordering::Relaxed) {
                break;
            }
            self.adds(&crowd, round).await;
            self.edits(&crowd, round).await;
            self.reads(&crowd, round).await;
            if round % IMPORT_EVERY == 3 {
                self.imports(&crowd, round).await;
            }
            if round % IMPORT_EVERY == 7 {
                self.exchanges(&crowd).await;
            }
        }
        Finished(self)
    }

    async fn adds(&mut self, crowd: &Crowd, round: usize) {
        let name = format!("Person {round}");
        let body = json!({ "firstName": name, "familyTreeId": self.tree });
        let request = self.client.request(Method::POST, "/api/genealogy/members").json(&body);
        if let Some(made) = crowd.ask("add", &self.client, request).await {
            let id = made.body["id"].as_str().expect("an id").to_owned();
            self.people.insert(id, vec![name]);
        }
    }

    /// Gives somebody another name. Who was tried in vain is left alone, as it cannot be told which of the two names it is.
    async fn edits(&mut self, crowd: &Crowd, round: usize) {
        let mut certain = self.people.iter_mut().filter(|(_, names)| names.len() == 1).rev();
        let Some((id, names)) = certain.nth(round % 3) else { return };
        let name = format!("{} again", names.first().map_or("", |name| name));
        names.push(name.clone());
        let body = json!({ "firstName": name });
        let request = self.client.request(Method::PUT, &format!("/api/persons/{id}")).json(&body);
        if crowd.ask("edit", &self.client, request).await.is_some() {
            *names = vec![name];
        }
    }

    /// Looks at somebody, and by turns at what the other functions have.
    async fn reads(&mut self, crowd: &Crowd, round: usize) {
        if let Some((id, names)) = self.people.iter().nth(round % self.people.len().max(1)) {
            let request = self.client.request(Method::GET, &format!("/api/persons/{id}"));
            if let Some(shown) = crowd.ask("read", &self.client, request).await {
                is_one_of(&shown.body["firstName"], names);
            }
        }
        let (what, path) = match round % 5 {
            0 => ("tree", format!("/api/family-trees/{}", self.tree)),
            1 => ("account", "/api/auth/me".to_owned()),
            2 => ("sources", format!("/api/family-trees/{}/sources", self.tree)),
            3 => ("stories", "/api/events".to_owned()),
            _ => ("notifications", "/api/notifications".to_owned()),
        };
        let request = self.client.request(Method::GET, &path);
        crowd.ask(what, &self.client, request).await;
    }

    async fn imports(&mut self, crowd: &Crowd, round: usize) {
        let name = format!("Import {round}");
        let file = format!(
            "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME {name} /Moyo/\n1 SEX F\n0 TRLR\n"
        );
        let part = Part::bytes(file.into_bytes()).file_name("family.ged");
        let path = format!("/api/family-trees/{}/import/gedcom", self.tree);
        let form = Form::new().part("gedcomFile", part);
        let request = self.client.request(Method::POST, &path).multipart(form);
        if let Some(begun) = crowd.ask("import", &self.client, request).await {
            self.imports.push((begun.body, name));
        }
    }

    /// Whoever gets no answer comes with the same token again.
    async fn exchanges(&mut self, crowd: &Crowd) {
        let nobody = self.client.as_nobody();
        let body = json!({ "refreshToken": self.refresh });
        let request = nobody.request(Method::POST, "/auth/refresh").json(&body);
        if let Some(answer) = crowd.ask("refresh", &nobody, request).await {
            answer.body["refreshToken"].as_str().expect("a token").clone_into(&mut self.refresh);
        }
    }
}

impl Finished {
    /// Whether all that was acknowledged is there. Answers how much that was.
    pub async fn has_everything(self) -> usize {
        let Self(Member { client, email, tree, people, imports, refresh }) = self;
        for (import, _) in &imports {
            family::finished(&client, &tree, import).await;
        }
        let there = everybody(&client, &tree).await;
        for (id, names) in &people {
            let shown = there.get(id).unwrap_or_else(|| panic!("{names:?} is lost"));
            is_one_of(&json!(shown), names);
        }
        for (_, name) in &imports {
            assert!(there.values().any(|shown| shown == name), "{name} is lost");
        }
        client.as_nobody().post("/auth/refresh", &json!({ "refreshToken": refresh })).await.ok(200);
        client.sign_in(&email, PASSWORD).await;
        people.len() + imports.len()
    }
}

/// The first names of all people of a tree, by id.
async fn everybody(client: &Client, tree: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for page in 1.. {
        let path = format!("/api/family-trees/{tree}/persons?limit=100&page={page}");
        let answer = client.get(&path).await.ok(200);
        let people = answer["persons"].as_array().expect("people");
        if people.is_empty() {
            break;
        }
        let text = |person: &Value, key: &str| person[key].as_str().unwrap_or_default().to_owned();
        all.extend(people.iter().map(|person| (text(person, "id"), text(person, "firstName"))));
    }
    all
}

#[track_caller]
fn is_one_of(shown: &Value, names: &[impl AsRef<str> + Debug]) {
    let fits = |name: &str| shown.as_str() == Some(name);
    assert!(names.iter().any(|name| fits(name.as_ref())), "{shown} should be one of {names:?}");
}
