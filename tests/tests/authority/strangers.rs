//! What is private is not there for a stranger: not to be read, changed, or told from what never was.

use dzinza_tests::Answer;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Ids, Operation, World, operations};

/// Operations that name nothing of anybody's: they are about the caller alone.
const ABOUT_THE_CALLER: &[&str] = &[
    "DELETE /api/auth/profile/avatar",
    "DELETE /api/notifications/all",
    "GET /api/auth/export-data",
    "GET /api/auth/me",
    "GET /api/auth/passkeys",
    "GET /api/family-trees",
    "GET /api/notifications",
    "GET /api/notifications/summary",
    "GET /api/users/me",
    "PATCH /api/auth/profile",
    "PATCH /api/notifications/mark-all-read",
    "POST /api/auth/change-password",
    "POST /api/auth/deactivate",
    "POST /api/auth/delete-account",
    "POST /api/auth/logout-all",
    "POST /api/auth/mfa/backup-codes/regenerate",
    "POST /api/auth/mfa/disable",
    "POST /api/auth/mfa/setup",
    "POST /api/auth/mfa/verify",
    "POST /api/auth/passkeys/register",
    "POST /api/auth/passkeys/register/options",
    "POST /api/auth/profile/avatar",
    "POST /api/auth/resend-verification",
    "POST /api/family-trees",
    "POST /api/family-trees/restore",
    "POST /api/notifications/mark-all-read",
    "PUT /api/users/me",
];

/// Operations that name something in their query or body; [`named`] has a request for each.
const BY_QUERY_OR_BODY: &[&str] = &[
    "DELETE /api/relationships",
    "GET /api/events",
    "GET /api/genealogy/family-tree",
    "GET /api/persons",
    "GET /api/persons/search",
    "GET /api/relationships",
    "POST /api/genealogy/members",
    "POST /api/persons",
    "POST /api/relationships",
];

#[tokio::test]
async fn this_test_knows_every_operation() {
    let world = World::new("private").await;
    let all = operations(&world.owner).await;
    let others = all.iter().filter(|one| !one.public && !one.names_something() && !one.is_administration());
    let mut others: Vec<String> = others.map(Operation::name).collect();
    others.sort();
    let mut known: Vec<&str> = [ABOUT_THE_CALLER, BY_QUERY_OR_BODY].concat();
    known.sort_unstable();
    assert_eq!(others, known, "say of a new operation what it names");
}

/// What an answer tells: nothing else of it may differ between what is there and what is not.
fn told(answer: &Answer) -> (u16, Value, Value, Value) {
    let body = &answer.body;
    (answer.status, body["error"].clone(), body["message"].clone(), body["errors"].clone())
}

#[tokio::test]
async fn a_stranger_finds_nothing_of_a_private_tree_by_any_path() {
    let world = World::new("private").await;
    let before = world.picture().await;
    let owner = world.owner.user_id.clone();
    let claims =
        [("x-user-id", owner.as_str()), ("x-user-email", "owner@example.org"), ("x-user-roles", "admin")];
    for operation in operations(&world.owner).await.iter().filter(|one| one.names_something()) {
        let name = operation.name();
        for headers in [&[][..], &claims] {
            let answer = world.ids.call(&world.stranger, operation, headers).await;
            // The contract lets a notification's existence be known.
            let expected = if operation.is_notification() { 403 } else { 404 };
            assert_eq!(answer.status, expected, "{name}: {}", answer.text());
            let random = Ids::of_nothing().call(&world.stranger, operation, headers).await;
            if !operation.is_notification() {
                assert_eq!(told(&answer), told(&random), "{name}");
            }
            random.problem(404);
            answer.problem(expected);
        }
        if operation.path.matches('{').count() > 1 {
            // The owner's person, relationship and import below the stranger's own tree.
            let mixed = Ids { tree: world.own.0.clone(), ..world.ids.clone() };
            mixed.call(&world.stranger, operation, &[]).await.problem(404);
        }
    }
    assert_eq!(world.picture().await, before);
}

