//! A weight file of any bytes, met in every way in which the studio meets one: an error in words, or tensors.

#![no_main]

use adorn_fuzz::engine::checkpoint::{Checkpoint, Weights};
use adorn_fuzz::{as_weight_file, said};
use candle_core::{DType, Device};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = as_weight_file(bytes);
    let open = || Checkpoint::open(&[file.path().to_owned()]);
    let Some(checkpoint) = said(open()) else { return };
    said(checkpoint.check_family());
    let _ = (checkpoint.notes(), checkpoint.has_averages());
    let tensors: Vec<(String, Vec<usize>)> = checkpoint
        .names()
        .filter_map(|name| Some((name.to_owned(), checkpoint.shape(name)?.to_vec())))
        .collect();
    let builder = Weights::builder(checkpoint, DType::F32, &Device::Cpu);
    for (name, shape) in &tensors {
        said(builder.get(shape.as_slice(), name));
        said(builder.get((3, 3), name));
    }
    for averages in [false, true] {
        if let Some(unet) = said(open().and_then(|file| file.into_unet(averages))) {
            said(unet.check_denoiser());
        }
    }
    said(open().and_then(Checkpoint::into_vae));
    said(open().and_then(Checkpoint::into_text));
});
