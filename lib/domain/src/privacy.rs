//! What of a person may be shown to whom (contract 4.3, 4.4).
//!
//! | viewer | deceased | living |
//! |---|---|---|
//! | editor, administrator, owner of the tree | all | all |
//! | accepted viewer | all but `Private` groups | all but `Private` groups |
//! | anyone, public tree that shows the living | all but `Private` groups | only `Public` groups |
//! | anyone, other public tree | all but `Private` groups | that there is someone |

use std::borrow::Cow;

use dzinza_gedcom::date::{DateValue, gregorian_from_day};
use serde_json::{Value, json};

use crate::person::text;
use crate::store::Body;
use crate::tree::TreeRole;

/// Someone born longer ago than this, with no word of a death, counts as deceased.
pub const MAX_AGE_YEARS: i64 = 110;
/// `index.livingUntil` of a person of whom no year is known.
const UNKNOWN: i64 = 9999;

/// The eyes that look at a tree.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// Their role there.
    pub role: TreeRole,
    /// Whether the tree shows its living members to everyone.
    pub shows_living: bool,
    /// The present year.
    pub year: i64,
}

/// How much of one person is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everything.
    All,
    /// Everything but the groups that are set apart; `true` when only public groups are shown.
    Groups {
        /// Whether `FamilyTreeOnly` groups are withheld too.
        public_only: bool,
    },
    /// That there is someone, and whose child and parent.
    Existence,
}

/// The last year in which the person may be alive: 0 for the deceased, birth + 110, or 9999 if no year is known.
pub fn living_until(person: &Body, birth: Option<&DateValue>) -> i64 {
    if text(person, "dateOfDeath").is_some() || person.get("isLiving") == Some(&json!(false)) {
        return 0;
    }
    // Of a range of dates the last possible one counts: who may be young must not be taken for dead.
    let latest = birth.and_then(DateValue::range).map(|(_, last)| last).and_then(gregorian_from_day);
    latest.map_or(UNKNOWN, |(year, _, _)| i64::from(year) + MAX_AGE_YEARS)
}

impl Viewer {
    /// Whether the person counts as living today.
    pub fn is_living(self, person: &Body) -> bool {
        let indexed = person.get("index").and_then(|index| index["livingUntil"].as_i64());
        let until = indexed.unwrap_or_else(|| {
            let birth = text(person, "dateOfBirth").map(DateValue::parse);
            living_until(person, birth.as_ref())
        });
        until >= self.year
    }

    /// How much of this person these eyes may see.
    pub fn shown(self, person: &Body) -> Shown {
        if self.role >= TreeRole::Editor {
            return Shown::All;
        }
        let outside = self.role == TreeRole::Public;
        if outside && self.is_living(person) {
            if self.shows_living { Shown::Groups { public_only: true } } else { Shown::Existence }
        } else {
            Shown::Groups { public_only: false }
        }
    }

    /// The person as these eyes may see it in a view that keeps the living to themselves, whatever the eyes' rights:
    /// of those only that there is someone.
    pub fn reduced(self, person: &Body) -> Cow<'_, Body> {
        if self.is_living(person) { Cow::Owned(hidden(person)) } else { self.redact(person) }
    }

    /// The person as these eyes may see it: fields that are withheld are gone, so that nothing built from the
    /// result (a view, an export, a search) can show them.
    pub fn redact(self, person: &Body) -> Cow<'_, Body> {
        let public_only = match self.shown(person) {
            Shown::All => return Cow::Borrowed(person),
            Shown::Existence => return Cow::Owned(hidden(person)),
            Shown::Groups { public_only } => public_only,
        };
        let setting = |key: &str| {
            let named = person.get("privacySettings").and_then(|settings| settings[key].as_str());
            named.unwrap_or("FamilyTreeOnly")
        };
        let withheld = |setting: &str| {
            setting.eq_ignore_ascii_case("private")
                || (public_only && !setting.eq_ignore_ascii_case("public"))
        };
        let whole = person.get("privacy").and_then(Value::as_str).unwrap_or_default();
        // A living person marked private shows no more than a name to those who only look on.
        if whole.eq_ignore_ascii_case("private") && self.is_living(person) {
            return Cow::Owned(name_only(person));
        }
        if withheld(setting("showProfile")) {
            return Cow::Owned(if public_only { hidden(person) } else { name_only(person) });
        }
        let mut shown = person.clone();
        let groups: [(&str, &[&str]); 2] = [
            ("showBirthDate", &["dateOfBirth", "placeOfBirth", "isBirthDateEstimated"]),
            ("showDeathDate", &["dateOfDeath", "placeOfDeath", "isDeathDateEstimated", "causeOfDeath"]),
        ];
        for (key, fields) in groups {
            if withheld(setting(key)) {
                for field in fields {
                    shown.remove(*field);
                }
                // The raw record would tell what the fields no longer do.
                shown.remove("gedcom");
            }
        }
        if public_only {
            for field in [
                "identifiers",
                "phoneNumbers",
                "emailAddresses",
                "addresses",
                "notes",
                "gedcom",
                crate::LEGACY,
            ] {
                shown.remove(field);
            }
        }
        Cow::Owned(shown)
    }
}

