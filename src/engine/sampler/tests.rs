//! Every sampler against diffusers' own steps.

use super::*;
use crate::engine::noise::Generator;
use crate::project::Sampler as Kind;
use candle_core::Device;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    sampler: Kind,
    config: SchedulerConfig,
    steps: usize,
    noise_scale: f64,
    timesteps: Vec<f64>,
    /// Latents after some of the steps.
    path: BTreeMap<usize, Vec<f32>>,
}

const COUNT: usize = 16;

fn tensor(values: Vec<f32>) -> Tensor {
    Tensor::from_vec(values, (1, COUNT), &Device::Cpu).unwrap()
}

/// The oracle's stand-in for a network.
fn predicted(shown: &Tensor, t: f64) -> Tensor {
    let shown = shown.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let guess = |(i, x): (usize, &f32)| 0.7 * x + 0.1 * (i as f32 + t as f32 / 100.0).cos();
    tensor(shown.iter().enumerate().map(guess).collect())
}

/// Latents after each step.
fn walk(kind: Kind, config: &SchedulerConfig, steps: usize) -> Vec<Vec<f32>> {
    let mut sampler = sampler(kind, config, steps).unwrap();
    let mut generator = Generator::new(3);
    let start = tensor(generator.standard_normal(COUNT));
    let mut latents = (start * sampler.noise_scale()).unwrap();
    let mut draw = || Ok(tensor(generator.standard_normal(COUNT)));
    let step = |(index, t): (usize, f64)| {
        let shown = sampler.network_input(&latents, index).unwrap();
        latents = sampler.step(index, &latents, &predicted(&shown, t), &mut draw).unwrap().latents;
        latents.flatten_all().unwrap().to_vec1().unwrap()
    };
    let times = super::sampler(kind, config, steps).unwrap().timesteps().to_vec();
    times.into_iter().enumerate().map(step).collect()
}

#[test]
fn every_step_is_diffusers_step() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/fixtures/engine/sampler.json")).unwrap();
    assert_eq!(cases.len(), 91);
    for kind in Kind::ALL {
        assert!(cases.iter().filter(|case| case.sampler == kind).count() >= 11, "{kind:?}");
    }
    for Case { sampler: kind, config, steps, noise_scale, timesteps, path } in cases {
        let ours = sampler(kind, &config, steps).unwrap();
        let what = format!("{kind:?}, {steps} steps, {config:?}");
        assert_eq!(ours.timesteps().len(), timesteps.len(), "{what}");
        for (ours, theirs) in ours.timesteps().iter().zip(&timesteps) {
            assert!((ours - theirs).abs() < 1e-3, "{what}: {ours} for {theirs}");
        }
        let gap = (ours.noise_scale() - noise_scale).abs();
        assert!(gap < 2e-5 * noise_scale.max(1.0), "{what}: off by {gap}");
        let walked = walk(kind, &config, steps);
        for (index, expected) in path {
            let largest = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
            for (ours, theirs) in walked[index].iter().zip(&expected) {
                let gap = (ours - theirs).abs();
                assert!(gap < 2e-5 * largest.max(1.0), "{what}, step {index}: {ours} for {theirs}");
            }
        }
    }
}

#[test]
fn without_an_opinion_of_the_config_each_sampler_spaces_its_own_way() {
    let stock = SchedulerConfig::default();
    let first = |kind| sampler(kind, &stock, 10).unwrap().timesteps()[0];
    assert_eq!((first(Kind::Ddim), first(Kind::Ddpm)), (901.0, 901.0));
    assert_eq!((first(Kind::Euler), first(Kind::UniPc)), (999.0, 999.0));
}

#[test]
fn foreign_schedules_and_step_counts_are_refused_by_name() {
    let refused = |kind, config: &SchedulerConfig, steps| match sampler(kind, config, steps) {
        Ok(_) => panic!("{kind:?} took {config:?}"),
        Err(error) => error.to_string(),
    };
    let stock = SchedulerConfig::default();
    for kind in Kind::ALL {
        assert!(refused(kind, &stock, 0).contains("0 steps"), "{kind:?}");
        assert!(refused(kind, &stock, 1001).contains("1001 steps"), "{kind:?}");
    }
    assert!(refused(Kind::Lcm, &stock, 51).contains("1 to 50"));
    assert!(refused(Kind::UniPc, &stock, 1000).contains("1 to 999"));
    let cosine = SchedulerConfig { beta_schedule: "squaredcos_cap_v2".to_owned(), ..stock.clone() };
    assert!(refused(Kind::Ddim, &cosine, 30).contains("squaredcos_cap_v2"));
    let sample = SchedulerConfig { prediction_type: "sample".to_owned(), ..stock.clone() };
    assert!(refused(Kind::Euler, &sample, 30).contains("prediction_type"));
    let spaced = SchedulerConfig { timestep_spacing: Some("odd".to_owned()), ..stock.clone() };
    assert!(refused(Kind::Dpmpp2mKarras, &spaced, 30).contains("odd"));
    let learned = SchedulerConfig { variance_type: Some("learned_range".to_owned()), ..stock.clone() };
    assert!(refused(Kind::Ddpm, &learned, 30).contains("learned_range"));
    assert!(refused(Kind::Ddim, &SchedulerConfig { beta_end: f64::NAN, ..stock }, 30).contains("beta"));
}

#[test]
fn hostile_schedules_neither_panic_nor_give_numbers_that_are_not() {
    let stock = SchedulerConfig::default();
    let configs = [
        SchedulerConfig { num_train_timesteps: 2, steps_offset: 0, ..stock.clone() },
        SchedulerConfig {
            num_train_timesteps: 2,
            steps_offset: 1,
            original_inference_steps: 2,
            ..stock.clone()
        },
        SchedulerConfig { beta_start: 0.999, beta_end: 0.999, ..stock.clone() },
        SchedulerConfig { original_inference_steps: 0, ..stock.clone() },
        SchedulerConfig { original_inference_steps: usize::MAX, ..stock.clone() },
        SchedulerConfig { steps_offset: 999, ..stock },
    ];
    for (config, kind) in configs.iter().flat_map(|config| Kind::ALL.map(|kind| (config, kind))) {
        for steps in [1, 2, 3] {
            if sampler(kind, config, steps).is_ok() && config.beta_start < 0.9 {
                let end = walk(kind, config, steps).pop().unwrap();
                assert!(end.iter().all(|value| value.is_finite()), "{kind:?} {steps} {config:?}");
            }
        }
    }
}

#[test]
fn an_offset_never_leaves_the_schedule() {
    let sampler = sampler(Kind::Ddim, &SchedulerConfig::default(), 1000).unwrap();
    assert_eq!((sampler.timesteps()[0], sampler.timesteps()[999]), (999.0, 1.0));
}
