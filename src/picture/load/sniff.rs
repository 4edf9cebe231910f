//! What a file is, by its first bytes, and what its header promises, before any decoder allocates.

use super::Fault;

/// A picture format this room decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    WebP,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
        }
    }
}

/// What a picture is saved as, and whether its pixels may have changed by that.
pub(super) fn lossy(bytes: &[u8]) -> (&'static str, bool) {
    match format(bytes) {
        Ok(Format::WebP) if webp_chunks(bytes).any(|name| name == b"VP8L") => ("lossless WebP", false),
        Ok(Format::WebP) => ("lossy WebP", true),
        Ok(Format::Png) => ("PNG", false),
        Ok(Format::Jpeg) | Err(_) => ("JPEG", true),
    }
}

/// Names of a WebP's chunks.
fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 12;
    std::iter::from_fn(move || {
        let name = bytes.get(at..at + 4)?;
        let length = u32::from_le_bytes(*bytes.get(at + 4..at + 8)?.first_chunk()?) as usize;
        // Chunks are padded to an even length.
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        Some(name)
    })
}

/// Beginnings of files that people mistake for photos we read.
const OTHERS: [(&[u8], &str); 13] = [
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF or camera raw picture"),
    (b"MM\0*", "a TIFF or camera raw picture"),
    (b"8BPS", "a Photoshop document"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\0\0\0\x0CJXL ", "a JPEG XL picture"),
    (b"\xFF\x0A", "a JPEG XL picture"),
    (b"\0\0\x01\0", "a Windows icon"),
    (b"gimp xcf", "a GIMP document"),
    (b"v/1\x01", "an OpenEXR picture"),
];

/// The format, or what else was found.
pub(super) fn format(bytes: &[u8]) -> Result<Format, Fault> {
    let brand = |range| bytes.get(range).unwrap_or_default();
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"\xFF\xD8\xFF") {
        return Ok(Format::Jpeg);
    }
    if bytes.starts_with(b"RIFF") && brand(8..12) == b"WEBP" {
        return Ok(Format::WebP);
    }
    let found = match (brand(4..8), brand(8..12)) {
        (b"ftyp", b"avif" | b"avis") => "an AVIF picture",
        (b"ftyp", b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1") => "a HEIC picture",
        (b"ftyp", _) => "a video",
        _ => OTHERS
            .iter()
            .find(|(start, _)| bytes.starts_with(start))
            .map_or_else(|| prose(bytes), |(_, name)| name),
    };
    Err(Fault::UnknownContent { found: found.to_owned() })
}

/// Text or not, for content that begins like nothing we know.
fn prose(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let plain = start.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7E | 0x80..));
    let text = String::from_utf8_lossy(start);
    match text.trim_start() {
        _ if !plain => "no picture this program knows",
        text if text.starts_with("<svg") || text.starts_with("<?xml") => "an SVG drawing or other XML",
        text if text.starts_with('<') => "a web page",
        _ => "text",
    }
}

/// What a header promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) animated: bool,
    /// Four ink channels.
    pub(super) cmyk: bool,
}

/// Size and kind out of the chunks before a PNG's pixels; an `acTL` chunk there makes it an animation.
pub(super) fn png_header(bytes: &[u8]) -> Option<Header> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_be_bytes(*word));
    let mut header = Header { width: word(16)?, height: word(20)?, animated: false, cmyk: false };
    let mut at = 8;
    while let (Some(length), Some(name)) = (word(at), bytes.get(at + 4..at + 8)) {
        match name {
            b"IDAT" | b"IEND" => break,
            b"acTL" => header.animated = true,
            _ => {}
        }
        at = at.checked_add(length as usize)?.checked_add(12)?;
    }
    Some(header)
}

/// Size and channels out of a JPEG's frame header (SOFn), and proof that its end is there: the decoder would
/// fill a missing rest with grey.
pub(super) fn jpeg_header(bytes: &[u8]) -> Result<Header, &'static str> {
    let mut header = None;
    let mut at = 2;
    loop {
        // Between segments, and inside entropy-coded data, skip to the next marker.
        let skipped = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF));
        at += skipped.ok_or("its end is missing")?;
        let marker = *bytes.get(at + 1).ok_or("its end is missing")?;
        at += match marker {
            0xFF => 1,
            0x00 | 0x01 | 0xD0..=0xD8 => 2,
            0xD9 => return header.ok_or("its header is missing"),
            _ => {
                let length = bytes.get(at + 2..at + 4).ok_or("its end is missing")?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) && header.is_none()
                {
                    header = Some(frame_header(bytes, at)?);
                }
                2 + length
            }
        };
    }
}

/// The frame header (SOFn) whose marker stands at `at`.
fn frame_header(bytes: &[u8], at: usize) -> Result<Header, &'static str> {
    let frame = bytes.get(at + 5..at + 10).ok_or("its header is missing")?;
    let word = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    Ok(Header { height: word(0), width: word(2), animated: false, cmyk: frame[4] == 4 })
}
