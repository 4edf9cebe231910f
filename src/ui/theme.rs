//! The studio's look: warm neutral greys, one accent of gold, spacing in steps of four.
//!
//! Pictures are judged in this window, so nothing around them is coloured but the accent, and the desk
//! behind the canvas is a neutral grey.

use eframe::egui::style::{HandleShape, WidgetVisuals};
use eframe::egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Ui,
    Vec2, Visuals,
};

/// Colours by what they are for.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Behind the canvas: neutral, without a cast.
    pub desk: Color32,
    pub panel: Color32,
    /// Fields, buttons at rest.
    pub field: Color32,
    pub field_hover: Color32,
    pub line: Color32,
    pub text: Color32,
    pub quiet: Color32,
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// A selected tile's ground.
    pub accent_ground: Color32,
    pub good: Color32,
    pub warning: Color32,
    pub trouble: Color32,
}

const DARK: Palette = Palette {
    desk: Color32::from_rgb(21, 21, 21),
    panel: Color32::from_rgb(31, 30, 29),
    field: Color32::from_rgb(46, 44, 42),
    field_hover: Color32::from_rgb(58, 55, 52),
    line: Color32::from_rgb(52, 50, 48),
    text: Color32::from_rgb(233, 229, 223),
    quiet: Color32::from_rgb(165, 158, 149),
    accent: Color32::from_rgb(217, 178, 106),
    on_accent: Color32::from_rgb(31, 25, 14),
    accent_ground: Color32::from_rgb(71, 60, 40),
    good: Color32::from_rgb(143, 188, 143),
    warning: Color32::from_rgb(226, 152, 92),
    trouble: Color32::from_rgb(232, 122, 108),
};

const LIGHT: Palette = Palette {
    desk: Color32::from_rgb(208, 208, 208),
    panel: Color32::from_rgb(247, 245, 242),
    field: Color32::from_rgb(232, 228, 222),
    field_hover: Color32::from_rgb(220, 214, 206),
    line: Color32::from_rgb(217, 212, 205),
    text: Color32::from_rgb(38, 35, 31),
    quiet: Color32::from_rgb(101, 94, 85),
    accent: Color32::from_rgb(146, 103, 24),
    on_accent: Color32::from_rgb(255, 251, 243),
    accent_ground: Color32::from_rgb(238, 222, 189),
    good: Color32::from_rgb(52, 112, 58),
    warning: Color32::from_rgb(160, 82, 16),
    trouble: Color32::from_rgb(170, 48, 36),
};

impl Palette {
    /// The palette of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> Self {
        if ui.visuals().dark_mode { DARK } else { LIGHT }
    }
}

/// Captions and group titles, smaller than body text.
pub(super) fn caption_style() -> TextStyle {
    TextStyle::Small
}

/// Gives both themes the studio's look.
pub fn install(ctx: &Context) {
    for (theme, palette) in [(Theme::Dark, DARK), (Theme::Light, LIGHT)] {
        ctx.style_mut_of(theme, |style| apply(style, &palette, theme == Theme::Dark));
    }
}

fn apply(style: &mut Style, palette: &Palette, dark: bool) {
    let font = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, font(12.0)),
        (TextStyle::Body, font(14.0)),
        (TextStyle::Button, font(14.0)),
        (TextStyle::Heading, font(19.0)),
        (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(8.0);
    spacing.button_padding = Vec2::new(12.0, 4.0);
    spacing.interact_size = Vec2::new(40.0, 28.0);
    spacing.slider_width = 128.0;
    spacing.slider_rail_height = 4.0;
    spacing.window_margin = Margin::same(24);
    spacing.menu_margin = Margin::same(8);
    spacing.combo_width = 96.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 8.0;
    spacing.tooltip_width = 280.0;
    style.animation_time = 0.1;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.35;
    style.visuals = visuals(palette, dark);
}

fn visuals(palette: &Palette, dark: bool) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(6);
    let state = |fill: Color32, text: Color32, stroke: Stroke| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let ring = Stroke::new(1.0, palette.accent);
    visuals.widgets.noninteractive = state(palette.panel, palette.text, Stroke::new(1.0, palette.line));
    visuals.widgets.inactive = state(palette.field, palette.text, Stroke::NONE);
    visuals.widgets.hovered = state(palette.field_hover, palette.text, Stroke::NONE);
    visuals.widgets.active = state(palette.field_hover, palette.text, ring);
    visuals.widgets.open = state(palette.field_hover, palette.text, Stroke::NONE);
    visuals.selection.bg_fill = palette.accent_ground;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent);
    visuals.hyperlink_color = palette.accent;
    visuals.weak_text_color = Some(palette.quiet);
    visuals.faint_bg_color = palette.field;
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(12);
    visuals.menu_corner_radius = CornerRadius::same(8);
    let shade = Color32::from_black_alpha(if dark { 120 } else { 50 });
    visuals.window_shadow = Shadow { offset: [0, 12], blur: 40, spread: 0, color: shade };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: shade };
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.trouble;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Rect { aspect_ratio: 0.4 };
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2's contrast of two opaque colours.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let luminance = |colour: Color32| -> f32 {
            let [red, green, blue, _] = eframe::egui::Rgba::from(colour).to_array();
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (light, dark) = (luminance(one).max(luminance(other)), luminance(one).min(luminance(other)));
        (light + 0.05) / (dark + 0.05)
    }

    #[test]
    fn all_text_can_be_read_in_both_themes() {
        for palette in [DARK, LIGHT] {
            for ground in [palette.panel, palette.field] {
                assert!(contrast(palette.text, ground) >= 7.0);
                assert!(contrast(palette.quiet, ground) >= 4.5);
            }
            for colour in [palette.accent, palette.good, palette.warning, palette.trouble] {
                assert!(contrast(colour, palette.panel) >= 4.5);
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
            assert!(contrast(palette.text, palette.accent_ground) >= 4.5);
        }
    }
}
