//! Sources from a file to the API and back: what somebody edits or cites is all that an export has otherwise.
#![cfg(test)]

use dzinza_tests::{Client, Server};
use serde_json::{Value, json};

const FILE: &str = "0 HEAD\n1 SOUR Other\n2 VERS 9\n1 SUBM @U1@\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n\
0 @U1@ SUBM\n1 NAME Rev. Moyo\n\
0 @I1@ INDI\n1 NAME Chaminuka  /Pasipamire/\n2 SOUR @S1@\n1 SEX M\n1 BIRT\n2 DATE 1808\n2 SOUR @S1@\n3 PAGE 12\n3 DATA\n4 TEXT  born\n1 DEAT\n2 DATE 1883\n1 RESI\n2 PLAC Chitungwiza\n1 _ODD x\n1 NOTE @N1@\n1 FAMS @F1@\n\
0 @I2@ INDI\n1 NAME Rudo /Moyo/\n1 SEX F\n1 NOTE inline\n1 OBJE\n2 FILE a.jpg\n1 FAMS @F1@\n\
0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 DATE 1830\n2 SOUR @S1@\n\
0 @S1@ SOUR\n1 TITL Songs of the\n2 CONC  Rozvi\n1 _WHO Anon.\n1 REPO @R1@\n2 CALN 9\n1 NOTE inner\n\
0 @R1@ REPO\n1 NAME Great Zimbabwe\n\
0 @N1@ NOTE Of the dead\n1 CONT line two\n0 TRLR\n";

struct Family {
    server: Server,
    owner: Client,
    tree: String,
}

async fn imported(file: &str) -> Family {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, "rudo@example.org").await;
    let tree = owner.new_tree("Pasipamire", "private").await;
    owner.upload_gedcom(&tree, file).await.ok(200);
    Family { server, owner, tree }
}

impl Family {
    async fn export(&self) -> String {
        self.owner.get(&format!("/api/family-trees/{}/export/gedcom", self.tree)).await.text()
    }

    /// The id of the only record of a kind.
    async fn only(&self, kind: &str) -> String {
        let listed = self.owner.get(&format!("/api/family-trees/{}/{kind}", self.tree)).await.ok(200);
        assert_eq!(listed["total"], 1, "{listed}");
        text(&listed["items"][0]["id"])
    }

    async fn person(&self, name: &str) -> String {
        let path = format!("/api/family-trees/{}/persons?search={name}", self.tree);
        text(&self.owner.get(&path).await.ok(200)["items"][0]["id"])
    }

