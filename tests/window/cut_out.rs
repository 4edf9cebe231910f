//! A photo without transparency on its way onto the canvas: cut out, looked at, marked, kept whole.

use crate::studio::{NoDialogs, Studio};
use adorn::project::{self, Project, Scale, StrokeKind};
use adorn::ui::{Action, Command};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Pos2, Rect, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{Rgb, RgbImage};
use std::path::{Path, PathBuf};

/// A gold drop on grey: 200 x 400 pixels, the product from row 40 to 360.
fn drop_on_grey(folder: &Path) -> PathBuf {
    photo_of(folder, "ring.jpg", [150, 150, 150])
}

fn photo_of(folder: &Path, name: &str, ground: [u8; 3]) -> PathBuf {
    let mut photo = RgbImage::from_pixel(200, 400, Rgb(ground));
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        let across = (f64::from(x) - 100.0) / 60.0;
        let down = (f64::from(y) - 200.0) / 160.0;
        if across.hypot(down) < 1.0 {
            *pixel = Rgb([212, 160, 40]);
        }
    }
    let path = folder.join(name);
    photo.save(&path).expect("a written photo");
    path
}

impl Studio {
    fn with_photo(photo: impl Fn(&Path) -> PathBuf) -> Self {
        let mut studio = Self::simple();
        let photo = photo(studio.folder.path());
        studio.harness.state_mut().ask(Action::AddEarring(photo));
        studio.wait("the earring", |window| !window.project().earrings.is_empty() && !window.is_busy());
        studio
    }

    fn opened_tool(&mut self) {
        self.harness.state_mut().ask(Action::Command(Command::CutOut));
        self.harness.run_steps(2);
        self.wait("the photo", |window| !window.is_busy());
        self.wait_for_result();
    }

    fn wait_for_result(&mut self) {
        self.wait("the result", |window| !window.is_cutting());
        self.harness.run_steps(2);
    }

    fn pane(&self, name: &str) -> Rect {
        self.harness.get_by_role_and_label(Role::Canvas, name).rect()
    }

    /// Where a pixel of the 200 x 400 photo is on the left pane.
    fn in_photo(&self, x: f32, y: f32) -> Pos2 {
        let area = self.pane("Photo with marks");
        let points = ((area.size() - vec2(48.0, 48.0)) / vec2(200.0, 400.0)).min_elem();
        area.center() + vec2(x - 100.0, y - 200.0) * points
    }

    fn only_earring(&self) -> &project::Earring {
        &self.project().earrings[0]
    }
}

#[test]
fn a_jewel_on_grey_is_cut_out_placed_and_taken_back_in_one_step() {
    let mut studio = Studio::with_photo(drop_on_grey);
    let earring = studio.only_earring().clone();
    let cut = earring.cut_from.as_ref().expect("it says where it was cut out");
    assert!(cut.file.ends_with("ring.jpg") && cut.strokes.is_empty());
    let file = Path::new(&earring.file);
    let data = studio.folder.path().join("data");
    assert!(file.starts_with(&data), "an unsaved project's cut-outs are the program's own: {file:?}");
    let pixels = image::open(file).expect("a written PNG").into_rgba8();
    assert_eq!(pixels.dimensions(), (200, 400));
    assert_eq!((pixels.get_pixel(2, 2).0[3], pixels.get_pixel(100, 200).0[3]), (0, 255));
    // A JPEG's edges are soft, so the top row is that of the drop but for a pixel or two.
    assert!(
        (earring.hook_in_product.y - 40.0).abs() <= 3.0 && (earring.hook_in_product.x - 100.0).abs() <= 3.0
    );
    let told = studio.says("The product is cut out") || studio.says("The cut-out needs a look");
    assert!(told, "its quality is told either way");
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), Project::default());
}

