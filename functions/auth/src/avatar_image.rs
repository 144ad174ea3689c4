//! Foreign pictures made into our own: small, upright, and without what else was in the file (places, names, programs).

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

/// The longer side of what is kept, in pixels.
const SIDE: u32 = 512;
/// The longest side of what is read.
const LONGEST_SIDE: u32 = 16_384;
/// What a decoded picture may take, in bytes: some 48 million pixels, as many as a telephone's camera has.
const DECODED: u64 = 160 << 20;
const QUALITY: u8 = 85;

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not JPEG, PNG, GIF or WebP.
    Kind,
    /// More pixels than anybody needs.
    Size,
    /// Damaged.
    Unreadable,
}

/// The picture as it is kept, and its media type.
pub(crate) fn ours(file: &[u8]) -> Result<(Vec<u8>, &'static str), Refusal> {
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];
    let format =
        image::guess_format(file).ok().filter(|format| known.contains(format)).ok_or(Refusal::Kind)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(DECODED);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    // Not every decoder counts for itself.
    if decoder.total_bytes() > DECODED {
        return Err(Refusal::Size);
    }
    let orientation = decoder.orientation().map_err(refusal)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    if picture.width() > SIDE || picture.height() > SIDE {
        picture = picture.thumbnail(SIDE, SIDE);
    }
    picture.apply_orientation(orientation);
    encoded(&picture)
}

fn encoded(picture: &DynamicImage) -> Result<(Vec<u8>, &'static str), Refusal> {
    let mut bytes = Vec::new();
    if picture.color().has_alpha() {
        let plain = DynamicImage::from(picture.to_rgba8());
        plain.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(refusal)?;
        return Ok((bytes, "image/png"));
    }
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    picture.to_rgb8().write_with_encoder(encoder).map_err(refusal)?;
    Ok((bytes, "image/jpeg"))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refusal(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::Size,
        _ => Refusal::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = DynamicImage::new_rgb8(width, height);
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// The chunk says more pixels than are there, as a bomb does.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = file(1, 1, ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let mut sum = !0_u32;
        for byte in &bytes[12..29] {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            }
        }
        bytes[29..33].copy_from_slice(&(!sum).to_be_bytes());
        bytes
    }

    #[test]
    fn every_kind_becomes_small_and_ours() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let (bytes, _) = ours(&file(1024, 600, format)).unwrap();
            let picture = image::load_from_memory(&bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (512, 300), "{format:?}");
        }
        let (bytes, kind) = ours(&file(20, 30, ImageFormat::Jpeg)).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height(), kind), (20, 30, "image/jpeg"));
    }

    #[test]
    fn what_else_is_in_the_file_is_dropped() {
        let mut bytes = file(8, 8, ImageFormat::Jpeg);
        let comment = b"\xff\xfe\x00\x10Harare 12345\0\0";
        bytes.splice(2..2, comment.iter().copied());
        assert!(image::load_from_memory(&bytes).is_ok());
        let (kept, _) = ours(&bytes).unwrap();
        assert!(!kept.windows(6).any(|part| part == b"Harare"));
    }

    #[test]
    fn bombs_and_foreign_files_are_refused_before_they_are_decoded() {
        assert_eq!(ours(&bomb(60_000, 60_000)).unwrap_err(), Refusal::Size);
        assert_eq!(ours(&bomb(16_000, 16_000)).unwrap_err(), Refusal::Size);
        for foreign in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"", b"%PDF-1.7", b"BM\0\0\0\0"] {
            assert_eq!(ours(foreign).unwrap_err(), Refusal::Kind);
        }
        let whole = file(64, 64, ImageFormat::Png);
        assert_eq!(ours(&whole[..whole.len() / 2]).unwrap_err(), Refusal::Unreadable);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let whole = file(40, 40, format);
            for at in 0..whole.len().min(400) {
                let mut bytes = whole.clone();
                bytes[at] ^= 0x55;
                let _ = ours(&bytes);
                let _ = ours(&whole[..at]);
            }
        }
    }
}
