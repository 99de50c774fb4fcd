//! Arithmetic of coupons, beside the cases it comes from; what a coupon is for; when it can be redeemed.

use super::*;
use crate::money::{Currency, Money};
use crate::time::{Instant, Zone};
use proptest::prelude::*;

fn coupon(text: &str) -> Coupon {
    Coupon::from_text(text, Currency::USD).unwrap_or_else(|| panic!("{text} is a coupon"))
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

#[test]
fn what_is_taken_off_is_rounded_once_and_shared() {
    let check = |value: CouponValue, amounts: &[&str], off: &str, shares: &[&str]| {
        let amounts: Vec<Money> = amounts.iter().map(|amount| Money::parse(amount).unwrap()).collect();
        let (amount, found) = discount(value, &amounts).unwrap();
        let found: Vec<String> = found.into_iter().map(Money::plain).collect();
        assert_eq!((amount.plain().as_str(), found), (off, shares.iter().map(|share| (*share).to_owned()).collect()));
    };
    let percent = |text: &str| CouponValue::Percent(Percent::parse(text).unwrap());
    let amount = |text: &str| CouponValue::Amount(Money::parse(text).unwrap());
    // case C11: 1000 yen x 33.333% = 333.33 -> 333; 667 are left.
    check(percent("33.333"), &["1000 JPY"], "333", &["333"]);
    // Half a yen is taken off whole: 15 x 10% = 1.5 -> 2.
    check(percent("10"), &["15 JPY"], "2", &["2"]);
    // case C7: 10.00 over 100/50/30/20 of 200.
    check(amount("10 EUR"), &["100 EUR", "50 EUR", "30 EUR", "20 EUR"], "10.00", &["5.00", "2.50", "1.50", "1.00"]);
    // case C9: 15 at 4/5, 2/25, 3/25: 12, 1.2, 1.8.
    check(amount("15 JPY"), &["80 JPY", "8 JPY", "12 JPY"], "15", &["12", "1", "2"]);
    // A fixed amount takes what there is: 5.00 + 3.00, nothing off what is below zero.
    check(amount("10 EUR"), &["5 EUR", "-4 EUR", "3 EUR"], "8.00", &["5.00", "0.00", "3.00"]);
    check(percent("100"), &["9.99 EUR", "0.01 EUR"], "10.00", &["9.99", "0.01"]);
    check(percent("20"), &["0 EUR"], "0.00", &["0.00"]);
    check(amount("10 EUR"), &[], "0.00", &[]);
}

#[test]
fn a_coupon_is_for_what_it_names() {
    let name = |text: &str| Name::parse(text).unwrap();
    let (hosted, gpu, pro) = (name("hosted"), name("gpu"), name("pro"));
    let check = |text: &str, product: &Name, sku: Option<&Name>, kind: SoldKind, is_for: bool| {
        let coupon = coupon(&format!("code = \"SPRING\"\n{text}"));
        assert_eq!(coupon.is_for(&Sold { product, sku, kind }), is_for, "{text} {product}");
    };
    use SoldKind::{Ordered, Usage};
    check("percent = \"20\"", &hosted, None, Usage, true);
    check("percent = \"20\"\nproducts = [\"hosted\"]", &hosted, None, Usage, true);
    check("percent = \"20\"\nproducts = [\"hosted\"]", &gpu, None, Usage, false);
    check("percent = \"20\"\nskus = [\"pro\"]", &hosted, Some(&pro), Ordered, true);
    check("percent = \"20\"\nskus = [\"pro\"]", &hosted, Some(&gpu), Ordered, false);
    check("percent = \"20\"\nskus = [\"pro\"]", &hosted, None, Usage, false);
    check("free_periods = 2", &hosted, None, Ordered, true);
    check("free_periods = 2", &hosted, None, Usage, false);
    check("percent = \"20\"\nfirst_order = true", &hosted, None, Ordered, true);
    check("percent = \"20\"\nfirst_order = true", &hosted, None, Usage, false);
}

#[test]
fn for_how_many_bills() {
    let check =
        |text: &str, uses: Option<u32>| assert_eq!(coupon(&format!("code = \"X\"\n{text}")).uses(), uses, "{text}");
    check("percent = \"20\"", Some(1));
    check("percent = \"20\"\nbills = 3", Some(3));
    check("percent = \"20\"\nbills = \"none\"", None);
    check("free_periods = 2", Some(2));
}

#[test]
fn from_its_first_day_to_its_last() {
    let rome = Zone::parse("Europe/Rome").unwrap();
    let check = |text: &str, now: &str, had: u32, expected: Result<(), NotRedeemed>| {
        let coupon = coupon(&format!("code = \"SPRING\"\namount = \"5.00\"\n{text}"));
        let asked = Redeeming { now: at(now), zone: &rome, had, ordered: false, bills: false };
        assert_eq!(redeemable(&coupon, &asked).unwrap(), expected, "{text} at {now}");
    };
    // The last day is one of its days, where the cloud is: in Rome it ends at 22:00 UTC in summer.
    let until = "until = \"2027-06-30\"";
    check(until, "2027-06-30T21:59:59Z", 0, Ok(()));
    check(until, "2027-06-30T22:00:00Z", 0, Err(NotRedeemed::Expired { until: at("2027-06-30T22:00:00Z") }));
    check(
        "until = \"2027-06-30T09:00:00Z\"",
        "2027-06-30T09:00:00Z",
        0,
        Err(NotRedeemed::Expired { until: at("2027-06-30T09:00:00Z") }),
    );
    let from = "from = \"2027-06-30\"";
    check(from, "2027-06-29T22:00:00Z", 0, Ok(()));
    check(from, "2027-06-29T21:59:59Z", 0, Err(NotRedeemed::NotYet { from: at("2027-06-29T22:00:00Z") }));
    check("", "2027-06-29T22:00:00Z", 1, Err(NotRedeemed::Had { most: 1 }));
    check("per_account = 2", "2027-06-29T22:00:00Z", 1, Ok(()));
}

/// A share of a bill needs a bill; an amount becomes credit where there is none.
#[test]
fn without_bills_only_an_amount_waits() {
    let zone = Zone::UTC;
    let check = |text: &str, ordered: bool, bills: bool, stands: bool| {
        let coupon = coupon(&format!("code = \"SPRING\"\n{text}"));
        let asked = Redeeming { now: Instant::EPOCH, zone: &zone, had: 0, ordered, bills };
        assert_eq!(redeemable(&coupon, &asked).unwrap().is_ok(), stands, "{text}");
    };
    check("amount = \"5.00\"", false, false, true);
    check("percent = \"5\"", false, false, false);
    check("free_periods = 1", false, false, false);
    check("percent = \"5\"", true, false, true);
    check("percent = \"5\"", false, true, true);
}

#[test]
fn a_coupon_reads_back() {
    let text = "code = \"SPRING20\"\npercent = \"20\"\nproducts = [\"hosted\", \"gpu\"]\nper_account = 2\nper_period = { count = 3, every = \"1 month\" }\nbills = \"none\"\nfrom = \"2026-01-01\"\nuntil = \"2027-06-30T10:00:00Z\"";
    let first = coupon(text);
    let again = Coupon::from_text(&first.to_text(), Currency::USD).unwrap();
    assert_eq!(first, again);
    assert_eq!(again.to_text(), first.to_text());
    assert_eq!(
        (again.per_account.0, again.per_period.as_ref().map(|limit| limit.count.0), again.uses()),
        (2, Some(3), None)
    );
    assert_eq!(Coupon::from_text("code = \"X\"\npercent = \"20\"\nsurprise = 1", Currency::USD), None);
    assert_eq!(Coupon::from_text("percent = \"20\"", Currency::USD), None);
}

proptest! {
    /// Whatever is taken off: its shares sum to it, none is more than its line, and no line with nothing has any.
    #[test]
    fn shares_add_up(amounts in proptest::collection::vec(-5_000_i64..500_000, 1..8), off in 0_i64..2_000_000, share in 0_u64..=100) {
        let cents = |cents: i64| Money::from_minor(cents, Currency::EUR).unwrap();
        let amounts: Vec<Money> = amounts.into_iter().map(cents).collect();
        for value in [CouponValue::Amount(cents(off)), CouponValue::Percent(Percent::from_billionths(share * 1_000_000_000))] {
            let (amount, shares) = discount(value, &amounts).unwrap();
            prop_assert_eq!(Money::sum(Currency::EUR, shares.iter().copied()).unwrap(), amount);
            for (share, of) in shares.iter().zip(&amounts) {
                prop_assert!(!share.is_negative() && share.units() <= of.units().max(0));
                prop_assert!(share.to_minor().is_ok());
            }
        }
    }
}
