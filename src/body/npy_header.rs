//! The header of one numpy array: what numbers follow, how many, in which order.
//!
//! The header is a Python dict written out as text, such as
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (10475, 3), }`. Only that shape of dict is read; it is
//! never evaluated.

use super::npz::NpzError;
use std::io::Read;

/// numpy pads headers to 64 bytes; plain arrays need about 100.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// More axes than any body array has.
const MAX_AXES: usize = 8;

/// Types of numbers that are read, all little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
}

impl Kind {
    /// numpy's type string; `|u1` has no byte order.
    fn from_descr(descr: &str) -> Option<Self> {
        Some(match descr {
            "<f4" => Self::F32,
            "<f8" => Self::F64,
            "|u1" | "<u1" => Self::U8,
            "<i2" => Self::I16,
            "<u2" => Self::U16,
            "<i4" => Self::I32,
            "<u4" => Self::U32,
            "<i8" => Self::I64,
            "<u8" => Self::U64,
            _ => return None,
        })
    }

    /// Bytes a number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }
}

/// A parsed header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The type as the file spells it, for errors.
    pub(super) descr: String,
    /// Column-major.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// Reads magic, version, length and dict; the reader then stands at the first number.
    pub(super) fn read(reader: &mut impl Read, name: &str) -> Result<Self, NpzError> {
        let fail = |fault| NpzError::Header { name: name.to_owned(), fault };
        let mut take = |length: usize| -> Result<Vec<u8>, NpzError> {
            let mut bytes = vec![0; length];
            reader.read_exact(&mut bytes).map_err(|_| fail("its header ends too early"))?;
            Ok(bytes)
        };
        let start = take(8)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(fail("it does not begin as one"));
        }
        let length = match start[6] {
            1 => take(2)?,
            2 | 3 => take(4)?,
            _ => return Err(fail("its format version is newer than 3")),
        };
        let length = length.iter().rev().fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte));
        if length > MAX_HEADER_BYTES {
            return Err(fail("its header is longer than 16 KiB"));
        }
        let text = take(length)?;
        let text = std::str::from_utf8(&text).map_err(|_| fail("its header is not text"))?;
        Self::parse(text, name)
    }

    fn parse(text: &str, name: &str) -> Result<Self, NpzError> {
        let fail = |fault| NpzError::Header { name: name.to_owned(), fault };
        let descr = value_of(text, "descr").ok_or_else(|| fail("its header names no type"))?;
        let descr =
            quoted(descr).ok_or_else(|| fail("it is a table of several types, not one array of numbers"))?;
        if descr.contains('O') {
            return Err(NpzError::Objects(name.to_owned()));
        }
        let kind = Kind::from_descr(descr)
            .ok_or_else(|| fail("only little-endian f32, f64 and whole numbers are read"))?;
        let order = value_of(text, "fortran_order").ok_or_else(|| fail("its header names no order"))?;
        let fortran = match (order.starts_with("True"), order.starts_with("False")) {
            (true, _) => true,
            (_, true) => false,
            _ => return Err(fail("its order is neither True nor False")),
        };
        let shape =
            value_of(text, "shape").and_then(shape).ok_or_else(|| fail("its shape cannot be read"))?;
        Ok(Self { kind, descr: descr.to_owned(), fortran, shape })
    }

    /// Bytes of all numbers; none if that overflows.
    pub(super) fn bytes(&self) -> Option<u64> {
        let count = self.shape.iter().try_fold(1_u64, |sum, side| sum.checked_mul(*side as u64))?;
        count.checked_mul(self.kind.size() as u64)
    }
}

/// The text after `'key':`.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let end = quoted.iter().find_map(|word| text.find(word).map(|at| at + word.len()))?;
    text[end..].trim_start().strip_prefix(':').map(str::trim_start)
}

/// The text between the quotes that `text` starts with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    text[1..].split(quote).next()
}

/// `(10475, 3)`, `(45,)` or `()`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.split_once(')')?.0;
    let sides: Vec<&str> = inside.split(',').map(str::trim).collect();
    let sides = sides.strip_suffix(&[""]).unwrap_or(&sides);
    if sides.len() > MAX_AXES {
        return None;
    }
    sides.iter().map(|side| side.trim_end_matches('L').parse().ok()).collect()
}
