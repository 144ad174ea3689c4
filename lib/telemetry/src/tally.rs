//! Counts until it is asked, and then from nothing again: for processes whose metrics nobody comes for.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::TelemetryError;
use crate::report::{Report, Series, Told};

/// More than all metrics with all that their labels may say.
const MOST_SERIES: usize = 4000;
/// So many values of a series are kept to three digits, those that come then to one.
const MOST_VALUES: usize = 512;

/// The recorder behind the `metrics` macros of this process.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<HashMap<Key, Cell>>>);

#[derive(Clone)]
enum Cell {
    Counter(Arc<Sum>),
    Gauge(Arc<Stand>),
    Values(Arc<Values>),
}

#[derive(Default)]
struct Sum(AtomicU64);

/// Where a gauge stands, and whether anybody has said so since the last report.
#[derive(Default)]
struct Stand(Mutex<(f64, bool)>);

/// By their bits, which are in the order of the values as none is below 0.
#[derive(Default)]
struct Values(Mutex<BTreeMap<u64, usize>>);

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CounterFn for Sum {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }
    /// Of use to those who count elsewhere, whom there are none of here.
    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl GaugeFn for Stand {
    fn increment(&self, value: f64) {
        let mut stand = held(&self.0);
        *stand = (stand.0 + value, true);
    }
    fn decrement(&self, value: f64) {
        self.increment(-value);
    }
    fn set(&self, value: f64) {
        *held(&self.0) = (value, true);
    }
}

impl HistogramFn for Values {
    fn record(&self, value: f64) {
        if !value.is_finite() {
            return;
        }
        let value = value.max(0.0);
        let mut values = held(&self.0);
        let digits = if values.len() < MOST_VALUES { 3 } else { 1 };
        *values.entry(rounded(value, digits).to_bits()).or_default() += 1;
    }
}

/// To so many digits that count.
fn rounded(value: f64, digits: i32) -> f64 {
    if value < 1e-9 {
        return 0.0;
    }
    let factor = 10_f64.powi(digits - 1 - value.log10().floor() as i32);
    (value * factor).round() / factor
}

impl Tally {
    /// Installs it.
    ///
    /// # Errors
    /// If one is there already.
    pub fn install() -> Result<Self, TelemetryError> {
        let tally = Self::default();
        metrics::set_global_recorder(tally.clone()).map_err(|error| TelemetryError(error.to_string()))?;
        Ok(tally)
    }

    /// What was counted since the last report.
    pub fn report(&self) -> Report {
        let cells = held(&self.0);
        let told = cells.iter().filter_map(|(key, cell)| {
            let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned()));
            let told = cell.take()?;
            Some(Series { name: key.name().to_owned(), labels: labels.collect(), told })
        });
        let mut series: Vec<_> = told.collect();
        series.sort_by(|one, two| (&one.name, &one.labels).cmp(&(&two.name, &two.labels)));
        Report { series }
    }

    fn cell(&self, key: &Key, make: fn() -> Cell) -> Option<Cell> {
        let mut cells = held(&self.0);
        if let Some(cell) = cells.get(key) {
            return Some(cell.clone());
        }
        (cells.len() < MOST_SERIES).then(|| cells.entry(key.clone()).or_insert_with(make).clone())
    }
}

impl Cell {
    /// What has been told since this was asked last.
    fn take(&self) -> Option<Told> {
        match self {
            Self::Counter(sum) => {
                let grown = sum.0.swap(0, Ordering::Relaxed);
                (grown > 0).then_some(Told::Grown(grown))
            }
            Self::Gauge(stand) => {
                let mut stand = held(&stand.0);
                std::mem::take(&mut stand.1).then_some(Told::Level(stand.0))
            }
            Self::Values(values) => {
                let values = std::mem::take(&mut *held(&values.0));
                let values: Vec<_> =
                    values.into_iter().map(|(bits, times)| (f64::from_bits(bits), times)).collect();
                (!values.is_empty()).then_some(Told::Values(values))
            }
        }
    }
}

impl Recorder for Tally {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.cell(key, || Cell::Counter(Arc::default())) {
            Some(Cell::Counter(sum)) => sum.into(),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.cell(key, || Cell::Gauge(Arc::default())) {
            Some(Cell::Gauge(stand)) => stand.into(),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.cell(key, || Cell::Values(Arc::default())) {
            Some(Cell::Values(values)) => values.into(),
            _ => Histogram::noop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_holds_what_came_since_the_last() {
        let tally = Tally::default();
        metrics::with_local_recorder(&tally, || {
            metrics::counter!("jobs_total", "job" => "import", "result" => "done").increment(2);
            metrics::gauge!("redis_up").set(1.0);
            for value in [0.012_34, 0.012_344, 0.5, f64::NAN] {
                metrics::histogram!("job_duration_seconds", "job" => "import").record(value);
            }
        });
        let report = tally.report();
        let told: Vec<_> = report.series.iter().map(|series| (series.name.as_str(), &series.told)).collect();
        assert_eq!(
            told,
            [
                ("job_duration_seconds", &Told::Values(vec![(0.0123, 2), (0.5, 1)])),
                ("jobs_total", &Told::Grown(2)),
                ("redis_up", &Told::Level(1.0)),
            ]
        );
        assert_eq!(tally.report(), Report::default());
        let sent = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&sent).unwrap(), report);
    }

    #[test]
    fn what_is_kept_does_not_grow_without_end() {
        let tally = Tally::default();
        metrics::with_local_recorder(&tally, || {
            for number in 0..100_000 {
                metrics::histogram!("database_query_duration_seconds").record(f64::from(number) * 1e-5);
                metrics::counter!("anything", "number" => number.to_string()).increment(1);
            }
        });
        let report = tally.report();
        assert!(report.series.len() <= MOST_SERIES);
        let Told::Values(values) = &report.series.last().unwrap().told else { panic!("{report:?}") };
        assert!(values.len() < 2 * MOST_VALUES);
        assert_eq!(values.iter().map(|(_, times)| times).sum::<usize>(), 100_000);
    }
}
