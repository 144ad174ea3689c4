//! Where a page of paths begins, as text.

use std::fmt;
use std::str::FromStr;

use super::LONGEST;

/// A place in the sequence of all paths of two persons. To callers it is a text that means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub(super) stage: usize,
    pub(super) length: u32,
    /// Which parent is chosen at each step; the last is the next to try.
    pub(super) choices: Vec<u32>,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadCursor;

impl fmt::Display for BadCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a cursor that an answer gave")
    }
}

impl std::error::Error for BadCursor {}

impl fmt::Display for Cursor {
    /// `stage.length.choices`; a choice is a digit, or `-` and the number and `-` above nine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.stage, self.length)?;
        for choice in &self.choices {
            if *choice < 10 { write!(f, "{choice}")? } else { write!(f, "-{choice}-")? }
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let mut parts = text.splitn(3, '.');
        let (Some(stage), Some(length), Some(mut rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadCursor);
        };
        let stage = number(stage)? as usize;
        let length = number(length)?;
        let mut choices = Vec::new();
        while let Some(first) = rest.chars().next() {
            let (choice, after) = match rest.strip_prefix('-') {
                Some(long) => long.split_once('-').ok_or(BadCursor)?,
                None => rest.split_at(first.len_utf8()),
            };
            choices.push(number(choice)?);
            rest = after;
        }
        if length > LONGEST || choices.len() > length.max(1) as usize {
            return Err(BadCursor);
        }
        Ok(Self { stage, length, choices })
    }
}

/// Digits alone: no sign.
fn number(digits: &str) -> Result<u32, BadCursor> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadCursor);
    }
    digits.parse().map_err(|_| BadCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (stage, length, choices) in
            [(0, 0, vec![]), (1, 0, vec![0]), (3, 14, vec![0, 1, 12, 1, 4_000_000_000, 9])]
        {
            let cursor = Cursor { stage, length, choices };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = format!("0.250.{}", "0".repeat(251));
        for text in [
            "", "0", "0.1", "0.1.22", "0.251.", "-1.2.", "0.+2.1", "0.2.x", "0.2.-12", "0.2.é", "0.2.--",
            &long,
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text}");
        }
    }
}
