//! The figures as lines for people and as JSON.

use serde_json::{Value, json};

use super::load::Cell;
use super::process::{Memory, Ran};

/// Everything of one size.
pub struct Size {
    pub people: usize,
    pub file_bytes: u64,
    pub import: Ran,
    pub database_bytes: u64,
    /// Of several starts the one in the middle.
    pub start_seconds: f64,
    pub idle: Memory,
    pub loaded: Memory,
    pub cells: Vec<Cell>,
}

/// The circumstances, which are as much a part of a figure as its unit.
pub struct Machine {
    pub processors: usize,
    pub load: String,
}

impl Machine {
    pub fn line(&self) -> String {
        format!(
            "{} processors, shared by the clients and the server; load of the last minute before: {}",
            self.processors, self.load
        )
    }
}

/// What stands above the lines.
pub fn head() -> String {
    let [clients, requests, errors, half, most, rate, cpu, memory, bytes, times] =
        ["clients", "requests", "errors", "p50 ms", "p95 ms", "per s", "cpu ms", "MB", "answer", "x bare"];
    format!(
        "{:<32}{clients:>8}{requests:>10}{errors:>8}{half:>10}{most:>10}{rate:>9}{cpu:>9}{memory:>7}{bytes:>11}{times:>9}",
        ""
    )
}

/// One line of the table.
pub fn line(cell: &Cell) -> String {
    let times = cell.times_bare.map_or("-".to_owned(), |times| format!("{times:.1}"));
    let error =
        cell.first_error.as_ref().map_or(String::new(), |error| format!("\n    first error: {error}"));
    format!(
        "{:<32}{:>8}{:>10}{:>8}{:>10.2}{:>10.2}{:>9.0}{:>9.2}{:>7.0}{:>11}{times:>9}{error}",
        cell.name,
        cell.clients,
        cell.requests,
        cell.errors,
        cell.p50_ms,
        cell.p95_ms,
        cell.rate(),
        cell.cpu_ms,
        cell.memory_mb,
        size(cell.bytes),
    )
}

/// Bytes as a reader likes them.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

impl Size {
    pub fn import_line(&self) -> String {
        let (ran, people) = (&self.import, self.people as f64);
        format!(
            "import {} people ({}): {:.2} s, {:.0} people/s, {:.2} s of processor, peak {:.0} MB, database {}",
            self.people,
            size(self.file_bytes),
            ran.seconds,
            people / ran.seconds.max(1e-9),
            ran.cpu_seconds,
            ran.peak_mb,
            size(self.database_bytes),
        )
    }

    pub fn serve_line(&self) -> String {
        format!(
            "serve: first answer after {:.3} s, {:.1} MB of memory when idle",
            self.start_seconds, self.idle.now
        )
    }

    pub fn memory_line(&self) -> String {
        format!("serve: {:.1} MB of memory after the load, peak {:.1} MB", self.loaded.now, self.loaded.peak)
    }

    fn json(&self) -> Value {
        json!({
            "people": self.people,
            "fileBytes": self.file_bytes,
            "import": self.import.json(),
            "peoplePerSecond": self.people as f64 / self.import.seconds.max(1e-9),
            "databaseBytes": self.database_bytes,
            "startSeconds": self.start_seconds,
            "idleMb": self.idle.now,
            "afterLoadMb": self.loaded.now,
            "peakMb": self.loaded.peak,
            "requests": self.cells.iter().map(Cell::json).collect::<Vec<_>>(),
        })
    }
}

pub fn json(machine: &Machine, bare: &[Cell], sizes: &[Size]) -> Value {
    json!({
        "processors": machine.processors,
        "load": machine.load,
        "clientsShareProcessors": true,
        "bare": bare.iter().map(Cell::json).collect::<Vec<_>>(),
        "sizes": sizes.iter().map(Size::json).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_under_its_head() {
        let cell = Cell {
            name: "page".to_owned(),
            clients: 16,
            requests: 1900,
            seconds: 1.0,
            bytes: 15_400,
            p50_ms: 1.0,
            times_bare: Some(2.5),
            ..Cell::default()
        };
        let line = line(&cell);
        assert_eq!(line.len(), head().len());
        assert!(line.contains(" 15 KB ") && line.ends_with(" 2.5"), "{line}");
    }

    #[test]
    fn an_error_is_told() {
        let cell = Cell { errors: 1, first_error: Some("429: slow down".to_owned()), ..Cell::default() };
        assert!(line(&cell).contains("first error: 429: slow down"));
    }
}
