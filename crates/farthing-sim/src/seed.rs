//! Where randomness comes from: one seed a run, told when something fails, and splitmix64 drawn from it.

use std::hash::{BuildHasher, Hasher};

/// What `FARTHING_SIM_SEED` says, else another one at every run.
pub fn of_this_run() -> u64 {
    match std::env::var("FARTHING_SIM_SEED") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("FARTHING_SIM_SEED={text}: this is a number below 2^64")),
        Err(_) => std::hash::RandomState::new().build_hasher().finish(),
    }
}

/// How many random cases a property runs on SQLite.
pub fn cases() -> u32 {
    match std::env::var("FARTHING_SIM_CASES") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("FARTHING_SIM_CASES={text}: this is a number of cases")),
        Err(_) => 200,
    }
}

/// splitmix64: enough to spread what is tried, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The parts make one seed: what differs in any of them rolls differently.
    pub fn of(parts: &[u64]) -> Dice {
        let mut dice = Dice(0);
        for part in parts {
            dice.0 ^= part;
            dice.0 = dice.roll();
        }
        dice
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 up to, and without, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a usize fits 64 bits");
        usize::try_from(self.roll() % end).expect("smaller than a usize")
    }

    /// Both ends are possible.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = u64::try_from(most - least + 1).expect("least is not above most");
        least + i64::try_from(self.roll() % width).expect("smaller than an i64")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator's own published numbers for a state of 1234567.
    #[test]
    fn rolls_what_splitmix64_rolls() {
        let mut dice = Dice(1_234_567);
        assert_eq!(
            [dice.roll(), dice.roll(), dice.roll()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn stays_between_its_ends() {
        let mut dice = Dice::of(&[1, 2]);
        let rolled: std::collections::BTreeSet<i64> = (0..200).map(|_| dice.between(-2, 2)).collect();
        assert_eq!(rolled.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
        assert_ne!(Dice::of(&[1, 2]).roll(), Dice::of(&[2, 1]).roll());
    }
}
