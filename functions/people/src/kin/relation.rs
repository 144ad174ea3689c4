//! How two persons are related: the nearest relationship, its words, and all paths.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path as UrlPath, State};
use dzinza_domain::view;
use dzinza_graphs::Kin;
use dzinza_kinship::terms::{Form, Language, Term, describe, term};
use dzinza_kinship::{
    Kind, Lines, PAGE_WORK, Path, Paths, Place, Relation, Total, all_relations, kinship, to_the_end,
};
use dzinza_web::{PersonAccess, Problem, QueryParams, View};
use serde_json::{Value, json};

use super::veil::Veil;
use super::{blocking, graph_of, lines, outside, shown, words};
use crate::PeoplePorts;

/// Persons of a path that are shown; who is beyond is only named by id.
const MAX_PEOPLE: usize = 2000;
/// Pairs that are looked at to count paths.
const COUNT_WORK: usize = 400_000;

/// How the second person is related to the first: the nearest relationship by descent, else by other parental lines,
/// as recorded siblings, by marriage; the way there, the common ancestors, and the word for it.
#[utoipa::path(get, path = "/api/persons/{personId}/relationship/{otherId}", tag = "kin", operation_id = "relation_of", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("otherId" = String, Path), ("lang" = Option<String>, Query, description = "en (default), sn or nd: the language of `term`; `terms` has all"),
        ("coefficients" = Option<bool>, Query, description = "also the coefficients of kinship, relationship and inbreeding")),
    responses((status = 200, description = "The relationship; `related` is false if there is none"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Coefficients are for members of the tree"), (status = 404, description = "No such person for this caller, or the other is not of the same tree")))]
pub async fn relation(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    UrlPath((_person, other)): UrlPath<(String, String)>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let language = language(&query)?;
    let coefficients = query.flag(&["coefficients"])?.unwrap_or(false);
    if coefficients && outside(&found.access) {
        // They count descent by birth alone.
        return Err(Problem::forbidden("Only members of this family tree may see coefficients"));
    }
    let (graph, one) = graph_of(&ports, &found).await?;
    let two = graph.place(&other).ok_or_else(|| Problem::not_found("Person not found"))?;
    let work = graph.clone();
    let (relations, kinship) = blocking(move || {
        let kinship = if coefficients { kinship(&work, one, two, &mut to_the_end) } else { None };
        (all_relations(&work, one, two, Some(language)), kinship)
    })
    .await?;
    let mut places: HashSet<Place> = HashSet::from([one, two]);
    for relation in &relations {
        places.extend(relation.path.places().chain(relation.common.iter().copied()).take(MAX_PEOPLE));
    }
    let people = shown(&ports, &found.access, places.iter().map(|at| graph.id(*at)), view::brief).await?;
    let veil = outside(&found.access).then(|| Veil::new(&people));
    let teller = Teller { graph: &graph, veil };
    let person = |place: Place| {
        let id = graph.id(place);
        people.get(id).map_or_else(|| json!({ "id": id }), |person| json!(person))
    };
    let mut answer = json!({ "person": person(one), "other": person(two), "related": !relations.is_empty() });
    if let Some(nearest) = relations.first() {
        teller.tell(nearest, language, &person, &mut answer);
    }
    let mut also = Vec::new();
    for relation in relations.iter().skip(1) {
        let mut told = json!({});
        teller.tell(relation, language, &person, &mut told);
        also.push(told);
    }
    answer["also"] = Value::Array(also);
    if let Some(kinship) = kinship {
        answer["coefficients"] = json!({ "kinship": kinship.kinship, "relationship": kinship.relationship,
            "inbreeding": kinship.inbreeding });
    }
    Ok(Json(answer))
}

/// All paths by which two persons are related by descent, the shortest first, page by page. The work of a page is
/// bounded: with `cut`, it ended early and `next` goes on.
#[utoipa::path(get, path = "/api/persons/{personId}/relationship/{otherId}/paths", tag = "kin", operation_id = "relation_paths", security(("bearer" = []), ("cookie" = [])),
    params(("personId" = String, Path), ("otherId" = String, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("lines" = Option<String>, Query, description = "birth (default), legal or all"), ("marriages" = Option<bool>, Query, description = "after them also paths with one marriage"), ("lang" = Option<String>, Query, description = "en (default), sn or nd")),
    responses((status = 200, description = "A page of paths"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 404, description = "No such person for this caller, or the other is not of the same tree")))]
pub async fn paths(
    State(ports): State<PeoplePorts>,
    found: PersonAccess<View>,
    UrlPath((_person, other)): UrlPath<(String, String)>,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let language = language(&query)?;
    let limit = query.number(&["limit"], 1..=100)?.unwrap_or(20) as usize;
    let marriages = query.flag(&["marriages"])?.unwrap_or(false);
    let lines = if query.has(&["lines"]) { lines(&query)? } else { Lines::BIRTH };
    let cursor = query.text(&["cursor"]).map(str::parse).transpose();
    let cursor = cursor
        .map_err(|_| Problem::field("cursor", "invalid", "cursor must be the next of a page before"))?;
    let (graph, one) = graph_of(&ports, &found).await?;
    let two = graph.place(&other).ok_or_else(|| Problem::not_found("Person not found"))?;
    let outside = outside(&found.access);
    let work = graph.clone();
    let (page, total) = blocking(move || {
        let paths = Paths::new(&work, one, two, lines);
        let paths = if marriages { paths.with_marriages() } else { paths };
        (paths.page(cursor.as_ref(), limit, PAGE_WORK), paths.total(COUNT_WORK))
    })
    .await?;
    let places: HashSet<Place> =
        page.paths.iter().flat_map(Path::places).chain([one, two]).take(MAX_PEOPLE).collect();
    let people = shown(&ports, &found.access, places.iter().map(|at| graph.id(*at)), view::brief).await?;
    let teller = Teller { graph: &graph, veil: outside.then(|| Veil::new(&people)) };
    let told = page.paths.iter().map(|path| {
        json!({ "length": path.hops.len(), "path": teller.steps(path, &|place| json!({ "id": graph.id(place) })),
            "term": shown_term(&teller.term(path, language)) })
    });
    let told: Vec<Value> = told.collect();
    let (total, exact) = match total {
        Total::Exactly(total) => (total, true),
        Total::AtMost(total) => (total, false),
    };
    Ok(Json(json!({ "paths": told, "persons": people, "total": total, "totalIsExact": exact,
        "cut": page.cut, "next": page.next.map(|next| next.to_string()) })))
}

/// The language that `lang` asks for; English otherwise.
pub fn language(query: &QueryParams) -> Result<Language, Problem> {
    let code = query.word(&["lang", "language"], &["en", "sn", "nd"])?;
    Ok(code.and_then(Language::from_code).unwrap_or(Language::English))
}

/// Puts relations into words, for those inside the tree or outside.
struct Teller<'a> {
    graph: &'a Arc<Kin>,
    veil: Option<Veil<'a>>,
}

