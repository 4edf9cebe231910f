//! Shards' promises: whole or absent, the same bytes however they came about, read back in full, refused when
//! they are not what was written.

use super::*;
use crate::engine::progress::{CancelFlag, Control};
use crate::project::Dice;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const ITEMS: u64 = 50;

fn plan(folder: &Path) -> Plan<'_> {
    Plan { folder, recipe: [("seed".to_owned(), 7.into())].into(), items: ITEMS, per_shard: 12 }
}

fn item(number: u64) -> Making {
    let mut dice = Dice::of(7, 0, number);
    let noise: Vec<u8> = (0..dice.index(2000)).map(|_| dice.next() as u8).collect();
    let mut tally = Tally::default();
    tally.count("parity", if number.is_multiple_of(2) { "even" } else { "odd" });
    if number % 10 == 9 {
        return Making::LeftOut(LeftOut { name: number.to_string(), reason: "a nine".to_owned() });
    }
    let text = format!("{{\"number\": {number}}}").into_bytes();
    Making::Sample {
        key: format!("{number:06}"),
        members: vec![("noise.bin", noise), ("truth.json", text)],
        tally,
    }
}

fn sure(number: u64) -> Result<Making, Infallible> {
    Ok(item(number))
}

fn built(folder: &Path) -> Manifest {
    build(&plan(folder), &Control::silent(), sure).unwrap()
}

/// Every file of a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn keys(folder: &Path, order: Order) -> Vec<String> {
    let shards = Shards::open(folder).unwrap();
    shards.stream(order, &[]).map(|sample| sample.unwrap().key).collect()
}

#[test]
fn everything_is_read_back_as_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = built(folder.path());
    assert_eq!((manifest.samples, manifest.shards.len()), (45, 5));
    assert_eq!(manifest.statistics.of("parity").collect::<Vec<_>>(), [("even", 25), ("odd", 20)]);
    assert_eq!(manifest.left_out().count(), 5);
    let shards = Shards::open(folder.path()).unwrap();
    shards.verify().unwrap();
    assert_eq!(shards.manifest(), &manifest);
    let mut read = 0;
    for sample in shards.stream(Order::Written, &[]) {
        let sample = sample.unwrap();
        let Making::Sample { members, .. } = item(sample.key.parse().unwrap()) else { panic!("left out") };
        for (ending, content) in members {
            assert_eq!(sample.member(ending), Some(&content[..]));
        }
        read += 1;
    }
    assert_eq!(read, 45);
    let some: Vec<_> = shards.stream(Order::Written, &["truth.json"]).map(Result::unwrap).collect();
    assert!(some.len() == 45 && some.iter().all(|sample| sample.members.len() == 1));
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, threads) in folders.iter().zip([1, 5]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| built(folder.path()));
    }
    assert_eq!(contents(folders[0].path()), contents(folders[1].path()));
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    built(whole.path());
    for stop in [0, 5, 13, 30, 49] {
        let folder = killed.path().join(stop.to_string());
        let (cancel, made) = (CancelFlag::default(), AtomicU64::new(0));
        let control = Control::new(cancel.clone(), |_| {});
        let outcome = build(&plan(&folder), &control, |number| {
            if made.fetch_add(1, Ordering::Relaxed) == stop {
                cancel.cancel();
            }
            sure(number)
        });
        assert!(matches!(outcome, Err(BuildError::Cancelled(_))), "{stop}");
        let names: Vec<_> = contents(&folder).into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| name == MANIFEST || name.starts_with("shard-")), "{names:?}");
        // What stands is whole, and a process that died outright may leave its scratch file.
        Shards::open(&folder).unwrap().verify().unwrap();
        let kept = Shards::open(&folder).unwrap().manifest().shards.len() as u64;
        fs::write(folder.join(".adorn-x1.tmp"), b"half").unwrap();
        let made = AtomicU64::new(0);
        build(&plan(&folder), &Control::silent(), |number| {
            made.fetch_add(1, Ordering::Relaxed);
            sure(number)
        })
        .unwrap();
        assert_eq!(made.into_inner(), ITEMS - kept * 12, "finished shards are not made again");
        assert_eq!(contents(&folder), contents(whole.path()), "{stop}");
    }
}

#[test]
fn a_fault_in_the_making_leaves_no_half_shard() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = build(&plan(folder.path()), &Control::silent(), |number| {
        if number == 20 { Err("no face") } else { Ok(item(number)) }
    });
    assert!(matches!(outcome, Err(BuildError::Make("no face"))));
    let names: Vec<_> = contents(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [MANIFEST, "shard-000000.tar"]);
}

