//! The migrations, as they are compiled in.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A step, there and back.
#[derive(Debug)]
pub(super) struct Script {
    /// From 1, without gaps.
    pub version: i32,
    /// What it is about.
    pub name: &'static str,
    pub up: &'static str,
    pub down: &'static str,
}

/// Run before each script, in the same transaction.
pub(super) const HELPERS: &str = include_str!("../../migrations/0000_helpers.sql");

macro_rules! script {
    ($version:literal, $file:literal, $name:literal) => {
        Script {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../migrations/", $file, "_", $name, ".up.sql")),
            down: include_str!(concat!("../../migrations/", $file, "_", $name, ".down.sql")),
        }
    };
}

pub(super) const SCRIPTS: &[Script] = &[
    script!(1, "0001", "platform_layout"),
    script!(2, "0002", "node_columns"),
    script!(3, "0003", "unique_addresses"),
    script!(4, "0004", "keys_and_letters"),
    script!(5, "0005", "hashed_tokens"),
];

impl Script {
    /// SHA-256 of the way there, lowercase hex: what a database says was done to it.
    pub(super) fn checksum(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(self.up.as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// As it is shown: `0001_platform_layout`.
    pub(super) fn title(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one() {
        for (script, expected) in SCRIPTS.iter().zip(1..) {
            assert_eq!(script.version, expected, "{}", script.name);
        }
    }
}
