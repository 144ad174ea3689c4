//! Which traces are kept.

use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, Sampler};

use crate::TelemetryError;

/// A sampler of the OpenTelemetry specification, by its name there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    /// Of the traces that begin here.
    share: f64,
    /// Whether one that began elsewhere is kept if it is kept there.
    follows: bool,
}

impl Sampling {
    pub(super) fn new(name: &str, share: &str) -> Result<Self, TelemetryError> {
        let (follows, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, name),
        };
        let share = match root {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" if share.is_empty() => 1.0,
            "traceidratio" => share
                .parse()
                .ok()
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| TelemetryError("OTEL_TRACES_SAMPLER_ARG must be from 0 to 1".to_owned()))?,
            _ => return Err(TelemetryError(format!("OTEL_TRACES_SAMPLER: there is no sampler {name}"))),
        };
        Ok(Self { share, follows })
    }

    pub(super) fn sampler(self) -> Sampler {
        let root = if self.share >= 1.0 {
            Sampler::AlwaysOn
        } else if self.share <= 0.0 {
            Sampler::AlwaysOff
        } else {
            Sampler::TraceIdRatioBased(self.share)
        };
        if self.follows { Sampler::ParentBased(Box::new(root)) } else { root }
    }

    /// Whether a trace is kept of which somebody else chose the id.
    pub(super) fn draw(self) -> bool {
        let id = RandomIdGenerator::default().new_span_id().to_bytes();
        (u64::from_be_bytes(id) as f64) < self.share * 2_f64.powi(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_specification_are_known() {
        for (name, share, expected) in [
            ("always_on", "", Some((1.0, false))),
            ("parentbased_always_on", "0.1", Some((1.0, true))),
            ("always_off", "", Some((0.0, false))),
            ("traceidratio", "0.25", Some((0.25, false))),
            ("parentbased_traceidratio", "", Some((1.0, true))),
            ("traceidratio", "2", None),
            ("traceidratio", "NaN", None),
            ("jaeger_remote", "", None),
            ("", "", None),
        ] {
            let found = Sampling::new(name, share).ok().map(|found| (found.share, found.follows));
            assert_eq!(found, expected, "{name} {share}");
        }
    }

    #[test]
    fn a_share_of_strangers_is_kept() {
        let kept = |share| (0..1000).filter(|_| Sampling { share, follows: true }.draw()).count();
        assert_eq!((kept(0.0), kept(1.0)), (0, 1000));
        assert!((150..350).contains(&kept(0.25)));
    }
}