#[test]
fn a_saved_project_has_its_cut_outs_beside_it_and_its_real_size_is_one_click() {
    let mut studio = Studio::simple();
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    let file = studio.folder.path().join("spring.adorn");
    studio.wait("the file", |window| !window.is_busy());
    let photo = drop_on_grey(studio.folder.path());
    studio.harness.state_mut().ask(Action::AddEarring(photo));
    studio.wait("the earring", |window| !window.project().earrings.is_empty() && !window.is_busy());
    assert_eq!(studio.only_earring().file, "ring-cutout.png");
    assert_eq!(studio.only_earring().cut_from.as_ref().map(|cut| cut.file.as_str()), Some("ring.jpg"));
    assert!(studio.says("How tall is it really?"));
    studio.click("Use it");
    assert_eq!(studio.only_earring().real_height_mm, Some(40.0));
    assert_eq!(studio.project().scale, Scale::RealSize { face_mm: None });
    assert!(!studio.says("How tall is it really?"));
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    studio.wait("the file", |window| !window.is_unsaved());
    assert_eq!(project::load(&file).expect("a project"), *studio.project());
}

#[test]
fn saving_brings_the_cut_out_beside_the_project() {
    let mut studio = Studio::with_photo(drop_on_grey);
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    studio.harness.run_steps(2);
    studio.wait("the file", |window| !window.is_unsaved() && !window.is_busy());
    let saved = project::load(&studio.folder.path().join("spring.adorn")).expect("a project");
    assert_eq!(saved.earrings[0].file, "ring-cutout.png");
    assert!(studio.folder.path().join("ring-cutout.png").exists());
    assert!(!studio.says("cannot be read"));
}

#[test]
fn a_photo_with_its_own_transparency_is_left_as_it_is() {
    let studio = Studio::composed();
    assert_eq!(studio.only_earring().cut_from, None);
    assert!(studio.only_earring().file.ends_with("drop.png"));
    assert!(studio.harness.query_by_label("Cut-out tool…").is_none());
}

#[test]
fn what_cannot_be_cut_out_lies_on_the_canvas_whole_and_says_why() {
    let studio = Studio::with_photo(photo_of_one_colour);
    assert!(studio.says("The background is still there"));
    assert!(studio.only_earring().file.ends_with("plain.png"));
    assert!(studio.harness.query_all_by_label("Cut-out tool…").next().is_some(), "the tool is offered");
}

pub(crate) fn photo_of_one_colour(folder: &Path) -> PathBuf {
    let path = folder.join("plain.png");
    RgbImage::from_pixel(80, 80, Rgb([128, 128, 128])).save(&path).expect("a written photo");
    path
}

#[test]
fn the_whole_photo_may_be_kept_and_undone() {
    let mut studio = Studio::with_photo(drop_on_grey);
    let cut = studio.project().clone();
    studio.harness.state_mut().ask(Action::Command(Command::KeepWholePhoto));
    studio.harness.run_steps(3);
    assert!(studio.only_earring().file.ends_with("ring.jpg"));
    assert_eq!(studio.only_earring().cut_from, None);
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), cut);
}

#[test]
fn strokes_change_the_cut_out_and_apply_keeps_them() {
    let mut studio = Studio::with_photo(drop_on_grey);
    let before = studio.project().clone();
    studio.opened_tool();
    let (from, to) = (studio.in_photo(20.0, 380.0), studio.in_photo(60.0, 380.0));
    studio.drag(from, to);
    studio.wait_for_result();
    assert_eq!(*studio.project(), before, "nothing reaches the project before Apply");
    studio.click("Apply");
    studio.wait("the cut-out", |window| !window.is_busy());
    let earring = studio.only_earring().clone();
    let cut = earring.cut_from.as_ref().expect("a cut-out");
    assert_eq!((cut.strokes.len(), cut.strokes[0].kind), (1, StrokeKind::Include));
    assert_ne!(earring.file, before.earrings[0].file, "the earlier cut-out stays for undo");
    let pixels = image::open(&earring.file).expect("a written PNG").into_rgba8();
    assert_eq!(pixels.get_pixel(40, 380).0[3], 255, "what the stroke marked is product");
    assert_eq!(earring.hook_in_canvas, before.earrings[0].hook_in_canvas);
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), before);
    assert!(Path::new(&before.earrings[0].file).exists());
    studio.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    studio.harness.run_steps(3);
    studio.opened_tool();
    assert!(!studio.harness.get_by_label("Start over").accesskit_node().is_disabled(), "strokes come back");
}

