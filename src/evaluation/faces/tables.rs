//! The tables of what was seen.

use super::change::CHANGES;
use super::seen::{Face, SMALL, Seen};
use crate::evaluation::Table;
use crate::vision::FaceDescriptor;
use std::time::Duration;

/// Everything that is told of single pictures.
pub(super) fn of(what: &str, seen: &[Seen]) -> Vec<Table> {
    vec![found(what, seen), small(what, seen), jitter(what, seen)]
}

fn table(title: String, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    Table { title, columns: columns.iter().map(|&column| column.to_owned()).collect(), rows }
}

fn found(what: &str, seen: &[Seen]) -> Table {
    let times = |part: usize| {
        let sum: Duration = seen.iter().map(|seen| seen.times[part]).sum();
        format!("{:.0}", 1000.0 * sum.as_secs_f64() / seen.len().max(1) as f64)
    };
    let rows = [(0, "one look"), (1, "all looks")].map(|(way, name)| {
        let faces = |seen: &Seen| if way == 0 { seen.at_once } else { seen.found };
        let with =
            |wanted: fn(usize) -> bool| seen.iter().filter(|seen| wanted(faces(seen))).count().to_string();
        let chests: Vec<usize> = seen.iter().filter_map(|seen| Some(seen.imagined?[way])).collect();
        let wrong = chests.iter().filter(|faces| **faces > 0).count();
        let mut row = vec![name.to_owned(), seen.len().to_string()];
        row.extend([with(|faces| faces == 1), with(|faces| faces == 0), with(|faces| faces > 1)]);
        row.push(format!("{wrong} of {}", chests.len()));
        row.extend((0..3).map(|part| if way == 0 { String::new() } else { times(part) }));
        row
    });
    table(
        format!("Faces found in {what}"),
        &[
            "way",
            "pictures",
            "once",
            "never",
            "several",
            "seen below the chin",
            "finder ms",
            "landmarks ms",
            "descriptor ms",
        ],
        rows.to_vec(),
    )
}

fn small(what: &str, seen: &[Seen]) -> Table {
    let with: Vec<&Seen> = seen.iter().filter(|seen| seen.face.is_some()).collect();
    let rows = SMALL.iter().enumerate().map(|(index, height)| {
        let share = |way: usize| {
            let hits = with.iter().filter(|seen| seen.small[index][way]).count();
            format!("{:.0} %", 100.0 * hits as f64 / with.len().max(1) as f64)
        };
        vec![height.to_string(), share(0), share(1)]
    });
    table(
        format!("Small faces found: {what} shrunk, on grey, 1024 x 1024"),
        &["face's box, pixels high", "one look", "all looks"],
        rows.collect(),
    )
}

fn jitter(what: &str, seen: &[Seen]) -> Table {
    let faces: Vec<&Face> = seen.iter().filter_map(|seen| seen.face.as_ref()).collect();
    let rows = CHANGES.iter().enumerate().map(|(index, change)| {
        let changed: Vec<_> = faces.iter().filter_map(|face| face.changed[index].as_ref()).collect();
        let mut apart: Vec<f64> = changed.iter().map(|changed| changed.jitter).collect();
        let mut distances: Vec<f64> = changed.iter().map(|changed| f64::from(changed.distance)).collect();
        let mut row = vec![change.name(), format!("{} of {}", changed.len(), faces.len())];
        row.extend(
            [mean(&apart), part(&mut apart, 0.5), part(&mut apart, 0.95)].map(|value| format!("{value:.2}")),
        );
        row.extend([mean(&distances), part(&mut distances, 0.95), part(&mut distances, 1.0)].map(decimals));
        row
    });
    table(
        format!(
            "The same face in a changed picture ({what}): landmarks apart in percent of the face's height, descriptors apart"
        ),
        &["change", "found", "mean %", "median %", "95 in 100 %", "descriptor, mean", "95 in 100", "most"],
        rows.collect(),
    )
}

