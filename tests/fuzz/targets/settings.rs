//! A bundle whose manifest, or one of whose settings, is of any bytes. The first byte says which.

#![no_main]

use adorn_fuzz::engine::bundle::{Bundle, MANIFEST};
use adorn_fuzz::{mini, said};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 7] = [
    MANIFEST,
    "unet/config.json",
    "controlnet/config.json",
    "vae/config.json",
    "text_encoder/config.json",
    "image_encoder/config.json",
    "scheduler/scheduler_config.json",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let path = mini().join(FILES[usize::from(*first) % FILES.len()]);
    let own = std::fs::read(&path).expect("a bundle of our own");
    std::fs::write(&path, text).expect("room for a temporary file");
    said(Bundle::open(mini()));
    std::fs::write(&path, own).expect("room for a temporary file");
});
