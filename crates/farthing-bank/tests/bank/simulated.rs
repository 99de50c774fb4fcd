//! What a simulated bank tells is read back as it was, and is as the standard has it.

use crate::judge;
use farthing_bank::{Format, camt053, guess, read};
use farthing_core::bank::{Iban, Nature, Row, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::time::CivilDate;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn words(most: usize) -> impl Strategy<Value = String> {
    let word = "[A-Za-z0-9äß€&<>\"'/?:()-]{1,8}";
    let all = proptest::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
    all.prop_map(move |text| text.chars().take(most).collect::<String>().trim().to_owned())
}

fn row(currency: Currency) -> impl Strategy<Value = Row> {
    let natures = proptest::sample::select(vec![Nature::Transfer, Nature::Debits, Nature::Return, Nature::Fee]);
    let ibans = proptest::sample::select(vec!["", "DE75512108001245126199", "00012345", "DE89370400440532013000"]);
    let reasons = proptest::sample::select(vec!["", "MD06", "AC04"]);
    let text = proptest::collection::vec(words(140), 0..3);
    (
        (-500_000_i64..500_000, 0..3_000_i64, natures, words(70), ibans, text),
        (words(35), words(35), words(35), words(35), reasons, proptest::option::of(1..1_000_i64)),
    )
        .prop_map(
            move |((minor, days, nature, name, iban, text), (reference, end_to_end, batch, mandate, reason, fee))| {
                let lines: Vec<String> = text.into_iter().filter(|line| !line.is_empty()).collect();
                Row {
                    line: 0,
                    booked: CivilDate::try_new(2024, 1, 1).expect("a day").add_days(days).expect("a day"),
                    amount: Money::from_minor(minor, currency).expect("it fits"),
                    // With a reason it is a return, whatever its code says.
                    nature: if reason.is_empty() { nature } else { Nature::Return },
                    bank_reference: String::new(),
                    name,
                    iban: iban.to_owned(),
                    text: lines.join("\n"),
                    reference,
                    end_to_end,
                    batch,
                    mandate,
                    reason: reason.to_owned(),
                    fee: fee.map(|fee| Money::from_minor(fee, currency).expect("it fits")),
                }
            },
        )
}

fn statement() -> impl Strategy<Value = Statement> {
    let currency = proptest::sample::select(vec![Currency::EUR, Currency::JPY, Currency::BHD]);
    currency.prop_flat_map(|currency| {
        let rows = proptest::collection::vec(row(currency), 0..6);
        let accounts = proptest::sample::select(vec!["DE89370400440532013000", "37040044/0532013000"]);
        (words(30), accounts, any::<bool>(), -1_000_000..1_000_000_i64, rows).prop_map(
            move |(id, account, balances, opening, mut rows)| {
                for (number, row) in rows.iter_mut().enumerate() {
                    row.bank_reference = if number % 3 == 2 { String::new() } else { format!("bank-{number}") };
                }
                let opening = Money::from_minor(opening, currency).expect("it fits");
                let all = rows.iter().map(|row| row.amount).chain([opening]);
                let closing = Money::sum(currency, all).expect("it fits");
                Statement {
                    id: if id.is_empty() { "S-1".to_owned() } else { id },
                    account: account.to_owned(),
                    currency,
                    opening: Some(opening).filter(|_| balances),
                    closing: Some(closing).filter(|_| balances),
                    rows,
                }
            },
        )
    })
}

/// Without the lines, which are the file's.
fn without_lines(mut statements: Vec<Statement>) -> Vec<Statement> {
    for row in statements.iter_mut().flat_map(|statement| &mut statement.rows) {
        assert_ne!(row.line, 0, "a row has a line");
        row.line = 0;
    }
    statements
}

proptest! {
    #[test]
    fn read_back_as_it_was(statements in proptest::collection::vec(statement(), 1..4)) {
        let text = camt053(&statements);
        prop_assert_eq!(guess(text.as_bytes()), Some(Format::Camt053));
        let read = read(text.as_bytes(), &Format::Camt053).map_err(|bad| TestCaseError::fail(format!("{bad}\n{text}")))?;
        prop_assert_eq!(without_lines(read), statements, "{}", text);
    }
}

/// The same each time.
fn some(count: usize) -> Vec<Vec<Statement>> {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(statement(), 1..4);
    let mut found = Vec::new();
    while found.len() < count {
        let statements = strategy.new_tree(&mut runner).expect("a value").current();
        // The standard wants a balance.
        if statements.iter().all(|statement| statement.opening.is_some()) {
            found.push(statements);
        }
    }
    found
}

#[test]
fn the_schema_takes_what_is_told() {
    let texts: Vec<String> = some(60).iter().map(|statements| camt053(statements)).collect();
    let answers = judge::schema_of(&texts);
    assert_eq!(answers.len(), texts.len());
    for (answer, text) in answers.iter().zip(texts) {
        assert_eq!(answer, "ok", "{text}");
    }
}

#[test]
fn another_reader_finds_the_same() {
    let all = some(60);
    let texts: Vec<String> = all.iter().map(|statements| camt053(statements)).collect();
    let mut expected = Vec::new();
    for statement in all.iter().flatten() {
        expected.push(format!("{} {}", statement.account, statement.currency));
        for row in &statement.rows {
            let Row { booked, amount, bank_reference, end_to_end, name, iban, reason, .. } = row;
            let amount = amount.plain();
            // It reads no account without an IBAN.
            let iban = if Iban::parse(iban).is_ok() { iban } else { "" };
            expected.push(format!("{booked}|{amount}|{bank_reference}|{end_to_end}|{name}|{iban}|{reason}"));
        }
    }
    assert!(expected.len() > 200, "{} lines", expected.len());
    assert_eq!(judge::entries(&texts), expected);
}
