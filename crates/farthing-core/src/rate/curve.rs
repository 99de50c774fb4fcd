//! What every total of a period costs, as straight pieces over one denominator, or as a price for each package begun.
//!
//! A curve is made of exact fractions and kept as whole numbers, none below zero: a total is found among the pieces, gets
//! one multiplication, one addition and one division. It counts in ticks, of which the quantity always is a whole number.

use super::RateError;
use super::divisor::Divisor;
use crate::money::Ratio;

#[derive(Clone, Debug)]
pub(super) struct Curve {
    shape: Shape,
    divisor: Divisor,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Through the origin.
    Line {
        slope: u64,
    },
    /// In order; what lies before the first costs nothing.
    Narrow(Box<[Narrow]>),
    Wide(Box<[Wide]>),
    Packages(Packages),
}

/// From tick `first` on: `base` for it, and `slope` for each tick beyond.
#[derive(Clone, Copy, Debug)]
struct Narrow {
    first: u64,
    slope: u64,
    base: u128,
}

#[derive(Clone, Copy, Debug)]
struct Wide {
    first: u128,
    slope: u128,
    base: u128,
}

/// `price` for each package begun of (ticks * `fine` - `free`): so that free part and size are whole numbers too.
#[derive(Clone, Copy, Debug)]
struct Packages {
    fine: u128,
    free: u128,
    size: Divisor,
    price: u128,
}

/// A piece before it has its denominator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) first: u128,
    pub(super) base: Ratio,
    pub(super) slope: Ratio,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "compile a price" };

impl Curve {
    /// Of pieces in order; where two begin at one tick, the later holds.
    pub(super) fn of_lines(mut lines: Vec<Line>) -> Result<Curve, RateError> {
        let firsts: Vec<u128> = lines.iter().map(|line| line.first).collect();
        let mut next = firsts.iter().skip(1);
        lines.retain(|line| next.next() != Some(&line.first));
        let mut denominator = Ratio::ONE;
        for part in lines.iter().flat_map(|line| [line.base, line.slope]) {
            denominator = common(denominator, part)?;
        }
        let whole = |part: Ratio| whole_number(part.checked_mul(denominator)?);
        let wide = lines
            .iter()
            .map(|line| Ok(Wide { first: line.first, slope: whole(line.slope)?, base: whole(line.base)? }))
            .collect::<Result<Box<[Wide]>, RateError>>()?;
        let narrow: Option<Box<[Narrow]>> = wide
            .iter()
            .map(|piece| {
                let Wide { first, slope, base } = *piece;
                Some(Narrow { first: u64::try_from(first).ok()?, slope: u64::try_from(slope).ok()?, base })
            })
            .collect();
        let shape = match narrow {
            None => Shape::Wide(wide),
            Some(pieces) => match *pieces {
                [Narrow { first: 1, slope, base }] if base == u128::from(slope) => Shape::Line { slope },
                _ => Shape::Narrow(pieces),
            },
        };
        Ok(Curve { shape, divisor: Divisor::try_new(whole_number(denominator)?)? })
    }

    /// `free` and `size` in ticks.
    pub(super) fn of_packages(free: Ratio, size: Ratio, price: Ratio) -> Result<Curve, RateError> {
        let fine = common(common(Ratio::ONE, free)?, size)?;
        let packages = Packages {
            fine: whole_number(fine)?,
            free: whole_number(free.checked_mul(fine)?)?,
            size: Divisor::try_new(whole_number(size.checked_mul(fine)?)?)?,
            price: u128::try_from(price.numerator()).map_err(|_| OVERFLOW)?,
        };
        let denominator = u128::try_from(price.denominator()).map_err(|_| OVERFLOW)?;
        Ok(Curve { shape: Shape::Packages(packages), divisor: Divisor::try_new(denominator)? })
    }

