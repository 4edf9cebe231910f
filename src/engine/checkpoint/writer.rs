//! A safetensors file, written one tensor at a time: no more than one is ever in memory.

use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Result, Write};
use std::path::Path;

/// What a header says of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

impl Described {
    fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// A file whose header is written and whose tensors follow in the header's order.
pub struct Writer {
    file: BufWriter<File>,
    /// Bytes that the header promises and that have not come yet.
    left: usize,
}

impl Writer {
    /// Creates `path`, which must not exist.
    pub fn create<'a>(path: &Path, tensors: impl Iterator<Item = &'a Described>) -> Result<Self> {
        let mut end = 0;
        let described = tensors.map(|tensor| {
            let start = end;
            end += tensor.bytes();
            let dtype = format!("{:?}", tensor.dtype);
            let value = json!({"dtype": dtype, "shape": tensor.shape, "data_offsets": [start, end]});
            (tensor.name.clone(), value)
        });
        let mut header = Value::Object(described.collect()).to_string();
        // Tensors start at a multiple of 8, as the format wants it.
        header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
        let mut file = BufWriter::new(File::create_new(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        Ok(Self { file, left: end })
    }

    /// The next bytes of the tensors.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(|| unlike_header("more"))?;
        self.file.write_all(bytes)
    }

    /// Everything on the disk.
    pub fn finish(self) -> Result<()> {
        if self.left > 0 {
            return Err(unlike_header("fewer"));
        }
        self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    }
}

fn unlike_header(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{what} bytes than its header says"))
}
