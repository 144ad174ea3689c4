//! A public tree shows the dead. Of the living it says that there is someone, and nothing else.

use dzinza_tests::{Answer, Client};
use http::Method;
use serde_json::{Value, json};

use crate::world::{Ids, World, operations};

/// Parts of everything that is told of living persons below; none may reach a stranger.
const SECRETS: &[&str] = &["hidden", "1991", "1993", "1995", "2016", "2013"];

/// Two living persons by import: one with notes, sources and a family, in records of their own.
const LIVING: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n1 SUBM @U1@\n1 NOTE Hiddenhead\n\
    0 @U1@ SUBM\n1 NAME Hiddensubmitter\n\
    0 @I1@ INDI\n1 NAME Hiddenkuda /Hiddenmoyo/\n2 NICK Hiddenku\n1 SEX F\n1 BIRT\n2 DATE 5 MAY 1991\n2 PLAC Hiddenplace\n\
    1 OCCU Hiddenwork\n1 NOTE @N1@\n1 NOTE Hiddeninline\n1 SOUR @S1@\n2 PAGE Hiddenpage\n1 OBJE\n2 FILE hiddenphoto.jpg\n1 FAMS @F1@\n1 FAMC @F2@\n\
    0 @I2@ INDI\n1 NAME Hiddentatenda /Hiddenmoyo/\n1 SEX M\n1 BIRT\n2 DATE 1993\n1 FAMS @F1@\n\
    0 @I3@ INDI\n1 NAME Chaminuka /Pasipamire/\n1 SEX M\n1 BIRT\n2 DATE 1808\n1 DEAT\n2 DATE 1883\n2 SOUR @S2@\n1 FAMS @F2@\n\
    0 @F1@ FAM\n1 WIFE @I1@\n1 HUSB @I2@\n1 MARR\n2 DATE 6 JUN 2016\n2 PLAC Hiddenchapel\n1 NOTE Hiddenfamily\n1 SOUR @S1@\n\
    0 @F2@ FAM\n1 HUSB @I3@\n1 CHIL @I1@\n0 @F3@ FAM\n1 CHIL @I2@\n1 NOTE Hiddenparents\n0 @F4@ FAM\n1 NOTE Hiddennobodys\n\
    0 @N1@ NOTE Hiddennote of the living\n1 CONT Hiddenline\n\
    0 @S1@ SOUR\n1 TITL Hiddensource\n1 TEXT born 1991\n1 REPO @R1@\n0 @R1@ REPO\n1 NAME Hiddenrepository\n\
    0 @R2@ REPO\n1 NAME Great Zimbabwe\n0 @S2@ SOUR\n1 TITL Songs of the Rozvi\n1 REPO @R2@\n0 TRLR\n";

struct Public {
    world: World,
    living: Ids,
}

/// The owner's public tree with the living in it, by form and by file.
async fn public() -> Public {
    let world = World::new("public").await;
    let ids = &world.ids;
    let owner = &world.owner;
    owner.upload_gedcom(&ids.tree, LIVING).await.ok(200);
    let form = json!({ "firstName": "Hiddenrudo", "middleName": "Hiddenmiddle", "lastName": "Hiddenlast", "nickname": "Hiddennick",
        "birthDate": "1995-07-08", "placeOfBirth": "Hiddenclinic", "occupation": "Hiddennurse", "biography": "Hiddenlife",
        "notes": "Hiddenwords", "totem": "Hiddentotem", "praiseName": "Hiddenpraise", "clan": "Hiddenclan", "maidenName": "Hiddenmaiden",
        "identifiers": [{ "type": "Other", "value": "Hiddenid" }], "facts": [{ "type": "x", "value": "Hiddenfact" }],
        "alternateNames": [{ "firstName": "Hiddenother" }], "phoneNumbers": [{ "phoneNumber": "Hiddenphone" }],
        "profileImageUrl": "https://example.org/hidden.jpg", "familyTreeId": ids.tree, "privacy": "public" });
    let living = owner.new_member(&form).await;
    let child = json!({ "person1Id": ids.person, "person2Id": living, "type": "PARENT_CHILD" });
    owner.post("/api/relationships", &child).await.ok(201);
    let union = json!({ "person1Id": ids.person, "person2Id": living, "type": "Spousal", "status": "Separated",
        "startDate": "2016-11-12", "endDate": "2013", "place": "Hiddencourt", "notes": "Hiddenquarrel" });
    let union = owner.post("/api/relationships", &union).await.ok(201);
    owner.put(&format!("/api/persons/{living}"), &json!({ "nickname": "Hiddennick2" })).await.ok(200);
    let relationship = crate::world::text(&union["id"]);
    let living = Ids { person: living, relationship, ..world.ids.clone() };
    Public { world, living }
}