#[test]
fn the_tool_takes_strokes_back_by_itself_and_cancel_changes_nothing() {
    let mut studio = Studio::with_photo(drop_on_grey);
    let before = studio.project().clone();
    studio.opened_tool();
    let at = studio.in_photo(20.0, 20.0);
    studio.drag(at, at + vec2(30.0, 0.0));
    let can_undo = |studio: &Studio| !studio.harness.get_by_label("Undo").accesskit_node().is_disabled();
    assert!(can_undo(&studio));
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert!(!can_undo(&studio), "the stroke is gone, and the project's own past is not touched");
    studio.harness.key_press(Key::Escape);
    studio.harness.run_steps(3);
    assert!(studio.harness.query_by_label("Apply").is_none(), "the tool is closed");
    assert_eq!(*studio.project(), before);
}

#[test]
fn a_frame_is_drawn_and_all_outside_it_goes() {
    let mut studio = Studio::with_photo(drop_on_grey);
    studio.opened_tool();
    studio.harness.key_press(Key::F);
    studio.harness.run_steps(2);
    let (from, to) = (studio.in_photo(10.0, 10.0), studio.in_photo(190.0, 200.0));
    studio.drag(from, to);
    studio.wait_for_result();
    studio.harness.key_press(Key::Enter);
    studio.harness.run_steps(2);
    studio.wait("the cut-out", |window| !window.is_busy());
    let earring = studio.only_earring();
    let frame = earring.cut_from.as_ref().and_then(|cut| cut.frame).expect("a frame");
    assert!((frame.bottom - 200.0).abs() <= 2.0 && (frame.left - 10.0).abs() <= 2.0, "{frame:?}");
    let pixels = image::open(&earring.file).expect("a written PNG").into_rgba8();
    assert_eq!((pixels.get_pixel(100, 300).0[3], pixels.get_pixel(100, 150).0[3]), (0, 255));
}

#[test]
fn grounds_and_brushes_answer_to_their_keys_only_while_the_tool_is_open() {
    let mut studio = Studio::with_photo(drop_on_grey);
    let before = studio.project().clone();
    studio.harness.key_press(Key::K);
    studio.harness.run_steps(2);
    studio.opened_tool();
    let chosen = |studio: &Studio, label: &str| {
        let node = studio.harness.get_by_role_and_label(Role::RadioButton, label);
        node.accesskit_node().toggled() == Some(eframe::egui::accesskit::Toggled::True)
    };
    assert!(chosen(&studio, "Checkerboard") && chosen(&studio, "Product"));
    for (key, label) in [(Key::K, "Black"), (Key::W, "White"), (Key::B, "Background"), (Key::O, "Original")] {
        studio.harness.key_press(key);
        studio.harness.run_steps(2);
        assert!(chosen(&studio, label), "{label}");
    }
    studio.harness.key_press(Key::Delete);
    studio.harness.run_steps(2);
    studio.harness.key_press(Key::Escape);
    studio.harness.run_steps(2);
    assert_eq!(*studio.project(), before, "Delete means nothing to the tool");
}

#[test]
fn a_disk_that_takes_no_cut_out_is_a_notice_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("data")).expect("a folder");
    std::fs::write(folder.path().join("data/cutouts"), "in the way").expect("a file");
    let mut studio = Studio::new(folder, Box::new(NoDialogs), None);
    let photo = drop_on_grey(studio.folder.path());
    studio.harness.state_mut().ask(Action::AddEarring(photo));
    studio.harness.run_steps(2);
    studio.wait("the notice", |window| !window.is_busy());
    assert!(studio.says("cannot save the cut-out"));
    assert_eq!(*studio.project(), Project::default());
}

#[test]
fn a_cut_out_of_a_closed_project_never_lands_in_the_next() {
    let mut studio = Studio::simple();
    let photo = drop_on_grey(studio.folder.path());
    studio.harness.state_mut().ask(Action::AddEarring(photo));
    studio.harness.state_mut().ask(Action::Command(Command::New));
    studio.harness.run_steps(4);
    studio.wait("quiet", |window| !window.is_busy());
    assert!(studio.project().earrings.is_empty());
}
