//! One-time codes by time: SHA-1, six digits, thirty seconds, one step to either side (RFC 6238).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dzinza_web::Problem;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use png::{BitDepth, ColorType, Encoder};
use qrcodegen::{QrCode, QrCodeEcc};
use rand::RngCore as _;
use totp_rs::{Builder, Secret, Totp};

use dzinza_sealing::Sealer;

/// As RFC 4226 recommends: as long as the digest.
const SECRET_BYTES: usize = 20;
/// Pixels of the smallest square of the picture.
const SCALE: usize = 6;
/// Empty squares around the picture (ISO/IEC 18004 wants four).
const QUIET: usize = 4;

/// The secret that an app and we share.
pub(crate) struct OneTimeCodes(Totp);

impl OneTimeCodes {
    /// A new secret.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0_u8; SECRET_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self::of(Secret::new_stack(bytes))
    }

    /// The secret that a column holds: sealed, or base32 as older versions stored it.
    pub(crate) fn stored(sealer: &Sealer, user_id: &str, text: &str) -> Result<Self, Problem> {
        let broken = || {
            tracing::error!(user_id, "the secret of a second factor could not be read");
            Problem::internal()
        };
        let base32 = if Sealer::is_sealed(text) {
            sealer.open(&purpose(user_id), text).map_err(|_| broken())?
        } else {
            text.trim().trim_end_matches('=').to_ascii_uppercase()
        };
        Ok(Self::of(Secret::try_from_base32(base32).map_err(|_| broken())?))
    }

    fn of(secret: Secret) -> Self {
        // Older secrets may be of any length. All else are the parameters above.
        Self(Builder::new().with_secret(secret).build_noncompliant())
    }

    /// As a column holds it.
    pub(crate) fn seal(&self, sealer: &Sealer, user_id: &str) -> Result<String, Problem> {
        sealer.seal(&purpose(user_id), &self.base32()).map_err(|_| {
            tracing::error!("the secret of a second factor could not be sealed");
            Problem::internal()
        })
    }

    /// To be typed in.
    pub(crate) fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The time step that this is the code of, if it is one of now, half a minute ago or half a minute hence.
    pub(crate) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.as_second()).ok()?;
        self.0.check(code, seconds).and_then(|step| i64::try_from(step).ok())
    }

    /// The address that apps read out of the picture (Key Uri Format).
    pub(crate) fn url(&self, issuer: &str, email: &str) -> String {
        let plain = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        format!(
            "otpauth://totp/{0}:{1}?secret={2}&issuer={0}&algorithm=SHA1&digits=6&period=30",
            plain(issuer),
            plain(email),
            self.base32()
        )
    }
}

fn purpose(user_id: &str) -> String {
    format!("mfa:{user_id}")
}

/// A text as a QR code, as a `data:` address of a PNG.
pub(crate) fn picture(text: &str) -> Result<String, Problem> {
    let png = draw(text).ok_or_else(|| {
        tracing::error!("a QR code could not be drawn");
        Problem::internal()
    })?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

/// One bit a pixel, 1 is white.
fn draw(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let width = (usize::try_from(code.size()).ok()? + 2 * QUIET) * SCALE;
    let square = |pixel: usize| i32::try_from(pixel / SCALE).unwrap_or(0) - QUIET as i32;
    let mut rows = Vec::with_capacity(width * width.div_ceil(8));
    for y in 0..width {
        for start in (0..width).step_by(8) {
            // Squares outside the code are light, and so is what fills up the last byte.
            let dark = |bit: usize| code.get_module(square(start + bit), square(y));
            rows.push((0..8).fold(0_u8, |byte, bit| byte << 1 | u8::from(!dark(bit))));
        }
    }
    let mut file = Vec::new();
    let side = u32::try_from(width).ok()?;
    let mut encoder = Encoder::new(&mut file, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// RFC 6238, appendix B, SHA-1, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let codes = OneTimeCodes::of(Secret::new_stack(*b"12345678901234567890"));
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(codes.step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_to_either_side_is_accepted_and_no_more() {
        let codes = OneTimeCodes::of(Secret::new_stack(*b"12345678901234567890"));
        let step = 1_111_111_109 / 30;
        for (offset, accepted) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let found = codes.step_of("081804", at(1_111_111_109 + offset));
            assert_eq!(found, accepted.then_some(step), "{offset}");
        }
        for text in ["", "08180", "0818044", "+81804", "08180x", "０81804"] {
            assert_eq!(codes.step_of(text, at(1_111_111_109)), None, "{text}");
        }
    }

    #[test]
    fn a_secret_opens_for_its_owner_alone_and_plain_ones_of_older_versions_are_read() {
        let sealer = Sealer::new(b"key", None);
        let codes = OneTimeCodes::generate();
        let sealed = codes.seal(&sealer, "u1").unwrap();
        assert!(!sealed.contains(&codes.base32()) && sealed.len() <= 255);
        assert_eq!(OneTimeCodes::stored(&sealer, "u1", &sealed).unwrap().base32(), codes.base32());
        assert!(OneTimeCodes::stored(&sealer, "u2", &sealed).is_err());
        let plain = OneTimeCodes::stored(&sealer, "u1", " jbswy3dpehpk3pxp== ").unwrap();
        assert_eq!(plain.base32(), "JBSWY3DPEHPK3PXP");
        assert!(OneTimeCodes::stored(&sealer, "u1", "not base32!").is_err());
    }

    #[test]
    fn nothing_of_an_address_or_an_issuer_escapes_its_place_in_the_url() {
        let codes = OneTimeCodes::of(Secret::new_stack(*b"12345678901234567890"));
        assert_eq!(
            codes.url("Dzinza & Co", "a+b&secret=x?@b.zw"),
            "otpauth://totp/Dzinza%20%26%20Co:a%2Bb%26secret%3Dx%3F%40b%2Ezw?secret=\
             GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Dzinza%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_picture_is_the_code_square_by_square() {
        let text = "otpauth://totp/Dzinza:a%40b?secret=GEZDGNBV";
        let file = draw(text).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let side = (code.size() as usize + 2 * QUIET) * SCALE;
        assert_eq!((frame.width as usize, frame.height as usize), (side, side));
        for y in 0..side {
            for x in 0..side {
                let light = pixels[y * frame.line_size + x / 8] >> (7 - x % 8) & 1 == 1;
                let (column, row) = ((x / SCALE) as i32 - QUIET as i32, (y / SCALE) as i32 - QUIET as i32);
                assert_eq!(light, !code.get_module(column, row), "{x} {y}");
            }
        }
        // The longest address an account may have still fits.
        assert!(draw(&"%2B".repeat(255)).is_some());
    }
}
