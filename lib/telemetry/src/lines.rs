//! The log as lines of JSON, with the fields of the contract (7.2) at the top of each.

use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Map, Value};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::traces;

/// Only spans of ours say something in a line; those of libraries have names of their own for what they say.
const OURS: &str = "dzinza";

/// Writes each event as one line.
pub(crate) struct Lines<W> {
    service: String,
    writer: W,
    dispatch: OnceLock<WeakDispatch>,
}

impl<W> Lines<W> {
    pub(crate) fn new(service: &str, writer: W) -> Self {
        Self { service: service.to_owned(), writer, dispatch: OnceLock::new() }
    }
}

/// What a span or an event says.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        // Words to the tracer are none to the reader.
        if !field.name().starts_with("otel.") {
            self.0.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        // Once; a second would be another log's.
        let _ = self.dispatch.set(subscriber.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !attributes.metadata().target().starts_with(OURS) {
            return;
        }
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        let mut here = None;
        for span in
            context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            here = Some(span.id());
        }
        event.record(&mut line);
        let ids = here.zip(self.dispatch.get().and_then(WeakDispatch::upgrade));
        if let Some((trace, span)) = ids.and_then(|(span, dispatch)| traces::ids(&span, &dispatch)) {
            line.0.insert("trace_id".to_owned(), trace.into());
            line.0.insert("span_id".to_owned(), span.into());
        }
        let metadata = event.metadata();
        for (name, value) in [
            ("timestamp", format!("{:.6}", crate::now())),
            ("level", metadata.level().to_string()),
            ("service", self.service.clone()),
            ("target", metadata.target().to_owned()),
        ] {
            line.0.insert(name.to_owned(), value.into());
        }
        let mut text = Value::Object(line.0).to_string();
        text.push('\n');
        // Nobody is left to be told.
        let _ = self.writer.make_writer_for(metadata).write_all(text.as_bytes());
    }
}

/// Makes a panic a line as well: where it was, and not what with, which may be anybody's.
pub(crate) fn panics_are_lines() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_what_its_spans_say_and_itself() {
        let kept = Kept::default();
        let writer = kept.clone();
        let registry = tracing_subscriber::registry().with(Lines::new("dzinza-test", move || writer.clone()));
        tracing::subscriber::with_default(registry, || {
            let outer = tracing::info_span!(
                target: "dzinza::gateway",
                "request",
                request_id = "r1",
                status = field::Empty,
                otel.kind = "server",
            );
            outer.record("status", 404_u64);
            let _entered = outer.enter();
            let _theirs = tracing::info_span!(target: "lambda_runtime", "invoke", requestId = "x").entered();
            tracing::warn!(duration_ms = 1.5, slow = true, error = %"line one\nline two", "answered");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        for (name, value) in [
            ("level", Value::from("WARN")),
            ("service", "dzinza-test".into()),
            ("message", "answered".into()),
            ("request_id", "r1".into()),
            ("status", 404.into()),
            ("duration_ms", 1.5.into()),
            ("slow", true.into()),
            ("error", "line one\nline two".into()),
        ] {
            assert_eq!(line[name], value, "{name}: {line}");
        }
        assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        let more = ["requestId", "otel.kind", "trace_id", "span_id"];
        assert!(more.iter().all(|name| line.get(name).is_none()), "{line}");
    }
}
