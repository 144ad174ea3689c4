//! Whom a person may be related to (contract 1.4): the same surname, the same place, the same time.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::person::text;
use dzinza_domain::text::fold;
use dzinza_domain::tree::TreeRole;
use dzinza_domain::view;
use dzinza_ports::{Document, Filter, Query};
use dzinza_web::{PersonAccess, Problem, View};
use serde_json::{Value, json};

use super::graph_of;
use crate::PeoplePorts;

/// Suggestions an answer.
const MOST: usize = 20;
/// Candidates that are looked at for each reason.
const CANDIDATES: u32 = 200;
/// Twenty years in days.
const TWENTY_YEARS: i64 = 7305;

/// Persons of the tree who may be relatives of this one: who bear the surname, were born at the same place, or within
/// twenty years. Those who are parents, partners, siblings or children already are left out.
#[utoipa::path(get, path = "/api/relationships/suggestions/{personId}", tag = "kin", security(("bearer" = []), ("cookie" = [])), params(("personId" = String, Path)),
    responses((status = 200, description = "At most 20 suggestions, the most likely first"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn suggestions(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
) -> Result<Json<Value>, Problem> {
    let (graph, place) = graph_of(&ports, &found).await?;
    let tied = graph.ties(place).iter().map(|tie| tie.to);
    // Those of the same parents are siblings, whether or not anybody has recorded it.
    let siblings =
        graph.parents(place).flat_map(|(parent, _)| graph.children(parent)).map(|(child, _)| child);
    let close: HashSet<&str> = tied.chain(siblings).map(|kin| graph.id(kin)).collect();
    let viewer = found.access.viewer;
    let person = viewer.redact(&found.person.body);
    let mut suggested: Vec<Value> = Vec::new();
    let mut seen: HashSet<String> = HashSet::from([found.person.id.clone()]);
    for reason in Reason::ALL {
        let Some(filter) = reason.filter(&person) else { continue };
        for candidate in candidates(&ports, &found, filter).await? {
            if suggested.len() >= MOST {
                break;
            }
            let other = viewer.redact(&candidate.body);
            if close.contains(candidate.id.as_str()) || !reason.holds(&person, &other) {
                continue;
            }
            if seen.insert(candidate.id.clone()) {
                let mut shown = view::summary(&candidate.id, &other);
                ports.links.open_photo(&mut shown).await;
                suggested.push(json!({ "person": shown, "suggestionType": reason.word(),
                    "confidence": reason.confidence(), "reason": reason.sentence() }));
            }
        }
    }
    let mut shown = view::summary(&found.person.id, &person);
    ports.links.open_photo(&mut shown).await;
    Ok(Json(json!({ "person": shown, "suggestions": suggested })))
}

async fn candidates(
    ports: &PeoplePorts,
    found: &PersonAccess<View>,
    filter: Filter,
) -> Result<Vec<Document>, Problem> {
    let access = &found.access;
    let mut filter = access.filter().and(filter);
    if access.role == TreeRole::Public {
        // Who may not be seen may not be found.
        filter = filter.and(Filter::Range("index.livingUntil", None, Some(access.viewer.year.into())));
    }
    Ok(ports.documents.find(&PEOPLE, Query::new(filter).limit(CANDIDATES)).await?)
}

/// Why somebody is suggested, most convincing first.
#[derive(Clone, Copy)]
enum Reason {
    Surname,
    Location,
    Contemporary,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Surname, Self::Location, Self::Contemporary];

    fn word(self) -> &'static str {
        match self {
            Self::Surname => "same_surname",
            Self::Location => "same_location",
            Self::Contemporary => "contemporary",
        }
    }

    fn confidence(self) -> f64 {
        match self {
            Self::Surname => 0.7,
            Self::Location => 0.6,
            Self::Contemporary => 0.5,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Surname => "Has the same surname",
            Self::Location => "Was born at the same place, within twenty years",
            Self::Contemporary => "Was born within twenty years",
        }
    }

    /// What finds candidates by an index; `None` if the person has nothing to compare.
    fn filter(self, person: &dzinza_ports::Body) -> Option<Filter> {
        match self {
            Self::Surname => {
                let surname = text(person, "lastName").map(fold).filter(|name| !name.is_empty())?;
                Some(Filter::Prefix("index.sortName", format!("{surname}\u{1}")))
            }
            Self::Location | Self::Contemporary => {
                let born = person.get("index").and_then(|index| index["birthDay"].as_i64())?;
                let (from, to) = (born - TWENTY_YEARS, born + TWENTY_YEARS + 1);
                Some(Filter::Range("index.birthDay", Some(from.into()), Some(to.into())))
            }
        }
    }

    /// Whether it holds of what the caller may see.
    fn holds(self, person: &dzinza_ports::Body, other: &dzinza_ports::Body) -> bool {
        let same = |key| match (text(person, key), text(other, key)) {
            (Some(one), Some(two)) => fold(one) == fold(two),
            _ => false,
        };
        match self {
            Self::Surname => same("lastName"),
            Self::Location => same("placeOfBirth"),
            Self::Contemporary => text(other, "dateOfBirth").is_some(),
        }
    }
}
