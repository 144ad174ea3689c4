//! The notation of the tables: `man: father > brother:older`.

use super::lookup::View;
use crate::graph::{Line, Link, Sex, SiblingKind, Union};

/// A relation as a table writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Of which sex the person must be whose relative it is; unknown: of any.
    pub ego: Sex,
    pub steps: Vec<Role>,
    /// Whether the last step may come more than once.
    pub many: bool,
}

/// One step of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    /// [`Link`] with its first kind for the plain word: by birth, full (or half), married.
    pub kin: Link,
    /// Of which sex who is reached must be; unknown: of any.
    pub sex: Sex,
    pub older: Option<bool>,
    pub senior: Option<bool>,
}

impl Pattern {
    /// Reads one. The error says what is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (ego, way) = match text.split_once(':') {
            Some((who, way)) if who.trim() == "man" => (Sex::Male, way),
            Some((who, way)) if who.trim() == "woman" => (Sex::Female, way),
            _ => (Sex::Unknown, text),
        };
        let (way, many) = match way.trim().strip_suffix("...") {
            Some(way) => (way, true),
            None => (way, false),
        };
        let steps: Result<Vec<Role>, String> = way.split('>').map(|step| Role::parse(step.trim())).collect();
        Ok(Self { ego, steps: steps.map_err(|problem| format!("{problem} in \"{text}\""))?, many })
    }

    /// Whether these legs of a route are the relation.
    pub fn fits(&self, view: &View<'_>, start: usize, end: usize) -> bool {
        let length = end.saturating_sub(start);
        let Some(last) = self.steps.len().checked_sub(1) else { return false };
        let long_enough = if self.many { length > last } else { length == last + 1 };
        long_enough
            && (self.ego == Sex::Unknown || self.ego == view.route.sex_before(start))
            && (0..length)
                .all(|at| self.steps.get(at.min(last)).is_some_and(|role| role.fits(view, start + at)))
    }

    /// How much it asks for: of two that fit, the one that asks for more is meant.
    pub fn weight(&self) -> usize {
        let of = |role: &Role| {
            usize::from(role.sex != Sex::Unknown)
                + usize::from(role.older.is_some())
                + usize::from(role.senior.is_some())
                + usize::from(role.kin == Link::Sibling(SiblingKind::Half))
        };
        usize::from(self.ego != Sex::Unknown)
            + self.steps.iter().map(of).sum::<usize>()
            + usize::from(!self.many)
    }
}

impl Role {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, marks) = match text.split_once(':') {
            Some((name, mark)) => (name.trim(), Some(mark.trim())),
            None => (text, None),
        };
        let (prefix, noun) = name.split_once('-').map_or((None, name), |(prefix, noun)| (Some(prefix), noun));
        let (kin, sex) = noun_of(noun).ok_or_else(|| format!("no relative is called \"{noun}\""))?;
        let kin = match prefix {
            None => kin,
            Some(prefix) => qualified(prefix, kin).ok_or_else(|| format!("\"{name}\" is no relative"))?,
        };
        let (older, senior) = match marks {
            None => (None, None),
            Some("older") => (Some(true), None),
            Some("younger") => (Some(false), None),
            Some("senior") => (None, Some(true)),
            Some("junior") => (None, Some(false)),
            Some(other) => return Err(format!("nobody is \":{other}\"")),
        };
        Ok(Self { kin, sex, older, senior })
    }

    fn fits(self, view: &View<'_>, at: usize) -> bool {
        let Some(leg) = view.route.legs.get(at) else { return false };
        let kin = match (self.kin, leg.kin) {
            (Link::Sibling(SiblingKind::Full), Link::Sibling(SiblingKind::Half)) => true,
            (asked, is) => asked == plain(is),
        };
        kin && (self.sex == Sex::Unknown || self.sex == leg.sex)
            && (self.older.is_none() || self.older == view.older(at))
            && (self.senior.is_none() || self.senior == view.senior(at))
    }
}

/// A parent of whom no more is known is a parent.
pub(super) fn plain(kin: Link) -> Link {
    match kin {
        Link::Parent(Line::Other) => Link::Parent(Line::Birth),
        Link::Child(Line::Other) => Link::Child(Line::Birth),
        same => same,
    }
}

fn noun_of(noun: &str) -> Option<(Link, Sex)> {
    let parent = Link::Parent(Line::Birth);
    let child = Link::Child(Line::Birth);
    let sibling = Link::Sibling(SiblingKind::Full);
    let partner = Link::Partner(Union::Joined);
    Some(match noun {
        "father" => (parent, Sex::Male),
        "mother" => (parent, Sex::Female),
        "parent" => (parent, Sex::Unknown),
        "son" => (child, Sex::Male),
        "daughter" => (child, Sex::Female),
        "child" => (child, Sex::Unknown),
        "brother" => (sibling, Sex::Male),
        "sister" => (sibling, Sex::Female),
        "sibling" => (sibling, Sex::Unknown),
        "husband" => (partner, Sex::Male),
        "wife" => (partner, Sex::Female),
        "spouse" => (partner, Sex::Unknown),
        _ => return None,
    })
}

fn qualified(prefix: &str, kin: Link) -> Option<Link> {
    let line = match prefix {
        "step" => Some((Line::Step, SiblingKind::Step)),
        "adoptive" => Some((Line::Adoptive, SiblingKind::Adoptive)),
        "foster" => Some((Line::Foster, SiblingKind::Foster)),
        _ => None,
    };
    match (kin, line, prefix) {
        (Link::Parent(_), Some((line, _)), _) => Some(Link::Parent(line)),
        (Link::Child(_), Some((line, _)), _) => Some(Link::Child(line)),
        (Link::Sibling(_), Some((_, kind)), _) => Some(Link::Sibling(kind)),
        (Link::Sibling(_), None, "half") => Some(Link::Sibling(SiblingKind::Half)),
        (Link::Partner(_), None, "former") => Some(Link::Partner(Union::Ended)),
        (Link::Partner(_), None, "promised") => Some(Link::Partner(Union::Promised)),
        _ => None,
    }
}
