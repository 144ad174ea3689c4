//! Relationships between two persons: one row each, seen from both sides (contract 1.4, 4.5).

use dzinza_gedcom::DateValue;
use serde_json::{Value, json};

use crate::FieldProblem;
use crate::fields::{FieldResult, Input, date_value, enum_value, object_list, text_value};
use crate::gedcom::index_cites;
use crate::store::Body;
use crate::when::doubt;

/// Roles of a parent or guardian towards a child.
pub const PARENTAL_ROLES: &[&str] = &[
    "BiologicalMother",
    "BiologicalFather",
    "AdoptiveMother",
    "AdoptiveFather",
    "Guardian",
    "StepMother",
    "StepFather",
    "FosterParent",
    "SurrogateMother",
    "SpermDonor",
    "EggDonor",
    "Other",
];

/// States of a union.
pub const UNION_STATES: &[&str] = &[
    "Married",
    "Divorced",
    "Widowed",
    "Separated",
    "Annulled",
    "DomesticPartnership",
    "CustomaryUnion",
    "LivingTogether",
    "Engaged",
    "Other",
];

/// The kinds of relationship, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Person 1 is a parent of person 2.
    ParentChild,
    /// Person 1 is a guardian of person 2.
    GuardianChild,
    /// A union; symmetric.
    Spousal,
    /// Full or unspecified siblings; symmetric.
    Sibling,
    /// Symmetric.
    StepSibling,
    /// Symmetric.
    HalfSibling,
    /// Symmetric.
    AdoptiveSibling,
    /// Symmetric.
    FosterSibling,
    /// Anything else, from person 1 to person 2.
    Other,
}

const KINDS: &[(Kind, &str)] = &[
    (Kind::ParentChild, "ParentChild"),
    (Kind::GuardianChild, "GuardianChild"),
    (Kind::Spousal, "Spousal"),
    (Kind::Sibling, "Sibling"),
    (Kind::StepSibling, "StepSibling"),
    (Kind::HalfSibling, "HalfSibling"),
    (Kind::AdoptiveSibling, "AdoptiveSibling"),
    (Kind::FosterSibling, "FosterSibling"),
    (Kind::Other, "Other"),
];

/// What older clients call them, squeezed to lowercase letters: kind, whether the persons are the other way
/// round, and the role that the word implies.
const WORDS: &[(&str, Kind, bool, Option<&str>)] = &[
    ("parentchild", Kind::ParentChild, false, None),
    ("parentof", Kind::ParentChild, false, None),
    ("childof", Kind::ParentChild, true, None),
    ("adoptiveparentchild", Kind::ParentChild, false, Some("Adoptive")),
    ("adoptiveparentof", Kind::ParentChild, false, Some("Adoptive")),
    ("adoptedchildof", Kind::ParentChild, true, Some("Adoptive")),
    ("stepparentof", Kind::ParentChild, false, Some("Step")),
    ("stepchildof", Kind::ParentChild, true, Some("Step")),
    ("guardianchild", Kind::GuardianChild, false, Some("Guardian")),
    ("guardianof", Kind::GuardianChild, false, Some("Guardian")),
    ("wardof", Kind::GuardianChild, true, Some("Guardian")),
    ("spousal", Kind::Spousal, false, None),
    ("spouse", Kind::Spousal, false, None),
    ("sibling", Kind::Sibling, false, None),
    ("siblingof", Kind::Sibling, false, None),
    ("halfsibling", Kind::HalfSibling, false, None),
    ("halfsiblingof", Kind::HalfSibling, false, None),
    ("stepsibling", Kind::StepSibling, false, None),
    ("stepsiblingof", Kind::StepSibling, false, None),
    ("adoptivesibling", Kind::AdoptiveSibling, false, None),
    ("fostersibling", Kind::FosterSibling, false, None),
    ("godparentgodchild", Kind::Other, false, None),
    ("godparentof", Kind::Other, false, None),
    ("godchildof", Kind::Other, true, None),
    ("other", Kind::Other, false, None),
    ("unknown", Kind::Other, false, None),
];

