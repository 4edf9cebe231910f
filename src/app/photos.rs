//! Product photos and the face as the window shows them: read once, kept as textures.

use super::textures::{product_for_show, shown};
use crate::project::{Earring, Face, Project, Stroke, resolve};
use crate::ui::{FaceFacts, ProductFacts, ProductState};
use eframe::egui::{Rect, TextureHandle, Vec2, pos2};
use image::RgbaImage;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// A product photo made ready on a background thread.
pub(super) struct ReadyProduct {
    /// Small enough to be a texture.
    pub(super) shown: RgbaImage,
    /// Pixels of the file.
    pub(super) size: (u32, u32),
    /// What the matte encloses, pixels of the file; the whole file for an empty matte.
    pub(super) matte: Rect,
    /// Where the piece most likely passes through a lobe: the middle of its top.
    pub(super) hook: (f64, f64),
    /// No pixel is see-through.
    pub(super) opaque: bool,
}

/// Matte codes from this one up count as product: 0.5 of 255.
const HALF: u8 = 128;
/// The top of a piece, share of its height.
const TOP: f32 = 0.03;

impl ReadyProduct {
    pub(super) fn of(pixels: &RgbaImage) -> Self {
        let size = pixels.dimensions();
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(size.0 as f32, size.1 as f32));
        let matte = matte_box(pixels).unwrap_or(whole);
        let hook = top_middle(pixels, matte);
        let opaque = pixels.pixels().all(|pixel| pixel.0[3] == 255);
        Self { shown: product_for_show(pixels), size, matte, hook, opaque }
    }
}

fn matte_box(pixels: &RgbaImage) -> Option<Rect> {
    let mut found: Option<(u32, u32, u32, u32)> = None;
    for (x, y, pixel) in pixels.enumerate_pixels() {
        if pixel.0[3] >= HALF {
            let (left, top, right, bottom) = found.unwrap_or((x, y, x, y));
            found = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
        }
    }
    let (left, top, right, bottom) = found?;
    Some(Rect::from_min_max(pos2(left as f32, top as f32), pos2(right as f32 + 1.0, bottom as f32 + 1.0)))
}

fn top_middle(pixels: &RgbaImage, matte: Rect) -> (f64, f64) {
    let last = (matte.top() + (matte.height() * TOP).max(1.0)) as u32;
    let rows = matte.top() as u32..last.min(pixels.height());
    let columns = matte.left() as u32..(matte.right() as u32).min(pixels.width());
    let product = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    let (mut sum, mut count) = (0.0, 0.0);
    for (x, _) in product.filter(|&(x, y)| pixels.get_pixel(x, y).0[3] >= HALF) {
        sum += f64::from(x) + 0.5;
        count += 1.0;
    }
    let x = if count > 0.0 { sum / count } else { f64::from(matte.center().x) };
    (x, f64::from(matte.top()))
}

enum Entry {
    Reading,
    Ready { texture: TextureHandle, size: Vec2, matte: Rect, opaque: bool },
    Failed(String),
}

/// Where a photo lies, with `..` taken out by name: saving a project elsewhere renames its photos, but does
/// not move them.
pub(super) fn place_of(base: &Path, file: &str) -> PathBuf {
    let mut place = PathBuf::new();
    for part in resolve(base, file).components() {
        match part {
            Component::ParentDir if place.file_name().is_some() => {
                place.pop();
            }
            Component::CurDir => {}
            part => place.push(part),
        }
    }
    place
}

/// Photos by their place on disk.
#[derive(Default)]
pub(super) struct Photos {
    products: HashMap<PathBuf, Entry>,
    face: Option<(FaceKey, FaceEntry)>,
}

/// What decides how a face photo looks: its place, and what is taken out of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FaceKey {
    path: PathBuf,
    remove: Vec<Stroke>,
}

enum FaceEntry {
    Reading,
    Ready { texture: TextureHandle, size: Vec2 },
    Failed(String),
}

