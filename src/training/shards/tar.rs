//! POSIX ustar, as much of it as WebDataset needs: plain files under short names.
//!
//! The writer leaves out everything that differs between machines (owner, time), so equal contents are equal
//! bytes. The reader takes what other writers make of the same form (directories and PAX remarks are passed
//! over) and refuses the rest: links, sparse files, sizes out of proportion, names that a terminal would obey.

use std::io::{self, Read, Write};

const BLOCK: usize = 512;
/// Bytes that a member may have.
pub(super) const LARGEST_MEMBER: u64 = 64 << 20;
/// Bytes of a PAX remark.
const LARGEST_REMARK: u64 = 64 << 10;
/// Members of one tar.
const MOST_MEMBERS: u64 = 4_000_000;
/// Bytes of a name that fits without a prefix.
const NAME: usize = 100;

/// What is wrong with a tar.
#[derive(Debug, thiserror::Error)]
pub enum TarFault {
    #[error("it ends early")]
    Truncated,
    #[error("its header at byte {0} is damaged")]
    Header(u64),
    #[error("its member {name} has {bytes} bytes, more than the {LARGEST_MEMBER} that are accepted")]
    Large { name: String, bytes: u64 },
    #[error("it has more than {MOST_MEMBERS} members")]
    Many,
    #[error("its member {0} is no plain file")]
    Kind(String),
    #[error("a member's name is longer than a sample's or holds characters that no name needs")]
    Name,
    #[error("its member {0} comes twice in one sample")]
    Twice(String),
    #[error("one of its samples has more than {0} members")]
    LongSample(usize),
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for TarFault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Io(error) }
    }
}

/// Appends a plain file.
pub(super) fn write_member(out: &mut dyn Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    if name.len() > NAME || bytes.len() as u64 > LARGEST_MEMBER {
        return Err(io::Error::other(format!("{name} does not fit into a tar")));
    }
    out.write_all(&header(name, bytes.len()))?;
    out.write_all(bytes)?;
    out.write_all(&[0; BLOCK][..padding(bytes.len() as u64)])
}

/// The two empty blocks that end a tar.
pub(super) fn write_end(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// Bytes to the next whole block.
fn padding(bytes: u64) -> usize {
    (bytes.next_multiple_of(BLOCK as u64) - bytes) as usize
}

fn header(name: &str, bytes: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
    put(0, name.as_bytes());
    put(100, b"0000644\x000000000\x000000000\x00");
    put(124, format!("{bytes:011o}\0").as_bytes());
    // Time 0, and the sum's own place counted as spaces.
    put(136, b"00000000000\x00        0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// What a header says of the member that follows it.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// The members of a tar, one after the other.
pub(super) struct TarReader<R> {
    from: R,
    /// Bytes read so far.
    at: u64,
    members: u64,
    ended: bool,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, at: 0, members: 0, ended: false }
    }

    /// The next plain file, whose bytes must be read or skipped next; none at the end.
    pub(super) fn next_member(&mut self) -> Result<Option<Member>, TarFault> {
        while !self.ended {
            let begin = self.at;
            let mut block = [0; BLOCK];
            self.fill(&mut block)?;
            if block == [0; BLOCK] {
                // One empty block would do; the second is what a file cut short lacks.
                self.fill(&mut block)?;
                self.ended = block == [0; BLOCK];
                if self.ended {
                    break;
                }
                return Err(TarFault::Header(begin));
            }
            self.members += 1;
            if self.members > MOST_MEMBERS {
                return Err(TarFault::Many);
            }
            let name = name_of(&block).ok_or(TarFault::Name)?;
            let bytes = size_of(&block).ok_or(TarFault::Header(begin))?;
            match block[156] {
                b'0' | 0 if bytes > LARGEST_MEMBER => return Err(TarFault::Large { name, bytes }),
                b'0' | 0 => return Ok(Some(Member { name, bytes })),
                b'5' if bytes == 0 => {}
                b'x' | b'g' => self.pass_remark(name, bytes)?,
                _ => return Err(TarFault::Kind(name)),
            }
        }
        Ok(None)
    }

    /// A remark that renames or resizes the next member would make its header a lie.
    fn pass_remark(&mut self, name: String, bytes: u64) -> Result<(), TarFault> {
        if bytes > LARGEST_REMARK {
            return Err(TarFault::Large { name, bytes });
        }
        let remark = self.read(bytes)?;
        let says = |key: &[u8]| remark.windows(key.len()).any(|window| window == key);
        let told = [&b" path="[..], b" size=", b" linkpath=", b" GNU.sparse"].into_iter().any(says);
        if told { Err(TarFault::Kind(name)) } else { Ok(()) }
    }

    /// The bytes of the member whose header came last.
    pub(super) fn read(&mut self, bytes: u64) -> Result<Vec<u8>, TarFault> {
        // Grown as bytes come, so that a header alone cannot claim memory.
        let mut content = Vec::new();
        (&mut self.from).take(bytes).read_to_end(&mut content)?;
        if content.len() as u64 != bytes {
            return Err(TarFault::Truncated);
        }
        self.at += bytes;
        let mut rest = [0; BLOCK];
        self.fill(&mut rest[..padding(bytes)])?;
        Ok(content)
    }

    /// Passes over the bytes of the member whose header came last.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), TarFault> {
        let whole = bytes.next_multiple_of(BLOCK as u64);
        let passed = io::copy(&mut (&mut self.from).take(whole), &mut io::sink())?;
        self.at += passed;
        if passed == whole { Ok(()) } else { Err(TarFault::Truncated) }
    }

    fn fill(&mut self, block: &mut [u8]) -> Result<(), TarFault> {
        self.from.read_exact(block)?;
        self.at += block.len() as u64;
        Ok(())
    }
}

