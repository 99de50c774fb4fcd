//! Codes to scan, and the pages of wallets (R59): which channels have them, when an open one is asked about, and what was paid on it where
//! its owner's wallet holds another currency than the account.
//!
//! The provider tells by itself when a code was paid; asking is for when that is lost. So it begins early, grows rare, and is due once more
//! at the code's end, where it decides.

use crate::money::{Money, Rounding, mul_div_round};
use crate::policy::Channel;
use crate::time::{Duration, Instant};

/// The first pause; it doubles up to the second while the code is open.
const LOOK_SECONDS: i64 = 3;
const LOOK_MAX_SECONDS: i64 = 60;
/// The longest pause after its end, while the provider cannot say what became of it.
const LATE_MAX_SECONDS: i64 = 3_600;
/// Digits of a rate behind the point.
const RATE_DIGITS: u32 = 10;

/// Whether it is paid by a code, or on a page that ends soon.
pub const fn has_code(channel: Channel) -> bool {
    match channel {
        Channel::Alipay | Channel::WechatPay | Channel::Paypal => true,
        Channel::Card | Channel::SepaDebit | Channel::BankTransfer => false,
    }
}

/// When it is asked about next, after so many times. While it is open: 3 s, doubling to a minute, and at its end. After that (the provider could
/// not answer, or money is on its way): as long again as it is over, between a minute and an hour.
pub fn next_look(looks: i64, now: Instant, until: Instant) -> Instant {
    let after = |seconds: i64| Duration::try_from_seconds(seconds).ok().and_then(|pause| now.checked_add(pause).ok());
    if now < until {
        let doubled =
            LOOK_SECONDS.checked_shl(u32::try_from(looks.clamp(0, 8)).unwrap_or(8)).unwrap_or(LOOK_MAX_SECONDS);
        return after(doubled.min(LOOK_MAX_SECONDS)).unwrap_or(until).min(until);
    }
    after(now.seconds_since(until).clamp(LOOK_MAX_SECONDS, LATE_MAX_SECONDS)).unwrap_or(now)
}

/// How much of what was paid is one of what it counts for, as a decimal fraction: 72.30 CNY for 10.00 USD is `7.23`. Counted in whole numbers;
/// what does not come out even is rounded half-even at the tenth digit. None: it is the same currency, or nothing.
pub fn rate(paid: Money, counts_for: Money) -> Option<String> {
    if paid.currency() == counts_for.currency() || !paid.is_positive() || !counts_for.is_positive() {
        return None;
    }
    let scale = 10_i128.checked_pow(RATE_DIGITS)?;
    let of = i128::from(paid.units()).checked_mul(i128::from(counts_for.currency().units_per_major()))?;
    let whole = i128::from(counts_for.units()).checked_mul(i128::from(paid.currency().units_per_major()))?;
    let scaled = mul_div_round(of, scale, whole, Rounding::HalfEven).ok()?;
    let (whole, part) = (scaled.checked_div(scale)?, scaled.checked_rem(scale)?);
    let text = format!("{whole}.{part:010}");
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::try_from_seconds(seconds).unwrap()
    }

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn asked_about_early_then_rarely_and_at_its_end() {
        let (mut now, until, mut looks) = (at(0), at(900), Vec::new());
        for count in 0.. {
            now = next_look(count, now, until);
            looks.push(now.micros() / 1_000_000);
            if now == until {
                break;
            }
        }
        assert_eq!(looks, [3, 9, 21, 45, 93, 153, 213, 273, 333, 393, 453, 513, 573, 633, 693, 753, 813, 873, 900]);
        // A minute after its end, then as long again, an hour at most.
        assert_eq!(next_look(19, at(900), until), at(960));
        assert_eq!(next_look(20, at(960), until), at(1_020));
        assert_eq!(next_look(21, at(1_020), until), at(1_140));
        assert_eq!(next_look(900, at(90_000), until), at(93_600));
    }

    #[test]
    fn a_rate_is_a_decimal_fraction() {
        assert_eq!(rate(money("72.30 CNY"), money("10.00 USD")).as_deref(), Some("7.23"));
        assert_eq!(rate(money("13.84 USD"), money("100.00 CNY")).as_deref(), Some("0.1384"));
        assert_eq!(rate(money("1500 JPY"), money("10.00 USD")).as_deref(), Some("150"));
        assert_eq!(rate(money("10.00 USD"), money("3.00 EUR")).as_deref(), Some("3.3333333333"));
        assert_eq!(rate(money("20.00 USD"), money("3.00 EUR")).as_deref(), Some("6.6666666667"));
        assert_eq!(rate(money("10.00 USD"), money("10.00 USD")), None);
        assert_eq!(rate(money("0.00 CNY"), money("10.00 USD")), None);
        let most = |code: &str| Money::from_units(i64::MAX, crate::money::Currency::parse(code).unwrap());
        assert_eq!(rate(most("CNY"), most("USD")).as_deref(), Some("1"), "the largest amounts there are");
    }
}
