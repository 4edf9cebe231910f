//! The window as a designer uses it: pointer, keys and buttons, no display.
//!
//! Found by accessible names, so these tests also say that everything has one.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod checked;
mod cut_out;
mod seen;
mod studio;

use adorn::engine::bundle::random::{FileType, RandomSize, write_random};
use adorn::engine::progress::Control;
use adorn::project::{self, PoseChoice, Project, Scale};
use adorn::ui::{Action, Command};
use adorn::workflow;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::Arc;
use studio::{Endless, LaidReady, NoDialogs, Studio, product_photo};

#[test]
fn an_ad_is_composed_painted_undone_saved_and_opened_again() {
    let mut studio = Studio::composed();
    let hook = studio.project().earrings[0].hook_in_canvas;
    let start = studio.on_screen(hook.x as f32, hook.y as f32 + 150.0);

    studio.drag(start, start + vec2(60.0, 30.0));
    let moved = studio.project().earrings[0].hook_in_canvas;
    assert!(moved.x > hook.x + 40.0 && moved.y > hook.y + 20.0, "{hook:?} -> {moved:?}");

    studio.click("Draw band");
    let (from, to) = (studio.on_screen(900.0, 200.0), studio.on_screen(900.0, 700.0));
    studio.drag(from, to);
    let Scale::Band { top, bottom } = studio.project().scale else { panic!("no drawn band") };
    assert!((top - 200.0).abs() <= 3.0 && (bottom - 700.0).abs() <= 3.0, "{top} {bottom}");

    studio.harness.get_by_label("Pose Lifted chin").click();
    studio.harness.run_steps(3);
    assert_ne!(studio.project().pose, PoseChoice::default());

    studio.click("Generate");
    studio.wait("the picture", |window| !window.is_painting());
    let pictures = studio.harness.state().pictures();
    assert_eq!(pictures.len(), 1);
    assert!(image::open(pictures[0]).is_ok(), "kept on disk before it is shown");

    let composed = studio.project().clone();
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(studio.project().pose, PoseChoice::default());
    studio.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), composed);

    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    studio.wait("the file", |window| !window.is_unsaved());
    let file = studio.folder.path().join("spring.adorn");
    let saved = project::load(&file).expect("a project");
    assert_eq!(saved.earrings[0].file, "drop.png", "relative to the project");

    studio.click("New");
    assert!(studio.project().earrings.is_empty());
    studio.harness.state_mut().ask(Action::OpenProject(file));
    studio.wait("the project", |window| !window.project().earrings.is_empty() && !window.is_busy());
    assert_eq!(*studio.project(), saved);
    assert!(!studio.harness.state().is_unsaved());
}

#[test]
fn cancel_stops_a_picture_and_edits_meanwhile_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut studio = Studio::new(folder, Box::new(NoDialogs), Some(Arc::new(Endless)));
    studio.add_product();
    studio.click("Generate");
    assert!(studio.harness.state().is_painting());
    assert!(studio.says("Painting, 3 of 30") || studio.says("Preparing"));
    studio.harness.state_mut().ask(Action::PickPose("front-straight".to_owned()));
    studio.click("Cancel");
    studio.wait("the end", |window| !window.is_painting());
    assert!(studio.says("Stopped"));
    assert!(studio.harness.state().pictures().is_empty());
    assert_eq!(studio.project().earrings.len(), 1);
}

#[test]
fn a_model_bundle_paints_with_its_label_and_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bundle, data) = (folder.path().join("mini"), folder.path().join("data"));
    write_random(RandomSize::Mini, 1, FileType::F32, &bundle, &Control::silent()).expect("a bundle");
    let mut studio = Studio::new(folder, Box::new(LaidReady(bundle)), None);
    studio.add_product();
    studio.click("Model bundle…");
    studio.wait("the bundle", |window| !window.is_busy());
    assert!(studio.says("random-mini") && studio.says("Untrained weights"));
    studio.click("Generate");
    studio.wait("the picture", |window| !window.is_painting());
    assert_eq!(studio.harness.state().pictures().len(), 1);
    let settings = std::fs::read_to_string(data.join("settings.json")).expect("settings");
    assert!(settings.contains("mini"), "{settings}");
    studio.harness.get_by_role_and_label(Role::Button, "Mannequin").click();
    studio.harness.run_steps(3);
    studio.wait("the mannequin", |window| !window.is_busy());
    assert!(studio.says("Layout preview") && !studio.says("random-mini"));
}

