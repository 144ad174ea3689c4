//! The linked functions over one data folder: what runs in one process.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use dzinza_admin::AdminPorts;
use dzinza_auth::AuthPorts;
use dzinza_boot::House;
use dzinza_config::Settings;
use dzinza_graphs::Graphs;
use dzinza_jobs::JobsPorts;
use dzinza_ports::Message;
use dzinza_trees::TreesPorts;
use dzinza_web::ApiRouter;
use dzinza_wiring::Stores;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::queues::JobHandler;

/// The house, and the ports of every function over it.
#[derive(Clone)]
pub struct Platform {
    /// The stores.
    pub stores: Stores,
    house: Arc<House>,
    graphs: Arc<Graphs>,
    auth: Arc<AuthPorts>,
    jobs: Arc<JobsPorts>,
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
        let settings = Settings { data: data.to_owned(), ..settings.clone() };
        let (house, graphs) = dzinza_people::boot::with_graphs(House::open(settings)?);
        let jobs = dzinza_jobs::boot::ports(&house)?;
        let auth = dzinza_auth::boot::ports(&house)?;
        let (auth, jobs) = (Arc::new(auth), Arc::new(jobs));
        Ok(Self { stores: house.stores.clone(), house: Arc::new(house), graphs, auth, jobs })
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
        AuthPorts::clone(&self.auth)
    }

    /// What administration needs.
    pub fn admin_ports(&self) -> AdminPorts {
        dzinza_admin::boot::ports(&self.house)
    }

    /// What trees need.
    pub fn trees_ports(&self) -> TreesPorts {
        dzinza_trees::boot::ports(&self.house)
    }

    /// What jobs need.
    pub fn jobs_ports(&self) -> JobsPorts {
        JobsPorts::clone(&self.jobs)
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
            ("people", dzinza_people::api(dzinza_people::boot::ports(&self.house, self.graphs.clone()))),
            ("sources", dzinza_sources::api(dzinza_sources::boot::ports(&self.house))),
            ("stories", dzinza_stories::api(dzinza_stories::boot::ports(&self.house))),
            ("notifications", dzinza_notifications::api(dzinza_notifications::boot::ports(&self.house))),
        ];
        let mut openapi = described();
        let mut routers = Vec::with_capacity(apis.len());
        for (name, api) in apis {
            openapi.merge(api.openapi());
            routers.push((name, self.house.equipped(name, api.router)));
        }
        Functions { routers, openapi }
    }
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
