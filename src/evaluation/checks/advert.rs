//! Adverts whose truth is known: painted people who wear rendered earrings, and faults planted in them.

use crate::evaluation::EvaluationError;
use crate::jeweller::{Design, Family, Ground, expose};
use crate::mannequin::{Look, MannequinEngine, Portrait, Sitting, portrait};
use crate::picture::{
    Lab, PlacedEarring, Placement, ProductPhoto, ciede2000, composite, exactness, outskirts,
};
use crate::project::{CanvasSize, Ear, Earring, EarringId, HeadAngles, Other, Point};
use crate::scene::{Band, Scene};
use crate::workflow::{Finished, Layout, Studio, WorkflowError};
use glam::DVec2;
use image::{Rgb, RgbImage};

/// Pixels of a side: a network's 512 enlarged to a small shop picture.
const SIDE: u32 = 640;
/// METHOD 3: metres from the camera to the nose.
const DISTANCE: f32 = 8.0;
/// Pixels of a product's file.
const PRODUCT: u32 = 160;

/// A finished picture with nothing wrong, and what it shows.
pub(super) struct Advert {
    /// I_g: the person with the product painted where it belongs.
    pub(super) generated: RgbImage,
    /// I_f.
    pub(super) pixels: RgbImage,
    pub(super) layout: Layout,
    /// The face's true rows.
    pub(super) rows: (f64, f64),
}

/// Makes adverts.
pub(super) struct Stage<'a> {
    studio: &'a Studio,
    engine: MannequinEngine,
    products: Vec<ProductPhoto>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(studio: &'a Studio) -> Self {
        let product = |(index, family): (usize, &Family)| {
            let design = Design::sample(*family, index as u32);
            ProductPhoto {
                pixels: expose(&design, PRODUCT).on(Ground::ALL[0], 0).truth,
                file_sha256: String::new(),
            }
        };
        let products = Family::ALL.iter().enumerate().map(product).collect();
        Self { studio, engine: MannequinEngine::new(&studio.body), products }
    }

    /// Person `number`, turned, their face filling `share` of the canvas's height.
    pub(super) fn person(&self, number: u64, yaw_deg: f64, share: f64) -> Result<Portrait, EvaluationError> {
        let (middle, half) = (0.46 * f64::from(SIDE), share * f64::from(SIDE) / 2.0);
        let sitting = Sitting {
            look: Look::person(number),
            angles: HeadAngles { yaw_deg, pitch_deg: 3.0, roll_deg: -2.0 },
            canvas: CanvasSize { width: SIDE, height: SIDE },
            face: Band { top: middle - half, bottom: middle + half },
            distance: DISTANCE,
        };
        let painted = portrait(&self.engine, &self.studio.body, &sitting);
        painted.map_err(|error| WorkflowError::from(error).into())
    }

    /// The person as an advert for product `number`.
    pub(super) fn advert(&self, person: &Portrait, number: usize) -> Advert {
        let lobe = person.lobes[usize::from(person.angles.yaw_deg > 0.0)];
        let face = person.face_rows.1 - person.face_rows.0;
        let band = Band { top: person.face_rows.0, bottom: person.face_rows.1 };
        let placed = self.hang(number, lobe, 0.36 * face, person.picture.dimensions());
        self.dress(&person.picture, placed, band, person.angles)
    }

    /// Product `number`, so many pixels high, hanging from a point of the canvas.
    pub(super) fn hang(
        &self,
        number: usize,
        hook: DVec2,
        height: f64,
        (width, rows): (u32, u32),
    ) -> PlacedEarring {
        let photo = &self.products[number % self.products.len()];
        let (top, bottom) = photo.matte_rows().unwrap_or((0, PRODUCT));
        let earring = Earring {
            id: EarringId(1),
            file: String::new(),
            hook_in_product: Point { x: f64::from(PRODUCT) / 2.0, y: f64::from(top) },
            hook_in_canvas: Point { x: hook.x, y: hook.y },
            scale: height / f64::from(bottom - top),
            rotation_deg: 0.0,
            mirror: false,
            real_height_mm: None,
            ear: Ear::Auto,
            cut_from: None,
            other: Other::new(),
        };
        PlacedEarring::raster(&[Placement { photo, earring: &earring }], CanvasSize { width, height: rows })
    }

    /// Any picture as an advert: the product painted exactly, then laid over it.
    pub(super) fn dress(
        &self,
        picture: &RgbImage,
        placed: PlacedEarring,
        band: Band,
        angles: HeadAngles,
    ) -> Advert {
        let canvas = CanvasSize { width: picture.width(), height: picture.height() };
        let scene = Scene::frame(self.studio.body.pose_head(angles), canvas, band, None);
        let generated = composite(picture, &placed);
        let pixels = composite(&generated, &placed);
        let layout = Layout { scene, placed, angles, notices: Vec::new() };
        Advert { generated, pixels, layout, rows: (band.top, band.bottom) }
    }
}