#[test]
fn a_lora_and_a_word_join_the_recipe_and_leave_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gold.safetensors");
    let mut studio = Studio::new(folder, Box::new(LaidReady(file)), None);
    for label in ["Add LoRA…", "Add word…"] {
        // The recipe's end is below the window's; a screen reader reaches it all the same.
        studio.harness.get_by_label(label).click_accesskit();
        studio.harness.run_steps(3);
        studio.wait("the file", |window| !window.is_busy());
    }
    let recipe = &studio.project().recipe;
    assert_eq!((recipe.loras[0].strength, recipe.embeddings[0].token.as_str()), (1.0, "gold"));
    assert!(recipe.files().all(|file| file.ends_with("gold.safetensors")));
    studio.harness.run_steps(3);
    for label in ["Strength of gold", "Word of gold"] {
        assert!(studio.harness.query_all_by_label(label).next().is_some(), "{label}");
    }
    for _ in 0..2 {
        let remove = studio.harness.query_all_by_label("Remove gold").next().expect("a button");
        remove.click_accesskit();
        studio.harness.run_steps(3);
    }
    assert_eq!(studio.project().recipe.files().count(), 0);
}

#[test]
fn a_folder_that_is_no_bundle_leaves_the_painter_as_it_was() {
    let mut studio = Studio::composed();
    let nowhere = studio.folder.path().join("no-bundle");
    studio.harness.state_mut().ask(Action::OpenBundle(nowhere));
    studio.wait("the answer", |window| !window.is_busy());
    assert!(studio.says("The model bundle cannot be used"));
    assert!(studio.says("Layout preview"));
}

#[test]
fn an_exported_picture_is_proven_where_it_lies() {
    let mut studio = Studio::composed();
    studio.click("Generate");
    studio.wait("the picture", |window| !window.is_painting());
    let target = studio.folder.path().join("shop.png");
    studio.harness.state_mut().ask(Action::ExportTo(target.clone()));
    studio.wait("the file", |window| !window.is_busy());
    let elsewhere = workflow::Studio::shipped("nowhere".into()).expect("the shipped studio");
    let verified = workflow::verify(&target, None, &elsewhere).expect("read back");
    assert!(matches!(verified.verdict, workflow::Verdict::Exact { .. }), "{verified:?}");
}

#[test]
fn a_canvas_format_is_one_click_and_one_undo() {
    let mut studio = Studio::composed();
    let before = studio.project().clone();
    studio.harness.get_by_role_and_label(Role::ComboBox, "Format").click();
    studio.harness.run_steps(3);
    studio.click("Story 9 : 16");
    assert_eq!(studio.project().canvas, project::CanvasSize { width: 1080, height: 1920 });
    let (old, new) = (before.earrings[0].hook_in_canvas, studio.project().earrings[0].hook_in_canvas);
    assert_eq!((new.x - old.x, new.y - old.y), (28.0, 448.0));
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), before);
}

#[test]
fn a_sampler_is_chosen_by_name_and_undone() {
    let mut studio = Studio::composed();
    let before = studio.project().clone();
    // The recipe lies below the fold, where no pointer reaches it.
    studio.harness.get_by_role_and_label(Role::ComboBox, "Sampler").click_accesskit();
    studio.harness.run_steps(3);
    studio.harness.get_by_label("UniPC").click_accesskit();
    studio.harness.run_steps(3);
    assert_eq!(studio.project().recipe.sampler, Some(project::Sampler::UniPc));
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    studio.harness.run_steps(3);
    assert_eq!(*studio.project(), before);
}

#[test]
fn an_empty_canvas_says_what_to_do() {
    let studio = Studio::simple();
    assert!(studio.says("Drop an earring's photo here"));
    assert!(studio.says("Try the sample"));
    assert!(studio.harness.get_by_label("Generate").accesskit_node().is_disabled());
    assert!(!studio.harness.state().is_unsaved());
}

#[test]
fn the_sample_lies_on_the_canvas_after_one_click() {
    let mut studio = Studio::simple();
    studio.click("Try the sample");
    studio.wait("the sample", |window| !window.project().earrings.is_empty() && !window.is_busy());
    assert!(studio.project().earrings[0].real_height_mm.is_some());
    assert!(!studio.harness.state().is_unsaved(), "nobody is asked to save a sample");
}

#[test]
fn a_bad_photo_is_a_notice_and_changes_nothing() {
    let mut studio = Studio::composed();
    let before = studio.project().clone();
    let bad = studio.folder.path().join("bad.png");
    std::fs::write(&bad, b"no picture").expect("a written file");
    studio.harness.state_mut().ask(Action::AddEarring(bad));
    studio.wait("the notice", |window| !window.is_busy());
    assert!(studio.says("The photo could not be used"));
    assert!(studio.says("Your project is as it was"));
    assert_eq!(*studio.project(), before);
}

