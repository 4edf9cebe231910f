//! What Adorn's eyes see in photos from outside: whose face, where it is, how a head is turned.

use super::errand::Errand;
use super::window::Window;
use crate::body::{PoseTemplate, is_body_fit, load_fitted_pose};
use crate::engine::progress::{Control, Progress, Stage};
use crate::picture::load_face;
use crate::project::{Face, HeadAngles, Other, PoseChoice, Square};
use crate::ui::{Action, Command, Marks, sentence};
use crate::vision::{FaceCare, PhotoPose, care_for_face, pose_from_photo};
use crate::workflow::Studio;
use eframe::egui::{Context, Vec2};
use std::path::{Path, PathBuf};

/// How a head is turned, and what to say about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SeenPose {
    angles: HeadAngles,
    /// One standard deviation; none where no photo was measured.
    sigma: Option<HeadAngles>,
    doubts: Vec<String>,
}

/// The head's pose in a photo, or in another program's body fit.
pub(super) fn pose_in(studio: &Studio, path: &Path, control: &Control) -> anyhow::Result<SeenPose> {
    if is_body_fit(path) {
        let fit = load_fitted_pose(path)?;
        let several = format!("the file holds {} poses; the first was taken", fit.rows);
        let doubts = (fit.rows > 1).then_some(several).into_iter().collect();
        return Ok(SeenPose { angles: fit.angles, sigma: None, doubts });
    }
    let photo = load_face(path)?;
    control.step(Progress::new(Stage::Painting, 0, 1))?;
    let eyes = studio.eyes()?;
    control.check()?;
    let PhotoPose { fit, doubts, .. } = pose_from_photo(eyes, studio.head_points(), &photo)?;
    let doubts = doubts.iter().map(ToString::to_string).collect();
    Ok(SeenPose { angles: fit.angles, sigma: Some(fit.sigma_deg), doubts })
}

/// Looks for the face in a photo, its square and its earrings; none without a face.
pub(super) fn face_in(studio: &Studio, path: &Path, control: &Control) -> anyhow::Result<Option<FaceCare>> {
    let photo = load_face(path)?;
    control.step(Progress::new(Stage::Painting, 0, 1))?;
    let eyes = studio.eyes()?;
    control.check()?;
    Ok(care_for_face(eyes, studio.head_points(), &photo)?)
}

impl Window {
    pub(super) fn pose_from(&mut self, ctx: &Context, path: PathBuf) {
        let Some(ready) = &self.ready else {
            self.when_ready.push(Action::PoseFrom(path));
            return;
        };
        let errand = Errand::pose(ctx, ready.studio.clone(), path);
        self.send_latest(errand);
    }

