//! What is asked of a running server: the questions of the pages people use, and the writes.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::http::{Client, request};
use super::load::{Cell, Limit, REQUESTS, measure};
use super::process::Server;
use crate::shell::say;

pub const EMAIL: &str = "bench@dzinza.local";
pub const PASSWORD: &str = "Bench-made-2026-pass";
const PAGE: usize = 20;
/// Persons are read by so many different ids, that it is not always the same one.
const IDS: usize = 1_000;
/// Many clients at once.
const CROWD: usize = 16;

/// A tree behind a server, and whom to ask for in it.
pub struct Site<'a> {
    pub(super) server: &'a Server,
    pub(super) token: String,
    pub(super) tree: String,
    people: usize,
    pub(super) ids: Vec<String>,
    /// Somebody of the last generation.
    pub(super) deep: String,
    /// Somebody else of it.
    pub(super) cousin: String,
    /// Somebody of the first generation.
    pub(super) founder: String,
    /// A surname that is in the tree.
    word: String,
    quick: bool,
    bare: &'a [Cell],
    pub(super) cells: Vec<Cell>,
}

/// Who stands deep in the file: the place among its people, from 0, and the name.
pub struct Deep {
    pub place: usize,
    pub given: String,
}

/// The same load on a handler that does nothing.
pub fn bare(server: &Server, quick: bool) -> Vec<Cell> {
    let health = request("GET", "/health", "", None);
    let limit = Limit { requests: if quick { 2_000 } else { 20_000 }, time: Duration::from_secs(5) };
    [1, CROWD]
        .map(|clients| {
            measure(server, "warm up", clients, Limit { requests: 500, ..limit }, &|_| health.clone());
            measure(server, "bare axum handler, 1 KB", clients, limit, &|_| health.clone())
        })
        .into()
}

fn ask(client: &mut Client, path: &str, token: &str, body: Option<&str>) -> anyhow::Result<Value> {
    let method = if body.is_some() { "POST" } else { "GET" };
    let answer = client.call(&request(method, path, token, body))?;
    let text = String::from_utf8_lossy(&client.body);
    anyhow::ensure!(answer.status == 200, "{method} {path}: {}: {text}", answer.status);
    Ok(serde_json::from_str(&text)?)
}

