//! The linked functions over one data folder: what runs in one process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::middleware::from_fn_with_state;
use dzinza_admin::AdminPorts;
use dzinza_auth::{AuthPorts, AuthRules, OAuth, RelyingParty};
use dzinza_config::Settings;
use dzinza_graphs::Graphs;
use dzinza_jobs::JobsPorts;
use dzinza_notifications::NotificationPorts;
use dzinza_people::PeoplePorts;
use dzinza_ports::Message;
use dzinza_sealing::Sealer;
use dzinza_sources::SourcesPorts;
use dzinza_stories::StoryPorts;
use dzinza_trees::TreesPorts;
use dzinza_web::{
    ApiRouter, AuthState, Links, Maintenance, SiteWatch, TokenKeys, health_routes, under_maintenance,
};
use dzinza_wiring::Embedded;
use secrecy::{ExposeSecret as _, SecretString};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::queues::JobHandler;
use crate::services;

/// Ports, rules and keys of every function.
#[derive(Clone)]
pub struct Platform {
    /// The stores.
    pub stores: Embedded,
    graphs: Arc<Graphs>,
    auth: AuthState,
    sealer: Arc<Sealer>,
    site: SiteWatch,
    rules: AuthRules,
    oauth: OAuth,
    import_wait: Duration,
    import_undo: Duration,
}

/// The functions that answer requests, and the description of all their routes.
pub struct Functions {
    /// By the name that `template.yaml` gives them.
    pub routers: Vec<(&'static str, Router)>,
    /// Generated from the handlers.
    pub openapi: OpenApi,
}

impl Platform {
    /// Opens the data folder with these settings.
    ///
    /// # Errors
    /// If the folder, a secret or the database cannot be used.
    pub fn open(settings: &Settings, data: &Path) -> anyhow::Result<Self> {
        let mut stores =
            Embedded::open(data)?.with_redis(settings)?.with_database(settings)?.with_aws(settings)?;
        let (documents, graphs) =
            dzinza_graphs::watch(stores.documents, settings.kin_graph_memory_mb.saturating_mul(1 << 20));
        stores.documents = documents;
        let (clock, ids) = (stores.clock.clone(), stores.ids.clone());
        stores.mail = dzinza_wiring::mailer(settings, &stores.secrets, data, clock, ids)?;
        let secrets = &stores.secrets;
        let keys = TokenKeys::new(
            secrets.jwt.expose_secret().as_bytes(),
            secrets.jwt_refresh.expose_secret().as_bytes(),
        )?;
        let former =
            |key: &Option<SecretString>| key.as_ref().map(|key| key.expose_secret().as_bytes().to_vec());
        let keys = keys.with_previous(
            former(&secrets.previous_jwt).as_deref(),
            former(&secrets.previous_jwt_refresh).as_deref(),
        )?;
        let former = secrets.previous_data_key.as_ref().map(|key| key.expose_secret().as_bytes());
        let sealer = Arc::new(Sealer::new(secrets.data_key.expose_secret().as_bytes(), former));
        let auth = AuthState {
            keys,
            limits: stores.limits.clone(),
            clock: stores.clock.clone(),
            allowed_origins: settings.allowed_origins.clone().into(),
            secure_cookies: settings.public_tls,
            access_tokens: Some(stores.access_tokens.clone()),
        };
        let oauth = crate::providers::oauth(settings, &stores.secrets.providers)?;
        let import_wait = Duration::from_secs(settings.import_wait_seconds);
        let import_undo = Duration::from_hours(24 * settings.import_undo_days);
        let site = SiteWatch::new(stores.site.clone(), stores.clock.clone());
        Ok(Self {
            stores,
            graphs,
            auth,
            sealer,
            site,
            rules: rules(settings),
            oauth,
            import_wait,
            import_undo,
        })
    }

    /// This, if everything it needs is there and has the layout of this program.
    ///
    /// # Errors
    /// In one line, with what to do.
    pub async fn ready(self) -> anyhow::Result<Self> {
        self.stores.ready().await?;
        Ok(self)
    }

    /// What signing up and in needs.
    pub fn auth_ports(&self) -> AuthPorts {
        AuthPorts {
            users: self.stores.users.clone(),
            sessions: self.stores.sessions.clone(),
            audit: self.stores.audit.clone(),
            limits: self.stores.limits.clone(),
            identities: self.stores.identities.clone(),
            passkeys: self.stores.passkeys.clone(),
            access_tokens: self.stores.access_tokens.clone(),
            site: self.stores.site.clone(),
            outbox: self.stores.outbox.clone(),
            queue: self.stores.queue.clone(),
            sealer: self.sealer.clone(),
            clock: self.stores.clock.clone(),
            ids: self.stores.ids.clone(),
            auth: self.auth.clone(),
            oauth: self.oauth.clone(),
            rules: self.rules.clone(),
            documents: self.stores.documents.clone(),
            blobs: self.stores.blobs.clone(),
        }
    }

    /// What administration needs.
    pub fn admin_ports(&self) -> AdminPorts {
        AdminPorts {
            users: self.stores.users.clone(),
            sessions: self.stores.sessions.clone(),
            audit: self.stores.audit.clone(),
            passkeys: self.stores.passkeys.clone(),
            access_tokens: self.stores.access_tokens.clone(),
            site: self.site.clone(),
            documents: self.stores.documents.clone(),
            limits: self.stores.limits.clone(),
            clock: self.stores.clock.clone(),
            ids: self.stores.ids.clone(),
            auth: self.auth.clone(),
            post: self.auth_ports().post_office(),
            revocation_memory: self.rules.revocation_memory(),
            services: services::all(&self.stores),
        }
    }

