//! Amounts that others have published or that were worked out by hand, model by model: `case G1` to `case G10`, `case P8`.

use super::*;
use crate::measure::{DataStep, PriceTag, Quantity, Unit};
use crate::money::{Currency, Money, Rounding};
use crate::time::{Anchor, Instant, Period, Zone};

const USD: Currency = Currency::USD;
const MONTH: i64 = 30 * 86_400;

pub(super) fn tag(text: &str) -> PriceTag {
    PriceTag::parse(text, USD).unwrap()
}

pub(super) fn usd(text: &str) -> Money {
    Money::parse_amount(text, USD).unwrap()
}

pub(super) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

pub(super) fn unit(text: &str) -> Unit {
    Unit::parse(text).unwrap()
}

fn percent(text: &str) -> Percent {
    Percent::parse(text).unwrap()
}

/// `("100", "0.10", "5")`: up to 100, 0.10 for each, 5 on entering; empty for none.
pub(super) fn tier(upto: &str, price: &str, flat: &str) -> Tier {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Tier {
        upto: given(upto).map(|text| quantity(&text)),
        price: given(price).map(|text| tag(&text)),
        flat: given(flat).map(|text| usd(&text)),
    }
}

fn plain(model: Model) -> Tariff {
    Tariff::plain(USD, Some(unit("call")), model)
}

fn formula(tariff: &Tariff) -> Formula {
    tariff.formula(MONTH).unwrap()
}

/// Net, as text without its currency; `total` in units.
fn net(formula: &Formula, total: &str) -> String {
    formula.amount(i128::from(quantity(total).millionths())).unwrap().net.plain()
}

/// Every total and what it costs.
fn check(tariff: &Tariff, amounts: &[(&str, &str)]) {
    let formula = formula(tariff);
    for (total, amount) in amounts {
        assert_eq!(net(&formula, total), *amount, "{total} of {:?}", tariff.model);
    }
}

/// What is posted where so much was used, then that much more.
fn check_step(tariff: &Tariff, before: &str, now: &str, step: &str) {
    let formula = formula(tariff);
    let at = |total| formula.amount(i128::from(quantity(total).millionths())).unwrap();
    assert_eq!(at(now).checked_sub(at(before)).unwrap().net, usd(step), "{before} to {now}");
}

fn event(second: i64, value: &str) -> Event {
    Event {
        at: Instant::try_from_seconds(1_000 + second).unwrap(),
        id: u128::from(second.unsigned_abs()),
        value: quantity(value),
    }
}

/// What each event adds, one after the other.
fn check_events(tariff: &Tariff, events: &[(&str, &str)]) {
    let formula = formula(tariff);
    let mut fold = formula.fold();
    let mut posted = Charge::zero(USD);
    for (second, (value, added)) in (0..).zip(events) {
        let charge = fold.push(&event(second, value)).unwrap();
        assert_eq!(charge.checked_sub(posted).unwrap().net, usd(added), "event {second} of {value}");
        posted = charge;
    }
    let mut events: Vec<Event> = (0..).zip(events).map(|(second, (value, _))| event(second, value)).collect();
    events.reverse();
    assert_eq!(formula.amount_of(&events), Ok(posted), "backwards");
}