impl Advert {
    pub(super) fn finished(&self) -> Finished<'_> {
        Finished {
            layout: &self.layout,
            generated: &self.generated,
            pixels: &self.pixels,
            exactness: exactness(&self.pixels, &self.layout.placed),
            face_photo: None,
        }
    }

    /// Lightens or darkens a ring of `width` pixels around the product by about `wanted` of CIEDE2000; the picture
    /// and the ring's true mean difference.
    pub(super) fn with_fringe(&self, width: f64, wanted: f64) -> (RgbImage, f64) {
        let ring = outskirts(&self.layout.placed, width);
        let shifted =
            |codes: [u8; 3], by: f64| codes.map(|code| (f64::from(code) + by).clamp(0.0, 255.0) as u8);
        let colours: Vec<_> = ring.iter().map(|([x, y], _, _)| self.pixels.get_pixel(*x, *y).0).collect();
        let mean = |by: f64| {
            let apart = colours.iter().map(|codes| ciede2000(Lab::of(*codes), Lab::of(shifted(*codes, by))));
            apart.sum::<f64>() / colours.len().max(1) as f64
        };
        // Towards the side that has room: dark surroundings get a light fringe.
        let sum = colours.iter().flatten().map(|code| f64::from(*code)).sum::<f64>();
        let side = if sum / (3 * colours.len().max(1)) as f64 > 128.0 { -1.0 } else { 1.0 };
        let (mut low, mut high) = (0.0, 128.0);
        for _ in 0..8 {
            let middle = f64::midpoint(low, high);
            if mean(side * middle) < wanted { low = middle } else { high = middle }
        }
        let by = if wanted > 0.0 { side * high } else { 0.0 };
        let mut picture = self.pixels.clone();
        for (([x, y], _, _), codes) in ring.iter().zip(&colours) {
            picture.put_pixel(*x, *y, Rgb(shifted(*codes, by)));
        }
        (picture, mean(by))
    }

    /// Paints the product's own colours up to `width` pixels beyond it; the raw picture and the true E.
    pub(super) fn with_leak(&self, width: f64) -> (RgbImage, f64) {
        let product = self.layout.placed.pixels();
        let area = product.pixels().filter(|pixel| pixel.0[3] >= 128).count().max(1);
        let mut picture = self.generated.clone();
        let leak = outskirts(&self.layout.placed, width);
        for ([x, y], [from_x, from_y], _) in &leak {
            // The matte's last pixel is nearly transparent; the product's colour stands further in.
            let inwards = |at: u32, from: u32| f64::from(from) + (f64::from(from) - f64::from(at)).signum();
            let inner = (inwards(*x, *from_x) as u32, inwards(*y, *from_y) as u32);
            let opaque = product.get_pixel_checked(inner.0, inner.1).filter(|pixel| pixel.0[3] > 0);
            let [r, g, b, _] = opaque.unwrap_or_else(|| product.get_pixel(*from_x, *from_y)).0;
            picture.put_pixel(*x, *y, Rgb([r, g, b]));
        }
        (picture, leak.len() as f64 / area as f64)
    }
}
