//! Each template moves exactly these amounts between exactly these accounts; the arithmetic stands beside each case.

mod bill;

use super::*;
use crate::id::CauseId;
use crate::ledger::{Account, Books, Code, Floor, OwnerId, decide};
use crate::money::MoneyError;
use proptest::prelude::*;

const USD: CommodityId = CommodityId(1);
const UNIT: CommodityId = CommodityId(2);
const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

/// What each account of these tests is, by its number.
const CASH: AccountId = AccountId(1);
const DEBT: AccountId = AccountId(2);
const WELCOME: AccountId = AccountId(3);
const PROMOTION: AccountId = AccountId(4);
const REFUND_DUE: AccountId = AccountId(5);
const DEFERRED: AccountId = AccountId(6);
const UNITS: AccountId = AccountId(7);
const PROVIDER: AccountId = AccountId(11);
const BANK: AccountId = AccountId(12);
const REVENUE: AccountId = AccountId(13);
const PROMO_OPEN: AccountId = AccountId(14);
const PROMO_USED: AccountId = AccountId(15);
const FEES: AccountId = AccountId(16);
const UNITS_OUT: AccountId = AccountId(17);
const UNITS_USED: AccountId = AccountId(18);
const OPENING: AccountId = AccountId(19);
const BREAKAGE: AccountId = AccountId(30);
const SUSPENSE: AccountId = AccountId(29);

