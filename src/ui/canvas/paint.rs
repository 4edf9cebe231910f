//! What is seen on the canvas: layout, earring, band, guides, picture.

use super::super::facts::worth;
use super::super::inspector::misfit_text;
use super::super::{Facts, Palette, ProductState, Session, Texture, ViewMode};
use super::grip::{band_bar, turn_handle};
use super::lens::Lens;
use super::placement::corners;
use crate::engine::EngineKind;
use crate::project::{Earring, Point, Project, Scale};
use crate::scene::Band;
use eframe::egui::epaint::{Mesh, RectShape, Vertex};
use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rangef, Rect, Shape, Stroke, StrokeKind, TextStyle,
    Ui, Vec2, pos2, vec2,
};

const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) };
const HANDLE: f32 = 5.0;
/// A smaller misfit is left to the inspector to tell, millimetres.
const TOLD_MM: f64 = 2.0;
/// What the misfit's words and their distance take, points.
const PILL_ROOM: f32 = 240.0;

pub(super) fn show(
    ui: &Ui,
    painter: &Painter,
    project: &Project,
    session: &Session,
    facts: &Facts<'_>,
    lens: &Lens,
) {
    let palette = Palette::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let frame = lens.frame();
    let shadow = ui.visuals().popup_shadow.as_shape(frame, CornerRadius::ZERO);
    painter.add(shadow);
    painter.rect_filled(frame, CornerRadius::ZERO, Color32::from_gray(120));
    let brush = Brush { painter, palette, font, lens };
    match session.mode {
        ViewMode::Layout => {
            brush.layout(project, facts, painter);
            brush.arrangement(project, session, facts);
        }
        ViewMode::Picture => brush.picture(project, facts, painter),
        ViewMode::Split => {
            let split = frame.left() + frame.width() * session.wipe;
            let right = Rect::from_min_max(pos2(split, frame.top()), frame.max);
            brush.layout(project, facts, painter);
            brush.picture(project, facts, &painter.with_clip_rect(painter.clip_rect().intersect(right)));
            brush.split_line(split);
        }
    }
}

/// The band where the document or, for computed kinds, the last layout has it.
pub(super) fn band_now(project: &Project, facts: &Facts<'_>) -> Option<Band> {
    match project.scale {
        Scale::Band { top, bottom } => Some(Band { top, bottom }),
        _ => facts.layout.map(|layout| layout.scene.band),
    }
}

struct Brush<'a> {
    painter: &'a Painter,
    palette: Palette,
    font: FontId,
    lens: &'a Lens,
}

