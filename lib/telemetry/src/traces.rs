//! Which trace the present work belongs to, and taking one over from elsewhere (W3C Trace Context).
//!
//! Without the feature `otlp`, or where no collector is named, all of this does nothing and costs nothing.

use tracing::{Dispatch, Span, span};

/// Whose word it is that comes along with some work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A process of ours, or a proxy that is trusted: whether the trace is kept was decided there.
    Ours,
    /// Anybody: the trace goes on, so that they find it again, but whether it is kept is for us to say, by the same
    /// share as everybody's. Nobody can make us keep what we would not, by a flag or by the choice of an id.
    Stranger,
}

/// Whether traces are sent anywhere.
pub fn on() -> bool {
    #[cfg(feature = "otlp")]
    return crate::otlp::on();
    #[cfg(not(feature = "otlp"))]
    false
}

/// What a neighbour is told to go on with the trace of the present span; nothing without one.
pub fn current() -> Option<String> {
    #[cfg(feature = "otlp")]
    return crate::otlp::current();
    #[cfg(not(feature = "otlp"))]
    None
}

/// The same, if the trace is kept: for what is stored along with work that is done later.
pub fn current_kept() -> Option<String> {
    current().filter(|context| context.ends_with("01"))
}

/// Makes a span that nobody has entered yet go on with a trace. What is not valid is passed over.
pub fn follow(span: &Span, context: Option<&str>, source: Source) {
    #[cfg(feature = "otlp")]
    crate::otlp::follow(span, context, source);
    #[cfg(not(feature = "otlp"))]
    let _ = (span, context, source);
}

/// Calls a span what it turned out to be.
pub fn name(span: &Span, name: impl FnOnce() -> String) {
    #[cfg(feature = "otlp")]
    crate::otlp::name(span, name);
    #[cfg(not(feature = "otlp"))]
    let _ = (span, name);
}

/// The ids of the trace and the span, in hexadecimal.
pub(crate) fn ids(span: &span::Id, dispatch: &Dispatch) -> Option<(String, String)> {
    #[cfg(feature = "otlp")]
    return crate::otlp::ids(span, dispatch);
    #[cfg(not(feature = "otlp"))]
    {
        let _ = (span, dispatch);
        None
    }
}

/// What AWS X-Ray says of a trace in its own form, in that of W3C: only if it is kept there, as else it says little.
pub fn from_xray(header: &str) -> Option<String> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name));
    let root = part("Root=1-")?.replace('-', "");
    let parent = part("Parent=")?;
    (part("Sampled=") == Some("1")).then(|| format!("00-{root}-{parent}-01"))
}

/// The parts of a W3C `traceparent`: the ids and whether the trace is kept. Version 00 or later: of one that has more to
/// say only the beginning counts.
pub fn parse(context: &str) -> Option<(&str, &str, bool)> {
    let mut parts = context.split('-');
    let mut hex = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    };
    let (version, trace, parent, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    let whole = version != "00" || parts.next().is_none();
    let kept = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
    (version != "ff" && whole && !zero(trace) && !zero(parent)).then_some((trace, parent, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_as_the_standard_has_it() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(parse(&format!("00-{trace}-{parent}-01")), Some((trace, parent, true)));
        assert_eq!(parse(&format!("00-{trace}-{parent}-02")), Some((trace, parent, false)));
        assert_eq!(parse(&format!("cc-{trace}-{parent}-01-what-comes")), Some((trace, parent, true)));
        for bad in [
            String::new(),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{trace}-{parent}-01-more"),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}-{parent}-1"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn x_ray_is_followed_where_it_keeps_the_trace() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let context = from_xray(header).unwrap();
        assert_eq!(parse(&context), Some(("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8", true)));
        for other in
            [&header.replace("Sampled=1", "Sampled=0"), "Root=1-5759e988-bd862e3fe1be46a994272793", ""]
        {
            assert_eq!(from_xray(other), None, "{other}");
        }
    }
}
