//! The most memory that this process held, as Linux counts it (`VmHWM`): its own pages and those of mapped
//! files that are in memory.

use std::fs::{read_to_string, write};

/// Bytes since the last [`forget`], or ever; none where the system does not tell.
pub fn peak() -> Option<u64> {
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Starts over from what is held now. Where that is not allowed, [`peak`] keeps counting from the start.
pub fn forget() {
    if let Err(error) = write("/proc/self/clear_refs", "5") {
        tracing::debug!("the peak of memory was not reset: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_given_back_still_shows_in_the_peak() {
        const SIZE: usize = 64 << 20;
        forget();
        let before = peak().unwrap();
        std::hint::black_box(vec![1u8; SIZE]);
        assert!(peak().unwrap() >= before + SIZE as u64 / 2);
    }
}