impl Teller<'_> {
    fn tell(&self, relation: &Relation, lang: Language, person: &dyn Fn(Place) -> Value, into: &mut Value) {
        let open = self.veil.is_none();
        let terms = Language::ALL.map(|each| (each.code(), shown_term(&self.term(&relation.path, each))));
        into["kind"] = json!(kind(relation.kind, open));
        into["term"] = shown_term(&self.term(&relation.path, lang));
        into["terms"] = terms.into_iter().map(|(code, term)| (code.to_owned(), term)).collect();
        into["up"] = json!(relation.up);
        into["down"] = json!(relation.down);
        into["unions"] = json!(relation.unions);
        into["commonAncestors"] = relation.common.iter().map(|place| person(*place)).collect();
        into["path"] = self.steps(&relation.path, person);
        into["partners"] =
            json!(relation.partners.map(|union| if open { words::union(union) } else { "partner" }));
        if open {
            into["half"] = json!(relation.half);
        }
    }

    fn term(&self, path: &Path, language: Language) -> Term {
        match &self.veil {
            None => term(&describe(self.graph, path), language),
            Some(veil) => {
                let (graph, path) = veil.over(self.graph, path);
                term(&describe(&graph, &path), language)
            }
        }
    }

    fn steps(&self, path: &Path, person: &dyn Fn(Place) -> Value) -> Value {
        let first = json!({ "person": person(path.from), "step": null });
        let rest = path.hops.iter().map(|hop| {
            let (step, how) = words::step(hop.step);
            let how = self.veil.is_none().then_some(how);
            json!({ "person": person(hop.to), "step": step, "how": how })
        });
        std::iter::once(first).chain(rest).collect()
    }
}

fn kind(kind: Kind, open: bool) -> &'static str {
    match kind {
        Kind::Oneself => "self",
        Kind::Marriage => "marriage",
        Kind::Connection => "connection",
        _ if !open => "descent",
        Kind::Blood => "blood",
        Kind::Parental(line) => words::line(line),
        Kind::Sibling(_) => "siblings",
    }
}

/// A term on the wire.
pub fn shown_term(term: &Term) -> Value {
    let form = match term.form {
        Form::Word => "word",
        Form::Choice => "choice",
        Form::Described => "described",
    };
    json!({ "word": term.word, "form": form, "exact": term.exact, "language": term.language.code(),
        "gloss": term.gloss, "literal": term.literal, "honorific": term.honorific, "also": term.also,
        "references": term.references })
}

/// The word for what the end of a path is to its beginning.
pub fn word(graph: &Kin, veil: Option<&Veil<'_>>, path: &Path, language: Language) -> Value {
    match veil {
        None => shown_term(&term(&describe(graph, path), language)),
        Some(veil) => {
            let (graph, path) = veil.over(graph, path);
            shown_term(&term(&describe(&graph, &path), language))
        }
    }
}
