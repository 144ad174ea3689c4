//! What the command says to people.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks on its standard streams"
)]

/// A line on standard output.
pub fn line(text: &str) {
    println!("{text}");
}

/// A line on standard error.
pub fn error(text: &str) {
    eprintln!("{text}");
}
