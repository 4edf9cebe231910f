//! Gradients of every operation by its kernel, in f32, against candle's own autograd over candle's own
//! operations in f64, and against the slope of the result itself.

use super::*;
use crate::engine::testing::noise;
use candle_core::{Device, Var};
use candle_nn::VarBuilder;
use std::collections::HashMap;

/// Operands by name; weights of a layer are called as its loader calls them.
type Operands = HashMap<String, Tensor>;

fn operands(shapes: &[(&str, &[usize])]) -> Operands {
    shapes.iter().map(|(name, shape)| ((*name).to_owned(), noise(shape, name))).collect()
}

fn builder(operands: &Operands) -> VarBuilder<'static> {
    let dtype = operands["x"].dtype();
    VarBuilder::from_tensors(operands.clone(), dtype, &Device::Cpu)
}

/// A number that depends on every part of the result differently.
fn loss(y: &Tensor) -> Tensor {
    let direction = noise(y.dims(), "direction").to_dtype(y.dtype()).unwrap();
    (y * direction).unwrap().sum_all().unwrap()
}

fn gradients(operands: &Operands, work: &dyn Fn(&Operands) -> Result<Tensor>) -> HashMap<String, Vec<f64>> {
    let vars: HashMap<_, _> =
        operands.iter().map(|(name, tensor)| (name.clone(), Var::from_tensor(tensor).unwrap())).collect();
    let tracked = vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let store = loss(&work(&tracked).unwrap()).backward().unwrap();
    let numbers = |var: &Var| {
        let gradient = store.get(var).expect("a gradient").to_dtype(DType::F64).unwrap();
        assert_eq!(gradient.dims(), var.dims());
        gradient.flatten_all().unwrap().to_vec1().unwrap()
    };
    vars.iter().map(|(name, var)| (name.clone(), numbers(var))).collect()
}

/// `x` in another type, and a variable: what is tracked in f64 takes candle's own operations.
fn tracked_in(dtype: DType, x: &Tensor) -> Tensor {
    Var::from_tensor(&x.to_dtype(dtype).unwrap()).unwrap().as_tensor().clone()
}

fn check(what: &str, shapes: &[(&str, &[usize])], work: impl Fn(&Operands) -> Result<Tensor>) {
    let narrow = operands(shapes);
    let wide: Operands = narrow.iter().map(|(name, x)| (name.clone(), tracked_in(DType::F64, x))).collect();
    let (got, want) = (gradients(&narrow, &work), gradients(&wide, &work));
    for (name, want) in &want {
        let largest = want.iter().fold(1e-12, |most: f64, value| most.max(value.abs()));
        let worst = got[name].iter().zip(want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max);
        assert!(worst <= 2e-5 * largest, "{what}: {name} is off by {:.1e}", worst / largest);
        along(what, name, &narrow, &got[name], &work);
    }
    let plain = work(&wide).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let tracked = narrow.iter().map(|(name, x)| (name.clone(), tracked_in(DType::F32, x))).collect();
    let tracked = work(&tracked).unwrap().to_dtype(DType::F64).unwrap();
    let tracked = tracked.flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let largest = plain.iter().fold(1e-12, |most: f64, value| most.max(value.abs()));
    let worst = plain.iter().zip(&tracked).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= 1e-5 * largest, "{what}: the result is off by {:.1e}", worst / largest);
}

/// The slope of the result along one direction of one operand, by its difference.
fn along(
    what: &str,
    name: &str,
    operands: &Operands,
    gradient: &[f64],
    work: &dyn Fn(&Operands) -> Result<Tensor>,
) {
    const STEP: f64 = 1e-3;
    let direction = noise(operands[name].dims(), "step");
    let at = |step: f64| {
        let mut moved: Operands =
            operands.iter().map(|(name, x)| (name.clone(), tracked_in(DType::F64, x))).collect();
        let step = (direction.to_dtype(DType::F64).unwrap() * step).unwrap();
        moved.insert(name.to_owned(), tracked_in(DType::F64, &(&moved[name] + step).unwrap()));
        loss(&work(&moved).unwrap()).to_scalar::<f64>().unwrap()
    };
    let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
    let direction = direction.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let told: f64 = gradient.iter().zip(direction).map(|(g, d)| g * f64::from(d)).sum();
    let size: f64 = gradient.iter().map(|g| g.abs()).sum::<f64>().max(1e-9);
    assert!(
        (slope - told).abs() <= 1e-4 * size,
        "{what}: {name} has slope {slope}, the gradient says {told}"
    );
}