/// A member's name, which is never used as a path.
fn name_of(block: &[u8; BLOCK]) -> Option<String> {
    let text = |field: &[u8]| {
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        std::str::from_utf8(&field[..end]).ok().map(ToOwned::to_owned)
    };
    let name = text(&block[..NAME])?;
    let ustar = &block[257..262] == b"ustar";
    let prefix = if ustar { text(&block[345..500])? } else { String::new() };
    let whole = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
    let plain = |letter: char| letter.is_ascii_graphic() || (letter.is_alphanumeric() && !letter.is_ascii());
    (!whole.is_empty() && whole.chars().all(plain)).then_some(whole)
}

/// A member's size, if the header's sum is right.
fn size_of(block: &[u8; BLOCK]) -> Option<u64> {
    let mut unsummed = *block;
    unsummed[148..156].fill(b' ');
    let sum: u64 = unsummed.iter().map(|byte| u64::from(*byte)).sum();
    (octal(&block[148..156])? == sum).then(|| octal(&block[124..136])).flatten()
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    u64::from_str_radix(text, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::digest_of;

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in members {
            write_member(&mut bytes, name, content).unwrap();
        }
        write_end(&mut bytes).unwrap();
        bytes
    }

    fn names(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, TarFault> {
        let mut reader = TarReader::new(bytes);
        let mut found = Vec::new();
        while let Some(Member { name, bytes }) = reader.next_member()? {
            found.push((name, reader.read(bytes)?));
        }
        Ok(found)
    }

    /// The header's `at` byte replaced and its sum mended.
    fn forged(at: usize, value: &[u8]) -> Vec<u8> {
        let mut bytes = tar(&[("a.txt", b"hello")]);
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes[148..156].fill(b' ');
        let sum: u32 = bytes[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes
    }

    #[test]
    fn what_is_written_is_read_and_known_to_others() {
        let long = vec![7; 1300];
        let bytes = tar(&[("0.a.txt", b"hello"), ("0.b.bin", &long), ("0.c", &[7; 512]), ("1.empty", b"")]);
        assert_eq!(bytes.len() % BLOCK, 0);
        let found = names(&bytes).unwrap();
        assert_eq!(found[0], ("0.a.txt".to_owned(), b"hello".to_vec()));
        assert_eq!(found[1].1, long);
        assert_eq!((found[3].0.as_str(), found[3].1.len()), ("1.empty", 0));
        // Python 3: `hashlib.sha256(info.tobuf(tarfile.USTAR_FORMAT)).hexdigest()` of
        // `info = tarfile.TarInfo("0.a.txt")`, `info.size = 5`.
        assert_eq!(
            digest_of(&bytes[..BLOCK]).unwrap(),
            "1f1b2e98b79b4fb0f32a2c7df2205a2bd4e14812abd076f9dc5d94670c23a1af"
        );
    }

    #[test]
    fn a_cut_tar_is_refused_wherever_it_is_cut() {
        let bytes = tar(&[("0.a.txt", b"hello"), ("0.b.bin", &[1; 700])]);
        for length in (0..bytes.len()).step_by(97).chain([bytes.len() - BLOCK, bytes.len() - 1]) {
            assert!(matches!(names(&bytes[..length]), Err(TarFault::Truncated)), "{length}");
        }
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let mut flipped = tar(&[("a.txt", b"hello")]);
        flipped[3] ^= 1;
        assert!(matches!(names(&flipped), Err(TarFault::Header(0))));
        assert!(matches!(names(&forged(124, b"77777777777\0")), Err(TarFault::Large { .. })));
        assert!(matches!(names(&forged(124, &[0x80, 0, 0, 1])), Err(TarFault::Header(0))));
        assert!(matches!(names(&forged(124, b"00001000000\0")), Err(TarFault::Truncated)));
        assert!(matches!(names(&forged(124, b"-0000000001\0")), Err(TarFault::Header(0))));
        for kind in [b"1", b"2", b"L", b"S", b"7"] {
            assert!(matches!(names(&forged(156, kind)), Err(TarFault::Kind(_))), "{kind:?}");
        }
        assert!(matches!(names(&forged(0, b"a\x1b[2J")), Err(TarFault::Name)));
        assert!(matches!(names(&forged(0, &[0xff])), Err(TarFault::Name)));
        assert!(matches!(names(&forged(0, &[0])), Err(TarFault::Name)));
    }

    #[test]
    fn remarks_are_passed_over_unless_they_rename() {
        let with = |remark: &[u8]| {
            let mut bytes = tar(&[("x", remark)]);
            bytes.truncate(bytes.len() - 2 * BLOCK);
            bytes[156] = b'x';
            bytes[148..156].fill(b' ');
            let sum: u32 = bytes[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
            bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            bytes.extend(tar(&[("a.txt", b"hello")]));
            bytes
        };
        assert_eq!(names(&with(b"21 mtime=1700000000.5\n")).unwrap()[0].0, "a.txt");
        assert!(matches!(names(&with(b"19 path=/etc/passwd\n")), Err(TarFault::Kind(_))));
    }

    #[test]
    fn skipping_and_reading_come_to_the_same_place() {
        let bytes = tar(&[("0.a", &[1; 700]), ("0.b", b"x")]);
        let mut reader = TarReader::new(&bytes[..]);
        let first = reader.next_member().unwrap().unwrap();
        reader.skip(first.bytes).unwrap();
        assert_eq!(reader.next_member().unwrap().unwrap().name, "0.b");
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut bytes = Vec::new();
        assert!(write_member(&mut bytes, &"n".repeat(101), b"").is_err() && bytes.is_empty());
    }
}