    /// What trees need.
    pub fn trees_ports(&self) -> TreesPorts {
        TreesPorts {
            documents: self.stores.documents.clone(),
            archives: self.stores.archives.clone(),
            blobs: self.stores.blobs.clone(),
            clock: self.stores.clock.clone(),
            ids: self.stores.ids.clone(),
            auth: self.auth.clone(),
            links: Links::new(self.stores.blobs.clone()),
            import_wait: self.import_wait,
        }
    }

    fn people_ports(&self) -> PeoplePorts {
        PeoplePorts {
            documents: self.stores.documents.clone(),
            clock: self.stores.clock.clone(),
            graphs: self.graphs.clone(),
            ids: self.stores.ids.clone(),
            auth: self.auth.clone(),
            links: Links::new(self.stores.blobs.clone()),
        }
    }

    fn sources_ports(&self) -> SourcesPorts {
        SourcesPorts {
            documents: self.stores.documents.clone(),
            clock: self.stores.clock.clone(),
            ids: self.stores.ids.clone(),
            auth: self.auth.clone(),
            links: Links::new(self.stores.blobs.clone()),
        }
    }

    fn story_ports(&self) -> StoryPorts {
        StoryPorts {
            documents: self.stores.documents.clone(),
            clock: self.stores.clock.clone(),
            auth: self.auth.clone(),
        }
    }

    fn notification_ports(&self) -> NotificationPorts {
        NotificationPorts {
            documents: self.stores.documents.clone(),
            clock: self.stores.clock.clone(),
            auth: self.auth.clone(),
        }
    }

    /// What jobs need.
    pub fn jobs_ports(&self) -> JobsPorts {
        JobsPorts {
            documents: self.stores.documents.clone(),
            blobs: self.stores.blobs.clone(),
            sessions: self.stores.sessions.clone(),
            users: self.stores.users.clone(),
            audit: self.stores.audit.clone(),
            outbox: self.stores.outbox.clone(),
            mail: self.stores.mail.clone(),
            sealer: self.sealer.clone(),
            post: self.auth_ports().post_office(),
            clock: self.stores.clock.clone(),
            ids: self.stores.ids.clone(),
            undo_window: self.import_undo,
        }
    }

    /// The jobs function.
    pub fn jobs(&self) -> Arc<dyn JobHandler> {
        Arc::new(Jobs(self.jobs_ports()))
    }

    /// Every function that answers requests.
    pub fn functions(&self) -> Functions {
        let apis: [(&'static str, ApiRouter); 7] = [
            ("auth", dzinza_auth::api(self.auth_ports())),
            ("admin", dzinza_admin::api(self.admin_ports())),
            ("trees", dzinza_trees::api(self.trees_ports())),
            ("people", dzinza_people::api(self.people_ports())),
            ("sources", dzinza_sources::api(self.sources_ports())),
            ("stories", dzinza_stories::api(self.story_ports())),
            ("notifications", dzinza_notifications::api(self.notification_ports())),
        ];
        let mut openapi = described();
        let mut routers = Vec::with_capacity(apis.len());
        for (name, api) in apis {
            openapi.merge(api.openapi);
            routers.push((name, self.equipped(name, api.router)));
        }
        Functions { routers, openapi }
    }
}

impl Platform {
    /// With what every function has beside its own: it tells how it is, and keeps to maintenance.
    fn equipped(&self, name: &str, router: Router) -> Router {
        let service = services::of(name, &self.stores);
        let health = health_routes(service, env!("CARGO_PKG_VERSION"), self.stores.clock.clone());
        let guard = Maintenance {
            site: self.site.clone(),
            users: self.stores.users.clone(),
            auth: self.auth.clone(),
        };
        router.layer(from_fn_with_state(guard, under_maintenance)).merge(health)
    }
}

fn rules(settings: &Settings) -> AuthRules {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let mut rules = AuthRules {
        access_lifetime: minutes(settings.access_token_expire_minutes),
        refresh_lifetime: Duration::from_secs(settings.refresh_token_expire_days * 86_400),
        max_login_attempts: settings.max_login_attempts,
        lockout: minutes(settings.account_lockout_minutes),
        bcrypt_cost: settings.bcrypt_rounds,
        credential_limit: settings.auth_rate_limit_max_requests,
        allow_registration: settings.allow_registration,
        erasure_grace: Duration::from_hours(24 * settings.account_erasure_days),
        public_url: settings.public_api_url.trim_end_matches('/').to_owned(),
        mfa_issuer: settings.mfa_issuer.trim().to_owned(),
        relying_party: RelyingParty::new(
            &settings.webauthn_rp_id,
            &settings.webauthn_origins,
            &settings.public_api_url,
            &settings.allowed_origins,
        ),
        frontend_url: settings.frontend_url.trim_end_matches('/').to_owned(),
        password_reset_url: settings.password_reset_url.clone(),
        support_email: settings.support_email.clone(),
        reset_lifetime: minutes(settings.password_reset_expire_minutes),
        verification_lifetime: minutes(settings.email_verification_expire_hours * 60),
        ..AuthRules::default()
    };
    if rules.credential_limit == 0 {
        (rules.email_limit, rules.user_limit, rules.refresh_limit) = (0, 0, 0);
    }
    rules
}

fn described() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Dzinza")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Family trees that families build together. Every error has the same body."));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(dzinza_web::ACCESS_COOKIE)));
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("cookie", cookie)
        .build();
    OpenApiBuilder::new().info(info.build()).components(Some(components)).build()
}

struct Jobs(JobsPorts);

#[async_trait]
impl JobHandler for Jobs {
    async fn handle(&self, messages: Vec<Message>) -> Vec<String> {
        dzinza_jobs::handle(&self.0, messages).await
    }
}
