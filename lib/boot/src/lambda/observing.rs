//! What the program of a function tells of itself: a span and a line for each request, and its metrics, which nobody can come
//! for. On AWS Lambda they are lines of the log; else they are brought to whoever gives the work.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use dzinza_config::{MetricsForm, Settings, on_aws_lambda, runtime_api};
use dzinza_ports::Clock;
use dzinza_telemetry::traces::{self, Source};
use dzinza_telemetry::{Delivery, Observing, Tally, Telemetry, TelemetryError, Traces, catalog};
use tracing::{Span, field};

/// Where the runner takes metrics, below the address that a process asks for work at.
const METRICS: &str = "2018-06-01/dzinza/metrics";

/// See above.
pub(super) struct Observer {
    telemetry: Telemetry,
    service: String,
    metrics: Counted,
}

/// What becomes of what is counted.
enum Counted {
    Nothing,
    Brought(Arc<Delivery>),
    Lines(Tally),
}

impl Observer {
    /// Sets up log, traces and metrics of the function of this name. Asks nobody anything; to be called in a Tokio runtime.
    pub(super) fn start(name: &str, settings: &Settings, filter: &str) -> Result<Self, TelemetryError> {
        let service = settings.service_name(name);
        let endpoint = settings.traces_endpoint();
        let traces = endpoint.as_deref().map(|endpoint| Traces {
            endpoint,
            sampler: &settings.otel_traces_sampler,
            share: &settings.otel_traces_sampler_arg,
            environment: &settings.app_env,
            function: Some(name),
        });
        let json = settings.log_format == "json";
        let telemetry = Telemetry::start(&Observing { service: &service, filter, json, traces })?;
        let metrics = match settings.metrics_form() {
            MetricsForm::Emf => Counted::Lines(Tally::install()?),
            MetricsForm::Gateway => match runtime_api() {
                Some(api) => {
                    let delivery = Arc::new(Delivery::new(Tally::install()?, address(&api)));
                    let running = delivery.clone();
                    tokio::spawn(async move { running.run().await });
                    Counted::Brought(delivery)
                }
                None => Counted::Nothing,
            },
            MetricsForm::None => Counted::Nothing,
        };
        Ok(Self { telemetry, service, metrics })
    }

    /// After each invocation, and before the next is asked for: between them AWS Lambda stops the process.
    pub(super) async fn told(&self, clock: &dyn Clock) {
        if let Counted::Lines(tally) = &self.metrics {
            let now = clock.now().as_millisecond();
            let mut out = std::io::stdout().lock();
            for line in dzinza_telemetry::emf(&tally.report(), &self.service, &[], now) {
                // Nobody is left to be told.
                let _ = writeln!(out, "{line}");
            }
        }
        if on_aws_lambda() {
            self.telemetry.flush().await;
        }
    }

    /// Before the process ends.
    pub(super) async fn end(&self, clock: &dyn Clock) {
        if let Counted::Brought(delivery) = &self.metrics {
            delivery.bring().await;
        }
        self.told(clock).await;
        self.telemetry.flush().await;
    }
}

fn address(api: &str) -> String {
    let scheme = if api.starts_with("http://") { "" } else { "http://" };
    format!("{scheme}{}/{METRICS}", api.trim_end_matches('/'))
}

/// A request that is being answered.
pub(super) struct Seen {
    span: Span,
    function: &'static str,
    method: &'static str,
    started: Instant,
}

impl Seen {
    /// `xray` is what the runtime says of the trace.
    pub(super) fn begin(function: &'static str, request: &Request, xray: Option<&str>) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let method = catalog::method_label(request.method().as_str());
        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            otel.status_code = field::Empty,
            request_id = header("x-request-id").unwrap_or_default(),
            function,
            method,
            route = field::Empty,
            status = field::Empty,
            user_id = field::Empty,
            duration_ms = field::Empty,
        );
        let known = xray.and_then(traces::from_xray);
        let source = if known.is_none() && on_aws_lambda() { Source::Stranger } else { Source::Ours };
        traces::follow(&span, known.as_deref().or(header("traceparent")), source);
        Self { span, function, method, started: Instant::now() }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Tells of the answer. Elsewhere than on AWS Lambda the gateway tells, and counts.
    pub(super) fn end(&self, status: u16, route: Option<&str>) {
        let took = self.started.elapsed().as_secs_f64();
        let route = route.unwrap_or("other");
        traces::name(&self.span, || format!("{} {route}", self.method));
        self.span.record("route", route);
        self.span.record("status", i64::from(status));
        self.span.record("duration_ms", took * 1000.0);
        if status >= 500 {
            self.span.record("otel.status_code", "ERROR");
        }
        let _entered = self.span.enter();
        if !on_aws_lambda() {
            tracing::debug!("answered");
            return;
        }
        tracing::info!("answered");
        let labels = [
            ("method", self.method.to_owned()),
            ("route", route.to_owned()),
            ("status_code", status.to_string()),
        ];
        let service = catalog::service_of(self.function);
        metrics::counter!(format!("{service}_http_requests_total"), &labels).increment(1);
        metrics::histogram!(format!("{service}_http_request_duration_seconds"), &labels).record(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_brought_to_where_work_is_asked_for() {
        for (api, expected) in [
            ("127.0.0.1:9001", "http://127.0.0.1:9001/2018-06-01/dzinza/metrics"),
            ("http://gateway:9001/people/3", "http://gateway:9001/people/3/2018-06-01/dzinza/metrics"),
        ] {
            assert_eq!(address(api), expected);
        }
    }
}
