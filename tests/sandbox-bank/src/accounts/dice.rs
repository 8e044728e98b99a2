//! A small deterministic generator: the same seed gives the same customers and transactions for ever.
//!
//! It is the `SplitMix64` step (Steele, Lea, Flood 2014). Nothing secret depends on it.

/// Numbers that depend on nothing but the seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Starts from a seed and the names of what is being drawn, so that each thing has dice of its own.
    pub(crate) fn new(seed: u64, names: &[&str]) -> Self {
        // FNV-1a: any mixing will do, it only has to stay the same.
        let start =
            names.iter().flat_map(|name| name.bytes().chain([0])).fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        Self(start)
    }

    /// The next 64 bits.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `low..=high`; `low` if the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs() + 1;
        low.saturating_add_unsigned(self.roll() % width)
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) fn chance(&mut self, per_mille: u16) -> bool {
        self.roll() % 1000 < u64::from(per_mille)
    }

    /// One of the choices; `None` only if there are none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(choices.len()).ok().filter(|count| *count > 0)?;
        choices.get(usize::try_from(self.roll() % count).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_itself_for_the_same_seed_and_names() {
        assert_eq!(Dice::new(1, &["a"]).roll(), Dice::new(1, &["a"]).roll());
        assert_ne!(Dice::new(1, &["a"]).roll(), Dice::new(2, &["a"]).roll());
        assert_ne!(Dice::new(1, &["ab", "c"]).roll(), Dice::new(1, &["a", "bc"]).roll());
    }

    #[test]
    fn stays_within_the_range_it_was_given() {
        let mut dice = Dice::new(7, &[]);
        assert!((0..1000).all(|_| (-5..=5).contains(&dice.between(-5, 5))));
        assert_eq!(dice.between(3, 3), 3);
        assert!(dice.pick::<u8>(&[]).is_none());
    }
}