#[test]
fn case_g1_graduated_with_flat_parts() {
    let tariff = plain(Model::Graduated(vec![
        tier("5", "", "100"),
        tier("10", "", "50"),
        tier("15", "5 / call", ""),
        tier("", "1 / call", ""),
    ]));
    check(
        &tariff,
        &[
            ("0", "0.00"),          // nothing enters no tier
            ("0.000001", "100.00"), // a millionth enters the first
            ("5", "100.00"),        // at the bound: still the first
            ("5.000001", "150.00"), // 100 + 50
            ("10", "150.00"),
            ("11.5", "157.50"), // 150 + 1.5 x 5
            ("12", "160.00"),   // 150 + 2 x 5
            ("15", "175.00"),   // 150 + 5 x 5
            ("22", "182.00"),   // case G1: 0 + 100 + 50 + 25 + 7
        ],
    );
    check_step(&tariff, "12", "22", "22"); // 182 - 160
    let capped = Tariff { cap: Some(usd("170")), ..tariff.clone() };
    check_step(&capped, "12", "22", "10"); // 170 - 160
    check(&capped, &[("13.999999", "169.999995"), ("14", "170.00"), ("1000000", "170.00")]);

    let committed = Tariff { minimum: Some(usd("1000")), ..tariff };
    let formula = formula(&committed);
    let billed = Charge { list: usd("100"), net: usd("100") };
    assert_eq!(formula.true_up(billed, Coverage::WHOLE).unwrap().net, usd("900"));
    assert_eq!(formula.amount_at_close(5_000_000, Coverage::WHOLE).unwrap().net, usd("1000")); // 100 + 900
    assert_eq!(net(&formula, "5"), "100.00"); // no effect before the close
}

#[test]
fn case_g2_volume_with_flat_parts() {
    let tariff = plain(Model::Volume(vec![
        tier("5", "", "100"),
        tier("10", "", "150"),
        tier("15", "10 / call", ""),
        tier("", "5 / call", ""),
    ]));
    check(
        &tariff,
        &[
            ("0", "0.00"),
            ("5", "100.00"),
            ("10", "150.00"),
            ("10.5", "105.00"), // 10.5 x 10
            ("14", "140.00"),
            ("15", "150.00"),
            ("15.000001", "75.000005"), // x 5
            ("16", "80.00"),
            ("100", "500.00"),
        ],
    );
    check_step(&tariff, "15", "16", "-70"); // 80 - 150: one posting, shown as -150 and +80
}

#[test]
fn case_g3_graduated_and_volume() {
    let tiers = || vec![tier("100", "0.10 / call", ""), tier("500", "0.05 / call", ""), tier("", "0.02 / call", "")];
    check(
        &plain(Model::Graduated(tiers())),
        &[
            ("0", "0.00"),
            ("100", "10.00"),
            ("100.000001", "10.00000005"),
            ("250", "17.50"),
            ("500", "30.00"),
            ("1000", "40.00"),
        ],
    );
    check(
        &plain(Model::Volume(tiers())),
        &[("0", "0.00"), ("100", "10.00"), ("101", "5.05"), ("250", "12.50"), ("500", "25.00"), ("1000", "20.00")],
    );
    let finer = plain(Model::Graduated(vec![tier("50", "0.0075 / call", ""), tier("", "0.0025 / call", "")]));
    check(&finer, &[("75", "0.4375")]); // 50 x 0.0075 + 25 x 0.0025
}

#[test]
fn case_g4_packages() {
    let tariff = plain(Model::Package(tag("15 / 10 calls")));
    check(
        &tariff,
        &[
            ("0", "0.00"),
            ("0.000001", "15.00"),
            ("5", "15.00"),
            ("10", "15.00"),
            ("10.000001", "30.00"),
            ("17", "30.00"),
            ("110", "165.00"),
        ],
    );
    check_step(&tariff, "17", "22", "15");
    check_step(&tariff, "60", "110", "75"); // 11 packages, 165, less 90
    check_step(&Tariff { cap: Some(usd("100")), ..tariff }, "60", "110", "10"); // 100 - 90
}

#[test]
fn case_g5_dynamic() {
    let tariff = plain(Model::Dynamic { factor: Factor::parse("1.33333").unwrap() });
    check(&tariff, &[("0", "0.00"), ("10", "13.3333"), ("70", "93.3331")]);
    let (cents, _) = usd("13.3333").round_to_minor(Rounding::HalfEven).unwrap();
    assert_eq!(cents, usd("13.33"));
    let capped = Tariff { cap: Some(usd("100")), ..tariff };
    check_step(&capped, "70", "120", "6.6669"); // 100 - 93.3331; 6.67 in cents
}

