use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use dzinza_config::Settings;
use dzinza_letters::PostOffice;
use dzinza_ports::Mailer;
use dzinza_sealing::Sealer;
use dzinza_web::{AuthState, Maintenance, Service, SiteWatch, TokenKeys, health_routes, under_maintenance};
use dzinza_wiring::{OpenError, Stores};
use secrecy::{ExposeSecret as _, SecretString};

use crate::services;

/// What the functions of one process share.
#[derive(Clone)]
pub struct House {
    /// What the operator set.
    pub settings: Settings,
    /// The stores.
    pub stores: Stores,
    /// Who calls.
    pub auth: AuthState,
    /// Seals second factors and letters.
    pub sealer: Arc<Sealer>,
    /// What administrators set.
    pub site: SiteWatch,
}

impl House {
    /// Opens what these settings name.
    ///
    /// # Errors
    /// If the data folder, a secret or a server cannot be used as it is named.
    pub fn open(settings: Settings) -> anyhow::Result<Self> {
        let stores = Stores::of(&settings)?.watched();
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
        let site = SiteWatch::new(stores.site.clone(), stores.clock.clone());
        Ok(Self { settings, stores, auth, sealer, site })
    }

    /// What sends letters. Apart from the rest, so that only a program that sends some has a mail client in it.
    ///
    /// # Errors
    /// If the mail server cannot be used as it is named.
    pub fn mailer(&self) -> Result<Arc<dyn Mailer>, OpenError> {
        let Self { settings, stores, .. } = self;
        let (clock, ids) = (stores.clock.clone(), stores.ids.clone());
        dzinza_wiring::mailer(settings, &stores.secrets, &settings.data, clock, ids)
    }

    /// Where letters come from.
    pub fn post_office(&self) -> PostOffice {
        let Self { settings, stores, .. } = self;
        PostOffice {
            outbox: stores.outbox.clone(),
            queue: stores.queue.clone(),
            sealer: self.sealer.clone(),
            site: stores.site.clone(),
            clock: stores.clock.clone(),
            ids: stores.ids.clone(),
            support: settings.support_email.clone(),
            home: settings.frontend_url.trim_end_matches('/').to_owned(),
            public_url: settings.public_api_url.trim_end_matches('/').to_owned(),
            proof_lifetime: Duration::from_hours(settings.email_verification_expire_hours),
        }
    }

    /// The services whose health administrators are told, by the names that operators know (contract E31).
    pub fn services(&self) -> Vec<Service> {
        services::all(&self.stores)
    }

    /// How long an upload waits for its import.
    pub fn import_wait(&self) -> Duration {
        Duration::from_secs(self.settings.import_wait_seconds)
    }

    /// How long an import can be undone.
    pub fn import_undo(&self) -> Duration {
        Duration::from_hours(24 * self.settings.import_undo_days)
    }

    /// How long an access token is good.
    pub fn access_lifetime(&self) -> Duration {
        Duration::from_secs(self.settings.access_token_expire_minutes * 60)
    }

    /// A function with what every one has beside its own: it tells how it is, and keeps to maintenance.
    pub fn equipped(&self, name: &str, router: Router) -> Router {
        let service = services::of(name, &self.stores);
        let health = health_routes(service, env!("CARGO_PKG_VERSION"), self.stores.clock.clone());
        // The gateway asks at the root; API Gateway leads only what is below `/api` to a function, and this to one.
        let health = match name {
            "auth" => health.clone().nest("/api/auth", health),
            _ => health,
        };
        let guard = Maintenance {
            site: self.site.clone(),
            users: self.stores.users.clone(),
            auth: self.auth.clone(),
        };
        router.layer(from_fn_with_state(guard, under_maintenance)).merge(health)
    }
}
