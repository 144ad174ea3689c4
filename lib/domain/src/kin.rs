//! What a person's relationships say of her family: derived on reading, never stored twice.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::person::shown_date;
use crate::relationship::Kind;
use crate::store::{Body, Document};

/// One relative.
#[derive(Debug, Clone, PartialEq)]
pub struct Relative {
    /// The relative.
    pub id: String,
    /// The relationship that says so.
    pub relationship_id: String,
    /// Parental role, state of the union, or kind of sibling.
    pub word: String,
    /// Start and end of a union, as GEDCOM dates.
    pub dates: (Option<String>, Option<String>),
}

/// The nearest kin of one person, each list in the order in which the relationships were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kin {
    /// Parents and guardians.
    pub parents: Vec<Relative>,
    /// Children and wards.
    pub children: Vec<Relative>,
    /// Partners.
    pub spouses: Vec<Relative>,
    /// Recorded siblings.
    pub siblings: Vec<Relative>,
}

/// The kin of everyone whom these relationships name.
pub fn kin_of<'a>(relationships: impl IntoIterator<Item = &'a Document>) -> HashMap<String, Kin> {
    let mut all: HashMap<String, Kin> = HashMap::new();
    for document in relationships {
        let body = &document.body;
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(one), Some(two)) = (text("person1Id"), text("person2Id")) else { continue };
        let kind = Kind::of(body);
        let word = match kind {
            Kind::ParentChild | Kind::GuardianChild => text("parentalRole").unwrap_or_else(|| "Other".into()),
            Kind::Spousal => text("status").unwrap_or_else(|| "Other".into()),
            _ => kind.as_str().to_owned(),
        };
        let relative = |id: &str| Relative {
            id: id.to_owned(),
            relationship_id: document.id.clone(),
            word: word.clone(),
            dates: (text("startDate"), text("endDate")),
        };
        let (to_two, to_one) = (relative(&two), relative(&one));
        match kind {
            Kind::ParentChild | Kind::GuardianChild => {
                all.entry(one).or_default().children.push(to_two);
                all.entry(two).or_default().parents.push(to_one);
            }
            Kind::Spousal => {
                all.entry(one).or_default().spouses.push(to_two);
                all.entry(two).or_default().spouses.push(to_one);
            }
            Kind::Other => {}
            _ => {
                all.entry(one).or_default().siblings.push(to_two);
                all.entry(two).or_default().siblings.push(to_one);
            }
        }
    }
    all
}

impl Kin {
    /// The same kin without how they are kin: who is whose child or partner, but not whether by birth or adoption,
    /// nor how and when a union began and ended. That much is for those inside a tree.
    pub fn without_circumstances(mut self) -> Self {
        for list in [&mut self.parents, &mut self.children, &mut self.spouses, &mut self.siblings] {
            for relative in list {
                relative.word.clear();
                relative.dates = (None, None);
            }
        }
        self
    }

    /// Adds the keys of the simple view: `parentIds`, `childIds`, `spouseIds`.
    pub fn add_ids(&self, view: &mut Body) {
        let ids = |relatives: &[Relative]| {
            let mut seen = HashSet::with_capacity(relatives.len());
            let each = relatives.iter().filter(|relative| seen.insert(relative.id.as_str()));
            json!(each.map(|relative| &relative.id).collect::<Vec<_>>())
        };
        view.insert("parentIds".into(), ids(&self.parents));
        view.insert("childIds".into(), ids(&self.children));
        view.insert("spouseIds".into(), ids(&self.spouses));
    }

    /// Adds the keys of the full view (contract 1.3): biological parents, legal parents, spouses, siblings.
    pub fn add_links(&self, view: &mut Body) {
        let by_role =
            |role: &str| self.parents.iter().find(|parent| parent.word == role).map(|parent| &parent.id);
        view.insert("biologicalMother".into(), json!(by_role("BiologicalMother")));
        view.insert("biologicalFather".into(), json!(by_role("BiologicalFather")));
        let legal: Vec<Value> = self
            .parents
            .iter()
            .filter_map(|parent| {
                let kind = match parent.word.as_str() {
                    "AdoptiveMother" | "AdoptiveFather" => "Adoptive",
                    "Guardian" => "Guardian",
                    "FosterParent" => "Foster",
                    "StepMother" | "StepFather" => "Step-parent",
                    "BiologicalMother" | "BiologicalFather" | "" => return None,
                    _ => "Other",
                };
                Some(json!({ "parentId": parent.id, "relationshipType": kind }))
            })
            .collect();
        view.insert("legalParents".into(), json!(legal));
        let shown = |date: &Option<String>| date.as_deref().and_then(shown_date);
        let word = |relative: &Relative| Some(relative.word.clone()).filter(|word| !word.is_empty());
        let spouses = self.spouses.iter().map(|spouse| {
            json!({ "_id": spouse.relationship_id, "spouseId": spouse.id, "relationshipType": word(spouse),
                "startDate": shown(&spouse.dates.0), "endDate": shown(&spouse.dates.1) })
        });
        view.insert("spouses".into(), spouses.collect());
        let siblings = self.siblings.iter().map(|sibling| {
            json!({ "_id": sibling.relationship_id, "siblingId": sibling.id, "relationshipType": word(sibling) })
        });
        view.insert("siblings".into(), siblings.collect());
    }
}