#[test]
fn case_g6_percentage_before_cap() {
    let tariff = Tariff { discount: percent("50%"), cap: Some(usd("100")), ..plain(Model::Unit(tag("10 / call"))) };
    check(&tariff, &[("7", "35.00"), ("20", "100.00"), ("27", "100.00")]);
    check_step(&tariff, "7", "27", "65"); // 27 x 10 x 50% = 135, at most 100, less 35
    let charge = formula(&tariff).amount(7_000_000).unwrap();
    assert_eq!((charge.list, charge.net, charge.discount().unwrap()), (usd("70"), usd("35"), usd("35")));
}

#[test]
fn case_g7_percentage() {
    let part = |fixed: &str, free_events, free_amount: Option<&str>| {
        plain(Model::Percentage {
            percent: percent("1%"),
            fixed: Some(usd(fixed)),
            free_events,
            free_amount: free_amount.map(usd),
        })
    };
    // 3 free events, the fourth costs 0.10 + 5.00.
    check_events(&part("5", 3, None), &[("10", "0"), ("10", "0"), ("10", "0"), ("10", "5.10")]);
    // 15 free: 12, then 16 is 1 above it: 0.01 + 5.00; then 0.10 + 5.00, together 10.11.
    check_events(&part("5", 0, Some("15")), &[("4", "0"), ("4", "0"), ("4", "0"), ("4", "5.01"), ("10", "5.10")]);
    check_events(&part("5", 0, Some("15")), &[("15", "0"), ("0.01", "5.0001")]); // exactly at the free amount
    // Both: free while both last. The second passes the amount, the third is beyond the events.
    check_events(&part("5", 2, Some("15")), &[("10", "0"), ("10", "5.05"), ("1", "5.01")]);
    check_events(&part("5", 2, Some("15")), &[("1", "0"), ("1", "0"), ("1", "5.01")]);
    // At least 1.75, at most 12: 1 + 1 = 2; 10 + 1 = 11; 100 + 1 = 101, so 12: 2, 13, 25 together.
    let limited = Tariff { each: Each { min: Some(usd("1.75")), max: Some(usd("12")) }, ..part("1", 0, None) };
    check_events(&limited, &[("100", "2"), ("1000", "11"), ("10000", "12"), ("10", "1.75"), ("0", "1.75")]);
    // Without anything of single events it is one more price of a total.
    let total = plain(Model::Percentage { percent: percent("1%"), fixed: None, free_events: 0, free_amount: None });
    check(&total, &[("40", "0.40"), ("0.000001", "0.00000001")]);
    assert!(formula(&total).is_linear());
    assert_eq!(formula(&limited).amount(1), Err(RateError::NeedsEvents));
}

#[test]
fn case_g8_charged_as_it_comes() {
    let tiers = vec![tier("5", "0.02 / call", "0.01"), tier("", "0.01 / call", "0.01")];
    // 3 x 0.02 + 0.01; 0.02; 1 x 0.02 ... of 4, 5 and then 6: 0.02 + 0.01 + 0.01
    check_events(&plain(Model::Graduated(tiers)), &[("3", "0.07"), ("1", "0.02"), ("2", "0.04")]);

    let part = |upto: Option<&str>, of: &str, flat: &str| PercentTier {
        upto: upto.map(quantity),
        percent: percent(of),
        flat: Some(usd(flat)),
    };
    let tiers = vec![part(Some("100"), "20%", "10"), part(Some("200"), "30%", "7"), part(None, "40%", "5")];
    let graduated = plain(Model::GraduatedPercentage(tiers));
    // 50 x 20% + 10; 50 x 20% + 50 x 30% + 7; 50 x 30% + 250 x 40% + 5
    check_events(&graduated, &[("50", "20.00"), ("100", "32.00"), ("300", "120.00")]);
    check(&graduated, &[("0", "0.00"), ("100", "30.00"), ("100.000001", "37.0000003"), ("200", "67.00")]);

    let package = Tariff { free: quantity("3"), ..plain(Model::Package(tag("100 / 2 calls"))) };
    check_events(&package, &[("3", "0"), ("1", "100"), ("2", "100")]); // 0, 1 and 3 above the free ones
}

