//! Names on the wire for ties.

use dzinza_kinship::{Line, SiblingKind, Step, Union};

/// A parental line.
pub fn line(line: Line) -> &'static str {
    match line {
        Line::Birth => "birth",
        Line::Adoptive => "adoptive",
        Line::Step => "step",
        Line::Foster => "foster",
        Line::Guardian => "guardian",
        Line::Other => "other",
    }
}

/// How a union stands.
pub fn union(union: Union) -> &'static str {
    match union {
        Union::Joined => "joined",
        Union::Ended => "ended",
        Union::Promised => "promised",
        Union::Other => "other",
    }
}

/// What the person reached is to the one before, and in which way.
pub fn step(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Up(way) => ("parent", line(way)),
        Step::Down(way) => ("child", line(way)),
        Step::Across(state) => ("partner", union(state)),
        Step::Beside(kind) => ("sibling", sibling(kind)),
    }
}

fn sibling(kind: SiblingKind) -> &'static str {
    match kind {
        SiblingKind::Full => "full",
        SiblingKind::Half => "half",
        SiblingKind::Step => "step",
        SiblingKind::Adoptive => "adoptive",
        SiblingKind::Foster => "foster",
    }
}