const STRUCTURE: &[&str] = &["familyTreeId", "createdAt", "updatedAt"];

fn keep(person: &Body, fields: &[&str]) -> Body {
    let kept = fields.iter().chain(STRUCTURE);
    kept.filter_map(|key| person.get(*key).map(|value| ((*key).to_owned(), value.clone()))).collect()
}

fn hidden(person: &Body) -> Body {
    let mut shown = keep(person, &[]);
    shown.insert("name".into(), json!("Living"));
    shown.insert("isLiving".into(), json!(true));
    shown.insert("redacted".into(), json!(true));
    shown
}

fn name_only(person: &Body) -> Body {
    let mut shown =
        keep(person, &["name", "firstName", "middleName", "lastName", "nickName", "gender", "isLiving"]);
    shown.insert("redacted".into(), json!(true));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person;

    fn someone(fields: Value) -> Body {
        let Value::Object(fields) = fields else { panic!("an object") };
        let mut body = Body::new();
        person::apply(&mut body, person::read_input(&fields).unwrap()).unwrap();
        body
    }

    fn eyes(role: TreeRole) -> Viewer {
        Viewer { role, shows_living: false, year: 2026 }
    }

    #[test]
    fn a_public_tree_tells_of_the_living_only_that_they_are() {
        let living = someone(json!({ "name": "Rudo Moyo", "birthDate": "1990", "notes": "x" }));
        let seen = eyes(TreeRole::Public).redact(&living);
        assert_eq!(seen["name"], "Living");
        assert!(
            !seen.contains_key("dateOfBirth") && !seen.contains_key("index") && !seen.contains_key("notes")
        );
        assert_eq!(eyes(TreeRole::Viewer).redact(&living)["name"], "Rudo Moyo");
    }

    #[test]
    fn the_dead_and_those_born_over_110_years_ago_are_shown() {
        for fields in [json!({ "name": "A", "birthDate": "1900" }), json!({ "name": "A", "isLiving": false })]
        {
            assert_eq!(eyes(TreeRole::Public).redact(&someone(fields))["name"], "A");
        }
        for birth in ["", "AFT 1890", "BET 1890 AND 1990", "FROM 1900"] {
            let unknown = someone(json!({ "name": "A", "birthDate": birth }));
            assert_eq!(eyes(TreeRole::Public).redact(&unknown)["name"], "Living", "{birth}");
        }
    }

    #[test]
    fn private_groups_are_for_editors() {
        let who = someone(
            json!({ "name": "A", "birthDate": "1990", "privacySettings": { "showBirthDate": "PRIVATE" } }),
        );
        assert!(!eyes(TreeRole::Viewer).redact(&who).contains_key("dateOfBirth"));
        assert!(eyes(TreeRole::Editor).redact(&who).contains_key("dateOfBirth"));
        let private = someone(json!({ "name": "A", "occupation": "Nurse", "privacy": "private" }));
        assert!(!eyes(TreeRole::Viewer).redact(&private).contains_key("occupation"));
    }
}