/// Requests that name a tree or a person beside the path, all by someone whose own tree and person are `own`.
fn named(ids: &Ids, own: &(String, String)) -> Vec<(Method, String, Option<Value>)> {
    let Ids { tree, person, other, .. } = ids;
    let (own_tree, me) = own;
    let mut all = Vec::new();
    for key in ["treeId", "familyTreeId", "tree_id"] {
        for path in [
            "/api/events",
            "/api/genealogy/family-tree",
            "/api/persons",
            "/api/persons/search",
            "/api/relationships",
        ] {
            all.push((Method::GET, format!("{path}?{key}={tree}&name=Nehanda"), None));
        }
        for path in ["/api/genealogy/members", "/api/persons"] {
            all.push((Method::POST, path.to_owned(), Some(json!({ "firstName": "Eve", key: tree }))));
        }
    }
    for (one, two) in [(person, other), (me, person), (person, me)] {
        for kind in ["SPOUSE", "PARENT_CHILD"] {
            for tree in [None, Some(tree), Some(own_tree)] {
                let pair = json!({ "person1Id": one, "person2Id": two, "type": kind, "familyTreeId": tree });
                all.push((Method::POST, "/api/relationships".to_owned(), Some(pair.clone())));
                all.push((Method::DELETE, "/api/relationships".to_owned(), Some(pair)));
            }
            let pair = json!({ "person1Id": one, "person2Id": two, "type": kind });
            all.push((Method::POST, format!("/api/family-trees/{own_tree}/relationships"), Some(pair)));
        }
    }
    all
}

#[tokio::test]
async fn a_stranger_finds_nothing_of_a_private_tree_by_query_or_body() {
    let world = World::new("private").await;
    let before = world.picture().await;
    let caller = &world.stranger;
    let real = named(&world.ids, &world.own);
    let random = named(&Ids::of_nothing(), &world.own);
    for ((method, path, body), (_, other_path, other_body)) in real.into_iter().zip(random) {
        let ask = async |path: &str, body: &Option<Value>| match body {
            Some(body) => caller.send(caller.request(method.clone(), path).json(body)).await,
            None => caller.get(path).await,
        };
        let answer = ask(&path, &body).await;
        assert_eq!(answer.status, 404, "{method} {path} {body:?}: {}", answer.text());
        let nothing = ask(&other_path, &other_body).await;
        assert_eq!(told(&answer), told(&nothing), "{method} {path} {body:?}");
        answer.problem(404);
    }
    assert_eq!(world.picture().await, before);
}

#[tokio::test]
async fn a_strangers_own_tree_takes_nobody_from_another() {
    let world = World::new("private").await;
    let before = world.picture().await;
    let (own, me) = &world.own;
    let caller = &world.stranger;
    let links = |ids: &Ids| {
        vec![
            (
                Method::PUT,
                format!("/api/family-trees/{own}"),
                json!({ "rootPersonId": ids.person }),
                "rootPersonId",
            ),
            (
                Method::POST,
                "/api/genealogy/members".into(),
                json!({ "firstName": "X", "parentIds": [ids.person] }),
                "parentIds",
            ),
            (
                Method::PUT,
                format!("/api/persons/{me}"),
                json!({ "biologicalMotherId": ids.person }),
                "biologicalMotherId",
            ),
            (
                Method::PUT,
                format!("/api/persons/{me}"),
                json!({ "legalParents": [{ "parentId": ids.person }] }),
                "legalParents",
            ),
        ]
    };
    for ((method, path, body, field), (_, _, random, _)) in
        links(&world.ids).into_iter().zip(links(&Ids::of_nothing()))
    {
        let answer = caller.send(caller.request(method.clone(), &path).json(&body)).await;
        let nothing = caller.send(caller.request(method, &path).json(&random)).await;
        assert_eq!(told(&answer), told(&nothing), "{field}");
        answer.field(field);
    }
    // Someone of another tree has no relationships in this one.
    for person in [&world.ids.person, &Ids::of_nothing().person] {
        let listed =
            caller.get(&format!("/api/relationships?familyTreeId={own}&personId={person}")).await.ok(200);
        assert_eq!((&listed["relationships"], &listed["total"]), (&json!([]), &json!(0)));
    }
    let tree = caller.tree().await;
    assert_eq!((tree["members"].as_array().unwrap().len(), &tree["relationships"]), (1, &json!([])));
    assert_eq!(world.picture().await, before);
}

#[tokio::test]
async fn what_a_stranger_lists_is_the_strangers() {
    let world = World::new("private").await;
    let (before, caller) = (world.picture().await, &world.stranger);
    assert_eq!(caller.get("/api/persons/search?name=Nehanda").await.ok(200), json!([]));
    assert_eq!(caller.get("/api/family-trees?search=Nyaka").await.ok(200)["total"], 0);
    assert_eq!(caller.get("/api/family-trees").await.ok(200)["total"], 1);
    assert_eq!(caller.get("/api/notifications").await.ok(200)["total"], 0);
    let of_a_person = format!("/api/events?relatedPersonId={}", world.ids.person);
    assert_eq!(caller.get(&of_a_person).await.ok(200)["total"], 0);
    caller.send(caller.request(Method::PATCH, "/api/notifications/mark-all-read")).await.ok(200);
    caller.delete("/api/notifications/all").await.ok(200);
    caller.post("/api/auth/logout-all", &json!({})).await.ok(200);
    assert_eq!(world.picture().await, before);
}