#[test]
fn linear_layers() {
    for (rows, inputs, outputs) in [(1, 1, 1), (15, 17, 33), (29, 289, 16), (3, 5, 70), (600, 31, 20)] {
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[1, rows, inputs]), ("weight", &[outputs, inputs]), ("bias", &[outputs])];
        check("linear", &shapes, |o| Linear::load(inputs, outputs, &builder(o))?.forward(&o["x"]));
        check("linear without bias", &shapes[..2], |o| {
            Linear::load_no_bias(inputs, outputs, &builder(o))?.forward(&o["x"])
        });
    }
    let shapes: [(&str, &[usize]); 4] =
        [("x", &[2, 7, 9]), ("weight", &[9, 9]), ("bias", &[9]), ("residual", &[2, 7, 9])];
    check("added", &shapes, |o| Linear::load(9, 9, &builder(o))?.forward_added(&o["x"], &o["residual"]));
    check("activated", &shapes[..3], |o| {
        Linear::load(9, 9, &builder(o))?.forward_activated(&o["x"], Activation::Silu)
    });
}

#[test]
fn convolutions_of_every_stride_and_padding() {
    for (h, w, inputs, outputs) in [(1, 1, 1, 1), (5, 6, 3, 4), (4, 5, 17, 15), (7, 4, 16, 33), (8, 8, 2, 40)]
    {
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[2, h, w, inputs]), ("weight", &[outputs, inputs, 3, 3]), ("bias", &[outputs])];
        let load = |o: &Operands| Conv2d::load(inputs, outputs, &builder(o));
        check("convolution", &shapes, |o| load(o)?.forward(&o["x"]));
        check("doubled", &shapes, |o| load(o)?.forward_doubled(&o["x"]));
        for padding in [Padding::Around, Padding::Trailing] {
            if h > 1 {
                check("halving", &shapes, |o| {
                    Conv2d::load_halving(inputs, outputs, padding, &builder(o))?.forward(&o["x"])
                });
            }
        }
    }
}

#[test]
fn norms() {
    for (h, w, channels, groups) in [(1, 3, 4, 2), (5, 7, 18, 3), (20, 30, 32, 8), (3, 3, 70, 7)] {
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[2, h, w, channels]), ("weight", &[channels]), ("bias", &[channels])];
        let load = |o: &Operands| GroupNorm::load(groups, channels, 1e-5, &builder(o));
        check("group norm", &shapes, |o| load(o)?.forward(&o["x"]));
        check("group norm and silu", &shapes, |o| load(o)?.forward_silu(&o["x"]));
    }
    for (tokens, channels) in [(1, 4), (15, 17), (300, 33), (4, 70)] {
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[2, tokens, channels]), ("weight", &[channels]), ("bias", &[channels])];
        check("layer norm", &shapes, |o| LayerNorm::load(channels, 1e-5, &builder(o))?.forward(&o["x"]));
    }
}

#[test]
fn attention() {
    for (b, samples, n, m, heads, width) in
        [(1, 1, 1, 1, 1, 1), (2, 2, 15, 17, 2, 8), (2, 1, 40, 33, 3, 5), (1, 1, 200, 180, 1, 40)]
    {
        let c = heads * width;
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[b, n, c]), ("k", &[samples, m, c]), ("v", &[samples, m, c])];
        check("attention", &shapes, |o| attend(&o["x"], &o["k"], &o["v"], heads, Mask::All));
    }
    let shapes: [(&str, &[usize]); 3] = [("x", &[2, 19, 8]), ("k", &[2, 19, 8]), ("v", &[2, 19, 8])];
    check("causal attention", &shapes, |o| attend(&o["x"], &o["k"], &o["v"], 2, Mask::Causal));
}

#[test]
fn functions_of_single_numbers() {
    for shape in [[1, 2], [3, 34], [7, 64]] {
        let shapes: [(&str, &[usize]); 1] = [("x", &shape)];
        for activation in [Activation::Silu, Activation::Gelu, Activation::QuickGelu] {
            check("activation", &shapes, |o| activation.apply(&(&o["x"] * 4.0)?));
        }
        check("geglu", &shapes, |o| geglu(&(&o["x"] * 4.0)?));
    }
    check("doubling", &[("x", &[2, 3, 4, 5])], |o| upsample_nearest(&o["x"], 6, 8));
}

#[test]
fn threads_change_no_bit_of_a_gradient() {
    let shapes: [(&str, &[usize]); 3] =
        [("x", &[2, 24, 24, 20]), ("weight", &[33, 20, 3, 3]), ("bias", &[33])];
    let operands = operands(&shapes);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gradients(&operands, &|o| Conv2d::load(20, 33, &builder(o))?.forward(&o["x"])))
    };
    let (one, three) = (with(1), with(3));
    assert!(one.iter().all(|(name, gradient)| gradient == &three[name]));
}
