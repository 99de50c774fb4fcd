//! Amounts as Stripe counts them. Most currencies have the minor unit of ISO 4217 there; all that differ are in this file
//! (<https://docs.stripe.com/currencies>, as read in November 2026).

use farthing_core::money::{Currency, Money};

/// No minor unit at Stripe, whatever ISO says: MGA has one there.
const NO_DIGITS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Lost their minor unit, and are still sent with one, which has to be 00. The page lists UGX among those without a minor unit as
/// well; what it says of UGX alone is this: "to charge 5 UGX, provide an amount value of 500".
const TWO_DIGITS_WHOLE: [&str; 2] = ["ISK", "UGX"];
/// Of their three digits the last has to be 0: the card networks have no place for it.
const THREE_DIGITS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// How Stripe counts a currency.
#[derive(Clone, Copy)]
struct Unit {
    digits: u32,
    /// What an amount must be a multiple of.
    step: i64,
}

/// None: ISO counts it in another unit than hundredths, and Stripe's page does not say how it does. HUF and TWD have hundredths when they
/// are charged; only payouts of them are whole.
fn unit(currency: Currency) -> Option<Unit> {
    let code = currency.code();
    if NO_DIGITS.contains(&code) {
        Some(Unit { digits: 0, step: 1 })
    } else if TWO_DIGITS_WHOLE.contains(&code) {
        Some(Unit { digits: 2, step: 100 })
    } else if THREE_DIGITS.contains(&code) {
        Some(Unit { digits: 3, step: 10 })
    } else {
        (currency.minor_digits() == 2).then_some(Unit { digits: 2, step: 1 })
    }
}

/// The number to send; else, in words, why there is none.
pub(crate) fn to_stripe(amount: Money) -> Result<i64, String> {
    let currency = amount.currency();
    let unit = unit(currency).ok_or_else(|| format!("Stripe takes no {currency}"))?;
    let minor = amount.to_minor().map_err(|error| error.to_string())?;
    if minor <= 0 {
        return Err(format!("{amount} is nothing that could be paid"));
    }
    let value = rescale(minor, currency.minor_digits(), unit.digits).filter(|value| value % unit.step == 0);
    value.ok_or_else(|| format!("Stripe does not take {amount}: it counts {currency} in larger steps"))
}

/// What Stripe means by a number. None where it cannot be said in the currency.
pub(crate) fn from_stripe(value: i64, code: &str) -> Option<Money> {
    let currency = Currency::parse(&code.to_ascii_uppercase()).ok()?;
    let minor = rescale(value, unit(currency)?.digits, currency.minor_digits())?;
    Money::from_minor(minor, currency).ok()
}

/// The same amount with another number of digits, where that is exact.
fn rescale(value: i64, from: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(from.abs_diff(to))?;
    if to >= from { value.checked_mul(factor) } else { (value % factor == 0).then(|| value / factor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: &str, expected: Result<i64, &str>) {
        let money = Money::parse(amount).unwrap();
        let sent = to_stripe(money);
        assert_eq!(sent.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{amount}");
        if let Ok(value) = sent {
            let code = money.currency().code().to_ascii_lowercase();
            assert_eq!(from_stripe(value, &code), Some(money), "{amount} comes back");
        }
    }

    #[test]
    fn in_the_minor_unit_of_stripe() {
        check("12.50 USD", Ok(1_250));
        check("0.01 EUR", Ok(1));
        check("1250 JPY", Ok(1_250));
        check("12.50 HUF", Ok(1_250));
        check("12.50 TWD", Ok(1_250));
        check("5 ISK", Ok(500));
        check("5 UGX", Ok(500));
        check("5 MGA", Ok(5));
        check("5.12 KWD", Ok(5_120));
    }

    #[test]
    fn what_it_cannot_take_is_said() {
        check("5.124 KWD", Err("Stripe does not take 5.124 KWD: it counts KWD in larger steps"));
        check("5.50 MGA", Err("Stripe does not take 5.50 MGA: it counts MGA in larger steps"));
        check("5 LYD", Err("Stripe takes no LYD"));
        check("5 CLF", Err("Stripe takes no CLF"));
        check("0 USD", Err("0.00 USD is nothing that could be paid"));
        check("-1 USD", Err("-1.00 USD is nothing that could be paid"));
        assert!(to_stripe(Money::parse("0.001 USD").unwrap()).is_err(), "less than a cent");
    }

    #[test]
    fn what_cannot_be_said_is_not_guessed() {
        assert_eq!(from_stripe(550, "isk"), None);
        assert_eq!(from_stripe(100, "xxy"), None);
        assert_eq!(from_stripe(i64::MAX, "mga"), None);
    }
}
