//! npz archives (zip files of numpy arrays): bounded, checked, never unpickled.
//!
//! A body file comes from outside, so nothing here trusts what it claims: sizes are checked before memory is
//! asked for, memory grows with the bytes that really arrive, and an array of Python objects is never opened
//! (its payload is a pickle, which is a program). Only plain little-endian numbers are read. This module
//! refuses to know what the arrays mean.
//!
//! Format: numpy's `lib/format.py`, versions 1 to 3.

use super::npy_header::{Header, Kind};
use std::io::{Read, Seek};
use zip::ZipArchive;
use zip::result::ZipError;

/// Longest archive that is opened: about four times the largest SMPL-X file.
pub(super) const MAX_FILE_BYTES: u64 = 2 << 30;
/// All arrays taken from one archive together, uncompressed.
const MAX_TOTAL_BYTES: u64 = 2 << 30;
/// SMPL-X files hold about 20 arrays.
const MAX_ENTRIES: usize = 256;
/// Bytes converted at a time; a multiple of every number's size.
const CHUNK_BYTES: usize = 64 * 1024;

/// Why an archive or one of its arrays could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NpzError {
    #[error("this is not a readable npz archive ({0}); download or copy the file again")]
    Archive(ZipError),
    #[error(
        "the archive lists {0} arrays, more than the {MAX_ENTRIES} that are accepted; choose an SMPL-X .npz file"
    )]
    TooManyEntries(usize),
    #[error("the array {name} cannot be unpacked ({source}); download or copy the file again")]
    Unpack { name: String, source: std::io::Error },
    #[error("the array {0} holds pickled Python objects, which are never opened; save it as plain numbers")]
    Objects(String),
    #[error(
        "the array {name} is not a numpy array Adorn reads, {fault}; save it with numpy as plain numbers"
    )]
    Header { name: String, fault: &'static str },
    #[error("the array {name} has numbers of type {found}, not {wanted}; save it as {wanted}")]
    NumberType { name: String, found: String, wanted: &'static str },
    #[error("the array {0} is too large for a file of its kind; save less in it")]
    TooLarge(String),
    #[error("the array {0} is longer than its header says; download or copy the file again")]
    TooLong(String),
    #[error("the array {0} ends too early; download or copy the file again")]
    TooShort(String),
    #[error("the array {0} holds a number that is infinite or not a number; download or copy the file again")]
    NotFinite(String),
    #[error("the array {name} has the shape {found:?}, expected {wanted}; choose an SMPL-X .npz file")]
    Shape { name: String, found: Vec<usize>, wanted: String },
}

/// Numbers with a shape, in C order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array<T> {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<T>,
}

impl<T> Array<T> {
    /// The data, if the shape is `wanted`; `None` stands for any length.
    pub(super) fn shaped(self, wanted: &[Option<usize>]) -> Result<Self, NpzError> {
        let fits = self.shape.len() == wanted.len()
            && self.shape.iter().zip(wanted).all(|(found, wanted)| wanted.is_none_or(|w| w == *found));
        if fits {
            return Ok(self);
        }
        let words: Vec<String> = wanted
            .iter()
            .map(|side| side.map_or_else(|| "any".to_owned(), |side| side.to_string()))
            .collect();
        let wanted = format!("[{}]", words.join(", "));
        Err(NpzError::Shape { name: self.name, found: self.shape, wanted })
    }
}

/// An open archive and how many bytes may still be taken from it.
pub(super) struct Npz<R> {
    zip: ZipArchive<R>,
    bytes_left: u64,
}

impl<R: Read + Seek> Npz<R> {
    pub(super) fn open(reader: R) -> Result<Self, NpzError> {
        let zip = ZipArchive::new(reader).map_err(NpzError::Archive)?;
        if zip.len() > MAX_ENTRIES {
            return Err(NpzError::TooManyEntries(zip.len()));
        }
        Ok(Self { zip, bytes_left: MAX_TOTAL_BYTES })
    }

    /// The same archive, of whose arrays no more than `bytes` are taken together.
    pub(super) fn within(self, bytes: u64) -> Self {
        Self { bytes_left: bytes, ..self }
    }

