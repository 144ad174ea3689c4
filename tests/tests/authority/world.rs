//! An owner with a tree in which there is one of everything, and a stranger with an account.

use dzinza_tests::{Answer, Client, Server, eventually};
use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

pub const NEHANDA: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Nehanda /Nyakasikana/\n\
    1 SEX F\n1 BIRT\n2 DATE 1840\n2 SOUR @S1@\n1 DEAT\n2 DATE 27 APR 1898\n1 NOTE @N1@\n1 OBJE @M1@\n\
    0 @S1@ SOUR\n1 TITL Nehanda's trial\n1 REPO @R1@\n0 @R1@ REPO\n1 NAME National Archives\n\
    0 @N1@ NOTE Nehanda spoke\n0 @M1@ OBJE\n1 FILE nehanda.jpg\n0 @U1@ SUBM\n1 NAME Hiddensender\n0 TRLR\n";

/// One operation of the served description.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub public: bool,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether its path names something of somebody's. In a public path it is a mailed token.
    pub fn names_something(&self) -> bool {
        !self.public && self.path.contains('{') && !self.is_administration()
    }

    /// Whether it is for administrators, whatever it names.
    pub fn is_administration(&self) -> bool {
        self.path.starts_with("/api/admin/")
            || self.path == "/api/users"
            || self.path.starts_with("/api/users/{")
    }

    /// Whether it is an operation on a notification, which is somebody's and in no tree.
    pub fn is_notification(&self) -> bool {
        self.path.starts_with("/api/notifications")
    }

    /// Whether it is an operation on a key to an account, which is in no tree either.
    pub fn is_of_account(&self) -> bool {
        self.path.starts_with("/api/auth/")
    }
}

/// Every operation of the served description.
pub async fn operations(client: &Client) -> Vec<Operation> {
    let document = client.as_nobody().get("/api/docs/openapi.json").await.ok(200);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Ok(method @ (Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE)) =
                method.to_uppercase().parse::<Method>()
            else {
                continue;
            };
            found.push(Operation { method, path: path.clone(), public: operation.get("security").is_none() });
        }
    }
    assert!(found.len() > 50, "only {} operations are described", found.len());
    found
}