#[test]
fn more_can_be_asked_for_later_but_nothing_else() {
    let (grown, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    build(&Plan { items: 30, ..plan(grown.path()) }, &Control::silent(), sure).unwrap();
    built(grown.path());
    built(whole.path());
    assert_eq!(contents(grown.path()), contents(whole.path()));
    let fewer = build(&Plan { items: 30, ..plan(grown.path()) }, &Control::silent(), sure);
    assert!(matches!(fewer, Err(BuildError::Shard(ShardError::Smaller { found: 50, .. }))));
    let recipe = [("seed".to_owned(), 8.into())].into();
    let other = build(&Plan { recipe, ..plan(grown.path()) }, &Control::silent(), sure);
    assert!(matches!(other, Err(BuildError::Shard(ShardError::OtherRecipe { what, .. })) if what == "seed"));
    assert_eq!(contents(grown.path()), contents(whole.path()), "a refusal changes nothing");
}

#[test]
fn a_changed_or_cut_shard_is_found_and_made_again() {
    let (folder, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    built(folder.path());
    built(whole.path());
    let file = folder.path().join("shard-000002.tar");
    let good = fs::read(&file).unwrap();
    let mut corrupt = good.clone();
    corrupt[good.len() / 2] ^= 1;
    for bad in [corrupt, good[..good.len() - 700].to_vec(), Vec::new()] {
        fs::write(&file, &bad).unwrap();
        let shards = Shards::open(folder.path()).unwrap();
        assert!(matches!(shards.verify(), Err(ShardError::Changed { .. })));
        // A reader that did not verify still tells a cut from an end, and goes on with the next shard.
        if bad.len() < good.len() {
            let (read, failed): (Vec<_>, Vec<_>) =
                shards.stream(Order::Written, &[]).partition(Result::is_ok);
            assert!(failed.len() == 1 && read.len() >= 34, "{} read", read.len());
        }
        built(folder.path());
        assert_eq!(contents(folder.path()), contents(whole.path()));
    }
    fs::remove_file(&file).unwrap();
    built(folder.path());
    assert_eq!(contents(folder.path()), contents(whole.path()));
}

#[test]
fn a_shuffle_is_the_seed_s_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path());
    let written = keys(folder.path(), Order::Written);
    for buffer in [0, 1, 8, 1000] {
        let shuffled = |seed| keys(folder.path(), Order::Shuffled { seed, buffer });
        let (one, again, other) = (shuffled(1), shuffled(1), shuffled(2));
        assert_eq!(one, again);
        assert_ne!(one, other);
        assert_ne!(one, written);
        assert_eq!(one.iter().collect::<BTreeSet<_>>(), written.iter().collect());
        assert_eq!(one.len(), written.len());
    }
    // A large buffer mixes shards; neighbours of the file are no neighbours any more.
    let mixed = keys(folder.path(), Order::Shuffled { seed: 1, buffer: 1000 });
    let near = |pair: &&[String]| pair[0].parse::<i64>().unwrap().abs_diff(pair[1].parse().unwrap()) == 1;
    assert!(mixed.windows(2).filter(near).count() < 8);
}

#[test]
fn a_stranger_s_shard_gives_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path());
    let file = folder.path().join("shard-000000.tar");
    let read = |members: &[(&str, &[u8])]| {
        let mut bytes = Vec::new();
        for (name, content) in members {
            tar::write_member(&mut bytes, name, content).unwrap();
        }
        tar::write_end(&mut bytes).unwrap();
        fs::write(&file, bytes).unwrap();
        let first = Shards::open(folder.path()).unwrap().stream(Order::Written, &[]).next().unwrap();
        match first {
            Err(ShardError::Tar { fault, .. }) => Err(fault),
            other => Ok(other.unwrap()),
        }
    };
    assert!(matches!(read(&[("no_ending", b"")]), Err(TarFault::Name)));
    assert!(matches!(read(&[("a/.png", b"")]), Err(TarFault::Name)));
    assert!(matches!(read(&[("a.png", b"1"), ("a.png", b"2")]), Err(TarFault::Twice(_))));
    let many: Vec<String> = (0..65).map(|at| format!("a.{at}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(matches!(read(&many), Err(TarFault::LongSample(64))));
    let fine = read(&[("../../x.1/a.b.png", b"no picture")]).unwrap();
    assert_eq!((fine.key.as_str(), fine.member("b.png")), ("../../x.1/a", Some(&b"no picture"[..])));
    assert!(fine.picture("b.png").is_none() && fine.picture("none").is_none());
}
