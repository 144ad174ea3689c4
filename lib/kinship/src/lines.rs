//! Which parental lines a question counts.

use crate::graph::Line;

/// A set of parental lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lines(u8);

const EACH: [Line; 6] = [Line::Birth, Line::Adoptive, Line::Step, Line::Foster, Line::Guardian, Line::Other];

impl Lines {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// By birth alone.
    pub const BIRTH: Self = Self::of(Line::Birth);
    /// By birth and by adoption: what most laws of descent count.
    pub const LEGAL: Self = Self::BIRTH.with(Line::Adoptive);
    /// All of them.
    pub const ALL: Self = Self((1 << EACH.len()) - 1);

    /// One line alone.
    pub const fn of(line: Line) -> Self {
        Self(1 << line as u8)
    }

    /// These and one more.
    pub const fn with(self, line: Line) -> Self {
        Self(self.0 | Self::of(line).0)
    }

    /// These but one.
    pub const fn without(self, line: Line) -> Self {
        Self(self.0 & !Self::of(line).0)
    }

    /// Whether a line is among them.
    pub const fn contains(self, line: Line) -> bool {
        self.0 & Self::of(line).0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many they are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Each, nearest first.
    pub fn iter(self) -> impl Iterator<Item = Line> {
        EACH.into_iter().filter(move |line| self.contains(*line))
    }
}

impl Default for Lines {
    /// All of them.
    fn default() -> Self {
        Self::ALL
    }
}

impl From<Line> for Lines {
    fn from(line: Line) -> Self {
        Self::of(line)
    }
}

impl FromIterator<Line> for Lines {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        lines.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_a_set() {
        let two = Lines::of(Line::Foster).with(Line::Birth);
        assert_eq!(two.iter().collect::<Vec<_>>(), [Line::Birth, Line::Foster]);
        assert_eq!((two.len(), two.without(Line::Birth)), (2, Lines::of(Line::Foster)));
        assert_eq!(EACH.into_iter().collect::<Lines>(), Lines::ALL);
        assert!(EACH.into_iter().all(|line| Lines::ALL.contains(line) && !Lines::NONE.contains(line)));
        assert!(Lines::NONE.is_empty() && Lines::LEGAL.contains(Line::Adoptive));
    }
}
