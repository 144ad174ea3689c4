//! Every metric there is: what it is called, what it tells, and what of it CloudWatch keeps apart. Names are those of the
//! contract (7.1) where it has one.

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in seconds.
    Seconds,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// See [`Kind`].
    pub kind: Kind,
    /// The labels it has, all of them always.
    pub labels: &'static [&'static str],
    /// Those that CloudWatch has as dimensions, where each value costs; the others are summed up there.
    pub dimensions: &'static [&'static str],
    /// What it tells.
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    dimensions: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, labels, dimensions, meaning }
}

const HTTP: &[&str] = &["method", "route", "status_code"];
const REQUESTS: &str = "requests that were answered";
const DURATION: &str = "until the answer began";
const STATUS: &[&str] = &["status_code"];

/// All of them, by name.
pub const METRICS: &[Metric] = &[
    metric(
        "account_erasures_waiting_total",
        Kind::Counter,
        &[],
        &[],
        "erasures put off as a tree has no heir",
    ),
    metric("accounts_erased_total", Kind::Counter, &[], &[], "accounts that were erased"),
    metric("auth_service_http_request_duration_seconds", Kind::Seconds, HTTP, STATUS, DURATION),
    metric("auth_service_http_requests_total", Kind::Counter, HTTP, STATUS, REQUESTS),
    metric("auth_service_lockouts_total", Kind::Counter, &[], &[], "addresses locked after wrong passwords"),
    metric("auth_service_logins_failed_total", Kind::Counter, &["reason"], &["reason"], "sign-ins refused"),
    metric("auth_service_logins_successful_total", Kind::Counter, &[], &[], "sign-ins"),
    metric(
        "auth_service_mail_total",
        Kind::Counter,
        &["result"],
        &["result"],
        "letters: `sent`, `failed` (tried again later), `given_up`",
    ),
    metric(
        "auth_service_refresh_reuse_total",
        Kind::Counter,
        &[],
        &[],
        "refresh tokens that came twice, which ends their sessions",
    ),
    metric("auth_service_token_refreshes_total", Kind::Counter, &[], &[], "sessions that were renewed"),
    metric("auth_service_user_registrations_total", Kind::Counter, &[], &[], "accounts made"),
    metric(
        "database_errors_total",
        Kind::Counter,
        &["operation", "table", "kind"],
        &["kind"],
        "calls of a store that failed, by the kind of failure",
    ),
    metric(
        "database_query_duration_seconds",
        Kind::Seconds,
        &["operation", "table"],
        &[],
        "calls of a store: documents by collection, accounts, files, queue, limits",
    ),
    metric("gateway_service_http_request_duration_seconds", Kind::Seconds, HTTP, STATUS, DURATION),
    metric("gateway_service_http_requests_total", Kind::Counter, HTTP, STATUS, REQUESTS),
    metric(
        "gateway_service_proxied_requests_total",
        Kind::Counter,
        &["target_service", "route", "status_code"],
        STATUS,
        "requests that a function answered",
    ),
    metric(
        "gateway_service_upstream_duration_seconds",
        Kind::Seconds,
        &["target_service"],
        &[],
        "how long functions took",
    ),
    metric("genealogy_service_http_request_duration_seconds", Kind::Seconds, HTTP, STATUS, DURATION),
    metric("genealogy_service_http_requests_total", Kind::Counter, HTTP, STATUS, REQUESTS),
    metric("job_duration_seconds", Kind::Seconds, &["job"], &["job"], "how long jobs took"),
    metric(
        "jobs_total",
        Kind::Counter,
        &["job", "result"],
        &["job", "result"],
        "jobs: `done` or `failed`, which is tried again",
    ),
    metric(
        "limits_fallback_total",
        Kind::Counter,
        &["operation"],
        &[],
        "limits kept in the process while Redis was away",
    ),
    metric("limits_forgotten_total", Kind::Counter, &[], &[], "of those, dropped for want of room"),
    metric("limits_local_keys", Kind::Gauge, &[], &[], "limits kept in the process"),
    metric(
        "process_start_time_seconds",
        Kind::Gauge,
        &[],
        &[],
        "when the gateway began, in seconds since 1970",
    ),
    metric(
        "queue_messages",
        Kind::Gauge,
        &["queue", "state"],
        &["queue", "state"],
        "messages of a queue: `waiting`, `in_flight`, `dead`",
    ),
    metric(
        "rate_limited_total",
        Kind::Counter,
        &["scope"],
        &["scope"],
        "requests refused as there were too many",
    ),
    metric("redis_up", Kind::Gauge, &[], &[], "whether Redis answers"),
    metric(
        "telemetry_spans_total",
        Kind::Counter,
        &["result"],
        &["result"],
        "spans of traces: `sent`, `refused` by the collector, `dropped` for want of room",
    ),
];

/// The metric of this name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.binary_search_by(|metric| metric.name.cmp(name)).ok().and_then(|at| METRICS.get(at))
}

/// The prefix of a function's HTTP metrics: the service that had its routes in the versions before, whose dashboards
/// go on (contract 7.1).
pub fn service_of(function: &str) -> &'static str {
    match function {
        "gateway" => "gateway_service",
        "auth" | "admin" => "auth_service",
        _ => "genealogy_service",
    }
}

/// Callers can invent methods; time series they cannot.
pub fn method_label(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_stand_in_order_and_are_what_they_are_called() {
        assert!(METRICS.is_sorted_by(|one, two| one.name < two.name));
        for metric in METRICS {
            assert_eq!(find(metric.name).map(|found| found.name), Some(metric.name));
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            let among = metric.dimensions.iter().all(|name| metric.labels.contains(name));
            assert!(among && metric.dimensions.len() < 4, "{}", metric.name);
        }
    }
}
