use std::collections::HashSet;

use dzinza_gedcom::Record;

use super::payload::{Dialect, child_or_insert};
use super::union::spousal_fields;
use crate::store::Body;

/// The part someone plays in a family record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyRole {
    /// `HUSB`.
    Husband,
    /// `WIFE`.
    Wife,
    /// `CHIL`.
    Child,
}

impl FamilyRole {
    /// The tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Husband => "HUSB",
            Self::Wife => "WIFE",
            Self::Child => "CHIL",
        }
    }
}

/// A member of a family record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The part.
    pub role: FamilyRole,
    /// The pointer, with its at signs.
    pub xref: String,
    /// Where it stands in the file.
    pub line: u32,
}

/// What we understand of a `FAM` record.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Husbands and wives, in order. A record may have any number of either.
    pub partners: Vec<Link>,
    /// Children, in order.
    pub children: Vec<Link>,
    /// Those who stand as husband and as wife, for a report.
    pub with_themselves: Vec<Link>,
    /// `status`, `startDate`, `endDate`, `place`, `notes` and `events` of the union.
    pub union: Body,
}

/// Reads a `FAM` record. `@VOID@` points to nobody.
pub fn read_family(record: &Record) -> Family {
    let mut family = Family { union: spousal_fields(record), ..Family::default() };
    let mut seen = HashSet::new();
    for child in &record.children {
        let role = match child.tag.as_str() {
            "HUSB" => FamilyRole::Husband,
            "WIFE" => FamilyRole::Wife,
            "CHIL" => FamilyRole::Child,
            _ => continue,
        };
        let Some(xref) = child.pointer().filter(|xref| *xref != "@VOID@") else { continue };
        let link = Link { role, xref: xref.to_owned(), line: child.line };
        let list = if role == FamilyRole::Child { &mut family.children } else { &mut family.partners };
        if seen.insert((role == FamilyRole::Child, link.xref.clone())) {
            list.push(link);
        } else if list.iter().any(|known| known.xref == link.xref && known.role != role) {
            family.with_themselves.push(link);
        }
    }
    family
}

/// How an `INDI` record says that its person belongs to a family as a child: `adopted`, `foster`, ... by
/// `FAMC/PEDI` or `ADOP/FAMC`; `None` means by birth.
pub fn pedigree_word(individual: &Record, family: &str) -> Option<&'static str> {
    let named = individual
        .children_named("FAMC")
        .find(|link| link.pointer() == Some(family))
        .and_then(|link| link.value_of(&["PEDI"]))
        .map(|word| word.trim().to_lowercase());
    let word = match named.as_deref() {
        Some("adopted") => Some("adopted"),
        Some("foster") => Some("foster"),
        Some("step") => Some("step"),
        Some("guardian") => Some("guardian"),
        Some("other" | "sealing") => Some("other"),
        Some("birth") => return None,
        _ => None,
    };
    word.or_else(|| {
        let adopted =
            individual.children_named("ADOP").any(|event| event.value_of(&["FAMC"]) == Some(family));
        adopted.then_some("adopted")
    })
}

/// Makes an `INDI` record say how its person belongs to a family as a child. Birth is said too: the record may
/// tell of an adoption elsewhere.
pub(super) fn set_pedigree(individual: &mut Record, family: &str, word: Option<&str>, dialect: Dialect) {
    let word = word.unwrap_or("birth");
    let word = if dialect == Dialect::Seven { word.to_uppercase() } else { word.to_owned() };
    let links = individual.children.iter_mut().filter(|link| link.tag == "FAMC");
    for link in links.filter(|link| link.pointer() == Some(family)) {
        child_or_insert(link, "PEDI").value = Some(word.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_family_has_any_partners_and_its_union_has_a_state() {
        let text = "0 @F1@ FAM\n1 HUSB @I1@\n1 HUSB @I2@\n1 CHIL @I3@\n1 CHIL @I3@\n1 CHIL @VOID@\n1 MARR\n2 TYPE Customary\n2 DATE 1950\n";
        let family = read_family(&Record::parse(text).unwrap());
        assert_eq!((family.partners.len(), family.children.len()), (2, 1));
        assert_eq!(
            (&family.union["status"], &family.union["startDate"]),
            (&json!("CustomaryUnion"), &json!("1950"))
        );
    }

    #[test]
    fn adoption_is_read_from_either_place() {
        let by_pedi = Record::parse("0 @I1@ INDI\n1 FAMC @F1@\n2 PEDI ADOPTED\n1 FAMC @F2@\n").unwrap();
        assert_eq!(pedigree_word(&by_pedi, "@F1@"), Some("adopted"));
        assert_eq!(pedigree_word(&by_pedi, "@F2@"), None);
        let by_event = Record::parse("0 @I1@ INDI\n1 ADOP\n2 FAMC @F1@\n").unwrap();
        assert_eq!(pedigree_word(&by_event, "@F1@"), Some("adopted"));
        let mut by_birth = by_event;
        by_birth.push(Record::with("FAMC", "@F1@"));
        set_pedigree(&mut by_birth, "@F1@", None, Dialect::Five);
        assert_eq!(pedigree_word(&by_birth, "@F1@"), None);
    }
}
