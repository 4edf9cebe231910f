//! Photos that Adorn's eyes look at: a pose taken from one, a face and what is taken out of it.

use crate::studio::{NoDialogs, Studio};
use adorn::project::{PoseChoice, StrokeKind};
use adorn::ui::{Action, Command, DropTarget};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{Rgb, RgbImage};
use std::path::{Path, PathBuf};

/// A small portrait of nobody.
fn portrait() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vision/faces/female_03.webp")
}

fn no_face(folder: &Path) -> PathBuf {
    let path = folder.join("wall.png");
    RgbImage::from_pixel(160, 160, Rgb([170, 160, 150])).save(&path).expect("a written photo");
    path
}

impl Studio {
    fn asked(&mut self, action: Action) {
        self.harness.state_mut().ask(action);
        self.harness.run_steps(2);
        self.wait("the photo to be looked at", |window| !window.is_busy());
    }

    fn undone(&mut self) {
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        self.harness.run_steps(3);
    }

    fn with_face() -> Self {
        let mut studio = Self::simple();
        studio.asked(Action::SetFace(portrait()));
        assert!(studio.project().face.is_some());
        studio
    }
}

#[test]
fn a_photo_dropped_on_the_gallery_turns_the_head_with_its_uncertainty_and_undo() {
    let mut studio = Studio::simple();
    let before = studio.project().clone();
    studio.asked(Action::Drop(vec![portrait()], DropTarget::Poses));
    let PoseChoice::Angles(angles) = studio.project().pose else { panic!("no free angles") };
    assert!(angles.yaw_deg.abs() < 60.0 && angles.roll_deg.abs() < 30.0, "{angles:?}");
    assert!(studio.says("Turn ") && studio.says("°, nod ") && studio.says(" ± "));
    assert!(studio.says("Free angles are in use"));
    studio.undone();
    assert_eq!(*studio.project(), before);
}

#[test]
fn a_photo_without_a_face_changes_no_pose_and_says_so() {
    let mut studio = Studio::simple();
    let before = studio.project().clone();
    let wall = no_face(studio.folder.path());
    studio.asked(Action::PoseFrom(wall));
    assert!(studio.says("No pose was found") && studio.says("no face is found"));
    assert_eq!(*studio.project(), before);
}

#[test]
fn a_broken_photo_gives_neither_pose_nor_face() {
    let mut studio = Studio::simple();
    let before = studio.project().clone();
    let bad = studio.folder.path().join("bad.jpg");
    std::fs::write(&bad, b"no picture").expect("a written file");
    studio.asked(Action::PoseFrom(bad.clone()));
    assert!(studio.says("No pose was found"));
    studio.asked(Action::SetFace(bad));
    assert!(studio.says("The face photo could not be used"));
    assert_eq!(*studio.project(), before);
}

#[test]
fn looking_can_be_stopped_and_leaves_everything_as_it_was() {
    let mut studio = Studio::new(tempfile::tempdir().expect("a folder"), Box::new(NoDialogs), None);
    let before = studio.project().clone();
    studio.harness.state_mut().ask(Action::SetFace(portrait()));
    studio.harness.state_mut().ask(Action::Command(Command::StopWork));
    studio.harness.run_steps(2);
    studio.wait("the end", |window| !window.is_busy());
    assert_eq!(*studio.project(), before);
    assert!(studio.says("Stopped"));
}

#[test]
fn a_face_is_taken_in_one_step_and_its_tool_keeps_square_and_strokes() {
    let mut studio = Studio::with_face();
    let taken = studio.project().clone();
    let crop = taken.face.as_ref().and_then(|face| face.crop).expect("a proposed square");
    assert!(crop.side > 30.0);
    assert!(studio.says("The face of female_03.webp is taken"));
    studio.asked(Action::Command(Command::CareForFace));
    studio.wait("the result", |window| !window.is_cutting());
    let area = studio.harness.get_by_role_and_label(Role::Canvas, "Photo with marks").rect();
    studio.drag(area.center(), area.center() + vec2(20.0, 10.0));
    studio.wait("the result", |window| !window.is_cutting());
    studio.harness.key_press(Key::F);
    studio.harness.run_steps(2);
    studio.harness.key_press(Key::Enter);
    studio.harness.run_steps(3);
    let face = studio.project().face.clone().expect("a face");
    assert_eq!((face.remove.len(), face.remove[0].kind), (1, StrokeKind::Include));
    assert_eq!(face.crop, Some(crop));
    assert!(studio.harness.query_by_label("Apply").is_none());
    studio.wait("the clean face", |window| !window.is_busy());
    studio.undone();
    assert_eq!(*studio.project(), taken);
    studio.undone();
    assert_eq!(studio.project().face, None);
}

#[test]
fn a_photo_without_a_face_is_taken_whole_with_a_word_and_a_way_out() {
    let mut studio = Studio::simple();
    let wall = no_face(studio.folder.path());
    studio.asked(Action::SetFace(wall));
    assert!(studio.says("No face was found"));
    let face = studio.project().face.clone().expect("the photo is taken all the same");
    assert_eq!((face.crop, face.remove.len()), (None, 0));
    assert!(!studio.harness.get_by_label("Take a pose from a photo…").accesskit_node().is_disabled());
    assert!(studio.harness.query_all_by_label("Crop and clean…").next().is_some());
}
