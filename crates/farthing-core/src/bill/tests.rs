//! Bills with known answers, the arithmetic beside each, and what holds of every bill.

use super::*;
use crate::config::Name;
use crate::money::MoneyError;
use crate::policy::PricesAre;
use crate::rate::Percent;
use crate::tax::{Assessment, TaxGroup, Treatment};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// A tax of so much, in Germany; zero is a rate too.
fn tax(percent: &str) -> Assessment {
    let text =
        format!(r#"{{"treatment":"standard","percent":"{percent}","name":"VAT","country":"DE","reason":"a test"}}"#);
    Assessment::parse(&text).unwrap()
}

fn line(amount: &str, percent: &str, origin: Origin) -> BillLine {
    BillLine {
        used: None,
        text: "Something".to_owned(),
        product: Name("thing".to_owned()),
        service: None,
        quantity: None,
        category: None,
        amount: money(amount),
        tax: tax(percent),
        origin,
    }
}

fn accrued(amount: &str, percent: &str) -> BillLine {
    line(amount, percent, Origin::Accrued)
}

fn draft(lines: Vec<BillLine>) -> DraftBill {
    let currency = lines[0].amount.currency();
    DraftBill {
        currency,
        prices: PricesAre::Net,
        lines,
        coupons: Vec::new(),
        carries: BTreeMap::new(),
        balance: Money::zero(currency),
        roll_below: None,
        last: false,
    }
}

fn coupon(amount: &str) -> Coupon {
    Coupon { text: "SPRING".to_owned(), value: CouponValue::Amount(money(amount)), lines: None }
}

/// Its lines (amount, coupon, tax), its groups (base, tax, carry after), its net, tax and total.
fn check(draft: &DraftBill, lines: &[[&str; 3]], groups: &[[&str; 4]], sums: [&str; 3]) -> BillPlan {
    let plan = plan_bill(draft).unwrap();
    let plain = |amount: Money| amount.plain();
    let found: Vec<_> = plan.lines.iter().map(|line| [line.amount, line.coupon, line.tax].map(plain)).collect();
    assert_eq!(found, lines);
    let found: Vec<_> = plan
        .groups
        .iter()
        .map(|group| [group.group.to_string(), plain(group.base), plain(group.tax), plain(group.carry_after)])
        .collect();
    assert_eq!(found, groups);
    assert_eq!([plan.net, plan.tax, plan.total].map(plain), sums);
    plan
}

/// Case P5: 50.00 x 24/31 = 38.70967742, tax 20%.
#[test]
fn case_p5_a_part_of_a_month_with_tax() {
    // 38.71 x 20% = 7.742; 38.71 + 7.74 = 46.45. Billed 38.71 of 38.70967742: 0.00032258 too much, carried.
    check(
        &draft(vec![accrued("38.70967742 EUR", "20")]),
        &[["38.71", "0.00", "7.74"]],
        &[["DE-20", "38.71", "7.74", "0.00032258"]],
        ["38.71", "7.74", "46.45"],
    );
}

/// Case C7: fees 100/50/30/20, coupon 10.00, taxes 10%, 0%, 20%, 20%: total 209.00.
#[test]
fn case_c7_a_coupon_over_lines_of_several_taxes() {
    let lines = [("100 EUR", "10"), ("50 EUR", "0"), ("30 EUR", "20"), ("20 EUR", "20")];
    let mut draft = draft(lines.map(|(amount, percent)| accrued(amount, percent)).to_vec());
    draft.coupons = vec![coupon("10 EUR")];
    // Shares of 10.00 by 100/50/30/20 of 200: 5.00, 2.50, 1.50, 1.00.
    // Taxes: (100 - 5) x 10% = 9.50; (50 - 2.50) x 0% = 0; (30 - 1.50) x 20% = 5.70; (20 - 1) x 20% = 3.80.
    // Total: 200 - 10 + 9.50 + 5.70 + 3.80 = 209.00.
    let plan = check(
        &draft,
        &[["100.00", "5.00", "9.50"], ["50.00", "2.50", "0.00"], ["30.00", "1.50", "5.70"], ["20.00", "1.00", "3.80"]],
        &[["DE-0", "47.50", "0.00", "0.00"], ["DE-10", "95.00", "9.50", "0.00"], ["DE-20", "47.50", "9.50", "0.00"]],
        ["190.00", "19.00", "209.00"],
    );
    assert_eq!(plan.coupons, [PlannedCoupon { place: 0, text: "SPRING".to_owned(), amount: money("10 EUR") }]);
}

/// Case C9: shares of 15 at 4/5, 2/25, 3/25 are 12, 1, 2.
#[test]
fn case_c9_a_coupon_by_largest_remainder() {
    let mut draft = draft(["80 JPY", "8 JPY", "12 JPY"].map(|amount| accrued(amount, "0")).to_vec());
    draft.coupons = vec![coupon("15 JPY")];
    // 15 x 80/100 = 12; 15 x 8/100 = 1.2; 15 x 12/100 = 1.8: the yen left over is the third's.
    let lines = [["80", "12", "0"], ["8", "1", "0"], ["12", "2", "0"]];
    check(&draft, &lines, &[["DE-0", "85", "0", "0"]], ["85", "0", "85"]);
}

#[test]
fn a_coupon_takes_off_what_is_sold_and_no_more() {
    // A late fee of 2.00 keeps its price; of 5.00 + 3.00 a coupon of 10.00 takes 8.00.
    let lines =
        vec![accrued("5 EUR", "10"), accrued("3 EUR", "10"), line("2 EUR", "0", Origin::LateFee(String::new()))];
    let mut draft = draft(lines);
    draft.coupons = vec![coupon("10 EUR")];
    let lines = [["5.00", "5.00", "0.00"], ["3.00", "3.00", "0.00"], ["2.00", "0.00", "0.00"]];
    let groups = [["DE-0", "2.00", "0.00", "0.00"], ["DE-10", "0.00", "0.00", "0.00"]];
    check(&draft, &lines, &groups, ["2.00", "0.00", "2.00"]);
    // 25% of 8.00 = 2.00: 1.25 and 0.75; tax 6.00 x 10% = 0.60 by 3.75 and 2.25: 0.375 and 0.225, a tie: the first.
    let value = CouponValue::Percent(Percent::parse("25").unwrap());
    draft.coupons = vec![Coupon { text: "Quarter".to_owned(), value, lines: None }];
    let lines = [["5.00", "1.25", "0.38"], ["3.00", "0.75", "0.22"], ["2.00", "0.00", "0.00"]];
    let groups = [["DE-0", "2.00", "0.00", "0.00"], ["DE-10", "6.00", "0.60", "0.00"]];
    check(&draft, &lines, &groups, ["8.00", "0.60", "8.60"]);
}

/// Whoever has several coupons pays the least that they can come to, but no line is less by more than one.
#[test]
fn several_coupons_in_the_order_that_takes_off_most() {
    let percent = |text: &str, percent: &str, lines| Coupon {
        text: text.to_owned(),
        value: CouponValue::Percent(Percent::parse(percent).unwrap()),
        lines,
    };
    let taken = |plan: &BillPlan| -> Vec<(usize, String)> {
        plan.coupons.iter().map(|coupon| (coupon.place, coupon.amount.plain())).collect()
    };
    let ten = Coupon { lines: Some(vec![1]), ..coupon("10 EUR") };
    let mut draft = draft(vec![accrued("100 EUR", "0"), accrued("20 EUR", "0")]);
    // A tenth of both is 12.00, and then nothing is left for the other. 10.00 off the second and a tenth of the first are 20.00.
    draft.coupons = vec![percent("TENTH", "10", None), ten.clone()];
    let plan = plan_bill(&draft).unwrap();
    assert_eq!(
        (taken(&plan), plan.net.plain()),
        (vec![(1, "10.00".to_owned()), (0, "10.00".to_owned())], "100.00".to_owned())
    );
    // 60% of both are 72.00 and more than 10.00 + 60.00.
    draft.coupons = vec![ten, percent("MOST", "60", None)];
    let plan = plan_bill(&draft).unwrap();
    assert_eq!((taken(&plan), plan.lines[1].coupon.plain()), (vec![(1, "72.00".to_owned())], "12.00".to_owned()));
    // One for a line that is not there takes off nothing, and is not used.
    draft.coupons = vec![percent("ELSEWHERE", "50", Some(vec![7]))];
    assert_eq!(plan_bill(&draft).unwrap().coupons, []);
    // Seven of them are not tried in every order.
    draft.coupons = (1..=7).map(|share| percent("MANY", &share.to_string(), None)).collect();
    assert_eq!(taken(&plan_bill(&draft).unwrap()), [(6, "8.40".to_owned())]);
}

#[test]
fn tax_is_rounded_once_a_group_not_once_a_line() {
    // Three of 0.10 at 5%: 0.005 a line would be 0.01 each, 0.03; of 0.30 it is 0.015, half-up 0.02.
    check(
        &draft(vec![accrued("0.10 EUR", "5"); 3]),
        &[["0.10", "0.00", "0.01"], ["0.10", "0.00", "0.01"], ["0.10", "0.00", "0.00"]],
        &[["DE-5", "0.30", "0.02", "0.00"]],
        ["0.30", "0.02", "0.32"],
    );
}

#[test]
fn carry_is_taken_and_left() {
    // 0.334 + 0.333 + 0.333 = 1.000: whole parts 0.33 each, the cent left over is the first's.
    let lines = ["0.334 EUR", "0.333 EUR", "0.333 EUR"].map(|amount| accrued(amount, "0"));
    let mut draft = draft(lines.to_vec());
    check(
        &draft,
        &[["0.34", "0.00", "0.00"], ["0.33", "0.00", "0.00"], ["0.33", "0.00", "0.00"]],
        &[["DE-0", "1.00", "0.00", "0.00"]],
        ["1.00", "0.00", "1.00"],
    );
    // 0.006 too little so far: 0.334 + 0.006 = 0.34, and with 0.333 twice 1.006 -> 1.01; 0.004 too much from now on.
    draft.carries.insert(tax("0").group(), money("-0.006 EUR"));
    check(
        &draft,
        &[["0.34", "0.00", "0.00"], ["0.34", "0.00", "0.00"], ["0.33", "0.00", "0.00"]],
        &[["DE-0", "1.01", "0.00", "0.004"]],
        ["1.01", "0.00", "1.01"],
    );
    // A group that is not on this bill keeps its carry, and is not told.
    draft.carries.insert(tax("7").group(), money("0.005 EUR"));
    assert_eq!(plan_bill(&draft).unwrap().groups.len(), 1);
}

#[test]
fn currencies_of_no_and_of_three_decimals() {
    // 333.4 + 333.3 + 333.3 = 1,000 yen; 10% = 100, by 334/333/333: 33.4, 33.3, 33.3.
    let yen = ["333.4 JPY", "333.3 JPY", "333.3 JPY"].map(|amount| accrued(amount, "10"));
    let lines = [["334", "0", "34"], ["333", "0", "33"], ["333", "0", "33"]];
    check(&draft(yen.to_vec()), &lines, &[["DE-10", "1000", "100", "0"]], ["1000", "100", "1100"]);
    // 1.2345 dinars -> 1.234 (half to even), 0.0005 too little; 1.234 x 5% = 0.0617 -> 0.062.
    check(
        &draft(vec![accrued("1.2345 BHD", "5")]),
        &[["1.234", "0.000", "0.062"]],
        &[["DE-5", "1.234", "0.062", "-0.0005"]],
        ["1.234", "0.062", "1.296"],
    );
}

#[test]
fn gross_prices_have_the_tax_in_them() {
    let mut draft = draft(vec![accrued("25 EUR", "23"), line("10 EUR", "23", Origin::Advance("ord-1".to_owned()))]);
    draft.prices = PricesAre::Gross;
    // 35.00 x 23/123 = 6.5447 -> 6.54; by 25 and 10: 4.671 and 1.869 -> 4.67 and 1.87. Net 20.33 + 8.13 = 28.46.
    let plan = check(
        &draft,
        &[["25.00", "0.00", "4.67"], ["10.00", "0.00", "1.87"]],
        &[["DE-23", "28.46", "6.54", "0.00"]],
        ["28.46", "6.54", "35.00"],
    );
    assert_eq!(plan.lines.iter().map(|line| line.net.plain()).collect::<Vec<_>>(), ["20.33", "8.13"]);
}

/// R20: strictly less than 1.00 of what would be collected is rolled on.
#[test]
fn r20_small_bills_are_rolled_on() {
    let check = |amount: &str, balance: &str, last: bool, expected: Collection| {
        let mut draft = draft(vec![accrued(amount, "19")]);
        draft.balance = money(balance);
        draft.roll_below = Some(money("1 EUR"));
        draft.last = last;
        assert_eq!(plan_bill(&draft).unwrap().collection, expected, "{amount}");
    };
    // 0.83 x 1.19 = 0.9877 -> 0.83 + 0.16 = 0.99; 0.84 + 0.16 = 1.00 (0.1596)
    check("0.83 EUR", "0 EUR", false, Collection::Roll(money("0.99 EUR")));
    check("0.84 EUR", "0 EUR", false, Collection::Collect(money("1.00 EUR")));
    check("0.83 EUR", "0 EUR", true, Collection::Collect(money("0.99 EUR"))); // no next bill
    // 10.00 + 1.90 - 11.00 of the balance = 0.90
    check("10 EUR", "11 EUR", false, Collection::Roll(money("0.90 EUR")));
    check("10 EUR", "20 EUR", false, Collection::Nothing);
    check("-10 EUR", "5 EUR", false, Collection::GiveBack(money("11.90 EUR")));
}

/// R20: what was rolled stands on the next bill, without a second tax.
#[test]
fn r20_a_sum_brought_forward_is_taxed_once() {
    let rolled = || line("0.99 EUR", "0", Origin::BroughtForward("ELE-2026-000001".to_owned()));
    // 5.00 x 19% = 0.95; 5.00 + 0.95 + 0.99 = 6.94
    let plan = check(
        &draft(vec![rolled(), accrued("5 EUR", "19")]),
        &[["0.99", "0.00", "0.00"], ["5.00", "0.00", "0.95"]],
        &[["DE-19", "5.00", "0.95", "0.00"]],
        ["5.00", "0.95", "6.94"],
    );
    assert_eq!(plan.brought_forward, money("0.99 EUR"));
    // Together with it a bill may come to 1.00: 0.01 + 0.00 + 0.99.
    let mut small = draft(vec![rolled(), accrued("0.01 EUR", "19")]);
    small.roll_below = Some(money("1 EUR"));
    assert_eq!(plan_bill(&small).unwrap().collection, Collection::Collect(money("1 EUR")));
    let taxed = BillLine { tax: tax("19"), ..rolled() };
    assert_eq!(plan_bill(&draft(vec![taxed])), Err(BillError::BroughtForwardTaxed { line: 0 }));
}

#[test]
fn what_is_no_bill_says_why() {
    let check = |draft: &DraftBill, sentence: &str| assert_eq!(plan_bill(draft).unwrap_err().to_string(), sentence);
    let one = || draft(vec![accrued("1 EUR", "0")]);
    check(&DraftBill { lines: Vec::new(), ..one() }, "a bill without lines bills nothing; issue none");
    check(
        &draft(vec![accrued("1 EUR", "0"), line("1.005 EUR", "0", Origin::LateFee(String::new()))]),
        "line 2 is 1.005 EUR: only what was accrued may have digits below the minor unit; round it where it arises",
    );
    check(&DraftBill { coupons: vec![coupon("-1 EUR")], ..one() }, "a coupon of -1.00 EUR would add to the bill");
    check(&DraftBill { balance: money("-1 EUR"), ..one() }, "a balance of -1.00 EUR cannot pay; give zero");
    check(
        &draft(vec![accrued("1 EUR", "0"), line("1 EUR", "0", Origin::TopUp)]),
        "a bill of a top-up holds that amount alone; bill the other lines by themselves",
    );
    let mixed = draft(vec![accrued("1 EUR", "0"), accrued("1 USD", "0")]);
    assert!(matches!(plan_bill(&mixed), Err(BillError::Money(MoneyError::CurrencyMismatch { .. }))));
}

fn life(total: &str) -> BillLife {
    BillLife::draft(money(total)).unwrap().apply(BillEvent::Issue).unwrap().life
}

fn play(mut life: BillLife, steps: &[(BillEvent, &str, BillState)]) -> BillLife {
    for (event, due, state) in steps {
        life = life.apply(*event).unwrap().life;
        assert_eq!((life.due().unwrap().plain().as_str(), life.state()), (*due, *state), "{event:?}");
        assert_eq!(BillLife::restore(life.state(), *life.dues()), Ok(life));
    }
    life
}

/// Case C6, first half: 249.95 due; the gateway takes 10; it is charged back; the chargeback is reversed.
#[test]
fn case_c6_a_part_payment_is_charged_back_and_won() {
    use BillEvent::{Chargeback, ChargebackReversed, Pay};
    use BillState::Issued;
    let ten = money("10 USD");
    play(
        life("249.95 USD"),
        &[
            (Pay(ten), "239.95", Issued),                // 249.95 - 10
            (Chargeback(ten), "249.95", Issued),         // 249.95 - (10 - 10)
            (ChargebackReversed(ten), "239.95", Issued), // 249.95 - (10 - 0)
        ],
    );
}

/// Case C6, second half: paid in full; refunds with and without adjustment, 21 refunded in all: due 10.
#[test]
fn case_c6_refunds_with_and_without_adjustment() {
    use BillEvent::{Pay, Refund};
    use BillState::{Issued, Paid};
    let refund = |amount: &str, adjust| Refund { amount: money(amount), adjust };
    let life = play(
        life("249.95 USD"),
        &[
            (Pay(money("249.95 USD")), "0.00", Paid),
            (refund("10 USD", false), "10.00", Issued), // 249.95 - (249.95 - 10)
            (refund("1 USD", true), "10.00", Issued),   // 249.95 - (249.95 - 11) - 1
            (refund("10 USD", true), "10.00", Issued),  // 249.95 - (249.95 - 21) - 11
        ],
    );
    assert_eq!(life.dues().refunded, money("21 USD"));
}

#[test]
fn the_life_of_a_bill() {
    use BillEvent::{Chargeback, ChargebackReversed, Credit, PassDue, Pay, Roll, Void, WriteOff};
    use BillState::{Issued, Overdue, Paid, Rolled, Uncollectible};
    let usd = |amount: &str| money(&format!("{amount} USD"));
    play(life("10 USD"), &[(PassDue, "10.00", Overdue), (PassDue, "10.00", Overdue), (Pay(usd("10")), "0.00", Paid)]);
    play(
        life("10 USD"),
        &[(WriteOff, "10.00", Uncollectible), (Pay(usd("4")), "6.00", Uncollectible), (Pay(usd("6")), "0.00", Paid)],
    );
    play(
        life("10 USD"),
        &[(Pay(usd("9.50")), "0.50", Issued), (Roll, "0.00", Rolled), (Credit(usd("2")), "0.00", Rolled)],
    );
    play(life("10 USD"), &[(Void, "0.00", BillState::Void)]);
    assert_eq!(life("0 USD").state(), Paid);
    // Paid 10, credited 4: the 4 go to the balance.
    let paid = play(life("10 USD"), &[(Pay(usd("10")), "0.00", Paid)]);
    let credited = paid.apply(Credit(usd("4"))).unwrap();
    assert_eq!((credited.to_balance, credited.life.state()), (usd("4"), Paid));
    // Due 3 of 10, credited 4: 3 lower the due, 1 goes to the balance.
    let part = play(life("10 USD"), &[(Pay(usd("7")), "3.00", Issued)]).apply(Credit(usd("4"))).unwrap();
    assert_eq!((part.to_balance, part.life.state()), (usd("1"), Paid));
    // Charged back, paid again, then won: paid twice, so 10 go to the balance.
    let again = play(
        paid,
        &[(Chargeback(usd("10")), "10.00", Issued), (PassDue, "10.00", Overdue), (Pay(usd("10")), "0.00", Paid)],
    );
    assert_eq!(again.apply(ChargebackReversed(usd("10"))).unwrap().to_balance, usd("10"));
}

#[test]
fn what_cannot_happen_to_a_bill_says_why() {
    use BillEvent::{Chargeback, Credit, Issue, PassDue, Pay, Refund, Roll, Void, WriteOff};
    let usd = |amount: &str| money(&format!("{amount} USD"));
    let check = |life: BillLife, event, sentence: &str| {
        assert_eq!(life.apply(event).unwrap_err().to_string(), sentence);
    };
    let draft = BillLife::draft(usd("10")).unwrap();
    let issued = life("10 USD");
    let part = issued.apply(Pay(usd("4"))).unwrap().life;
    let rolled = issued.apply(Roll).unwrap().life;
    let void = issued.apply(Void).unwrap().life;
    check(draft, Pay(usd("1")), "a bill that is draft cannot be paid");
    check(issued, Issue, "a bill that is issued cannot be issued");
    check(issued, Pay(usd("10.01")), "a bill cannot be paid by 10.01 USD, for that is more than 10.00 USD");
    check(issued, Pay(usd("0")), "a bill cannot be paid by 0.00 USD; the amount must be above zero");
    check(part, Void, "4.00 USD of the bill is paid, so it cannot be voided; issue a credit note");
    check(part, Chargeback(usd("5")), "a bill cannot be charged back by 5.00 USD, for that is more than 4.00 USD");
    check(part, Credit(usd("10.01")), "a bill cannot be credited by 10.01 USD, for that is more than 10.00 USD");
    check(rolled, Pay(usd("1")), "a bill that is rolled cannot be paid");
    check(void, PassDue, "a bill that is void cannot become overdue");
    check(part.apply(Pay(usd("6"))).unwrap().life, WriteOff, "a bill that is paid cannot be written off");
    let refund = Refund { amount: usd("5"), adjust: false };
    check(part, refund, "a bill cannot be refunded by 5.00 USD, for that is more than 4.00 USD");
    let wrong = BillLife::restore(BillState::Paid, Dues::new(usd("10"))).unwrap_err();
    assert_eq!(wrong.to_string(), "a bill cannot be paid with 10.00 USD due; its row is damaged");
    for state in BillState::ALL {
        assert_eq!(BillState::parse(state.word()), Some(state));
    }
}

/// The bill of case C7, to take back: bases 47.50 (0%), 95.00 (10%: 9.50), 47.50 (20%: 9.50); 209.00 in all.
fn c7() -> Creditable {
    let lines = [("100 EUR", "10"), ("50 EUR", "0"), ("30 EUR", "20"), ("20 EUR", "20")];
    let mut draft = draft(lines.map(|(amount, percent)| accrued(amount, percent)).to_vec());
    draft.coupons = vec![coupon("10 EUR")];
    Creditable::of(&plan_bill(&draft).unwrap())
}

/// Its groups (net, tax), what lowers the due, what goes to the balance.
fn credited(of: &Creditable, what: CreditOf<'_>, due: &str, groups: &[[&str; 3]], ends: [&str; 2]) -> Creditable {
    let note = plan_credit_note(of, what, money(due)).unwrap();
    let found: Vec<_> =
        note.groups.iter().map(|group| [group.group.to_string(), group.net.plain(), group.tax.plain()]).collect();
    assert_eq!(found, groups);
    assert_eq!([note.reduces_due, note.to_balance].map(Money::plain), ends);
    note.after
}

#[test]
fn a_credit_note_by_lines_returns_their_tax() {
    // Line 3 was 28.50 after the coupon: 10.00 of it at 20%. Of the group 9.50 x 10/47.50 = 2.00.
    let after = credited(
        &c7(),
        CreditOf::Lines(&[(2, money("10 EUR"))]),
        "209 EUR",
        &[["DE-20", "10.00", "2.00"]],
        ["12.00", "0.00"],
    );
    // The rest of it, 18.50: running 9.50 x 28.50/47.50 = 5.70, less 2.00. Due 5.00: the rest is the balance's.
    let lines = [(2, money("18.50 EUR"))];
    let after = credited(&after, CreditOf::Lines(&lines), "5 EUR", &[["DE-20", "18.50", "3.70"]], ["5.00", "17.20"]);
    let check = |what: CreditOf<'_>, sentence: &str| {
        assert_eq!(plan_credit_note(&after, what, money("0 EUR")).unwrap_err().to_string(), sentence);
    };
    let cent = money("0.01 EUR");
    check(CreditOf::Lines(&[(2, cent)]), "0.01 EUR of line 3 cannot be credited; 0.00 EUR of it are left");
    check(CreditOf::Lines(&[(9, cent)]), "the bill has no line 10");
    check(CreditOf::Lines(&[]), "a credit note of nothing; say which lines, or how much");
    check(CreditOf::Amount(money("0 EUR")), "0.00 EUR cannot be credited; it must be above zero");
    // 209.00 - 12.00 - 22.20 = 174.80
    check(CreditOf::Amount(money("174.81 EUR")), "174.81 EUR cannot be credited; 174.80 EUR of the bill are left");
}

