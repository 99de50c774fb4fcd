//! Money back (R19, R61): how much of it, and to which payments. Only cash goes back, never a gift; the newest payment first.

use super::PaymentId;
use crate::money::{Rounding, mul_div_round};

super::words! {
    /// How far a refund has come.
    RefundState {
        /// Somebody asked, nobody has decided.
        Asked = "asked",
        Refused = "refused",
        /// It has left the balance, and is on its way.
        Approved = "approved",
        Sent = "sent",
        /// A part of it, or all, could not be sent and is back on the balance.
        Failed = "failed",
    }
}

super::words! {
    /// How far the part of it has come that goes to one payment.
    PartState {
        Waiting = "waiting",
        Sent = "sent",
        Failed = "failed",
    }
}

/// A payment, and what of it could still go back. Amounts are net of tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentLeft {
    pub id: PaymentId,
    pub left: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundTooLarge {
    /// What could be given back now.
    pub most: i64,
}

/// What may be given back: cash that nothing is promised of, less what is owed and what has accrued. In whole minor units,
/// since nobody pays out less.
pub fn refundable(cash: i64, held: i64, debt: i64, accrued: i64, units_per_minor: i64) -> i64 {
    let free = cash.saturating_sub(held.max(0)).saturating_sub(debt.max(0)).saturating_sub(accrued.max(0)).max(0);
    free.saturating_sub(free.checked_rem(units_per_minor).unwrap_or(0))
}

/// Lays an amount over payments, the newest first. `payments`: newest first.
pub fn split(amount: i64, payments: &[PaymentLeft]) -> Result<Vec<(PaymentId, i64)>, RefundTooLarge> {
    let mut rest = amount;
    let mut parts = Vec::new();
    for payment in payments {
        let part = payment.left.clamp(0, rest.max(0));
        if part > 0 {
            parts.push((payment.id, part));
            rest = rest.saturating_sub(part);
        }
    }
    if rest > 0 { Err(RefundTooLarge { most: amount.saturating_sub(rest) }) } else { Ok(parts) }
}

/// What of a payment's tax goes back with a part of its net. By a running sum, so that several parts come to what one would:
/// `before` is what went back already, net.
pub fn tax_back(net: i64, tax: i64, before: i64, part: i64, units_per_minor: i64) -> i64 {
    if net <= 0 || tax == 0 {
        return 0;
    }
    let minor = |units: i64| units.checked_div(units_per_minor).unwrap_or(0);
    let upto = |returned: i64| {
        let share = mul_div_round(minor(tax).into(), returned.clamp(0, net).into(), net.into(), Rounding::HalfEven)
            .unwrap_or(0);
        i64::try_from(share).unwrap_or(0).saturating_mul(units_per_minor)
    };
    upto(before.saturating_add(part)).saturating_sub(upto(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(number: u8) -> PaymentId {
        PaymentId::from_bytes([number; 16])
    }

    #[test]
    fn the_newest_payment_first() {
        let payments = [
            PaymentLeft { id: id(3), left: 20 },
            PaymentLeft { id: id(2), left: 0 },
            PaymentLeft { id: id(1), left: 50 },
        ];
        assert_eq!(split(30, &payments), Ok(vec![(id(3), 20), (id(1), 10)]));
        assert_eq!(split(71, &payments), Err(RefundTooLarge { most: 70 }));
    }

    #[test]
    fn only_cash_that_nothing_is_promised_of() {
        // 41.205 in cash, 10.00 held, 3.00 accrued: 28.205, of which 28.20 can be paid out.
        assert_eq!(refundable(4_120_500_000, 1_000_000_000, 0, 300_000_000, 1_000_000), 2_820_000_000);
        assert_eq!(refundable(5, 0, 10, 0, 1), 0, "the floor is no credit line");
    }

    proptest! {
        #[test]
        fn parts_of_a_tax_come_to_all_of_it(net in 1..1_000_000_i64, tax in 0..300_000_i64, cuts in prop::collection::vec(1..400_000_i64, 0..6)) {
            let (mut before, mut sum) = (0, 0);
            for cut in cuts.into_iter().chain([net]) {
                let part = cut.min(net - before);
                let back = tax_back(net, tax, before, part, 1);
                prop_assert!(back >= 0);
                sum += back;
                before += part;
            }
            prop_assert_eq!(before, net);
            prop_assert_eq!(sum, tax);
        }
    }
}
