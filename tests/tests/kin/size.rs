//! A tree of three thousand: what is answered, against plain counting over the lists of persons and relationships.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;

use serde_json::Value;

use crate::family::Family;

const PEOPLE: usize = 3000;
const GENERATION: usize = 300;

/// Numbers that are the same every time (Knuth's linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Generations that marry among themselves, husbands of one to three wives, some children adopted, fostered or with a
/// guardian beside their parents.
fn population() -> String {
    let mut dice = Dice(7);
    let (mut persons, mut families) = (String::new(), String::new());
    for at in 0..PEOPLE {
        let sex = if at % 2 == 0 { 'M' } else { 'F' };
        let year = 1600 + at / GENERATION * 25 + dice.below(12);
        writeln!(persons, "P{at:04} {sex} {year}/{}", year + 60).unwrap();
    }
    for first in (GENERATION..PEOPLE).step_by(GENERATION) {
        // Of the generation before, each woman has a husband, who may have other wives.
        let mut children: Vec<Vec<String>> = vec![Vec::new(); GENERATION / 2];
        for at in first..first + GENERATION {
            // Some have come from elsewhere.
            if dice.below(8) > 0 {
                children[dice.below(GENERATION / 2)].push(format!("P{at:04}"));
            }
            if dice.below(15) == 0 {
                let word = ["adopted", "foster", "step", "guardian"][dice.below(4)];
                children[dice.below(GENERATION / 2)].push(format!("P{at:04}:{word}"));
            }
        }
        for (at, children) in children.iter().enumerate() {
            let wife = first - GENERATION + at * 2 + 1;
            let husband = first - GENERATION + dice.below(GENERATION / 2) * 2;
            let mut known = HashSet::new();
            let own = children.iter().filter(|child| known.insert(child[..5].to_owned()));
            let own: Vec<&str> = own.map(String::as_str).collect();
            writeln!(families, "P{husband:04} + P{wife:04} - > {}", own.join(" ")).unwrap();
        }
    }
    persons + &families
}

/// The first of an island (union and find, without balance).
fn root(island: &[usize], mut at: usize) -> usize {
    while island[at] != at {
        at = island[at];
    }
    at
}

/// The persons by number, and their ties.
struct Plain {
    ids: Vec<String>,
    /// Parents of each, and whether by birth.
    parents: Vec<Vec<(usize, bool)>>,
    partners: Vec<Vec<usize>>,
}

impl Plain {
    /// From the lists that everybody can read.
    async fn read(family: &Family) -> Self {
        let persons = all(family, "/api/family-trees/{tree}/persons", "persons").await;
        let ids: Vec<String> =
            persons.iter().map(|person| person["id"].as_str().unwrap().to_owned()).collect();
        let place: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let (mut parents, mut partners) = (vec![Vec::new(); ids.len()], vec![Vec::new(); ids.len()]);
        for row in all(family, "/api/family-trees/{tree}/relationships", "relationships").await {
            let end = |key: &str| place[row[key].as_str().or_else(|| row[key]["_id"].as_str()).unwrap()];
            let (one, two) = (end("person1Id"), end("person2Id"));
            match row["type"].as_str().unwrap() {
                "ParentChild" | "GuardianChild" => {
                    parents[two].push((one, row["parentalRole"].as_str().unwrap().starts_with("Biological")));
                }
                "Spousal" => {
                    partners[one].push(two);
                    partners[two].push(one);
                }
                other => panic!("{other}"),
            }
        }
        Self { ids, parents, partners }
    }

    fn up(&self, of: usize, birth: bool) -> HashMap<usize, u64> {
        let mut reached = HashMap::from([(of, 0)]);
        let mut queue = VecDeque::from([of]);
        while let Some(at) = queue.pop_front() {
            for (parent, by_birth) in &self.parents[at] {
                if (*by_birth || !birth) && !reached.contains_key(parent) {
                    reached.insert(*parent, reached[&at] + 1);
                    queue.push_back(*parent);
                }
            }
        }
        reached
    }

    /// Steps up and down to the nearest common ancestor: the fewest, then the most equal, then the fewest up.
    fn descent(&self, one: usize, two: usize, birth: bool) -> Option<(u64, u64)> {
        let (ups, downs) = (self.up(one, birth), self.up(two, birth));
        let both = ups.iter().filter_map(|(at, up)| Some((*up, *downs.get(at)?)));
        both.min_by_key(|(up, down)| (up + down, up.abs_diff(*down), *up))
    }

    /// The island of each.
    fn islands(&self) -> Vec<usize> {
        let mut island: Vec<usize> = (0..self.ids.len()).collect();
        for (at, parents) in self.parents.iter().enumerate() {
            for other in parents.iter().map(|(parent, _)| parent).chain(&self.partners[at]) {
                let (one, two) = (root(&island, at), root(&island, *other));
                island[one.max(two)] = one.min(two);
            }
        }
        (0..island.len()).map(|at| root(&island, at)).collect()
    }

    /// Generations below the oldest ancestor by birth.
    fn depth(&self, of: usize, known: &mut HashMap<usize, usize>) -> usize {
        if let Some(depth) = known.get(&of) {
            return *depth;
        }
        let births: Vec<usize> = self.births(of);
        let depth = births.into_iter().map(|parent| self.depth(parent, known) + 1).max().unwrap_or(0);
        known.insert(of, depth);
        depth
    }

