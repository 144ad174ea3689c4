//! Tokens of programs: `dzp_`, 43 letters and digits (256 random bits), and six that check the rest.
//!
//! The fixed beginning lets scanners of public repositories find what was published by mistake; the check tells a
//! mistyped token from one that was removed without asking the store.

use dzinza_ports::{AccessToken, TokenHash, User};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::{AuthState, Problem};

/// What every token of a program begins with.
const PREFIX: &str = "dzp_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is a little more than 2^256.
const RANDOM: usize = 43;
const CHECK: usize = 6;
/// A use is noted when the last one is older than this, in seconds.
const NOTED_EVERY: i64 = 3600;

/// What a token of a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `GET` and `HEAD`.
    Read,
    /// Whatever its owner may; reading too.
    Write,
}

impl Scope {
    /// As it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads what [`Scope::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|scope| scope.as_str() == text)
    }
}

/// A new token. It is shown once; what is stored is its [hash](program_token_hash).
pub fn new_program_token() -> String {
    let mut rng = rand::rng();
    let drawn = (0..RANDOM).filter_map(|_| ALPHABET.get(rng.random_range(0..ALPHABET.len())));
    let mut token: String = PREFIX.chars().chain(drawn.map(|byte| char::from(*byte))).collect();
    token.push_str(&check(&token));
    token
}

/// The hash of a token, if it can be one at all.
pub fn program_token_hash(token: &str) -> Option<TokenHash> {
    let plain = token.len() == PREFIX.len() + RANDOM + CHECK
        && token.bytes().all(|c| ALPHABET.contains(&c) || c == b'_');
    let (body, end) = token.split_at_checked(PREFIX.len() + RANDOM)?;
    let whole = plain && is_program_token(token) && check(body) == end;
    whole.then(|| format!("{:x}", Sha256::digest(token.as_bytes())))
}

/// Whether it claims to be one.
pub(crate) fn is_program_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// The first 32 bits of SHA-256, as six digits of base 62.
fn check(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// The token and its account, if it is good now. Notes the use.
pub(crate) async fn known(auth: &AuthState, token: &str) -> Result<Option<(AccessToken, User)>, Problem> {
    let (Some(tokens), Some(hash)) = (&auth.access_tokens, program_token_hash(token)) else {
        return Ok(None);
    };
    let Some((row, user)) = tokens.find(&hash).await? else { return Ok(None) };
    let now = auth.clock.now();
    if row.expires_at <= now || !user.is_active {
        return Ok(None);
    }
    let last = row.last_used_at.map_or(i64::MIN, jiff::Timestamp::as_second);
    if now.as_second().saturating_sub(last) >= NOTED_EVERY {
        // A note that is lost is made at the next use.
        if let Err(error) = tokens.used(&row.id, now).await {
            tracing::warn!(%error, "the use of an access token was not noted");
        }
    }
    Ok(Some((row, user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_a_mistyped_one_is_not() {
        let token = new_program_token();
        assert_eq!((token.len(), token.starts_with(PREFIX)), (53, true));
        assert_ne!(token, new_program_token());
        assert_eq!(program_token_hash(&token).unwrap(), format!("{:x}", Sha256::digest(token.as_bytes())));
        for place in [4, 20, 52] {
            let mut wrong = token.clone().into_bytes();
            wrong[place] = if wrong[place] == b'a' { b'b' } else { b'a' };
            assert_eq!(program_token_hash(&String::from_utf8(wrong).unwrap()), None);
        }
        for bad in ["", "dzp_", &token[1..], &token[..52], &format!("{token}0"), &"é".repeat(26), "dzp_é"] {
            assert_eq!(program_token_hash(bad), None, "{bad}");
        }
    }
}
