//! The next answer shows what was changed.

use dzinza_tests::eventually;
use serde_json::{Value, json};

use crate::family::{Family, gedcom};

impl Family {
    async fn relate(&self, one: &str, two: &str, kind: &str, key: &str, word: &str) -> String {
        let body = json!({ "person1Id": self.id(one), "person2Id": self.id(two), "type": kind, key: word, "familyTreeId": self.tree });
        let path = format!("/api/family-trees/{}/relationships", self.tree);
        self.owner.post(&path, &body).await.ok(201)["id"].as_str().unwrap().to_owned()
    }

    async fn change(&self, name: &str, fields: Value) {
        self.owner.put(&self.path(&format!("/api/persons/{{{name}}}")), &fields).await.ok(200);
    }

    async fn add(&mut self, fields: Value) {
        let mut fields = fields;
        fields["familyTreeId"] = json!(self.tree);
        self.owner.new_member(&fields).await;
        self.meet().await;
    }

    /// How many ancestors and descendants somebody has.
    async fn counts(&self, name: &str) -> (u64, u64) {
        let mut counts = Vec::new();
        for list in ["ancestors", "descendants"] {
            let all = self.get(&format!("/api/persons/{{{name}}}/{list}/all")).await;
            counts.push(all["total"].as_u64().unwrap());
        }
        (counts[0], counts[1])
    }

    async fn problems(&self) -> Vec<String> {
        let told = self.get("/api/family-trees/{tree}/kinship/problems").await;
        let each = told["problems"].as_array().unwrap().iter();
        each.map(|one| format!("{}: {}", one["problem"].as_str().unwrap(), self.names(&one["persons"])))
            .collect()
    }
}

#[tokio::test]
async fn persons_and_ties_that_are_made_and_removed_show_at_once() {
    let mut family = Family::moyo().await;
    assert_eq!(family.counts("Tinashe").await, (10, 0));
    family.add(json!({ "firstName": "Kuda", "gender": "female", "birthDate": "1975" })).await;
    assert_eq!(
        (family.word("Tinashe", "Kuda", "en").await.as_str(), family.counts("Kuda").await),
        ("unrelated", (0, 0))
    );
    let tie = family.relate("Tinashe", "Kuda", "ParentChild", "parentalRole", "BiologicalFather").await;
    assert_eq!(family.counts("Kuda").await, (11, 0));
    assert_eq!(family.word("Kuda", "Tichafa", "en").await, "great-great-great-grandfather");
    assert_eq!(family.word("Tinashe", "Kuda", "en").await, "daughter");
    let path = format!("/api/relationships/{tie}");
    family.owner.put(&path, &json!({ "parentalRole": "AdoptiveFather" })).await.ok(200);
    assert_eq!(family.word("Tinashe", "Kuda", "en").await, "adopted daughter");
    let by_birth = family.get("/api/persons/{Kuda}/ancestors/all?lines=birth").await;
    assert_eq!(by_birth["total"], 0);
    assert_eq!(family.owner.delete(&path).await.status, 204);
    assert_eq!(
        (family.word("Tinashe", "Kuda", "en").await.as_str(), family.counts("Kuda").await),
        ("unrelated", (0, 0))
    );

    let union = family.relate("Tatenda", "Kuda", "Spousal", "status", "Married").await;
    assert_eq!(family.word("Tatenda", "Kuda", "en").await, "wife");
    assert_eq!(family.word("Tinashe", "Kuda", "en").await, "sister-in-law");
    let path = format!("/api/relationships/{union}");
    family.owner.put(&path, &json!({ "status": "Divorced" })).await.ok(200);
    assert_eq!(family.word("Tatenda", "Kuda", "en").await, "ex-wife");
    family.owner.delete(&path).await;
    assert_eq!(family.word("Tatenda", "Kuda", "en").await, "unrelated");
    // The simple API removes by the pair.
    family.relate("Nyasha", "Kuda", "ParentChild", "parentalRole", "BiologicalMother").await;
    assert_eq!(family.word("Nyasha", "Kuda", "en").await, "daughter");
    let pair =
        json!({ "person1Id": family.id("Nyasha"), "person2Id": family.id("Kuda"), "type": "PARENT_CHILD" });
    family.owner.delete_with("/api/relationships", &pair).await;
    assert_eq!(family.word("Nyasha", "Kuda", "en").await, "unrelated");
}

