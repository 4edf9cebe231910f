//! Buffers: aligned to cache lines, kept by each thread, or written by several threads at once.

use bytemuck::{Pod, Zeroable};
use std::cell::RefCell;
use std::marker::PhantomData;

/// One cache line.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Floats that start on a cache line.
#[derive(Debug, Clone, Default)]
pub(super) struct Aligned {
    lines: Vec<Line>,
}

impl Aligned {
    pub(super) fn zeros(floats: usize) -> Self {
        Self { lines: vec![Line([0.0; 16]); floats.div_ceil(16)] }
    }

    pub(super) fn floats(&self) -> &[f32] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(super) fn floats_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}

/// Lends this thread's buffer, `floats` long and holding anything. Fresh memory would be cleared by the
/// system page by page, which costs as much as the work.
pub(super) fn with_scratch(floats: usize, work: impl FnOnce(&mut [f32])) {
    thread_local! {
        static SCRATCH: RefCell<Aligned> = RefCell::default();
    }
    let mut scratch = SCRATCH.take();
    if scratch.floats().len() < floats {
        scratch = Aligned::zeros(floats);
    }
    work(&mut scratch.floats_mut()[..floats]);
    SCRATCH.set(scratch);
}

/// A buffer whose parts are written by several threads.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    len: usize,
    lent: PhantomData<&'a mut [f32]>,
}

// SAFETY: a plain buffer of floats; whoever takes a part vouches that no one else has it.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(super) fn new(buffer: &'a mut [f32]) -> Self {
        Self { start: buffer.as_mut_ptr(), len: buffer.len(), lent: PhantomData }
    }

    /// `len` floats from `from` on.
    ///
    /// # Safety
    /// Nobody else uses any of them meanwhile.
    #[inline(always)]
    pub(super) unsafe fn part(&self, from: usize, len: usize) -> &'a mut [f32] {
        assert!(from <= self.len && len <= self.len - from);
        // SAFETY: within the buffer, which is borrowed for `'a`; the caller vouches that it is alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}
