//! Filling a folder with shards: whole, in order, going on where an earlier run stopped.

use super::ShardError;
use super::manifest::{LeftOut, Manifest, ShardRecord, Tally, shard_name};
use super::tar::{write_end, write_member};
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::project::{hex, write_whole};
use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Items that are made at once and held until they are written.
const AT_ONCE: u64 = 32;

/// What becomes shards, and where.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Made if it is missing.
    pub folder: &'a Path,
    /// What decides every byte, but for the number of items.
    pub recipe: BTreeMap<String, Value>,
    pub items: u64,
    /// Items of a full shard, not 0.
    pub per_shard: u64,
}

/// What an item became.
#[derive(Debug, Clone)]
pub enum Making {
    Sample {
        /// Unique in the set, without a dot.
        key: String,
        /// Ending and content of its files.
        members: Vec<(&'static str, Vec<u8>)>,
        tally: Tally,
    },
    LeftOut(LeftOut),
}

/// Why a build ended early; shards that were finished stay.
#[derive(Debug, thiserror::Error)]
pub enum BuildError<E> {
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("{0}")]
    Make(E),
}

/// Makes every shard of the plan that the folder does not hold whole yet. `make` is asked for items by number,
/// in any order and on several threads; what it returns must depend on the number alone.
pub fn build<E: Send>(
    plan: &Plan<'_>,
    control: &Control,
    make: impl Fn(u64) -> Result<Making, E> + Sync,
) -> Result<Manifest, BuildError<E>> {
    let folder = plan.folder;
    let failed = |source| ShardError::Write { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut records = standing(plan)?;
    remove_leftovers(folder);
    let kept = records.iter().flatten().map(|record| record.items).sum();
    let clock = Clock { total: plan.items, kept, done: AtomicU64::new(kept), begin: Instant::now() };
    // Before the first shard is there the folder says what it will hold.
    let mut manifest = summed(plan, &records);
    manifest.save(folder)?;
    for number in 0..records.len() {
        if records[number].is_none() {
            records[number] = Some(make_shard(plan, number as u64, control, &clock, &make)?);
            manifest = summed(plan, &records);
            manifest.save(folder)?;
        }
    }
    Ok(manifest)
}

/// A place for each of the plan's shards, filled with those that an earlier run finished and that are whole.
fn standing(plan: &Plan<'_>) -> Result<Vec<Option<ShardRecord>>, ShardError> {
    let per_shard = plan.per_shard.max(1);
    let mut records = vec![None; plan.items.div_ceil(per_shard) as usize];
    let Some(old) = Manifest::load(plan.folder)? else { return Ok(records) };
    let path = plan.folder.to_owned();
    if old.recipe != plan.recipe || old.per_shard != per_shard {
        let differs = |(name, value): &(&String, &Value)| old.recipe.get(*name) != Some(*value);
        let what = plan.recipe.iter().find(differs).map_or("the recipe", |(name, _)| name);
        return Err(ShardError::OtherRecipe { path, what: what.to_owned() });
    }
    if old.wanted > plan.items && !old.shards.is_empty() {
        return Err(ShardError::Smaller { path, found: old.wanted });
    }
    for record in old.shards {
        let number = record.first / per_shard;
        let same = record.file == shard_name(number)
            && number * per_shard == record.first
            && record.items == items_of(plan, number);
        if same && record.verify(plan.folder).is_ok() {
            if let Some(place) = records.get_mut(number as usize) {
                *place = Some(record);
            }
        } else {
            tracing::warn!("{} is not whole any more and is made again", record.file);
        }
    }
    Ok(records)
}

/// What a killed run left half written, under the names that only this program gives.
fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".adorn-") && name.ends_with(".tmp") {
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn items_of(plan: &Plan<'_>, number: u64) -> u64 {
    let per_shard = plan.per_shard.max(1);
    plan.items.saturating_sub(number * per_shard).min(per_shard)
}

fn summed(plan: &Plan<'_>, records: &[Option<ShardRecord>]) -> Manifest {
    let mut manifest = Manifest::new(plan.recipe.clone(), plan.items, plan.per_shard.max(1));
    records.iter().flatten().for_each(|record| manifest.push(record.clone()));
    manifest
}

/// Makes and writes one shard.
fn make_shard<E: Send>(
    plan: &Plan<'_>,
    number: u64,
    control: &Control,
    clock: &Clock,
    make: &(impl Fn(u64) -> Result<Making, E> + Sync),
) -> Result<ShardRecord, BuildError<E>> {
    let (first, items) = (number * plan.per_shard.max(1), items_of(plan, number));
    let mut record = ShardRecord {
        file: shard_name(number),
        first,
        items,
        samples: 0,
        bytes: 0,
        sha256: String::new(),
        statistics: Tally::default(),
        left_out: Vec::new(),
    };
    let path = plan.folder.join(&record.file);
    let mut fault = None;
    let written = write_whole(&path, |file| {
        let mut out = Summing { out: file, hasher: Sha256::new(), bytes: 0 };
        for begin in (first..first + items).step_by(AT_ONCE as usize) {
            let batch = begin..(begin + AT_ONCE).min(first + items);
            let one = |item| {
                control.check()?;
                let made = make(item).map_err(BuildError::Make)?;
                clock.report(control, 1)?;
                Ok(made)
            };
            let made: Result<Vec<Making>, BuildError<E>> = batch.into_par_iter().map(one).collect();
            match made {
                Ok(made) => made.into_iter().try_for_each(|making| append(&mut out, &mut record, making))?,
                Err(error) => {
                    fault = Some(error);
                    return Err(io::Error::other("not finished"));
                }
            }
        }
        write_end(&mut out)?;
        (record.bytes, record.sha256) = (out.bytes, hex(&out.hasher.finalize()));
        Ok(())
    });
    match (written, fault) {
        (_, Some(fault)) => Err(fault),
        (Err(source), None) => Err(ShardError::Write { path, source }.into()),
        (Ok(()), None) => Ok(record),
    }
}

fn append(out: &mut dyn Write, record: &mut ShardRecord, making: Making) -> io::Result<()> {
    match making {
        Making::Sample { key, members, tally } => {
            for (ending, content) in members {
                write_member(out, &format!("{key}.{ending}"), &content)?;
            }
            record.samples += 1;
            record.statistics.add(&tally);
        }
        Making::LeftOut(left_out) => {
            record.statistics.count("left_out", left_out.kind());
            record.left_out.push(left_out);
        }
    }
    Ok(())
}

/// Counts and digests what passes through.
struct Summing<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
    bytes: u64,
}

impl Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// How far the build is.
struct Clock {
    total: u64,
    /// Items that were there before.
    kept: u64,
    done: AtomicU64,
    begin: Instant,
}

impl Clock {
    fn report(&self, control: &Control, more: u64) -> Result<(), Cancelled> {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let mut progress = Progress::new(Stage::Painting, done as usize, self.total as usize);
        let (made, left) = (done.saturating_sub(self.kept), self.total.saturating_sub(done));
        if made > 0 {
            progress.eta = Some(self.begin.elapsed().mul_f64(left as f64 / made as f64));
        }
        control.step(progress)
    }
}
