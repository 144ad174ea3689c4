//! Unique identifiers: `_UID` with a checksum, as PAF and its successors wrote it, and `UID` of 7.0.

/// A `_UID` as the UUID of 7.0. With 36 digits the last four have to be the checksum; `None` for what is no UUID.
pub(super) fn to_seven(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.trim_start_matches('{').trim_end_matches('}');
    let dashed = bare.len() == 36 && [8, 13, 18, 23].iter().all(|at| bare.as_bytes().get(*at) == Some(&b'-'));
    let digits: String = if dashed { bare.replace('-', "") } else { bare.to_owned() };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let uuid = match lower.len() {
        32 => lower.as_str(),
        36 if checksum(lower.get(..32)?)? == lower.get(32..)? => lower.get(..32)?,
        _ => return None,
    };
    let part = |from: usize, to: usize| uuid.get(from..to).unwrap_or_default();
    Some([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// A UUID as `_UID` with its checksum; `None` for what is no UUID.
pub(super) fn to_five(uuid: &str) -> Option<String> {
    let digits = to_seven(uuid)?.replace('-', "");
    let sum = checksum(&digits)?;
    Some(format!("{digits}{sum}").to_ascii_uppercase())
}

/// The two bytes that GEDCOM programs append: the sum of the bytes, and the sum of those sums.
fn checksum(digits: &str) -> Option<String> {
    let (mut a, mut b) = (0u8, 0u8);
    for at in (0..digits.len()).step_by(2) {
        a = a.wrapping_add(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?);
        b = b.wrapping_add(a);
    }
    Some(format!("{a:02x}{b:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let uuid = "bbcc0025-34cb-4542-8cfb-45ba201c9c2c";
        let long = to_five(uuid);
        assert_eq!(long.as_deref().map(str::len), Some(36));
        assert_eq!(long.and_then(|long| to_seven(&long)).as_deref(), Some(uuid));
        assert_eq!(to_seven("BBCC002534CB45428CFB45BA201C9C2C").as_deref(), Some(uuid));
        assert_eq!(to_seven("{BBCC0025-34CB-4542-8CFB-45BA201C9C2C}").as_deref(), Some(uuid));
    }

    #[test]
    fn what_is_none() {
        for text in ["", "1", "BBCC002534CB45428CFB45BA201C9C2C0000", "éééééééééééééééé", "no-such-thing"]
        {
            assert_eq!(to_seven(text), None, "{text}");
        }
        // Sums by hand: 1, then 1 sixteen times.
        assert_eq!(
            to_five("01000000000000000000000000000000").as_deref(),
            Some("010000000000000000000000000000000110")
        );
    }
}
