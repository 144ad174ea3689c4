use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use dzinza_config::Settings;
use dzinza_runner::demo;
use dzinza_runner::serve::Serve;
use dzinza_telemetry::{Metrics, Observing, Telemetry, TelemetryError, Traces};
use tokio_util::sync::CancellationToken;

use super::{DataFolder, out};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    folder: DataFolder,
    /// Address and port to listen on [default: 127.0.0.1:3001, or DZINZA_LISTEN]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Folder of the built frontend to serve as well
    #[arg(long, value_name = "DIR")]
    frontend: Option<PathBuf>,
    /// Where functions run: in-process, or runtime-api for processes of their own [default: in-process, or DZINZA_INVOKE]
    #[arg(long, value_name = "WHERE")]
    invoke: Option<String>,
    /// Start up to so many processes of each function, as work comes; implies --invoke runtime-api
    #[arg(long, value_name = "N")]
    spawn: Option<usize>,
    /// Make a demo account and load a sample family
    #[arg(long)]
    demo: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        let folder = DataFolder { data: None };
        Self { folder, listen: None, frontend: None, invoke: None, spawn: None, demo: false }
    }
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut settings = arguments.folder.settings()?;
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    if let Some(frontend) = arguments.frontend {
        settings.frontend = frontend.display().to_string();
    }
    if let Some(invoke) = arguments.invoke {
        settings.invoke = invoke;
    }
    if let Some(replicas) = arguments.spawn {
        (settings.invoke, settings.function_replicas) = ("runtime-api".to_owned(), replicas);
    }
    settings.check()?;
    let telemetry = observed(&settings)?;
    let metrics = Metrics::install()?;
    let summed = metrics.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(5));
        loop {
            ticks.tick().await;
            summed.sum_up();
        }
    });
    let data = settings.data.clone();
    let mail = mail(&settings);
    let with_frontend = !settings.frontend.is_empty();
    let serve = Serve { settings, demo: arguments.demo, metrics: Arc::new(move || metrics.render()) };
    let server = serve.bind().await?;
    let address = server.address()?;
    out::line(&format!("Dzinza is listening on http://{address}"));
    let data = std::path::absolute(&data).unwrap_or(data);
    out::line(&format!("  data     {}", data.display()));
    out::line(&format!("  mail     {mail}"));
    out::line(&format!("  API      http://{address}/api/docs"));
    if arguments.demo {
        out::line(&format!("  demo     sign in as {} with {}", demo::EMAIL, demo::PASSWORD));
    }
    if with_frontend {
        out::line(&format!("  next     open http://{address} and sign up"));
    } else {
        out::line("  next     serve a built frontend with --frontend DIR, or: dzinza import FILE.ged");
    }
    let stop = CancellationToken::new();
    tokio::spawn(wait_for_signal(stop.clone()));
    server.run(stop).await?;
    telemetry.flush().await;
    out::line("Stopped.");
    Ok(())
}

/// Sets up log and traces.
fn observed(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let service = settings.service_name("gateway");
    let endpoint = settings.traces_endpoint();
    let traces = endpoint.as_deref().map(|endpoint| Traces {
        endpoint,
        sampler: &settings.otel_traces_sampler,
        share: &settings.otel_traces_sampler_arg,
        environment: &settings.app_env,
        function: None,
    });
    let json = settings.log_format == "json";
    Telemetry::start(&Observing { service: &service, filter: &settings.log_level, json, traces })
}

/// Where letters go.
fn mail(settings: &Settings) -> String {
    match (settings.mail_transport.as_str(), settings.smtp_host.as_str()) {
        ("ses", _) => format!("by SES in {}", settings.aws_region),
        ("folder", _) | (_, "") => {
            let data = std::path::absolute(&settings.data).unwrap_or_else(|_| settings.data.clone());
            let folder = dzinza_wiring::mail_folder(&data);
            format!("{} (messages are written here)", folder.display())
        }
        (_, host) => format!("by {host}:{}", settings.smtp_port),
    }
}

/// The first signal ends in an orderly way, the second at once.
async fn wait_for_signal(stop: CancellationToken) {
    signal().await;
    stop.cancel();
    signal().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
