//! What a portrait claims is checked against its own pixels and surfaces.

use super::figure::Figure;
use super::light::Room;
use super::*;
use crate::project::CanvasSize;
use crate::render::strands::{Strands, look};
use crate::scene::Band;
use std::sync::LazyLock;

static PEOPLE: LazyLock<People> = LazyLock::new(|| People::new().expect("the shipped body"));

fn sitting(person: &Person, side: u32, yaw_deg: f64) -> Sitting {
    let mut sitting = Sitting::of(3, person, CanvasSize { width: side, height: side });
    sitting.angles = HeadAngles { yaw_deg, pitch_deg: 4.0, roll_deg: -3.0 };
    sitting
}

/// The first person from `id` on who is as wanted.
fn someone(wanted: impl Fn(&Attributes) -> bool) -> Person {
    (0..4000).map(Person::of).find(|person| wanted(&person.attributes())).expect("somebody")
}

#[test]
fn the_same_sitting_gives_the_same_bytes_on_any_number_of_threads() {
    let person = Person::of(4);
    let sitting = sitting(&person, 64, 30.0);
    let shoot = || PEOPLE.shoot(&person, &sitting).expect("a portrait");
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let many = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
    let (first, second) = (alone.install(shoot), many.install(shoot));
    assert_eq!(first.picture, second.picture);
    assert_eq!(first.hair_cover, second.hair_cover);
    assert!(first.depth.iter().zip(&second.depth).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn other_people_and_other_seeds_give_other_pictures() {
    let shoot = |id: u64, seed: u64| {
        let person = Person::of(id);
        let sitting = Sitting { seed, ..sitting(&person, 48, 0.0) };
        PEOPLE.shoot(&person, &sitting).expect("a portrait")
    };
    let (first, other, reseeded) = (shoot(2, 1), shoot(3, 1), shoot(2, 2));
    assert_ne!(first.picture, other.picture);
    assert_ne!(first.landmarks_in_world, other.landmarks_in_world);
    assert_ne!(first.picture, reseeded.picture);
    assert_eq!(first.landmarks, reseeded.landmarks);
}

#[test]
fn landmarks_lie_where_the_surface_is_seen() {
    let person = Person::of(5);
    let sitting = sitting(&person, 256, 12.0);
    let canon = &PEOPLE.canon;
    let shape = shape::shape(&canon.body, &person);
    let expression = shape::expression(&canon.body, sitting.expression, sitting.gaze_deg.1);
    let body = canon.body.pose(sitting.angles, &shape, &expression);
    // Twice as fine as the picture, so that the markers can be small: mouth corners lie in creases.
    let camera = framed(&body, &sitting).scaled(DVec2::splat(2.0));
    let room = Room::new(sitting.lighting, sitting.seed);
    let figure = Figure::new(canon, &canon.fine[1], body.clone(), sitting.angles, &room);
    let mesh = figure.mesh();
    let none = Strands { points: &[], thickness: &[], segments: &[] };
    // Nose, brows, mouth: every pixel glows by its surface's distance to the landmark in space.
    for index in [19, 24, 27, 30, 48, 54, 57] {
        let marker = body.landmarks[index];
        let glow = look(&mesh, &none, &camera, |_, _, fragments, _| {
            let near = |fragment: &crate::render::surface::Fragment| {
                let apart = fragment.blend(&mesh, mesh.positions).distance(marker) / 0.0008;
                fragment.coverage * (-apart * apart).exp()
            };
            fragments.iter().map(near).sum::<f32>()
        });
        let (mut sum, mut weight) = (DVec2::ZERO, 1e-9);
        for (at, glow) in glow.iter().enumerate() {
            let place = DVec2::new((at % 512) as f64 + 0.5, (at / 512) as f64 + 0.5);
            sum += place * f64::from(*glow);
            weight += f64::from(*glow);
        }
        let seen = sum / weight;
        let told = camera.project(marker).0;
        assert!(weight > 0.5 && seen.distance(told) < 2.0 * 0.5, "landmark {index}: {seen} {told} {weight}");
    }
}

#[test]
fn the_face_fills_the_rows_that_were_asked_for() {
    let person = Person::of(6);
    for yaw in [-80.0, 0.0, 45.0] {
        let band = Band { top: 20.25, bottom: 50.5 };
        let sitting = Sitting { framing: Framing::Face { band, x: 40.0 }, ..sitting(&person, 64, yaw) };
        let shot = PEOPLE.shoot(&person, &sitting).expect("a portrait");
        let (top, bottom) = shot.face_rows;
        assert!((top - 20.25).abs() < 0.5 && (bottom - 50.5).abs() < 0.5, "{yaw}: {top} {bottom}");
    }
}

#[test]
fn a_lobe_can_be_placed_and_is_seen_from_its_own_side_only() {
    let person = someone(|who| who.hair == HairStyle::Bun && who.headwear == Headwear::Without);
    let at = DVec2::new(33.0, 40.0);
    for (yaw, ear, side) in [(-80.0, Ear::Left, 0), (80.0, Ear::Right, 1)] {
        let framing = Framing::Lobe { ear, at, face_height: 26.0 };
        let shot =
            PEOPLE.shoot(&person, &Sitting { framing, ..sitting(&person, 64, yaw) }).expect("a portrait");
        assert!(shot.lobes[side].in_canvas.distance(at) < 1e-3);
        assert!(shot.lobes[side].visible && !shot.lobes[1 - side].visible, "yaw {yaw}: {:?}", shot.lobes);
    }
}

#[test]
fn hair_over_the_ears_hides_the_lobes() {
    let person = someone(|who| who.hair == HairStyle::LongStraight && who.headwear == Headwear::Without);
    let shot = PEOPLE.shoot(&person, &sitting(&person, 96, -50.0)).expect("a portrait");
    assert!(!shot.lobes[0].visible);
    let covered = shot.hair_cover.iter().filter(|cover| **cover > 200).count();
    assert!(covered > 300, "{covered}");
}

#[test]
fn a_person_stands_before_the_backdrop() {
    let person = Person::of(9);
    let shot = PEOPLE.shoot(&person, &sitting(&person, 64, 20.0)).expect("a portrait");
    let near = shot.depth.iter().filter(|depth| depth.is_finite()).count();
    assert!((500..3600).contains(&near), "{near}");
    let nose = shot.landmarks[30];
    let depth = shot.depth[nose.y as usize * 64 + nose.x as usize];
    assert!((depth - shot.camera.project(shot.landmarks_in_world[30]).1).abs() < 0.01);
}

#[test]
fn sittings_out_of_range_are_refused() {
    let person = Person::of(1);
    let refused = |change: &dyn Fn(&mut Sitting)| {
        let mut asked = sitting(&person, 32, 0.0);
        change(&mut asked);
        matches!(PEOPLE.shoot(&person, &asked), Err(PeopleError::Sitting(_)))
    };
    assert!(refused(&|asked| asked.distance = f32::NAN));
    assert!(refused(&|asked| asked.size.width = 0));
    assert!(refused(&|asked| asked.angles.yaw_deg = f64::INFINITY));
    let lobe = |at: DVec2, face_height: f64| Framing::Lobe { ear: Ear::Left, at, face_height };
    assert!(refused(&|asked| asked.framing = lobe(DVec2::NAN, 20.0)));
    assert!(refused(&|asked| asked.framing = lobe(DVec2::ZERO, 0.0)));
}
