//! Trying until enough pictures are good: the same decisions, one seed after the other.
//!
//! [`Attempts`] only counts: an export and the window each make and keep pictures in a way of their own. The seeds
//! go up from the recipe's by one, so the same call tries the same pictures.

use crate::project::{Variant, VariantName};
use crate::workflow::Checks;

/// When to stop trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UntilPass {
    /// Pictures that must pass all checks that apply to them, at least 1.
    pub passes: u32,
    /// Pictures that are tried at most.
    pub at_most: u32,
}

/// Counts the tries of one variant.
#[derive(Debug, Clone)]
pub struct Attempts {
    variant: Variant,
    until: UntilPass,
    tried: u32,
    passed: u32,
}

impl Attempts {
    pub fn new(variant: Variant, until: UntilPass) -> Self {
        Self { variant, until, tried: 0, passed: 0 }
    }

    /// The variant to make next, named after its seed; none once enough passed, enough were tried, or the seeds
    /// have come to their end.
    pub fn next_variant(&self) -> Option<Variant> {
        if self.is_enough() || self.tried >= self.until.at_most {
            return None;
        }
        let mut variant = self.variant.clone();
        variant.recipe.seed = variant.recipe.seed.checked_add(u64::from(self.tried))?;
        variant.name = VariantName(format!("{}_seed-{}", variant.name, variant.recipe.seed));
        Some(variant)
    }

    /// Takes note of what became of the last one; a picture that could not be made has no checks.
    pub fn note(&mut self, checks: Option<&Checks>) {
        self.tried += 1;
        self.passed += u32::from(checks.is_some_and(Checks::all_pass));
    }

    /// Whether as many passed as were wanted.
    pub fn is_enough(&self) -> bool {
        self.passed >= self.until.passes
    }

    pub fn passed(&self) -> u32 {
        self.passed
    }

    pub fn tried(&self) -> u32 {
        self.tried
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    fn variant(seed: u64) -> Variant {
        let mut project = Project::default();
        project.recipe.seed = seed;
        project.current_variant()
    }

    /// Tries until it is over; picture `index` passes if its bit in `good` is set.
    fn tried(seed: u64, until: UntilPass, good: u32) -> (Vec<u64>, Attempts) {
        let mut attempts = Attempts::new(variant(seed), until);
        let mut seeds = Vec::new();
        while let Some(variant) = attempts.next_variant() {
            let passes = good >> seeds.len() & 1 == 1;
            seeds.push(variant.recipe.seed);
            attempts.note(passes.then(Checks::default).as_ref());
        }
        (seeds, attempts)
    }

    #[test]
    fn seeds_go_up_until_enough_pass() {
        let (seeds, attempts) = tried(7, UntilPass { passes: 2, at_most: 9 }, 0b10110);
        assert_eq!(seeds, [7, 8, 9]);
        assert_eq!((attempts.is_enough(), attempts.passed(), attempts.tried()), (true, 2, 3));
    }

    #[test]
    fn the_cap_ends_what_never_passes() {
        let (seeds, attempts) = tried(0, UntilPass { passes: 1, at_most: 3 }, 0);
        assert_eq!(seeds, [0, 1, 2]);
        assert!(!attempts.is_enough());
        assert!(tried(0, UntilPass { passes: 1, at_most: 0 }, 1).0.is_empty());
    }

    #[test]
    fn the_last_seed_there_is_is_the_last_one_tried() {
        let (seeds, _) = tried(u64::MAX - 1, UntilPass { passes: 5, at_most: 9 }, 0);
        assert_eq!(seeds, [u64::MAX - 1, u64::MAX]);
    }

    #[test]
    fn every_try_has_a_name_of_its_own() {
        let attempts = Attempts::new(variant(3), UntilPass { passes: 1, at_most: 1 });
        assert_eq!(attempts.next_variant().map(|variant| variant.name.0).as_deref(), Some("current_seed-3"));
    }
}
