//! What Adorn saw in the finished picture: one line a check, in words, with a sign that is told by its shape
//! and not by its colour alone.

use super::widgets::{Weight, at_right, caption, command};
use super::{Action, Command, Facts, Palette, SeriesFacts, Session};
use crate::workflow::{Check, CheckVerdict, Checks};
use eframe::egui::{
    Align, Align2, Button, Color32, CornerRadius, DragValue, Frame, Label, Layout, Margin, Painter, Pos2,
    Rect, RichText, Role, Sense, Shape, Stroke, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

/// Height of a line, points.
const LINE: f32 = 22.0;
/// Below this width the lines stand in one column, points.
const ROOM_FOR_TWO: f32 = 620.0;
/// Width of a check's name, points.
const NAME: f32 = 76.0;
const SIGN: f32 = 14.0;
/// Pictures that a series may try at most.
const TRIES: std::ops::RangeInclusive<u32> = 1..=99;

/// Height that the card takes in `width`, its margins included.
pub(super) fn height(session: &Session, facts: &Facts<'_>, width: f32) -> f32 {
    let narrow = width < ROOM_FOR_TWO;
    let lines = facts.checks.filter(|_| session.checks_open).map_or(0, |checks| told(checks, narrow).len());
    let rows = if narrow { lines } else { lines.div_ceil(2) };
    let buttons = if narrow { 2.0 } else { 1.0 };
    buttons * 28.0 + rows as f32 * LINE + 24.0
}

pub(super) fn show(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.panel)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(12, 6))
        .show(ui, |ui| {
            ui.take_available_width();
            ui.spacing_mut().item_spacing.y = 0.0;
            head(ui, session, facts, actions);
            if let Some(checks) = facts.checks.filter(|_| session.checks_open) {
                lines(ui, checks);
            }
        });
}

fn head(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let narrow = ui.available_width() < ROOM_FOR_TWO - 24.0;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        if let Some(checks) = facts.checks {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(SIGN), Sense::hover());
            sign(ui.painter(), rect.center(), SIGN, worst(checks), &Palette::of(ui));
            ui.label(RichText::new(summary(checks)).strong().color(Palette::of(ui).text));
            let label = if session.checks_open { "Hide" } else { "Show" };
            let button = Button::new(label).small().frame_when_inactive(false);
            if ui.add(button).accessible_name(format!("{label} the checks")).clicked() {
                session.checks_open = !session.checks_open;
            }
        } else {
            caption(ui, "This picture was not checked.");
        }
        if !narrow {
            at_right(ui, |ui| series(ui, session, facts, actions));
        }
    });
    if narrow {
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            series(ui, session, facts, actions);
        });
    }
}

/// Sorting, and making more until enough are good.
fn series(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    let idle = facts.run.is_none();
    let sort = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let button = Button::selectable(session.sort_by_checks, Command::SortByChecks.label());
        if ui.add(button).on_hover_text(Command::SortByChecks.tooltip()).clicked() {
            actions.push(Action::Command(Command::SortByChecks));
        }
    };
    // At the right end of a line, what is added first stands last.
    if ui.layout().prefer_right_to_left() {
        tries(ui, &mut session.most_tries, idle);
        command(ui, Command::MakeUntilPass, Weight::Normal, idle, actions);
        sort(ui, actions);
    } else {
        sort(ui, actions);
        command(ui, Command::MakeUntilPass, Weight::Normal, idle, actions);
        tries(ui, &mut session.most_tries, idle);
    }
}

fn tries(ui: &mut Ui, most: &mut u32, idle: bool) {
    let field = DragValue::new(most).range(TRIES).prefix("at most ");
    let field = ui.add_enabled(idle, field).accessible_name("Pictures tried at most");
    field.on_hover_text("Stop after so many pictures, however few pass");
}

fn lines(ui: &mut Ui, checks: &Checks) {
    let width = ui.available_width();
    let narrow = width < ROOM_FOR_TWO - 24.0;
    let columns = if narrow { 1 } else { 2 };
    let told = told(checks, narrow);
    let rows = told.len().div_ceil(columns).max(1);
    let column = (width - 16.0 * (columns - 1) as f32) / columns as f32;
    let (area, _) = ui.allocate_exact_size(vec2(width, rows as f32 * LINE), Sense::hover());
    for (index, check) in told.into_iter().enumerate() {
        let (at, row) = (index / rows, index % rows);
        let corner = area.min + vec2(at as f32 * (column + 16.0), row as f32 * LINE);
        line(ui, Rect::from_min_size(corner, vec2(column, LINE)), check);
    }
}

/// The checks that are shown: where room is scarce, only those that say something about the picture.
fn told(checks: &Checks, narrow: bool) -> Vec<&Check> {
    let judged = |check: &&Check| !narrow || check.verdict != CheckVerdict::NotApplicable;
    checks.list.iter().filter(judged).collect()
}