impl Kind {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("Other", |(_, word)| word)
    }

    /// Reads a stored word; what is unknown is `Other`.
    pub fn of(relationship: &Body) -> Self {
        let word = relationship.get("type").and_then(Value::as_str).unwrap_or_default();
        KINDS.iter().find(|(_, known)| *known == word).map_or(Self::Other, |(kind, _)| *kind)
    }

    /// Whether person 1 is above person 2, so that the tree's shape depends on it.
    pub fn is_parental(self) -> bool {
        matches!(self, Self::ParentChild | Self::GuardianChild)
    }

    /// Whether both sides are alike.
    pub fn is_symmetric(self) -> bool {
        !self.is_parental() && self != Self::Other
    }

    /// The word of the simple API, which leaves the rest out.
    pub fn simple(self) -> Option<&'static str> {
        match self {
            Self::ParentChild | Self::GuardianChild => Some("PARENT_CHILD"),
            Self::Spousal => Some("SPOUSE"),
            Self::Other => None,
            _ => Some("SIBLING"),
        }
    }
}

/// A relationship that was asked for.
#[derive(Debug, Clone)]
pub struct NewRelationship {
    /// Its kind.
    pub kind: Kind,
    /// Parent, guardian, or either side.
    pub person1: String,
    /// Child, ward, or the other side.
    pub person2: String,
    /// Further fields; `parentalRole` may still be missing, see [`NewRelationship::complete`].
    pub fields: Body,
    /// Whether it was asked for in the simple API, which fills in defaults.
    pub simple: bool,
    implied_role: Option<&'static str>,
}

/// Reads a create request in any of the dialects (contract 1.1, 1.4).
///
/// # Errors
/// Every field that breaks a rule.
pub fn read_new(input: &Body) -> Result<NewRelationship, Vec<FieldProblem>> {
    let given = Input(input);
    let mut problems = Vec::new();
    let mut person = |names: &[&str], field: &str| match text_value(given.get(names), field, 200) {
        Ok(Some(Value::String(id))) => id,
        Ok(_) => {
            problems.push(FieldProblem::required(field));
            String::new()
        }
        Err(problem) => {
            problems.push(problem);
            String::new()
        }
    };
    let one = person(&["person1Id", "person1_id"], "person1Id");
    let two = person(&["person2Id", "person2_id"], "person2Id");
    let word = given
        .get(&["type", "relationship_type", "relationshipType"])
        .and_then(Value::as_str)
        .unwrap_or_default();
    let squeezed: String =
        word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let Some((_, kind, swapped, implied_role)) = WORDS.iter().find(|(known, ..)| *known == squeezed) else {
        let message = "type must be SPOUSE, PARENT_CHILD, SIBLING or one of the full types";
        problems.push(FieldProblem::new("type", "invalid_choice", message));
        return Err(problems);
    };
    if one == two && !one.is_empty() {
        problems.push(FieldProblem::new(
            "person2Id",
            "same_person",
            "A person cannot be related to themselves",
        ));
    }
    let fields = read_fields(input).map_err(|more| problems.extend(more)).unwrap_or_default();
    if !problems.is_empty() {
        return Err(problems);
    }
    let (person1, person2) = if *swapped { (two, one) } else { (one, two) };
    let simple = matches!(word, "SPOUSE" | "PARENT_CHILD" | "SIBLING");
    Ok(NewRelationship { kind: *kind, person1, person2, fields, simple, implied_role: *implied_role })
}

