//! Administration (contract E25 to E35, genealogy 1.10): accounts, the settings of the platform, its health, figures.
//!
//! Every handler takes [`dzinza_web::Admin`], which looks the caller up: who has lost the role has lost it at once.
#![warn(missing_docs)]

mod analytics;
#[cfg(feature = "boot")]
pub mod boot;
mod change;
mod deeds;
mod health;
mod letters;
mod schema;
mod settings;
mod trail;
mod trends;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::routing::any;
use dzinza_letters::PostOffice;
use dzinza_ports::{AccessTokens, Audit, Clock, Documents, Ids, Limits, Passkeys, Sessions, Users};
use dzinza_web::{
    ApiRouter, AuthState, Endings, HasAuth, HasUsers, Problem, Recorder, Routes, Service, SiteWatch, finish,
    routes,
};

pub use deeds::{deactivate_by_operator, give_role};

/// What administration needs of the outside world.
#[derive(Clone)]
pub struct AdminPorts {
    /// Accounts.
    pub users: Arc<dyn Users>,
    /// Refresh tokens.
    pub sessions: Arc<dyn Sessions>,
    /// The record of what happened to accounts.
    pub audit: Arc<dyn Audit>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Tokens of programs.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// The settings of the platform. Share it with whoever keeps to them, and a change is in force at once.
    pub site: SiteWatch,
    /// What is counted.
    pub documents: Arc<dyn Documents>,
    /// Locks and revocations.
    pub limits: Arc<dyn Limits>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn Ids>,
    /// Who calls.
    pub auth: AuthState,
    /// Where letters come from.
    pub post: PostOffice,
    /// How long a revocation must be known: as long as an access token passes.
    pub revocation_memory: Duration,
    /// The services whose health is told.
    pub services: Vec<Service>,
}

impl HasAuth for AdminPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }

    fn admits_programs(&self) -> bool {
        false
    }
}

impl HasUsers for AdminPorts {
    fn users(&self) -> &Arc<dyn Users> {
        &self.users
    }
}

impl AdminPorts {
    fn endings(&self) -> Endings {
        Endings {
            sessions: self.sessions.clone(),
            limits: self.limits.clone(),
            clock: self.clock.clone(),
            memory: self.revocation_memory,
        }
    }

    fn recorder(&self) -> Recorder {
        Recorder { audit: self.audit.clone(), clock: self.clock.clone(), ids: self.ids.clone() }
    }
}

/// The routes under `/api/admin` that concern accounts, settings, health and figures, and `/api/users`.
pub fn api(ports: AdminPorts) -> ApiRouter {
    let nobody = || async { Problem::not_found("There is nothing at this address") };
    let routes = Routes::new()
        .routes(routes!(users::list))
        .routes(routes!(users::show, users::change, users::deactivate))
        .routes(routes!(users::list_plain))
        .routes(routes!(users::show_plain, users::change_plain, users::deactivate_plain))
        .routes(routes!(settings::show, settings::change))
        .routes(routes!(health::show))
        .routes(routes!(analytics::summary))
        .routes(routes!(trends::users))
        .routes(routes!(trends::content))
        .routes(routes!(trail::list))
        .routes(routes!(analytics::dashboard))
        // The caller's own account is another group's, and no account has this for its id.
        .route("/api/users/me", any(nobody));
    finish(routes, ports)
}
