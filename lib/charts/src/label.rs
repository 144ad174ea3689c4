//! What is written on a chart: the caller decides what of a person may be shown.

use std::borrow::Cow;

/// What is written on one card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    /// The name, in any script.
    pub name: String,
    /// A totem or clan.
    pub clan: Option<String>,
    /// Dates and places as they are to be read, most important first. What does not fit is left out.
    pub lines: Vec<String>,
    /// Chooses the shape and colour of the edge.
    pub gender: Gender,
    /// Whether something was withheld: the card is drawn with a dashed edge.
    pub redacted: bool,
}

/// Chooses the shape and colour of a card's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gender {
    /// Square corners.
    Male,
    /// Round corners.
    Female,
    /// In between.
    #[default]
    Other,
}

/// The words beside the names: the legend and the page numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Of the mark that the chart would go on here.
    pub more: Cow<'static, str>,
    /// Of cards with the same letter.
    pub same: Cow<'static, str>,
    /// Of square corners.
    pub male: Cow<'static, str>,
    /// Of round corners.
    pub female: Cow<'static, str>,
    /// Of a line to a child by birth.
    pub birth: Cow<'static, str>,
    /// To an adopted child.
    pub adoptive: Cow<'static, str>,
    /// To a stepchild.
    pub step: Cow<'static, str>,
    /// To a foster child.
    pub foster: Cow<'static, str>,
    /// To a ward.
    pub guardian: Cow<'static, str>,
    /// To a child in another way.
    pub other_parent: Cow<'static, str>,
    /// Between partners.
    pub joined: Cow<'static, str>,
    /// Between partners who parted.
    pub ended: Cow<'static, str>,
    /// Between the engaged.
    pub promised: Cow<'static, str>,
    /// Between partners in a way of which no more is known.
    pub partners: Cow<'static, str>,
    /// Between parents who are not recorded as partners.
    pub unwed: Cow<'static, str>,
    /// For a reader who cannot see the chart: `{count}` is the number of persons.
    pub described: Cow<'static, str>,
    /// At the foot of a page: `{page}`, `{pages}`, and `{square}`, which says where the page belongs.
    pub page: Cow<'static, str>,
}

impl Default for Words {
    /// In English.
    fn default() -> Self {
        let word = Cow::Borrowed;
        Self {
            more: word("more relatives, not shown"),
            same: word("same letter: the same person"),
            male: word("male"),
            female: word("female"),
            birth: word("child"),
            adoptive: word("adopted"),
            step: word("stepchild"),
            foster: word("foster child"),
            guardian: word("ward"),
            other_parent: word("child in another way"),
            joined: word("married or living together"),
            ended: word("separated"),
            promised: word("engaged"),
            partners: word("partners"),
            unwed: word("not known to have married"),
            described: word("A family chart of {count} persons."),
            page: word("Page {page} of {pages} · {square}"),
        }
    }
}
