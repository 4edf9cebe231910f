//! Every kernel on every instruction set of this processor against its definition in f64, over sizes that
//! leave remainders everywhere; and that threads and neighbours change no bit.

use super::attention::{self, Sizes};
use super::conv::{Window, Windows};
use super::gemm::{Curve, Dense, Finish, Panels, multiply};
use super::norm::{self, Affine};
use super::pointwise;
use super::simd::Isa;
use super::{Extras, Weights, attend};
use crate::engine::testing::noise as tensor;
use candle_core::{DType, Device, Tensor};

fn noise(count: usize, seed: &str) -> Vec<f32> {
    tensor(&[count], seed).to_vec1().unwrap()
}

/// Largest difference over the largest number.
fn gap(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(1e-30f64, |most, value| most.max(value.abs()));
    let worst = got.iter().zip(want).map(|(got, want)| (f64::from(*got) - want).abs());
    worst.fold(0.0, |most: f64, gap| if gap.is_nan() { f64::INFINITY } else { most.max(gap) }) / largest
}

fn exact(curve: Curve, x: f64) -> f64 {
    match curve {
        Curve::Straight => x,
        Curve::Silu => x / (1.0 + (-x).exp()),
        Curve::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        Curve::Gelu => {
            let x = Tensor::new(&[x], &Device::Cpu).unwrap();
            x.gelu_erf().unwrap().to_vec1::<f64>().unwrap()[0]
        }
    }
}

const CURVES: [Curve; 4] = [Curve::Straight, Curve::Silu, Curve::Gelu, Curve::QuickGelu];

fn product(isa: Isa, x: &[f32], weight: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let panels = Panels::pack(isa, weight, outputs, inputs, 1);
    let rows = Dense { x, inputs };
    let mut out = vec![f32::NAN; x.len() / inputs * outputs];
    multiply(&rows, &panels, Finish::default(), &mut out);
    out
}

#[test]
fn products_agree_with_their_definition() {
    for (rows, inputs, outputs) in
        [(0, 5, 7), (1, 1, 1), (15, 17, 33), (29, 289, 16), (3, 600, 49), (70, 31, 700)]
    {
        let (x, weight) = (noise(rows * inputs, "x"), noise(inputs * outputs, "weight"));
        let (bias, residual) = (noise(outputs, "bias"), noise(rows * outputs, "residual"));
        for (isa, curve) in Isa::present().into_iter().zip(CURVES.into_iter().cycle().skip(rows % 4)) {
            let sum = |row: usize, output: usize| {
                let pairs = x[row * inputs..][..inputs].iter().zip(&weight[output * inputs..][..inputs]);
                let sum: f64 = pairs.map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                let added = sum + f64::from(bias[output]) + f64::from(residual[row * outputs + output]);
                exact(curve, added)
            };
            let want: Vec<f64> = (0..rows * outputs).map(|i| sum(i / outputs, i % outputs)).collect();
            let panels = Panels::pack(isa, &weight, outputs, inputs, 1);
            assert_eq!(panels.unpack(1), weight);
            let finish = Finish { bias: Some(&bias), residual: Some(&residual), curve };
            let mut out = vec![f32::NAN; rows * outputs];
            multiply(&Dense { x: &x, inputs }, &panels, finish, &mut out);
            let gap = gap(&out, &want);
            assert!(gap < 2e-6, "{} {rows} x {inputs} x {outputs} {curve:?}: {gap}", isa.name());
        }
    }
}

fn convolved(isa: Isa, x: &[f32], [batch, h, w, channels]: [usize; 4], window: Window) -> Vec<f32> {
    let outputs = 5;
    let panels = Panels::pack(isa, &noise(outputs * channels * 9, "weight"), outputs, channels, 9);
    let mut out = vec![f32::NAN; batch * window.side(h) * window.side(w) * outputs];
    let rows = Windows { x, batch, h, w, channels, window };
    multiply(&rows, &panels, Finish::default(), &mut out);
    out
}

/// One output of the definition.
fn convolution(x: &[f32], dims: [usize; 4], window: Window, place: usize) -> f64 {
    let ([_, h, w, channels], outputs) = (dims, 5);
    let weight = noise(outputs * channels * 9, "weight");
    let (pixel, o) = (place / outputs, place % outputs);
    let (oh, ow) = (window.side(h), window.side(w));
    let (b, row, column) = (pixel / (oh * ow), pixel / ow % oh, pixel % ow);
    let zoom = if window.doubled { 2 } else { 1 };
    let mut sum = 0.0;
    for (ky, kx) in (0..3).flat_map(|y| (0..3).map(move |x| (y, x))) {
        let (y, at) = (row * window.stride + ky, column * window.stride + kx);
        let inside =
            |place: usize, side: usize| (window.before..side * zoom + window.before).contains(&place);
        if inside(y, h) && inside(at, w) {
            let pixel = (b * h + (y - window.before) / zoom) * w + (at - window.before) / zoom;
            let weight = |c: usize| f64::from(weight[((o * channels + c) * 3 + ky) * 3 + kx]);
            sum += (0..channels).map(|c| f64::from(x[pixel * channels + c]) * weight(c)).sum::<f64>();
        }
    }
    sum
}

