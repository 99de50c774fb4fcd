//! Net, tax and gross: one is given, one is rounded half-up to the currency's minor unit, the third is the sum or the rest.
//!
//! So net + tax = gross always. Called once a tax group, not once a line: lines rounded by themselves would not add up to
//! the group's tax. What is below zero is the mirror image, so a credit of all returns exactly what was charged.

use crate::money::{Money, MoneyError, Rounding};
use crate::policy::PricesAre;
use crate::rate::Percent;

/// An amount with its tax. `net + tax` is [`Taxed::gross`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taxed {
    net: Money,
    tax: Money,
    gross: Money,
}

impl Taxed {
    /// Of an amount of whole minor units, which is net or gross as the prices are.
    pub fn of(prices: PricesAre, amount: Money, percent: Percent) -> Result<Taxed, MoneyError> {
        match prices {
            PricesAre::Net => Taxed::of_net(amount, percent),
            PricesAre::Gross => Taxed::of_gross(amount, percent),
        }
    }

    /// tax = net x percent, half-up to the minor unit.
    pub fn of_net(net: Money, percent: Percent) -> Result<Taxed, MoneyError> {
        let whole = i128::from(Percent::WHOLE.billionths());
        let tax = part_of_minor(net, i128::from(percent.billionths()), whole)?;
        Ok(Taxed { net, tax, gross: net.checked_add(tax)? })
    }

    /// tax = gross x percent / (100 + percent), half-up to the minor unit; net is the rest.
    pub fn of_gross(gross: Money, percent: Percent) -> Result<Taxed, MoneyError> {
        let percent = i128::from(percent.billionths());
        let with_tax = i128::from(Percent::WHOLE.billionths()).saturating_add(percent); // two u64: far from the end of i128
        let tax = part_of_minor(gross, percent, with_tax)?;
        Ok(Taxed { net: gross.checked_sub(tax)?, tax, gross })
    }

    pub const fn net(self) -> Money {
        self.net
    }

    pub const fn tax(self) -> Money {
        self.tax
    }

    pub const fn gross(self) -> Money {
        self.gross
    }
}

/// A fraction of whole minor units, as whole minor units: rounded once, not first to a unit and then to a cent.
pub(crate) fn part_of_minor(amount: Money, numerator: i128, denominator: i128) -> Result<Money, MoneyError> {
    let minor = i128::from(amount.to_minor()?);
    let part = crate::money::mul_div_round(minor, numerator, denominator, Rounding::HalfUp)?;
    let part = i64::try_from(part).map_err(|_| MoneyError::Overflow { operation: "take a tax" })?;
    Money::from_minor(part, amount.currency())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn check(found: Result<Taxed, MoneyError>, net: &str, tax: &str, gross: &str) {
        let found = found.unwrap();
        let texts = [found.net, found.tax, found.gross].map(|amount| amount.to_string());
        assert_eq!(texts, [net, tax, gross]);
    }

    #[test]
    fn tax_of_net_and_net_of_gross() {
        let money = |text| Money::parse(text).unwrap();
        let percent = |text| Percent::parse(text).unwrap();
        // case P5: 38.71 x 20% = 7.742
        check(Taxed::of_net(money("38.71 EUR"), percent("20")), "38.71 EUR", "7.74 EUR", "46.45 EUR");
        // 0.10 x 25% = 0.025, a tie: up. 0.10 x 25.5% = 0.0255
        check(Taxed::of_net(money("0.10 EUR"), percent("25")), "0.10 EUR", "0.03 EUR", "0.13 EUR");
        check(Taxed::of_net(money("-0.10 EUR"), percent("25")), "-0.10 EUR", "-0.03 EUR", "-0.13 EUR");
        check(Taxed::of_net(money("10 EUR"), percent("25.5")), "10.00 EUR", "2.55 EUR", "12.55 EUR");
        // 25.00 x 23 / 123 = 4.6747...
        check(Taxed::of_gross(money("25 EUR"), percent("23")), "20.33 EUR", "4.67 EUR", "25.00 EUR");
        // Yen have no minor unit: 999 x 10% = 99.9; 1,000 x 10 / 110 = 90.9
        check(Taxed::of_net(money("999 JPY"), percent("10")), "999 JPY", "100 JPY", "1099 JPY");
        check(Taxed::of_gross(money("1000 JPY"), percent("10")), "909 JPY", "91 JPY", "1000 JPY");
        // Dinars have three decimals: 1.005 x 5% = 0.05025; 1.005 x 10 / 110 = 0.09136
        check(Taxed::of_net(money("1.005 KWD"), percent("5")), "1.005 KWD", "0.050 KWD", "1.055 KWD");
        check(Taxed::of_gross(money("1.005 KWD"), percent("10")), "0.914 KWD", "0.091 KWD", "1.005 KWD");
        check(Taxed::of_net(money("5 EUR"), Percent::ZERO), "5.00 EUR", "0.00 EUR", "5.00 EUR");
        let fine = money("0.005 EUR");
        assert_eq!(Taxed::of_net(fine, Percent::ZERO), Err(MoneyError::NotWholeMinor { amount: fine }));
    }

    proptest! {
        #[test]
        fn net_and_tax_are_gross_and_the_tax_is_within_half_a_minor_unit(
            minor in -1_000_000_000..1_000_000_000_i64,
            thousandths in 0..60_000_u64,
            currency in prop_oneof![Just(Currency::EUR), Just(Currency::JPY), Just(Currency::BHD)],
        ) {
            let amount = Money::from_minor(minor, currency).unwrap();
            let percent = Percent::from_billionths(thousandths * 1_000_000);
            for prices in [PricesAre::Net, PricesAre::Gross] {
                let taxed = Taxed::of(prices, amount, percent).unwrap();
                prop_assert_eq!(taxed.net.checked_add(taxed.tax), Ok(taxed.gross));
                // 2 x |tax - base x p / whole| <= 1, in whole numbers
                let whole = match prices { PricesAre::Net => 100_000, PricesAre::Gross => 100_000 + i128::from(thousandths) };
                let off = i128::from(taxed.tax.to_minor().unwrap()) * whole - i128::from(minor) * i128::from(thousandths);
                prop_assert!(2 * off.abs() <= whole);
                let mirrored = Taxed::of(prices, amount.checked_neg().unwrap(), percent).unwrap();
                prop_assert_eq!(mirrored.tax.checked_neg(), Ok(taxed.tax));
            }
        }
    }
}
