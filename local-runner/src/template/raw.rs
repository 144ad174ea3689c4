//! From YAML to [`Template`]. Values a deployment computes (`!Ref`, `!Sub`, `!GetAtt`) are kept as they stand;
//! only references from an event to its queue are followed.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_norway::Value;

use super::{
    Function, QueueSource, Route, RouteMethod, Schedule, Template, TemplateError, Throttle, Throttles,
};

/// CloudFormation gives a message this many chances when the queue says nothing: it never gives up. We do.
const DEFAULT_MAX_RECEIVES: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawTemplate {
    #[serde(default)]
    globals: RawGlobals,
    resources: BTreeMap<String, RawResource>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawGlobals {
    function: RawFunction,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawResource {
    r#type: String,
    #[serde(default)]
    properties: Value,
    #[serde(default)]
    metadata: RawMetadata,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawMetadata {
    dzinza: RawDzinza,
}

/// Ours alone, so a misspelt key is an error.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct RawDzinza {
    name: Option<String>,
    max_body_bytes: Option<u64>,
    max_upload_bytes: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawFunction {
    timeout: Option<u64>,
    memory_size: Option<u32>,
    events: BTreeMap<String, RawEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEvent {
    r#type: String,
    #[serde(default)]
    properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawHttpApiEvent {
    path: String,
    #[serde(default = "any")]
    method: String,
}

fn any() -> String {
    "ANY".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawQueueEvent {
    queue: Value,
    #[serde(default = "ten")]
    batch_size: u32,
}

fn ten() -> u32 {
    10
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawSchedule {
    #[serde(alias = "Schedule")]
    schedule_expression: String,
    input: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawQueue {
    visibility_timeout: Option<u64>,
    redrive_policy: RawRedrive,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawRedrive {
    max_receive_count: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawApi {
    default_route_settings: RawRouteSettings,
    route_settings: BTreeMap<String, RawRouteSettings>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawRouteSettings {
    throttling_rate_limit: Option<f64>,
    throttling_burst_limit: Option<u32>,
}

impl RawRouteSettings {
    fn throttle(&self) -> Option<Throttle> {
        let rate = self.throttling_rate_limit.filter(|rate| *rate > 0.0)?;
        // Without a burst of its own a route may use up one second at once.
        let burst = self.throttling_burst_limit.unwrap_or(rate.ceil() as u32).max(1);
        Some(Throttle { rate, burst })
    }
}

fn wrong(resource: &str, problem: impl Into<String>) -> TemplateError {
    TemplateError::Resource { resource: resource.to_owned(), problem: problem.into() }
}

fn typed<T: for<'de> Deserialize<'de> + Default>(resource: &str, value: &Value) -> Result<T, TemplateError> {
    if value.is_null() {
        return Ok(T::default());
    }
    serde_norway::from_value(value.clone()).map_err(|error| wrong(resource, error.to_string()))
}

pub(super) fn read(text: &str) -> Result<Template, TemplateError> {
    let raw: RawTemplate = serde_norway::from_str(text)?;
    let mut template = Template::default();
    for (id, resource) in &raw.resources {
        match resource.r#type.as_str() {
            "AWS::Serverless::Function" => template.functions.push(function(id, resource, &raw)?),
            "AWS::Serverless::HttpApi" => {
                throttles(&mut template.throttle, &typed(id, &resource.properties)?);
            }
            _ => {}
        }
    }
    check(&template)?;
    Ok(template)
}

fn throttles(into: &mut Throttles, api: &RawApi) {
    into.default = api.default_route_settings.throttle();
    into.routes =
        api.route_settings.iter().filter_map(|(key, raw)| Some((key.clone(), raw.throttle()?))).collect();
}

/// What would only show at the first request, or never.
fn check(template: &Template) -> Result<(), TemplateError> {
    let mut keys = BTreeMap::new();
    let mut names = BTreeMap::new();
    for function in &template.functions {
        if let Some(other) = names.insert(&function.name, &function.logical_id) {
            return Err(wrong(
                &function.logical_id,
                format!("{other} has the name \"{}\" too", function.name),
            ));
        }
        for route in &function.routes {
            if let Some(other) = keys.insert(route.to_string(), &function.logical_id) {
                return Err(wrong(&function.logical_id, format!("the route {route} is also one of {other}")));
            }
        }
    }
    match template.throttle.routes.iter().find(|(key, _)| !keys.contains_key(key)) {
        Some((key, _)) => {
            Err(wrong("HttpApi", format!("RouteSettings name a route that no function has: {key}")))
        }
        None => Ok(()),
    }
}

fn function(id: &str, resource: &RawResource, raw: &RawTemplate) -> Result<Function, TemplateError> {
    let own: RawFunction = typed(id, &resource.properties)?;
    let dzinza = &resource.metadata.dzinza;
    let name = dzinza.name.clone().ok_or_else(|| wrong(id, "Metadata.Dzinza.Name is missing"))?;
    let mut function = Function { logical_id: id.to_owned(), ..Function::named(name) };
    if let Some(seconds) = own.timeout.or(raw.globals.function.timeout) {
        function.timeout = Duration::from_secs(seconds);
    }
    if let Some(memory) = own.memory_size.or(raw.globals.function.memory_size) {
        function.memory_mb = memory;
    }
    if let Some(bytes) = dzinza.max_body_bytes {
        function.max_body_bytes = bytes;
    }
    function.max_upload_bytes =
        dzinza.max_upload_bytes.unwrap_or(function.max_upload_bytes).max(function.max_body_bytes);
    for (event, raw_event) in &own.events {
        add_event(&mut function, event, raw_event, &raw.resources)
            .map_err(|problem| wrong(id, format!("event {event}: {problem}")))?;
    }
    Ok(function)
}

fn add_event(
    function: &mut Function,
    name: &str,
    event: &RawEvent,
    resources: &BTreeMap<String, RawResource>,
) -> Result<(), String> {
    let properties = event.properties.clone();
    let text = |error: serde_norway::Error| error.to_string();
    match event.r#type.as_str() {
        "HttpApi" => function.routes.push(route(serde_norway::from_value(properties).map_err(text)?)?),
        "SQS" => {
            let raw: RawQueueEvent = serde_norway::from_value(properties).map_err(text)?;
            function.queues.push(queue(&raw, function.timeout, resources)?);
        }
        "Schedule" | "ScheduleV2" => {
            let raw: RawSchedule = serde_norway::from_value(properties).map_err(text)?;
            let input = serde_json::from_str(raw.input.as_deref().unwrap_or("{}"))
                .map_err(|error| format!("Input is not JSON: {error}"))?;
            let every = every(&raw.schedule_expression)?;
            function.schedules.push(Schedule { name: name.to_owned(), every, input });
        }
        // Left out silently it would never fire, and nobody would know why.
        other => return Err(format!("the runner does not know events of type {other}")),
    }
    Ok(())
}

fn route(raw: RawHttpApiEvent) -> Result<Route, String> {
    let method = match raw.method.to_uppercase().as_str() {
        "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => RouteMethod::Any,
        named => {
            RouteMethod::Named(named.parse::<Method>().map_err(|_| format!("\"{named}\" is no method"))?)
        }
    };
    let mut segments =
        raw.path.strip_prefix('/').ok_or("the path must begin with a slash")?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let braces = segment.starts_with('{') == segment.ends_with('}');
        if segment.is_empty() || !braces || (segment.ends_with("+}") && segments.peek().is_some()) {
            return Err(format!("the path {} is not one of API Gateway's", raw.path));
        }
    }
    Ok(Route { method, path: raw.path })
}

fn queue(
    raw: &RawQueueEvent,
    timeout: Duration,
    resources: &BTreeMap<String, RawResource>,
) -> Result<QueueSource, String> {
    let id = referred(&raw.queue).ok_or("Queue must be !GetAtt <queue>.Arn")?;
    let resource = resources
        .get(id)
        .filter(|resource| resource.r#type == "AWS::SQS::Queue")
        .ok_or_else(|| format!("there is no queue {id}"))?;
    let queue: RawQueue = typed(id, &resource.properties).map_err(|error| error.to_string())?;
    let name = resource.metadata.dzinza.name.clone();
    let name = name.ok_or_else(|| format!("Metadata.Dzinza.Name is missing at the queue {id}"))?;
    // AWS refuses the deployment otherwise; so do we, where it costs less.
    if queue.visibility_timeout.unwrap_or(30) < timeout.as_secs() {
        return Err(format!("the VisibilityTimeout of {id} is shorter than the function's Timeout"));
    }
    Ok(QueueSource {
        queue: name,
        batch_size: raw.batch_size.max(1),
        max_receives: queue.redrive_policy.max_receive_count.unwrap_or(DEFAULT_MAX_RECEIVES),
    })
}

/// The logical id in `!GetAtt X.Arn`, `!Ref X`, or their long forms.
fn referred(value: &Value) -> Option<&str> {
    let target = match value {
        Value::Tagged(tagged) => &tagged.value,
        Value::Mapping(map) => map.values().next()?,
        other => other,
    };
    let text = match target {
        Value::Sequence(parts) => parts.first()?.as_str()?,
        other => other.as_str()?,
    };
    text.split('.').next()
}

/// The time between calls: `rate(...)` as it says, `cron(...)` as once a day, which is near enough on a laptop.
fn every(expression: &str) -> Result<Duration, String> {
    let unknown = || format!("\"{expression}\" is neither rate(...) nor a daily cron(...)");
    let inside = |name: &str| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(fields) = inside("cron") {
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let daily = matches!(fields.as_slice(), [minute, hour, "*" | "?", "*", "?" | "*", "*"]
            if [minute, hour].iter().all(|field| field.parse::<u8>().is_ok()));
        return if daily { Ok(Duration::from_hours(24)) } else { Err(unknown()) };
    }
    let (count, unit) = inside("rate").and_then(|text| text.split_once(' ')).ok_or_else(unknown)?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0).ok_or_else(unknown)?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return Err(unknown()),
    };
    Ok(Duration::from_secs(count * seconds))
}
