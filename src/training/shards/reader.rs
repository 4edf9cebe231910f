//! Reading shards as a stream: one sample at a time, shuffled by a seed within bounded memory.
//!
//! Shards come in a shuffled order, and a buffer of samples from which each next one is drawn mixes neighbours:
//! what WebDataset does, but with a seed that gives the same order everywhere. Members stay encoded until
//! somebody asks; those that nobody wants are passed over unread.

use super::ShardError;
use super::manifest::Manifest;
use super::tar::{Member, TarFault, TarReader};
use crate::project::Dice;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

/// Members of one sample.
const MOST_MEMBERS: usize = 64;
/// Bytes of a sample's key.
const LONGEST_KEY: usize = 200;
/// Sides of a picture in a shard.
const LONGEST_SIDE: u32 = 8192;
/// Bytes that decoding one picture may take.
const MOST_MEMORY: u64 = 512 << 20;

/// A folder of shards.
#[derive(Debug, Clone)]
pub struct Shards {
    folder: PathBuf,
    manifest: Manifest,
}

/// In which order samples come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they were written.
    Written,
    /// Shuffled; `buffer` samples are held at a time.
    Shuffled { seed: u64, buffer: usize },
}

impl Shards {
    pub fn open(folder: &Path) -> Result<Self, ShardError> {
        let missing = || ShardError::Manifest {
            path: folder.join(super::MANIFEST),
            reason: "there is none".to_owned(),
        };
        let manifest = Manifest::load(folder)?.ok_or_else(missing)?;
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Compares every shard with its digest.
    pub fn verify(&self) -> Result<(), ShardError> {
        self.manifest.shards.iter().try_for_each(|shard| shard.verify(&self.folder))
    }

    /// Every sample once. Only members with one of `endings` are read; none given: all.
    pub fn stream(&self, order: Order, endings: &[&str]) -> Stream {
        let mut shards: Vec<PathBuf> =
            self.manifest.shards.iter().map(|shard| self.folder.join(&shard.file)).collect();
        let (seed, hold) = match order {
            Order::Written => (0, 1),
            Order::Shuffled { seed, buffer } => (seed, buffer.max(1)),
        };
        let mut dice = Dice::new(seed);
        if matches!(order, Order::Shuffled { .. }) {
            dice.shuffle(&mut shards);
        }
        Stream {
            shards: shards.into(),
            open: None,
            endings: endings.iter().map(|ending| (*ending).to_owned()).collect(),
            held: Vec::new(),
            hold,
            dice,
        }
    }
}

/// One sample: encoded files by ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub key: String,
    pub members: BTreeMap<String, Vec<u8>>,
}

impl Sample {
    pub fn member(&self, ending: &str) -> Option<&[u8]> {
        self.members.get(ending).map(Vec::as_slice)
    }

    /// Decodes a PNG member, within bounds.
    pub fn picture(&self, ending: &str) -> Option<DynamicImage> {
        let mut reader = ImageReader::with_format(Cursor::new(self.member(ending)?), ImageFormat::Png);
        let mut limits = Limits::default();
        limits.max_image_width = Some(LONGEST_SIDE);
        limits.max_image_height = Some(LONGEST_SIDE);
        limits.max_alloc = Some(MOST_MEMORY);
        reader.limits(limits);
        reader.decode().ok()
    }
}

/// Samples of a folder of shards. After an error the stream goes on with the next shard.
pub struct Stream {
    shards: VecDeque<PathBuf>,
    open: Option<Open>,
    endings: Vec<String>,
    /// Samples from which the next one is drawn.
    held: Vec<Sample>,
    hold: usize,
    dice: Dice,
}

impl Iterator for Stream {
    type Item = Result<Sample, ShardError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.held.len() < self.hold {
            match self.read() {
                Some(Ok(sample)) => self.held.push(sample),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        if self.held.is_empty() {
            return None;
        }
        let drawn = self.dice.index(self.held.len());
        Some(Ok(self.held.swap_remove(drawn)))
    }
}

impl Stream {
    /// The next sample in the order of the shards.
    fn read(&mut self) -> Option<Result<Sample, ShardError>> {
        loop {
            if self.open.is_none() {
                let path = self.shards.pop_front()?;
                match File::open(&path) {
                    Ok(file) => self.open = Some(Open::new(file, path)),
                    Err(source) => return Some(Err(ShardError::Read { path, source })),
                }
            }
            let open = self.open.as_mut()?;
            match open.sample(&self.endings) {
                Ok(Some(sample)) => return Some(Ok(sample)),
                Ok(None) => self.open = None,
                Err(fault) => {
                    let error = ShardError::tar(&open.path, fault);
                    self.open = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// A shard that is being read.
struct Open {
    path: PathBuf,
    tar: TarReader<BufReader<File>>,
    /// The next sample's first member, met while the last one's end was looked for.
    ahead: Option<Member>,
}

impl Open {
    fn new(file: File, path: PathBuf) -> Self {
        Self { path, tar: TarReader::new(BufReader::with_capacity(1 << 16, file)), ahead: None }
    }

    fn sample(&mut self, endings: &[String]) -> Result<Option<Sample>, TarFault> {
        let mut sample: Option<Sample> = None;
        loop {
            let met = match self.ahead.take() {
                Some(member) => Some(member),
                None => self.tar.next_member()?,
            };
            let Some(member) = met else { return Ok(sample) };
            let (key, ending) = split(&member.name)?;
            let (key, ending) = (key.to_owned(), ending.to_owned());
            if sample.as_ref().is_some_and(|sample| sample.key != key) {
                self.ahead = Some(member);
                return Ok(sample);
            }
            let members = &mut sample.get_or_insert_with(|| Sample { key, members: BTreeMap::new() }).members;
            if members.len() >= MOST_MEMBERS {
                return Err(TarFault::LongSample(MOST_MEMBERS));
            }
            if endings.is_empty() || endings.contains(&ending) {
                let content = self.tar.read(member.bytes)?;
                if members.insert(ending, content).is_some() {
                    return Err(TarFault::Twice(member.name));
                }
            } else {
                self.tar.skip(member.bytes)?;
            }
        }
    }
}

/// WebDataset's rule: the key ends at the first dot of the file's name.
fn split(name: &str) -> Result<(&str, &str), TarFault> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[file..].find('.').ok_or(TarFault::Name)? + file;
    if dot > LONGEST_KEY || dot == file { Err(TarFault::Name) } else { Ok((&name[..dot], &name[dot + 1..])) }
}
