//! Numbers made from names: weights and inputs that no fixture has to carry.
//!
//! The twin of `tests/oracles/made.py`: both give the same bits for the same name.

use candle_core::{Device, Tensor};

/// -1 to 1, from the name's FNV-1a hash through SplitMix64; 24 bits, so exact in f32.
pub(crate) fn uniform(name: &str, count: usize) -> Vec<f32> {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, hash);
    let number = |place: u64| {
        let mut z = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (1..=count as u64).map(number).collect()
}

/// No weight at a value that hides a mistake: norms off one, biases and zero convolutions off zero.
pub(crate) fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let values = uniform(name, shape.iter().product());
    let (scale, shift) = if shape.len() < 2 {
        (0.2, if name.ends_with("bias") { 0.0 } else { 1.0 })
    } else if shape[0] == 1 {
        (0.5, 0.0)
    } else {
        let inputs: usize = shape[1..].iter().product();
        ((3.0 / inputs as f64).sqrt() as f32, 0.0)
    };
    values.into_iter().map(|value| value * scale + shift).collect()
}

/// An input: `plain` has deviation 1, `quiet` stays below 1e-3, `unit` is 0..1, `ids:N` 0..N, `padded:N` that with its second half 2.
pub(crate) fn input(kind: &str, name: &str, shape: &[usize]) -> Tensor {
    let values = uniform(name, shape.iter().product());
    let floats = |scale: f32, shift: f32| {
        let values: Vec<f32> = values.iter().map(|value| value * scale + shift).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    match kind.split_once(':') {
        None if kind == "unit" => floats(0.5, 0.5),
        None if kind == "quiet" => floats(1e-3, 0.0),
        None => floats(3f64.sqrt() as f32, 0.0),
        Some((kind, count)) => {
            let count: f64 = count.parse().unwrap();
            let filled = |place: usize| kind == "padded" && place % shape[1] >= shape[1] / 2;
            let id = |(place, value): (usize, &f32)| {
                if filled(place) { 2 } else { ((f64::from(*value) * 0.5 + 0.5) * count) as u32 }
            };
            let ids: Vec<u32> = values.iter().enumerate().map(id).collect();
            Tensor::from_vec(ids, shape, &Device::Cpu).unwrap()
        }
    }
}
