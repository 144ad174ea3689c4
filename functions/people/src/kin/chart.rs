//! Charts of a person's family: laid out for a page that draws them itself, or drawn.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_charts::{Drawing, Gender, Label, Theme, Words, svg};
use dzinza_domain::view;
use dzinza_kinship::Graph;
use dzinza_kinship::chart::{self, Direction, Kind, Layout, Options};
use dzinza_ports::Body;
use dzinza_web::{PersonAccess, Problem, QueryParams, View};
use http::header;
use serde_json::{Value, json};

use super::{blocking, graph_of, shown};
use crate::PeoplePorts;

/// Persons of one chart, unless the caller wants fewer.
const MOST: u64 = 3000;

/// A chart of a person's family. `json` says who stands where and which line means what; `svg` is drawn.
#[utoipa::path(get, path = "/api/persons/{personId}/chart", tag = "kin", operation_id = "person_chart", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("kind" = Option<String>, Query, description = "pedigree (default), descendants, hourglass or fan"), ("generations" = Option<u32>, Query, minimum = 1, maximum = 12),
        ("format" = Option<String>, Query, description = "json (default), svg or pdf"), ("direction" = Option<String>, Query, description = "across or down"), ("limit" = Option<u32>, Query, minimum = 1, maximum = 3000, description = "persons at most (600)"),
        ("theme" = Option<String>, Query, description = "of svg: auto (default), light or dark"), ("paper" = Option<String>, Query, description = "of pdf: a4 (default) or a3"), ("orientation" = Option<String>, Query, description = "of pdf: portrait or landscape")),
    responses((status = 200, description = "The chart", content((serde_json::Value = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "application/pdf"))), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller")))]
pub async fn chart(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    query: QueryParams,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&query)?;
    let (graph, root) = graph_of(&ports, &found).await?;
    let (work, options) = (graph.clone(), wanted.options);
    let layout = blocking(move || chart::chart(&work, root, options)).await?;
    let places: BTreeSet<_> = layout.cards.iter().map(|card| card.place).collect();
    let ids = places.iter().map(|place| graph.id(*place));
    let people = shown(&ports, &found.access, ids, view::summary).await?;
    let title = people.get(&found.person.id).map(|person| text(person, "name").to_owned());
    wanted.answer(&graph, layout, people, title.unwrap_or_default()).await
}

/// What the query asks for.
struct Wanted {
    options: Options,
    format: &'static str,
    theme: Theme,
}

impl Wanted {
    fn read(query: &QueryParams) -> Result<Self, Problem> {
        let kinds = ["pedigree", "descendants", "hourglass", "fan"];
        let kind = match query.word(&["kind", "type"], &kinds)? {
            Some("descendants") => Kind::Descendants,
            Some("hourglass") => Kind::Hourglass,
            Some("fan") => Kind::Fan,
            _ => Kind::Pedigree,
        };
        let mut options = Options::new(kind);
        if let Some(generations) = query.number(&["generations"], 1..=12)? {
            options.generations = generations as u8;
        }
        if let Some(limit) = query.number(&["limit"], 1..=MOST)? {
            options.limit = limit as usize;
        }
        match query.word(&["direction"], &["across", "down"])? {
            Some("across") => options.direction = Direction::LeftRight,
            Some(_) => options.direction = Direction::TopDown,
            None => {}
        }
        let theme = match query.word(&["theme"], &["auto", "light", "dark"])? {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        };
        let format = query.word(&["format"], &["json", "svg"])?.unwrap_or("json");
        Ok(Self { options, format, theme })
    }

    async fn answer(
        &self,
        graph: &Graph,
        layout: Layout,
        people: HashMap<String, Body>,
        title: String,
    ) -> Result<Response, Problem> {
        if self.format == "json" {
            return Ok(axum::Json(described(graph, &layout, &people)).into_response());
        }
        let nobody = Body::new();
        let of = |place| people.get(graph.id(place)).unwrap_or(&nobody);
        let labels: Vec<Label> = layout.cards.iter().map(|card| label(of(card.place))).collect();
        let theme = self.theme;
        let drawn = blocking(move || {
            let words = Words::default();
            let drawing =
                Drawing { layout: &layout, labels: &labels, title: &title, subtitle: "", words: &words };
            svg(&drawing, theme)
        })
        .await?;
        let headers = [
            (header::CONTENT_TYPE, "image/svg+xml"),
            // Names are text in it; nothing in it may run even so.
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        ];
        Ok((headers, drawn).into_response())
    }
}

/// The layout with persons instead of places.
fn described(graph: &Graph, layout: &Layout, people: &HashMap<String, Body>) -> Value {
    let mut described = json!(layout);
    if let Some(Value::Array(cards)) = described.get_mut("cards") {
        for (card, stands) in cards.iter_mut().zip(&layout.cards) {
            if let Value::Object(card) = card {
                card.remove("place");
                card.insert("personId".into(), json!(graph.id(stands.place)));
            }
        }
    }
    described["persons"] = json!(people);
    described
}

/// What is written on a card.
fn label(person: &Body) -> Label {
    let year = |key: &str, estimated: &str| {
        let date = person.get(key).and_then(Value::as_str)?;
        let year = date.split_once('-').map_or(date, |(year, _)| year).trim_start_matches('0');
        let about = person.get(estimated).and_then(Value::as_str).is_some_and(is_about);
        Some(if about { format!("c. {year}") } else { year.to_owned() })
    };
    let (born, died) = (year("birthDate", "birthDateText"), year("deathDate", "deathDateText"));
    let mut lines = Vec::new();
    match (born, died) {
        (Some(born), Some(died)) => lines.push(format!("{born} – {died}")),
        (Some(born), None) => lines.push(format!("* {born}")),
        (None, Some(died)) => lines.push(format!("– {died}")),
        (None, None) => {}
    }
    let place = ["placeOfBirth", "placeOfDeath"].into_iter().map(|key| text(person, key));
    lines.extend(place.into_iter().find(|place| !place.is_empty()).map(str::to_owned));
    let gender = match text(person, "gender") {
        "male" => Gender::Male,
        "female" => Gender::Female,
        _ => Gender::Other,
    };
    let clan = ["totem", "clan"].into_iter().map(|key| text(person, key)).find(|clan| !clan.is_empty());
    let name = text(person, "name").to_owned();
    let redacted = name == "Living" && person.get("isLiving") == Some(&json!(true));
    Label { name, clan: clan.map(str::to_owned), lines, gender, redacted }
}

/// Whether a date says less than the year that is shown for it.
fn is_about(date: &str) -> bool {
    ["ABT", "CAL", "EST", "BEF", "AFT", "BET", "INT"].iter().any(|word| date.trim_start().starts_with(word))
}

fn text<'a>(person: &'a Body, key: &str) -> &'a str {
    person.get(key).and_then(Value::as_str).unwrap_or_default()
}
