//! Adorn: a studio in which shop designers compose jewellery ads around the exact product.
//!
//! A designer drops an earring's photo on a canvas, says how big it is, chooses how large the model's face
//! is, picks a head pose and types a prompt; an engine paints the model around the earring, and the
//! earring's own pixels are put back bit for bit. The crate is a document, a workflow and two front ends.
//! Everything serves one function, [`workflow::render_variant`]: the Generate button, batch export and every
//! headless command call it, and nothing else makes a picture.
//!
//! # Rooms
//!
//! A module uses rooms below its own: never its own row's neighbours, never above.
//! `tests/architecture.rs` reads the `use` lines and enforces this drawing.
//!
//! ```text
//! 8  main.rs                                   starts window or command; the only exit code
//! 7  cli                 app                   arguments -> checked request;  the window's brain
//! 6  batch  training  evaluation  ui  job      files, trainer, measures;  drawing only;  background thread
//! 5  workflow                                  a variant becomes a finished picture
//! 4  control   mannequin   jeweller   people   hint, pose, appearance images;  the engine without weights;  products and people to learn from
//! 3  render   engine   vision                  rasterisers;  diffusion on candle;  eyes
//! 2  scene                                     camera and framing
//! 1  body                picture               SMPL-X model and poses;  pixels, mattes, composite
//! 0  project                                   the document: plain data, units, versions, file
//! ```
//!
//! # Words and frames
//!
//! One word for one thing: earring, matte, hook (earring point), lobe (body point), scale band, pose
//! template, appearance, hint, tokens, branch, bundle, variant, recipe, plan, preset, picture.
//!
//! Every coordinate names its frame: `canvas` (output pixels, y down), `network` (model pixels, y down),
//! `world` (metres, SMPL-X axes: x to the subject's left, y up, z to the front), `camera` (metres, x right,
//! y down, z forward), `product` (pixels of the product file, y down).

pub mod app;
pub mod batch;
pub mod body;
pub mod cli;
pub mod control;
pub mod engine;
pub mod evaluation;
pub mod jeweller;
pub mod job;
pub mod mannequin;
pub mod people;
pub mod picture;
pub mod project;
pub mod render;
pub mod scene;
pub mod training;
pub mod ui;
pub mod vision;
pub mod workflow;