impl Photos {
    /// Product photos that the project needs and nobody reads yet; they count as being read from now on.
    pub(super) fn take_unread(&mut self, project: &Project, base: &Path) -> Vec<(Earring, PathBuf)> {
        let mut unread = Vec::new();
        for earring in &project.earrings {
            let path = place_of(base, &earring.file);
            if !self.products.contains_key(&path) {
                self.products.insert(path.clone(), Entry::Reading);
                unread.push((earring.clone(), path));
            }
        }
        unread
    }

    /// The face, likewise.
    pub(super) fn take_unread_face(&mut self, project: &Project, base: &Path) -> Option<(Face, FaceKey)> {
        let wanted = project.face.as_ref().map(|face| {
            let key = FaceKey { path: place_of(base, &face.file), remove: face.remove.clone() };
            (face.clone(), key)
        });
        if self.face.as_ref().map(|(key, _)| key) == wanted.as_ref().map(|(_, key)| key) {
            return None;
        }
        self.face = wanted.as_ref().map(|(_, key)| (key.clone(), FaceEntry::Reading));
        wanted
    }

    pub(super) fn product_read(&mut self, path: PathBuf, texture: TextureHandle, product: &ReadyProduct) {
        let size = Vec2::new(product.size.0 as f32, product.size.1 as f32);
        let ReadyProduct { matte, opaque, .. } = *product;
        self.products.insert(path, Entry::Ready { texture, size, matte, opaque });
    }

    pub(super) fn product_failed(&mut self, path: PathBuf, why: String) {
        self.products.insert(path, Entry::Failed(why));
    }

    pub(super) fn face_read(&mut self, key: &FaceKey, texture: TextureHandle, size: Vec2) {
        if let Some((wanted, entry)) = &mut self.face
            && wanted == key
        {
            *entry = FaceEntry::Ready { texture, size };
        }
    }

    pub(super) fn face_failed(&mut self, key: &FaceKey, why: String) {
        if let Some((wanted, entry)) = &mut self.face
            && wanted == key
        {
            *entry = FaceEntry::Failed(why);
        }
    }

    pub(super) fn products(&self, project: &Project, base: &Path) -> Vec<ProductFacts> {
        let state = |file: &str| match self.products.get(&place_of(base, file)) {
            None | Some(Entry::Reading) => ProductState::Reading,
            Some(Entry::Ready { texture, size, matte, opaque }) => {
                let texture = shown(texture);
                ProductState::Ready { texture, size: *size, matte: *matte, opaque: *opaque }
            }
            Some(Entry::Failed(why)) => ProductState::Failed(why.clone()),
        };
        let facts = project.earrings.iter();
        facts.map(|earring| ProductFacts { earring: earring.id, state: state(&earring.file) }).collect()
    }

    pub(super) fn face(&self) -> Option<FaceFacts> {
        match &self.face {
            Some((_, FaceEntry::Ready { texture, size })) => {
                Some(FaceFacts { texture: shown(texture), size: *size })
            }
            _ => None,
        }
    }

    pub(super) fn face_trouble(&self) -> Option<&str> {
        match &self.face {
            Some((_, FaceEntry::Failed(why))) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn the_hook_starts_in_the_middle_of_the_pieces_top() {
        let mut pixels = RgbaImage::new(100, 200);
        for y in 20..180 {
            // A thin wire that leans to the right above a broad drop.
            let columns = if y < 100 { 70..74 } else { 30..90 };
            for x in columns {
                pixels.put_pixel(x, y, Rgba([200, 160, 60, 255]));
            }
        }
        let ready = ReadyProduct::of(&pixels);
        assert_eq!(ready.matte, Rect::from_min_max(pos2(30.0, 20.0), pos2(90.0, 180.0)));
        assert_eq!(ready.hook, (72.0, 20.0));
    }

    #[test]
    fn a_photo_keeps_its_place_when_the_project_moves() {
        let place = place_of(Path::new("/shop/ads"), "../photos/drop.png");
        assert_eq!(place, place_of(Path::new(""), "/shop/photos/drop.png"));
    }

    #[test]
    fn an_empty_matte_stands_for_the_whole_photo() {
        assert_eq!(ReadyProduct::of(&RgbaImage::new(10, 20)).matte.height(), 20.0);
    }
}
