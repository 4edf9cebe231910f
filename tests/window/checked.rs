//! What Adorn saw in its pictures, and pictures made until enough are good.

use crate::studio::{NoDialogs, Studio};
use adorn::engine::progress::{Control, Progress, Stage};
use adorn::engine::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use adorn::project::{self, CanvasSize, Project};
use adorn::ui::Action;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{Rgb, RgbImage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Paints a grey wall, whatever it is asked for.
struct Wall;

impl Engine for Wall {
    fn card(&self) -> EngineCard {
        EngineCard { name: "wall".to_owned(), kind: EngineKind::Trained, device: "cpu".to_owned() }
    }

    fn network_size(&self, _width: u32, _height: u32) -> NetworkSize {
        NetworkSize::new(128, 128).expect("a network size")
    }

    fn generate(&self, _request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        control.step(Progress::new(Stage::Painting, 1, 1))?;
        let picture = RgbImage::from_pixel(128, 128, Rgb([150, 140, 130]));
        Ok(Generated { picture, notices: Vec::new(), trace: BTreeMap::new() })
    }
}

fn painted(painter: Option<Arc<dyn Engine>>) -> Studio {
    let mut studio = Studio::new(tempfile::tempdir().expect("a folder"), Box::new(NoDialogs), painter);
    // A small picture is looked at quickly.
    let canvas = CanvasSize { width: 256, height: 256 };
    let file = studio.folder.path().join("small.adorn");
    project::save(&Project { canvas, ..Project::default() }, &file).expect("a written project");
    studio.harness.state_mut().ask(Action::OpenProject(file));
    studio.wait("the project", |window| window.project().canvas.width == 256 && !window.is_busy());
    studio.add_product();
    studio.click("Generate");
    studio.wait("the picture", |window| !window.is_painting());
    studio
}

#[test]
fn a_finished_picture_says_what_was_seen_in_it() {
    let studio = painted(Some(Arc::new(Wall)));
    assert!(studio.says("Product: pass"), "the product is exact");
    assert!(studio.says("Face: fail"), "a wall is no face");
    assert!(studio.says("checks pass"));
}

#[test]
fn the_lines_can_be_hidden_and_shown_again() {
    let mut studio = painted(Some(Arc::new(Wall)));
    studio.click("Hide the checks");
    assert!(!studio.says("Product: pass"));
    studio.click("Show the checks");
    assert!(studio.says("Product: pass"));
}

#[test]
fn a_series_ends_when_enough_pass() {
    let mut studio = painted(None);
    studio.click("Make until 4 pass");
    studio.wait("four pictures", |window| window.pictures().len() == 5 && !window.is_painting());
    assert!(studio.says("4 pictures pass all their checks"));
}

#[test]
fn a_stopped_series_starts_no_further_picture() {
    let mut studio = painted(None);
    studio.click("Make until 4 pass");
    assert!(studio.says("of at most 12, "));
    studio.click("Cancel");
    studio.wait("the end", |window| !window.is_painting());
    studio.harness.run_steps(4);
    assert!(!studio.harness.state().is_painting());
    assert!(studio.harness.state().pictures().len() < 5);
}

#[test]
fn sorting_is_a_switch_that_says_whether_it_is_on() {
    let mut studio = painted(None);
    let on = |studio: &Studio| {
        let node = studio.harness.get_by_label("Sort by checks");
        node.accesskit_node().toggled() == Some(eframe::egui::accesskit::Toggled::True)
    };
    assert!(!on(&studio));
    studio.click("Sort by checks");
    assert!(on(&studio));
}
