//! Bills and taxes, on the same accounts.

use super::*;
use crate::bill::{BillLine, BillPlan, Bookings, Coupon, CouponValue, DraftBill, Origin, plan_bill};
use crate::config::Name;
use crate::ledger::Chart;
use crate::money::{Currency, Money};
use crate::policy::PricesAre;
use crate::tax::{Assessment, TaxGroup};
use std::collections::BTreeMap;

const BILL: AccountId = AccountId(31);
const NEXT: AccountId = AccountId(32);
const UNBILLED: AccountId = AccountId(33);
const CARRY: AccountId = AccountId(34);
const TAX: AccountId = AccountId(35);
const TAX_REDUCED: AccountId = AccountId(36);

fn part(account: AccountId, amount: i64) -> Part {
    Part { account, amount }
}

/// R33: VAT on top, the wallet gets the net. 50.00 + 23% = 61.50.
#[test]
fn r33_a_top_up_pays_its_tax_and_the_wallet_gets_the_net() {
    let taxes = [part(TAX, 1_150)];
    let top = TopUpTaxed { commodity: USD, provider: PROVIDER, cash: CASH, net: 5_000, taxes: &taxes };
    let expected = [(Kind::TopUp, PROVIDER, CASH, 5_000), (Kind::TopUpTax, PROVIDER, TAX, 1_150)];
    check(|at| top_up_taxed(at, &top), Mode::Reports, &expected);
    // Reverse charge: no tax, no leg.
    let reversed = TopUpTaxed { taxes: &[], ..top };
    check(|at| top_up_taxed(at, &reversed), Mode::Reports, &[(Kind::TopUp, PROVIDER, CASH, 5_000)]);
}

#[test]
fn a_bill_is_demanded_and_ends_at_its_total() {
    // Accrued 38.70967742 (here in hundred-millionths), 20% of 38.71 = 7.742: 38.71 + 7.74 = 46.45.
    // 3,870,967,742 + 774,000,000 + 32,258 = 4,645,000,000.
    let bill = BillIssued {
        commodity: USD,
        receivable: BILL,
        parts: &[part(UNBILLED, 3_870_967_742)],
        promo_used: PROMO_USED,
        coupon: 0,
        taxes: &[BillTax { from: BILL, tax: TAX, amount: 774_000_000 }],
        carries: &[part(CARRY, 32_258)],
    };
    let (unbilled, tax) = ((Kind::BillIssued, BILL, UNBILLED, 3_870_967_742), (Kind::BillTax, BILL, TAX, 774_000_000));
    let expected = [unbilled, tax, (Kind::BillCarry, BILL, CARRY, 32_258)];
    check(|at| bill_issued(at, &bill), Mode::Reports, &expected);
    // The carry gives where less was billed; a correction below zero and a coupon lower the receivable.
    let parts = [part(UNBILLED, -500), part(NEXT, 99)];
    let bill = BillIssued { parts: &parts, coupon: 70, taxes: &[], carries: &[part(CARRY, -3)], ..bill };
    let expected = [
        (Kind::BillIssued, UNBILLED, BILL, 500),
        (Kind::BillIssued, BILL, NEXT, 99),
        (Kind::CouponUsed, PROMO_USED, BILL, 70),
        (Kind::BillCarry, CARRY, BILL, 3),
    ];
    check(|at| bill_issued(at, &bill), Mode::Reports, &expected);
}

#[test]
fn a_bill_is_paid_returned_and_rolled_on() {
    let paid = BillPaid { commodity: USD, paid_from: PROVIDER, receivable: BILL, amount: 4_645 };
    check(|at| bill_paid(at, &paid), Mode::Reports, &[(Kind::BillPaid, PROVIDER, BILL, 4_645)]);
    let paid = BillPaid { paid_from: CASH, ..paid };
    check(|at| bill_paid_by_balance(at, &paid), Mode::Asks, &[(Kind::BillPaid, CASH, BILL, 4_645)]);
    let back = BillPaymentReturned { commodity: USD, receivable: BILL, returned_to: REFUND_DUE, amount: 1_000 };
    let expected = [(Kind::BillPaymentReturned, BILL, REFUND_DUE, 1_000)];
    check(|at| bill_payment_returned(at, &back), Mode::Reports, &expected);
    // R20: 0.99 is brought forward; nothing is earned, nothing taxed.
    let rolled = BillRolled { commodity: USD, next: NEXT, receivable: BILL, amount: 99 };
    check(|at| bill_rolled(at, &rolled), Mode::Reports, &[(Kind::BillRolled, NEXT, BILL, 99)]);
}

