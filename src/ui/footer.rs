//! Who paints, the button that starts it, and how far it is.

use super::checks::series_text;
use super::facts::worth;
use super::widgets::{Weight, at_right, badge, caption, sized_command};
use super::{Action, Command, Facts, Palette, ProductState, RunFacts};
use crate::engine::memory::Gigabytes;
use crate::engine::progress::{Progress, Stage};
use crate::engine::{EngineKind, MemoryOutlook};
use eframe::egui::{CornerRadius, Rect, Role, Sense, Spinner, Ui, Vec2, WidgetInfo};
use std::time::Duration;

const BUTTON_HEIGHT: f32 = 40.0;

/// Height of the row that holds either the painters or the progress, so that the button below stays put.
const ROW_HEIGHT: f32 = 32.0;

pub(super) fn show(ui: &mut Ui, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    engine_line(ui, facts);
    memory_line(ui, facts.memory.as_ref());
    ui.scope(|ui| {
        ui.set_min_height(ROW_HEIGHT);
        match &facts.run {
            Some(run) => progress(ui, run),
            None => painters(ui, facts, actions),
        }
    });
    let size = Vec2::new(ui.available_width(), BUTTON_HEIGHT);
    match &facts.run {
        Some(run) => {
            sized_command(ui, Command::Cancel, Weight::Normal, !run.cancelling, size, actions);
        }
        None => {
            let ready =
                facts.products.iter().any(|product| matches!(product.state, ProductState::Ready { .. }));
            sized_command(ui, Command::Generate, Weight::Primary, ready, size, actions);
        }
    }
}

/// Who paints, or how far a series is.
fn engine_line(ui: &mut Ui, facts: &Facts<'_>) {
    if let Some(series) = &facts.series {
        caption(ui, series_text(series));
        return;
    }
    ui.horizontal(|ui| {
        // The badge beside it says what follows in brackets.
        let name = facts.engine.name.split(" (").next().unwrap_or_default();
        let name = caption(ui, name);
        name.on_hover_text(format!("Paints on {}", facts.engine.device));
        if let Some(worth) = worth(facts.engine.kind) {
            at_right(ui, |ui| badge(ui, worth));
        }
    });
}

/// What the next picture takes beside what is free.
fn memory_line(ui: &mut Ui, outlook: Option<&MemoryOutlook>) {
    let Some(MemoryOutlook { plan, free }) = outlook else { return };
    let line = caption(ui, memory_text(plan.work_bytes(), *free));
    line.on_hover_text(format!("The model {plan}\n{}", plan.parts()));
}

/// "Takes 0.9 GB more, 12.1 GB free"
fn memory_text(work: u64, free: Option<u64>) -> String {
    let work = Gigabytes(work);
    match free {
        Some(free) if free < work.0 => format!("Takes {work}, only {} free", Gigabytes(free)),
        Some(free) => format!("Takes {work} more, {} free", Gigabytes(free)),
        None => format!("Takes {work} more"),
    }
}

/// The way to another painter.
fn painters(ui: &mut Ui, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        if facts.engine_opens {
            ui.add(Spinner::new().size(14.0));
            caption(ui, "Reading the model…");
            return;
        }
        let gap = ui.spacing().item_spacing.x;
        let half = Vec2::new((ui.available_width() - gap) / 2.0, ui.spacing().interact_size.y);
        sized_command(ui, Command::OpenBundle, Weight::Normal, true, half, actions);
        let paints = facts.engine.kind != EngineKind::Layout;
        sized_command(ui, Command::UseMannequin, Weight::Normal, paints, half, actions);
    });
}

fn progress(ui: &mut Ui, run: &RunFacts) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let stage = if run.cancelling { "Stopping…".to_owned() } else { stage_text(&run.progress) };
        caption(ui, stage);
        at_right(ui, |ui| caption(ui, time_text(run)));
    });
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 4.0), Sense::hover());
    let share = share_done(&run.progress);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress");
        info.value = Some(f64::from(share));
        info
    });
    let radius = CornerRadius::same(2);
    ui.painter().rect_filled(rect, radius, palette.field);
    let done = Rect::from_min_size(rect.min, Vec2::new(rect.width() * share, rect.height()));
    ui.painter().rect_filled(done, radius, palette.accent);
}

fn stage_text(progress: &Progress) -> String {
    let stage = match progress.stage {
        Stage::Loading => "Reading weights",
        Stage::Preparing => "Preparing",
        Stage::Painting => "Painting",
        Stage::Decoding => "Developing",
        Stage::Finishing => "Finishing",
    };
    if progress.total > 1 {
        format!("{stage}, {} of {}", progress.done, progress.total)
    } else {
        stage.to_owned()
    }
}

fn time_text(run: &RunFacts) -> String {
    match run.progress.eta {
        Some(left) => format!("about {} left", readable(left)),
        None => readable(run.elapsed),
    }
}

/// "8 s", "2 min 5 s"
fn readable(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// How much of the whole is done. Painting is nearly all of it.
fn share_done(progress: &Progress) -> f32 {
    let (start, end) = match progress.stage {
        Stage::Loading => (0.0, 0.03),
        Stage::Preparing => (0.03, 0.06),
        Stage::Painting => (0.06, 0.9),
        Stage::Decoding => (0.9, 0.97),
        Stage::Finishing => (0.97, 1.0),
    };
    let part = progress.done as f32 / progress.total.max(1) as f32;
    start + (end - start) * part.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_runs_backwards_through_the_stages() {
        let stages = [Stage::Loading, Stage::Preparing, Stage::Painting, Stage::Decoding, Stage::Finishing];
        let mut last = 0.0;
        for stage in stages {
            for done in 0..=4 {
                let share = share_done(&Progress::new(stage, done, 4));
                assert!(share >= last, "{stage:?} {done}");
                last = share;
            }
        }
        assert!((last - 1.0).abs() < 1e-6);
    }

    #[test]
    fn memory_is_written_for_people() {
        assert_eq!(memory_text(900_000_000, Some(12_100_000_000)), "Takes 0.9 GB more, 12.1 GB free");
        assert_eq!(memory_text(2_000_000_000, Some(1_000_000_000)), "Takes 2.0 GB, only 1.0 GB free");
        assert_eq!(memory_text(2_000_000_000, None), "Takes 2.0 GB more");
    }

    #[test]
    fn time_is_written_for_people() {
        assert_eq!(readable(Duration::from_millis(8_400)), "8 s");
        assert_eq!(readable(Duration::from_secs(125)), "2 min 5 s");
    }
}
