//! Exact fractions in 128 bits, as they are taught at school.

use std::ops::{Add, Mul, Sub};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    over: i128,
    /// Above zero.
    under: i128,
}

impl Fraction {
    pub const ZERO: Fraction = Fraction { over: 0, under: 1 };

    pub fn new(over: i128, under: i128) -> Fraction {
        assert!(under != 0, "nothing is divided by zero");
        let common = gcd(over.abs(), under.abs()).max(1) * under.signum();
        Fraction { over: over / common, under: under / common }
    }

    pub fn whole(number: i64) -> Fraction {
        Fraction::new(i128::from(number), 1)
    }

    pub fn is_zero(self) -> bool {
        self.over == 0
    }

    pub fn is_above(self, other: Fraction) -> bool {
        (self - other).over > 0
    }

    #[must_use]
    pub fn max(self, other: Fraction) -> Fraction {
        if self.is_above(other) { self } else { other }
    }

    /// The least whole number that is not below.
    pub fn ceiling(self) -> i128 {
        let floor = self.over.div_euclid(self.under);
        if floor * self.under == self.over { floor } else { floor + 1 }
    }

    pub fn round_half_even(self) -> i64 {
        let floor = self.over.div_euclid(self.under);
        let twice = 2 * self.over.rem_euclid(self.under);
        let up = twice > self.under || (twice == self.under && floor % 2 != 0);
        i64::try_from(floor + i128::from(up)).expect("an amount of money")
    }
}

fn gcd(one: i128, other: i128) -> i128 {
    if other == 0 { one } else { gcd(other, one % other) }
}

impl Add for Fraction {
    type Output = Fraction;
    fn add(self, other: Fraction) -> Fraction {
        // Over the least common denominator, so that long sums stay within 128 bits.
        let common = gcd(self.under, other.under);
        let over = self.over * (other.under / common) + other.over * (self.under / common);
        Fraction::new(over, self.under / common * other.under)
    }
}

impl Sub for Fraction {
    type Output = Fraction;
    fn sub(self, other: Fraction) -> Fraction {
        self + Fraction { over: -other.over, ..other }
    }
}

impl Mul for Fraction {
    type Output = Fraction;
    fn mul(self, other: Fraction) -> Fraction {
        let (one, two) = (Fraction::new(self.over, other.under), Fraction::new(other.over, self.under));
        Fraction::new(one.over * two.over, one.under * two.under)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact_and_round_half_to_even() {
        let third = Fraction::new(1, 3);
        assert_eq!(third + third + third, Fraction::whole(1));
        assert_eq!(Fraction::new(2, -4), Fraction::new(-1, 2));
        let rounded = [(1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (-3, 2, -2), (7, 3, 2), (8, 3, 3)];
        for (over, under, whole) in rounded {
            assert_eq!(Fraction::new(over, under).round_half_even(), whole, "{over}/{under}");
        }
        assert_eq!(
            (Fraction::new(7, 2).ceiling(), Fraction::new(-7, 2).ceiling(), Fraction::whole(3).ceiling()),
            (4, -3, 3)
        );
    }
}
