//! A family of five generations, told in lines of text, and asking about it by names.

use std::collections::HashMap;
use std::fmt::Write as _;

use dzinza_tests::{Answer, Client, Server};
use serde_json::Value;

/// Persons as `Name/Surname sex birth/death` (`-` where nothing is known, `_` for a blank, `Y` for dead), families as
/// `Husband + Wife date > Child Child:pedigree` (`~` before the date of those who live together).
pub const MOYO: &str = "
    Tichafa/Moyo M 1850/1920
    Nehanda F 1853/1930
    Rudo F -/1935
    Sekai F 1870/1940
    Chenjerai/Moyo M 1872/1940
    Tambudzai/Moyo F 1875/1950
    Farai/Moyo M 1882/1960
    Mavis F -/Y
    Garikai M BEF_1900/1961
    Sarudzai F -/Y
    Hama M -/Y
    Jabu M 1915/1980
    Sipho M 1917/1981
    Tonderai/Dube M 1870/1930
    Kudzai/Dube M 1901/1970
    Thandi/Dube F 1903/1980
    Tendai/Moyo M 1900/1970
    Ruva/Moyo F 1904/1975
    Anesu/Moyo M 1910/1990
    Chipo/Moyo F 1912/1992
    Rosa F 1905/1990
    Nyasha/Moyo F 1930/2000
    Simba/Moyo M MAR_1932/2001
    Tawanda/Dube M 1925/1999
    Lindiwe F 1928/2005
    Tinashe/Dube M 1950/2010
    Tatenda/Dube M MAR_1950/2011
    Peter M 1935/2012
    Blessing F 1940/2013
    Noma F 1908/1988
    Vusa M 1900/1935
    Themba M 1930/2000
    Zodwa F 1938/2015
    Chaka M 1900/1950
    Dudu F 1905/1955
    Tichafa + Nehanda 1870 > Chenjerai Tambudzai
    Tichafa + Rudo 1880 > Farai
    Tichafa + Sekai 1890 > Mavis Garikai
    Chenjerai + Sarudzai - > Tendai Ruva
    Tonderai + Tambudzai 1898 > Kudzai Thandi
    Farai + - - > Anesu Chipo
    Hama + Mavis - > Jabu Sipho
    Tendai + Rosa 1928 > Nyasha Simba Peter:adopted
    Kudzai + Ruva 1924 > Tawanda
    Tawanda + Lindiwe 1949 > Tinashe Tatenda
    Vusa + Noma - > Themba
    Anesu + Noma ~1936 > Zodwa Themba:step
    Garikai + - - > Blessing:guardian
    Chaka + Dudu 1925 >
";

/// The file that says what the lines say.
pub fn gedcom(text: &str) -> String {
    let lines = || text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut records: Vec<(String, String)> = Vec::new();
    for words in lines() {
        let [name, sex @ ("M" | "F" | "U"), dates] = words[..] else { continue };
        let (given, surname) = name.split_once('/').map_or((name, None), |(given, rest)| (given, Some(rest)));
        let surname = surname.map(|surname| format!(" /{surname}/")).unwrap_or_default();
        let mut record = format!("0 @{given}@ INDI\n1 NAME {given}{surname}\n1 SEX {sex}\n");
        let (birth, death) = dates.split_once('/').unwrap_or((dates, "-"));
        if birth != "-" {
            writeln!(record, "1 BIRT\n2 DATE {}", birth.replace('_', " ")).unwrap();
        }
        match death {
            "-" => {}
            "Y" => record.push_str("1 DEAT Y\n"),
            year => writeln!(record, "1 DEAT\n2 DATE {year}").unwrap(),
        }
        records.push((given.to_owned(), record));
    }
    let mut families = String::new();
    for (at, words) in lines().filter(|words| words.get(1) == Some(&"+")).enumerate() {
        let [husband, _, wife, date, _, ref children @ ..] = words[..] else { panic!("{words:?}") };
        writeln!(families, "0 @F{at}@ FAM").unwrap();
        for (tag, who) in [("HUSB", husband), ("WIFE", wife)] {
            if who != "-" {
                writeln!(families, "1 {tag} @{who}@").unwrap();
            }
        }
        match date.strip_prefix('~') {
            Some(date) => writeln!(families, "1 EVEN\n2 TYPE Living together\n2 DATE {date}").unwrap(),
            None if date != "-" => writeln!(families, "1 MARR\n2 DATE {date}").unwrap(),
            None => {}
        }
        for child in children {
            let (child, word) =
                child.split_once(':').map_or((*child, None), |(child, word)| (child, Some(word)));
            writeln!(families, "1 CHIL @{child}@").unwrap();
            let record = &mut records.iter_mut().find(|(name, _)| name == child).unwrap().1;
            writeln!(record, "1 FAMC @F{at}@").unwrap();
            if let Some(word) = word {
                writeln!(record, "2 PEDI {word}").unwrap();
            }
        }
    }
    let records: String = records.into_iter().map(|(_, record)| record).collect();
    format!("0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n{records}{families}0 TRLR\n")
}