#[test]
fn convolutions_agree_with_their_definition() {
    for dims in [[1, 1, 1, 3], [2, 5, 7, 4], [1, 4, 3, 33], [0, 4, 4, 2], [1, 2, 19, 1]] {
        let x = noise(dims.iter().product(), "x");
        for (stride, before, doubled) in [(1, 1, false), (2, 1, false), (2, 0, false), (1, 1, true)] {
            let window = Window { stride, before, after: 1, doubled };
            for isa in Isa::present() {
                let got = convolved(isa, &x, dims, window);
                let want: Vec<f64> = (0..got.len()).map(|i| convolution(&x, dims, window, i)).collect();
                let gap = gap(&got, &want);
                assert!(gap < 1e-6, "{} {dims:?} {window:?}: {gap}", isa.name());
            }
        }
    }
}

fn attention(isa: Isa, sizes: Sizes) -> Vec<f32> {
    let Sizes { batch, queries, keys, heads, width, shared, .. } = sizes;
    let samples = if shared { batch.min(1) } else { batch };
    let q = noise(batch * queries * heads * width, "q");
    let (k, v) = (noise(samples * keys * heads * width, "k"), noise(samples * keys * heads * width, "v"));
    let mut out = vec![f32::NAN; q.len()];
    attention::attend(isa, sizes, &q, &k, &v, &mut out);
    out
}

fn attention_in_f64(sizes: Sizes) -> Vec<f64> {
    let Sizes { batch, queries, keys, heads, width, shared, causal } = sizes;
    let samples = if shared { batch.min(1) } else { batch };
    let wide =
        |count: usize, seed: &str| -> Vec<f64> { noise(count, seed).into_iter().map(f64::from).collect() };
    let q = wide(batch * queries * heads * width, "q");
    let (k, v) = (wide(samples * keys * heads * width, "k"), wide(samples * keys * heads * width, "v"));
    let mut out = vec![0.0; q.len()];
    for (b, i, head) in
        (0..batch).flat_map(|b| (0..queries).flat_map(move |i| (0..heads).map(move |head| (b, i, head))))
    {
        let sample = if shared { 0 } else { b };
        let at = |place: usize| ((sample * keys + place) * heads + head) * width;
        let mine = ((b * queries + i) * heads + head) * width;
        let seen = if causal { (i + 1).min(keys) } else { keys };
        let score = |place: usize| {
            let pairs = q[mine..mine + width].iter().zip(&k[at(place)..at(place) + width]);
            pairs.map(|(q, k)| q * k).sum::<f64>() / (width as f64).sqrt()
        };
        let weights: Vec<f64> = (0..seen).map(|place| score(place).exp()).collect();
        let total: f64 = weights.iter().sum();
        for (place, weight) in weights.iter().enumerate() {
            for c in 0..width {
                out[mine + c] += weight / total * v[at(place) + c];
            }
        }
    }
    out
}

#[test]
fn attention_agrees_with_its_definition() {
    let cases = [
        (1, 1, 1, 1, 1, false, false),
        (2, 15, 17, 3, 5, false, false),
        (2, 9, 31, 2, 40, true, false),
        (1, 61, 300, 1, 17, false, false),
        (1, 3, 33, 1, 300, false, false),
        (2, 77, 77, 2, 16, false, true),
        (1, 270, 270, 1, 8, false, true),
        (0, 4, 4, 1, 4, true, false),
    ];
    for (batch, queries, keys, heads, width, shared, causal) in cases {
        let sizes = Sizes { batch, queries, keys, heads, width, shared, causal };
        let want = attention_in_f64(sizes);
        for isa in Isa::present() {
            let gap = gap(&attention(isa, sizes), &want);
            assert!(gap < 1e-6, "{} {sizes:?}: {gap}", isa.name());
        }
    }
}

fn group_normed(isa: Isa, x: &[f32], pixels: usize, channels: usize, groups: usize) -> Vec<f32> {
    let (weight, bias) = (noise(channels, "weight"), noise(channels, "bias"));
    let mut out = vec![f32::NAN; x.len()];
    let affine = Affine { weight: &weight, bias: &bias, eps: 1e-5 };
    norm::group_norm(isa, x, pixels, groups, affine, Curve::Silu, &mut out);
    out
}

