//! The words for blood relatives, and for those who count as such.

use crate::graph::{Link, Sex, SiblingKind};

/// From "4th" on "great" is counted.
const GREATS: usize = 3;

/// A way up, aside and down again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blood {
    pub up: usize,
    pub sibling: Option<SiblingKind>,
    pub down: usize,
}

/// What makes a relative one in another way than by full blood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    Plain,
    Half,
    Step,
    Adoptive,
    Foster,
    Guardian,
}

impl Blood {
    /// `None` if the way leads over a marriage, or over one's descendants to somebody else.
    pub fn of(kins: &[Link]) -> Option<Self> {
        let mut blood = Self { up: 0, sibling: None, down: 0 };
        for kin in kins {
            match kin {
                Link::Parent(_) if blood.sibling.is_none() && blood.down == 0 => blood.up += 1,
                Link::Sibling(kind) if blood.sibling.is_none() && blood.down == 0 => {
                    blood.sibling = Some(*kind);
                }
                Link::Child(_) if blood.up == 0 || blood.sibling.is_some() => blood.down += 1,
                _ => return None,
            }
        }
        (!kins.is_empty()).then_some(blood)
    }

    fn is_one_step(&self) -> bool {
        self.up + self.down + usize::from(self.sibling.is_some()) == 1
    }

    fn is_cousin(&self) -> bool {
        self.sibling.is_some() && self.up > 0 && self.down > 0
    }

    /// Whether there is a word that leaves the sex open.
    pub fn has_neutral(&self) -> bool {
        self.sibling.is_none() || self.is_cousin() || self.is_one_step()
    }

    fn name(&self, sex: Sex) -> String {
        let by = |male: &'static str, female: &'static str, neutral: &'static str| match sex {
            Sex::Male => male,
            Sex::Female => female,
            Sex::Unknown => neutral,
        };
        match (self.up, self.sibling, self.down) {
            (1, None, _) => by("father", "mother", "parent").to_owned(),
            (up, None, 0) => great(up.saturating_sub(2), by("grandfather", "grandmother", "grandparent")),
            (_, None, 1) => by("son", "daughter", "child").to_owned(),
            (_, None, down) => great(down.saturating_sub(2), by("grandson", "granddaughter", "grandchild")),
            (0, Some(_), 0) => by("brother", "sister", "sibling").to_owned(),
            (up, Some(_), 0) => great(up - 1, by("uncle", "aunt", "aunt or uncle")),
            (0, Some(_), down) => great(down - 1, by("nephew", "niece", "niece or nephew")),
            (up, Some(_), down) => cousin(up.min(down), up.abs_diff(down)),
        }
    }
}

impl Quality {
    /// The word; `None` where English has none.
    pub fn name(self, blood: &Blood, sex: Sex) -> Option<String> {
        let name = blood.name(sex);
        let one = blood.is_one_step();
        match self {
            Self::Plain => Some(name),
            Self::Half if blood.is_cousin() => Some(format!("half {name}")),
            Self::Half => Some(format!("half-{name}")),
            Self::Step if one => Some(format!("step{name}")),
            Self::Step if blood.is_cousin() => None,
            Self::Step => Some(format!("step-{name}")),
            Self::Adoptive if one && blood.down == 1 => Some(format!("adopted {name}")),
            Self::Adoptive => Some(format!("adoptive {name}")),
            Self::Foster => Some(format!("foster {name}")),
            Self::Guardian if one && blood.up == 1 => Some("guardian".to_owned()),
            Self::Guardian if one => Some("ward".to_owned()),
            Self::Guardian => None,
        }
    }
}

fn great(greats: usize, word: &str) -> String {
    match greats {
        0 => word.to_owned(),
        few @ 1..=GREATS => format!("{}{word}", "great-".repeat(few)),
        many => format!("{} great-{word}", ordinal(many)),
    }
}

fn cousin(degree: usize, removed: usize) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let degree = match degree.checked_sub(1).and_then(|at| WORDS.get(at)) {
        Some(word) => (*word).to_owned(),
        None => ordinal(degree),
    };
    match removed {
        0 => format!("{degree} cousin"),
        1 => format!("{degree} cousin once removed"),
        2 => format!("{degree} cousin twice removed"),
        more => format!("{degree} cousin {more} times removed"),
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
