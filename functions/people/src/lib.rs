//! Persons, the simple members API, relationships, kin and history.
#![warn(missing_docs)]

#[cfg(feature = "boot")]
pub mod boot;
mod edit;
mod facts;
mod history;
mod kin;
mod kinfolk;
mod members;
mod parents;
mod persons;
mod relationships;
mod schema;

use std::sync::Arc;

use dzinza_graphs::Graphs;
use dzinza_ports::{Clock, Documents, Ids};
use dzinza_web::{ApiRouter, AuthState, HasAuth, HasDocuments, Links, Routes, finish, routes};

/// What this group needs of the outside world.
#[derive(Clone)]
pub struct PeoplePorts {
    /// Persons, relationships, trees and history.
    pub documents: Arc<dyn Documents>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// Who is whose kin.
    pub graphs: Arc<Graphs>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Who calls.
    pub auth: AuthState,
    /// Addresses of photos.
    pub links: Links,
}

impl HasAuth for PeoplePorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

impl HasDocuments for PeoplePorts {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }
}

/// The routes of this group.
pub fn api(ports: PeoplePorts) -> ApiRouter {
    let routes = Routes::new()
        .routes(routes!(persons::list_in_tree, persons::create_in_tree))
        .routes(routes!(persons::show_in_tree, persons::update_in_tree, persons::remove_in_tree))
        .routes(routes!(persons::list, persons::create))
        .routes(routes!(persons::search))
        .routes(routes!(persons::show, persons::update, persons::remove))
        .routes(routes!(kin::lineage::ancestors))
        .routes(routes!(kin::lineage::descendants))
        .routes(routes!(kin::lists::all_ancestors))
        .routes(routes!(kin::lists::all_descendants))
        .routes(routes!(kin::relation::relation))
        .routes(routes!(kin::relation::paths))
        .routes(routes!(kin::relatives::relatives))
        .routes(routes!(kin::overview::islands))
        .routes(routes!(kin::overview::doubtful))
        .routes(routes!(kin::overview::consanguinity))
        .routes(routes!(kin::chart::chart))
        .routes(routes!(kin::suggestions::suggestions))
        .routes(routes!(kin::tree_chart::chart))
        .routes(routes!(facts::list))
        .routes(routes!(history::list))
        .routes(routes!(history::show))
        .routes(routes!(history::revert))
        .routes(routes!(relationships::of_person))
        .routes(routes!(members::create))
        .routes(routes!(members::show, members::update, members::remove))
        .routes(routes!(relationships::create, relationships::list, relationships::change::remove_by_pair))
        .routes(routes!(relationships::show, relationships::change::update, relationships::change::remove))
        .routes(routes!(relationships::create_in_tree, relationships::list_in_tree))
        .routes(routes!(
            relationships::show_in_tree,
            relationships::change::update_in_tree,
            relationships::change::remove_in_tree
        ));
    finish(routes, ports)
}
