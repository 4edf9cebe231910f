//! An allocator that keeps large blocks for the next one who asks.
//!
//! A layer's result has tens of megabytes and lives for milliseconds. The system takes such a block back at
//! once and clears a new one page by page, which was measured at a third of a training step. Here freed blocks
//! wait on shelves by size, but only while a [`Keeper`] lives: between pictures, and in a program that paints
//! none, every block is the system's. Live and waiting blocks together never exceed what was live at once since
//! the first keeper came, so keeping them raises no peak.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blocks smaller than this, in bytes, are the system's business.
const LARGE: usize = 1 << 20;

/// Every block starts on a page.
const PAGE: usize = 4096;

/// Sizes between a power of two and the next: an eighth of it apart.
const STEPS: u32 = 3;

/// Shelves: sizes from [`LARGE`] up to 2^44 bytes.
const SHELVES: usize = 24 << STEPS;

#[global_allocator]
static PAGES: KeptPages = KeptPages::new();

/// Freed blocks wait while one lives; the last one to go gives them back to the system.
#[derive(Debug)]
pub struct Keeper(());

/// For work that frees and asks for the same blocks over and over: a picture, a training.
pub fn keep_pages() -> Keeper {
    PAGES.keep();
    Keeper(())
}

impl Drop for Keeper {
    fn drop(&mut self) {
        PAGES.release();
    }
}

/// Keeps large blocks.
#[derive(Debug)]
struct KeptPages {
    shelves: Mutex<Shelves>,
}

/// Freed blocks, in chains: each begins with the address of the next.
#[derive(Debug)]
struct Shelves {
    chains: [*mut u8; SHELVES],
    /// Those who want blocks to wait.
    keepers: usize,
    /// Bytes handed out, bytes that wait, and the most that were out at once since the first keeper came.
    live: usize,
    waiting: usize,
    most: usize,
}

// SAFETY: whoever holds the lock is the only one to follow the chains, and a waiting block is nobody's.
unsafe impl Send for Shelves {}

impl KeptPages {
    const fn new() -> Self {
        let shelves = Shelves { chains: [null_mut(); SHELVES], keepers: 0, live: 0, waiting: 0, most: 0 };
        Self { shelves: Mutex::new(shelves) }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self) {
        let mut shelves = self.shelves();
        if shelves.keepers == 0 {
            shelves.most = shelves.live;
        }
        shelves.keepers += 1;
    }

    fn release(&self) {
        let mut shelves = self.shelves();
        shelves.keepers -= 1;
        if shelves.keepers == 0 {
            shelves.shrink(0);
        }
    }

    /// A block and whether it comes cleared.
    fn take(&self, layout: Layout, cleared: bool) -> (*mut u8, bool) {
        let Some((shelf, block)) = block_for(layout) else {
            // SAFETY: the caller's own layout.
            let start = unsafe { if cleared { System.alloc_zeroed(layout) } else { System.alloc(layout) } };
            return (start, cleared);
        };
        if let Some(start) = self.shelves().take(shelf, block.size()) {
            return (start, false);
        }
        // SAFETY: `block` has a size.
        let fresh = || unsafe { if cleared { System.alloc_zeroed(block) } else { System.alloc(block) } };
        let mut start = fresh();
        if start.is_null() {
            self.shelves().shrink(0);
            start = fresh();
        }
        if start.is_null() {
            self.shelves().live -= block.size();
        }
        (start, cleared)
    }
}

/// The shelf of a layout and the block that lies on it; none for what is the system's.
fn block_for(layout: Layout) -> Option<(usize, Layout)> {
    if layout.size() < LARGE || layout.align() > PAGE {
        return None;
    }
    let power = layout.size().ilog2();
    let step = 1usize << (power - STEPS);
    let size = layout.size().checked_next_multiple_of(step)?;
    let power = size.ilog2();
    let within = (size >> (power - STEPS)) & ((1 << STEPS) - 1);
    let shelf = (((power - LARGE.ilog2()) as usize) << STEPS) + within;
    let block = Layout::from_size_align(size, PAGE).ok()?;
    (shelf < SHELVES).then_some((shelf, block))
}

/// The size of the blocks on a shelf.
fn size_on(shelf: usize) -> usize {
    let power = LARGE.ilog2() + (shelf >> STEPS) as u32;
    (1 << power) + ((shelf & ((1 << STEPS) - 1)) << (power - STEPS))
}

impl Shelves {
    /// A waiting block of `size`. Without one, room is made for a fresh one, which counts as live already.
    fn take(&mut self, shelf: usize, size: usize) -> Option<*mut u8> {
        let start = self.chains[shelf];
        self.live += size;
        self.most = self.most.max(self.live);
        if start.is_null() {
            self.shrink(self.most - self.live);
            return None;
        }
        self.unlink(shelf);
        Some(start)
    }

    /// Whether a freed block waits; else it is to be given back.
    fn keep(&mut self, shelf: usize, size: usize, start: *mut u8) -> bool {
        self.live -= size;
        if self.keepers == 0 || self.live + self.waiting + size > self.most {
            return false;
        }
        // SAFETY: the block is `size` bytes from a page's start on, and nobody's.
        unsafe { start.cast::<*mut u8>().write(self.chains[shelf]) };
        self.chains[shelf] = start;
        self.waiting += size;
        true
    }

    /// Takes the first block off a shelf that has one.
    fn unlink(&mut self, shelf: usize) {
        // SAFETY: a waiting block begins with the address of the next.
        self.chains[shelf] = unsafe { self.chains[shelf].cast::<*mut u8>().read() };
        self.waiting -= size_on(shelf);
    }

