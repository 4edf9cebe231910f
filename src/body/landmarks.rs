//! The 68 iBUG landmarks.

/// Number of landmarks: 17 contour, 10 brow, 9 nose, 12 eye, 20 mouth.
pub const LANDMARKS: usize = 68;