#[test]
fn group_norm_agrees_with_its_definition_even_far_from_zero() {
    for (batch, pixels, channels, groups) in [(0, 3, 4, 2), (1, 1, 2, 1), (2, 15, 34, 2), (1, 1100, 15, 3)] {
        let far = |(i, x): (usize, f32)| x + if i / pixels / channels == 1 { 1000.0 } else { 0.5 };
        let x: Vec<f32> = noise(batch * pixels * channels, "x").into_iter().enumerate().map(far).collect();
        let (weight, bias) = (noise(channels, "weight"), noise(channels, "bias"));
        let size = channels / groups;
        let mut want = vec![0.0; x.len()];
        for (b, group) in (0..batch).flat_map(|b| (0..groups).map(move |group| (b, group))) {
            let place = |i: usize| (b * pixels + i / size) * channels + group * size + i % size;
            let count = pixels * size;
            let mean = (0..count).map(|i| f64::from(x[place(i)])).sum::<f64>() / count as f64;
            let spread = (0..count).map(|i| (f64::from(x[place(i)]) - mean).powi(2)).sum::<f64>();
            let inverse = 1.0 / (spread / count as f64 + 1e-5).sqrt();
            for i in 0..count {
                let (at, c) = (place(i), group * size + i % size);
                let y = (f64::from(x[at]) - mean) * inverse * f64::from(weight[c]) + f64::from(bias[c]);
                want[at] = exact(Curve::Silu, y);
            }
        }
        for isa in Isa::present() {
            let gap = gap(&group_normed(isa, &x, pixels, channels, groups), &want);
            // The far sample's own numbers have only 6e-5 to spare.
            let allowed = if batch > 1 { 2e-4 } else { 1e-6 };
            assert!(gap < allowed, "{} {batch} x {pixels} x {channels}: {gap}", isa.name());
        }
    }
}

#[test]
fn layer_norm_agrees_with_its_definition() {
    for (rows, channels) in [(0, 3), (1, 1), (5, 15), (33, 17), (2, 64), (1, 320)] {
        let (x, weight, bias) = (noise(rows * channels, "x"), noise(channels, "w"), noise(channels, "b"));
        let want: Vec<f64> = (0..rows * channels)
            .map(|i| {
                let row = &x[i / channels * channels..][..channels];
                let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / channels as f64;
                let spread = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
                let gain = f64::from(weight[i % channels]) / (spread / channels as f64 + 1e-5).sqrt();
                (f64::from(x[i]) - mean) * gain + f64::from(bias[i % channels])
            })
            .collect();
        for isa in Isa::present() {
            let mut out = vec![f32::NAN; x.len()];
            norm::layer_norm(isa, &x, Affine { weight: &weight, bias: &bias, eps: 1e-5 }, &mut out);
            let gap = gap(&out, &want);
            assert!(gap < 1e-6, "{} {rows} x {channels}: {gap}", isa.name());
        }
    }
}

#[test]
fn curves_are_right_from_end_to_end() {
    let x: Vec<f32> = (-2003..2003).map(|i| i as f32 * 0.01).chain([-100.0, 100.0, 0.0]).collect();
    for (isa, curve) in Isa::present().into_iter().flat_map(|isa| CURVES.map(|curve| (isa, curve))) {
        let mut out = vec![f32::NAN; x.len()];
        pointwise::bend(isa, &x, curve, &mut out);
        for (&x, &got) in x.iter().zip(&out) {
            let want = exact(curve, f64::from(x));
            let gap = (f64::from(got) - want).abs();
            assert!(gap <= 1e-6 * want.abs().max(1e-2), "{} {curve:?}({x}) = {got}, not {want}", isa.name());
        }
    }
}

#[test]
fn geglu_and_doubling_agree_with_their_definition() {
    for (rows, width) in [(0, 3), (1, 1), (3, 17), (2, 48)] {
        let x = noise(rows * width * 2, "x");
        let gate = |i: usize| (i / width * 2 * width + i % width, (i / width * 2 + 1) * width + i % width);
        let want: Vec<f64> = (0..rows * width)
            .map(|i| f64::from(x[gate(i).0]) * exact(Curve::Gelu, f64::from(x[gate(i).1])))
            .collect();
        for isa in Isa::present() {
            let mut out = vec![f32::NAN; rows * width];
            pointwise::geglu(isa, &x, width, &mut out);
            let gap = gap(&out, &want);
            assert!(gap < 1e-6, "{} {rows} x {width}: {gap}", isa.name());
        }
    }
    let mut out = vec![0.0; 16];
    pointwise::double(&[1.0, 2.0, 3.0, 4.0], 2, 1, &mut out);
    assert_eq!(out, [1., 1., 2., 2., 1., 1., 2., 2., 3., 3., 4., 4., 3., 3., 4., 4.]);
}

