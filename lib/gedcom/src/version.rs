//! The two families of GEDCOM.

use crate::record::Record;

/// A family of GEDCOM versions that share their grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 5.5.1, and 5.5 and 5.5.5, which are read as its near relatives.
    V551,
    /// 7.0, and 7.1.
    V70,
}

impl Version {
    /// What `HEAD.GEDC.VERS` says; 5.5.1 where it says nothing, because that is what programs write that do not.
    pub fn of(head: &Record) -> Self {
        let said = head.value_of(&["GEDC", "VERS"]).unwrap_or_default();
        if said.trim().starts_with('7') { Self::V70 } else { Self::V551 }
    }

    /// The payload of `HEAD.GEDC.VERS`: `5.5.1` or `7.0`.
    pub fn number(self) -> &'static str {
        match self {
            Self::V551 => "5.5.1",
            Self::V70 => "7.0",
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.number())
    }
}