    fn births(&self, of: usize) -> Vec<usize> {
        self.parents[of].iter().filter(|(_, birth)| *birth).map(|(parent, _)| *parent).collect()
    }

    /// The coefficient of kinship by its definition: the younger of the two is half of each parent.
    fn kinship(&self, one: usize, two: usize, known: &mut Known) -> f64 {
        let (high, low) = if self.depth(one, &mut known.0) < self.depth(two, &mut known.0) {
            (one, two)
        } else {
            (two, one)
        };
        if let Some(found) = known.1.get(&(high, low)) {
            return *found;
        }
        let births = self.births(low);
        let value = if high == low {
            let inbreeding = match births[..] {
                [father, mother] => self.kinship(father, mother, known),
                _ => 0.0,
            };
            f64::midpoint(1.0, inbreeding)
        } else {
            births.iter().map(|parent| self.kinship(high, *parent, known) / 2.0).sum()
        };
        known.1.insert((high, low), value);
        value
    }

    /// Everybody within so many degrees: up, and then down.
    fn relatives(&self, of: usize, degrees: u64) -> HashMap<usize, u64> {
        let mut children = vec![Vec::new(); self.ids.len()];
        for (child, parents) in self.parents.iter().enumerate() {
            for (parent, _) in parents {
                children[*parent].push(child);
            }
        }
        let mut nearest: HashMap<usize, u64> = HashMap::new();
        for (ancestor, up) in self.up(of, false) {
            let mut level = HashSet::from([ancestor]);
            for degree in up..=degrees {
                for at in &level {
                    let known = nearest.entry(*at).or_insert(degree);
                    *known = degree.min(*known);
                }
                level = level.iter().flat_map(|at| children[*at].iter().copied()).collect();
            }
        }
        nearest.remove(&of);
        nearest
    }
}

#[derive(Default)]
struct Known(HashMap<usize, usize>, HashMap<(usize, usize), f64>);

/// All entries of a list, page by page.
async fn all(family: &Family, path: &str, key: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let sign = if path.contains('?') { '&' } else { '?' };
        let told = family.get(&format!("{path}{sign}page={page}&limit=200")).await;
        found.extend(told[key].as_array().unwrap().iter().cloned());
        if found.len() as u64 >= told["total"].as_u64().unwrap() {
            break;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_plain_counting() {
    let family = Family::new(&population(), "private").await;
    let plain = Plain::read(&family).await;
    assert_eq!(plain.ids.len(), PEOPLE);
    let (islands, mut known, mut dice) = (plain.islands(), Known::default(), Dice(11));
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for round in 0..400 {
        // Most of them among the youngest, where there is most to get wrong.
        let from = if round % 3 == 0 { 0 } else { PEOPLE - 2 * GENERATION };
        let (one, two) = (from + dice.below(PEOPLE - from), from + dice.below(PEOPLE - from));
        let path =
            format!("/api/persons/{}/relationship/{}?coefficients=true", plain.ids[one], plain.ids[two]);
        let told = family.get(&path).await;
        assert_eq!(told["related"], islands[one] == islands[two], "{path}");
        let kind = told["kind"].as_str().unwrap_or("none");
        let steps = (told["up"].as_u64().unwrap_or(0), told["down"].as_u64().unwrap_or(0));
        match (plain.descent(one, two, true), plain.descent(one, two, false)) {
            (Some((0, 0)), _) => assert_eq!(kind, "self", "{path}"),
            (Some(wanted), _) => assert_eq!((kind, steps), ("blood", wanted), "{path}"),
            (None, Some(wanted)) => {
                assert!(
                    ["adoptive", "step", "foster", "guardian", "other"].contains(&kind),
                    "{path}: {kind}"
                );
                assert_eq!(steps, wanted, "{path}");
            }
            (None, None) => assert!(["marriage", "connection", "none"].contains(&kind), "{path}: {kind}"),
        }
        let kinship = told["coefficients"]["kinship"].as_f64().unwrap();
        assert!((kinship - plain.kinship(one, two, &mut known)).abs() < 1e-12, "{path}: {kinship}");
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }
    // The families are such that there is something of everything.
    for kind in ["blood", "marriage"] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 10), "{kinds:?}");
    }
    for _ in 0..12 {
        let of = dice.below(PEOPLE);
        let path = format!("/api/persons/{}/relatives?degrees=5", plain.ids[of]);
        let told = all(&family, &path, "relatives").await;
        let degree = |one: &Value| {
            assert_eq!(
                one["degree"].as_u64(),
                one["up"].as_u64().zip(one["down"].as_u64()).map(|(up, down)| up + down)
            );
            (one["person"]["id"].as_str().unwrap().to_owned(), one["degree"].as_u64().unwrap())
        };
        let degrees: Vec<u64> = told.iter().map(|one| degree(one).1).collect();
        assert!(degrees.is_sorted(), "{path}");
        let wanted = plain.relatives(of, 5).into_iter().map(|(at, degree)| (plain.ids[at].clone(), degree));
        assert_eq!(told.len(), degrees.len());
        assert_eq!(told.iter().map(degree).collect::<HashMap<_, _>>(), wanted.collect(), "{path}");
    }
}
