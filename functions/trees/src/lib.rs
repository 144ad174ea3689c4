//! Family trees, and GEDCOM in and out.
#![warn(missing_docs)]

mod archive;
#[cfg(feature = "boot")]
pub mod boot;
mod export;
mod exports;
mod family_tree;
mod handover;
mod imports;
mod schema;
mod trees;
mod uploads;

use std::sync::Arc;

use dzinza_ports::{Archives, Blobs, Clock, Documents, Ids};
use dzinza_web::{ApiRouter, AuthState, HasAuth, HasDocuments, Links, Routes, finish, routes};

pub use imports::{Options, Upload, start_import, start_import_with};

/// What this group needs of the outside world.
#[derive(Clone)]
pub struct TreesPorts {
    /// Trees and everything in them.
    pub documents: Arc<dyn Documents>,
    /// All of a tree at one moment.
    pub archives: Arc<dyn Archives>,
    /// Uploaded files.
    pub blobs: Arc<dyn Blobs>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Who calls.
    pub auth: AuthState,
    /// Addresses of photos.
    pub links: Links,
    /// How long an upload waits for its import to end before it answers 202.
    pub import_wait: std::time::Duration,
}

impl HasAuth for TreesPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

impl HasDocuments for TreesPorts {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }
}

/// The routes of this group.
pub fn api(ports: TreesPorts) -> ApiRouter {
    let routes = Routes::new()
        .routes(routes!(family_tree::greet))
        .routes(routes!(family_tree::show))
        .routes(routes!(trees::list, trees::create))
        .routes(routes!(trees::show, trees::update, trees::remove))
        .routes(routes!(handover::refuse))
        .routes(routes!(imports::upload))
        .routes(routes!(imports::list))
        .routes(routes!(imports::show, imports::undo))
        .routes(routes!(imports::preview::changes))
        .routes(routes!(imports::preview::apply))
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::show, uploads::append, uploads::remove))
        .routes(routes!(uploads::import))
        .routes(routes!(archive::download))
        .routes(routes!(archive::restore))
        .routes(routes!(export::download))
        .routes(routes!(export::losses))
        .routes(routes!(exports::list, exports::begin))
        .routes(routes!(exports::show, exports::remove));
    finish(routes, ports)
}
