//! What is told of each job: how it ended and how long it took, in the trace of what it follows from.

use std::time::Instant;

use dzinza_ports::Message;
use dzinza_telemetry::traces::{self, Source};
use tracing::{Instrument as _, Span, field};

use crate::{JobError, JobsPorts};

/// The names that jobs have in metrics: whoever puts a message into the queue can call it what he likes.
const KINDS: [&str; 8] = [
    "clean-up",
    "clear-restore",
    "delete-tree",
    "export",
    "handover-refused",
    "import",
    "letters",
    "undo-import",
];

/// Does a job, which has failed if it should come again.
pub(crate) async fn run(ports: &JobsPorts, message: &Message) -> Result<(), JobError> {
    let job = label(message);
    let span = span(message, job);
    let started = Instant::now();
    let outcome = match crate::run(ports, message).instrument(span.clone()).await {
        Ok(()) | Err(JobError::Overtaken) => Ok(()),
        Err(error) => Err(error),
    };
    let took = started.elapsed().as_secs_f64();
    let _entered = span.enter();
    span.record("duration_ms", took * 1000.0);
    if let Err(error) = &outcome {
        span.record("otel.status_code", "ERROR");
        tracing::warn!(%error, "job failed");
    } else {
        tracing::debug!("job done");
    }
    let result = if outcome.is_ok() { "done" } else { "failed" };
    metrics::counter!("jobs_total", "job" => job, "result" => result).increment(1);
    metrics::histogram!("job_duration_seconds", "job" => job).record(took);
    outcome
}

fn label(message: &Message) -> &'static str {
    let job = message.body["job"].as_str().unwrap_or_default();
    KINDS.into_iter().find(|kind| *kind == job).unwrap_or("other")
}

fn span(message: &Message, job: &'static str) -> Span {
    let span = tracing::info_span!(
        "job",
        otel.name = format!("job {job}"),
        otel.kind = "consumer",
        otel.status_code = field::Empty,
        job,
        message_id = message.id,
        attempt = i64::from(message.attempts),
        duration_ms = field::Empty,
    );
    // Only processes of ours write to the queue.
    traces::follow(&span, message.body["traceparent"].as_str(), Source::Ours);
    span
}
