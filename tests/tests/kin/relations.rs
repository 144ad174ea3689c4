//! How two persons are related, in numbers and in words.

use serde_json::{Value, json};

use crate::family::Family;

/// `kind up-down unions` and the names on the way.
fn told(family: &Family, relation: &Value) -> String {
    let path = family.names(&relation["path"]);
    format!(
        "{} {}-{} {} {path}",
        relation["kind"].as_str().unwrap(),
        relation["up"],
        relation["down"],
        relation["unions"]
    )
}

#[tokio::test]
async fn every_kind_of_relation_is_told() {
    let family = Family::moyo().await;
    for (one, two, wanted, half, common) in [
        ("Tawanda", "Tichafa", "blood 3-0 0 Tawanda Kudzai Tambudzai Tichafa", false, "Tichafa"),
        ("Tichafa", "Tawanda", "blood 0-3 0 Tichafa Tambudzai Kudzai Tawanda", false, "Tichafa"),
        ("Chenjerai", "Tambudzai", "blood 1-1 0 Chenjerai Tichafa Tambudzai", false, "Tichafa Nehanda"),
        ("Chenjerai", "Farai", "blood 1-1 0 Chenjerai Tichafa Farai", true, "Tichafa"),
        ("Tendai", "Anesu", "blood 2-2 0 Tendai Chenjerai Tichafa Farai Anesu", true, "Tichafa"),
        ("Zodwa", "Themba", "blood 1-1 0 Zodwa Noma Themba", true, "Noma"),
        ("Peter", "Nyasha", "adoptive 1-1 0 Peter Tendai Nyasha", false, "Tendai Rosa"),
        ("Themba", "Anesu", "step 1-0 0 Themba Anesu", false, "Anesu"),
        ("Blessing", "Garikai", "guardian 1-0 0 Blessing Garikai", false, "Garikai"),
        ("Nehanda", "Rudo", "marriage 0-0 2 Nehanda Tichafa Rudo", false, ""),
        ("Tonderai", "Farai", "marriage 1-1 1 Tonderai Tambudzai Tichafa Farai", false, ""),
        ("Anesu", "Noma", "marriage 0-0 1 Anesu Noma", false, ""),
        ("Tendai", "Tendai", "self 0-0 0 Tendai", false, "Tendai"),
    ] {
        let relation = family.get(&format!("/api/persons/{{{one}}}/relationship/{{{two}}}")).await;
        assert_eq!(
            (told(&family, &relation).as_str(), &relation["related"]),
            (wanted, &json!(true)),
            "{one} {two}"
        );
        assert_eq!(
            (&relation["half"], family.names(&relation["commonAncestors"]).as_str()),
            (&json!(half), common),
            "{one} {two}"
        );
        assert_eq!(
            (family.name(&relation["person"]["id"]), family.name(&relation["other"]["id"])),
            (one, two)
        );
    }
    let none = family.get("/api/persons/{Chaka}/relationship/{Tichafa}").await;
    assert_eq!((&none["related"], &none["also"], none.get("term")), (&json!(false), &json!([]), None));
}

#[tokio::test]
async fn words_come_in_three_languages_and_none_is_guessed() {
    let family = Family::moyo().await;
    let wanted = [
        "Simba > Tichafa: great-grandfather, tateguru, ukhokho",
        "Tawanda > Tichafa: great-grandfather, baba vamai vababa vako, ukhokho",
        "Chenjerai > Tambudzai: sister, hanzvadzi, udadewethu",
        "Farai > Chenjerai: half-brother, mukoma, umnewethu",
        "Tendai > Farai: half-uncle, babamunini, ubabomncane",
        "Tendai > Tambudzai: aunt, tete, ubabakazi",
        "Tendai > Sekai: step-grandmother, mainini wababa vako, umamomncane kababa wakho",
        "Farai > Nehanda: stepmother, maiguru, umamomdala",
        "Chenjerai > Rudo: stepmother, mainini, umamomncane",
        "Kudzai > Chenjerai: uncle, sekuru, umalume",
        "Chenjerai > Kudzai: nephew, muzukuru, umtshana",
        "Nehanda > Rudo: co-wife, mukadzinyina, inkosikazi yomyeni wakho",
        "Tonderai > Farai: your wife's half-brother, tsano, umlamu",
        // Nobody says how these two live together.
        "Sarudzai > Nehanda: your partner's mother, vamwene, umamezala",
        "Themba > Anesu: stepfather, murume wamai vako, umyeni kamama wakho",
        // Nobody knows who is older, but his mother came to the house later.
        "Tendai > Garikai: half-uncle, babamunini, ubabomncane",
        // One was born in 1950, the other in March of that year.
        "Tinashe > Tatenda: brother, mukoma kana munin'ina, umfowethu",
        "Tinashe > Chaka: unrelated, unrelated, unrelated",
    ];
    let mut told = Vec::new();
    for line in wanted {
        let (one, two) = line.split_once(':').unwrap().0.split_once(" > ").unwrap();
        let mut words = Vec::new();
        for language in ["en", "sn", "nd"] {
            words.push(family.word(one, two, language).await);
        }
        told.push(format!("{one} > {two}: {}", words.join(", ")));
    }
    assert_eq!(told.join("\n"), wanted.join("\n"));
    let brothers = family.get("/api/persons/{Tinashe}/relationship/{Tatenda}?lang=sn").await;
    let term = &brothers["term"];
    assert_eq!(
        (&term["form"], &term["exact"], &term["language"]),
        (&json!("choice"), &json!(false), &json!("sn"))
    );
    assert_eq!(term["literal"], "brother");
    assert_eq!((&brothers["term"], &brothers["terms"]["sn"]), (&brothers["terms"]["sn"], term));
    let uncle = family.get("/api/persons/{Tendai}/relationship/{Farai}?lang=sn").await;
    assert_eq!(uncle["term"]["literal"], "father's younger half-brother");
}