#[test]
fn case_g9_time_weighted_sum() {
    let zone = Zone::UTC;
    let at = |text: &str| Instant::parse(text).unwrap();
    let (_, march) = Anchor::calendar_month(zone.clone()).period_containing(at("2023-03-05T00:00:00Z")).unwrap();
    let (_, april) = Anchor::calendar_month(zone).period_containing(at("2023-04-05T00:00:00Z")).unwrap();
    let change = |text: &str, value: i64| Event { at: at(text), id: 1, value: Quantity::from_whole(value).unwrap() };
    let levels = levels(
        Quantity::ZERO,
        &[
            change("2023-03-05T00:00:00Z", 2_500),
            change("2023-04-04T00:00:00Z", -2_000),
            change("2023-04-06T00:00:00Z", -200),
        ],
    )
    .unwrap();
    let mut tally = Tally::new(Aggregation::TimeWeighted);
    for level in &levels {
        tally.add(level).unwrap();
    }
    let price = Tariff::plain(USD, Some(unit("GB")), Model::Unit(tag("1.00 / GB-month")));
    let cost = |period: Period| {
        let charge = price.formula(period.seconds()).unwrap().amount(tally.total(period).unwrap()).unwrap();
        charge.net.round_to_minor(Rounding::HalfEven).unwrap().0
    };
    assert_eq!(cost(march), usd("2177.42")); // 2500 x 27 / 31
    assert_eq!(cost(april), usd("533.33")); // (2500 x 3 + 500 x 2 + 300 x 25) / 30
    assert_eq!(levels.last().map(|level| level.value), Quantity::from_whole(300)); // carried on
    // The same as a size with nothing free.
    let readings: Vec<Reading> = levels.iter().map(|level| (level.at, level.value)).collect();
    assert_eq!(excess(&readings, april, Quantity::ZERO), tally.total(april));
}

#[test]
fn case_g10_conversion() {
    let convert = Conversion { per: quantity("1000"), round: Some(Rounding::Up), unit: unit("thousand-call") };
    let tariff = Tariff { convert: Some(convert.clone()), ..plain(Model::Unit(tag("10"))) };
    check(
        &tariff,
        &[("0", "0.00"), ("0.000001", "10.00"), ("1000", "10.00"), ("1000.000001", "20.00"), ("1400", "20.00")],
    );
    let tiers = vec![tier("5", "1", ""), tier("", "0.5", "")];
    let graduated = Tariff { convert: Some(convert.clone()), ..plain(Model::Graduated(tiers)) };
    check(&graduated, &[("5000", "5.00"), ("5001", "5.50"), ("7400", "6.50")]); // 8 units: 5 x 1 + 3 x 0.5
    // Free in the new unit: 2 of 8 thousand-calls.
    check(&Tariff { free: quantity("2"), ..tariff.clone() }, &[("2000", "0.00"), ("2001", "10.00"), ("7400", "60.00")]);
    // Without rounding, exactly.
    let exact = Tariff { convert: Some(Conversion { round: None, ..convert }), ..tariff };
    check(&exact, &[("1400", "14.00"), ("0.000001", "0.00000001")]);
    check(&Tariff { free: quantity("0.0005"), ..exact }, &[("0.5", "0.00"), ("1.5", "0.01")]); // half a call is free
}