/// Reads the fields that may change later: role, state, dates, place, notes, events.
///
/// # Errors
/// Every field that breaks a rule.
pub fn read_fields(input: &Body) -> Result<Body, Vec<FieldProblem>> {
    let given = Input(input);
    let (mut fields, mut problems) = (Body::new(), Vec::new());
    let mut take = |key: &str, read: FieldResult| match read {
        Ok(Some(value)) => drop(fields.insert(key.to_owned(), value)),
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    };
    let role = given.get(&["parentalRole", "parental_role", "parental_role_person1"]);
    take("parentalRole", enum_value(role, "parentalRole", PARENTAL_ROLES));
    let status = given.get(&["status", "spousal_status"]);
    let older = match status.and_then(Value::as_str).map(str::to_lowercase).as_deref() {
        Some("active") => Some(json!("Married")),
        Some("ended") => Some(json!("Divorced")),
        Some("unknown") => Some(json!("Other")),
        _ => None,
    };
    take("status", enum_value(older.as_ref().or(status), "status", UNION_STATES));
    take("startDate", date_value(given.get(&["startDate", "start_date", "start_date_string"]), "startDate"));
    take("endDate", date_value(given.get(&["endDate", "end_date", "end_date_string"]), "endDate"));
    take("place", text_value(given.get(&["place"]), "place", 255));
    take("notes", text_value(given.get(&["notes"]), "notes", 1000));
    take("events", object_list(given.get(&["events"]), "events", 500));
    if problems.is_empty() { Ok(fields) } else { Err(problems) }
}

impl NewRelationship {
    /// Fills in what the simple API leaves out, and checks what the full one demands.
    ///
    /// # Errors
    /// If `status` or `parentalRole` is missing in a request of the full API.
    pub fn complete(&mut self, person1: &Body) -> Result<(), FieldProblem> {
        let gender = person1.get("gender").and_then(Value::as_str).unwrap_or_default();
        if self.kind == Kind::Spousal && !self.fields.contains_key("status") {
            if !self.simple {
                return Err(FieldProblem::required("status"));
            }
            self.fields.insert("status".into(), json!("Married"));
        }
        if self.kind.is_parental() && !self.fields.contains_key("parentalRole") {
            let role = match (self.implied_role, gender) {
                (Some("Guardian"), _) => "Guardian",
                (Some("Adoptive"), "Male") => "AdoptiveFather",
                (Some("Adoptive"), "Female") => "AdoptiveMother",
                (Some("Step"), "Male") => "StepFather",
                (Some("Step"), "Female") => "StepMother",
                (None, _) if !self.simple => return Err(FieldProblem::required("parentalRole")),
                (None, "Male") => "BiologicalFather",
                (None, "Female") => "BiologicalMother",
                _ => "Other",
            };
            self.fields.insert("parentalRole".into(), json!(role));
        }
        Ok(())
    }

    /// The document.
    pub fn into_body(self, tree_id: &str, user_id: &str, now: &str) -> Body {
        let mut body = self.fields;
        body.retain(|_, value| !value.is_null());
        body.insert("familyTreeId".into(), json!(tree_id));
        body.insert("person1Id".into(), json!(self.person1));
        body.insert("person2Id".into(), json!(self.person2));
        body.insert("type".into(), json!(self.kind.as_str()));
        body.insert("userId".into(), json!(user_id));
        body.insert("createdAt".into(), json!(now));
        body.insert("updatedAt".into(), json!(now));
        refresh(&mut body);
        body
    }
}

/// Recomputes what makes a relationship unique: the pair with its kind, either way round where the kind is
/// symmetric, and the one biological mother and father that a child has.
pub fn refresh(body: &mut Body) {
    let kind = Kind::of(body);
    let id = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut one, mut two) = (id("person1Id"), id("person2Id"));
    let role = id("parentalRole");
    let birth_parent = match role.as_str() {
        "BiologicalMother" if kind == Kind::ParentChild => json!(format!("{two}:mother")),
        "BiologicalFather" if kind == Kind::ParentChild => json!(format!("{two}:father")),
        _ => Value::Null,
    };
    if kind.is_symmetric() && one > two {
        std::mem::swap(&mut one, &mut two);
    }
    let pair = format!("{one}:{two}:{}", kind.as_str());
    let mut index = json!({ "pair": pair, "tie": tie(body, kind) });
    if !birth_parent.is_null() {
        index["birthParent"] = birth_parent;
    }
    body.insert("index".into(), index);
    index_cites(body);
}

