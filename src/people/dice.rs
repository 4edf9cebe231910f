//! Even numbers from a seed, the same on every machine: splitmix64 (Steele, Lea and Flood 2014).

/// A stream of numbers; streams of different names from one seed are independent.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// `name` keeps what is drawn for one purpose from shifting what is drawn for another.
    pub(super) fn new(seed: u64, name: u64) -> Self {
        let mut dice = Self(seed ^ name.wrapping_mul(0xD134_2543_DE82_EF95));
        dice.next();
        Self(dice.next() ^ name)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0..1.
    pub(super) fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.share()
    }

    /// Around 0, mostly within 1: the sum of three even numbers has nearly the normal's shape.
    pub(super) fn spread(&mut self) -> f32 {
        (self.share() + self.share() + self.share()) * 2.0 - 3.0
    }

    pub(super) fn chance(&mut self, odds: f32) -> bool {
        self.share() < odds
    }

    /// One of a list that is not empty.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[(self.next() % list.len() as u64) as usize]
    }

    /// One of a list, each as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, list: &[(T, f32)]) -> T {
        let mut left = self.share() * list.iter().map(|(_, weight)| weight).sum::<f32>();
        for (item, weight) in list {
            left -= weight;
            if left < 0.0 {
                return *item;
            }
        }
        list[list.len() - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_give_the_same_numbers() {
        let draw = |seed, name| (0..4).map(|_| Dice::new(seed, name).next()).collect::<Vec<_>>();
        assert_eq!(draw(3, 1), draw(3, 1));
        assert_ne!(draw(3, 1), draw(3, 2));
        assert_ne!(draw(3, 1), draw(4, 1));
    }

    #[test]
    fn shares_are_even_and_spreads_are_centred() {
        let mut dice = Dice::new(1, 1);
        let mean = (0..4000).map(|_| dice.share()).sum::<f32>() / 4000.0;
        let middle = (0..4000).map(|_| dice.spread()).sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.02 && middle.abs() < 0.06, "{mean} {middle}");
    }
}