#[test]
fn case_p8_by_seconds() {
    let month = Period::try_new(
        Instant::parse("2026-01-01T00:00:00Z").unwrap(),
        Instant::parse("2026-02-01T00:00:00Z").unwrap(),
    )
    .unwrap();
    let rest = month.end().seconds_since(Instant::parse("2026-01-20T00:00:00Z").unwrap());
    let linear = running("100 / month", "1", "1", "0%", month.seconds()).unwrap();
    assert_eq!(rest, 12 * 86_400);
    assert_eq!(linear.charge_at(rest).unwrap().net, usd("38.70967742")); // 100 x 12 / 31
    assert_eq!(linear.charge_at(month.seconds()).unwrap().net, usd("100"));
}

fn running(price: &str, count: &str, share: &str, off: &str, month_seconds: i64) -> Result<Linear, RateError> {
    let price = tag(price);
    let unit = price.per.unit.clone();
    LinearPrice {
        currency: USD,
        price: &price,
        unit: unit.as_ref(),
        step: DataStep::Binary,
        quantity: quantity(count),
        share: Factor::parse(share).unwrap(),
        discount: percent(off),
        month_seconds,
    }
    .compile()
}

#[test]
fn what_runs_by_the_second() {
    let check = |price, count, share, off, seconds, list: &str, net: &str| {
        let charge = running(price, count, share, off, MONTH).unwrap().charge_at(seconds).unwrap();
        assert_eq!((charge.list.plain(), charge.net.plain()), (list.to_owned(), net.to_owned()), "{price} {seconds}");
    };
    check("0.042 / hour", "1", "1", "0%", 0, "0.00", "0.00");
    check("0.042 / hour", "1", "1", "0%", 1, "0.00001167", "0.00001167"); // 1,166.67 units
    check("0.042 / hour", "1", "1", "0%", 3_600, "0.042", "0.042");
    check("2.49 / hour", "8", "1", "10%", 5_400, "29.88", "26.892"); // R44: 2.49 x 8 x 1.5 x 90%
    check("0.05 / vcpu-hour", "4", "0.25", "0%", 7_200, "0.10", "0.10"); // stopped, a quarter: 0.05 x 4 x 2 / 4
    check("0.10 / GB-month", "100", "1", "0%", MONTH, "10.00", "10.00");
    check("1200 / year", "1", "1", "0%", MONTH, "100.00", "100.00");
    check("5 / 2 hours", "1", "1", "0%", 3_600, "2.50", "2.50");
    check("2.49 / hour", "1", "1", "100%", 3_600, "2.49", "0.00");
    check("0.00000001 / second", "0.5", "1", "0%", 1, "0.00", "0.00"); // half a unit, a tie: to even
    check("0.00000001 / second", "0.5", "1", "0%", 3, "0.00000002", "0.00000002"); // one and a half, to even

    let linear = running("2.49 / hour", "1", "1", "0%", MONTH).unwrap();
    assert_eq!(linear.amount_at(-1), Err(RateError::NegativeSeconds { seconds: -1 }));
    assert!(matches!(linear.amount_at(i64::MAX), Err(RateError::Overflow { .. })));
    assert_eq!(running("5", "1", "1", "0%", MONTH), Err(RateError::NoTime));
    assert_eq!(running("5 / month", "1", "1", "0%", 0), Err(RateError::MonthNotPositive { seconds: 0 }));
    assert_eq!(
        running("5 / hour", "1", "1", "100.5%", MONTH),
        Err(RateError::DiscountAboveAll { percent: percent("100.5%") })
    );
}