    /// Whether the archive lists an array of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Whether one of the archive's files has a name that ends so.
    pub(super) fn has_file_ending(&self, ending: &str) -> bool {
        self.zip.file_names().flatten().any(|name| name.ends_with(ending))
    }

    /// Floating point numbers, narrowed to f32; infinite ones and NaN are refused.
    pub(super) fn floats(&mut self, name: &str) -> Result<Array<f32>, NpzError> {
        let array = self.read(name, "f32 or f64", |kind| match kind {
            Kind::F32 => Some(|bytes| f32::from_le_bytes(fixed(bytes))),
            Kind::F64 => Some(|bytes| f64::from_le_bytes(fixed(bytes)) as f32),
            _ => None,
        })?;
        if array.data.iter().all(|value: &f32| value.is_finite()) {
            Ok(array)
        } else {
            Err(NpzError::NotFinite(name.to_owned()))
        }
    }

    /// Whole numbers. u64 above `i64::MAX` wraps to negative, which every index check refuses.
    pub(super) fn integers(&mut self, name: &str) -> Result<Array<i64>, NpzError> {
        self.read(name, "whole numbers", |kind| match kind {
            Kind::U8 => Some(|bytes| i64::from(fixed::<1>(bytes)[0])),
            Kind::I16 => Some(|bytes| i64::from(i16::from_le_bytes(fixed(bytes)))),
            Kind::U16 => Some(|bytes| i64::from(u16::from_le_bytes(fixed(bytes)))),
            Kind::I32 => Some(|bytes| i64::from(i32::from_le_bytes(fixed(bytes)))),
            Kind::U32 => Some(|bytes| i64::from(u32::from_le_bytes(fixed(bytes)))),
            Kind::I64 | Kind::U64 => Some(|bytes| i64::from_le_bytes(fixed(bytes))),
            _ => None,
        })
    }

    /// Reads one array through the conversion that `convert` has for its number type.
    fn read<T: Copy>(
        &mut self,
        name: &str,
        wanted: &'static str,
        convert: impl Fn(Kind) -> Option<fn(&[u8]) -> T>,
    ) -> Result<Array<T>, NpzError> {
        let mut entry = self.zip.by_name(&format!("{name}.npy")).map_err(NpzError::Archive)?;
        let header = Header::read(&mut entry, name)?;
        let Some(convert) = convert(header.kind) else {
            return Err(NpzError::NumberType { name: name.to_owned(), found: header.descr, wanted });
        };
        let bytes = header.bytes().filter(|bytes| *bytes <= self.bytes_left);
        let bytes = bytes.ok_or_else(|| NpzError::TooLarge(name.to_owned()))?;
        self.bytes_left -= bytes;
        let data = convert_all(&mut entry, name, bytes, header.kind.size(), convert)?;
        let data = if header.fortran { c_order(&data, &header.shape) } else { data };
        Ok(Array { name: name.to_owned(), shape: header.shape, data })
    }
}

/// The first N bytes of a slice that the caller cut to N.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

/// Converts `bytes` bytes chunk by chunk: memory follows the bytes that arrive, not the claim.
fn convert_all<T>(
    reader: &mut impl Read,
    name: &str,
    bytes: u64,
    size: usize,
    convert: fn(&[u8]) -> T,
) -> Result<Vec<T>, NpzError> {
    let unpack = |source| NpzError::Unpack { name: name.to_owned(), source };
    let mut data = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        reader.read_exact(&mut chunk[..now]).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => NpzError::TooShort(name.to_owned()),
            _ => unpack(source),
        })?;
        data.extend(chunk[..now].chunks_exact(size).map(convert));
        left -= now as u64;
    }
    // Reading past the end is also what makes the zip crate check the sum.
    match reader.read(&mut chunk[..1]).map_err(unpack)? {
        0 => Ok(data),
        _ => Err(NpzError::TooLong(name.to_owned())),
    }
}

/// Reorders column-major data to row-major.
fn c_order<T: Copy>(data: &[T], shape: &[usize]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        out.push(data[index.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>()]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests;
