//! Hair of the face: brows, lashes, beards.

use super::super::noise::{noise, smooth};
use super::super::person::{Beard, MakeUp, Person};
use super::grow::{Grower, Kind, Path, Strand};
use crate::project::Dice;
use glam::{Vec3, vec3};

/// Strands of each brow.
const BROW: usize = 520;
/// Lashes of an upper and a lower lid.
const LASHES: (usize, usize) = (110, 26);

/// Both brows: rooted along the ridge, combed up at the nose and outwards after it.
pub(super) fn brows(grower: &Grower<'_>, person: &Person) -> Vec<Strand> {
    let mut dice = Dice::named(person.id(), 51);
    let who = person.attributes();
    let full = if who.woman { dice.between(0.45, 0.85) } else { dice.between(0.85, 1.35) };
    let drop = dice.between(-0.0042, -0.0020);
    let arch = dice.between(0.0, 0.0024);
    let marks = &grower.canon.rest.landmarks;
    let mut strands = Vec::new();
    for (line, side) in [([21, 20, 19, 18, 17], -1.0), ([22, 23, 24, 25, 26], 1.0)] {
        for _ in 0..(BROW as f32 * full) as usize {
            let along = dice.share().powf(0.92);
            let place = along * 3.999;
            let index = place as usize;
            let on_line = marks[line[index]].lerp(marks[line[index + 1]], place.fract());
            // Narrow at its outer end, soft at its inner one.
            let half =
                0.0034 * full.sqrt() * smooth(-0.18, 0.14, along) * smooth(1.08, 0.40, along).max(0.22);
            let across = dice.spread().clamp(-1.0, 1.0) * half;
            let raised =
                drop + arch * (1.0 - (along - 0.66).abs() * 2.2) - 0.0016 * smooth(0.35, 0.0, along) + across;
            let at = on_line + vec3(0.0, raised, 0.0);
            let Some(vertex) = grower.nearest(at, true) else {
                continue;
            };
            let normal = grower.canon.rest.normals[vertex as usize];
            let root = at - normal * (at - grower.canon.rest.vertices[vertex as usize]).dot(normal);
            let up = smooth(0.28, 0.0, along) * 0.55 - 0.22 * smooth(0.5, 1.0, along) - across * 110.0;
            let lean = vec3(side * (0.55 + 0.45 * along), up, -0.2 * along)
                + vec3(dice.spread(), dice.spread(), 0.0) * 0.12;
            let length =
                (0.0038 + 0.0032 * dice.share()) * smooth(1.3, 0.6, along) * smooth(-0.4, 0.2, along);
            let path = Path {
                steps: 5,
                step: length / 5.0,
                layer: &|share| 0.0002 + 0.0007 * share,
                towards: &|_, _| lean,
                until: &|_| false,
                stiffness: 0.55,
                ears: true,
            };
            let (points, next_to) = grower.grow(root, normal, lean + normal * 0.45, &path);
            strands.push(Strand {
                points,
                next_to,
                thickness: 0.00010,
                kind: Kind::Brow,
                shade: dice.share(),
            });
        }
    }
    strands
}

/// Lashes along the edges of the lids, curved away from the eye.
pub(super) fn lashes(grower: &Grower<'_>, person: &Person) -> Vec<Strand> {
    let mut dice = Dice::named(person.id(), 52);
    let who = person.attributes();
    let painted = match who.make_up {
        MakeUp::Bare => 0.0,
        MakeUp::Light | MakeUp::RedLips => 0.7,
        MakeUp::Evening => 1.0,
    };
    let long = if who.woman { 1.0 + 0.28 * painted } else { 0.85 };
    let rest = &grower.canon.rest;
    let mut strands = Vec::new();
    for eye in 0..2 {
        let line = &grower.canon.body.lids[eye];
        let middle = line.len() / 2;
        let side = if eye == 0 { 1.0 } else { -1.0 };
        let centre = rest.joints[23 + eye];
        for (upper, count) in [(true, LASHES.0), (false, LASHES.1)] {
            let run = if upper { &line[..=middle] } else { &line[middle..] };
            for _ in 0..count {
                let place = dice.share() * (run.len() - 1) as f32;
                let (index, share) = ((place as usize).min(run.len() - 2), place.fract());
                let (a, b) = (rest.vertices[run[index] as usize], rest.vertices[run[index + 1] as usize]);
                let root = a.lerp(b, share);
                let away = (root - centre).normalize_or(Vec3::Z);
                // 0 at the nose, 1 at the temple.
                let outer = smooth(-0.012, 0.014, (root.x - centre.x) * side);
                let fan = vec3(side * (outer - 0.42) * 0.45, 0.0, 0.0);
                let length =
                    if upper { 0.0056 + 0.0016 * outer } else { 0.0030 } * long * dice.between(0.75, 1.05);
                let lift = if upper { 0.30 } else { -0.45 };
                let start = away * 0.35 + fan + vec3(0.0, lift * 0.2 - if upper { 0.15 } else { 0.0 }, 0.85);
                let end = away * 0.2 + fan + vec3(0.0, lift * 2.6, 0.55);
                let steps = 6;
                let mut at = root;
                let mut points = vec![at];
                for step in 1..=steps {
                    let along = start.lerp(end, (step as f32 / steps as f32).powf(1.3)).normalize_or(away);
                    at += along * (length / steps as f32);
                    points.push(at);
                }
                let thickness = if upper { 0.00011 + 0.00005 * painted } else { 0.00006 };
                let next_to = vec![run[index]; points.len()];
                strands.push(Strand { points, next_to, thickness, kind: Kind::Lash, shade: dice.share() });
            }
        }
    }
    strands
}

