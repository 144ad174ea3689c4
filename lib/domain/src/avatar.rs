//! Pictures of people who have an account: where they are kept, and by which address they are seen.
//!
//! The address names the account and a version of 128 random bits, so that who has not been shown it does not find it.
//! What is behind one never changes: another picture has another version.

/// What the address begins with.
pub const PATH: &str = "/api/auth/avatars/";
/// Hexadecimal digits of a version.
const VERSION_LENGTH: usize = 32;

/// The key of an account's picture.
pub fn key(user_id: &str) -> String {
    format!("avatars/{user_id}")
}

/// The address of a version of it.
pub fn address(user_id: &str, version: &str) -> String {
    format!("{PATH}{user_id}/{version}")
}

/// Whether this can be a version: 32 hexadecimal digits.
pub fn is_version(version: &str) -> bool {
    version.len() == VERSION_LENGTH && version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