#[tokio::test]
async fn who_is_deleted_is_nobodys_kin_any_more() {
    let family = Family::moyo().await;
    assert_eq!((family.counts("Tinashe").await, family.counts("Tichafa").await), ((10, 0), (0, 22)));
    assert_eq!(family.word("Kudzai", "Ruva", "en").await, "first cousin");
    let path = family.path("/api/persons/{Chenjerai}");
    assert_eq!(family.owner.delete(&path).await.status, 204);
    assert_eq!(family.counts("Tichafa").await, (0, 16));
    assert_eq!(family.word("Kudzai", "Ruva", "en").await, "wife");
    assert_eq!(family.word("Tendai", "Ruva", "en").await, "sister");
    family.ask("/api/persons/{Ruva}/relationship/{Chenjerai}").await.problem(404);
    family.ask("/api/persons/{Chenjerai}/relatives").await.problem(404);
    let close = family.get("/api/family-trees/{tree}/kinship/consanguinity").await;
    assert_eq!((&close["total"], &close["totalPersons"]), (&json!(0), &json!(34)));
}

#[tokio::test]
async fn sex_and_birth_that_are_changed_change_words_and_problems() {
    let family = Family::moyo().await;
    assert_eq!(family.word("Chenjerai", "Farai", "sn").await, "munin'ina");
    family.change("Farai", json!({ "birthDate": "1871" })).await;
    assert_eq!(family.word("Chenjerai", "Farai", "sn").await, "mukoma");
    family.change("Farai", json!({ "birthDate": "ABT 1871" })).await;
    // By the house of his mother, for nobody knows who is older.
    assert_eq!(family.word("Chenjerai", "Farai", "sn").await, "munin'ina");
    family.change("Farai", json!({ "gender": "female" })).await;
    assert_eq!(family.word("Chenjerai", "Farai", "sn").await, "hanzvadzi");
    assert_eq!(family.word("Anesu", "Farai", "en").await, "mother");

    assert_eq!(family.problems().await, Vec::<String>::new());
    family.change("Kudzai", json!({ "birthDate": "1875" })).await;
    // The mother may be born in the same year, and is certainly too young; the father is too young by the dates as well.
    assert_eq!(
        family.problems().await,
        ["parent_too_young: Tonderai Kudzai", "parent_too_young: Tambudzai Kudzai"]
    );
    family.change("Kudzai", json!({ "birthDate": "1874" })).await;
    assert_eq!(
        family.problems().await,
        ["parent_too_young: Tonderai Kudzai", "parent_not_older: Tambudzai Kudzai"]
    );
    family.change("Kudzai", json!({ "birthDate": "AFT 1874" })).await;
    assert_eq!(family.problems().await, Vec::<String>::new());

    // The history takes it back.
    family.change("Kudzai", json!({ "birthDate": "1860" })).await;
    let history = family.get("/api/persons/{Kudzai}/history").await;
    let before = history
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["data"]["birthDate"] == "1901" || entry["data"]["dateOfBirth"] == "1901");
    let version = before.unwrap_or_else(|| panic!("{history}"))["version"].clone();
    assert_eq!(family.problems().await.len(), 2);
    family
        .owner
        .post(&family.path("/api/persons/{Kudzai}/revert"), &json!({ "version": version }))
        .await
        .ok(200);
    assert_eq!(family.problems().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_import_shows_when_it_is_done_and_goes_when_it_is_undone() {
    let mut family = Family::moyo().await;
    assert_eq!(family.counts("Tichafa").await, (0, 22));
    let islands = async |family: &Family| {
        family.get("/api/family-trees/{tree}/kinship/islands").await["islands"].as_array().unwrap().len()
    };
    assert_eq!(islands(&family).await, 2);
    let more = gedcom("Paradzai M 1960/2000\nMaidei F 1990/2005\nParadzai + - - > Maidei");
    let import = family.owner.upload_gedcom(&family.tree, more).await.ok(200);
    family.meet().await;
    assert_eq!(
        (islands(&family).await, family.word("Paradzai", "Maidei", "en").await.as_str()),
        (3, "daughter")
    );
    family.relate("Tinashe", "Maidei", "GuardianChild", "parentalRole", "Guardian").await;
    assert_eq!((islands(&family).await, family.counts("Tichafa").await), (2, (0, 23)));
    let path = format!("/api/family-trees/{}/imports/{}", family.tree, import["id"].as_str().unwrap());
    assert_eq!(family.owner.delete(&path).await.status, 202);
    // At once, not only when everything is removed.
    assert_eq!((islands(&family).await, family.counts("Tichafa").await), (2, (0, 22)));
    family.ask("/api/persons/{Tinashe}/relationship/{Maidei}").await.problem(404);
    eventually("the end of the import", async || {
        let import = family.owner.get(&path).await.ok(200);
        (import["status"] == "undone").then_some(())
    })
    .await;
    assert_eq!((islands(&family).await, family.counts("Tichafa").await), (2, (0, 22)));

    let path = format!("/api/family-trees/{}/imports/{}", family.tree, family.import);
    assert_eq!(family.owner.delete(&path).await.status, 202);
    assert_eq!(islands(&family).await, 0);
}