/// A beard of the person's kind.
pub(super) fn beard(grower: &Grower<'_>, person: &Person, finer: f32) -> Vec<Strand> {
    let mut dice = Dice::named(person.id(), 53);
    let (count, length, floor) = match person.attributes().beard {
        Beard::Shaven => return Vec::new(),
        Beard::Stubble => (5200.0, 0.0020, 0.0002),
        Beard::Moustache => (30_000.0, 0.0085, 0.0004),
        Beard::Short => (9000.0, 0.0085, 0.0005),
        Beard::Full => (10_500.0, 0.024, 0.0010),
    };
    let only_lip = person.attributes().beard == Beard::Moustache;
    let fine = &grower.canon.fine[0];
    let rest = &grower.canon.rest;
    let lip = rest.landmarks[51];
    let triangles: Vec<[u32; 3]> = fine
        .subdivision
        .triangles()
        .iter()
        .copied()
        .filter(|triangle| triangle.iter().any(|corner| fine.marks[*corner as usize].face.w > 0.15))
        .collect();
    if triangles.is_empty() {
        return Vec::new();
    }
    let mut strands = Vec::new();
    for _ in 0..(count * finer.sqrt()) as usize {
        let triangle = triangles[(dice.next() % triangles.len() as u64) as usize];
        let (mut u, mut v) = (dice.share(), dice.share());
        if u + v > 1.0 {
            (u, v) = (1.0 - u, 1.0 - v);
        }
        let weights = [1.0 - u - v, u, v];
        let blend = |pick: &dyn Fn(usize) -> f32| -> f32 {
            triangle.iter().zip(weights).map(|(corner, weight)| pick(*corner as usize) * weight).sum()
        };
        let dense = blend(&|corner| fine.marks[corner].face.w);
        let at: Vec3 =
            triangle.iter().zip(weights).map(|(corner, weight)| fine.rest[*corner as usize] * weight).sum();
        let moustache = at.y > lip.y - 0.004 && at.x.abs() < 0.034;
        let sparse = if moustache { 1.0 } else { 0.72 + 0.28 * noise(at * 90.0) };
        if dice.share() > dense * sparse || (only_lip && !moustache) {
            continue;
        }
        let Some(vertex) = grower.nearest(at, true) else {
            continue;
        };
        let normal = rest.normals[vertex as usize];
        let down = vec3(
            at.x * if moustache { 14.0 } else { -1.5 },
            -1.0,
            if at.z < lip.z - 0.05 { 0.25 } else { 0.0 },
        );
        let wobble = vec3(noise(at * 300.0), noise(at * 300.0 + 7.0), noise(at * 300.0 + 13.0)) * 0.5;
        let own =
            length * dice.between(0.6, 1.15) * (0.45 + 0.55 * dense) * if moustache { 0.75 } else { 1.0 };
        let path = Path {
            steps: 5,
            step: own / 5.0,
            layer: &|share| floor + 0.12 * own * share,
            towards: &|_, _| down + wobble + normal * 0.25,
            until: &|_| false,
            stiffness: 0.6,
            ears: true,
        };
        let (points, next_to) = grower.grow(at, normal, normal * 0.8 + down * 0.7, &path);
        strands.push(Strand { points, next_to, thickness: 0.00016, kind: Kind::Beard, shade: dice.share() });
    }
    strands
}
