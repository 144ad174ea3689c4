//! Finding the word of a route in a table.

use std::borrow::Cow;

use super::route::Route;
use super::table::{Entry, Same, Table};
use crate::graph::{Line, Link, Sex, SiblingKind, Union};

/// Longer ways are only described.
const LONGEST: usize = 16;
/// With more persons of unknown sex nothing is tried out.
const UNKNOWN: usize = 4;
/// So many words are a choice; more say nothing.
const WORDS: usize = 3;

/// A route, and what is supposed where it says nothing.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    pub route: Cow<'a, Route>,
    /// Who is older where nobody knows.
    suppose_older: Option<bool>,
    /// Whose house is senior where nobody knows.
    suppose_senior: Option<bool>,
    /// Whether the order of houses is asked before anything is supposed.
    houses: bool,
}

impl<'a> View<'a> {
    pub fn new(route: &'a Route) -> Self {
        Self { route: Cow::Borrowed(route), suppose_older: None, suppose_senior: None, houses: false }
    }

    pub fn older(&self, at: usize) -> Option<bool> {
        let by_house = || if self.houses { self.route.legs.get(at)?.senior } else { None };
        self.route.older(at).or_else(by_house).or(self.suppose_older)
    }

    pub fn senior(&self, at: usize) -> Option<bool> {
        self.route.legs.get(at).and_then(|leg| leg.senior).or(self.suppose_senior)
    }
}

/// What a table has for a route.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// One word, and whether nothing was taken for granted.
    Word(&'a Entry, bool),
    /// One of these.
    Choice(Vec<&'a Entry>),
}

/// The word or words of a route.
pub(super) fn find<'a>(table: &'a Table, route: &Route) -> Option<Found<'a>> {
    if route.legs.is_empty() || route.legs.len() > LONGEST {
        return None;
    }
    if let Some(entry) = word(table, View::new(route)) {
        return Some(Found::Word(entry, true));
    }
    if let Some(found) = choice(table, route) {
        return Some(found);
    }
    let taken = taken_for_granted(route);
    if taken == *route {
        return None;
    }
    match find(table, &taken)? {
        Found::Word(entry, _) => Some(Found::Word(entry, false)),
        choice @ Found::Choice(_) => Some(choice),
    }
}

/// The entry that fits just these legs best.
pub(super) fn entry<'a>(
    entries: &'a [Entry],
    view: &View<'_>,
    start: usize,
    end: usize,
) -> Option<&'a Entry> {
    let fitting = entries.iter().flat_map(|entry| entry.patterns.iter().map(move |pattern| (entry, pattern)));
    let fitting = fitting.filter(|(_, pattern)| pattern.fits(view, start, end));
    // Of equals the first.
    fitting.rev().max_by_key(|(_, pattern)| pattern.weight()).map(|(entry, _)| entry)
}

/// The word for a route, itself or as what it counts as.
pub(super) fn word<'a>(table: &'a Table, mut view: View<'_>) -> Option<&'a Entry> {
    loop {
        let length = view.route.legs.len();
        if let Some(found) = entry(&table.entries, &view, 0, length) {
            return Some(found);
        }
        let (same, start) = (0..length)
            .find_map(|start| table.same.iter().find_map(|same| Some((same, fits(same, &view, start)?))))?;
        shorten(same, view.route.to_mut(), start);
    }
}

fn fits(same: &Same, view: &View<'_>, start: usize) -> Option<usize> {
    let end = start + same.this.steps.len();
    (end <= view.route.legs.len() && same.this.fits(view, start, end)).then_some(start)
}

fn shorten(same: &Same, route: &mut Route, start: usize) {
    let last = start + same.this.steps.len() - 1;
    if same.ends() {
        let kept = last + 1 - same.counts_as.steps.len();
        route.legs.drain(start..kept);
        if let Some(leg) = route.legs.get_mut(start) {
            leg.senior = None;
        }
        return;
    }
    let kept = start + same.counts_as.steps.len() - 1;
    let (Some(mut leg), Some(role)) = (route.legs.get(last).copied(), same.counts_as.steps.last()) else {
        return;
    };
    (leg.kin, leg.senior) = (role.kin, None);
    route.legs.splice(kept..=last, [leg]);
}

/// Every word that it can be, whatever the sex and age of those of whom it is not known.
fn choice<'a>(table: &'a Table, route: &Route) -> Option<Found<'a>> {
    let words = words(table, route, false)?;
    if let [only] = words[..] {
        return Some(Found::Word(only, true));
    }
    if table.houses
        && let Some(by_house) = self::words(table, route, true)
        && by_house.len() < words.len()
    {
        return some(by_house);
    }
    some(words)
}

fn some(words: Vec<&Entry>) -> Option<Found<'_>> {
    match words[..] {
        [only] => Some(Found::Word(only, false)),
        _ => (words.len() <= WORDS).then_some(Found::Choice(words)),
    }
}

/// `None` if one of the possibilities has no word.
fn words<'a>(table: &'a Table, route: &Route, houses: bool) -> Option<Vec<&'a Entry>> {
    let mut found: Vec<&Entry> = Vec::new();
    for route in sexes(route)? {
        for older in [true, false] {
            for senior in [true, false] {
                let view = View {
                    route: Cow::Borrowed(&route),
                    suppose_older: Some(older),
                    suppose_senior: Some(senior),
                    houses,
                };
                let entry = word(table, view)?;
                if found.iter().all(|other| other.word != entry.word) {
                    found.push(entry);
                }
            }
        }
    }
    Some(found)
}

/// The route with every sex that its unknown ones can be; `None` if that would be too many.
fn sexes(route: &Route) -> Option<Vec<Route>> {
    let unknown = route.legs.iter().filter(|leg| leg.sex == Sex::Unknown).count();
    if unknown + usize::from(route.sex == Sex::Unknown) > UNKNOWN {
        return None;
    }
    let mut all = vec![route.clone()];
    for at in 0..=route.legs.len() {
        let open = match at.checked_sub(1) {
            Some(leg) => route.legs.get(leg).is_some_and(|leg| leg.sex == Sex::Unknown),
            None => route.sex == Sex::Unknown,
        };
        if open {
            let both = |route: Route| [Sex::Male, Sex::Female].map(|sex| with(route.clone(), at, sex));
            all = all.into_iter().flat_map(both).collect();
        }
    }
    Some(all)
}

fn with(mut route: Route, at: usize, sex: Sex) -> Route {
    match at.checked_sub(1) {
        None => route.sex = sex,
        Some(leg) => {
            if let Some(leg) = route.legs.get_mut(leg) {
                leg.sex = sex;
            }
        }
    }
    route
}

/// Adopted as if by birth, a union of which no more is known as if married. Words found so are not exact.
fn taken_for_granted(route: &Route) -> Route {
    let mut route = route.clone();
    for leg in &mut route.legs {
        leg.kin = match leg.kin {
            Link::Parent(Line::Adoptive) => Link::Parent(Line::Birth),
            Link::Child(Line::Adoptive) => Link::Child(Line::Birth),
            Link::Sibling(SiblingKind::Adoptive) => Link::Sibling(SiblingKind::Full),
            Link::Partner(Union::Other) => Link::Partner(Union::Joined),
            same => same,
        };
    }
    route
}