    /// Gives waiting blocks back, the largest first, until at most `most` bytes wait.
    fn shrink(&mut self, most: usize) {
        for shelf in (0..SHELVES).rev() {
            while self.waiting > most && !self.chains[shelf].is_null() {
                let start = self.chains[shelf];
                self.unlink(shelf);
                // SAFETY: the system made it with this layout: `take` asks for the shelf's size, on a page.
                unsafe { System.dealloc(start, Layout::from_size_align_unchecked(size_on(shelf), PAGE)) };
            }
        }
    }
}

// SAFETY: a block comes from the system with the layout of its shelf, which follows from the caller's layout
// alone, is at least as large and as aligned as asked, and is handed out once until it is given back.
unsafe impl GlobalAlloc for KeptPages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout, false).0
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (start, cleared) = self.take(layout, true);
        if !cleared && !start.is_null() {
            // SAFETY: the block is at least as large.
            unsafe { start.write_bytes(0, layout.size()) };
        }
        start
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match block_for(layout) {
            Some((shelf, block)) if self.shelves().keep(shelf, block.size(), start) => {}
            // SAFETY: made with this layout, see `take`.
            Some((_, block)) => unsafe { System.dealloc(start, block) },
            // SAFETY: the system's own.
            None => unsafe { System.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches that `size` is no overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (block_for(layout), block_for(wanted)) {
            // SAFETY: the system's own on both sides.
            (None, None) => unsafe { System.realloc(start, layout, size) },
            (Some((old, _)), Some((new, _))) if old == new => start,
            _ => {
                // SAFETY: a new block, copied into as far as both reach; then the old one goes.
                unsafe {
                    let to = self.alloc(wanted);
                    if !to.is_null() {
                        to.copy_from_nonoverlapping(start, layout.size().min(size));
                        self.dealloc(start, layout);
                    }
                    to
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that wait, and bytes that are out.
    fn counts(pages: &KeptPages) -> (usize, usize) {
        let shelves = pages.shelves();
        (shelves.waiting, shelves.live)
    }

    fn large(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn every_size_lies_on_a_shelf_of_its_own_size() {
        for size in [LARGE, LARGE + 1, 3 << 20, (5 << 20) - 1, 77_777_777, 1 << 33] {
            let (shelf, block) = block_for(large(size)).unwrap();
            assert_eq!(size_on(shelf), block.size());
            assert!(block.size() >= size && block.size() <= size + size / 8, "{size}");
        }
        assert!(block_for(large(LARGE - 1)).is_none());
        assert!(block_for(Layout::from_size_align(LARGE, 2 * PAGE).unwrap()).is_none());
    }

    #[test]
    fn a_freed_block_is_handed_out_again_and_cleared_when_asked() {
        let pages = KeptPages::new();
        pages.keep();
        // SAFETY: blocks are used within their size and given back once, with their own layouts.
        unsafe {
            let first = pages.alloc(large(3 << 20));
            first.write_bytes(7, 3 << 20);
            pages.dealloc(first, large(3 << 20));
            let second = pages.alloc_zeroed(large((3 << 20) - 9));
            assert_eq!(first, second);
            let bytes = std::slice::from_raw_parts(second, (3 << 20) - 9);
            assert!(bytes.iter().all(|&byte| byte == 0));
            pages.dealloc(second, large((3 << 20) - 9));
        }
        pages.release();
        assert_eq!(counts(&pages), (0, 0));
    }

    #[test]
    fn live_and_waiting_blocks_never_exceed_what_was_live_at_once() {
        let pages = KeptPages::new();
        pages.keep();
        // SAFETY: as above; nothing is read or written.
        unsafe {
            let blocks = [1, 2, 3].map(|size| (pages.alloc(large(size << 20)), large(size << 20)));
            for (start, layout) in blocks {
                pages.dealloc(start, layout);
            }
            assert_eq!(counts(&pages), (6 << 20, 0));
            let other = pages.alloc(large(5 << 20));
            let (waiting, live) = counts(&pages);
            assert!(live == 5 << 20 && waiting + live <= 6 << 20);
            pages.dealloc(other, large(5 << 20));
        }
        assert!(counts(&pages).0 <= 6 << 20);
        pages.release();
        assert_eq!(counts(&pages), (0, 0));
    }

    #[test]
    fn a_growing_block_keeps_its_bytes_across_shelves() {
        let pages = KeptPages::new();
        pages.keep();
        // SAFETY: as above.
        unsafe {
            let mut start = pages.alloc(large(1000));
            start.write_bytes(9, 1000);
            let mut size = 1000;
            for next in [LARGE, LARGE + 5, 2 * LARGE, 500] {
                start = pages.realloc(start, large(size), next);
                size = next;
            }
            assert!(std::slice::from_raw_parts(start, 500).iter().all(|&byte| byte == 9));
            pages.dealloc(start, large(size));
        }
        pages.release();
    }

    #[test]
    fn without_a_keeper_nothing_waits_and_the_last_one_empties_the_shelves() {
        let pages = KeptPages::new();
        let once = || {
            // SAFETY: as above; nothing is read or written.
            unsafe { pages.dealloc(pages.alloc(large(3 << 20)), large(3 << 20)) };
            counts(&pages).0
        };
        assert_eq!(once(), 0);
        pages.keep();
        pages.keep();
        assert_eq!(once(), 3 << 20);
        pages.release();
        assert_eq!(counts(&pages).0, 3 << 20, "one keeper is left");
        pages.release();
        assert_eq!(counts(&pages), (0, 0));
    }
}