#[tokio::test]
async fn cousins_who_married_are_cousins_and_partners() {
    let family = Family::moyo().await;
    let relation = family.get("/api/persons/{Kudzai}/relationship/{Ruva}?coefficients=true").await;
    assert_eq!(told(&family, &relation), "blood 2-2 0 Kudzai Tambudzai Tichafa Chenjerai Ruva");
    assert_eq!(
        (&relation["term"]["word"], &relation["partners"]),
        (&json!("first cousin"), &json!("joined"))
    );
    assert_eq!(family.names(&relation["commonAncestors"]), "Tichafa Nehanda");
    assert_eq!(relation["also"].as_array().unwrap().len(), 1);
    let also = &relation["also"][0];
    assert_eq!(
        (told(&family, also).as_str(), &also["term"]["word"]),
        ("marriage 0-0 1 Kudzai Ruva", &json!("wife"))
    );
    assert_eq!(
        relation["coefficients"],
        json!({ "kinship": 0.0625, "relationship": 0.125, "inbreeding": [0.0, 0.0] })
    );
    let coefficients = async |one: &str, two: &str| {
        let path = format!("/api/persons/{{{one}}}/relationship/{{{two}}}?coefficients=1");
        family.get(&path).await["coefficients"].clone()
    };
    let child = coefficients("Tawanda", "Tawanda").await;
    assert_eq!((&child["kinship"], &child["inbreeding"]), (&json!(0.53125), &json!([0.0625, 0.0625])));
    assert_eq!(coefficients("Tendai", "Anesu").await["kinship"], 0.03125);
    assert_eq!(coefficients("Peter", "Nyasha").await["kinship"], 0.0);
    assert_eq!(coefficients("Chaka", "Nyasha").await["kinship"], 0.0);
}

/// All pages of so many paths each, and how many pages there were.
async fn pages(family: &Family, path: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut all, mut count) = (Vec::new(), 0);
    let mut cursor = String::new();
    loop {
        let page = family.get(&format!("{path}&limit={limit}{cursor}")).await;
        all.extend(page["paths"].as_array().unwrap().iter().cloned());
        count += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, count),
        }
    }
}

#[tokio::test]
async fn all_paths_come_shortest_first_and_page_by_page() {
    let family = Family::moyo().await;
    let way = "/api/persons/{Kudzai}/relationship/{Ruva}/paths?lines=all";
    let page = family.get(way).await;
    assert_eq!(
        (&page["total"], &page["totalIsExact"], &page["cut"], &page["next"]),
        (&json!(2), &json!(true), &json!(false), &Value::Null)
    );
    let told: Vec<String> =
        page["paths"].as_array().unwrap().iter().map(|path| family.names(&path["path"])).collect();
    assert_eq!(told, ["Kudzai Tambudzai Tichafa Chenjerai Ruva", "Kudzai Tambudzai Nehanda Chenjerai Ruva"]);
    let first = &page["paths"][0];
    assert_eq!((&first["length"], &first["term"]["word"]), (&json!(4), &json!("first cousin")));
    let steps: Vec<&Value> = first["path"].as_array().unwrap().iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, [&Value::Null, &json!("parent"), &json!("parent"), &json!("child"), &json!("child")]);
    assert_eq!(page["persons"][family.id("Tichafa")]["name"], "Tichafa Moyo");

    let by_marriage = "/api/persons/{Tinashe}/relationship/{Rosa}/paths?marriages=true&lines=all";
    for way in [way, by_marriage, "/api/persons/{Kudzai}/relationship/{Ruva}/paths?marriages=true"] {
        let (all, _) = pages(&family, way, 100).await;
        let lengths: Vec<u64> = all.iter().map(|path| path["length"].as_u64().unwrap()).collect();
        assert!(lengths.len() > 1, "{way}");
        for limit in [1, 2] {
            let (paged, count) = pages(&family, way, limit).await;
            assert_eq!(paged, all, "{way}");
            assert!(count >= all.len() / limit, "{way}");
        }
    }
    let none = family.get("/api/persons/{Chaka}/relationship/{Ruva}/paths").await;
    assert_eq!((&none["paths"], &none["total"], &none["next"]), (&json!([]), &json!(0), &Value::Null));
    // By birth alone an adopted child has none.
    let adopted = "/api/persons/{Peter}/relationship/{Nyasha}/paths";
    assert_eq!(family.get(adopted).await["total"], 0);
    assert_eq!(family.get(&format!("{adopted}?lines=legal")).await["total"], 2);
}
