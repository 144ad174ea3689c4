//! How a step or a gate ended, and the lines that tell it.

use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

impl Outcome {
    /// A tool that is missing: the reader's choice at home, a failure in CI.
    pub fn missing(tool: &str, in_ci: bool) -> Self {
        if in_ci {
            Self::Failed(format!("{tool} is not installed"))
        } else {
            Self::Skipped(format!("{tool} is not installed"))
        }
    }

    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// One line of a summary.
    pub fn line(&self, name: &str, took: Duration) -> String {
        let (mark, detail) = match self {
            Self::Passed => ("ok  ", ""),
            Self::Failed(why) => ("FAIL", why.as_str()),
            Self::Skipped(why) => ("skip", why.as_str()),
        };
        format!("{mark}  {name:<12} {:>7.1} s  {detail}", took.as_secs_f64()).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_fails_only_in_ci() {
        assert!(Outcome::missing("cfn-lint", true).failed());
        assert_eq!(
            Outcome::missing("cfn-lint", false),
            Outcome::Skipped("cfn-lint is not installed".to_owned())
        );
    }

    #[test]
    fn a_line_says_how_it_ended_and_how_long_it_took() {
        let took = Duration::from_millis(1_250);
        assert_eq!(Outcome::Passed.line("fmt", took), "ok    fmt              1.2 s");
        assert_eq!(
            Outcome::Failed("exit 1".to_owned()).line("fmt", took),
            "FAIL  fmt              1.2 s  exit 1"
        );
    }
}
