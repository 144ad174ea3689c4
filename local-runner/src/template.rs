//! `template.yaml` as the runner sees it: functions, routes, queues, schedules, limits.
//!
//! SAM has no word for the name the runner knows a function or queue by, nor for body limits; these stand in
//! the resource's `Metadata: Dzinza:` (`Name`, `MaxBodyBytes`, `MaxUploadBytes`), where SAM carries them along
//! without reading them. A fixed `FunctionName` would serve too, but would keep two stacks out of one account.

mod raw;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;

/// The template of the source tree this was built from.
const COMPILED_IN: &str = include_str!("../../template.yaml");

/// Why a template cannot be used. Each names the resource.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("the template {path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML, or not shaped like a template.
    #[error("the template is not valid: {0}")]
    Syntax(#[from] serde_norway::Error),
    /// A resource says something the runner cannot do.
    #[error("the template's resource {resource}: {problem}")]
    Resource {
        /// Its logical id.
        resource: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// What the runner takes from a SAM template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// In the order of their logical ids.
    pub functions: Vec<Function>,
    /// How often a route may be called.
    pub throttle: Throttles,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// What the runner, the logs and the metrics call it: `Metadata.Dzinza.Name`.
    pub name: String,
    /// Its key under `Resources`.
    pub logical_id: String,
    /// How long it may take to answer.
    pub timeout: Duration,
    /// For the record; nothing is limited in-process.
    pub memory_mb: u32,
    /// What it answers over HTTP.
    pub routes: Vec<Route>,
    /// What it takes messages from.
    pub queues: Vec<QueueSource>,
    /// When it is called by the clock.
    pub schedules: Vec<Schedule>,
    /// The largest request body.
    pub max_body_bytes: u64,
    /// The same for `multipart/form-data`.
    pub max_upload_bytes: u64,
}

impl Function {
    /// A function of this name with SAM's defaults, and nothing that calls it.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            logical_id: name.clone(),
            name,
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            routes: Vec::new(),
            queues: Vec::new(),
            schedules: Vec::new(),
            max_body_bytes: DEFAULT_MAX_BODY,
            max_upload_bytes: DEFAULT_MAX_UPLOAD,
        }
    }
}

/// 10 MiB, as the contract has it (6.3).
const DEFAULT_MAX_BODY: u64 = 10 * 1024 * 1024;
/// 100 MiB.
const DEFAULT_MAX_UPLOAD: u64 = 100 * 1024 * 1024;

/// Which methods a route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteMethod {
    /// All of them.
    Any,
    /// This one.
    Named(Method),
}

impl RouteMethod {
    /// Whether a request with `method` may take the route; HEAD may where GET may.
    pub fn takes(&self, method: &Method) -> bool {
        match self {
            Self::Any => true,
            Self::Named(named) => named == method || (*named == Method::GET && *method == Method::HEAD),
        }
    }
}

impl fmt::Display for RouteMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("ANY"),
            Self::Named(method) => method.fmt(f),
        }
    }
}

/// An `HttpApi` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its methods.
    pub method: RouteMethod,
    /// Its path, with `{parameter}` and `{proxy+}`.
    pub path: String,
}

impl fmt::Display for Route {
    /// API Gateway's route key, such as `ANY /api/auth/{proxy+}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// An `SQS` event and the queue it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The queue's name: `Metadata.Dzinza.Name` of the queue.
    pub queue: String,
    /// At most so many messages at once.
    pub batch_size: u32,
    /// A message received more often goes to the dead letters.
    pub max_receives: u32,
}

/// A `Schedule` or `ScheduleV2` event.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The event's name in the template.
    pub name: String,
    /// The time from one call to the next.
    pub every: Duration,
    /// What the function is given.
    pub input: serde_json::Value,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Calls a second in the long run.
    pub rate: f64,
    /// Calls at once.
    pub burst: u32,
}

/// `DefaultRouteSettings` and `RouteSettings` of the `HttpApi`. Each route has a bucket of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Throttles {
    /// For routes without settings of their own.
    pub default: Option<Throttle>,
    /// By route key.
    pub routes: Vec<(String, Throttle)>,
}

impl Throttles {
    /// The bucket of `route`, if it is throttled.
    pub fn of(&self, route: &Route) -> Option<Throttle> {
        let key = route.to_string();
        self.routes.iter().find(|(other, _)| *other == key).map(|(_, throttle)| *throttle).or(self.default)
    }
}

impl Template {
    /// Reads a template's text.
    ///
    /// # Errors
    /// If it is no template, or a resource asks for what the runner cannot do; the error names the resource.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        raw::read(text)
    }

    /// Reads the template at `path`, or the one compiled in.
    ///
    /// # Errors
    /// As [`Template::parse`], or if the file cannot be read.
    pub fn load(path: Option<&Path>) -> Result<Self, TemplateError> {
        let Some(path) = path else { return Self::parse(COMPILED_IN) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| TemplateError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// The function of this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}

#[cfg(test)]
mod tests;