#[test]
fn a_credit_note_by_amount_is_shared_over_the_groups() {
    // 20.90 of 209.00: a tenth of 47.50, 104.50 and 57.00: 4.75, 10.45 and 5.70; taxes 0, 0.95 and 0.95.
    let groups = [["DE-0", "4.75", "0.00"], ["DE-10", "9.50", "0.95"], ["DE-20", "4.75", "0.95"]];
    let after = credited(&c7(), CreditOf::Amount(money("20.90 EUR")), "209 EUR", &groups, ["20.90", "0.00"]);
    // What is left: nine tenths, 188.10; nothing is due, so all goes to the balance.
    let groups = [["DE-0", "42.75", "0.00"], ["DE-10", "85.50", "8.55"], ["DE-20", "42.75", "8.55"]];
    let after = credited(&after, CreditOf::All, "0 EUR", &groups, ["0.00", "188.10"]);
    assert_eq!(after.left(), Ok(money("0 EUR")));
}

/// What a store keeps of a bill is enough to credit it: the same as its plan.
#[test]
fn a_stored_bill_is_credited_as_its_plan() {
    let lines = [("100 EUR", "10"), ("50 EUR", "0"), ("30 EUR", "20")];
    let mut draft = draft(lines.map(|(amount, percent)| accrued(amount, percent)).to_vec());
    draft.lines.push(line("0.50 EUR", "0", Origin::BroughtForward("A-1".to_owned())));
    let plan = plan_bill(&draft).unwrap();
    let groups = plan.groups.iter().map(|group| BilledGroup {
        assessment: group.assessment.clone(),
        base: group.base,
        tax: group.tax,
    });
    let lines = plan.lines.iter().map(|planned| BilledLine {
        group: planned.line.is_taxable().then(|| planned.line.tax.group()),
        net: planned.net,
    });
    let stored = Creditable::billed(Currency::EUR, groups.collect(), lines.collect());
    assert_eq!(stored, Creditable::of(&plan));
    let forward = [(3, money("0.50 EUR"))];
    assert_eq!(
        plan_credit_note(&stored, CreditOf::Lines(&forward), money("9 EUR")),
        Err(CreditError::BroughtForward { line: 3 })
    );
}

