//! Plans at several sizes, and what is refused.

use super::*;
use crate::engine::bundle::random::{Dinov2, FileType, RandomSize, write_random, write_small};
use crate::engine::device::{DTypeChoice, DeviceChoice, pick};
use crate::engine::progress::Control;

const GB: u64 = 1_000_000_000;

fn size(width: u32, height: u32) -> NetworkSize {
    NetworkSize::new(width, height).unwrap()
}

/// Stable Diffusion 1.5 with DINOv2 and both branches, by its number of parameters.
fn full(dtype: DType) -> Planner {
    let folder = tempfile::tempdir().unwrap();
    write_small(RandomSize::Sd15(Dinov2::Base), folder.path()).unwrap();
    let configs = Bundle::open(folder.path()).unwrap().configs;
    Planner::of(&configs, 1_556_000_000, dtype, true).unwrap()
}

#[test]
fn weights_are_counted_from_headers() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mini");
    write_random(RandomSize::Mini, 0, FileType::F16, &out, &Control::silent()).unwrap();
    let bundle = Bundle::open(&out).unwrap();
    let picked = pick(DeviceChoice::Cpu, DTypeChoice::F32).unwrap();
    let plan = Planner::new(&bundle, &picked).unwrap().plan(size(256, 256), 2);
    let on_disk = Component::ALL.map(|component| {
        let file = format!("{}/{}.safetensors", component.folder(), component.stem());
        std::fs::metadata(out.join(file)).unwrap().len()
    });
    let on_disk = on_disk.iter().sum::<u64>() * 2;
    // Headers are the difference, and they count twice.
    assert!(plan.weights_bytes < on_disk && on_disk - plan.weights_bytes < 200_000, "{plan:?} {on_disk}");
    assert!(plan.total_bytes() > plan.weights_bytes);
}

#[test]
fn larger_pictures_and_wider_numbers_need_more() {
    let plans = [(512, 512), (768, 512), (1024, 1024), (2048, 2048)].map(|(w, h)| size(w, h));
    let totals = plans.map(|size| full(DType::F32).plan(size, 2).total_bytes());
    assert!(totals.is_sorted() && totals[0] < totals[3], "{totals:?}");
    for size in plans {
        let (half, single) = (full(DType::BF16).plan(size, 2), full(DType::F32).plan(size, 2));
        assert!(half.total_bytes() < single.total_bytes());
    }
    assert!(
        full(DType::F32).plan(plans[0], 1).unet_step_bytes
            < full(DType::F32).plan(plans[0], 2).unet_step_bytes
    );
}

#[test]
fn what_does_not_fit_is_refused_with_what_would() {
    let planner = full(DType::F32);
    let wanted = size(1536, 1024);
    let needed = planner.plan(wanted, 2).total_bytes();
    assert!(planner.check(wanted, 2, false, Some(needed)).is_ok());
    assert!(planner.check(wanted, 2, false, None).is_ok(), "nobody knows what is free");
    let refused = planner.check(wanted, 2, false, Some(needed - 1)).unwrap_err();
    let EngineError::Memory { advice, .. } = &refused else { panic!("{refused}") };
    // The next smaller size of the same proportions, in steps of the network's 64 pixels.
    assert!(advice.contains("1472x960 would fit") || advice.contains("1472x1024 would fit"), "{advice}");
    assert!(advice.contains("--dtype bf16 would fit"), "{advice}");
    let text = refused.to_string();
    assert!(text.contains("1536x1024") && text.contains("; ") && !text.contains('\n'), "{text}");
}

#[test]
fn a_machine_too_small_for_the_weights_is_told_so() {
    let refused = full(DType::F32).check(size(512, 512), 2, false, Some(GB)).unwrap_err();
    let EngineError::Memory { advice, .. } = &refused else { panic!("{refused}") };
    assert!(!advice.contains("would fit"), "{advice}");
}

#[test]
fn loaded_weights_are_not_asked_for_again() {
    let (planner, size) = (full(DType::F32), size(512, 512));
    let work = planner.plan(size, 2).work_bytes();
    assert!(planner.check(size, 2, true, Some(work)).is_ok());
    assert!(planner.check(size, 2, false, Some(work)).is_err());
}

#[test]
fn a_plan_is_one_line_and_its_parts_are_more() {
    let plan = full(DType::F32).plan(size(512, 512), 2);
    assert!(plan.to_string().starts_with("needs about ") && plan.to_string().ends_with(" at 512x512 (f32)"));
    assert!(plan.parts().lines().count() > 3);
}

#[test]
fn the_largest_image_encoder_is_counted_too() {
    let folder = tempfile::tempdir().unwrap();
    write_small(RandomSize::Sd15(Dinov2::Giant), folder.path()).unwrap();
    let giant = Bundle::open(folder.path()).unwrap().configs;
    let giant = Planner::of(&giant, 0, DType::F32, true).unwrap().plan(size(512, 512), 2);
    assert!(giant.image_encoder_bytes > full(DType::F32).plan(size(512, 512), 2).image_encoder_bytes);
}