#[test]
fn a_session_is_rounded_once_at_its_stop() {
    use crate::time::Duration;
    let session =
        |round_up, min| Session { round_up: Duration::from_seconds(round_up), min: Duration::from_seconds(min) };
    let check = |round_up, min, seconds, billed| {
        assert_eq!(
            session(round_up, min).billed_seconds(seconds),
            Ok(billed),
            "{seconds} by {round_up}, at least {min}"
        );
    };
    check(0, 0, 59, 59);
    check(60, 0, 1, 60);
    check(60, 0, 60, 60);
    check(60, 0, 61, 120);
    check(0, 90, 30, 90);
    check(60, 90, 30, 90); // at least 90, not 120
    check(60, 90, 91, 120);
    check(60, 90, 0, 0); // began and ended within a second
    assert!(session(60, 0).billed_seconds(i64::MAX).is_err());
    assert!(session(60, 0).billed_seconds(-1).is_err());

    // An hour at 3.60, resized after 600 s to 7.20, stopped after 900 s: 300 s of the second run, and 2,700 s missing to
    // the hour at the last price. 0.60 + 0.60 accrued, 5.40 at the stop.
    let last = running("7.20 / hour", "1", "1", "0%", MONTH).unwrap();
    assert_eq!(last.remainder(session(3_600, 0), 900, 300).unwrap().net, usd("5.40"));
    assert_eq!(last.remainder(Session::PLAIN, 900, 300).unwrap(), Charge::zero(USD));
}

#[test]
fn prices_with_a_time_take_unit_seconds() {
    let storage = |model| Tariff::plain(USD, Some(unit("GB")), model);
    let gb_days = |gb: i128, days: i128| gb * 1_000_000 * days * 86_400;
    let check = |tariff: &Tariff, total, expected: &str| {
        assert_eq!(formula(tariff).amount(total).unwrap().net.plain(), expected);
    };
    let unit_price = storage(Model::Unit(tag("0.10 / GB-month")));
    check(&unit_price, gb_days(300, 30), "30.00");
    check(&unit_price, gb_days(300, 10), "10.00");
    assert!(formula(&unit_price).is_linear() && formula(&unit_price).is_over_time());
    check(&Tariff { free: quantity("20"), ..unit_price.clone() }, gb_days(300, 30), "28.00"); // 280 GB-months
    check(&Tariff { free: quantity("20"), ..unit_price }, gb_days(20, 30), "0.00");
    // Written for a TB, counted in GB: 1024 GB-months cost 102.40.
    check(&storage(Model::Unit(tag("102.40 / TB-month"))), gb_days(1, 30), "0.10");
    let tiers = vec![tier("100", "0.10 / GB-month", ""), tier("", "0.05 / GB-month", "")];
    check(&storage(Model::Graduated(tiers)), gb_days(300, 30), "20.00"); // 100 x 0.10 + 200 x 0.05
    check(&storage(Model::Package(tag("5 / 100 GB-month"))), gb_days(300, 30) + 1, "20.00"); // a fourth begun
    let hours =
        Tariff::plain(USD, None, Model::Graduated(vec![tier("10", "1 / hour", ""), tier("", "0.5 / hour", "")]));
    check(&hours, 12 * 3_600 * 1_000_000, "11.00"); // 10 + 2 x 0.5
    let capped = Tariff { cap: Some(usd("20")), ..Tariff::plain(USD, None, Model::Unit(tag("0.04 / hour"))) };
    check(&capped, 500 * 3_600 * 1_000_000, "20.00"); // 500 x 0.04 = 20.00
    check(&capped, 720 * 3_600 * 1_000_000, "20.00"); // 28.80, at most 20
}

