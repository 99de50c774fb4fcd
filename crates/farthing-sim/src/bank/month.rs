//! The rows of a month, day by day, and the truth of each.

use super::people::{Customer, Payer, people};
use super::writing::{Writing, as_banks_write, purpose};
use crate::seed::Dice;
use farthing_core::bank::calendar::business_day_from;
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::BillId;
use farthing_core::time::CivilDate;

#[derive(Clone, Debug)]
pub struct Month {
    pub customers: Vec<Customer>,
    /// In the order in which they were issued, all but those of the middle before its first day.
    pub bills: Vec<IssuedBill>,
    /// One for each day with rows.
    pub statements: Vec<Statement>,
    /// One for each row, in the order of the statements.
    pub truths: Vec<Truth>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedBill {
    pub id: BillId,
    pub number: String,
    pub account: OwnerId,
    pub amount: Money,
    pub issued: CivilDate,
}

/// Whose money it is, and what they meant to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// None: no customer's.
    pub account: Option<OwnerId>,
    pub bills: Vec<BillId>,
    pub payer: Payer,
    pub writing: Writing,
}

const CURRENCY: Currency = Currency::EUR;
const ACCOUNT: &str = "DE02120300000000202051";

fn cents(cents: i64) -> Money {
    Money::from_minor(cents, CURRENCY).expect("an amount of a bill")
}

fn day(of_june: i64) -> CivilDate {
    let first = CivilDate::try_new(2026, 6, 1).expect("a date");
    first.add_days(of_june).expect("a date")
}

/// June 2026 of a cloud with so many customers: about two rows for each.
pub fn month(seed: u64, customers: usize) -> Month {
    let mut dice = Dice::of(&[seed, 0xBA2C]);
    let customers = people(customers, &mut dice);
    let bills = issue(&customers, &mut dice);
    let mut days: Vec<Vec<(Row, Truth)>> = vec![Vec::new(); 30];
    let mut open: Vec<IssuedBill> = bills.clone();
    let mut events: Vec<(usize, usize)> = Vec::new();
    for (nth, customer) in customers.iter().enumerate() {
        // Those who top up do so more often; one in twelve who gets bills does not pay this month.
        let times = if customer.prepaid { 1 + dice.below(4) } else { dice.below(12).min(1) + dice.below(2) };
        events.extend((0..times).map(|_| (dice.below(30), nth)));
    }
    events.sort_unstable();
    for (at, nth) in events {
        let (row, truth) = pay(&customers, nth, at, &mut open, &mut dice);
        // One in 250 is sent twice, a few days later.
        if dice.below(250) == 0 {
            let again = (at + 1 + dice.below(3)).min(29);
            days[again].push((row.clone(), Truth { writing: Writing::Twice, bills: Vec::new(), ..truth.clone() }));
        }
        days[at].push((row, truth));
    }
    // About one row in twelve is nobody's payment.
    for _ in 0..customers.len() / 6 {
        let at = dice.below(30);
        days[at].push(other(&customers, &mut dice));
    }
    let mut truths = Vec::new();
    let mut statements = Vec::new();
    for (at, rows) in days.into_iter().enumerate() {
        let booked = business_day_from(day(i64::try_from(at).expect("a day"))).expect("a date");
        let (mut of_day, mut line) = (Vec::new(), 1);
        for (row, truth) in rows {
            line += 1;
            // Most banks give each row a reference of their own; one in ten here does not.
            let bank_reference = if dice.below(10) == 0 { String::new() } else { format!("{:016X}", dice.roll()) };
            of_day.push(Row { line, booked, bank_reference, ..row });
            truths.push(truth);
        }
        if !of_day.is_empty() {
            let id = format!("2026-{:05}", at + 1);
            let account = ACCOUNT.to_owned();
            statements.push(Statement { id, account, currency: CURRENCY, opening: None, closing: None, rows: of_day });
        }
    }
    Month { customers, bills, statements, truths }
}

/// A bill on the first for whoever does not pay before; one in six has one of May open still, one in three another on the 15th.
fn issue(customers: &[Customer], dice: &mut Dice) -> Vec<IssuedBill> {
    let mut bills = Vec::new();
    let mut add = |customer: &Customer, issued: CivilDate, dice: &mut Dice| {
        let amount = cents(customer.plan_cents.unwrap_or_else(|| dice.between(150, 250_000)));
        let seq = bills.len() + 101;
        let mut id = [0; 16];
        id[8..].copy_from_slice(&u64::try_from(seq).expect("few bills").to_be_bytes());
        let number = format!("ELE-2026-{seq:06}");
        bills.push(IssuedBill { id: BillId::from_bytes(id), number, account: customer.id, amount, issued });
    };
    let billed = || customers.iter().filter(|customer| !customer.prepaid);
    for (issued, one_in) in [(day(-31), 6), (day(0), 1), (day(14), 3)] {
        for customer in billed() {
            if dice.below(one_in) == 0 {
                add(customer, issued, dice);
            }
        }
    }
    bills
}

