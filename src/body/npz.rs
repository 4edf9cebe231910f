//! npz archives: bounded, checked, never unpickled.
