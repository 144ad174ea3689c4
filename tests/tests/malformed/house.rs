use std::fmt::Write as _;

use dzinza_tests::{Answer, Client, Server};
use serde_json::{Value, json};

/// A server, an account, and a tree of three generations.
pub struct House {
    pub server: Server,
    pub client: Client,
    names: Vec<(&'static str, String)>,
}

/// What is sent and what shall be answered: method and path, status, and the field at fault or nothing.
pub struct Case<'a> {
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a [u8])],
    pub body: &'a [u8],
    pub status: u16,
    pub field: &'a str,
}

impl House {
    pub async fn new() -> Self {
        let server = Server::start().await;
        let client = Client::signed_up(&server, "rudo@example.org").await;
        let tree = client.tree().await["id"].as_str().unwrap().to_owned();
        let mut names = vec![("{tree}", tree)];
        for (name, first) in
            [("{grandmother}", "Ambuya"), ("{mother}", "Amai"), ("{child}", "Rudo"), ("{other}", "Tendai")]
        {
            names.push((name, client.new_member(&json!({ "firstName": first, "gender": "female" })).await));
        }
        let id = |wanted: &str| names.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
        let mut relationship = String::new();
        for (parent, child) in [("{grandmother}", "{mother}"), ("{mother}", "{child}")] {
            let pair = json!({ "person1Id": id(parent), "person2Id": id(child), "type": "PARENT_CHILD" });
            let made = client.post("/api/relationships", &pair).await.ok(201);
            made["id"].as_str().unwrap().clone_into(&mut relationship);
        }
        names.push(("{relationship}", relationship));
        Self { server, client, names }
    }

    /// The text with the names of what is in the house, and with `<x*100>` as a hundred times `x`.
    pub fn fill(&self, text: &str) -> String {
        let mut text = self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id));
        while let Some((before, rest)) = text.split_once('<').filter(|(_, rest)| rest.contains('*')) {
            let (what, after) = rest.split_once('>').expect("an end");
            let (what, times) = what.split_once('*').expect("what and how often");
            text = format!("{before}{}{after}", what.repeat(times.parse().expect("a number")));
        }
        text
    }

    /// The request as bytes. Paths and bodies are sent as they stand.
    pub fn request(&self, case: &Case<'_>) -> Vec<u8> {
        let has = |name: &str| case.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let mut head = format!("{} HTTP/1.1\r\nConnection: close\r\n", self.fill(case.target));
        for (name, value) in [
            ("Host", self.server.host().to_owned()),
            ("Authorization", format!("Bearer {}", self.client.access)),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", case.body.len().to_string()),
        ] {
            let chunked = name == "Content-Length" && has("Transfer-Encoding");
            if !has(name) && !chunked {
                write!(head, "{name}: {value}\r\n").unwrap();
            }
        }
        let mut bytes = head.into_bytes();
        for (name, value) in case.headers.iter().filter(|(_, value)| *value != b"(none)") {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes.extend(case.body);
        bytes
    }

    /// Sends all, collects what is not as it should be, and checks that the house stands as it stood.
    pub async fn check(&self, cases: &[Case<'_>]) {
        let before = self.picture().await;
        let mut wrong = Vec::new();
        for case in cases {
            let answer = self.server.raw(&self.request(case)).await;
            if let Some(problem) = difference(case, &answer) {
                let body = String::from_utf8_lossy(&case.body[..case.body.len().min(100)]).into_owned();
                let target: String = case.target.chars().take(120).collect();
                wrong.push(format!("{target} {body}\n    {problem}\n    {}", answer.text()));
            }
        }
        let (count, all) = (wrong.len(), cases.len());
        assert!(wrong.is_empty(), "{count} of {all}:\n{}", wrong.join("\n"));
        assert_eq!(self.picture().await, before, "something was changed after all");
    }

    async fn picture(&self) -> Vec<Value> {
        let mut seen = vec![self.client.tree().await];
        for path in ["/api/auth/me", "/api/family-trees", "/api/notifications"] {
            seen.push(self.client.get(path).await.ok(200));
        }
        seen
    }
}

fn difference(case: &Case<'_>, answer: &Answer) -> Option<String> {
    let body = &answer.body;
    if answer.status != case.status {
        return Some(format!("{} instead of {}", answer.status, case.status));
    }
    let texts = ["error", "message", "detail", "requestId"];
    let is_missing = |key: &&str| body[*key].as_str().is_none_or(str::is_empty);
    if let Some(key) = texts.iter().find(|key| is_missing(key)) {
        return Some(format!("{key} is missing"));
    }
    if body["statusCode"] != case.status
        || body["message"] != body["detail"]
        || body["errors"] != body["details"]
    {
        return Some("not the one error body".to_owned());
    }
    let named = |error: &Value| {
        error["path"] == case.field && error["field"] == case.field && error["msg"].is_string()
    };
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    (!case.field.is_empty() && !errors.iter().any(named)).then(|| format!("{} is not named", case.field))
}
