//! What a process tells of itself, and where to.

use crate::settings::{Settings, SettingsError, is_web_address};
use crate::variables::{Variable, variable};

/// The path at a collector that takes traces.
const TRACES: &str = "/v1/traces";

pub(crate) const VARIABLES: &[Variable] = &[
    variable(
        "ENABLE_TRACING",
        &[],
        "enable_tracing",
        "flag",
        "`false` sends no traces, whatever the following say",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        &["JAEGER_ENDPOINT"],
        "otlp_endpoint",
        "text",
        "Where traces go by OTLP over HTTP, such as `http://localhost:4318` (feature `otlp`); empty for nowhere",
    ),
    variable(
        "OTEL_SERVICE_NAME",
        &[],
        "otel_service_name",
        "text",
        "What this process is called in traces and in the log; empty for `dzinza-gateway`, or `dzinza-` and the function's name",
    ),
    variable(
        "OTEL_TRACES_SAMPLER",
        &[],
        "otel_traces_sampler",
        "text",
        "Which traces are kept: `always_on`, `always_off` or `traceidratio`, or one of them after `parentbased_` to keep those that a trusted caller keeps",
    ),
    variable(
        "OTEL_TRACES_SAMPLER_ARG",
        &[],
        "otel_traces_sampler_arg",
        "text",
        "The share that `traceidratio` keeps, 0 to 1; empty for all",
    ),
    variable(
        "METRICS_FORM",
        &[],
        "metrics_form",
        "text",
        "What a function's process does with its metrics: `gateway` brings them to the gateway's `/metrics`, `emf` writes them for CloudWatch, `none` counts nothing, `auto` is `emf` on AWS Lambda and else `gateway`",
    ),
];

/// What becomes of the metrics of a function's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsForm {
    /// Nothing.
    None,
    /// The gateway shows them with its own.
    Gateway,
    /// Lines that CloudWatch reads.
    Emf,
}

impl Settings {
    pub(crate) fn check_observing(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        if !matches!(self.log_format.as_str(), "pretty" | "json") {
            return bad("LOG_FORMAT", "must be pretty or json");
        }
        if !(self.otlp_endpoint.is_empty() || is_web_address(&self.otlp_endpoint)) {
            return bad(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "must be an address such as http://localhost:4318, or empty",
            );
        }
        let sampler = self.otel_traces_sampler.as_str();
        let sampler = sampler.strip_prefix("parentbased_").unwrap_or(sampler);
        if !matches!(sampler, "always_on" | "always_off" | "traceidratio") {
            return bad(
                "OTEL_TRACES_SAMPLER",
                "must be always_on, always_off or traceidratio, or one of them after parentbased_",
            );
        }
        let share = self.otel_traces_sampler_arg.as_str();
        let is_share = share.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share));
        if !share.is_empty() && !is_share {
            return bad("OTEL_TRACES_SAMPLER_ARG", "must be from 0 to 1, or empty");
        }
        if !matches!(self.metrics_form.as_str(), "auto" | "none" | "gateway" | "emf") {
            return bad("METRICS_FORM", "must be auto, none, gateway or emf");
        }
        Ok(())
    }

    /// Where traces go, the whole address; nothing if nowhere.
    pub fn traces_endpoint(&self) -> Option<String> {
        let endpoint = self.otlp_endpoint.trim_end_matches('/');
        if !self.enable_tracing || endpoint.is_empty() {
            return None;
        }
        // Older deployments name the whole address.
        let whole = endpoint.ends_with(TRACES);
        Some(if whole { endpoint.to_owned() } else { format!("{endpoint}{TRACES}") })
    }

    /// What a process is called, of which this is the other name.
    pub fn service_name(&self, name: &str) -> String {
        if self.otel_service_name.is_empty() {
            format!("dzinza-{name}")
        } else {
            self.otel_service_name.clone()
        }
    }

    /// What a function's process does with its metrics.
    pub fn metrics_form(&self) -> MetricsForm {
        match self.metrics_form.as_str() {
            "none" => MetricsForm::None,
            "gateway" => MetricsForm::Gateway,
            "emf" => MetricsForm::Emf,
            _ if on_aws_lambda() => MetricsForm::Emf,
            _ => MetricsForm::Gateway,
        }
    }
}

/// Whether this process is one that AWS Lambda runs, and not one that somebody else calls in the same way: only there
/// the log has a stream.
pub fn on_aws_lambda() -> bool {
    crate::environment::variable("AWS_LAMBDA_LOG_STREAM_NAME").is_some_and(|name| !name.is_empty())
}

/// Where a function's process asks for work: host, port and perhaps a path.
pub fn runtime_api() -> Option<String> {
    crate::environment::variable("AWS_LAMBDA_RUNTIME_API").filter(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::settings::with;

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (name, value) in [
            ("LOG_FORMAT", "xml"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
            ("JAEGER_ENDPOINT", "localhost"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "50"),
            ("OTEL_TRACES_SAMPLER_ARG", "half"),
            ("METRICS_FORM", "statsd"),
            ("ENABLE_TRACING", "perhaps"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) || name == "JAEGER_ENDPOINT", "{name}={value}: {error}");
        }
    }

    #[test]
    fn a_collector_is_named_in_either_way() {
        let endpoint = |pairs: &[(&str, &str)]| with(pairs).unwrap().traces_endpoint();
        let whole = Some("http://collector:4318/v1/traces".to_owned());
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")]), whole);
        assert_eq!(endpoint(&[("JAEGER_ENDPOINT", "http://collector:4318/v1/traces")]), whole);
        let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"), ("ENABLE_TRACING", "false")];
        assert_eq!(endpoint(&off), None);
    }
}
