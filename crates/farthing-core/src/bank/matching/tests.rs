//! Each clue alone, each with a witness, and each pair that contradicts.

use super::super::tests::{euros, row};
use super::super::{Nature, Reference, Row};
use super::*;
use crate::ledger::OwnerId;
use crate::money::Money;
use crate::payment::BillId;

const ALPHA: OwnerId = OwnerId(1);
const BETA: OwnerId = OwnerId(2);
const GAMMA: OwnerId = OwnerId(3);

fn code(account: OwnerId) -> Reference {
    Reference::new(u64::try_from(account.0).unwrap().wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Three customers; each has paid from a bank account of its own, and Alpha and Beta from that of their parent too.
struct World {
    accounts: Vec<KnownAccount>,
    bills: Vec<OpenBill>,
    paid: Vec<(&'static str, PaidBefore)>,
}

fn world() -> World {
    let account = |id, name: &str| KnownAccount { id, names: vec![name.to_owned()] };
    let bill = |number: u8, account, owed: &str| OpenBill {
        id: BillId::from_bytes([number; 16]),
        number: format!("ELE-2026-{number:06}"),
        account,
        owed: euros(owed),
    };
    let paid = |iban, account, times| (iban, PaidBefore { account, times });
    World {
        accounts: vec![
            account(ALPHA, "Alpha Maschinenbau GmbH"),
            account(BETA, "Beta Verlag SARL"),
            account(GAMMA, "Anna Groß"),
        ],
        bills: vec![
            bill(1, ALPHA, "100.00"),
            bill(2, ALPHA, "250.50"),
            bill(3, BETA, "49.00"),
            bill(4, GAMMA, "49.00"),
            bill(5, BETA, "77.70"),
            bill(6, ALPHA, "0.00"),
        ],
        paid: vec![
            paid("DE01", ALPHA, 3),
            paid("DE02", BETA, 1),
            paid("DE03", GAMMA, 2),
            paid("DE99", ALPHA, 1),
            paid("DE99", BETA, 1),
            paid("DE88", BETA, 2),
        ],
    }
}

impl World {
    /// What a store would find.
    fn known(&self, row: &Row, clues: &Clues) -> Known {
        let named =
            self.bills.iter().filter(|bill| number_keys(&bill.number).iter().any(|key| clues.numbers.contains(key)));
        let holder =
            |code_of: &Reference| self.accounts.iter().map(|account| account.id).find(|id| code(*id) == *code_of);
        let references = clues.references.iter().filter_map(|found| Some((found.reference, holder(&found.reference)?)));
        let paid = self.paid.iter().filter(|(iban, _)| *iban == clues.iban).map(|(_, paid)| *paid);
        let amounts = self.bills.iter().filter(|bill| bill.owed == row.amount).map(|bill| bill.account);
        Known {
            accounts: self.accounts.clone(),
            references: references.collect(),
            named: named.cloned().collect(),
            paid_before: paid.collect(),
            open: self.bills.iter().filter(|bill| bill.owed.is_positive()).cloned().collect(),
            same_amount: amounts.collect(),
        }
    }

    fn decide(&self, row: &Row) -> Decision {
        let clues = clues(row);
        decide(row, &clues, &self.known(row, &clues))
    }
}

fn told(decision: &Decision) -> String {
    let one = |found: &Match| {
        let bills: Vec<String> = found.bills.iter().map(|bill| bill.to_bytes()[0].to_string()).collect();
        format!("{} [{}] {}", found.account.0, bills.join(" "), found.why)
    };
    match decision {
        Decision::Matched(found) => format!("matched {}", one(found)),
        Decision::Suggested(found) => format!("suggested {}", found.iter().map(one).collect::<Vec<_>>().join(" | ")),
        Decision::Unknown => "unknown".to_owned(),
    }
}

#[track_caller]
fn check(row: &Row, expected: &str) {
    assert_eq!(told(&world().decide(row)), expected);
}

fn slip(account: OwnerId) -> String {
    let right = code(account).to_string();
    let last = if right.ends_with('7') { '8' } else { '7' };
    format!("{}{last}", &right[..right.len() - 1])
}

#[test]
fn an_exact_reference_decides() {
    let text = format!("{}", code(ALPHA));
    let says = format!("the reference {text} is this account's");
    check(&row("10", "", "", &text), &format!("matched 1 [] {says}"));
    check(&row("250.50", "", "DE02", &text), &format!("matched 1 [2] {says}; amount fits bill ELE-2026-000002"));
    check(
        &row("350.50", "", "", &text),
        &format!("matched 1 [1 2] {says}; amount fits bills ELE-2026-000001 and ELE-2026-000002 together"),
    );
    check(&row("300", "", "", &format!("{text} ELE-2026-000002")), &format!("matched 1 [2] {says}"));
    let creditor = Row { reference: text.clone(), ..row("10", "", "", "thanks") };
    check(&creditor, &format!("matched 1 [] {says}"));
}

#[test]
fn a_named_bill_needs_a_witness() {
    check(&row("100", "", "", "Rg ele 2026 000001"), "matched 1 [1] bill ELE-2026-000001 named, amount fits");
    check(
        &row("88", "ALPHA MASCHINENBAU", "", "RechnungELE2026000001"),
        "matched 1 [1] bill ELE-2026-000001 named, amount 12.00 EUR short; the sender has its name",
    );
    check(
        &row("112", "", "DE01", "2026-000001"),
        "matched 1 [1] bill ELE-2026-000001 named, amount 12.00 EUR over; sent from its known bank account",
    );
    // Who pays in a name of their own pays for another some day, and a figure may be wrong.
    check(
        &row("112", "Director", "DE01", "2026-000001"),
        "suggested 1 [1] bill ELE-2026-000001 named, amount 12.00 EUR over; sent from its known bank account",
    );
    check(
        &row("350.50", "", "", "ELE-2026-000002, ELE-2026-000001"),
        "matched 1 [1 2] bills ELE-2026-000001 and ELE-2026-000002 named, amount fits",
    );
    check(&row("88", "", "", "ELE-2026-000001"), "suggested 1 [1] bill ELE-2026-000001 named, amount 12.00 EUR short");
    // Two customers owe 49: one figure wrong in a number could mean the other.
    check(&row("49", "", "", "ELE-2026-000003"), "suggested 2 [3] bill ELE-2026-000003 named, amount fits");
    check(
        &row("49", "Beta Verlag", "", "ELE-2026-000003"),
        "matched 2 [3] bill ELE-2026-000003 named, amount fits; the sender has its name",
    );
    check(
        &row("100", "Alpha Maschinenbau", "", "ELE-2026-000006"),
        "matched 1 [1] bill ELE-2026-000006 named, already paid; the sender has its name",
    );
}

#[test]
fn a_mended_reference_needs_a_witness() {
    let says = format!("the reference, with a slip in it, reads {}, which is this account's", code(BETA));
    check(&row("10", "", "", &slip(BETA)), &format!("suggested 2 [] {says}"));
    check(&row("10", "", "DE02", &slip(BETA)), &format!("matched 2 [] {says}; sent from its known bank account"));
    check(
        &row("10", "BETA VERLAG S.A.R.L.", "", &slip(BETA)),
        &format!("matched 2 [] {says}; the sender has its name"),
    );
    check(&row("77.70", "", "", &slip(BETA)), &format!("matched 2 [5] {says}; amount fits bill ELE-2026-000005"));
    check(&row("49", "", "", &slip(BETA)), &format!("suggested 2 [3] {says}; amount fits bill ELE-2026-000003"));
}

#[test]
fn without_a_reference_two_weak_clues_decide() {
    let from = |times: &str| format!("sent from a bank account that paid for this account {times}");
    check(
        &row("250.50", "", "DE 01", "Miete"),
        &format!("matched 1 [2] {}; amount fits bill ELE-2026-000002", from("3 times")),
    );
    check(&row("5", "Groß Anna", "de03", ""), &format!("matched 3 [] {}; the sender has its name", from("2 times")));
    check(&row("5", "", "DE02", ""), &format!("suggested 2 [] {}", from("once")));
    // Somebody in a name of their own, who may pay for another customer today: 49 is owed by two.
    check(
        &row("49", "Holding", "DE88", ""),
        &format!("suggested 2 [3] {}; amount fits bill ELE-2026-000003", from("2 times")),
    );
    // What two pay from is nobody's.
    let shared = format!("{}; amount fits bill ELE-2026-000002", from("once"));
    check(&row("250.50", "Holding", "DE99", ""), &format!("suggested 1 [2] {shared} | 2 [] {}", from("once")));
    check(
        &row("77.70", "Beta Verlag", "", ""),
        "suggested 2 [5] the sender Beta Verlag is called much like this account; amount fits bill ELE-2026-000005",
    );
    check(&row("77.70", "Somebody", "DE55", "thanks"), "unknown");
}

#[test]
fn contradictions_are_for_a_person() {
    let both = format!("{} {}", code(ALPHA), code(BETA));
    assert!(
        matches!(world().decide(&row("100", "Alpha Maschinenbau", "DE01", &both)), Decision::Suggested(found) if found.len() == 2)
    );
    let text = format!("{} ELE-2026-000003", code(ALPHA));
    assert!(matches!(world().decide(&row("49", "", "DE01", &text)), Decision::Suggested(_)));
    let bills = "ELE-2026-000001 ELE-2026-000003";
    assert!(matches!(world().decide(&row("149", "", "DE01", bills)), Decision::Suggested(_)));
    // One figure wrong in its number, and it is another's bill; what the sender is says so.
    let wrong = row("100", "Alpha Maschinenbau", "DE01", "ELE-2026-000005");
    assert!(matches!(world().decide(&wrong), Decision::Suggested(found) if found[0].account == ALPHA));
    // Both slips at once: the bill of another, with that other's amount, from a customer's own bank account.
    let wrong = row("77.70", "Alpha Maschinenbau", "DE01", "ELE-2026-000005");
    assert!(matches!(world().decide(&wrong), Decision::Suggested(_)));
}

#[test]
fn what_is_nobodys_payment() {
    let text = code(ALPHA).to_string();
    for other in [
        Row { amount: euros("10").checked_neg().unwrap(), ..row("1", "", "", &text) },
        Row { nature: Nature::Return, ..row("10", "", "", &text) },
        Row { nature: Nature::Fee, ..row("10", "", "", &text) },
    ] {
        assert_eq!(world().decide(&other), Decision::Unknown);
    }
    let back = Row { nature: Nature::Return, end_to_end: "rf_1".to_owned(), ..row("10", "", "", "") };
    assert_eq!(clues(&back).end_to_end.as_deref(), Some("rf_1"));
    // Of another currency nothing is decided.
    let dollars = Row { amount: Money::parse("10 USD").unwrap(), ..row("10", "", "DE01", &text) };
    assert!(matches!(world().decide(&dollars), Decision::Suggested(_)));
}

#[test]
fn numbers_of_bills_however_they_are_written() {
    let named = |text: &str| {
        let keys = number_keys("ELE-2026-000123");
        let clues = clues(&row("1", "", "", text));
        keys.iter().map(|key| clues.numbers.contains(key)).collect::<Vec<bool>>()
    };
    for text in
        ["ELE-2026-000123", "ele2026000123", "Re.ELE 2026/000123.", "RechnungELE-2026-000123", "ELE-2026\n-000123 Mai"]
    {
        assert!(named(text)[0], "{text}");
    }
    for text in ["2026-000123", "Nr2026000123", "INV 2026 000123"] {
        assert_eq!(named(text), [false, true], "{text}");
    }
    for text in ["ELE-2026-000124", "ELE-2026-0001234", "ELE-2026-00012", "", "ELE"] {
        assert_eq!(named(text), [false, false], "{text}");
    }
    assert_eq!(number_keys("A-7"), ["A7"]);
}

/// Found by a simulated month (seed 7): a slip in the number made it the bill of another company of the same name.
#[test]
fn a_namesake_is_no_witness() {
    let mut world = world();
    world.accounts[1].names = vec!["Alpha Maschinenbau S.A.S.".to_owned()];
    let slip = row("100", "Alpha Maschinenbau", "DE01", "ELE-2026-000005");
    assert!(matches!(world.decide(&slip), Decision::Suggested(_)));
    let right = row("77.70", "Alpha Maschinenbau", "DE02", "ELE-2026-000005");
    assert!(matches!(world.decide(&right), Decision::Matched(found) if found.account == BETA));
    // From where both are paid for, the amount has to say which.
    let shared = row("70", "Alpha Maschinenbau", "DE99", "ELE-2026-000005");
    assert!(matches!(world.decide(&shared), Decision::Suggested(_)));
}