/// One payment of one customer. What it pays is not open after it.
fn pay(customers: &[Customer], nth: usize, at: usize, open: &mut Vec<IssuedBill>, dice: &mut Dice) -> (Row, Truth) {
    let customer = &customers[nth];
    let today = day(i64::try_from(at).expect("a day"));
    let mine: Vec<IssuedBill> =
        open.iter().filter(|bill| bill.account == customer.id && bill.issued <= today).cloned().collect();
    let mut writing = Writing::draw(dice);
    if mine.is_empty() && writing.names_bills() {
        writing = Writing::Right;
    }
    if writing == Writing::Several && mine.len() < 2 {
        writing = Writing::Number;
    }
    // The oldest first; those who write several, and one in six of the others, pay all at once.
    let all = writing == Writing::Several || dice.below(6) == 0 && writing != Writing::Number;
    let paid: Vec<IssuedBill> = mine.iter().take(if all { mine.len() } else { 1 }).cloned().collect();
    let owed: i64 = paid.iter().map(|bill| bill.amount.to_minor().expect("whole cents")).sum();
    let amount = match writing {
        // What banks abroad keep on the way; never all of it.
        Writing::TooLittle => (owed - dice.between(50, 2_500)).max(owed / 2 + 1),
        Writing::TooMuch => (owed / 1_000 + 1) * 1_000,
        // Topping up is in round amounts, and so is a standing order that fits no bill.
        _ if paid.is_empty() => [1_000, 2_500, 5_000, 10_000, 20_000, 50_000][dice.below(6)],
        Writing::Silent if dice.below(8) == 0 => 10_000,
        _ => owed,
    };
    let numbers: Vec<String> = paid.iter().map(|bill| bill.number.clone()).collect();
    let mut text = purpose(writing, customer.reference, &numbers, dice);
    if writing == Writing::TwoCustomers {
        let other = &customers[(nth + 1 + dice.below(customers.len() - 1)) % customers.len()];
        text = format!("{} + {}", customer.reference, other.reference);
    }
    open.retain(|bill| !paid.contains(bill));
    let (payer, from) = match (&customer.director, &customer.group) {
        (_, Some(group)) => (Payer::Shared, &group.payer),
        (Some(director), None) if dice.below(2) == 0 => (Payer::Director, director),
        _ => (Payer::Own, &customer.payer),
    };
    // One in thirty comes from a new bank account; the older formats have no IBAN for one in thirty more.
    let iban = match dice.below(30) {
        0 if payer == Payer::Own => format!("DE77{:018}", dice.between(0, 999_999_999_999)),
        1 => String::new(),
        _ => from.iban.clone(),
    };
    let mut row = row(amount, &as_banks_write(&from.name, dice), &iban, &text);
    // Some banks have a field for it.
    if writing == Writing::Right && dice.below(8) == 0 {
        row.reference = std::mem::take(&mut row.text);
    }
    let bills = paid.iter().map(|bill| bill.id).collect();
    (row, Truth { account: Some(customer.id), bills, payer, writing })
}

/// Everything else that a company's bank account sees.
fn other(customers: &[Customer], dice: &mut Dice) -> (Row, Truth) {
    let (writing, row) = match dice.below(8) {
        0 => (
            Writing::TaxRefund,
            row(
                dice.between(10_000, 900_000),
                "Finanzamt Köln-Mitte",
                "DE59370000000037001500",
                "StNr 215/5930/1234 USt 05.2026",
            ),
        ),
        1 => (Writing::Interest, row(dice.between(1, 9_000), "", "", "Habenzinsen 2. Quartal 2026")),
        2 => {
            // A supplier whose numbers look like ours without the letters.
            let text = format!("Gutschrift 2026-{:06}", dice.between(100, 3_000));
            (
                Writing::SupplierRefund,
                row(dice.between(500, 90_000), "Rack & Strom GmbH", "DE11500105170000000001", &text),
            )
        }
        3 => {
            let text = format!("PO {:010} K7{:08}", dice.between(0, 9_999_999_999), dice.between(0, 99_999_999));
            (
                Writing::CardPayout,
                row(dice.between(100_000, 9_000_000), "Card Acquirer Europe Ltd", "IE29AIBK93115212345678", &text),
            )
        }
        4 => {
            // A refund of ours that could not be delivered: the customer's own words come with it.
            let customer = &customers[dice.below(customers.len())];
            let text = format!("Retoure Konto erloschen {}", customer.reference);
            let returned = row(dice.between(500, 20_000), &customer.legal_name, &customer.payer.iban, &text);
            let back =
                Row { nature: Nature::Return, reason: "AC04".to_owned(), end_to_end: "rf-1".to_owned(), ..returned };
            (Writing::Returned, back)
        }
        5 => {
            (Writing::Fee, Row { nature: Nature::Fee, ..row(-dice.between(10, 5_000), "", "", "Kontoführung 06.2026") })
        }
        6 => {
            // A private person's mistake, in a name that some customer has too, of an amount that plans have.
            let customer = &customers[dice.below(customers.len())];
            let amount = [900, 2_900, 4_900, 9_900][dice.below(4)];
            let iban = format!("DE66{:018}", dice.between(0, 999_999_999_999));
            (Writing::Garbage, row(amount, &customer.legal_name, &iban, "Miete Juni"))
        }
        _ => {
            let text = format!("RE {:06} Strom", dice.between(0, 999_999));
            (Writing::Outgoing, row(-dice.between(10_000, 900_000), "Stadtwerke", "DE44500105170000000002", &text))
        }
    };
    (row, Truth { account: None, bills: Vec::new(), payer: Payer::Other, writing })
}

fn row(amount: i64, name: &str, iban: &str, text: &str) -> Row {
    Row {
        name: name.to_owned(),
        iban: iban.to_owned(),
        text: text.to_owned(),
        ..Row::bare(day(0), cents(amount), Nature::Transfer)
    }
}