#[test]
fn a_project_whose_photo_is_gone_opens_and_says_so() {
    let mut studio = Studio::composed();
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    studio.wait("the file", |window| !window.is_unsaved());
    std::fs::remove_file(studio.folder.path().join("drop.png")).expect("the photo goes");
    let file = studio.folder.path().join("spring.adorn");
    studio.harness.state_mut().ask(Action::OpenProject(file));
    studio.harness.run_steps(2);
    studio.wait("the project", |window| !window.is_busy());
    assert!(studio.says("cannot read the picture"));
    assert_eq!(studio.project().earrings.len(), 1, "the earring is not thrown away");
}

#[test]
fn a_broken_project_leaves_the_one_on_show() {
    let mut studio = Studio::composed();
    studio.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    studio.wait("the file", |window| !window.is_unsaved());
    let before = studio.project().clone();
    let broken = studio.folder.path().join("broken.adorn");
    std::fs::write(&broken, "{ \"format\": 1, ").expect("a written file");
    studio.harness.state_mut().ask(Action::OpenProject(broken));
    studio.harness.run_steps(2);
    studio.wait("the notice", |window| !window.is_busy());
    assert!(studio.says("The project could not be opened"));
    assert_eq!(*studio.project(), before);
}

#[test]
fn unsaved_work_is_asked_about_before_it_goes() {
    let mut studio = Studio::composed();
    studio.click("New");
    assert!(studio.says("Save the changes first?"));
    assert_eq!(studio.project().earrings.len(), 1, "nothing is gone yet");
    studio.click("Go back");
    assert!(!studio.says("Save the changes first?"));
    studio.click("New");
    studio.click("Throw away");
    assert!(studio.project().earrings.is_empty());
}

#[test]
fn a_desktop_without_dialogs_gets_a_field_to_type_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = product_photo(folder.path());
    let mut studio = Studio::new(folder, Box::new(NoDialogs), None);
    studio.harness.state_mut().ask(Action::Command(Command::OpenPhoto));
    studio.wait("the field", |window| !window.is_busy());
    assert!(studio.says("This desktop offers no file dialog"));
    let field = studio.harness.get_by_role_and_label(Role::TextInput, "Path");
    field.focus();
    field.type_text(&photo.to_string_lossy());
    studio.harness.run_steps(3);
    studio.click("Open");
    studio.wait("the earring", |window| !window.project().earrings.is_empty());
}

#[test]
fn arrow_keys_move_the_earring_by_whole_pixels() {
    let mut studio = Studio::composed();
    let before = studio.project().earrings[0].hook_in_canvas;
    studio.harness.key_press(Key::ArrowRight);
    studio.harness.run_steps(2);
    studio.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
    studio.harness.run_steps(2);
    let after = studio.project().earrings[0].hook_in_canvas;
    assert_eq!((after.x - before.x, after.y - before.y), (1.0, -10.0));
}

#[test]
fn the_wheel_zooms_about_the_pointer_and_zero_fits_again() {
    let mut studio = Studio::composed();
    let at = studio.on_screen(512.0, 512.0);
    let fits = |studio: &Studio| studio.harness.get_by_label("Fit").accesskit_node().is_disabled();
    assert!(fits(&studio));
    studio.harness.hover_at(at);
    studio.harness.step();
    studio.harness.event(eframe::egui::Event::Zoom(2.0));
    studio.harness.run_steps(3);
    assert!(!fits(&studio));
    studio.harness.key_press(Key::Num0);
    studio.harness.run_steps(3);
    assert!(fits(&studio));
}

#[test]
fn work_of_a_window_that_died_is_offered_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let slot = folder.path().join("data/autosave");
    std::fs::create_dir_all(&slot).expect("a folder");
    let work = Project { prompt: "half finished".to_owned(), ..Project::default() };
    project::save(&work, &slot.join("slot-0.adorn")).expect("a recovery file");
    let mut studio = Studio::new(folder, Box::new(NoDialogs), None);
    assert!(studio.says("Bring back unsaved work?"));
    studio.click("Bring back");
    assert_eq!(studio.project().prompt, "half finished");
    assert!(studio.harness.state().is_unsaved());
}

#[test]
fn every_pose_of_the_library_is_in_the_gallery() {
    let studio = Studio::simple();
    let poses = studio.harness.query_all_by_label_contains("Pose ").count();
    assert_eq!(poses, 15);
    let canvas = studio.harness.get_by_role_and_label(Role::Canvas, "Canvas").rect();
    assert!(canvas.size().min_elem() > 500.0);
}