fn credentials() -> String {
    json!({ "email": EMAIL, "password": PASSWORD }).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl<'a> Site<'a> {
    /// Signs in, and looks up whom to ask for.
    pub fn open(
        server: &'a Server,
        tree: &str,
        people: usize,
        deep: &Deep,
        bare: &'a [Cell],
    ) -> anyhow::Result<Self> {
        let mut client = Client::connect(server.address)?;
        let token =
            text(&ask(&mut client, "/api/auth/login", "", Some(&credentials()))?["tokens"]["accessToken"]);
        let list = format!("/api/family-trees/{tree}/persons");
        let (mut ids, mut word) = (Vec::new(), String::new());
        for page in 0..5 {
            let path = format!("{list}?limit=200&skip={}", page * people.saturating_sub(200) / 5);
            let found = ask(&mut client, &path, &token, None)?;
            anyhow::ensure!(
                found["total"] == json!(people),
                "the tree has {} people, not {people}",
                found["total"]
            );
            ids.extend(found["persons"].as_array().into_iter().flatten().map(|one| text(&one["id"])));
            word = text(&found["persons"][0]["lastName"]);
        }
        ids.truncate(IDS);
        // Ids are given in the order of the file, so that its place there finds a person.
        let found = ask(&mut client, &format!("{list}?limit=1&skip={}", deep.place), &token, None)?;
        let found = &found["persons"][0];
        let known = found["firstName"] == json!(deep.given);
        anyhow::ensure!(known, "{} stands where {} was expected", found["firstName"], deep.given);
        let deep_place = deep.place;
        let deep = text(&found["id"]);
        let mut at = |place: usize| -> anyhow::Result<String> {
            let found = ask(&mut client, &format!("{list}?limit=1&skip={place}"), &token, None)?;
            Ok(text(&found["persons"][0]["id"]))
        };
        let (cousin, founder) = (at(deep_place.saturating_sub(people / 50))?, at(0)?);
        let tree = tree.to_owned();
        Ok(Self {
            server,
            token,
            tree,
            people,
            ids,
            deep,
            cousin,
            founder,
            word,
            quick: false,
            bare,
            cells: Vec::new(),
        })
    }

    /// Asks less of everything.
    pub fn quick(mut self, quick: bool) -> Self {
        self.quick = quick;
        self
    }

    /// Everything, in an order in which nothing disturbs what follows.
    pub fn run(mut self) -> anyhow::Result<Vec<Cell>> {
        self.first_kin();
        self.read();
        self.lists();
        self.kin();
        self.all_kin();
        self.whole();
        self.write();
        self.storm();
        // Last: the account may have five sessions, and what came before is asked in one of them.
        self.sign_in()?;
        Ok(self.cells)
    }

    /// What people look at most, and nothing that changes the tree.
    pub fn main_reads(mut self) -> Vec<Cell> {
        self.read();
        let list = format!("/api/family-trees/{}/persons?limit={PAGE}", self.tree);
        self.get("page of 20, first", &|_| list.clone());
        let ancestors = format!("/api/persons/{}/ancestors?generations=5", self.deep);
        self.get("ancestors, 5 generations", &|_| ancestors.clone());
        self.cells
    }

    fn read(&mut self) {
        let ids = self.ids.clone();
        // Neighbours in the file are no neighbours here.
        let path = move |number: u64| format!("/api/persons/{}", ids[number as usize * 7 % ids.len()]);
        self.get("person", &path);
        self.get("unread badge", &|_| "/api/notifications?isRead=false&limit=1".to_owned());
    }

    fn lists(&mut self) {
        let list = format!("/api/family-trees/{}/persons?limit={PAGE}", self.tree);
        let (last, middle) = (self.people.div_ceil(PAGE).max(1), (self.people / 2 / PAGE).max(1));
        for (name, query) in [
            ("page of 20, first", String::new()),
            ("page of 20, last", format!("&page={last}")),
            ("page of 20 by surname, first", "&sortBy=lastName".to_owned()),
            ("page of 20 by surname, middle", format!("&sortBy=lastName&page={middle}")),
            ("page of 20 by birth, first", "&sortBy=birthDate".to_owned()),
            ("page of 20 by birth, middle", format!("&sortBy=birthDate&page={middle}")),
            ("search for one word", format!("&search={}", self.word)),
        ] {
            let path = format!("{list}{query}");
            self.get(name, &|_| path.clone());
        }
    }

    /// Everything at once: a few times, by one client.
    fn whole(&mut self) {
        let requests = (50_000 / self.people as u64).clamp(2, 20);
        let limit = Limit { requests, time: Duration::from_secs(30) };
        let export = format!("/api/family-trees/{}/export/gedcom", self.tree);
        let tree = format!("/api/genealogy/family-tree?treeId={}", self.tree);
        for (name, path) in [("family tree, whole", tree), ("export as GEDCOM", export)] {
            let request = request("GET", &path, &self.token, None);
            self.cell(name, 1, limit, &|_| request.clone());
        }
    }

    fn write(&mut self) {
        let (ids, token, tree) = (self.ids.clone(), self.token.clone(), self.tree.clone());
        let create = |number: u64| {
            let body = json!({
                "firstName": "Bench", "lastName": format!("Writer{number}"), "gender": "female",
                "birthDate": "1990-03-12", "placeOfBirth": "Gweru, Zimbabwe", "totem": "Shumba", "familyTreeId": tree,
            });
            request("POST", "/api/genealogy/members", &token, Some(&body.to_string()))
        };
        let change = |number: u64| {
            let path = format!("/api/genealogy/members/{}", ids[number as usize % ids.len()]);
            let body =
                json!({ "occupation": format!("Weaver {number}"), "notes": "Changed by the benchmark" });
            request("PUT", &path, &token, Some(&body.to_string()))
        };
        let limit = self.limit();
        for clients in [1, CROWD] {
            self.cell("add a member", clients, limit, &create);
        }
        for clients in [1, CROWD] {
            self.cell("change a member", clients, limit, &change);
        }
    }

    fn sign_in(&mut self) -> anyhow::Result<()> {
        let body = credentials();
        let limit = Limit { requests: 20, ..self.limit() };
        self.cell("sign in", 1, limit, &|_| request("POST", "/api/auth/login", "", Some(&body)));
        let last = self.cells.last().context("nothing was measured")?;
        anyhow::ensure!(last.requests > 0, "nobody could sign in");
        Ok(())
    }

    fn limit(&self) -> Limit {
        let (requests, seconds) = if self.quick { (300, 1) } else { (REQUESTS, 5) };
        Limit { requests, time: Duration::from_secs(seconds) }
    }

    pub(super) fn get(&mut self, name: &str, path: &(dyn Fn(u64) -> String + Sync)) {
        let (token, limit) = (self.token.clone(), self.limit());
        for clients in [1, CROWD] {
            self.cell(name, clients, limit, &|number| request("GET", &path(number), &token, None));
        }
    }

    pub(super) fn cell(&mut self, name: &str, clients: usize, limit: Limit, make: super::load::Request<'_>) {
        let warm = Limit { requests: (limit.requests / 10).min(20), time: Duration::from_secs(2) };
        measure(self.server, name, 1, warm, make);
        let mut cell = measure(self.server, name, clients, limit, make);
        let bare = self.bare.iter().find(|bare| bare.clients == clients);
        cell.times_bare = bare.map(|bare| cell.p50_ms / bare.p50_ms.max(1e-9));
        say(&super::report::line(&cell));
        self.cells.push(cell);
    }
}
