//! Many clients at the same things at the same moment: nothing is lost, nothing is there twice, and the numbers agree.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dzinza_tests::{Answer, Client, Server};
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

const CLIENTS: usize = 16;
/// One for each client.
const FIELDS: [&str; CLIENTS] = [
    "middleName",
    "nickName",
    "placeOfBirth",
    "placeOfDeath",
    "occupation",
    "biography",
    "notes",
    "totem",
    "praiseName",
    "clan",
    "prefix",
    "suffix",
    "maidenName",
    "causeOfDeath",
    "tribe",
    "lastName",
];

/// The owner of a tree, sixteen times, each with connections of its own.
async fn devices(server: &Server) -> Vec<Client> {
    let first = Client::signed_up(server, "rudo@example.org").await;
    (0..CLIENTS).map(|_| Client::at(server.url()).with_token(&first.access)).collect()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Asserts that the server did not fail, and that this is one of the answers that may be.
#[track_caller]
fn one_of(answer: &Answer, statuses: &[u16]) {
    assert!(
        statuses.contains(&answer.status),
        "{} is none of {statuses:?}: {}",
        answer.status,
        answer.text()
    );
}

/// Sends until nobody else interferes: what conflicts is told so, and must be as if it had not been asked for.
async fn insist(client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    for _ in 0..100 {
        let answer = client.send(client.request(method.clone(), path).json(body)).await;
        if answer.status != 409 {
            return answer;
        }
    }
    panic!("{method} {path} conflicts for ever");
}

async fn member(client: &Client, fields: Value) -> String {
    let made = insist(client, Method::POST, "/api/genealogy/members", &fields).await;
    text(&made.ok(201)["id"])
}

async fn relate(client: &Client, one: &str, two: &str, kind: &str) -> Answer {
    let body = json!({ "person1Id": one, "person2Id": two, "type": kind });
    client.post("/api/genealogy/relationships", &body).await
}

async fn statuses(requests: impl IntoIterator<Item = impl Future<Output = Answer>>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in join_all(requests).await {
        assert!(answer.status < 500, "{}", answer.text());
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}

/// Reads the whole tree and asserts that it agrees with itself; answers the persons' ids.
async fn whole_tree(owner: &Client) -> BTreeSet<String> {
    let tree = owner.tree().await;
    let id = text(&tree["id"]);
    let set = |list: &Value| {
        list.as_array().expect("a list").iter().map(|one| text(&one["id"])).collect::<BTreeSet<_>>()
    };
    let (people, links) = (set(&tree["members"]), set(&tree["relationships"]));
    assert_eq!(tree["members"].as_array().map(Vec::len), Some(people.len()), "nobody is there twice");
    assert_eq!(tree["relationships"].as_array().map(Vec::len), Some(links.len()), "nothing is there twice");
    let statistics = &owner.get(&format!("/api/family-trees/{id}")).await.ok(200)["statistics"];
    assert_eq!(
        (&statistics["totalPersons"], &statistics["totalRelationships"]),
        (&json!(people.len()), &json!(links.len()))
    );
    for (what, expected) in [("persons", &people), ("relationships", &links)] {
        let mut listed = BTreeSet::new();
        for page in 1..=expected.len().div_ceil(100) {
            let path = format!("/api/family-trees/{id}/{what}?limit=100&page={page}");
            let body = owner.get(&path).await.ok(200);
            assert_eq!(body["total"], expected.len(), "{what}");
            listed.extend(set(&body["items"]));
        }
        assert_eq!(&listed, expected, "{what}");
    }
    let mut pairs = BTreeSet::new();
    for link in tree["relationships"].as_array().unwrap() {
        let (one, two) = (text(&link["person1Id"]), text(&link["person2Id"]));
        assert!(people.contains(&one) && people.contains(&two), "someone is missing: {link}");
        let symmetric = link["type"] == "SPOUSE";
        let ordered = if symmetric && two < one { (two, one) } else { (one, two) };
        assert!(pairs.insert((link["type"].to_string(), ordered)), "twice: {link}");
    }
    people
}

/// The numbers of a person's history, which must be 1 to n.
async fn versions(owner: &Client, person: &str) -> usize {
    let history = owner.get(&format!("/api/persons/{person}/history")).await.ok(200);
    let numbers: Vec<usize> =
        history.as_array().unwrap().iter().map(|entry| entry["version"].as_u64().unwrap() as usize).collect();
    assert_eq!(numbers, (1..=numbers.len()).rev().collect::<Vec<_>>(), "without gaps or doubles");
    numbers.len()
}

/// What all clients write to.
struct Shared {
    tree: String,
    people: Vec<String>,
    /// Persons whom some relate while others remove them.
    doomed: Vec<String>,
}

const ROUNDS: usize = 4;

/// One client's part; answers the persons it made and did not remove.
async fn writes(client: &Client, number: usize, shared: &Shared) -> Vec<String> {
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        for person in &shared.people {
            let change = json!({ FIELDS[number]: format!("{number} in round {round}") });
            one_of(&insist(client, Method::PUT, &format!("/api/persons/{person}"), &change).await, &[200]);
        }
        let parent = &shared.people[(number + round) % shared.people.len()];
        let child =
            member(client, json!({ "firstName": format!("Child {number}.{round}"), "parentIds": [parent] }))
                .await;
        let partner = member(client, json!({ "firstName": format!("Partner {number}.{round}") })).await;
        one_of(&relate(client, &child, &partner, "SPOUSE").await, &[201]);
        let doomed = &shared.doomed[(number / 2 * ROUNDS + round) % shared.doomed.len()];
        if number.is_multiple_of(2) {
            one_of(&relate(client, doomed, &partner, "PARENT_CHILD").await, &[201, 404, 409]);
        } else {
            one_of(&client.delete(&format!("/api/genealogy/members/{doomed}")).await, &[204, 404]);
        }
        if round.is_multiple_of(2) {
            one_of(
                &insist(client, Method::DELETE, &format!("/api/persons/{child}"), &json!({})).await,
                &[204],
            );
        } else {
            kept.push(child);
        }
        kept.push(partner);
    }
    kept
}

/// A file with a chain of fathers and sons.
fn chain(people: usize) -> String {
    let mut file = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n".to_owned();
    for n in 1..=people {
        let _ = write!(file, "0 @I{n}@ INDI\n1 NAME Farai{n} /Dube/\n1 SEX M\n");
    }
    for n in 1..people {
        let _ = write!(file, "0 @F{n}@ FAM\n1 HUSB @I{n}@\n1 CHIL @I{}@\n", n + 1);
    }
    file + "0 TRLR\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_clients_write_to_one_tree_and_nothing_is_lost() {
    const CHAIN: usize = 300;
    let server = Server::start().await;
    let clients = devices(&server).await;
    let owner = &clients[0];
    let mut shared = Shared { tree: text(&owner.tree().await["id"]), people: Vec::new(), doomed: Vec::new() };
    for name in ["Chipo", "Tendai", "Rudo", "Farai"] {
        shared.people.push(owner.new_member(&json!({ "firstName": name })).await);
    }
    for n in 0..CLIENTS / 2 * ROUNDS {
        shared.doomed.push(owner.new_member(&json!({ "firstName": format!("Doomed {n}") })).await);
    }
    let writing =
        join_all(clients.iter().enumerate().map(|(number, client)| writes(client, number, &shared)));
    // And somebody imports a file into it all.
    let (kept, imported) = tokio::join!(writing, owner.upload_gedcom(&shared.tree, chain(CHAIN)));
    let imported = imported.ok(200);
    assert_eq!((&imported["status"], &imported["individualsImported"]), (&json!("completed"), &json!(CHAIN)));

    let people = whole_tree(owner).await;
    let kept: BTreeSet<String> = kept.into_iter().flatten().collect();
    let expected = shared.people.iter().chain(&kept);
    expected.for_each(|id| assert!(people.contains(id), "{id} is lost"));
    assert_eq!(
        people.len(),
        shared.people.len() + kept.len() + CHAIN,
        "removed ones are back, or doomed ones live"
    );
    for id in &shared.people {
        let person = owner.get(&format!("/api/persons/{id}")).await.ok(200);
        for (number, field) in FIELDS.iter().enumerate() {
            assert_eq!(person[*field], format!("{number} in round {}", ROUNDS - 1), "{field} of {person}");
        }
        assert_eq!(versions(owner, id).await, 1 + CLIENTS * ROUNDS, "one entry for each acknowledged change");
    }
    for id in &kept {
        assert_eq!(versions(owner, id).await, 1);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_equal_relationships_exactly_one_is_made() {
    let server = Server::start().await;
    let clients = devices(&server).await;
    let owner = &clients[0];
    owner.tree().await;
    let once = BTreeMap::from([(201, 1), (409, CLIENTS - 1)]);
    for _ in 0..10 {
        let one = owner.new_member(&json!({ "firstName": "Chipo", "gender": "female" })).await;
        let two = owner.new_member(&json!({ "firstName": "Tendai", "gender": "male" })).await;
        let spouses = clients.iter().enumerate().map(|(number, client)| {
            // A marriage is the same from either side.
            let (one, two) = if number % 2 == 0 { (&one, &two) } else { (&two, &one) };
            relate(client, one, two, "SPOUSE")
        });
        assert_eq!(statuses(spouses).await, once);
        let child = owner.new_member(&json!({ "firstName": "Rudo" })).await;
        assert_eq!(
            statuses(clients.iter().map(|client| relate(client, &one, &child, "PARENT_CHILD"))).await,
            once
        );
    }
    assert_eq!(whole_tree(owner).await.len(), 30);
    assert_eq!(owner.tree().await["relationships"].as_array().map(Vec::len), Some(20));
    server.stop().await;
}

/// Makes one the parent of another, in one of the ways there are.
async fn make_parent(client: &Client, parent: &str, child: &str, way: usize) -> Answer {
    let path = format!("/api/persons/{child}");
    match way {
        0 => relate(client, parent, child, "PARENT_CHILD").await,
        1 => client.put(&path, &json!({ "biologicalMotherId": parent })).await,
        _ => {
            let legal = json!([{ "parentId": parent, "relationshipType": "Adoptive" }]);
            client.put(&path, &json!({ "legalParents": legal })).await
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_parents_who_only_together_make_a_loop_never_both_are_accepted() {
    let server = Server::start().await;
    let clients = devices(&server).await;
    let owner = &clients[0];
    owner.tree().await;
    for round in 0..50 {
        let make = async |name| owner.new_member(&json!({ "firstName": name, "gender": "female" })).await;
        let (one, two, three, four) =
            (make("One").await, make("Two").await, make("Three").await, make("Four").await);
        relate(owner, &one, &two, "PARENT_CHILD").await.ok(201);
        relate(owner, &three, &four, "PARENT_CHILD").await.ok(201);
        let (first, second) = tokio::join!(
            make_parent(&clients[1], &two, &three, round % 3),
            make_parent(&clients[2], &four, &one, round / 3 % 3),
        );
        one_of(&first, &[200, 201, 400]);
        one_of(&second, &[200, 201, 400]);
        let accepted = [&first, &second].iter().filter(|answer| answer.status != 400).count();
        assert_eq!(accepted, 1, "round {round}: {} and {}", first.text(), second.text());
        let above = owner.get(&format!("/api/persons/{one}/ancestors?generations=10")).await.ok(200);
        let below = owner.get(&format!("/api/persons/{one}/descendants?generations=10")).await.ok(200);
        let around = [&above, &below].map(|walk| walk["totalPersons"].as_u64().unwrap());
        assert_eq!(around.iter().sum::<u64>(), 3, "round {round}: {above} {below}");
    }
    whole_tree(owner).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_changes_to_one_version_exactly_one_wins() {
    let server = Server::start().await;
    let clients = devices(&server).await;
    let owner = &clients[0];
    owner.tree().await;
    let id = owner.new_member(&json!({ "firstName": "Rudo" })).await;
    let path = format!("/api/persons/{id}");
    let mut tags = BTreeSet::new();
    for round in 0..20 {
        let tag = owner.get(&path).await.header("etag").expect("an ETag").to_owned();
        assert!(tags.insert(tag.clone()), "{tag} again");
        let answers = join_all(clients.iter().enumerate().map(|(number, client)| {
            let change = json!({ "nickName": format!("{number} in round {round}") });
            client.send(client.request(Method::PUT, &path).header("if-match", tag.as_str()).json(&change))
        }))
        .await;
        let winners: Vec<usize> = (0..CLIENTS).filter(|number| answers[*number].status == 200).collect();
        for answer in &answers {
            one_of(answer, &[200, 409, 412]);
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        let person = owner.get(&path).await;
        assert_eq!(person.header("etag"), answers[winners[0]].header("etag"));
        assert_eq!(person.ok(200)["nickName"], format!("{} in round {round}", winners[0]));
    }
    assert_eq!(versions(owner, &id).await, 21);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_requests_of_a_new_account_make_one_tree_together() {
    let server = Server::start().await;
    for account in 0..20 {
        let owner = Client::signed_up(&server, &format!("new{account}@example.org")).await;
        let first = |number: usize| {
            let owner = owner.clone();
            async move {
                match (account % 2, number % 4) {
                    (1, 1) => text(&owner.get("/api/family-trees").await.ok(200)["items"][0]["id"]),
                    (1, 3) => text(
                        &owner.post("/api/genealogy/members", &json!({ "firstName": "Rudo" })).await.ok(201)
                            ["treeId"],
                    ),
                    _ => text(&owner.tree().await["id"]),
                }
            }
        };
        let trees: BTreeSet<String> = join_all((0..CLIENTS).map(first)).await.into_iter().collect();
        assert_eq!(trees.len(), 1, "account {account}: {trees:?}");
        assert_eq!(owner.get("/api/family-trees").await.ok(200)["total"], 1);
        assert_eq!(whole_tree(&owner).await.len(), account % 2 * CLIENTS / 4);
    }
    server.stop().await;
}