    /// The head's turn becomes the pose.
    pub(super) fn take_pose(&mut self, path: &Path, seen: &SeenPose) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let taken = within_reach(seen.angles);
        self.document.mark();
        self.document.project.pose = PoseChoice::Angles(taken);
        self.document.mark();
        let angles = angles_text(taken, seen.sigma);
        if seen.doubts.is_empty() {
            return self.notices.done_with(format!("Pose taken from {name}"), angles, &[Command::Undo]);
        }
        let doubts = seen.doubts.iter().map(|doubt| sentence(doubt));
        let kept = doubts.collect::<Vec<_>>().join(" ");
        self.notices.trouble_with(
            &format!("Pose taken from {name}: look at it"),
            angles,
            &kept,
            &[Command::Undo],
        );
    }

    /// Looks at a photo, and takes its face.
    pub(super) fn set_face(&mut self, ctx: &Context, path: PathBuf) {
        let Some(ready) = &self.ready else {
            self.when_ready.push(Action::SetFace(path));
            return;
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        let errand = Errand::take_face(ctx, ready.studio.clone(), path);
        self.send_latest(errand);
    }

    /// The photo's face, without what the eyes are sure is an earring.
    pub(super) fn take_face(&mut self, path: &Path, seen: Option<&FaceCare>) {
        let file = self.document.name_of(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (crop, remove) = (seen.map(|seen| seen.crop), seen.map(FaceCare::remove).unwrap_or_default());
        self.document.mark();
        self.document.project.face = Some(Face { file, crop, remove, other: Other::new() });
        self.document.mark();
        let offers = [Command::CareForFace, Command::Undo];
        let Some(seen) = seen else {
            let detail =
                format!("There is no face in {name} that Adorn can see; choose the part that shows it.");
            let kept = "The middle of the photo is taken.";
            return self.notices.trouble_with("No face was found", detail, kept, &offers);
        };
        let detail = format!("{}{}", removed(seen.earrings()), several(seen.faces));
        if seen.is_unsure() {
            let unsure = "Something at an ear may be an earring; if it is, brush over it.";
            self.notices.trouble_with(
                &format!("The face of {name} is taken: look at its ears"),
                detail,
                unsure,
                &offers,
            );
        } else {
            self.notices.done_with(format!("The face of {name} is taken"), detail, &offers);
        }
    }

    /// Opens the photo tool on the face's photo.
    pub(super) fn care_for_face(&mut self, ctx: &Context) {
        if let Some(face) = &self.document.project.face {
            let path = super::photos::place_of(&self.document.base(), &face.file);
            self.send_latest(Errand::tool_face(ctx, path));
        }
    }

    /// The face's photo without strokes, and with those that the document holds.
    pub(super) fn marks_of_face(&self, size: Vec2) -> (Marks, Marks) {
        let face = self.document.project.face.as_ref();
        let crop = face.and_then(|face| face.crop).unwrap_or_else(|| middle_square(size));
        let start = Marks { frame: None, crop: Some(crop), strokes: Vec::new() };
        let strokes = face.map(|face| face.remove.clone()).unwrap_or_default();
        (start.clone(), Marks { strokes, ..start })
    }

    /// Takes the photo tool's square and strokes over.
    pub(super) fn apply_face(&mut self) {
        let Some(tool) = &self.session.photo_tool else { return };
        let marks = tool.marks.clone();
        self.document.mark();
        if let Some(face) = &mut self.document.project.face {
            face.crop = marks.crop;
            face.remove = marks.strokes;
        }
        self.document.mark();
        self.close_photo_tool();
    }
}

fn middle_square(size: Vec2) -> Square {
    let side = f64::from(size.min_elem());
    let middle = |length: f32| (f64::from(length) - side) / 2.0;
    Square { left: middle(size.x), top: middle(size.y), side }
}

/// Angles as the sliders show them, within their reach: one that they would round is changed again as soon as it
/// is drawn.
fn within_reach(angles: HeadAngles) -> HeadAngles {
    let (PoseTemplate { angles, .. }, _) = PoseTemplate::of("taken", "taken", angles);
    HeadAngles {
        yaw_deg: angles.yaw_deg.round(),
        pitch_deg: angles.pitch_deg.round(),
        roll_deg: angles.roll_deg.round(),
    }
}

/// "Turn 23° ± 4°, nod -3° ± 5°, tilt 2° ± 2°."
fn angles_text(angles: HeadAngles, sigma: Option<HeadAngles>) -> String {
    let one = |name: &str, of: fn(&HeadAngles) -> f64| {
        let spread = sigma.as_ref().map(|sigma| format!(" ± {:.0}°", of(sigma).max(1.0)));
        // No "-0°".
        format!("{name} {:.0}°{}", of(&angles) + 0.0, spread.unwrap_or_default())
    };
    let turn = one("Turn", |angles| angles.yaw_deg);
    let (nod, tilt) = (one("nod", |angles| angles.pitch_deg), one("tilt", |angles| angles.roll_deg));
    format!("{turn}, {nod}, {tilt}.")
}

/// What was taken out of a face photo.
fn removed(earrings: usize) -> String {
    let what = match earrings {
        0 => return "The part that shows the face was chosen.".to_owned(),
        1 => "An earring was".to_owned(),
        count => format!("{count} earrings were"),
    };
    format!("{what} found in it and taken out, as they would be painted beside yours.")
}

/// A further sentence where a photo shows more than one face.
fn several(faces: usize) -> String {
    if faces > 1 { format!(" {faces} faces are in the photo; the largest was taken.") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pose_beyond_the_sliders_stops_at_their_ends() {
        let seen = HeadAngles { yaw_deg: -97.26, pitch_deg: 12.34, roll_deg: 60.0 };
        let taken = within_reach(seen);
        assert_eq!(taken, HeadAngles { yaw_deg: -90.0, pitch_deg: 12.0, roll_deg: 45.0 });
    }

    #[test]
    fn the_middle_square_is_as_large_as_the_photo_allows() {
        assert_eq!(middle_square(Vec2::new(300.0, 500.0)), Square { left: 0.0, top: 100.0, side: 300.0 });
    }
}
