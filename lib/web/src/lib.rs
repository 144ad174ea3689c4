//! The axum kit every route group is built with: one error body, strict JSON, callers, authority over trees,
//! pagination. HTTP status codes live here and nowhere below.
#![warn(missing_docs)]

mod access;
mod admin;
mod around;
mod audit;
mod caller;
mod csrf;
mod endings;
mod health;
mod json;
mod keys;
mod language;
mod login_lock;
mod maintenance;
mod origin;
mod page;
mod problem;
mod program;
mod query;
mod retry;
mod router;
mod routes;
mod site;
mod state;
mod token;
mod tongues;
pub mod user_view;

pub use access::{Edit, Level, Manage, Own, PersonAccess, TreeAccess, View, default_tree, timestamp};
pub use admin::{Admin, HasUsers, is_admin};
pub use around::{panicked, tell_route};
pub use audit::Recorder;
pub use caller::{AnyCaller, Caller, MaybeCaller, cookies};
pub use dzinza_ports::visible_imports;
pub use endings::{Endings, revocation_of, valid_after_of};
pub use health::{Dependency, Looked, Service, health_routes};
pub use json::{JsonBody, parse_strict};
pub use language::Language;
pub use login_lock::LoginLock;
pub use maintenance::{Maintenance, under_maintenance};
pub use origin::ClientInfo;
pub use page::{Page, PageQuery, Paged};
pub use problem::{FieldError, Problem, store_problem};
pub use program::{Scope, new_program_token, program_token_hash};
pub use query::QueryParams;
pub use retry::{Retry, retry_stale};
pub use router::{ApiRouter, finish, operations};
pub use routes::Routes;
pub use site::SiteWatch;
pub use state::{AuthState, HasAuth, HasDocuments, Links};
pub use token::{AccessClaims, KeyError, RefreshClaims, TokenError, TokenKeys, TokenSubject};
pub use tongues::{Spoken, translate, vary, vary_on};
pub use user_view::UserView;

/// The cookie that carries the access token for callers without a header (contract 2.3).
pub const ACCESS_COOKIE: &str = "access_token_cookie";
/// The cookie that older versions set; it is only ever cleared.
pub const REFRESH_COOKIE: &str = "refresh_token_cookie";

/// What the macros of this crate need where they are used.
#[doc(hidden)]
pub mod __routes {
    pub use axum::routing::MethodRouter;
    pub use utoipa_axum;

    pub use crate::routes::{Handled, on};
}