    /// The rounded amount, in units of money; none where it does not fit.
    #[inline]
    pub(super) fn amount(&self, ticks: u128) -> Option<i64> {
        if let Some(exact) = self.numerator(ticks) {
            return self.divisor.half_even(exact);
        }
        let (over, slope, base) = self.found(ticks)?;
        self.divisor.half_even_wide(over, slope, base)
    }

    /// The exact amount, over `divisor`; none where that takes more than 128 bits.
    #[inline]
    pub(super) fn numerator(&self, ticks: u128) -> Option<u128> {
        match &self.shape {
            Shape::Line { slope } => times(ticks, *slope),
            Shape::Narrow(pieces) => {
                let Some(piece) = narrow(pieces, ticks) else { return Some(0) };
                times(ticks.checked_sub(u128::from(piece.first))?, piece.slope)?.checked_add(piece.base)
            }
            Shape::Wide(_) | Shape::Packages(_) => {
                let (over, slope, base) = self.found(ticks)?;
                over.checked_mul(slope)?.checked_add(base)
            }
        }
    }

    /// So many times so much, and something on top: the exact amount before it is worked out.
    fn found(&self, ticks: u128) -> Option<(u128, u128, u128)> {
        match &self.shape {
            Shape::Line { slope } => Some((ticks, u128::from(*slope), 0)),
            Shape::Narrow(pieces) => {
                let Some(piece) = narrow(pieces, ticks) else { return Some((0, 0, 0)) };
                Some((ticks.checked_sub(u128::from(piece.first))?, u128::from(piece.slope), piece.base))
            }
            Shape::Wide(pieces) => {
                let found = pieces.partition_point(|piece| piece.first <= ticks);
                let Some(piece) = found.checked_sub(1).and_then(|place| pieces.get(place)) else {
                    return Some((0, 0, 0));
                };
                Some((ticks.checked_sub(piece.first)?, piece.slope, piece.base))
            }
            Shape::Packages(packages) => Some((packages.count(ticks)?, packages.price, 0)),
        }
    }

    pub(super) const fn divisor(&self) -> &Divisor {
        &self.divisor
    }

    pub(super) const fn is_line(&self) -> bool {
        matches!(self.shape, Shape::Line { .. })
    }
}

#[inline]
fn narrow(pieces: &[Narrow], ticks: u128) -> Option<&Narrow> {
    // What passes 64 bits lies in the last piece.
    let tick = u64::try_from(ticks).unwrap_or(u64::MAX);
    let found = pieces.partition_point(|piece| piece.first <= tick);
    pieces.get(found.checked_sub(1)?)
}

impl Packages {
    #[inline]
    fn count(&self, ticks: u128) -> Option<u128> {
        let paid = ticks.checked_mul(self.fine)?.saturating_sub(self.free);
        self.size.ceiling(paid).map(u128::from)
    }
}

/// Ticks seldom pass 64 bits, and the product of 64 bits by 64 is one instruction.
#[inline]
fn times(ticks: u128, slope: u64) -> Option<u128> {
    match u64::try_from(ticks) {
        Ok(ticks) => Some(u128::from(ticks).wrapping_mul(u128::from(slope))), // below 2^128
        Err(_) => ticks.checked_mul(u128::from(slope)),
    }
}

/// The least number that both `so_far`, a whole one, and the denominator of `part` divide.
pub(super) fn common(so_far: Ratio, part: Ratio) -> Result<Ratio, RateError> {
    // so_far / denominator in lowest terms has the greatest common divisor taken out on both sides.
    let factor = Ratio::new(so_far.numerator(), part.denominator())?.denominator();
    Ok(so_far.checked_mul(Ratio::new(factor, 1)?)?)
}

/// A fraction that a common denominator has made whole.
pub(super) fn whole_number(ratio: Ratio) -> Result<u128, RateError> {
    assert!(ratio.denominator() == 1, "a common denominator makes every part a whole number");
    u128::try_from(ratio.numerator()).map_err(|_| OVERFLOW)
}
