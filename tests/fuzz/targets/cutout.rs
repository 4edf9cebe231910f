//! Small pictures of any pixels under any strokes: cut out, and painted over.

#![no_main]

use adorn_fuzz::picture::cutout::{CutOutRequest, cut_out};
use adorn_fuzz::picture::{inpaint, stroke_mask, strokes_over};
use adorn_fuzz::{small_picture, strokes};
use libfuzzer_sys::fuzz_target;
use std::convert::Infallible;

fuzz_target!(|bytes: &[u8]| {
    let Some((photo, rest)) = small_picture(bytes) else { return };
    let strokes = strokes(rest);
    let request = CutOutRequest { photo: &photo, frame: None, strokes: &strokes };
    let Ok(cut) = cut_out(&request, None, || Ok::<(), Infallible>(()));
    assert_eq!(cut.pixels.dimensions(), photo.dimensions());
    let mask = stroke_mask(&strokes, photo.width(), photo.height());
    let Ok(painted) = inpaint(&photo, &mask, || Ok::<(), Infallible>(()));
    let kept = painted.pixels().zip(photo.pixels()).zip(mask.pixels());
    assert!(kept.filter(|(_, mask)| mask.0[0] == 0).all(|((painted, photo), _)| painted == photo));
    let again = stroke_mask(&strokes_over(&mask, 2.0), photo.width(), photo.height());
    assert!(mask.pixels().zip(again.pixels()).all(|(mask, again)| mask.0[0] == 0 || again.0[0] > 0));
});