#[test]
fn a_credit_note_lowers_what_is_due_and_gives_the_rest_to_the_balance() {
    // 10.00 + 2.00 of tax: all of it due; 11.00 due; nothing due.
    let note = |reduces_due, parts: &[Part], expected: &[_]| {
        let taxes = [part(TAX, 200)];
        let note = CreditNote { commodity: USD, receivable: BILL, cash: CASH, reduces_due, parts, taxes: &taxes };
        check(|at| credit_note(at, &note), Mode::Reports, expected);
    };
    let ten = [part(REVENUE, 1_000)];
    note(1_200, &ten, &[(Kind::CreditNote, REVENUE, BILL, 1_000), (Kind::TaxReturned, TAX, BILL, 200)]);
    let split = [
        (Kind::CreditNote, REVENUE, BILL, 1_000),
        (Kind::TaxReturned, TAX, BILL, 100), // 1,100 - 1,000
        (Kind::TaxReturned, TAX, CASH, 100),
    ];
    note(1_100, &ten, &split);
    note(0, &ten, &[(Kind::CreditNote, REVENUE, CASH, 1_000), (Kind::TaxReturned, TAX, CASH, 200)]);
    // Of a correction of 10.34 the note credits 10.00; carry keeps 0.34: the receivable falls by 12.00 all the same.
    let fine = [part(UNBILLED, 1_034), part(CARRY, -34)];
    let expected = [
        (Kind::CreditNote, UNBILLED, BILL, 1_034),
        (Kind::CreditNote, BILL, CARRY, 34),
        (Kind::TaxReturned, TAX, BILL, 200),
    ];
    note(1_200, &fine, &expected);
    // Nothing due: 12.00 to the balance.
    let expected = [
        (Kind::CreditNote, UNBILLED, BILL, 34),
        (Kind::CreditNote, UNBILLED, CASH, 1_000),
        (Kind::CreditNote, BILL, CARRY, 34),
        (Kind::TaxReturned, TAX, CASH, 200),
    ];
    note(0, &fine, &expected);
}

#[test]
fn refund_and_chargeback_return_the_tax_paid_with_them() {
    // Of a top-up of 50.00 + 11.50, 20.00 go back with 23% of them: 4.60.
    let taxes = [part(TAX, 460)];
    let refund = RefundTaxed { commodity: USD, cash: CASH, refund_due: REFUND_DUE, net: 2_000, taxes: &taxes };
    let expected = [(Kind::RefundApproved, CASH, REFUND_DUE, 2_000), (Kind::TaxReturned, TAX, REFUND_DUE, 460)];
    check(|at| refund_approved_taxed(at, &refund), Mode::Asks, &expected);
    // 61.50 charged back: 18.00 of cash, 32.00 of debt, 11.50 of tax; the fee is another 15.00.
    let lost = Chargeback {
        commodity: USD,
        cash: CASH,
        cash_balance: 1_800,
        debt: DEBT,
        provider: PROVIDER,
        fees: FEES,
        amount: 5_000,
        fee: 1_500,
    };
    let expected = [
        (Kind::Chargeback, CASH, PROVIDER, 1_800),
        (Kind::Chargeback, DEBT, PROVIDER, 3_200),
        (Kind::ProviderFee, FEES, PROVIDER, 1_500),
        (Kind::TaxReturned, TAX, PROVIDER, 1_150),
    ];
    check(|at| chargeback_taxed(at, &lost, &[part(TAX, 1_150)]), Mode::Reports, &expected);
}

/// Which of these tests' accounts a code of the chart is.
fn account_of(chart: &Chart) -> AccountId {
    match chart.to_string().as_str() {
        "unbilled" => UNBILLED,
        "deferred/ord-1" => DEFERRED,
        "receivable/next" => NEXT,
        "late-fees" => FEES,
        "carry/DE-19" | "carry/DE-7" => CARRY,
        "tax/DE-19" => TAX,
        "tax/DE-7" => TAX_REDUCED,
        other => panic!("{other} is not of these tests"),
    }
}

fn issued(stamp: &mut Stamp<'_>, booked: &Bookings) -> Command {
    let parts = |of: &[(Chart, Money)]| -> Vec<Part> {
        of.iter().map(|(chart, amount)| part(account_of(chart), amount.units())).collect()
    };
    let taxes = booked.taxes.iter().map(|tax| BillTax {
        from: if tax.product.is_some() { REVENUE } else { BILL },
        tax: account_of(&tax.tax),
        amount: tax.amount.units(),
    });
    let facts = BillIssued {
        commodity: USD,
        receivable: BILL,
        parts: &parts(&booked.parts),
        promo_used: PROMO_USED,
        coupon: booked.coupon.units(),
        taxes: &taxes.collect::<Vec<_>>(),
        carries: &parts(&booked.carries),
    };
    bill_issued(stamp, &facts)
}

fn planned(lines: &[(i64, u8, bool)], prices: PricesAre, coupon: i64, carries: BTreeMap<TaxGroup, Money>) -> BillPlan {
    let tax = |percent: &str| {
        let text = format!(
            r#"{{"treatment":"standard","percent":"{percent}","name":"VAT","country":"DE","reason":"a test"}}"#
        );
        Assessment::parse(&text).unwrap()
    };
    let cents = |cents: i64| Money::from_minor(cents, Currency::USD).unwrap();
    let lines = lines.iter().map(|(units, origin, reduced)| BillLine {
        used: None,
        text: "Something".to_owned(),
        product: Name("thing".to_owned()),
        service: None,
        quantity: None,
        category: None,
        amount: if *origin < 3 { Money::from_units(*units, Currency::USD) } else { cents(units.abs() % 10_000) },
        tax: match origin {
            4 => Assessment::none(crate::policy::Country(*b"DE"), "taxed on its own bill"),
            _ => tax(if *reduced { "7" } else { "19" }),
        },
        origin: match origin {
            0..=2 => Origin::Accrued,
            3 => Origin::Advance("ord-1".to_owned()),
            4 => Origin::BroughtForward("A-1".to_owned()),
            _ => Origin::LateFee(String::new()),
        },
    });
    let draft = DraftBill {
        currency: Currency::USD,
        prices,
        lines: lines.collect(),
        coupons: vec![Coupon { text: "off".to_owned(), value: CouponValue::Amount(cents(coupon)), lines: None }],
        carries,
        balance: cents(0),
        roll_below: None,
        last: false,
    };
    plan_bill(&draft).unwrap()
}

