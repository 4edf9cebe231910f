//! Worn pieces: true size, gravity, mirror images, what stands before them, and their shadow.

use super::*;
use glam::DVec2;

const SIDE: u32 = 120;

/// 1.5 m in front of the lobe, two pixels a millimetre, the lobe in the upper middle.
fn camera() -> Camera {
    Camera {
        focal: DVec2::splat(3000.0),
        centre: DVec2::new(60.0, 30.0),
        translation: vec3(0.0, 0.0, 1.5),
        width: SIDE,
        height: SIDE,
    }
}

fn around() -> Surroundings {
    let grey = Vec3::splat(0.3);
    Surroundings {
        key_direction: vec3(0.6, 0.5, 0.6).normalize(),
        key: Vec3::splat(0.7),
        sky: grey,
        ground: 0.5 * grey,
        behind: grey,
        beside: grey,
    }
}

fn ear(left: bool, up: Vec3) -> Piercing {
    let outward = vec3(if left { 0.6 } else { -0.6 }, 0.0, 0.8);
    Piercing { in_world: Vec3::ZERO, outward, up, left }
}

fn seen(design: &Design, ear: &Piercing) -> Worn {
    let jewel = Jewel::new(design);
    Hung::new(&jewel, ear).seen(&camera(), &around(), |_, _, _| 1.0).unwrap()
}

/// Rows and columns of the picture in which the matte is at least a half.
fn extent(worn: &Worn) -> (Vec<u32>, Vec<u32>) {
    let width = worn.columns.len();
    let met: Vec<_> = (0..worn.pixels.len()).filter(|at| worn.pixels[*at].whole >= 0.5).collect();
    let row = |at: &usize| worn.rows.start + (at / width) as u32;
    let column = |at: &usize| worn.columns.start + (at % width) as u32;
    (met.iter().map(row).collect(), met.iter().map(column).collect())
}

#[test]
fn a_piece_has_its_millimetres_and_hangs_at_the_lobe() {
    let design = Design { turn_deg: 0.0, ..Design::sample(Family::Hoop, 1) };
    let (rows, columns) = extent(&seen(&design, &ear(true, Vec3::Y)));
    let (top, bottom) = (rows.iter().min().unwrap(), rows.iter().max().unwrap());
    let height_mm = f64::from(bottom - top + 1) / 2.0;
    let true_mm = Jewel::new(&design).height_mm();
    assert!((height_mm - true_mm).abs() < 1.2, "{height_mm} for {true_mm}");
    // Its top passes through the lobe, on row 30; half of it stands on either side of the lobe's column.
    assert!((26..=31).contains(top), "{top}");
    assert!(columns.iter().min().unwrap() < &60 && columns.iter().max().unwrap() > &60);
}

#[test]
fn what_hangs_hangs_straight_and_what_is_pinned_turns_with_the_head() {
    let tilted = vec3(0.3, 1.0, 0.0).normalize();
    let drop = Design::sample(Family::Drop, 0);
    let pixels = |design: &Design, up: Vec3| seen(design, &ear(true, up)).pixels;
    assert_eq!(pixels(&drop, Vec3::Y), pixels(&drop, tilted));
    let cluster = Design::sample(Family::Cluster, 0);
    assert_ne!(pixels(&cluster, Vec3::Y), pixels(&cluster, tilted));
}

#[test]
fn the_right_ear_wears_the_mirror_image() {
    let design = Design::sample(Family::Huggie, 0);
    let (left, right) = (seen(&design, &ear(true, Vec3::Y)), seen(&design, &ear(false, Vec3::Y)));
    let cover = |worn: &Worn, column: u32, row: u32| {
        let inside = worn.columns.contains(&column) && worn.rows.contains(&row);
        let at = |start: u32, place: u32| place.wrapping_sub(start) as usize;
        let index = at(worn.rows.start, row) * worn.columns.len() + at(worn.columns.start, column);
        if inside { worn.pixels[index].whole } else { 0.0 }
    };
    let (mut total, mut off) = (0.0, 0.0);
    for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
        total += cover(&left, column, row);
        off += (cover(&left, column, row) - cover(&right, SIDE - 1 - column, row)).abs();
    }
    assert!(total > 50.0 && off < 0.02 * total, "{off} of {total}");
}

#[test]
fn what_stands_before_it_hides_it_but_not_its_whole_matte() {
    let jewel = Jewel::new(&Design::sample(Family::Huggie, 0));
    let ear = ear(true, Vec3::Y);
    let hung = Hung::new(&jewel, &ear);
    let hidden = hung.seen(&camera(), &around(), |_, _, depth| f32::from(u8::from(depth < 1.0))).unwrap();
    let open = hung.seen(&camera(), &around(), |_, _, depth| f32::from(u8::from(depth > 1.4))).unwrap();
    assert!(hidden.pixels.iter().all(|pixel| pixel.seen == Vec4::ZERO));
    let whole = |worn: &Worn| worn.pixels.iter().map(|pixel| pixel.whole).collect::<Vec<_>>();
    assert_eq!(whole(&hidden), whole(&open));
    assert!(open.pixels.iter().all(|pixel| (pixel.seen.w - pixel.whole).abs() < 1e-6));
}

#[test]
fn its_shadow_falls_away_from_the_light_and_fades() {
    let jewel = Jewel::new(&Design::sample(Family::Coin, 0));
    let ear = Piercing { outward: Vec3::Z, ..ear(true, Vec3::Y) };
    let hung = Hung::new(&jewel, &ear);
    let towards = vec3(0.6, 0.0, 0.8);
    let shadow = Shadow::new(&hung, towards, 0.1, 0.5);
    let (middle, _) = hung.ball();
    let at = |behind: f32| shadow.at(middle - towards * behind);
    assert!(at(0.01) > 0.8, "{}", at(0.01));
    assert!(at(0.25) < 0.5 * at(0.01), "a wide light reaches round it: {}", at(0.25));
    assert!(at(-0.02) == 0.0, "what lies before it is lit");
    assert!(shadow.at(middle - vec3(-0.6, 0.0, 0.8) * 0.05) < 0.05, "not towards the light's own side");
}