fn line(ui: &mut Ui, rect: Rect, check: &Check) {
    let palette = Palette::of(ui);
    let name = capital(check.name.label());
    let id = ui.make_persistent_id(("check", check.name));
    let response = ui.interact(rect, id, Sense::hover());
    let spoken = format!("{name}: {}, {}", check.verdict.label(), check.words);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    sign(ui.painter(), rect.left_center() + vec2(SIGN / 2.0, 0.0), SIGN, check.verdict, &palette);
    let font = TextStyle::Small.resolve(ui.style());
    let at = rect.left_center() + vec2(SIGN + 8.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, &name, font, palette.text);
    let room = Rect::from_min_max(pos2(at.x + NAME, rect.top()), rect.max);
    let shown = match check.verdict {
        CheckVerdict::NotApplicable => format!("{}: {}", check.verdict.label(), check.words),
        _ => check.words.clone(),
    };
    let text = RichText::new(shown).text_style(TextStyle::Small).color(palette.quiet);
    let left = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(room).layout(left), |ui| {
        ui.add(Label::new(text).truncate());
    });
    response.on_hover_text(spoken);
}

/// What came of the checks as a whole.
pub(super) fn worst(checks: &Checks) -> CheckVerdict {
    let has = |verdict| checks.count(verdict) > 0;
    if has(CheckVerdict::Fail) {
        CheckVerdict::Fail
    } else if has(CheckVerdict::Doubt) {
        CheckVerdict::Doubt
    } else if has(CheckVerdict::Pass) {
        CheckVerdict::Pass
    } else {
        CheckVerdict::NotApplicable
    }
}

/// "6 of 7 checks pass"
pub(super) fn summary(checks: &Checks) -> String {
    let judged = checks.list.len() - checks.count(CheckVerdict::NotApplicable);
    match (checks.count(CheckVerdict::Pass), judged) {
        (_, 0) => "Nothing could be checked".to_owned(),
        (1, 1) => "The one check passes".to_owned(),
        (passed, judged) if passed == judged => format!("All {judged} checks pass"),
        (passed, judged) => format!("{passed} of {judged} checks pass"),
    }
}

/// "Try 3 of at most 12, 1 of 4 passed"
pub(super) fn series_text(series: &SeriesFacts) -> String {
    let SeriesFacts { tried, at_most, passed, wanted } = series;
    format!("Try {} of at most {at_most}, {passed} of {wanted} passed", tried + 1)
}

/// A tick in a disc, a triangle, a crossed square or a ring.
pub(super) fn sign(painter: &Painter, at: Pos2, size: f32, verdict: CheckVerdict, palette: &Palette) {
    let half = size / 2.0;
    let ink = Stroke::new(size * 0.12, palette.panel);
    match verdict {
        CheckVerdict::Pass => {
            painter.circle_filled(at, half, palette.good);
            let tick = [vec2(-0.45, 0.05), vec2(-0.12, 0.38), vec2(0.48, -0.34)].map(|by| at + by * half);
            painter.add(Shape::line(tick.to_vec(), ink));
        }
        CheckVerdict::Doubt => {
            let corners = [vec2(0.0, -1.0), vec2(1.0, 0.85), vec2(-1.0, 0.85)].map(|by| at + by * half);
            painter.add(Shape::convex_polygon(corners.to_vec(), palette.warning, Stroke::NONE));
            painter.line_segment([at - vec2(0.0, 0.4 * half), at + vec2(0.0, 0.2 * half)], ink);
            painter.circle_filled(at + vec2(0.0, 0.52 * half), size * 0.07, palette.panel);
        }
        CheckVerdict::Fail => {
            let square = Rect::from_center_size(at, Vec2::splat(size * 0.92));
            painter.rect_filled(square, CornerRadius::same(2), palette.trouble);
            for arm in [vec2(0.42, 0.42), vec2(0.42, -0.42)] {
                painter.line_segment([at - arm * half, at + arm * half], ink);
            }
        }
        CheckVerdict::NotApplicable => {
            painter.circle(at, half - 1.0, Color32::TRANSPARENT, Stroke::new(1.5, palette.quiet));
            painter.line_segment(
                [at - vec2(0.4 * half, 0.0), at + vec2(0.4 * half, 0.0)],
                Stroke::new(1.5, palette.quiet),
            );
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::CheckName;

    fn checks(verdicts: &[CheckVerdict]) -> Checks {
        let check = |verdict: &CheckVerdict| Check {
            name: CheckName::Seam,
            verdict: *verdict,
            value: None,
            limit: None,
            unit: String::new(),
            words: String::new(),
        };
        Checks { score: 0.0, list: verdicts.iter().map(check).collect() }
    }

    #[test]
    fn the_whole_is_as_good_as_its_worst_part_and_counts_what_was_judged() {
        use CheckVerdict::{Doubt, Fail, NotApplicable, Pass};
        let mixed = checks(&[Pass, Pass, Doubt, NotApplicable]);
        assert_eq!((worst(&mixed), summary(&mixed).as_str()), (Doubt, "2 of 3 checks pass"));
        assert_eq!(worst(&checks(&[Pass, Doubt, Fail])), Fail);
        assert_eq!(summary(&checks(&[Pass, Pass, NotApplicable])), "All 2 checks pass");
        assert_eq!(worst(&checks(&[NotApplicable])), NotApplicable);
        assert_eq!(summary(&checks(&[])), "Nothing could be checked");
    }

    #[test]
    fn a_series_says_which_try_it_is_at() {
        let series = SeriesFacts { tried: 2, at_most: 12, passed: 1, wanted: 4 };
        assert_eq!(series_text(&series), "Try 3 of at most 12, 1 of 4 passed");
    }
}