#[test]
fn what_cannot_be_compiled_says_why() {
    let check = |tariff: Tariff, expected: RateError| {
        assert_eq!(tariff.formula(MONTH).map(|formula| formula.currency()), Err(expected));
    };
    let each = Each { min: Some(usd("2")), max: Some(usd("1")) };
    let some = || vec![tier("5", "1 / call", ""), tier("", "2 / call", "")];
    check(plain(Model::Graduated(vec![])), RateError::NoTiers);
    check(plain(Model::Graduated(vec![tier("5", "1 / call", "")])), RateError::LastTierBounded);
    check(plain(Model::Volume(vec![tier("", "", ""), tier("", "", "")])), RateError::TierBound { tier: 1 });
    check(plain(Model::Volume(vec![tier("0", "", ""), tier("", "", "")])), RateError::TierBound { tier: 1 });
    check(
        plain(Model::Graduated(vec![tier("5", "", ""), tier("5", "", ""), tier("", "", "")])),
        RateError::TierBound { tier: 2 },
    );
    check(
        plain(Model::Unit(tag("1 / token"))),
        RateError::UnitMismatch { priced: unit("token"), counted: unit("call") },
    );
    check(plain(Model::Graduated(vec![tier("5", "1 / hour", ""), tier("", "1 / day", "")])), RateError::MixedTimes);
    check(Tariff { each, ..plain(Model::Unit(tag("1 / call"))) }, RateError::LimitsCross);
    check(Tariff { each: Each { max: None, ..each }, ..plain(Model::Volume(some())) }, RateError::EachOverVolume);
    check(
        Tariff {
            free: quantity("1"),
            ..plain(Model::Percentage { percent: percent("1%"), fixed: None, free_events: 1, free_amount: None })
        },
        RateError::FreeTwice,
    );
    check(
        Tariff { discount: percent("101"), ..plain(Model::Unit(tag("1"))) },
        RateError::DiscountAboveAll { percent: percent("101") },
    );
    check(
        Tariff { cap: Some(usd("-1")), ..plain(Model::Unit(tag("1"))) },
        RateError::NegativeLimit { what: "the cap of a period" },
    );
    let convert = Conversion { per: Quantity::ZERO, round: None, unit: unit("x") };
    check(Tariff { convert: Some(convert), ..plain(Model::Unit(tag("1"))) }, RateError::ConversionByZero);
    let euros = Money::parse("1 EUR").unwrap();
    assert!(matches!(
        Tariff { cap: Some(euros), ..plain(Model::Unit(tag("1"))) }.formula(MONTH),
        Err(RateError::Money(_))
    ));
}

#[test]
fn extreme_numbers_are_errors() {
    let overflows = |tariff: &Tariff, total: i128| {
        let found = formula(tariff).amount(total);
        assert!(matches!(found, Err(RateError::Overflow { .. })), "{total}: {found:?}");
    };
    let one = plain(Model::Unit(tag("1 / call")));
    let capped = Tariff { cap: Some(usd("1")), ..one.clone() };
    overflows(&one, i128::MAX);
    overflows(&capped, i128::MAX);
    overflows(&plain(Model::Package(tag("15 / 10 calls"))), i128::MAX);
    // 2^127 - 1 millionths are 1.7 x 10^32 calls: as a number of 128 bits they still have a price.
    let cheap = plain(Model::Graduated(vec![tier("5", "1", ""), tier("", "0.000000000000000000000001", "")]));
    assert_eq!(formula(&cheap).amount(i128::MAX).unwrap().net, usd("170141188.46046923")); // and 5.00 for the first five
    assert_eq!(formula(&one).amount(i128::MIN), Ok(Charge::zero(USD)));
    // The largest amount of money, and one unit more.
    let most = 92_233_720_368_547_758;
    assert_eq!(formula(&one).amount(most).unwrap().net.units(), 9_223_372_036_854_775_800);
    overflows(&one, most + 1);
    assert!(plain(Model::Unit(tag("79228162514264337593543950335 / 0.000001 calls"))).formula(MONTH).is_err());
}

#[test]
fn events_come_in_one_order() {
    let tariff =
        plain(Model::Percentage { percent: percent("1%"), fixed: Some(usd("1")), free_events: 1, free_amount: None });
    let formula = formula(&tariff);
    let mut fold = formula.fold();
    fold.push(&event(5, "10")).unwrap();
    let before = fold.charge();
    assert!(matches!(fold.push(&event(4, "10")), Err(RateError::OutOfOrder { .. })));
    let negative = Event { value: Quantity::from_millionths(-1), ..event(6, "1") };
    assert_eq!(fold.push(&negative), Err(RateError::NegativeQuantity));
    assert_eq!(fold.charge(), before);
    assert_eq!(fold.push(&event(6, "100")).unwrap().net, usd("2"));
}

