//! Parity: the tokenizer, every network and a whole picture against PyTorch, diffusers and transformers.
//!
//! Each test prints its part of one table, component x config x dtype -> error. f32 must agree within 1e-4 of
//! the largest value, tensor by tensor; bf16 and f16 are stated against our f32, beside what PyTorch's own
//! halves lose. `tests/oracles/README.md` says what made the fixtures. The whole table:
//!
//! ```sh
//! cargo test --release --test parity -- --nocapture --test-threads 1
//! ```

#![expect(clippy::unwrap_used, reason = "a test, helpers included")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod adapter;
mod fixture;
mod gradients;
mod made;
mod networks;
mod table;

mod picture;
mod tokenizer;
