//! Lists of kin, and questions about a whole tree.

use serde_json::{Value, json};

use crate::family::Family;

/// A nested answer as `Name(relationship level: those beyond)`; `+` marks who is shown elsewhere.
fn nest(family: &Family, list: &Value, key: &str) -> String {
    let each = list.as_array().unwrap().iter().map(|entry| {
        let name = family.name(&entry["person"]["id"]);
        let again = if entry["repeated"] == true { "+" } else { "" };
        let beyond = nest(family, &entry[key], key);
        let beyond = if beyond.is_empty() { beyond } else { format!(": {beyond}") };
        format!("{name}{again}({} {}{beyond})", entry["relationship"].as_str().unwrap(), entry["level"])
    });
    each.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn ancestors_and_descendants_of_a_few_generations_are_nested() {
    let family = Family::moyo().await;
    let up = family.get("/api/persons/{Tinashe}/ancestors?generations=2").await;
    assert_eq!(
        nest(&family, &up["ancestors"], "parents"),
        "Tawanda(BiologicalFather 1: Kudzai(BiologicalFather 2) Ruva(BiologicalMother 2)) Lindiwe(BiologicalMother 1)"
    );
    assert_eq!(
        (&up["generations"], &up["totalPersons"], &up["complete"]),
        (&json!(2), &json!(4), &json!(true))
    );
    assert_eq!(family.name(&up["rootPerson"]["id"]), "Tinashe");
    let up = family.get("/api/persons/{Tinashe}/ancestors").await;
    let told = nest(&family, &up["ancestors"], "parents");
    // The ancestors of cousins who married are shown once.
    assert_eq!((told.matches("Tichafa(").count(), told.matches("Tichafa+(").count()), (1, 1), "{told}");
    assert_eq!((&up["generations"], &up["totalPersons"]), (&json!(5), &json!(10)));

    let down = family.get("/api/persons/{Anesu}/descendants").await;
    assert_eq!(nest(&family, &down["descendants"], "children"), "Themba(Child 1) Zodwa(Child 1)");
    assert_eq!(down["descendants"][0]["parentalRole"], "StepFather");
    assert_eq!(down["descendants"][1]["parentalRole"], "BiologicalFather");
    let down = family.get("/api/persons/{Tendai}/descendants?lines=birth").await;
    assert_eq!(nest(&family, &down["descendants"], "children"), "Nyasha(Child 1) Simba(Child 1)");
    let down = family.get("/api/persons/{Tendai}/descendants?lines=legal").await;
    assert_eq!(family.names(&down["descendants"]), "Nyasha Simba Peter");
}

#[tokio::test]
async fn all_ancestors_come_in_one_list_with_their_generation() {
    let family = Family::moyo().await;
    let all = family.get("/api/persons/{Tinashe}/ancestors/all").await;
    assert_eq!(
        family.names(&all["persons"]),
        "Tawanda Lindiwe Kudzai Ruva Tonderai Tambudzai Chenjerai Sarudzai Tichafa Nehanda"
    );
    assert_eq!((&all["total"], &all["generations"]), (&json!(10), &json!(4)));
    let told = all["persons"].as_array().unwrap().iter().map(|one| {
        let via = family.name(&one["via"]);
        format!("{}{}x{} {}", one["generation"], via, one["ways"], one["parentalRole"].as_str().unwrap())
    });
    assert_eq!(
        told.skip(6).collect::<Vec<_>>(),
        [
            "3Ruvax1 BiologicalFather",
            "3Ruvax1 BiologicalMother",
            "4Tambudzaix2 BiologicalFather",
            "4Tambudzaix2 BiologicalMother"
        ]
    );
    let all = family.get("/api/persons/{Tinashe}/ancestors/all?generations=1").await;
    assert_eq!((family.names(&all["persons"]).as_str(), &all["generations"]), ("Tawanda Lindiwe", &json!(1)));
    let none = family.get("/api/persons/{Tichafa}/ancestors/all").await;
    assert_eq!(none, json!({ "total": 0, "generations": 0, "persons": [] }));
}

#[tokio::test]
async fn all_descendants_come_eldest_first_and_by_the_page() {
    let family = Family::moyo().await;
    let all = family.get("/api/persons/{Tichafa}/descendants/all").await;
    let told = family.names(&all["persons"]);
    assert_eq!(
        told,
        "Chenjerai Tambudzai Farai Garikai Mavis Tendai Ruva Kudzai Thandi Anesu Chipo Blessing Jabu Sipho \
         Nyasha Simba Peter Tawanda Themba Zodwa Tinashe Tatenda"
    );
    let role = |name: &str| {
        let found = all["persons"].as_array().unwrap().iter().find(|one| one["firstName"] == name);
        found.unwrap()["parentalRole"].clone()
    };
    assert_eq!(
        [role("Peter"), role("Blessing"), role("Themba"), role("Tawanda")],
        ["AdoptiveFather", "Guardian", "StepFather", "BiologicalMother"]
    );
    for (lines, total) in [("birth", 19), ("legal", 20), ("all", 22)] {
        let some = family.get(&format!("/api/persons/{{Tichafa}}/descendants/all?lines={lines}")).await;
        assert_eq!(some["total"], total, "{lines}");
        assert_eq!(some["persons"].as_array().unwrap().len(), total, "{lines}");
    }
    let mut paged = Vec::new();
    for page in 1..=5 {
        let some = family.get(&format!("/api/persons/{{Tichafa}}/descendants/all?page={page}&limit=5")).await;
        assert_eq!((&some["total"], &some["pagination"]["pages"]), (&json!(22), &json!(5)));
        assert_eq!((&some["generations"], &some["items"]), (&json!(4), &some["persons"]));
        paged.push(family.names(&some["persons"]));
    }
    assert_eq!(paged.join(" "), told);
    let beyond = family.get("/api/persons/{Tichafa}/descendants/all?page=6&limit=5").await;
    assert_eq!((&beyond["persons"], &beyond["total"]), (&json!([]), &json!(22)));
}

#[tokio::test]
async fn relatives_come_by_degree() {
    let family = Family::moyo().await;
    let near = family.get("/api/persons/{Tawanda}/relatives?degrees=2").await;
    assert_eq!(
        family.names(&near["relatives"]),
        "Kudzai Ruva Tinashe Tatenda Tonderai Tambudzai Chenjerai Sarudzai"
    );
    let told: Vec<String> = near["relatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}:{}-{} {} {}",
                one["degree"],
                one["up"],
                one["down"],
                family.name(&one["via"]),
                one["term"]["word"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(told[..3], ["1:1-0 Tawanda father", "1:1-0 Tawanda mother", "1:0-1 Tawanda son"]);
    assert_eq!(told[7], "2:2-0 Ruva grandmother");
    let wide = family.get("/api/persons/{Tawanda}/relatives?degrees=1&partners=true&lang=sn").await;
    assert_eq!(family.names(&wide["relatives"]), "Kudzai Ruva Tinashe Tatenda Lindiwe");
    let wife = &wide["relatives"][4];
    assert_eq!(
        (&wife["partner"], &wife["degree"], &wife["term"]["word"]),
        (&json!(true), &json!(0), &json!("mukadzi"))
    );
    // Half-siblings and their children, uncles and cousins, each page in its place.
    let all = family.get("/api/persons/{Farai}/relatives?lines=birth").await;
    let mut paged = Vec::new();
    for page in 1..=all["total"].as_u64().unwrap().div_ceil(4) {
        let some =
            family.get(&format!("/api/persons/{{Farai}}/relatives?lines=birth&limit=4&page={page}")).await;
        paged.push(family.names(&some["relatives"]));
    }
    assert_eq!(paged.join(" "), family.names(&all["relatives"]));
    assert!(!paged.concat().contains("Blessing"));
}

#[tokio::test]
async fn a_whole_tree_has_islands_problems_and_consanguinity() {
    let family = Family::moyo().await;
    let islands = family.get("/api/family-trees/{tree}/kinship/islands").await;
    let sizes: Vec<&Value> =
        islands["islands"].as_array().unwrap().iter().map(|island| &island["size"]).collect();
    assert_eq!((sizes, &islands["total"]), (vec![&json!(33), &json!(2)], &json!(2)));
    assert_eq!(family.names(&islands["islands"][1]["persons"]), "Chaka Dudu");
    let second = family.get("/api/family-trees/{tree}/kinship/islands?limit=1&page=2").await;
    assert_eq!(second["islands"], json!([islands["islands"][1]]));

    let problems = family.get("/api/family-trees/{tree}/kinship/problems").await;
    assert_eq!((&problems["problems"], &problems["total"]), (&json!([]), &json!(0)));

    let close = family.get("/api/family-trees/{tree}/kinship/consanguinity").await;
    assert_eq!(family.names(&close["persons"]), "Tawanda");
    assert_eq!((&close["persons"][0]["inbreeding"], &close["totalPersons"]), (&json!(0.0625), &json!(35)));
    assert!((close["mean"].as_f64().unwrap() - 0.0625 / 35.0).abs() < 1e-12);
}

#[tokio::test]
async fn suggestions_name_those_who_may_be_kin_and_are_not_yet() {
    let family = Family::moyo().await;
    let told = family.get("/api/relationships/suggestions/{Tendai}").await;
    assert_eq!(family.name(&told["person"]["id"]), "Tendai");
    let list = told["suggestions"].as_array().unwrap();
    let of = |word: &str| {
        let some: Vec<Value> = list.iter().filter(|one| one["suggestionType"] == word).cloned().collect();
        let mut names: Vec<String> =
            some.iter().map(|one| family.name(&one["person"]["id"]).to_owned()).collect();
        names.sort();
        (
            names.join(" "),
            some.iter().all(|one| one["confidence"] == some[0]["confidence"]),
            some[0]["confidence"].clone(),
        )
    };
    // Father, sister and children are kin already.
    assert_eq!(of("same_surname"), ("Anesu Chipo Farai Tambudzai Tichafa".to_owned(), true, json!(0.7)));
    let (names, same, confidence) = of("contemporary");
    assert!(names.contains("Vusa") && names.contains("Chaka") && !names.contains("Rosa"), "{names}");
    assert!(!names.contains("Ruva") && same && confidence == json!(0.5) && list.len() <= 20, "{names}");
}

#[tokio::test]
async fn the_chart_of_a_tree_nests_parents_partners_and_children() {
    let family = Family::moyo().await;
    let chart =
        family.get("/api/relationships/family-tree/{tree}/chart?rootPersonId={Tawanda}&generations=1").await;
    let data = &chart["chartData"];
    assert_eq!(family.name(&data["person"]["id"]), "Tawanda");
    let lists = ["parents", "children", "spouses"].map(|key| family.names(&data[key]));
    assert_eq!(lists, ["Kudzai Ruva", "Tinashe Tatenda", "Lindiwe"]);
    let levels = ["parents", "children"].map(|key| data[key][0]["level"].as_i64().unwrap());
    assert_eq!((data["level"].as_i64(), levels), (Some(0), [-1, 1]));
    let about = &chart["metadata"];
    assert_eq!((&about["totalPersons"], &about["generations"]), (&json!(6), &json!(1)));
    assert_eq!(
        (&chart["familyTree"]["id"], family.name(&chart["rootPerson"]["id"])),
        (&json!(family.tree), "Tawanda")
    );
    // Without a root it begins with the first person of the tree.
    let whole = family.get("/api/relationships/family-tree/{tree}/chart?generations=8").await;
    assert_eq!(family.name(&whole["rootPerson"]["id"]), "Tichafa");
    assert_eq!(family.names(&whole["chartData"]["spouses"]), "Nehanda Rudo Sekai");
}
