//! The queue of spans: bounded, and counting what becomes of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

/// No more spans than this wait; some kilobytes each at most.
const MOST: usize = 2048;
const BATCH: usize = 512;
/// How long a span waits for others to go along with.
const PAUSE: Duration = Duration::from_secs(2);

/// A processor that sends by this exporter, and keeps no more than it may.
pub(super) fn bounded<E: SpanExporter + 'static>(exporter: E) -> impl SpanProcessor + 'static {
    let waiting = Arc::<AtomicUsize>::default();
    let config = BatchConfigBuilder::default()
        // Never reached: it would drop without telling.
        .with_max_queue_size(2 * MOST)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(PAUSE)
        .build();
    let exporter = Counting { exporter, waiting: waiting.clone(), away: AtomicBool::new(false) };
    let inner = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    Bounded { inner, waiting }
}

fn count(result: &'static str, spans: usize) {
    metrics::counter!("telemetry_spans_total", "result" => result).increment(spans as u64);
}

#[derive(Debug)]
struct Bounded {
    inner: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < MOST {
            self.inner.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[derive(Debug)]
struct Counting<E> {
    exporter: E,
    waiting: Arc<AtomicUsize>,
    away: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let was_away = self.away.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Ok(()) if was_away => tracing::info!("the collector of traces takes them again"),
            Err(error) if !was_away => {
                tracing::warn!(%error, "the collector does not take traces; they are dropped");
            }
            _ => {}
        }
        count(if sent.is_ok() { "sent" } else { "refused" }, spans);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