fn stamped(make: impl FnOnce(&mut Stamp<'_>) -> Command) -> Vec<Transfer> {
    let mut next = 0;
    let mut ids = || {
        next += 1;
        TransferId::from_i64(next).unwrap()
    };
    let cause = Some(CauseId::from_bytes([7; 16]));
    let Command::Linked(set) = make(&mut Stamp { ids: &mut ids, cause, effective: NOW }) else {
        panic!("always a set")
    };
    set
}

/// The set holds these moves and no other; its ids rise, and its first transfer carries the cause.
fn check(make: impl FnOnce(&mut Stamp<'_>) -> Command, mode: Mode, expected: &[(Kind, AccountId, AccountId, i64)]) {
    let set = stamped(make);
    let moves: Vec<_> = set
        .iter()
        .map(|transfer| match transfer.movement {
            Movement::Move { debit, credit, amount, commodity } => {
                assert_eq!(commodity, if [UNITS, UNITS_OUT, UNITS_USED].contains(&debit) { UNIT } else { USD });
                (transfer.kind, debit, credit, amount)
            }
            Movement::Reverse(target) => panic!("{target} reversed"),
        })
        .collect();
    assert_eq!(moves, expected);
    assert!(set.iter().all(|transfer| transfer.mode == mode && transfer.effective == NOW));
    assert!(set.is_sorted_by(|a, b| a.id < b.id));
    let causes: Vec<bool> = set.iter().map(|transfer| transfer.cause.is_some()).collect();
    assert!(causes.iter().enumerate().all(|(place, carries)| *carries == (place == 0)));
}

#[test]
fn money_in_and_on_to_the_bank() {
    // 50.00 paid in; 1.75 of it is the provider's; the other 48.25 arrive at the bank: the provider is at 0.
    let top = TopUp { commodity: USD, provider: PROVIDER, cash: CASH, amount: 5_000 };
    check(|at| top_up(at, &top), Mode::Reports, &[(Kind::TopUp, PROVIDER, CASH, 5_000)]);
    let fee = ProviderFee { commodity: USD, fees: FEES, provider: PROVIDER, amount: 175 };
    check(|at| provider_fee(at, &fee), Mode::Reports, &[(Kind::ProviderFee, FEES, PROVIDER, 175)]);
    let moved = BankMoved { commodity: USD, bank: BANK, suspense: SUSPENSE, amount: 4_825 };
    check(|at| bank_unmatched(at, &moved), Mode::Reports, &[(Kind::BankUnmatched, BANK, SUSPENSE, 4_825)]);
    let known = BankMatched { commodity: USD, suspense: SUSPENSE, to: PROVIDER, amount: 4_825 };
    check(|at| bank_matched(at, &known), Mode::Reports, &[(Kind::BankMatched, SUSPENSE, PROVIDER, 4_825)]);
}

#[test]
fn the_bank_is_booked_as_it_moves_and_then_for_what_it_was() {
    // 120.00 come in, unknown; they are a customer's transfer. 3.50 go out: the bank's fee.
    let moved = |amount, expected: &[_]| {
        let facts = BankMoved { commodity: USD, bank: BANK, suspense: SUSPENSE, amount };
        check(|at| bank_unmatched(at, &facts), Mode::Reports, expected);
    };
    moved(12_000, &[(Kind::BankUnmatched, BANK, SUSPENSE, 12_000)]);
    moved(-350, &[(Kind::BankUnmatched, SUSPENSE, BANK, 350)]);
    let known = |to, amount, expected: &[_]| {
        let facts = BankMatched { commodity: USD, suspense: SUSPENSE, to, amount };
        check(|at| bank_matched(at, &facts), Mode::Reports, expected);
    };
    known(PROVIDER, 12_000, &[(Kind::BankMatched, SUSPENSE, PROVIDER, 12_000)]);
    known(FEES, -350, &[(Kind::BankMatched, FEES, SUSPENSE, 350)]);
}

#[test]
fn an_opening_balance_is_cash_or_debt_against_the_books() {
    let opened = |amount, expected: &[_]| {
        let facts = OpeningBalance { commodity: USD, opening: OPENING, cash: CASH, debt: DEBT, amount };
        check(|at| opening_balance(at, &facts), Mode::Reports, expected);
    };
    opened(1_250, &[(Kind::OpeningBalance, OPENING, CASH, 1_250)]);
    opened(-300, &[(Kind::OpeningBalance, DEBT, OPENING, 300)]); // owed 3.00
    opened(0, &[]);
}

/// R95: it asks, so a wallet or the account it is in never gives what it has not.
#[test]
fn r95_cash_is_moved_between_an_account_and_a_wallet() {
    let facts = CashMoved { commodity: USD, from: CASH, to: WELCOME, amount: 700 };
    check(|at| cash_moved(at, &facts), Mode::Asks, &[(Kind::CashMoved, CASH, WELCOME, 700)]);
}

/// R60: a top-up pays arrears first, the oldest first.
#[test]
fn r60_arrears_are_paid_as_far_as_the_money_reaches() {
    let owed = [(WELCOME, 300), (PROMOTION, 0), (DEBT, 400)].map(|(receivable, amount)| Owed { receivable, amount });
    let pay = |amount, expected: &[_]| {
        let facts = ArrearsPaid { commodity: USD, cash: CASH, amount, owed: &owed };
        check(|at| arrears_paid(at, &facts), Mode::Reports, expected);
    };
    let paid = |to, amount| (Kind::ArrearsPaid, CASH, to, amount);
    pay(1_000, &[paid(WELCOME, 300), paid(DEBT, 400)]); // 300 + 400 of 1,000; 300 stay cash
    pay(500, &[paid(WELCOME, 300), paid(DEBT, 200)]); // 300, then the 200 that are left
    pay(100, &[paid(WELCOME, 100)]);
    pay(0, &[]);
    pay(-5, &[]);
}

#[test]
fn free_credit_comes_and_lapses_without_income() {
    let lot = FreeCredit { commodity: USD, promo_open: PROMO_OPEN, credit: WELCOME, amount: 2_000 };
    check(|at| credit_granted(at, &lot), Mode::Reports, &[(Kind::CreditGranted, PROMO_OPEN, WELCOME, 2_000)]);
    let rest = FreeCredit { amount: 650, ..lot };
    check(|at| credit_lapsed(at, &rest), Mode::Reports, &[(Kind::CreditLapsed, WELCOME, PROMO_OPEN, 650)]);
}

#[test]
fn a_charge_takes_credit_then_cash_then_debt() {
    let charge = |amount, welcome, promotion, cash_balance, expected: &[_]| {
        let lots = [(WELCOME, welcome), (PROMOTION, promotion)].map(|(credit, balance)| Lot { credit, balance });
        let facts = Charge {
            commodity: USD,
            amount,
            revenue: REVENUE,
            lots: &lots,
            cash: CASH,
            cash_balance,
            debt: DEBT,
            promo_open: PROMO_OPEN,
            promo_used: PROMO_USED,
        };
        check(|at| usage(at, &facts), Mode::Reports, expected);
    };
    let credit = |lot, amount| (Kind::UsageByCredit, lot, PROMO_OPEN, amount);
    let promotion = |amount| (Kind::PromotionUsed, PROMO_USED, REVENUE, amount);
    let cash = |amount| (Kind::UsageByCash, CASH, REVENUE, amount);
    let debt = |amount| (Kind::UsageOnDebt, DEBT, REVENUE, amount);
    charge(90, 0, 0, 500, &[cash(90)]); // cash alone
    charge(90, 100, 50, 500, &[credit(WELCOME, 90), promotion(90)]); // the first lot alone
    // 120 = 100 of the first lot + 20 of the second
    charge(120, 100, 50, 500, &[credit(WELCOME, 100), promotion(100), credit(PROMOTION, 20), promotion(20)]);
    // 200 = 100 + 50 + 50 of cash
    let lots = [credit(WELCOME, 100), promotion(100), credit(PROMOTION, 50), promotion(50)];
    charge(200, 100, 50, 500, &[&lots[..], &[cash(50)]].concat());
    // 200 = 100 + 50 + 30 of cash + 20 on debt
    charge(200, 100, 50, 30, &[&lots[..], &[cash(30), debt(20)]].concat());
    charge(200, 0, 0, 0, &[debt(200)]);
    charge(200, -5, 0, -7, &[debt(200)]); // what is below zero gives nothing
    charge(0, 100, 50, 30, &[]);
}

#[test]
fn a_refund_is_approved_then_sent() {
    let refund = Refund { commodity: USD, cash: CASH, refund_due: REFUND_DUE, provider: PROVIDER, amount: 1_234 };
    check(|at| refund_approved(at, &refund), Mode::Asks, &[(Kind::RefundApproved, CASH, REFUND_DUE, 1_234)]);
    check(|at| refund_sent(at, &refund), Mode::Reports, &[(Kind::RefundSent, REFUND_DUE, PROVIDER, 1_234)]);
}

#[test]
fn a_chargeback_takes_cash_then_debt_and_costs_its_fee() {
    let lost = |cash_balance, expected: &[_]| {
        let facts = Chargeback {
            commodity: USD,
            cash: CASH,
            cash_balance,
            debt: DEBT,
            provider: PROVIDER,
            fees: FEES,
            amount: 5_000,
            fee: 1_500,
        };
        check(|at| chargeback(at, &facts), Mode::Reports, expected);
    };
    let fee = (Kind::ProviderFee, FEES, PROVIDER, 1_500);
    lost(9_000, &[(Kind::Chargeback, CASH, PROVIDER, 5_000), fee]);
    // 50.00 = 18.00 of cash + 32.00 on debt
    lost(1_800, &[(Kind::Chargeback, CASH, PROVIDER, 1_800), (Kind::Chargeback, DEBT, PROVIDER, 3_200), fee]);
    lost(0, &[(Kind::Chargeback, DEBT, PROVIDER, 5_000), fee]);
}

#[test]
fn a_won_chargeback_is_reversed_but_for_the_fee() {
    let lost = [4, 5].map(|id| TransferId::from_i64(id).unwrap());
    let won = stamped(|at| reversed(at, &lost));
    let reversed: Vec<Movement> = won.iter().map(|transfer| transfer.movement).collect();
    assert_eq!(reversed, lost.map(Movement::Reverse));
    assert!(won.iter().all(|transfer| transfer.kind == Kind::Reversal && transfer.mode == Mode::Reports));
}

#[test]
fn terms_are_deferred_earned_and_given_back() {
    let lots = [CreditPart { credit: WELCOME, amount: 400 }];
    let bought = TermBought {
        commodity: USD,
        cash: CASH,
        amount: 500,
        lots: &lots,
        coupon: 100,
        promo_open: PROMO_OPEN,
        promo_used: PROMO_USED,
        deferred: DEFERRED,
    };
    let kind = Kind::TermBought;
    let expected = [
        (kind, WELCOME, PROMO_OPEN, 400),
        (kind, PROMO_USED, DEFERRED, 400),
        (Kind::CouponUsed, PROMO_USED, DEFERRED, 100),
        (kind, CASH, DEFERRED, 500),
    ];
    check(|at| term_bought(at, &bought), Mode::Asks, &expected);
    let paid = BillPaidByCredit {
        commodity: USD,
        lots: &lots,
        promo_open: PROMO_OPEN,
        promo_used: PROMO_USED,
        receivable: DEBT,
    };
    let expected = [(Kind::BillPaid, WELCOME, PROMO_OPEN, 400), (Kind::BillPaid, PROMO_USED, DEBT, 400)];
    check(|at| bill_paid_by_credit(at, &paid), Mode::Asks, &expected);
    let earned = |amount| TermEarned { commodity: USD, deferred: DEFERRED, revenue: REVENUE, amount };
    check(|at| term_earned(at, &earned(70)), Mode::Reports, &[(Kind::TermEarned, DEFERRED, REVENUE, 70)]);
    check(|at| term_earned(at, &earned(-7)), Mode::Reports, &[(Kind::TermEarned, REVENUE, DEFERRED, 7)]);
    // 500 of 1,000 unused, 600 of them cash: 300 less a fee of 50, and 200 that gifts had paid.
    let ended = TermEnded {
        commodity: USD,
        deferred: DEFERRED,
        cash: CASH,
        to_cash: 250,
        revenue: REVENUE,
        fee: 50,
        promo_used: PROMO_USED,
        gift: 200,
    };
    let kind = Kind::TermEnded;
    let expected = [(kind, DEFERRED, CASH, 250), (kind, DEFERRED, REVENUE, 50), (kind, DEFERRED, PROMO_USED, 200)];
    check(|at| term_ended(at, &ended), Mode::Reports, &expected);
}

#[test]
fn a_pack_is_deferred_and_earned_as_it_is_used() {
    let bought = UnitsBought {
        commodity: USD,
        paid_from: CASH,
        deferred: DEFERRED,
        price: 1_000,
        unit: UNIT,
        units_out: UNITS_OUT,
        units: UNITS,
        count: 3,
    };
    let expected = [(Kind::UnitsBought, CASH, DEFERRED, 1_000), (Kind::UnitsBought, UNITS_OUT, UNITS, 3)];
    check(|at| units_bought(at, &bought), Mode::Asks, &expected);
    // 1,000 over 3 units: 1,000 x 1/3 = 333; 1,000 x 2/3 = 666, less 333; 1,000 x 3/3 = 1,000, less 666.
    for (used_before, earns) in [(0, 333), (1, 333), (2, 334)] {
        let used = UnitsUsed {
            unit: UNIT,
            units: UNITS,
            units_used: UNITS_USED,
            used_before,
            used: 1,
            size: 3,
            paid: 1_000,
            commodity: USD,
            deferred: DEFERRED,
            revenue: REVENUE,
        };
        let expected = [(Kind::UnitsUsed, UNITS, UNITS_USED, 1), (Kind::UnitsUsed, DEFERRED, REVENUE, earns)];
        check(|at| units_used(at, &used).unwrap(), Mode::Reports, &expected);
    }
    assert_eq!(earned(1_000, 0, 1), Err(MoneyError::DivisionByZero));
}

#[test]
fn units_given_back_earn_less_and_a_pack_that_lapses_earns_otherwise() {
    let used = UnitsUsed {
        unit: UNIT,
        units: UNITS,
        units_used: UNITS_USED,
        used_before: 2,
        used: 1,
        size: 3,
        paid: 1_000,
        commodity: USD,
        deferred: DEFERRED,
        revenue: REVENUE,
    };
    // 1,000 x 2/3 = 666, less 1,000 x 1/3 = 333
    let expected = [(Kind::UnitsReturned, UNITS_USED, UNITS, 1), (Kind::UnitsReturned, REVENUE, DEFERRED, 333)];
    check(|at| units_returned(at, &used).unwrap(), Mode::Reports, &expected);
    let given = UnitsGranted { unit: UNIT, units_out: UNITS_OUT, units: UNITS, count: 7 };
    check(|at| units_granted(at, &given), Mode::Reports, &[(Kind::UnitsGranted, UNITS_OUT, UNITS, 7)]);
    let lapsed = PackLapsed {
        unit: UNIT,
        units: UNITS,
        units_out: UNITS_OUT,
        left: 2,
        commodity: USD,
        deferred: DEFERRED,
        breakage: BREAKAGE,
        unearned: 667,
    };
    let expected = [(Kind::PackLapsed, UNITS, UNITS_OUT, 2), (Kind::PackLapsed, DEFERRED, BREAKAGE, 667)];
    check(|at| pack_lapsed(at, &lapsed), Mode::Reports, &expected);
}

proptest! {
    #[test]
    fn a_split_sums_to_the_charge_and_overdraws_nothing(
        amount in 0..=i64::MAX,
        lots in proptest::collection::vec(prop_oneof![any::<i64>(), -5..100_i64], 0..5),
        cash in prop_oneof![any::<i64>(), -5..100_i64],
    ) {
        let funding = split_charge(amount, lots.iter().copied(), cash);
        let sum: i128 = funding.lots.iter().chain([&funding.cash, &funding.debt]).map(|part| i128::from(*part)).sum();
        prop_assert_eq!(sum, i128::from(amount));
        prop_assert!(funding.lots.iter().zip(&lots).all(|(part, lot)| (0..=(*lot).max(0)).contains(part)));
        prop_assert!((0..=cash.max(0)).contains(&funding.cash));
        // Debt only where everything else is empty.
        let empty = funding.cash == cash.max(0) && funding.lots.iter().zip(&lots).all(|(part, lot)| *part == (*lot).max(0));
        prop_assert!(funding.debt >= 0 && (funding.debt == 0 || empty));
    }

    #[test]
    fn whatever_the_uses_a_used_up_pack_leaves_nothing_deferred(
        paid in 0..=i64::MAX, uses in proptest::collection::vec(1..1_000_i64, 1..20),
    ) {
        let size = uses.iter().sum();
        let mut used = 0;
        let mut sum = 0;
        for part in uses {
            let before = earned(paid, size, used).unwrap();
            used += part;
            let now = earned(paid, size, used).unwrap();
            prop_assert!(now >= before);
            sum += now - before;
        }
        prop_assert_eq!(sum, paid);
    }

    /// Booked on real accounts with floors, a usage set always stands: it never asks of an account more than it has.
    #[test]
    fn a_usage_set_is_always_booked(amount in 1..1_000_i64, welcome in 0..400_i64, cash in 0..400_i64) {
        let account = |id, floor, balance: i64| Account {
            id, owner: OwnerId(id.0), commodity: USD, floor, closed: false, debits: 0, credits: balance, held: 0, newest: None, head: [0; 32],
        };
        let accounts = vec![
            account(CASH, Floor::Zero, cash),
            account(DEBT, Floor::Minus(0), 0),
            account(WELCOME, Floor::Zero, welcome),
            account(REVENUE, Floor::Open, 0),
            account(PROMO_OPEN, Floor::Open, 0),
            account(PROMO_USED, Floor::Open, 0),
        ];
        let mut books = Books::new(accounts, Vec::new(), Vec::new(), Vec::new());
        let lots = [Lot { credit: WELCOME, balance: welcome }];
        let set = stamped(|at| usage(at, &Charge {
            commodity: USD, amount, revenue: REVENUE, lots: &lots, cash: CASH, cash_balance: cash, debt: DEBT,
            promo_open: PROMO_OPEN, promo_used: PROMO_USED,
        }));
        let decided = decide(&mut books, &[Command::Linked(set)], NOW);
        prop_assert!(decided.outcomes.iter().all(|outcome| outcome.code == Code::Created));
        prop_assert_eq!(books.account(REVENUE).unwrap().balance(), amount);
        prop_assert_eq!(books.accounts().iter().map(Account::balance).sum::<i64>(), cash + welcome);
    }
}
