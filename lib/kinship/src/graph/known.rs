//! What is known of persons and ties, and how well.

use super::{Line, Link, Place, Sex, SiblingKind, Union};

/// How far a day by which something is sorted may be from the day on which it was: nothing for a day that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Doubt {
    /// So many days earlier, or any number of them if it is [`Doubt::WITHOUT_BOUND`].
    pub early: u16,
    /// So many days later, or any number of them if it is [`Doubt::WITHOUT_BOUND`].
    pub late: u16,
}

impl Doubt {
    /// "Before 1950" has no first day and "after 1950" no last one.
    pub const WITHOUT_BOUND: u16 = u16::MAX;

    /// The first and the last possible day around a day, where there is one.
    pub fn around(self, day: i32) -> Span {
        let bound = |days: u16| (days != Self::WITHOUT_BOUND).then_some(i32::from(days));
        Span {
            first: bound(self.early).map(|days| day.saturating_sub(days)),
            last: bound(self.late).map(|days| day.saturating_add(days)),
        }
    }
}

/// The days between which something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first possible day; `None` if there is no bound.
    pub first: Option<i32>,
    /// The last possible day; `None` if there is no bound.
    pub last: Option<i32>,
}

impl Span {
    /// Whether it was certainly earlier: the spans do not touch.
    pub fn is_before(self, other: Self) -> bool {
        matches!((self.last, other.first), (Some(last), Some(first)) if last < first)
    }
}

/// One tie of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tie {
    /// What `to` is to the person.
    pub link: Link,
    /// How well `since` is known.
    pub doubt: Doubt,
    /// Who.
    pub to: Place,
    /// Of a union: the day it began, if known, which orders the houses of a family with several.
    pub since: Option<i32>,
}

impl Tie {
    /// A tie without a day.
    pub fn new(link: Link, to: Place) -> Self {
        Self { link, to, since: None, doubt: Doubt::default() }
    }

    /// That there is such a tie, and no more.
    pub(super) fn covered(self) -> Self {
        let open = Doubt { early: Doubt::WITHOUT_BOUND, late: Doubt::WITHOUT_BOUND };
        match self.link {
            Link::Parent(_) => Self::new(Link::Parent(Line::Birth), self.to),
            Link::Child(_) => Self::new(Link::Child(Line::Birth), self.to),
            Link::Sibling(_) => Self::new(Link::Sibling(SiblingKind::Full), self.to),
            // Undated unions would count in the order of this list.
            Link::Partner(_) => {
                Self { since: Some(0), doubt: open, ..Self::new(Link::Partner(Union::Joined), self.to) }
            }
        }
    }

    /// When a union began, as far as that is known.
    pub fn began(&self) -> Option<Span> {
        self.since.map(|day| self.doubt.around(day))
    }
}

/// What the graph knows of a person beside ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// For mother or father, aunt or uncle.
    pub sex: Sex,
    /// The day of birth for sorting, counted in any one way; `None` if not even a year is known.
    pub birth: Option<i32>,
    /// How well that day is known. Only those whose births cannot have been the other way round are older and younger.
    pub doubt: Doubt,
}

impl Facts {
    /// Between which days the birth was; without bounds if nothing is known of it.
    pub fn born(&self) -> Span {
        self.birth.map(|day| self.doubt.around(day)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spans_that_do_not_touch_have_an_order() {
        let span = |day, early, late| Doubt { early, late }.around(day);
        let open = Doubt::WITHOUT_BOUND;
        let (year, march, next) = (span(1000, 0, 364), span(1060, 0, 30), span(1365, 0, 0));
        assert!(!year.is_before(march) && !march.is_before(year) && !year.is_before(year));
        assert!(year.is_before(next) && !next.is_before(year));
        // Before day 1000, and before day 900.
        let (before, earlier) = (span(999, open, 0), span(899, open, 0));
        assert!(
            !before.is_before(span(900, 0, 0)) && !before.is_before(earlier) && !earlier.is_before(before)
        );
        assert!(before.is_before(year));
        let after = span(1365, 365, open);
        assert!(before.is_before(after) && !after.is_before(next) && !next.is_before(after));
        assert!(!Facts::default().born().is_before(year) && !year.is_before(Facts::default().born()));
    }
}
