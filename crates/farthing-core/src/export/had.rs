//! What a charge was for: when within its time a thing cost something, how long, how much of it there was, whose it was.

use crate::catalog::Product;
use crate::ledger::OwnerId;
use crate::money::{Ratio, Rounding, div_round, mul_div_round};
use crate::rate::Factor;
use crate::time::Instant;
use crate::timeline::Segment;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Had {
    /// From its first second that cost something to its last.
    pub ran: Option<(Instant, Instant)>,
    pub seconds: i128,
    /// Sizes by seconds, in millionths.
    pub sized: i128,
    /// The configuration, where it had one, and who ran it, of the last stretch.
    pub sku: String,
    pub user: String,
}

impl Had {
    /// Adds what a thing did for a payer between two instants.
    pub fn add(&mut self, segments: &[Segment], product: &Product, payer: OwnerId, (from, to): (Instant, Instant)) {
        let costs = |segment: &&Segment| {
            segment.payer == payer
                && !segment.void
                && segment.from < to
                && segment.to.is_none_or(|end| from < end)
                && product.states.get(segment.state.name()).is_some_and(|share| *share != Factor::ZERO)
        };
        for segment in segments.iter().filter(costs) {
            let begin = segment.from.max(from);
            let end = segment.to.map_or(to, |end| end.min(to));
            let seconds = i128::from(end.floor_second().seconds_since(begin.floor_second()));
            let sized = i128::from(segment.size.millionths()).saturating_mul(seconds);
            self.seconds = self.seconds.saturating_add(seconds);
            self.sized = self.sized.saturating_add(sized);
            let (first, last) = self.ran.unwrap_or((begin, end));
            self.ran = Some((first.min(begin), last.max(end)));
            self.sku = segment.sku.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(user) = &segment.user {
                self.user = user.to_string();
            }
        }
    }
}

/// How much an amount is for, where each costs the same: `rate` is money's units for a millionth. In millionths; the roundest number that
/// comes to the amount, give or take the one unit that rounding carries from day to day. None: it costs nothing, or does not fit.
pub fn quantity_for(list: i64, rate: Ratio) -> Option<i128> {
    let (up, down) = (rate.denominator(), rate.numerator());
    if down == 0 {
        return None;
    }
    let exact = mul_div_round(i128::from(list), up, down, Rounding::HalfEven).ok()?;
    let mut step = 1_000_000_i128;
    while step > 1 {
        let round = div_round(exact, step, Rounding::HalfEven).ok()?.checked_mul(step)?;
        let back = mul_div_round(round, down, up, Rounding::HalfEven).ok()?;
        if back.abs_diff(i128::from(list)) <= 1 {
            return Some(round);
        }
        step = step.checked_div(10)?;
    }
    Some(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_tells_how_much_it_is_for() {
        let check = |list: i64, numerator: i128, denominator: i128, expected: Option<i128>| {
            let rate = Ratio::new(numerator, denominator).unwrap();
            assert_eq!(quantity_for(list, rate), expected, "{list} at {numerator}/{denominator}");
        };
        // 137 calls at 0.01: a million units each.
        check(137_000_000, 1, 1, Some(137_000_000));
        check(-11_000_000, 1, 1, Some(-11_000_000));
        // 1,234,567 tokens at 4 per million: 400 units each; one unit more that rounding carried.
        check(493_826_801, 400, 1_000_000, Some(1_234_567_000_000));
        // 1.25 GB at 0.10.
        check(12_500_000, 10, 1, Some(1_250_000));
        check(5, 0, 1, None);
    }
}
