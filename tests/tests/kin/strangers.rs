//! What a stranger may learn of a public tree from questions of kin: two families that differ in nothing but what is
//! not for them give one and the same answer.

use dzinza_tests::{Answer, Client};
use serde_json::Value;

use crate::family::Family;

/// Everybody below `Papa` is alive. In braces, what the two families have of which a stranger must not see which.
const FAMILY: &str = "
    Grandfather M 1850/1920
    Senior F 1855/1925
    Junior F 1860/1930
    Papa M 1880/1960
    Uncle M 1882/1961
    Mama F 1890/1970
    Aunt F 1884/1962
    Hiddenkid {M|F} {1990|1993}/-
    Hiddentwo F {1993|1990}/-
    Hiddenthree {F|M} {1991|-}/-
    Hiddenfriend {F|U} {1992|AFT_1985}/-
    Grandfather + Senior {1875|1895} > Papa Aunt{|:foster}
    Grandfather + Junior {1890|-} > Uncle
    Papa + Mama {1955|~1955} > Hiddenkid Hiddentwo{|:adopted} Hiddenthree{|:guardian}
    Uncle + - - > Hiddenthree{:step|}
    Hiddenkid + Hiddenfriend {2015|~2016} >
";

fn version(second: bool) -> String {
    let mut text = String::new();
    let mut rest = FAMILY;
    while let Some((before, (choice, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let (one, two) = choice.split_once('|').unwrap();
        text.extend([before, if second { two } else { one }]);
        rest = after;
    }
    text + rest
}

/// Every question of kin that names these persons.
fn questions(names: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for one in names {
        for list in [
            "ancestors",
            "ancestors?lines=birth",
            "descendants",
            "descendants?lines=legal",
            "ancestors/all",
            "ancestors/all?lines=birth",
            "ancestors/all?page=1&limit=1",
            "descendants/all",
            "descendants/all?lines=legal",
            "relatives?degrees=4&partners=true",
            "relatives?lines=birth&lang=sn&page=2&limit=2",
        ] {
            all.push(format!("/api/persons/{{{one}}}/{list}"));
        }
        all.push(format!("/api/relationships/suggestions/{{{one}}}"));
        all.push(format!("/api/relationships/family-tree/{{tree}}/chart?rootPersonId={{{one}}}"));
        for other in names {
            for question in [
                "",
                "?lang=sn",
                "/paths",
                "/paths?lines=all&marriages=true&lang=sn",
                "/paths?limit=1&lines=birth",
            ] {
                all.push(format!("/api/persons/{{{one}}}/relationship/{{{other}}}{question}"));
            }
        }
    }
    all
}

/// What is answered, with names for ids, and without moments and the tree's own data.
fn plain(family: &Family, names: &[&str], mut answer: Value) -> String {
    strip(&mut answer);
    let mut text = answer.to_string();
    for (at, name) in names.iter().enumerate() {
        text = text.replace(family.id(name), &format!("#{at}"));
    }
    // Ids of relationships are new each time.
    let is_id = |word: &&str| word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4;
    let text = text.replace(&family.tree, "#tree");
    text.split('"').map(|word| if is_id(&word) { "#" } else { word }).collect::<Vec<_>>().join("\"")
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| {
                !["createdAt", "updatedAt", "generatedAt", "familyTree", "userId"].contains(&key.as_str())
            });
            // By id, and ids are new each time.
            if let Some(Value::Object(persons)) = object.get_mut("persons") {
                let mut sorted: Vec<Value> = persons.values().cloned().collect();
                sorted.sort_by_key(|person| person["id"].to_string());
                object.insert("persons".to_owned(), Value::Array(sorted));
            }
            object.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

async fn stranger(family: &Family) -> Client {
    Client::signed_up(&family.server, "stranger@example.org").await
}

#[tokio::test]
async fn births_unions_and_the_living_make_no_difference_to_a_stranger() {
    let (one, two) =
        (Family::new(&version(false), "public").await, Family::new(&version(true), "public").await);
    let strangers = [stranger(&one).await, stranger(&two).await];
    let names: Vec<&str> = FAMILY
        .lines()
        .filter(|line| line.contains('/'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names.len(), 11);
    let mut differ = 0;
    for question in questions(&names) {
        let ask =
            async |client: &Client, family: &Family| -> Answer { client.get(&family.path(&question)).await };
        let seen = [ask(&strangers[0], &one).await, ask(&strangers[1], &two).await];
        assert!(!seen[0].text().to_lowercase().contains("hidden"), "{question}: {}", seen[0].text());
        let [first, second] = seen.map(|answer| answer.ok(200));
        assert_eq!(plain(&one, &names, first), plain(&two, &names, second), "{question}");
        let known = [ask(&one.owner, &one).await.ok(200), ask(&two.owner, &two).await.ok(200)];
        differ += usize::from(plain(&one, &names, known[0].clone()) != plain(&two, &names, known[1].clone()));
    }
    assert!(differ > 100, "the two families hardly differ: {differ}");
}

#[tokio::test]
async fn a_stranger_learns_who_is_kin_and_of_the_dead_in_which_words() {
    let family = Family::new(&version(true), "public").await;
    let stranger = stranger(&family).await;
    let ask = async |path: &str| stranger.get(&family.path(path)).await.ok(200);
    let adopted = ask("/api/persons/{Papa}/relationship/{Hiddentwo}").await;
    assert_eq!(
        (&adopted["kind"], &adopted["term"]["word"], &adopted["other"]["name"]),
        (&"descent".into(), &"child".into(), &"Living".into())
    );
    assert_eq!((adopted.get("half"), &adopted["path"][1]["how"]), (None, &Value::Null));
    let uncle = ask("/api/persons/{Hiddentwo}/relationship/{Uncle}?lang=sn").await;
    assert_eq!(uncle["terms"]["en"]["word"], "half-uncle");
    // Both are dead, and shown with their births.
    assert_eq!(uncle["term"]["word"], "babamunini");
    let living = ask("/api/persons/{Hiddenkid}/relationship/{Hiddentwo}?lang=sn").await;
    assert_eq!(
        (&living["term"]["exact"], &living["terms"]["en"]["word"]),
        (&false.into(), &"sibling".into())
    );
    let wives = ask("/api/persons/{Papa}/relationship/{Junior}?lang=sn").await;
    assert_eq!(wives["term"]["form"], "choice", "{}", wives["term"]);
    let union = ask("/api/persons/{Papa}/relationship/{Mama}").await;
    assert_eq!((&union["partners"], &union["term"]["word"]), (&"partner".into(), &"wife".into()));
}

#[tokio::test]
async fn what_is_worked_out_from_births_alone_is_for_members() {
    let family = Family::new(&version(true), "public").await;
    let stranger = stranger(&family).await;
    for path in ["islands", "problems", "consanguinity"] {
        let path = format!("/api/family-trees/{{tree}}/kinship/{path}");
        stranger.get(&family.path(&path)).await.problem(403);
    }
    let path = family.path("/api/persons/{Papa}/relationship/{Hiddentwo}?coefficients=true");
    stranger.get(&path).await.problem(403);
    assert_eq!(family.owner.get(&path).await.ok(200)["coefficients"]["kinship"], 0.0);
}