/// What an operation can name.
#[derive(Debug, Clone)]
pub struct Ids {
    pub tree: String,
    pub person: String,
    pub other: String,
    pub relationship: String,
    pub import: String,
    pub export: String,
    pub upload: String,
    pub notification: String,
    /// By the word that paths have for the kind.
    pub records: Vec<(&'static str, String)>,
    pub citation: String,
    /// Of the account, by the parameters that name them: a session, an access token, and an identity, which nobody has here.
    pub keys: [(&'static str, String); 3],
}

/// The words that paths have for records, and the parameters that name one.
const RECORDS: [(&str, &str); 5] = [
    ("sources", "{sourceId}"),
    ("repositories", "{repositoryId}"),
    ("notes", "{noteId}"),
    ("media-objects", "{mediaId}"),
    ("submitters", "{submitterId}"),
];

impl Ids {
    /// Ids of nothing, of the same form.
    pub fn of_nothing() -> Self {
        let id = |n: u8| format!("01a20784-3d50-74f9-9661-5530000000{n:02}");
        Self {
            tree: id(1),
            person: id(2),
            other: id(3),
            relationship: id(4),
            import: id(5),
            export: id(9),
            notification: id(6),
            upload: id(7),
            records: RECORDS.iter().zip(7..).map(|((kind, _), n)| (*kind, id(n))).collect(),
            citation: "c0123456789abcdef".to_owned(),
            keys: [("{sessionId}", id(20)), ("{tokenId}", id(21)), ("{identityId}", id(22))],
        }
    }

    /// The operation's path with these in it.
    pub fn fill(&self, operation: &Operation) -> String {
        let one = if operation.is_notification() { &self.notification } else { &self.relationship };
        let named =
            |kind: &str| self.records.iter().find(|(known, _)| *known == kind).map(|(_, id)| id.as_str());
        let mut path = operation.path.clone();
        for (kind, parameter) in RECORDS {
            path = path.replace(parameter, named(kind).unwrap_or_default());
        }
        for (parameter, key) in &self.keys {
            path = path.replace(parameter, key);
        }
        let filled = path
            .replace("{citationId}", &self.citation)
            .replace("{relationshipId}", &self.relationship)
            .replace("{treeId}", &self.tree)
            .replace("{familyTreeId}", &self.tree)
            .replace("{personId}", &self.person)
            .replace("{otherId}", &self.other)
            .replace("{importId}", &self.import)
            .replace("{uploadId}", &self.upload)
            .replace("{exportId}", &self.export)
            // Passkeys take an authenticator, so here they are nobody's; `functions/auth` tests somebody's.
            .replace("{passkeyId}", "01a20784-3d50-74f9-9661-553000000099")
            // None is configured: who may link is tested in `functions/auth` as well.
            .replace("{provider}", "nobody")
            .replace("{version}", "1")
            .replace("{id}", one);
        assert!(!filled.contains('{'), "this test does not know what to put into {filled}");
        filled
    }

    /// A body that the operation would take from someone who may.
    pub fn body(&self, operation: &Operation) -> Value {
        let source = self.records.first().map(|(_, id)| id.as_str());
        let pair = json!({ "person1Id": self.person, "person2Id": self.other, "type": "PARENT_CHILD" });
        match (operation.method.as_str(), operation.path.as_str()) {
            ("POST", path) if path.ends_with("/relationships") => {
                json!({ "person1Id": self.person, "person2Id": self.other, "type": "SIBLING" })
            }
            ("DELETE", "/api/relationships") => pair,
            ("PUT", path) if path.contains("/relationships/") => json!({ "notes": "Eve was here" }),
            ("POST", path) if path.ends_with("/revert") => json!({ "version": 1 }),
            ("POST" | "PUT", path) if path.contains("/citations") => {
                json!({ "sourceId": source, "page": "Eve" })
            }
            ("POST" | "PUT", path) if RECORDS.iter().any(|(kind, _)| path.contains(&format!("/{kind}"))) => {
                json!({ "title": "Eve's", "name": "Eve", "text": "Eve", "files": [{ "file": "eve.jpg" }] })
            }
            ("POST", path) if path.ends_with("/exports") => json!({ "living": "omit" }),
            ("POST" | "PUT", path) if path.contains("/persons") || path.contains("/members") => {
                json!({ "firstName": "Eve", "familyTreeId": self.tree })
            }
            ("POST" | "PUT", path) if path.starts_with("/api/family-trees") => json!({ "name": "Eve's" }),
            _ => json!({}),
        }
    }

    /// Calls the operation on these.
    pub async fn call(&self, client: &Client, operation: &Operation, headers: &[(&str, &str)]) -> Answer {
        let mut request = client.request(operation.method.clone(), &self.fill(operation));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if operation.path.ends_with("/import/gedcom") {
            request =
                request.multipart(Form::new().part("gedcomFile", Part::text(NEHANDA).file_name("eve.ged")));
        } else if operation.method != Method::GET {
            request = request.json(&self.body(operation));
        }
        client.send(request).await
    }
}

pub struct World {
    pub owner: Client,
    pub ids: Ids,
    pub stranger: Client,
    /// The stranger's own tree and a person in it.
    pub own: (String, String),
    /// Serves for as long as it is held.
    _server: Server,
}

impl World {
    pub async fn new(privacy: &str) -> Self {
        let server = Server::start().await;
        let owner = Client::signed_up(&server, "owner@example.org").await;
        let tree = owner.new_tree("Nyakasikana", privacy).await;
        let import = owner.upload_gedcom(&tree, NEHANDA).await.ok(200);
        let person = text(&owner.tree().await["members"][0]["id"]);
        let other = owner.new_member(&json!({ "firstName": "Tichafa", "familyTreeId": tree })).await;
        let pair = json!({ "person1Id": person, "person2Id": other, "type": "PARENT_CHILD" });
        let relationship = owner.post("/api/relationships", &pair).await.ok(201);
        owner.put(&format!("/api/persons/{person}"), &json!({ "occupation": "Medium" })).await.ok(200);
        let notification = eventually("a notification", async || {
            owner.get("/api/notifications").await.ok(200)["data"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        let announced = json!({ "name": "nehanda.ged", "size": 5 });
        let uploads = format!("/api/family-trees/{tree}/uploads");
        let upload = text(&owner.post(&uploads, &announced).await.ok(201)["id"]);
        let exports = format!("/api/family-trees/{tree}/exports");
        let export = text(&owner.post(&exports, &json!({})).await.ok(202)["id"]);
        eventually("an export", async || {
            let made = owner.get(&format!("{exports}/{export}")).await.ok(200);
            (made["status"] == "completed").then_some(())
        })
        .await;
        let (import, relationship) = (text(&import["id"]), text(&relationship["id"]));
        let mut records = Vec::new();
        for (kind, _) in RECORDS {
            let listed = owner.get(&format!("/api/family-trees/{tree}/{kind}")).await.ok(200);
            records.push((kind, text(&listed["items"][0]["id"])));
        }
        let cited = owner.get(&format!("/api/persons/{person}/citations")).await.ok(200);
        let citation = text(&cited["items"][0]["id"]);
        let session = text(&owner.get("/api/auth/sessions").await.ok(200)[0]["id"]);
        let wanted = json!({ "name": "Backup", "scopes": ["read"] });
        let token = text(&owner.post("/api/auth/tokens", &wanted).await.ok(201)["id"]);
        let [_, _, identity] = Ids::of_nothing().keys;
        let ids = Ids {
            keys: [("{sessionId}", session), ("{tokenId}", token), identity],
            tree,
            person,
            other,
            relationship,
            import,
            export,
            upload,
            notification,
            records,
            citation,
        };
        let stranger = Client::signed_up(&server, "stranger@example.org").await;
        let own = text(&stranger.tree().await["id"]);
        let me = stranger.new_member(&json!({ "firstName": "Eve" })).await;
        Self { owner, ids, stranger, own: (own, me), _server: server }
    }

    /// Everything of the owner's that anything could have changed.
    pub async fn picture(&self) -> Vec<Value> {
        let Ids { tree, person, upload, .. } = &self.ids;
        let mut seen = Vec::new();
        for path in [
            format!("/api/family-trees/{tree}"),
            format!("/api/family-trees/{tree}/persons?limit=200"),
            format!("/api/family-trees/{tree}/relationships"),
            format!("/api/family-trees/{tree}/imports"),
            format!("/api/family-trees/{tree}/uploads/{upload}"),
            format!("/api/family-trees/{tree}/exports"),
            format!("/api/persons/{person}/history"),
            format!("/api/persons/{person}/citations"),
            format!("/api/family-trees/{tree}/sources"),
            format!("/api/family-trees/{tree}/repositories"),
            format!("/api/family-trees/{tree}/notes"),
            format!("/api/family-trees/{tree}/media-objects"),
            format!("/api/family-trees/{tree}/submitters"),
            "/api/family-trees".to_owned(),
            "/api/notifications".to_owned(),
            "/api/auth/me".to_owned(),
            "/api/auth/sessions".to_owned(),
            "/api/auth/tokens".to_owned(),
        ] {
            seen.push(self.owner.get(&path).await.ok(200));
        }
        seen
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