#[test]
fn an_explanation_reads_aloud() {
    let told = |tariff: &Tariff, total: &str| {
        formula(tariff).explain(i128::from(quantity(total).millionths())).unwrap().to_string()
    };
    let tiers = || vec![tier("100", "0.10 / call", ""), tier("500", "0.05 / call", ""), tier("", "0.02 / call", "")];
    let graduated = plain(Model::Graduated(tiers()));
    assert_eq!(told(&graduated, "250"), "250 calls: 100 × 0.10 + 150 × 0.05 = 17.50 USD");
    assert_eq!(told(&graduated, "1"), "1 call: 1 × 0.10 = 0.10 USD");
    assert_eq!(told(&graduated, "0"), "0 calls: 0.00 USD");
    assert_eq!(told(&plain(Model::Volume(tiers())), "250"), "250 calls: 250 × 0.05 = 12.50 USD");
    assert_eq!(
        told(&Tariff { discount: percent("10%"), cap: Some(usd("15")), ..graduated }, "250"),
        "250 calls: 100 × 0.10 + 150 × 0.05 = 17.50 USD\ndiscount 10%: −1.75\nat most 15.00 a period: 15.00"
    );
    let flat = vec![tier("5", "", "100"), tier("10", "", "50"), tier("15", "5", ""), tier("", "1", "")];
    assert_eq!(told(&plain(Model::Graduated(flat)), "22"), "22 calls: 100.00 + 50.00 + 5 × 5 + 7 × 1 = 182.00 USD");
    assert_eq!(told(&plain(Model::Package(tag("15 / 10 calls"))), "17"), "17 calls: 2 × 15 = 30.00 USD");
    let convert = Conversion { per: quantity("1000"), round: Some(Rounding::Up), unit: unit("thousand-call") };
    assert_eq!(
        told(&Tariff { convert: Some(convert), ..plain(Model::Unit(tag("10"))) }, "1400"),
        "1,400 → 2 thousand-calls (rounded up)\n2 thousand-calls: 2 × 10 = 20.00 USD"
    );
    let tokens = Tariff::plain(USD, Some(unit("token")), Model::Unit(tag("0.15 / 1M tokens")));
    assert_eq!(told(&tokens, "250000"), "250,000 tokens: 250,000 × 0.15 / 1,000,000 = 0.0375 USD");

    let storage =
        Tariff { free: quantity("20"), ..Tariff::plain(USD, Some(unit("GB")), Model::Unit(tag("0.10 / GB-month"))) };
    assert_eq!(
        formula(&storage).explain(300 * 1_000_000 * i128::from(MONTH)).unwrap().to_string(),
        "free 20 GB-months\n280 GB-months: 280 × 0.10 = 28.00 USD"
    );
    assert_eq!(
        formula(&Tariff { free: Quantity::ZERO, ..storage })
            .explain(1_000_000 * i128::from(MONTH) / 3)
            .unwrap()
            .to_string(),
        "≈ 0.333333 GB-months: ≈ 0.333333 × 0.10 = 0.03333333 USD"
    );

    let part = Tariff {
        discount: percent("50%"),
        each: Each { min: Some(usd("1.75")), max: Some(usd("12")) },
        ..plain(Model::Percentage { percent: percent("1%"), fixed: Some(usd("1")), free_events: 1, free_amount: None })
    };
    let formula = formula(&part);
    let mut fold = formula.fold();
    for (second, value) in [(1, "10"), (2, "100"), (3, "10000")] {
        fold.push(&event(second, value)).unwrap();
    }
    // 2 + 101 = 103, half is 51.50; 1 is lifted to 1.75, 50.50 is cut to 12.
    assert_eq!(
        fold.explain().unwrap().to_string(),
        "3 events, 1 free, the rest at 1% + 1.00: 103.00 USD\ndiscount 50%: −51.50\neach at least 1.75: +0.75\neach at most 12.00: −38.50"
    );
    assert_eq!(fold.explain().unwrap().net, usd("13.75"));
}