/// What a kin graph needs of a relationship beside the persons, as one text: kind, parental role or state, and for a
/// union with a date its first day and how well that is known. Separated by blanks; `-` where there is nothing.
fn tie(body: &Body, kind: Kind) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let word = text(if kind == Kind::Spousal { "status" } else { "parentalRole" }).unwrap_or("-");
    let since = text("startDate").filter(|_| kind == Kind::Spousal);
    let since = since.map(DateValue::parse);
    let day = since.as_ref().and_then(DateValue::sort_day).map(|day| format!(" {day}"));
    let doubt = since.and_then(|since| doubt(&since, false)).map(|doubt| format!(" {doubt}"));
    format!("{} {word}{}{}", kind.as_str(), day.unwrap_or_default(), doubt.unwrap_or_default())
}

/// The relationship on the wire: the simple view of contract 1.1 and the full one of 1.4 in one object. `type`
/// is the simple word for `simple`, else the stored one.
pub fn view(id: &str, body: &Body, simple: bool) -> Body {
    let kind = Kind::of(body);
    let mut view: Body = body
        .iter()
        .filter(|(key, _)| {
            !matches!(key.as_str(), "index" | "importId" | "familyRecordId" | "gedcom" | crate::LEGACY)
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for key in ["startDate", "endDate"] {
        if let Some(text) = body.get(key).and_then(Value::as_str) {
            view.insert(format!("{key}Text"), json!(text));
            view.insert(key.into(), json!(crate::person::shown_date(text)));
        }
    }
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    view.insert("treeId".into(), body.get("familyTreeId").cloned().unwrap_or(Value::Null));
    if let (true, Some(word)) = (simple, kind.simple()) {
        view.insert("type".into(), json!(word));
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<NewRelationship, Vec<FieldProblem>> {
        let Value::Object(input) = value else { panic!("an object") };
        read_new(&input)
    }

    #[test]
    fn the_words_of_every_dialect_are_understood() {
        for (word, kind, first) in [
            ("PARENT_CHILD", Kind::ParentChild, "a"),
            ("CHILD_OF", Kind::ParentChild, "b"),
            ("parent-child", Kind::ParentChild, "a"),
            ("spouse", Kind::Spousal, "a"),
            ("HALF_SIBLING_OF", Kind::HalfSibling, "a"),
            ("WARD_OF", Kind::GuardianChild, "b"),
        ] {
            let new = read(json!({ "person1Id": "a", "person2Id": "b", "type": word })).unwrap();
            assert_eq!((new.kind, new.person1.as_str()), (kind, first), "{word}");
        }
        assert!(read(json!({ "person1Id": "a", "person2Id": "b", "type": "cousin" })).is_err());
        assert!(read(json!({ "person1Id": "a", "person2Id": "a", "type": "SPOUSE" })).is_err());
    }

    #[test]
    fn the_simple_api_fills_in_what_the_full_one_demands() {
        let mother = json!({ "gender": "Female" }).as_object().unwrap().clone();
        let mut new = read(json!({ "person1Id": "a", "person2Id": "b", "type": "PARENT_CHILD" })).unwrap();
        new.complete(&mother).unwrap();
        assert_eq!(new.fields["parentalRole"], "BiologicalMother");
        let mut full = read(json!({ "person1Id": "a", "person2Id": "b", "type": "ParentChild" })).unwrap();
        assert_eq!(full.complete(&mother).unwrap_err().field, "parentalRole");
    }

    #[test]
    fn symmetric_pairs_are_the_same_either_way_round() {
        let pair = |one: &str, two: &str, kind: &str| {
            let new = read(json!({ "person1Id": one, "person2Id": two, "type": kind, "status": "Married" }))
                .unwrap();
            new.into_body("t", "u", "now")["index"]["pair"].clone()
        };
        assert_eq!(pair("a", "b", "Spousal"), pair("b", "a", "Spousal"));
        assert_ne!(pair("a", "b", "Other"), pair("b", "a", "Other"));
    }
}