/// What an answer says, in lowercase, without ids, which may hold any digits.
fn words(text: &str) -> Vec<String> {
    let is_id = |word: &str| word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4;
    let within = |c: char| c.is_alphanumeric() || c == '-';
    let words = text.split(|c: char| !within(c)).filter(|word| !is_id(word));
    words.flat_map(|word| word.split('-')).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[track_caller]
fn tells_nothing(what: &str, answer: &Answer) {
    let mut all = words(&answer.text());
    for value in answer.headers.values() {
        all.extend(words(value.to_str().unwrap_or_default()));
    }
    for secret in SECRETS {
        // A year stands alone; a name may be part of a longer word.
        let told = |word: &String| if *secret == "hidden" { word.contains(secret) } else { word == secret };
        assert!(!all.iter().any(told), "{what} tells a stranger of {secret}: {}", answer.text());
    }
}

/// Every reading address, with what makes lists sort, search and page.
fn variants(path: &str) -> Vec<String> {
    let sorts = ["lastName", "name", "birthDate", "dateOfBirth", "updatedAt", "createdAt"];
    let mut all = vec![
        path.to_owned(),
        format!("{path}?page=2&limit=1"),
        format!("{path}?skip=1"),
        format!("{path}?generations=8"),
    ];
    all.extend(
        sorts
            .iter()
            .flat_map(|sort| ["asc", "desc"].map(|order| format!("{path}?sortBy={sort}&sortOrder={order}"))),
    );
    all.extend(["hidden", "living", "a", "1995"].map(|word| format!("{path}?search={word}")));
    all
}

#[tokio::test]
async fn a_stranger_sees_the_dead_of_a_public_tree_and_no_living_person() {
    let Public { world, living } = public().await;
    let (before, caller) = (world.picture().await, &world.stranger);
    for operation in
        operations(caller).await.iter().filter(|one| one.method == Method::GET && one.names_something())
    {
        for ids in [&world.ids, &living] {
            for path in variants(&ids.fill(operation)) {
                let answer = caller.get(&path).await;
                // Records know no names and births to be sorted by.
                let unsorted = answer.status == 400 && path.contains("sortBy=");
                // The citation is of the dead one.
                let not_theirs = answer.status == 404
                    && ["{citationId}", "{exportId}"].iter().any(|end| operation.path.ends_with(end));
                // Without a root there are no generations.
                let rootless =
                    answer.status == 400 && path.contains("/export/") && path.contains("?generations=");
                assert!(
                    unsorted || not_theirs || rootless || matches!(answer.status, 200 | 403),
                    "{path}: {}",
                    answer.text()
                );
                tells_nothing(&path, &answer);
            }
        }
    }
    let tree = &world.ids.tree;
    for start in ["/api/genealogy/family-tree", "/api/persons", "/api/relationships"] {
        for path in variants(start) {
            let path = format!("{path}{}familyTreeId={tree}", if path.contains('?') { '&' } else { '?' });
            tells_nothing(&path, &caller.get(&path).await);
        }
    }
    for name in ["Hiddenrudo", "hidden", "Hiddenkuda", "Living", "Nehanda"] {
        let path = format!("/api/persons/search?name={name}&tree_id={tree}");
        let answer = caller.get(&path).await;
        tells_nothing(&path, &answer);
        let found = answer.ok(200).as_array().unwrap().len();
        assert_eq!(found, usize::from(name == "Nehanda"), "{path}");
    }
    for person in [&world.ids.person, &living.person] {
        let path = format!("/api/relationships?familyTreeId={tree}&personId={person}");
        tells_nothing(&path, &caller.get(&path).await);
    }
    assert_eq!(world.picture().await, before);
}

#[tokio::test]
async fn the_dead_are_shown_on_every_path() {
    let Public { world, living } = public().await;
    let caller = &world.stranger;
    let Ids { tree, person, .. } = &world.ids;
    for path in [
        format!("/api/genealogy/family-tree?treeId={tree}"),
        format!("/api/family-trees/{tree}"),
        format!("/api/family-trees/{tree}/persons"),
        format!("/api/family-trees/{tree}/persons?search=nehanda"),
        format!("/api/persons?familyTreeId={tree}&sortBy=birthDate"),
        format!("/api/persons/{person}"),
        format!("/api/genealogy/members/{person}"),
        format!("/api/persons/{}/ancestors", living.person),
        format!("/api/persons/{person}/descendants"),
        format!("/api/family-trees/{tree}/export/gedcom"),
    ] {
        let seen = caller.get(&path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        assert!(seen.text().contains("Nehanda"), "{path}: {}", seen.text());
    }
    let file = caller.get(&format!("/api/family-trees/{tree}/export/gedcom")).await.text();
    // A source may speak of the living beside the dead: sources are for those inside.
    assert!(!file.contains("Great Zimbabwe") && !file.contains("Songs of the Rozvi"), "{file}");
    // Of the living the tree says that there is someone, so that the dead hang together.
    let tree = caller.get(&format!("/api/genealogy/family-tree?treeId={tree}")).await.ok(200);
    let shown =
        tree["members"].as_array().unwrap().iter().find(|member| member["id"] == living.person.as_str());
    let shown = shown.expect("someone");
    assert_eq!(
        (&shown["name"], &shown["birthDate"], &shown["parentIds"]),
        (&json!("Living"), &Value::Null, &json!([person]))
    );
}

#[tokio::test]
async fn records_that_speak_of_the_living_are_not_there_for_strangers() {
    let Public { world, living } = public().await;
    let (owner, caller, tree) = (&world.owner, &world.stranger, &world.ids.tree);
    let source = &world.ids.records[0].1;
    for (kind, total, hidden) in
        [("sources", 3, 1), ("repositories", 3, 1), ("notes", 2, 1), ("media-objects", 1, 0)]
    {
        let path = format!("/api/family-trees/{tree}/{kind}");
        let listed = owner.get(&path).await.ok(200);
        assert_eq!(listed["total"], total, "{kind}");
        assert_eq!(caller.get(&path).await.ok(200)["total"], total - hidden, "{kind}");
        for record in listed["items"].as_array().unwrap() {
            let told = record.to_string().contains("Hidden");
            for tail in ["", "/citations"] {
                let one = format!("{path}/{}{tail}", crate::world::text(&record["id"]));
                let answer = caller.get(&one).await;
                tells_nothing(&one, &answer);
                assert_eq!(answer.status, if told { 404 } else { 200 }, "{one}: {}", answer.text());
            }
        }
    }
    // One that was of the dead alone is cited for a living person: it is not told of any more, nor is its citation.
    let cite = json!({ "sourceId": source, "page": "Hiddenpage" });
    owner.post(&format!("/api/persons/{}/citations", living.person), &cite).await.ok(201);
    for path in [
        format!("/api/family-trees/{tree}/sources/{source}"),
        format!("/api/persons/{}/citations/{}", world.ids.person, world.ids.citation),
    ] {
        caller.get(&path).await.problem(404);
    }
    let cited = caller.get(&format!("/api/persons/{}/citations", living.person)).await;
    tells_nothing("citations of the living", &cited);
    assert_eq!(cited.ok(200)["total"], 0);
}

#[tokio::test]
async fn a_stranger_may_look_at_a_public_tree_and_change_nothing() {
    let Public { world, living } = public().await;
    let (before, caller) = (world.picture().await, &world.stranger);
    for operation in operations(caller).await.iter().filter(|one| one.method != Method::GET && !one.public) {
        let of_tree =
            operation.names_something() && !operation.is_notification() && !operation.is_of_account();
        let by_body = ["/api/persons", "/api/relationships", "/api/genealogy/members"]
            .contains(&operation.path.as_str());
        if !of_tree && !by_body {
            continue;
        }
        for ids in [&world.ids, &living] {
            let answer = ids.call(caller, operation, &[("x-user-id", &world.owner.user_id)]).await;
            // A stranger may take along what a stranger may see, by a file of their own and nobody else's.
            let expected = match operation.path.rsplit_once("/exports") {
                Some((_, "")) => 202,
                Some(_) => 404,
                None => 403,
            };
            assert_eq!(answer.status, expected, "{}: {}", operation.name(), answer.text());
            tells_nothing(&operation.name(), &answer);
        }
    }
    assert_eq!(world.picture().await, before);
}

/// The names of a list, in its order; those without a name as nothing.
async fn order(caller: &Client, path: &str) -> Vec<String> {
    let listed = caller.get(path).await.ok(200);
    listed["persons"].as_array().unwrap().iter().map(|person| crate::world::text(&person["id"])).collect()
}

#[tokio::test]
async fn the_order_of_a_list_does_not_tell_what_the_list_hides() {
    let world = World::new("public").await;
    let (owner, tree) = (&world.owner, &world.ids.tree);
    let settings = json!({ "settings": { "showLivingPersons": true } });
    owner.put(&format!("/api/family-trees/{tree}"), &settings).await.ok(200);
    let mut by_name = Vec::new();
    for (name, year) in [("Cc", 1992), ("Ee", 1990), ("Aa", 1995), ("Dd", 1991), ("Bb", 1994), ("Ff", 1993)] {
        let form = json!({ "lastName": name, "birthDate": format!("{year}"), "familyTreeId": tree });
        by_name.push((name, year, owner.new_member(&form).await));
    }
    by_name.sort();
    let mut by_year = by_name.clone();
    by_year.sort_by_key(|(_, year, _)| *year);
    for (sort, sorted) in
        [("lastName", &by_name), ("name", &by_name), ("birthDate", &by_year), ("dateOfBirth", &by_year)]
    {
        let path = format!("/api/persons?familyTreeId={tree}&sortBy={sort}&limit=200");
        let told: Vec<&String> = sorted.iter().map(|(_, _, id)| id).collect();
        let keep = |all: Vec<String>| all.into_iter().filter(|id| told.contains(&id)).collect::<Vec<_>>();
        assert_eq!(keep(order(owner, &path).await).iter().collect::<Vec<_>>(), told, "{sort}");
        let seen = keep(order(&world.stranger, &path).await);
        assert!(seen.is_empty() || seen.iter().collect::<Vec<_>>() != told, "sorted by a hidden {sort}");
    }
}