#[test]
fn neither_threads_nor_neighbours_change_a_bit() {
    let work = |batch: usize| {
        let isa = Isa::best();
        let x = &noise(2 * 40 * 30 * 34, "x")[..batch * 40 * 30 * 34];
        let window = Window { stride: 1, before: 1, after: 1, doubled: false };
        let convolved = convolved(isa, x, [batch, 40, 30, 34], window);
        let product = product(isa, x, &noise(34 * 70, "weight"), 34, 70);
        let normed = group_normed(isa, x, 1200, 34, 2);
        let sizes =
            Sizes { batch, queries: 300, keys: 300, heads: 2, width: 17, shared: true, causal: false };
        (convolved, product, normed, attention(isa, sizes))
    };
    let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let alone = pool(1).install(|| work(2));
    for threads in 2..5 {
        assert!(pool(threads).install(|| work(2)) == alone, "{threads} threads");
    }
    let first = work(1);
    assert_eq!(alone.0[..first.0.len()], first.0);
    assert_eq!(alone.1[..first.1.len()], first.1);
    assert_eq!(alone.2[..first.2.len()], first.2);
    assert_eq!(alone.3[..first.3.len()], first.3);
}

#[test]
fn what_is_no_number_stays_none() {
    for isa in Isa::present() {
        for curve in CURVES {
            let mut out = [0.0; 3];
            pointwise::bend(isa, &[1.0, f32::NAN, 2.0], curve, &mut out);
            assert!(out[1].is_nan() && out[0].is_finite(), "{} {curve:?}", isa.name());
        }
        let sizes =
            Sizes { batch: 1, queries: 1, keys: 20, heads: 1, width: 2, shared: false, causal: false };
        let (mut k, mut out) = (noise(40, "k"), [0.0; 2]);
        k[37] = f32::NAN;
        attention::attend(isa, sizes, &[0.3, 0.4], &k, &noise(40, "v"), &mut out);
        assert!(out.iter().all(|value| value.is_nan()), "{}: {out:?}", isa.name());
    }
}

#[test]
fn weights_serve_gradients_after_they_were_packed() {
    let plain = tensor(&[5, 7], "weight");
    let weights = Weights::new(plain.clone());
    let x = tensor(&[3, 7], "x");
    let by_kernel = weights.linear(&x, Extras::default()).unwrap().unwrap();
    let back = weights.plain().unwrap();
    assert_eq!(back.to_vec2::<f32>().unwrap(), plain.to_vec2::<f32>().unwrap());
    let by_candle = x.matmul(&back.t().unwrap()).unwrap();
    assert!(crate::engine::testing::difference(&by_kernel, &by_candle) < 1e-6);
    let double = x.to_dtype(DType::F64).unwrap();
    assert!(weights.linear(&double, Extras::default()).unwrap().is_none());
    assert!(weights.linear(&tensor(&[3, 6], "x"), Extras::default()).is_err());
}

#[test]
fn halves_are_widened_computed_in_f32_and_rounded_once() {
    let (x, weight, bias) = (tensor(&[2, 5, 5, 6], "x"), tensor(&[7, 6, 3, 3], "w"), tensor(&[7], "bias"));
    let window = Window { stride: 1, before: 1, after: 1, doubled: false };
    for dtype in [DType::F16, DType::BF16] {
        let half = |tensor: &Tensor| tensor.to_dtype(dtype).unwrap();
        let wide = |tensor: &Tensor| half(tensor).to_dtype(DType::F32).unwrap();
        let of = |x: &Tensor, weight: Tensor, bias: &Tensor| {
            let weights = Weights::new(weight);
            let convolve = || {
                let extras = Extras { bias: Some(bias), residual: None, curve: Curve::Silu };
                weights.convolve(x, window, extras).unwrap().unwrap()
            };
            let (first, again) = (convolve(), convolve());
            let same = first.eq(&again).unwrap().min_all().unwrap().to_scalar::<u8>().unwrap();
            assert_eq!(same, 1, "a second call reads the same weights");
            let tokens = first.reshape((2, 25, 7)).unwrap();
            attend(&tokens, &tokens, &tokens, 1, false).unwrap()
        };
        let (ours, exact) =
            (of(&half(&x), half(&weight), &half(&bias)), of(&wide(&x), wide(&weight), &wide(&bias)));
        assert_eq!(ours.dtype(), dtype);
        let values =
            |tensor: &Tensor| tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let want: Vec<f64> = values(&exact).into_iter().map(f64::from).collect();
        // Two operations, each rounded to half a unit in the last place.
        let unit = if dtype == DType::F16 { 2e-3 } else { 1.6e-2 };
        assert!(gap(&values(&ours), &want) < unit, "{dtype:?}: {}", gap(&values(&ours), &want));
    }
}
