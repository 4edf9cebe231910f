//! Numbers from one type to another, in pieces.

use crate::engine::bundle::BundleError;
use half::{bf16, f16};
use safetensors::tensor::Dtype;

/// Numbers in memory at a time.
const PIECE: usize = 1 << 16;

/// Hands `data` of type `from` to `put` as type `to`. False if a number is too large for `to`.
pub(super) fn convert(
    data: &[u8],
    from: Dtype,
    to: Dtype,
    put: &mut dyn FnMut(&[u8]) -> Result<(), BundleError>,
) -> Result<bool, BundleError> {
    let bytes = from.bitsize() / 8;
    for piece in data.chunks(PIECE * bytes.max(1)) {
        if from == to {
            put(piece)?;
            continue;
        }
        let values = piece.chunks_exact(bytes.max(1)).map(|number| wide(number, from));
        if to == Dtype::F32 {
            put(&values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())?;
            continue;
        }
        let narrow: Vec<(f32, f16)> = values.map(|value| (value, f16::from_f32(value))).collect();
        if narrow.iter().any(|(value, narrow)| value.is_finite() && narrow.is_infinite()) {
            return Ok(false);
        }
        put(&narrow.iter().flat_map(|(_, narrow)| narrow.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    Ok(true)
}

/// One little-endian number; those of other types were refused before.
fn wide(number: &[u8], from: Dtype) -> f32 {
    match (from, number) {
        (Dtype::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
        (Dtype::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f32(),
        (_, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        _ => f32::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(values: &[f32], to: Dtype) -> Option<Vec<u8>> {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut out = Vec::new();
        let fits = convert(&data, Dtype::F32, to, &mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        });
        fits.unwrap().then_some(out)
    }

    #[test]
    fn numbers_come_through_pieces_in_order() {
        let values: Vec<f32> = (0..PIECE * 2 + 3).map(|i| (i % 1000) as f32).collect();
        let halves = converted(&values, Dtype::F16).unwrap();
        let back: Vec<f32> =
            halves.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32()).collect();
        assert_eq!(back, values);
    }

    #[test]
    fn a_number_that_would_become_infinite_is_told_and_one_that_is_stays() {
        assert_eq!(converted(&[1.0, 70_000.0], Dtype::F16), None);
        assert!(converted(&[f32::INFINITY, f32::NAN], Dtype::F16).is_some());
        assert!(converted(&[1.0, 70_000.0], Dtype::F32).is_some());
    }
}
