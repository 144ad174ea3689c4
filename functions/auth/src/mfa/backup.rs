//! Backup codes: ten of fifty random bits each, shown once, each good for one use.
//!
//! They are kept as bcrypt hashes, as older versions kept theirs, at a cost below that of passwords: fifty bits that
//! nobody chose need no more. At cost 8 a card that tries 25 000 a second has half of them after seven centuries, and
//! with a salt each, ten codes are no easier than one. A plain digest would fall in hours; one under our key would be
//! lost with it, and the secret of the app is under that key already.

use dzinza_ports::{Given, User, UserChange};
use dzinza_web::Problem;
use rand::RngCore as _;

use crate::AuthPorts;
use crate::passwords::Turn;

const CODES: usize = 10;
const LENGTH: usize = 10;
/// Without I, O, 0 and 1, which look alike. Thirty-two, so that every character holds five bits.
const ALPHABET: [u8; 32] = *b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const MAX_COST: u32 = 8;
/// More hashes than anybody gets are not looked at.
const MAX_HASHES: usize = 20;

/// New codes, and their hashes as a column holds them.
pub(crate) async fn generate(ports: &AuthPorts, turn: Turn) -> Result<(Vec<String>, String), Problem> {
    let cost = ports.rules.bcrypt_cost.min(MAX_COST);
    let codes: Vec<String> = (0..CODES).map(|_| code()).collect();
    let (_, hashed) = turn
        .run(move |_| {
            let hashes: Result<Vec<_>, _> = codes.iter().map(|code| bcrypt::hash(code, cost)).collect();
            hashes.map(|hashes| (codes, hashes))
        })
        .await?;
    let (codes, hashes) = hashed.map_err(|error| {
        tracing::error!(%error, "backup codes could not be hashed");
        Problem::internal()
    })?;
    Ok((codes, column(&hashes)))
}

fn code() -> String {
    let mut bytes = [0_u8; LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from)).collect()
}

/// Uses a code up; says how many are left, or nothing if it is none.
pub(crate) async fn use_up(
    ports: &AuthPorts,
    mut turn: Turn,
    user: &User,
    code: &str,
) -> Result<(Turn, Option<usize>), Problem> {
    let mut stored = user.mfa_backup_codes.clone();
    // Whoever used another code in the same moment changed the list; then it is looked at again.
    for _ in 0..MAX_HASHES {
        let Some(before) = stored else { return Ok((turn, None)) };
        let hashes = hashes(&before);
        let spellings = spellings(code);
        let (given_back, searched) = turn
            .run(move |_| {
                let is_it =
                    |hash: &String| spellings.iter().any(|code| bcrypt::verify(code, hash).unwrap_or(false));
                (hashes.iter().position(is_it), hashes)
            })
            .await?;
        turn = given_back;
        let (Some(found), mut left) = searched else { return Ok((turn, None)) };
        left.remove(found);
        let change = UserChange {
            given: Given { mfa_enabled: Some(true), mfa_backup_codes: Some(before), ..Given::default() },
            mfa_backup_codes: Some(Some(column(&left))),
            ..UserChange::default()
        };
        if ports.users.update(&user.id, change, ports.clock.now()).await?.is_some() {
            return Ok((turn, Some(left.len())));
        }
        let present = ports.users.by_id(&user.id).await?.filter(|user| user.mfa_enabled);
        stored = present.and_then(|user| user.mfa_backup_codes);
    }
    Ok((turn, None))
}

/// Ours are uppercase, whatever was typed; those of older versions are as they were shown.
fn spellings(code: &str) -> Vec<String> {
    let upper = code.to_uppercase();
    let ours = upper.len() == LENGTH || upper == code;
    if ours { vec![upper] } else { vec![code.to_owned(), upper] }
}

fn hashes(column: &str) -> Vec<String> {
    let mut hashes: Vec<String> = serde_json::from_str(column).unwrap_or_default();
    hashes.truncate(MAX_HASHES);
    hashes
}

fn column(hashes: &[String]) -> String {
    serde_json::Value::from(hashes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_ten_characters_that_do_not_look_alike_and_differ() {
        let codes: std::collections::BTreeSet<_> = (0..1000).map(|_| code()).collect();
        assert_eq!(codes.len(), 1000);
        for code in codes {
            assert!(code.len() == 10 && code.bytes().all(|c| ALPHABET.contains(&c)), "{code}");
        }
        assert!(!ALPHABET.iter().any(|c| b"IO01".contains(c)));
    }

    #[test]
    fn a_column_that_is_no_list_holds_no_codes_and_a_long_one_is_cut() {
        assert!(hashes("").is_empty() && hashes("{}").is_empty() && hashes("[1]").is_empty());
        let many = column(&vec!["$2b$".to_owned(); 1000]);
        assert_eq!(hashes(&many).len(), MAX_HASHES);
    }
}