fn amounts() -> impl Strategy<Value = Vec<(i64, u8)>> {
    proptest::collection::vec((prop_oneof![-3_000_000..300_000_000_i64, 0..3_000_000_i64], 0..3_u8), 1..8)
}

fn plan_of(lines: &[(i64, u8)], carries: &BTreeMap<TaxGroup, Money>, prices: PricesAre, off: i64) -> BillPlan {
    let lines = lines.iter().map(|(units, rate)| BillLine {
        amount: Money::from_units(*units, Currency::EUR),
        ..accrued("0 EUR", ["0", "7", "25.5"][usize::from(*rate)])
    });
    let mut draft = draft(lines.collect());
    draft.prices = prices;
    draft.carries = carries.clone();
    let value = CouponValue::Amount(Money::from_minor(off, Currency::EUR).unwrap());
    draft.coupons = (off > 0).then(|| Coupon { text: "off".to_owned(), value, lines: None }).into_iter().collect();
    plan_bill(&draft).unwrap()
}

proptest! {
    /// Over any number of bills: billed = accrued + carry, and the carry is never more than half a minor unit.
    #[test]
    fn many_bills_never_lose_a_millionth(bills in proptest::collection::vec(amounts(), 1..12)) {
        let mut carries = BTreeMap::new();
        let mut accrued: BTreeMap<TaxGroup, i64> = BTreeMap::new();
        let mut billed: BTreeMap<TaxGroup, i64> = BTreeMap::new();
        for lines in bills {
            for group in plan_of(&lines, &carries, PricesAre::Net, 0).groups {
                *accrued.entry(group.group.clone()).or_default() += group.accrued.units();
                *billed.entry(group.group.clone()).or_default() += group.base.units();
                prop_assert!(2 * group.carry_after.units().abs() <= Currency::EUR.units_per_minor());
                carries.insert(group.group, group.carry_after);
            }
        }
        for (group, carry) in &carries {
            prop_assert_eq!(billed[group], accrued[group] + carry.units());
        }
    }

    /// Lines, shares, groups and total all add up, in whole minor units, whatever the lines' signs.
    #[test]
    fn every_sum_of_a_bill_holds(lines in amounts(), off in 0..400_i64, gross in any::<bool>()) {
        let prices = if gross { PricesAre::Gross } else { PricesAre::Net };
        let plan = plan_of(&lines, &BTreeMap::new(), prices, off);
        let sum = |amounts: Vec<Money>| Money::sum(Currency::EUR, amounts).unwrap();
        for group in &plan.groups {
            let own = || plan.lines.iter().filter(|line| line.line.tax.group() == group.group);
            prop_assert_eq!(sum(own().map(|line| line.net).collect()), group.base);
            prop_assert_eq!(sum(own().map(|line| line.tax).collect()), group.tax);
        }
        for line in &plan.lines {
            for amount in [line.amount, line.coupon, line.tax, line.net] {
                prop_assert!(amount.to_minor().is_ok());
            }
            // One minor unit off at most, and the half that the carry may bring.
            let off = line.amount.units() - line.line.amount.units();
            prop_assert!(off.abs() < 2 * Currency::EUR.units_per_minor());
        }
        let coupon = sum(plan.coupons.iter().map(|coupon| coupon.amount).collect());
        prop_assert_eq!(sum(plan.lines.iter().map(|line| line.coupon).collect()), coupon);
        prop_assert_eq!(plan.net.checked_add(plan.tax), Ok(plan.total));
        prop_assert!(plan.groups.iter().all(|group| group.assessment.treatment() == Treatment::Standard));
    }

    /// However often, by lines or by amounts: no group gives back more than it had, and the last note all that is left.
    #[test]
    fn credit_notes_never_exceed_the_bill(
        lines in proptest::collection::vec((1..50_000_000_i64, 0..3_u8), 1..6),
        notes in proptest::collection::vec((any::<bool>(), 0..6_usize, 1..100_i64), 0..20),
    ) {
        let plan = plan_of(&lines, &BTreeMap::new(), PricesAre::Net, 30);
        let mut left = Creditable::of(&plan);
        let mut back: BTreeMap<TaxGroup, (i64, i64)> = BTreeMap::new();
        let mut count = |note: &CreditNotePlan| for group in &note.groups {
            let (net, tax) = back.entry(group.group.clone()).or_default();
            assert!(!group.net.is_negative() && !group.tax.is_negative());
            *net += group.net.units();
            *tax += group.tax.units();
        };
        for (by_line, line, amount) in notes {
            let amount = Money::from_minor(amount, Currency::EUR).unwrap();
            let wanted = [(line % lines.len(), amount)];
            let what = if by_line { CreditOf::Lines(&wanted) } else { CreditOf::Amount(amount) };
            if let Ok(note) = plan_credit_note(&left, what, amount) {
                prop_assert_eq!(note.net.checked_add(note.tax), Ok(note.total));
                prop_assert_eq!(note.reduces_due.checked_add(note.to_balance), Ok(note.total));
                count(&note);
                left = note.after;
            }
        }
        if left.left().unwrap().is_positive() {
            let rest = plan_credit_note(&left, CreditOf::All, Money::zero(Currency::EUR)).unwrap();
            count(&rest);
            prop_assert!(rest.after.left().unwrap().is_zero());
        }
        for group in &plan.groups {
            let expected = (group.base.units(), group.tax.units());
            prop_assert_eq!(back.get(&group.group).copied().unwrap_or_default(), expected, "{}", group.group);
        }
    }

    /// Whatever happens, a bill's money and its state belong together: it can be read from a store again.
    #[test]
    fn a_bill_is_always_sound(events in proptest::collection::vec((0..11_u8, 1..400_i64), 0..40)) {
        let mut life = BillLife::draft(money("10 USD")).unwrap();
        for (event, cents) in events {
            let amount = Money::from_minor(cents, Currency::USD).unwrap();
            let event = match event {
                0 | 1 => BillEvent::Issue,
                2 => BillEvent::Pay(amount),
                3 => BillEvent::Refund { amount, adjust: true },
                4 => BillEvent::Refund { amount, adjust: false },
                5 => BillEvent::Chargeback(amount),
                6 => BillEvent::ChargebackReversed(amount),
                7 => BillEvent::Credit(amount),
                8 => BillEvent::PassDue,
                9 => BillEvent::WriteOff,
                _ => BillEvent::Roll,
            };
            if let Ok(applied) = life.apply(event) {
                prop_assert_eq!(BillLife::restore(applied.life.state(), *applied.life.dues()), Ok(applied.life));
                prop_assert!(!applied.to_balance.is_negative());
                life = applied.life;
            }
        }
    }
}