    fn at(&self, kind: &str, id: &str) -> String {
        format!("/api/family-trees/{}/{kind}/{id}", self.tree)
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn an_export_differs_in_the_lines_that_were_edited_and_no_others() {
    let family = imported(FILE).await;
    let before = family.export().await;
    let source = family.only("sources").await;
    let owner = &family.owner;
    owner.put(&family.at("sources", &source), &json!({ "title": "Songs" })).await.ok(200);
    let mut expected = before.replace("1 TITL Songs of the\n2 CONC  Rozvi\n", "1 TITL Songs\n");
    assert_ne!(expected, before);
    assert_eq!(family.export().await, expected);

    let person = family.person("Chaminuka").await;
    let path = format!("/api/persons/{person}/citations");
    let cite = json!({ "sourceId": source, "fact": "residence", "page": "3", "quality": 2 });
    let made = owner.post(&path, &cite).await.ok(201);
    expected =
        expected.replace("2 PLAC Chitungwiza\n", "2 PLAC Chitungwiza\n2 SOUR @S1@\n3 PAGE 3\n3 QUAY 2\n");
    assert_eq!(family.export().await, expected);

    let birth = owner.get(&path).await.ok(200)["items"].as_array().expect("a list").clone();
    let birth = birth.iter().find(|one| one["fact"] == "birth").expect("cited").clone();
    let one = format!("{path}/{}", text(&birth["id"]));
    assert_eq!(owner.put(&one, &json!({ "page": "13" })).await.ok(200)["id"], birth["id"]);
    expected = expected.replace("3 PAGE 12", "3 PAGE 13");
    assert_eq!(family.export().await, expected);

    // An edit of the person itself leaves what is cited alone.
    owner.put(&format!("/api/persons/{person}"), &json!({ "placeOfDeath": "Gutu" })).await.ok(200);
    expected = expected.replace("2 DATE 1883\n", "2 DATE 1883\n2 PLAC Gutu\n");
    assert_eq!(family.export().await, expected);
    owner.delete(&format!("{path}/{}", text(&made["id"]))).await;
    expected = expected.replace("2 SOUR @S1@\n3 PAGE 3\n3 QUAY 2\n", "");
    assert_eq!(family.export().await, expected);
    family.server.stop().await;
}

#[tokio::test]
async fn new_records_and_citations_of_people_made_here_come_out_as_gedcom() {
    let family = imported(FILE).await;
    let (owner, tree) = (&family.owner, &family.tree);
    let before = family.export().await;
    let repository = family.only("repositories").await;
    let new = json!({ "title": "Oral history", "repositories": [{ "repositoryId": repository }] });
    let source = owner.post(&format!("/api/family-trees/{tree}/sources"), &new).await.ok(201);
    let added = format!("0 {} SOUR\n1 TITL Oral history\n1 REPO @R1@\n", text(&source["xref"]));
    assert_eq!(family.export().await, before.replace("0 TRLR\n", &format!("{added}0 TRLR\n")));

    let form = json!({ "firstName": "Tendai", "middleName": "John", "lastName": "Moyo", "birthDate": "1950-03-12",
        "totem": "Shumba", "occupation": "Smith", "familyTreeId": tree, "isLiving": false });
    let (one, two) = (
        owner.new_member(&form).await,
        owner.new_member(&json!({ "firstName": "Anna", "gender": "female", "familyTreeId": tree })).await,
    );
    let plain = family.export().await;
    for fact in ["birth", "name", "occupation", "person"] {
        let cite = json!({ "sourceId": source["id"], "fact": fact });
        owner.post(&format!("/api/persons/{one}/citations"), &cite).await.ok(201);
    }
    let union = json!({ "person1Id": one, "person2Id": two, "type": "Spousal", "status": "Married", "startDate": "1970" });
    let union = text(&owner.post("/api/relationships", &union).await.ok(201)["id"]);
    for fact in ["marriage", "family"] {
        let cite = json!({ "sourceId": source["id"], "fact": fact, "page": "7" });
        owner.post(&format!("/api/relationships/{union}/citations"), &cite).await.ok(201);
    }
    let line = format!("SOUR {}\n", text(&source["xref"]));
    let exported = family.export().await;
    for below in [
        "1 NAME Tendai John /Moyo/\n2 GIVN Tendai John\n2 SURN Moyo\n2 ",
        "2 DATE 12 MAR 1950\n2 ",
        "1 OCCU Smith\n2 ",
        "2 DATE 1970\n2 ",
    ] {
        assert!(exported.contains(&format!("{below}{line}")), "{below} in {exported}");
    }
    assert_eq!(exported.matches(&format!("\n1 {line}")).count(), 2, "{exported}");
    let lines = |text: &str| text.lines().filter(|line| !line.contains("FAM")).count();
    assert!(plain.lines().all(|line| exported.contains(line)) && lines(&exported) > lines(&plain));

    // And in again, into another tree: every citation is where it was.
    let other = owner.new_tree("Again", "private").await;
    owner.upload_gedcom(&other, exported).await.ok(200);
    let found = owner.get(&format!("/api/family-trees/{other}/sources?search=oral")).await.ok(200);
    let again = text(&found["items"][0]["id"]);
    let cited = owner.get(&format!("/api/family-trees/{other}/sources/{again}/citations")).await.ok(200);
    let facts = |place: usize| -> Vec<String> {
        cited["items"][place]["citations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| text(&one["fact"]))
            .collect()
    };
    assert_eq!(cited["total"], 2, "{cited}");
    assert_eq!(facts(0), ["name", "birth", "occupation", "person"]);
    assert_eq!(facts(1), ["marriage", "family"]);
    family.server.stop().await;
}

#[tokio::test]
async fn going_back_in_history_takes_citations_back_and_undoing_an_import_its_records() {
    let family = imported(FILE).await;
    let owner = &family.owner;
    let (source, person) = (family.only("sources").await, family.person("Rudo").await);
    let path = format!("/api/persons/{person}/citations");
    owner.post(&path, &json!({ "sourceId": source, "fact": "name" })).await.ok(201);
    let cited_by = async || owner.get(&family.at("sources", &source)).await.ok(200)["citedBy"].clone();
    assert_eq!(cited_by().await, 3);
    owner.post(&format!("/api/persons/{person}/revert"), &json!({ "version": 1 })).await.ok(200);
    assert_eq!(owner.get(&path).await.ok(200)["total"], 0);
    assert_eq!(cited_by().await, 2);
    let imports = owner.get(&format!("/api/family-trees/{}/imports", family.tree)).await.ok(200);
    let import = text(&imports["items"][0]["id"]);
    let gone = owner.delete(&format!("/api/family-trees/{}/imports/{import}", family.tree)).await;
    assert!(gone.status < 300, "{}", gone.text());
    owner.get(&family.at("sources", &source)).await.problem(404);
    let listed = owner.get(&format!("/api/family-trees/{}/notes", family.tree)).await.ok(200);
    assert_eq!(listed["total"], 0);
    family.server.stop().await;
}
