//! Small pictures of any pixels before the eyes: faces or none, but never a panic.

#![no_main]

use adorn_fuzz::body::BodyModel;
use adorn_fuzz::vision::{Eyes, HeadPoints, care_for_face};
use adorn_fuzz::{said, small_picture};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static SIGHT: OnceLock<(Eyes, HeadPoints)> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let (eyes, head) = SIGHT.get_or_init(|| {
        let model = BodyModel::open_head().expect("the shipped head");
        (Eyes::shipped().expect("the shipped networks"), HeadPoints::of(&model))
    });
    let Some((photo, _)) = small_picture(bytes) else { return };
    said(care_for_face(eyes, head, &photo));
});
