//! Traces by OTLP over HTTP, as protocol buffers.
//!
//! Spans wait in a bounded queue for a thread of their own that sends them. A request never waits for it: what does not
//! fit in, or a collector does not take, is dropped and counted.

mod client;
mod sampling;
mod sending;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Dispatch, Level, Span, span};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _, get_otel_context};
use tracing_subscriber::filter::{FilterFn, Filtered, LevelFilter};
use tracing_subscriber::{Layer as _, Registry};

use crate::traces::{Source, parse};
use crate::{TelemetryError, Traces};
use sampling::Sampling;

/// How long a batch may be on its way.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long whoever flushes waits.
const MOMENT: Duration = Duration::from_secs(2);

/// How traces of this process are sampled; there if they are sent.
static SAMPLING: OnceLock<Sampling> = OnceLock::new();

type Wanted = FilterFn<fn(&tracing::Metadata<'_>) -> bool>;

/// The layer that makes spans of ours those of a trace.
pub(crate) type Traced = Filtered<OpenTelemetryLayer<Registry, SdkTracer>, Wanted, Registry>;

/// What sends them.
#[derive(Debug, Clone)]
pub(crate) struct Sending(SdkTracerProvider);

impl Sending {
    /// On a thread that may wait, and for no longer than a moment.
    pub(crate) async fn flush(&self) {
        let provider = self.0.clone();
        // That it failed is counted where spans are dropped.
        let flushed = tokio::task::spawn_blocking(move || drop(provider.force_flush()));
        drop(tokio::time::timeout(MOMENT, flushed).await);
    }
}

/// Makes ready what sends traces; asks nobody anything yet.
pub(crate) fn open(service: &str, traces: &Traces<'_>) -> Result<(Sending, Traced), TelemetryError> {
    let sampling = Sampling::new(traces.sampler, traces.share)?;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client::Client::new(traces.endpoint, PATIENCE)?)
        .with_endpoint(traces.endpoint)
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .build()
        .map_err(|error| TelemetryError(format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}")))?;
    let mut attributes = vec![KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
    attributes.push(KeyValue::new("deployment.environment.name", traces.environment.to_owned()));
    attributes.extend(traces.function.map(|name| KeyValue::new("faas.name", name.to_owned())));
    let resource =
        Resource::builder_empty().with_service_name(service.to_owned()).with_attributes(attributes).build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(sending::bounded(exporter))
        .with_sampler(sampling.sampler())
        .with_resource(resource)
        .build();
    let layer = OpenTelemetryLayer::new(provider.tracer("dzinza"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_error_records_to_exceptions(false);
    let _ = SAMPLING.set(sampling);
    let wanted: Wanted = FilterFn::new(wanted as fn(&tracing::Metadata<'_>) -> bool);
    Ok((Sending(provider), layer.with_filter(wanted.with_max_level_hint(LevelFilter::DEBUG))))
}

/// Spans of ours. No lines of the log: what they say is for those who read the log.
fn wanted(metadata: &tracing::Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with("dzinza")
}

pub(crate) fn on() -> bool {
    SAMPLING.get().is_some()
}

pub(crate) fn current() -> Option<String> {
    SAMPLING.get()?;
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    span.is_valid().then(|| format!("00-{:032x}-{:016x}-{flags:02x}", span.trace_id(), span.span_id()))
}

pub(crate) fn follow(span: &Span, context: Option<&str>, source: Source) {
    let Some(sampling) = SAMPLING.get() else { return };
    let Some((trace, parent, kept)) = context.and_then(parse) else { return };
    let (Ok(trace), Ok(parent)) = (TraceId::from_hex(trace), SpanId::from_hex(parent)) else { return };
    let kept = match source {
        Source::Ours => kept,
        Source::Stranger => sampling.draw(),
    };
    let flags = if kept { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
    // It fails if the span has begun, which those who follow take care of.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

pub(crate) fn name(span: &Span, name: impl FnOnce() -> String) {
    if SAMPLING.get().is_some() {
        span.context().span().update_name(name());
    }
}

pub(crate) fn ids(span: &span::Id, dispatch: &Dispatch) -> Option<(String, String)> {
    SAMPLING.get()?;
    let context = get_otel_context(span, dispatch)?;
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| (span.trace_id().to_string(), span.span_id().to_string()))
}
