//! The program around one function: AWS Lambda's runtime, or whoever speaks its API, calls it.

mod answer;
mod deadline;
mod ending;
mod events;
mod request;

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use dzinza_config::Settings;
use dzinza_ports::Clock;
use dzinza_web::{ApiRouter, Problem};
use lambda_http::RequestExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{House, Jobs};
use answer::Answer;
use deadline::Deadline;
use ending::Ending;

/// Enough for one request at a time and what it leaves to others; a function has no more of a processor anyway.
const THREADS: usize = 2;

/// The runtime logs whole events, with all that people say in them; whatever an operator wants to see, not that.
const SILENT: &str = "lambda_runtime=info,lambda_http=info";

/// Answers requests as the function of this name, one at a time, for as long as there is somebody to ask for them.
pub fn http(name: &'static str, make: impl FnOnce(&House) -> anyhow::Result<ApiRouter>) -> ExitCode {
    run(name, move |house, ending| {
        let router = house.equipped(name, make(&house)?.router).layer(CatchPanicLayer::custom(panicked));
        let clock = house.stores.clock;
        let service = service_fn(move |request: lambda_http::Request| {
            let (router, clock) = (router.clone(), clock.clone());
            async move { Ok::<_, Infallible>(answer(router, &clock, request).await) }
        });
        Ok(lambda_http::runtime(service).layer(ending).run())
    })
}

/// Does jobs as the function of this name: batches of a queue, of which those that failed come again, and what schedules
/// ask for.
pub fn jobs<J: Jobs>(name: &'static str, make: impl FnOnce(&House) -> anyhow::Result<J>) -> ExitCode {
    run(name, move |house, ending| {
        let jobs = Arc::new(make(&house)?);
        let clock = house.stores.clock;
        let service = service_fn(move |event: LambdaEvent<Value>| {
            let (jobs, clock) = (jobs.clone(), clock.clone());
            async move {
                let deadline = Deadline::new(&clock, event.context.deadline);
                let work = events::handle(&*jobs, event.payload, event.context.request_id);
                match deadline.hold(work).await {
                    Some(done) => done,
                    None => Err(Error::from("the job took longer than the function may")),
                }
            }
        });
        Ok(lambda_runtime::Runtime::new(service).layer(ending).run())
    })
}

/// Opens the house and runs what is made of it until the runtime goes away, which is an error, or the process is asked to end.
fn run<F: Future<Output = Result<(), Error>>>(
    name: &'static str,
    make: impl FnOnce(House, Ending) -> anyhow::Result<F>,
) -> ExitCode {
    let ended = || -> anyhow::Result<()> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        runtime.block_on(dzinza_wiring::look_up())?;
        let settings = Settings::load()?;
        let filter = format!("{},{SILENT}", settings.log_level);
        dzinza_telemetry::log(&filter, settings.log_format == "json")?;
        runtime.block_on(async move {
            let _held = (!settings.on_servers()).then(|| dzinza_wiring::share(&settings.data)).transpose()?;
            let ending = Ending::default();
            let serving = make(House::open(settings)?, ending.clone())?;
            tracing::debug!(function = name, "ready");
            tokio::select! {
                ended = serving => ended.map_err(|error| anyhow::anyhow!("{error}")),
                () = ending.come() => Ok(()),
            }
        })
    };
    match ended() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // There may be no subscriber yet; and nobody is left to be told that this failed too.
            let _ = writeln!(std::io::stderr(), "dzinza {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn answer(router: Router, clock: &Arc<dyn Clock>, request: lambda_http::Request) -> Answer {
    let deadline = request.lambda_context_ref().map_or(u64::MAX, |context| context.deadline);
    let request = request::from_event(request);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", request_id = id);
    let whole = async {
        match router.oneshot(request).await {
            Ok(response) => Answer::of(response).await,
            Err(impossible) => match impossible {},
        }
    };
    match Deadline::new(clock, deadline).hold(whole.instrument(span)).await {
        Some(answer) => answer,
        None => Answer::of(Problem::timeout().into_response()).await,
    }
}

/// The panic hook has printed where and why; the caller learns neither.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
