//! The program around one function: AWS Lambda's runtime, or whoever speaks its API, calls it.

mod answer;
mod deadline;
mod ending;
mod events;
mod observing;
mod packed;
mod request;

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::MatchedPath;
use axum::middleware::from_fn;
use axum::response::IntoResponse as _;
use dzinza_config::Settings;
use dzinza_ports::Clock;
use dzinza_web::{ApiRouter, Problem, panicked, tell_route};
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
use observing::{Observer, Seen};

/// Enough for one request at a time and what it leaves to others; a function has no more of a processor anyway.
const THREADS: usize = 2;

/// The runtime logs whole events, with all that people say in them; whatever an operator wants to see, not that.
const SILENT: &str = "lambda_runtime=info,lambda_http=info";

/// Answers requests as the function of this name, one at a time, for as long as there is somebody to ask for them.
pub fn http(name: &'static str, make: impl FnOnce(&House) -> anyhow::Result<ApiRouter>) -> ExitCode {
    run(name, move |house, ending| {
        let router = house.equipped(name, make(&house)?.router);
        let router = router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn(tell_route));
        let clock = house.stores.clock;
        let service = service_fn(move |request: lambda_http::Request| {
            let (router, clock) = (router.clone(), clock.clone());
            async move { Ok::<_, Infallible>(answer(name, router, &clock, request).await) }
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
        runtime.block_on(async move {
            let observer = Arc::new(Observer::start(name, &settings, &filter)?);
            let _held = (!settings.on_servers()).then(|| dzinza_wiring::share(&settings.data)).transpose()?;
            let house = House::open(settings)?;
            let clock = house.stores.clock.clone();
            let ending = Ending::telling(observer.clone(), clock.clone());
            let serving = make(house, ending.clone())?;
            tracing::debug!(function = name, "ready");
            let ended = tokio::select! {
                ended = serving => ended.map_err(|error| anyhow::anyhow!("{error}")),
                () = ending.come() => Ok(()),
            };
            observer.end(&*clock).await;
            ended
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

async fn answer(
    name: &'static str,
    router: Router,
    clock: &Arc<dyn Clock>,
    request: lambda_http::Request,
) -> Answer {
    let context = request.lambda_context_ref();
    let deadline = context.map_or(u64::MAX, |context| context.deadline);
    let xray = context.and_then(|context| context.xray_trace_id.clone());
    let request = request::from_event(request);
    let packed = packed::wanted(name, request.headers());
    let seen = Seen::begin(name, &request, xray.as_deref());
    let whole = async {
        let response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(impossible) => match impossible {},
        };
        let route = response.extensions().get::<MatchedPath>().cloned();
        let status = response.status().as_u16();
        let answer = Answer::of(response, packed).await;
        seen.end(status, route.as_ref().map(MatchedPath::as_str));
        answer
    };
    if let Some(answer) = Deadline::new(clock, deadline).hold(whole.instrument(seen.span())).await {
        return answer;
    }
    let late = Problem::timeout();
    seen.end(late.status().as_u16(), None);
    Answer::of(late.into_response(), false).await
}
