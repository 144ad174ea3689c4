//! The logs, metrics and traces of a process.
//!
//! Nothing here asks the network for anything unless traces are sent somewhere (feature `otlp`) or metrics are brought
//! somewhere (feature `remote`), and then never in a request's own time.
#![warn(missing_docs)]

pub mod catalog;
#[cfg(feature = "remote")]
mod deliver;
#[cfg(feature = "remote")]
mod emf;
mod lines;
#[cfg(feature = "otlp")]
mod otlp;
mod prometheus;
mod report;
#[cfg(feature = "remote")]
mod tally;
pub mod traces;

use std::io::IsTerminal as _;

use tracing_subscriber::fmt::format;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

#[cfg(feature = "remote")]
pub use deliver::Delivery;
#[cfg(feature = "remote")]
pub use emf::lines as emf;
pub use prometheus::Metrics;
pub use report::Report;
#[cfg(feature = "remote")]
pub use tally::Tally;

/// Why telemetry cannot be set up.
#[derive(Debug)]
pub struct TelemetryError(pub(crate) String);

impl std::fmt::Display for TelemetryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TelemetryError {}

/// What a process tells of itself, and how.
#[derive(Debug, Clone, Copy)]
pub struct Observing<'a> {
    /// What it is called, in logs and traces.
    pub service: &'a str,
    /// Which lines of the log are wanted, such as `info` or `dzinza=debug,info`.
    pub filter: &'a str,
    /// One JSON object a line instead of text for people.
    pub json: bool,
    /// Where traces go, if anywhere.
    pub traces: Option<Traces<'a>>,
}

/// Where traces go, and which.
#[derive(Debug, Clone, Copy)]
pub struct Traces<'a> {
    /// The collector's address for traces by OTLP over HTTP, whole.
    pub endpoint: &'a str,
    /// A name from the OpenTelemetry specification, such as `parentbased_traceidratio`.
    pub sampler: &'a str,
    /// The share of requests that a sampler by ratio takes, 0 to 1; all if empty.
    pub share: &'a str,
    /// `deployment.environment.name`.
    pub environment: &'a str,
    /// The function that this process runs, if it is one's.
    pub function: Option<&'a str>,
}

/// What was set up. What waits to be sent is lost with the process unless this is asked to [`flush`](Telemetry::flush).
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    sending: Option<otlp::Sending>,
}

impl Telemetry {
    /// Sets up the log, on standard error, and the traces. To send some it needs the Tokio runtime it is called in.
    ///
    /// # Errors
    /// If the filter is not one, traces cannot be sent as it is said, this program was built without traces, or
    /// something else is set up already.
    pub fn start(observing: &Observing<'_>) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(observing.filter)
            .map_err(|error| TelemetryError(format!("LOG_LEVEL: {error}")))?;
        let (telemetry, traced) = Self::traces(observing)?;
        let registry = Registry::default().with(traced);
        let done = if observing.json {
            lines::panics_are_lines();
            registry
                .with(lines::Lines::new(observing.service, std::io::stderr).with_filter(filter))
                .try_init()
        } else {
            let layer = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .fmt_fields(fields());
            registry.with(layer.with_filter(filter)).try_init()
        };
        done.map_err(|error| TelemetryError(error.to_string()))?;
        Ok(telemetry)
    }

    #[cfg(feature = "otlp")]
    fn traces(observing: &Observing<'_>) -> Result<(Self, Option<otlp::Traced>), TelemetryError> {
        let Some(traces) = &observing.traces else { return Ok((Self::default(), None)) };
        let (sending, traced) = otlp::open(observing.service, traces)?;
        Ok((Self { sending: Some(sending) }, Some(traced)))
    }

    #[cfg(not(feature = "otlp"))]
    fn traces(
        observing: &Observing<'_>,
    ) -> Result<(Self, Option<tracing_subscriber::layer::Identity>), TelemetryError> {
        if observing.traces.is_some() {
            return Err(TelemetryError(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this program was built without traces (cargo feature `otlp`)"
                    .to_owned(),
            ));
        }
        Ok((Self::default(), None))
    }

    /// Sends what waits to be sent, for no longer than a moment: what a collector does not take by then is dropped, or
    /// goes with what follows.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_async, reason = "there is nothing to wait for without traces")
    )]
    pub async fn flush(&self) {
        #[cfg(feature = "otlp")]
        if let Some(sending) = &self.sending {
            sending.flush().await;
        }
    }
}

/// Now, by the clock of the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "lines are stamped when they are written, whatever time handlers are told"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The fields of spans as people read them: without what only traces need.
fn fields() -> impl for<'writer> tracing_subscriber::fmt::FormatFields<'writer> {
    use tracing_subscriber::field::MakeExt as _;
    format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name if name.starts_with("otel.") => Ok(()),
        name => write!(writer, "{name}={value:?}"),
    })
    .delimited(" ")
}
