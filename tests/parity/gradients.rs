//! Every weight's gradient in whole networks, against PyTorch's.

use crate::adapter::tracked;
use crate::fixture::{Case, Fixture};
use crate::made::uniform;
use crate::table::{F32, Table};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

fn direction(name: &str, like: &Tensor) -> Tensor {
    let values = uniform(&format!("direction/{name}"), like.elem_count());
    Tensor::from_vec(values, like.shape(), &Device::Cpu).unwrap()
}

fn number(x: &Tensor) -> f32 {
    x.sum_all().unwrap().to_scalar().unwrap()
}

/// Length of each weight's gradient, and its share along a made direction.
fn gradients(component: &str, case: &Case) -> Vec<[f32; 2]> {
    let variables = case.variables();
    let tensors = variables.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let builder = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let parts = tracked(component, case, builder);
    let parts: Vec<_> = parts.iter().map(|(name, y)| (y * direction(name, y)).unwrap().sum_all()).collect();
    let loss = parts.into_iter().reduce(|sum, part| sum? + part?).unwrap().unwrap();
    let store = loss.backward().unwrap();
    let pair = |(name, var): &(String, candle_core::Var)| match store.get(var) {
        Some(gradient) => {
            let along = number(&(gradient * direction(name, gradient)).unwrap());
            [number(&gradient.sqr().unwrap()).sqrt(), along]
        }
        None => [0.0; 2],
    };
    variables.iter().map(pair).collect()
}

/// Errors are shares of each gradient's length, or of a thousandth of the longest: no gradient is held to less than
/// f32's rounding of the largest numbers that went into it (queries of a single token have none but rounding).
fn compare(component: &str, file: &'static str) {
    let (fixture, mut table) = (Fixture::open(file), Table::new(file));
    for case in &fixture.cases {
        let expected = fixture.expected(case)["gradients"].to_vec2::<f32>().unwrap();
        let got = gradients(component, case);
        assert_eq!(got.len(), expected.len());
        let least = 1e-3 * expected.iter().fold(0f32, |most, pair| most.max(pair[0]));
        let errors = got.iter().zip(&expected).map(|(got, want)| {
            let gap = (got[0] - want[0]).abs().max((got[1] - want[1]).abs()) / want[0].max(least);
            if gap.is_nan() { f32::INFINITY } else { gap }
        });
        table.row(&case.name, "f32", errors.fold(0.0, f32::max), F32, &format!("{} weights", got.len()));
    }
    table.finish();
}

#[test]
fn gradients_of_the_denoiser() {
    compare("unet", "unet_gradients");
}

#[test]
fn gradients_of_the_control_net() {
    compare("control_net", "control_net_gradients");
}