/// A tree with this family in it.
pub struct Family {
    pub server: Server,
    pub owner: Client,
    pub tree: String,
    /// The import that brought it.
    pub import: String,
    ids: HashMap<String, String>,
}

impl Family {
    pub async fn new(text: &str, privacy: &str) -> Self {
        let server = Server::start().await;
        let owner = Client::signed_up(&server, "owner@example.org").await;
        let tree = owner.new_tree("Moyo", privacy).await;
        let import = owner.upload_gedcom(&tree, gedcom(text)).await.ok(200);
        let import = import["id"].as_str().unwrap().to_owned();
        let mut family = Self { server, owner, tree, import, ids: HashMap::new() };
        family.meet().await;
        family
    }

    pub async fn moyo() -> Self {
        Self::new(MOYO, "private").await
    }

    /// Learns the ids of everybody.
    pub async fn meet(&mut self) {
        let path = format!("/api/persons?familyTreeId={}&limit=200", self.tree);
        let listed = self.owner.get(&path).await.ok(200);
        for person in listed["persons"].as_array().unwrap() {
            let [name, id] =
                ["firstName", "id"].map(|key| person[key].as_str().unwrap_or_default().to_owned());
            self.ids.insert(name, id);
        }
    }

    #[track_caller]
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    /// The name that belongs to an id.
    #[track_caller]
    pub fn name(&self, id: &Value) -> &str {
        let found = self.ids.iter().find(|(_, known)| id == known.as_str());
        found.unwrap_or_else(|| panic!("nobody has the id {id}")).0
    }

    /// A path with `{Name}` for ids and `{tree}` for that of the tree.
    pub fn path(&self, path: &str) -> String {
        let mut filled = path.replace("{tree}", &self.tree);
        for (name, id) in &self.ids {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        assert!(!filled.contains('{'), "{filled}");
        filled
    }

    /// What the owner is answered.
    pub async fn ask(&self, path: &str) -> Answer {
        self.owner.get(&self.path(path)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(path).await.ok(200)
    }

    /// The names of these persons, or of the persons in these entries.
    #[track_caller]
    pub fn names(&self, list: &Value) -> String {
        let each = list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|entry| {
            let person = if entry["person"].is_object() { &entry["person"] } else { entry };
            self.name(&person["id"])
        });
        each.collect::<Vec<_>>().join(" ")
    }

    /// What the second is to the first, in a language.
    pub async fn word(&self, one: &str, two: &str, language: &str) -> String {
        let told = self.get(&format!("/api/persons/{{{one}}}/relationship/{{{two}}}?lang={language}")).await;
        if told["related"] == false {
            "unrelated".to_owned()
        } else {
            told["term"]["word"].as_str().unwrap().to_owned()
        }
    }
}