impl Brush<'_> {
    fn layout(&self, project: &Project, facts: &Facts<'_>, painter: &Painter) {
        if let Some(layout) = facts.layout {
            let tint = if project.earrings.is_empty() { Color32::from_gray(110) } else { Color32::WHITE };
            painter.image(layout.backdrop.id, self.lens.frame(), WHOLE, tint);
        }
        let inside = painter.with_clip_rect(painter.clip_rect().intersect(self.lens.frame()));
        for earring in &project.earrings {
            match facts.product(earring.id) {
                Some(ProductState::Ready { texture, size, .. }) => {
                    inside.add(self.earring(earring, *texture, *size));
                }
                Some(ProductState::Failed(_)) => {
                    let at = self.lens.frame().center_top() + vec2(0.0, 24.0);
                    let text = "The earring's photo cannot be read: put it back, or replace it.";
                    self.pill(painter, at, Align2::CENTER_TOP, text, self.palette.text);
                }
                Some(ProductState::Reading) | None => {}
            }
        }
    }

    fn earring(&self, earring: &Earring, texture: Texture, size: Vec2) -> Shape {
        let on_screen =
            corners(earring, Rect::from_min_size(Pos2::ZERO, size)).map(|at| self.lens.to_screen(at));
        let uv = [pos2(0.0, 0.0), pos2(1.0, 0.0), pos2(1.0, 1.0), pos2(0.0, 1.0)];
        let mut mesh = Mesh::with_texture(texture.id);
        mesh.vertices = on_screen
            .into_iter()
            .zip(uv)
            .map(|(pos, uv)| Vertex { pos, uv, color: Color32::WHITE })
            .collect();
        mesh.indices = vec![0, 1, 2, 0, 2, 3];
        Shape::mesh(mesh)
    }

    /// The picture in the making, or the finished one.
    fn picture(&self, project: &Project, facts: &Facts<'_>, painter: &Painter) {
        let frame = self.lens.frame();
        let preview = facts.run.as_ref().map(|run| run.preview);
        match (preview, facts.picture) {
            (Some(Some(preview)), _) => {
                painter.image(preview.id, fitted(preview.size, frame), WHOLE, Color32::WHITE);
            }
            (None, Some(picture)) => {
                painter.image(picture.id, fitted(picture.size, frame), WHOLE, Color32::WHITE);
            }
            _ => self.layout(project, facts, painter),
        }
        // Layout previews carry their label in their pixels.
        let kind =
            facts.history.iter().find(|card| Some(card.number) == facts.picture_number).map(|card| card.kind);
        if let Some(worth) =
            kind.filter(|kind| preview.is_none() && *kind == EngineKind::Untrained).and_then(worth)
        {
            let at = frame.right_top() + vec2(-12.0, 12.0);
            self.pill(painter, at, Align2::RIGHT_TOP, worth, self.palette.text);
        }
    }

    fn arrangement(&self, project: &Project, session: &Session, facts: &Facts<'_>) {
        let Some(earring) = project.earrings.first() else { return };
        if let Some(band) = band_now(project, facts) {
            self.band(band);
        }
        self.misfit(earring, session, facts);
        if let Some(ProductState::Ready { matte, .. }) = facts.product(earring.id) {
            self.handles(earring, *matte);
        }
        self.hook(earring);
    }

    fn band(&self, band: Band) {
        let frame = self.lens.frame();
        let bar = band_bar(band, self.lens);
        for y in [bar.top(), bar.bottom()] {
            self.painter.hline(frame.x_range(), y, Stroke::new(3.0, Color32::from_black_alpha(60)));
            self.painter.hline(frame.x_range(), y, Stroke::new(1.0, self.palette.accent));
        }
        let grip = Rect::from_center_size(pos2(frame.left(), bar.center().y), vec2(6.0, bar.height()));
        self.painter.rect_filled(grip, CornerRadius::same(3), self.palette.accent);
        let height = format!("Face {:.0} px", band.bottom - band.top);
        let at = pos2(frame.right() - 12.0, bar.top() - 6.0);
        self.pill(self.painter, at, Align2::RIGHT_BOTTOM, &height, self.palette.text);
    }

    fn misfit(&self, earring: &Earring, session: &Session, facts: &Facts<'_>) {
        let Some(layout) = facts.layout else { return };
        let lobe = layout.scene.lobe_in_canvas;
        let lobe = self.lens.to_screen(Point { x: lobe.x, y: lobe.y });
        let hook = self.lens.to_screen(earring.hook_in_canvas);
        let misfit = layout.scene.misfit;
        self.painter.circle_stroke(lobe, 4.0, Stroke::new(3.0, Color32::from_black_alpha(90)));
        self.painter.circle_stroke(lobe, 4.0, Stroke::new(1.5, Color32::WHITE));
        if misfit.mm.abs() < TOLD_MM || session.grip.is_some() {
            return;
        }
        let line = Shape::dashed_line(&[hook, lobe], Stroke::new(1.5, self.palette.warning), 4.0, 4.0);
        self.painter.extend(line);
        // Beside the earring's box, where it hides neither hook nor product.
        let matte = match facts.product(earring.id) {
            Some(ProductState::Ready { matte, .. }) => *matte,
            _ => return,
        };
        let corners = corners(earring, matte).map(|corner| self.lens.to_screen(corner));
        let columns = corners.iter().fold(Rangef::point(hook.x), |columns, corner| {
            Rangef::new(columns.min.min(corner.x), columns.max.max(corner.x))
        });
        let y = hook.y + (lobe.y - hook.y) / 2.0;
        let (at, anchor) = if columns.max + PILL_ROOM < self.lens.frame().right() {
            (pos2(columns.max + 16.0, y), Align2::LEFT_CENTER)
        } else {
            (pos2(columns.min - 16.0, y), Align2::RIGHT_CENTER)
        };
        self.pill(self.painter, at, anchor, &misfit_text(misfit), self.palette.text);
    }

    fn handles(&self, earring: &Earring, matte: Rect) {
        let corners = corners(earring, matte).map(|corner| self.lens.to_screen(corner));
        let mut outline = corners.to_vec();
        outline.push(corners[0]);
        let thin = Stroke::new(1.0, self.palette.accent);
        self.painter.add(Shape::line(outline.clone(), Stroke::new(3.0, Color32::from_black_alpha(50))));
        self.painter.add(Shape::line(outline, thin));
        let turn = turn_handle(earring, matte, self.lens);
        let top = corners[0] + (corners[1] - corners[0]) / 2.0;
        self.painter.line_segment([top, turn], thin);
        self.painter.circle(
            turn,
            HANDLE,
            self.palette.accent,
            Stroke::new(1.0, Color32::from_black_alpha(120)),
        );
        for corner in corners {
            let square = Rect::from_center_size(corner, Vec2::splat(2.0 * HANDLE - 1.0));
            self.painter.rect_filled(square, CornerRadius::same(2), Color32::WHITE);
            self.painter.rect_stroke(square, CornerRadius::same(2), thin, StrokeKind::Inside);
        }
    }

    fn hook(&self, earring: &Earring) {
        let hook = self.lens.to_screen(earring.hook_in_canvas);
        for (width, colour) in [(4.0, Color32::from_black_alpha(110)), (2.0, self.palette.accent)] {
            let stroke = Stroke::new(width, colour);
            self.painter.circle_stroke(hook, 7.0, stroke);
            for arm in [vec2(1.0, 0.0), vec2(-1.0, 0.0), vec2(0.0, 1.0), vec2(0.0, -1.0)] {
                self.painter.line_segment([hook + arm * 7.0, hook + arm * 12.0], stroke);
            }
        }
    }

    fn split_line(&self, x: f32) {
        let frame = self.lens.frame();
        self.painter.vline(x, frame.y_range(), Stroke::new(3.0, Color32::from_black_alpha(90)));
        self.painter.vline(x, frame.y_range(), Stroke::new(1.0, Color32::WHITE));
        let grip = Rect::from_center_size(pos2(x, frame.center().y), vec2(10.0, 36.0));
        self.painter.rect_filled(grip, CornerRadius::same(5), self.palette.accent);
        let label = |at, anchor, text| self.pill(self.painter, at, anchor, text, self.palette.text);
        label(pos2(x - 12.0, frame.bottom() - 12.0), Align2::RIGHT_BOTTOM, "Layout");
        label(pos2(x + 12.0, frame.bottom() - 12.0), Align2::LEFT_BOTTOM, "Picture");
    }

    /// Small text that can be read on any picture.
    fn pill(&self, painter: &Painter, at: Pos2, anchor: Align2, text: &str, colour: Color32) {
        let galley = painter.layout_no_wrap(text.to_owned(), self.font.clone(), colour);
        let rect = anchor.anchor_size(at, galley.size() + vec2(16.0, 8.0));
        let ground = self.palette.panel.gamma_multiply(0.92);
        painter.add(RectShape::filled(rect, CornerRadius::same(6), ground));
        painter.galley(rect.min + vec2(8.0, 4.0), galley, colour);
    }
}

/// The largest rectangle of `size`'s shape in the middle of `frame`: a picture of another canvas keeps its
/// shape.
fn fitted(size: Vec2, frame: Rect) -> Rect {
    let scale = (frame.size() / size.max(Vec2::splat(1.0))).min_elem();
    Rect::from_center_size(frame.center(), size * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_another_canvas_is_not_stretched() {
        let frame = Rect::from_min_max(pos2(100.0, 100.0), pos2(300.0, 300.0));
        let tall = fitted(vec2(1080.0, 2160.0), frame);
        assert_eq!(tall, Rect::from_min_max(pos2(150.0, 100.0), pos2(250.0, 300.0)));
        assert_eq!(fitted(vec2(1024.0, 1024.0), frame), frame);
    }
}
