//! Sources, repositories, notes, media objects and submitters; citing them, and who cites them.
#![warn(missing_docs)]

#[cfg(feature = "boot")]
pub mod boot;
mod citations;
mod citers;
mod citing;
mod files;
mod lookup;
mod owner;
mod records;
mod routes;
mod schema;
mod sight;
mod unlink;

use std::sync::Arc;

use dzinza_ports::{Clock, Documents, Ids};
use dzinza_web::{ApiRouter, AuthState, HasAuth, HasDocuments, Links, Routes, finish, routes};

use routes::{media, notes, repositories, sources, submitters};

/// What this group needs of the outside world.
#[derive(Clone)]
pub struct SourcesPorts {
    /// Records, and the persons and relationships that cite them.
    pub documents: Arc<dyn Documents>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Who calls.
    pub auth: AuthState,
    /// Addresses of files.
    pub links: Links,
}

impl HasAuth for SourcesPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

impl HasDocuments for SourcesPorts {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }
}

/// The routes of this group.
pub fn api(ports: SourcesPorts) -> ApiRouter {
    let routes = Routes::new()
        .routes(routes!(sources::list, sources::create))
        .routes(routes!(sources::show, sources::update, sources::remove))
        .routes(routes!(sources::cited_by))
        .routes(routes!(repositories::list, repositories::create))
        .routes(routes!(repositories::show, repositories::update, repositories::remove))
        .routes(routes!(repositories::cited_by))
        .routes(routes!(notes::list, notes::create))
        .routes(routes!(notes::show, notes::update, notes::remove))
        .routes(routes!(notes::cited_by))
        .routes(routes!(media::list, media::create))
        .routes(routes!(media::show, media::update, media::remove))
        .routes(routes!(media::cited_by))
        .routes(routes!(submitters::list, submitters::create))
        .routes(routes!(submitters::show, submitters::update, submitters::remove))
        .routes(routes!(submitters::cited_by))
        .routes(routes!(citations::list_of_person, citations::cite_for_person))
        .routes(routes!(citations::show_of_person, citations::change_of_person, citations::remove_of_person))
        .routes(routes!(citations::list_of_union, citations::cite_for_union))
        .routes(routes!(citations::show_of_union, citations::change_of_union, citations::remove_of_union));
    finish(routes, ports)
}
