//! `adorn poses`: the pose library as the network sees it.

use super::args::PosesArgs;
use super::{DONE, Failure, output};
use crate::body::{BodyModel, PoseLibrary};
use crate::control::{POSE_RENDER, pose_render};
use crate::picture::write_png;
use crate::project::{HeadAngles, PoseChoice, base_of};
use crate::render::Mesh;
use crate::render::sheet::contact_sheet;
use crate::render::software::render_pose;
use crate::scene::Camera;
use crate::workflow::Studio;
use glam::DVec2;
use image::RgbImage;
use std::sync::Arc;

/// Poses of one row of the sheet.
const COLUMNS: u32 = 5;

/// Black pixels between two poses of the sheet.
const GAP: u32 = 4;

pub(super) fn run(args: &PosesArgs) -> Result<u8, Failure> {
    output::check_target(&args.out, "png")?;
    output::check_distinct(&args.out, args.body.iter().cloned(), "the body's own file")?;
    let body = match &args.body {
        Some(path) => BodyModel::load(path)?,
        None => BodyModel::open_head()?,
    };
    let studio = Studio::new(base_of(&args.out), Arc::new(body), Arc::new(PoseLibrary::shipped()?));
    let picture = match &args.template {
        Some(id) => {
            let angles = studio.angles(&PoseChoice::Template(id.clone()))?;
            draw(&studio.body, angles, args.size)
        }
        None => {
            let templates = studio.poses.templates();
            let tiles: Vec<_> =
                templates.iter().map(|template| draw(&studio.body, template.angles, args.size)).collect();
            contact_sheet(&tiles, COLUMNS, GAP)
        }
    };
    write_png(&args.out, &picture, None)?;
    let names: Vec<_> = match &args.template {
        Some(id) => vec![id.as_str()],
        None => studio.poses.templates().iter().map(|template| template.id.as_str()).collect(),
    };
    let (width, height) = picture.dimensions();
    output::say(format!("{}  {width}x{height}  {}", args.out.display(), names.join(" ")));
    Ok(DONE)
}

fn draw(model: &BodyModel, angles: HeadAngles, size: u32) -> RgbImage {
    let body = model.pose_head(angles);
    if size == POSE_RENDER {
        return pose_render(model, &body);
    }
    let camera = Camera::paper(&body).scaled(DVec2::splat(f64::from(size) / f64::from(POSE_RENDER)));
    let mesh = Mesh { positions: &body.vertices, normals: &body.normals, triangles: model.triangles() };
    render_pose(&mesh, &camera)
}
