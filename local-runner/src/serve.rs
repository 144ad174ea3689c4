//! Serving: the gateway on a socket, the queues beside it, and an orderly end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use dzinza_config::Settings;
use dzinza_wiring::lock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::connections;
use crate::demo;
use crate::files;
use crate::gateway::{Gateway, GatewaySettings, RenderMetrics};
use crate::invoker::{InProcess, Invoker};
use crate::platform::Platform;
use crate::queues::{JobHandler, Pump, recovery};
use crate::runtime_api::{Fleet, Hall, RuntimeApi};
use crate::seed;
use crate::template::Template;

/// How long requests may take to finish once the end has been asked for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to serve.
pub struct Serve {
    /// The settings in force.
    pub settings: Settings,
    /// Whether to load the sample family.
    pub demo: bool,
    /// Renders the metrics.
    pub metrics: RenderMetrics,
}

/// A server that listens. Dropping it without [`Server::run`] stops nothing that has begun.
pub struct Server {
    listener: TcpListener,
    router: Router,
    pump: Pump,
    platform: Platform,
    /// Whether the demo account is new, if there is to be one.
    demo: Option<bool>,
    _lock: std::fs::File,
}

impl Serve {
    /// Takes the data folder and the port, and makes everything ready.
    ///
    /// # Errors
    /// In one line, if the folder or the port is in use, a setting is not possible, or the demo account cannot be made.
    pub async fn bind(self) -> anyhow::Result<Server> {
        let data = self.settings.data.clone();
        let held = lock(&data)?;
        let address: SocketAddr = self.settings.listen.parse().context("DZINZA_LISTEN")?;
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let platform = Platform::open(&self.settings, &data)?.ready().await?;
        seed::first_admin(&platform, &self.settings).await?;
        // Before anybody is told that it is there: who tries in vain too often is locked out.
        let mut demo = None;
        if self.demo {
            demo = Some(demo::prepare(&platform).await.context("the demo account cannot be made")?);
        }
        let template = Template::load(None)?;
        let functions = platform.functions();
        let calls = Box::pin(Calls::new(&self.settings, &template, &platform, functions.routers)).await?;
        let pump = Pump::new(&template, platform.stores.queue.clone(), calls.jobs)
            .wake_by(platform.stores.wake_up.clone());
        let gateway = Gateway {
            settings: gateway_settings(&self.settings),
            template,
            invoker: calls.requests,
            openapi: serde_json::to_value(&functions.openapi)?,
            metrics: self.metrics,
            extra: files::routes(platform.stores.clone()),
            clock: platform.stores.clock.clone(),
            ids: platform.stores.ids.clone(),
        };
        let router = gateway.into_router()?;
        Ok(Server { listener, router, pump, platform, demo, _lock: held })
    }
}

/// How functions are called.
struct Calls {
    requests: Arc<dyn Invoker>,
    jobs: Arc<dyn JobHandler>,
}

impl Calls {
    /// As the settings have it: those that are linked, or processes of their own.
    async fn new(
        settings: &Settings,
        template: &Template,
        platform: &Platform,
        linked: Vec<(&'static str, Router)>,
    ) -> anyhow::Result<Self> {
        if settings.invoke == "in-process" {
            return Ok(Self { requests: Arc::new(InProcess::new(linked)), jobs: platform.jobs() });
        }
        let replicas = settings.function_replicas;
        let folder = if settings.function_programs.as_os_str().is_empty() {
            std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default()
        } else {
            settings.function_programs.clone()
        };
        let fleet = (replicas > 0).then(|| Fleet::new(&folder, replicas, settings, template)).transpose()?;
        let hall = Hall {
            listen: settings.runtime_api_listen.parse().context("DZINZA_RUNTIME_API")?,
            fleet,
            clock: platform.stores.clock.clone(),
            ids: platform.stores.ids.clone(),
        };
        let runtime = Arc::new(RuntimeApi::bind(template, hall).await?);
        tracing::info!(address = %runtime.address(), replicas, "functions are processes of their own");
        let jobs = template.functions.iter().find(|function| !function.queues.is_empty());
        let jobs = jobs.context("the template has no function with a queue")?;
        Ok(Self { jobs: runtime.jobs(&jobs.name, jobs.timeout), requests: runtime })
    }
}

fn gateway_settings(settings: &Settings) -> GatewaySettings {
    GatewaySettings {
        allowed_origins: settings.allowed_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        rate_limit_max: settings.rate_limit_max_requests,
        rate_limit_window: Duration::from_millis(settings.rate_limit_window_ms),
        public_tls: settings.public_tls,
        docs: settings.enable_swagger,
        frontend: (!settings.frontend.is_empty()).then(|| PathBuf::from(&settings.frontend)),
        ..GatewaySettings::default()
    }
}

impl Server {
    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then lets requests and the running job finish.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { listener, router, pump, platform, demo, _lock: held } = self;
        let stopping = stop.clone();
        let pumping = tokio::spawn(async move {
            if let Some(new) = demo {
                load_demo(&platform, &pump, new).await;
            }
            let jobs = platform.jobs_ports();
            tokio::join!(pump.run(&stopping), recovery::run(&jobs, &stopping));
        });
        let out_of_patience = async {
            stop.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            () = connections::serve(listener, router, stop.clone()) => {}
            () = out_of_patience => tracing::warn!("some requests did not finish in time"),
        }
        stop.cancel();
        pumping.await?;
        drop(held);
        Ok(())
    }
}

async fn load_demo(platform: &Platform, pump: &Pump, new: bool) {
    let loaded = async {
        if new {
            pump.drain_once().await?;
        }
        demo::hang_portrait(platform).await
    };
    if let Err(error) = loaded.await {
        tracing::error!(error = %error, "the sample family could not be loaded");
    }
}
