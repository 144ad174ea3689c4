//! What a process has counted since it last said so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything since the last one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// One of each name and labels.
    pub series: Vec<Series>,
}

/// What one metric has told, with these labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The metric.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// See [`Told`].
    pub told: Told,
}

/// What a metric tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How much a counter has grown.
    Grown(u64),
    /// Where a gauge stands.
    Level(f64),
    /// Values, and how often each.
    Values(Vec<(f64, usize)>),
}