proptest! {
    /// Booked on real accounts: the receivable is the total, unbilled is empty, carry is what the plan says, and taxes are
    /// those of the groups; whatever the lines, and whether the tax is in them or on top.
    #[test]
    fn an_issued_bill_books_what_was_planned(
        lines in proptest::collection::vec((-2_000_000..900_000_000_i64, 0..6_u8, any::<bool>()), 1..8),
        coupon in 0..300_i64,
        gross in any::<bool>(),
        carry in -500_000..=500_000_i64,
    ) {
        let prices = if gross { PricesAre::Gross } else { PricesAre::Net };
        let group = Assessment::parse(r#"{"treatment":"standard","percent":"19","name":"VAT","country":"DE","reason":""}"#);
        let carries = BTreeMap::from([(group.unwrap().group(), Money::from_units(carry, Currency::USD))]);
        let plan = planned(&lines, prices, coupon, carries);
        let booked = plan.bookings().unwrap();
        let accrued: i64 = lines.iter().filter(|(_, origin, _)| *origin < 3).map(|(units, ..)| *units).sum();
        let start = |id: AccountId, debits: i64, credits: i64| Account {
            id, owner: OwnerId(id.0), commodity: USD, floor: Floor::Open, closed: false, debits, credits, held: 0, newest: None, head: [0; 32],
        };
        let accounts = [BILL, NEXT, CARRY, TAX, TAX_REDUCED, PROMO_USED, REVENUE, DEFERRED, FEES].map(|id| start(id, 0, 0));
        let mut accounts = accounts.to_vec();
        accounts.push(start(UNBILLED, accrued.max(0), accrued.min(0).abs()));
        accounts.sort_by_key(|account| account.id);
        let mut books = Books::new(accounts, Vec::new(), Vec::new(), Vec::new());
        let set = stamped(|at| issued(at, &booked));
        if !set.is_empty() {
            let decided = decide(&mut books, &[Command::Linked(set)], NOW);
            prop_assert!(decided.outcomes.iter().all(|outcome| outcome.code == Code::Created));
        }
        let balance = |id| books.account(id).unwrap().balance();
        prop_assert_eq!(balance(BILL), -plan.total.units());
        prop_assert_eq!(balance(UNBILLED), 0);
        prop_assert_eq!(balance(TAX) + balance(TAX_REDUCED), plan.tax.units());
        let rises: i64 = plan.groups.iter().map(|group| group.carry_after.units() - group.carry_before.units()).sum();
        prop_assert_eq!(balance(CARRY), rises);
        let all: i64 = books.accounts().iter().map(Account::balance).sum();
        prop_assert_eq!(all, -accrued); // what revenue was credited when it accrued
    }

    /// A credit note gives exactly what its parts give up: so much to the receivable, the rest to the balance.
    #[test]
    fn a_credit_note_is_what_its_parts_are(
        given in proptest::collection::vec(0..1_000_i64, 1..5),
        taxes in proptest::collection::vec(0..200_i64, 0..3),
        share in 0..=100_i64,
        kept in 0..50_i64,
    ) {
        let mut parts: Vec<Part> = given.iter().map(|amount| part(REVENUE, amount + 50)).collect();
        parts.push(part(CARRY, -kept));
        let taxes: Vec<Part> = taxes.iter().map(|amount| part(TAX, *amount)).collect();
        let total: i64 = parts.iter().chain(&taxes).map(|part| part.amount).sum();
        let reduces_due = total * share / 100;
        let set = stamped(|at| credit_note(at, &CreditNote {
            commodity: USD, receivable: BILL, cash: CASH, reduces_due, parts: &parts, taxes: &taxes,
        }));
        let mut balances: BTreeMap<AccountId, i64> = BTreeMap::new();
        for transfer in set {
            let Movement::Move { debit, credit, amount, .. } = transfer.movement else { panic!("a reversal") };
            prop_assert!(amount > 0);
            *balances.entry(debit).or_default() -= amount;
            *balances.entry(credit).or_default() += amount;
        }
        let balance = |id: AccountId| balances.get(&id).copied().unwrap_or_default();
        prop_assert_eq!((balance(BILL), balance(CASH), balance(CARRY)), (reduces_due, total - reduces_due, kept));
        prop_assert_eq!(balances.values().sum::<i64>(), 0);
    }
}
