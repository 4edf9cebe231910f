//! Chance that comes out the same on every machine: even numbers from a seed, by splitmix64 (Steele, Lea and Flood
//! 2014).

/// A stream of numbers. Streams of different names or numbers from one seed are independent.
#[derive(Debug, Clone)]
pub struct Dice(u64);

/// splitmix64's finaliser: every bit of the result depends on every bit given.
pub fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `name` keeps what is drawn for one purpose from shifting what is drawn for another.
    pub fn named(seed: u64, name: u64) -> Self {
        let mut dice = Self(seed ^ name.wrapping_mul(0xD134_2543_DE82_EF95));
        dice.next();
        Self(dice.next() ^ name)
    }

    /// Dice of their own for the `number`-th thing of a kind called `salt`.
    pub fn of(seed: u64, salt: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self(dice.next() ^ number.wrapping_mul(0x9E6C_63D0_876A_68DE))
    }

    #[expect(
        clippy::should_implement_trait,
        reason = "a stream without an end is no iterator worth adapting"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// 0..1 in steps of 2^-24.
    pub fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// 0..1 in steps of 2^-53.
    pub fn fine_share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.share()
    }

    /// Around 0, mostly within 1: the sum of three even numbers has nearly the normal's shape.
    pub fn spread(&mut self) -> f32 {
        (self.share() + self.share() + self.share()) * 2.0 - 3.0
    }

    pub fn chance(&mut self, odds: f32) -> bool {
        self.share() < odds
    }

    /// Below `count`; 0 if there is none.
    pub fn index(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// One of a list that is not empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())]
    }

    /// One of a list that is not empty, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, list: &[(T, f32)]) -> T {
        let mut left = self.share() * list.iter().map(|(_, weight)| weight).sum::<f32>();
        for (item, weight) in list {
            left -= weight;
            if left < 0.0 {
                return *item;
            }
        }
        list[list.len() - 1].0
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_their_own_and_come_again() {
        let all = [
            Dice::new(3).next(),
            Dice::named(3, 1).next(),
            Dice::named(3, 2).next(),
            Dice::named(4, 1).next(),
            Dice::of(1, 2, 3).next(),
            Dice::of(1, 2, 4).next(),
            Dice::of(1, 3, 3).next(),
            Dice::of(2, 2, 3).next(),
        ];
        assert!((1..all.len()).all(|at| !all[..at].contains(&all[at])));
        assert_eq!(Dice::named(3, 1).next(), all[1]);
        assert_eq!(Dice::of(1, 2, 3).next(), all[4]);
    }

    #[test]
    fn shares_are_even_and_spreads_are_centred() {
        let mut dice = Dice::named(1, 1);
        let mean = (0..4000).map(|_| dice.share()).sum::<f32>() / 4000.0;
        let middle = (0..4000).map(|_| dice.spread()).sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.02 && middle.abs() < 0.06, "{mean} {middle}");
        let mut dice = Dice::of(1, 2, 3);
        let mean = (0..10_000).map(|_| dice.fine_share()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut items: Vec<u32> = (0..50).collect();
        Dice::new(9).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn weights_are_heeded() {
        let mut dice = Dice::new(2);
        let heavy = (0..1000).filter(|_| dice.weighted(&[(false, 1.0), (true, 3.0)])).count();
        assert!((700..800).contains(&heavy), "{heavy}");
        assert_eq!(dice.pick(&[7]), 7);
    }
}