/// Which distances are the same person's, where every picture shows another one.
pub(super) fn identity(what: &str, seen: &[Seen]) -> Table {
    let faces: Vec<&Face> = seen.iter().filter_map(|seen| seen.face.as_ref()).collect();
    let changed = faces.iter().flat_map(|face| face.changed.iter().flatten());
    let same: Vec<f64> = changed.map(|changed| f64::from(changed.distance)).collect();
    let mut others = Vec::new();
    for (index, face) in faces.iter().enumerate() {
        let further = faces[index + 1..].iter();
        others.extend(further.map(|other| f64::from(face.descriptor.distance(&other.descriptor))));
    }
    thresholds(&format!("Same face (changed picture) or another one: {what}"), same, others)
}

/// The same for people seen at several turns, `turns` pictures a person.
pub(super) fn turned(seen: &[Seen], turns: usize) -> Table {
    let (mut same, mut others) = (Vec::new(), Vec::new());
    for (index, one) in seen.iter().enumerate() {
        for (further, other) in seen.iter().enumerate().skip(index + 1) {
            let (Some(one), Some(other)) = (&one.face, &other.face) else { continue };
            let distance = f64::from(one.descriptor.distance(&other.descriptor));
            if index / turns == further / turns { same.push(distance) } else { others.push(distance) }
        }
    }
    thresholds("Same painted person (other turn) or another one", same, others)
}

fn thresholds(title: &str, mut same: Vec<f64>, mut others: Vec<f64>) -> Table {
    let errors = |threshold: f64, same: &[f64], others: &[f64]| {
        let share = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
        let missed = same.iter().filter(|distance| **distance > threshold).count();
        let taken = others.iter().filter(|distance| **distance <= threshold).count();
        (share(missed, same.len()), share(taken, others.len()))
    };
    let steps = (1..200).map(|step| f64::from(step) / 200.0);
    let unequal = |threshold: &f64| {
        let (missed, taken) = errors(*threshold, &same, &others);
        (missed - taken).abs()
    };
    let equal = steps.min_by(|a, b| unequal(a).total_cmp(&unequal(b))).unwrap_or(0.0);
    let own = f64::from(FaceDescriptor::SAME_PERSON);
    let rows = [("equal errors", equal), ("stricter", 0.5), ("Adorn's and dlib's threshold", own)].map(
        |(name, at)| {
            let (missed, taken) = errors(at, &same, &others);
            vec![name.to_owned(), format!("{at:.3}"), format!("{missed:.2} %"), format!("{taken:.2} %")]
        },
    );
    let spread = |values: &mut [f64], low: f64, high: f64| {
        let pairs = values.len();
        format!(
            "{} ({} to {}), {pairs} pairs",
            decimals(part(values, 0.5)),
            decimals(part(values, low)),
            decimals(part(values, high))
        )
    };
    let same = format!("same: median {}", spread(&mut same, 0.0, 0.99));
    let others = format!("others: median {}", spread(&mut others, 0.01, 1.0));
    table(
        format!("{title}; {same}; {others}"),
        &["threshold", "distance", "same face missed", "other face taken"],
        rows.to_vec(),
    )
}

fn decimals(value: f64) -> String {
    format!("{value:.3}")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value that `share` of all do not exceed.
fn part(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_equal_where_the_two_kinds_cross() {
        let same = (0..100).map(|step| 0.001 + f64::from(step) * 0.005).collect();
        let others = (0..100).map(|step| 0.401 + f64::from(step) * 0.005).collect();
        let table = thresholds("pairs", same, others);
        assert_eq!(table.rows[0][1..], ["0.450", "10.00 %", "10.00 %"]);
        assert_eq!(table.rows[2][2..], ["0.00 %", "40.00 %"]);
    }

    #[test]
    fn parts_are_values_of_the_list() {
        let mut values = vec![3.0, 1.0, 2.0];
        assert_eq!((part(&mut values, 0.0), part(&mut values, 0.5), part(&mut values, 1.0)), (1.0, 2.0, 3.0));
        assert!(part(&mut [], 0.5).is_nan());
    }
}
