//! Sign-up, sign-in, sessions and profile (contract: auth-and-gateway 2 to 4).
//!
//! The rules live here; accounts, tokens and counters are behind ports. Two of them carry the weight: a refresh
//! token is exchanged in one atomic step ([`dzinza_ports::Sessions::rotate`]), and whatever ends a session
//! first writes `revoked_sid:{sid}`, which every route group checks, and then the rows.
#![warn(missing_docs)]

mod access_tokens;
mod account;
mod audit;
mod avatar;
mod avatar_image;
#[cfg(feature = "boot")]
pub mod boot;
mod change_password;
mod deactivate;
mod devices;
mod erasure;
mod erasure_trees;
mod export_data;
mod guessing;
mod identities;
mod input;
mod last_admin;
mod letters;
mod limits;
mod lockout;
mod login;
mod logout;
mod mailed;
mod mfa;
mod notices;
mod oauth;
mod owner;
mod passkeys;
mod password_verdict;
mod passwords;
mod preferences;
mod profile;
mod profile_change;
mod refresh;
mod register;
mod reset;
mod reset_page;
mod rules;
mod session;
mod session_list;
mod site;
mod tokens;
mod verify;
mod view;
pub mod wire;
pub mod wire_mailed;

use std::sync::Arc;

use dzinza_domain::email;
use dzinza_ports::{
    AccessTokens, Audit, Blobs, Clock, Documents, Identities, Ids, Limits, Outbox, Passkeys, Queue, Sessions,
    SiteSettings, Users,
};
use dzinza_sealing::Sealer;
use dzinza_web::{ApiRouter, AuthState, HasAuth, Routes, finish, routes};

pub use account::{NewAccount, create_account};
pub use oauth::{OAuth, OAuthConfig, OAuthError, ProviderConfig, ProviderKind};
pub use passkeys::RelyingParty;
pub use rules::AuthRules;

use passwords::Passwords;

/// What signing up and in needs.
#[derive(Clone)]
pub struct AuthPorts {
    /// Accounts.
    pub users: Arc<dyn Users>,
    /// Refresh tokens.
    pub sessions: Arc<dyn Sessions>,
    /// The record of what happened to accounts.
    pub audit: Arc<dyn Audit>,
    /// Rate counters, locks and revocations.
    pub limits: Arc<dyn Limits>,
    /// Who people are elsewhere.
    pub identities: Arc<dyn Identities>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Tokens of programs.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// What administrators set.
    pub site: Arc<dyn SiteSettings>,
    /// Letters to people, until a job sends them.
    pub outbox: Arc<dyn Outbox>,
    /// Where the job that sends them is called.
    pub queue: Arc<dyn Queue>,
    /// Seals second factors and letters.
    pub sealer: Arc<Sealer>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn Ids>,
    /// The signing keys and what else knows a caller.
    pub auth: AuthState,
    /// Identity providers.
    pub oauth: OAuth,
    /// Lifetimes and limits.
    pub rules: AuthRules,
    /// Trees, which an account that goes must settle first.
    pub documents: Arc<dyn Documents>,
    /// Pictures of people, and exports.
    pub blobs: Arc<dyn Blobs>,
}

impl HasAuth for AuthPorts {
    fn auth(&self) -> &AuthState {
        &self.auth
    }

    fn admits_programs(&self) -> bool {
        false
    }
}

/// The ports and the queue for the processor, which all handlers of a process share.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) ports: AuthPorts,
    pub(crate) passwords: Passwords,
}

impl HasAuth for Service {
    fn auth(&self) -> &AuthState {
        &self.ports.auth
    }

    fn admits_programs(&self) -> bool {
        false
    }
}

/// The routes under `/api/auth` and `/api/users/me`.
pub fn api(ports: AuthPorts) -> ApiRouter {
    let passwords = Passwords::new(&ports.rules);
    let service = Service { ports, passwords };
    let guard = |scope: limits::Scope| {
        axum::middleware::from_fn_with_state((service.ports.clone(), scope), limits::per_client)
    };
    let credentials = Routes::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(reset::forgot_password))
        .routes(routes!(reset::reset_password))
        .routes(routes!(oauth::begin_oauth))
        .routes(routes!(oauth::begin_linking))
        .routes(routes!(oauth::finish_oauth))
        .merge(mfa::routes())
        .merge(passkeys::proving_routes())
        .routes(routes!(reset::reset_password_with))
        .routes(routes!(reset::validate_token))
        .routes(routes!(verify::verify_email))
        .routes(routes!(verify::verify_email_link))
        .map(|router| router.route_layer(guard(limits::Scope::Credentials)));
    let refreshing = Routes::new()
        .routes(routes!(refresh::refresh))
        .map(|router| router.route_layer(guard(limits::Scope::Refresh)));
    let routes = Routes::new()
        .merge(credentials)
        .merge(refreshing)
        .routes(routes!(reset::reset_password_page))
        .merge(passkeys::routes())
        .routes(routes!(verify::resend_verification))
        .routes(routes!(change_password::change_password))
        .routes(routes!(password_verdict::validate_password))
        .routes(routes!(logout::logout))
        .routes(routes!(logout::logout_all))
        .routes(routes!(identities::identities))
        .routes(routes!(identities::remove_identity))
        .routes(routes!(access_tokens::access_tokens, access_tokens::make_access_token))
        .routes(routes!(access_tokens::remove_access_token))
        .routes(routes!(session_list::sessions))
        .routes(routes!(session_list::end_session))
        .routes(routes!(deactivate::deactivate))
        .routes(routes!(erasure::delete_account))
        .routes(routes!(export_data::export_data))
        .routes(routes!(export_data::export_data_status))
        .routes(routes!(avatar::set_avatar, avatar::remove_avatar))
        .routes(routes!(avatar::show_avatar))
        .routes(routes!(profile::me))
        .routes(routes!(profile::change_profile))
        .routes(routes!(profile::own_user, profile::replace_own_user));
    finish(routes, service)
}
