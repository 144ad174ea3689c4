//! Pictures of people who have an account: where they are kept, and by which address they are seen.
//!
//! The address holds 128 random bits, so that who has not been shown it does not find it, and the picture behind it
//! never changes.

/// What the address begins with.
pub const PATH: &str = "/api/auth/avatars/";
/// How many characters the name has that follows.
const NAME_LENGTH: usize = 32;

/// Whether this can be the name of a picture: 32 hexadecimal digits.
pub fn is_name(name: &str) -> bool {
    name.len() == NAME_LENGTH && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The key of its blob.
pub fn key(name: &str) -> String {
    format!("avatars/{name}")
}

/// The key of the picture with this address; `None` if it is not one of ours.
pub fn key_of(address: &str) -> Option<String> {
    let (_, name) = address.split_once(PATH)?;
    is_name(name).then(|| key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_addresses_lead_to_a_picture() {
        let name = "0123456789abcdef0123456789abcdef";
        for address in [format!("{PATH}{name}"), format!("https://api.example.org{PATH}{name}")] {
            assert_eq!(key_of(&address), Some(format!("avatars/{name}")));
        }
        for foreign in ["https://example.org/me.jpg", "/api/auth/avatars/../secrets", "/api/auth/avatars/"] {
            assert_eq!(key_of(foreign), None, "{foreign}");
        }
    }
}
