//! Whole files of several banks, and all that is read of them.

use crate::{file, good, judge, path, shown};
use farthing_bank::{Format, guess, read};

#[track_caller]
fn check(name: &str, expected: &str) {
    let (_, how) = good().into_iter().find(|(known, _)| *known == name).expect("it is in the list");
    let read = read(&file(name), &how).unwrap_or_else(|bad| panic!("{name}: {bad}"));
    let found = shown(&read);
    assert_eq!(found, expected, "{name} is read as\n{found}");
}

#[test]
fn a_german_camt053() {
    check(
        "de_sparkasse.camt053.xml",
        r"DE89370400440532013000 EUR 10250.40 -> 12069.97 [0352C5320260203201702]
  31 2026-02-03 1190.00 Transfer | ref: 2026034125001000 | name: Müller & Söhne Maschinenbau KG | iban: DE75512108001245126199 | text: Rechnung 2026-00017 vom 13.01.2026 / Kd. 4711
  63 2026-02-03 750.50 Debits | ref: 2026034125002000 | text: SAMMELLASTSCHRIFT | batch: batch-2026-02-rcur
  78 2026-02-03 -103.00 Return | ref: 2026034125003000 | name: Weiß Consulting | iban: DE12500105170648489890 | text: Farnwolke Januar 2026 | e2e: debit-000123 | mandate: M-0042 | reason: MD06 | fee: 3.00
  118 2026-02-03 -17.93 Fee | ref: 2026034125004000 | text: Abrechnung 30.01.2026 / siehe Anlage
",
    );
}

#[test]
fn a_dutch_camt053() {
    check(
        "nl_rabobank.camt053.xml",
        r"NL91ABNA0417164300 EUR -50.00 -> 323.67 [CAMT0531234567890]
  13 2026-03-01 200.00 Debits | ref: 000123456789/1 | name: De Vries B.V. | iban: NL20INGB0001234567 | e2e: inc-1 | batch: incasso-2026-03 | mandate: MAND-1
  13 2026-03-01 250.00 Debits | ref: 000123456789/2 | name: Bakkerij Jansen | iban: NL02RABO0123456789 | e2e: inc-2 | batch: incasso-2026-03 | mandate: MAND-2
  36 2026-03-01 -75.00 Transfer | ref: OO9T005001000001 | batch: uit-7
  57 2026-03-01 -1.33 Fee | text: Kosten zakelijk betalen
",
    );
}

#[test]
fn a_french_camt053_of_two_accounts() {
    check(
        "fr_bnp.camt053.xml",
        r"FR1420041010050500013M02606 EUR 0.00 -> 46.50 [EUR-015]
  11 2026-01-15 -63.50 Return | ref: IMP0001/1 | name: Chloé Lefèvre | iban: FR7630006000011234567890189 | e2e: prlv-1 | mandate: RUM-1 | reason: AM04 | fee: 3.50
  11 2026-01-15 -43.50 Return | ref: IMP0001/2 | name: Garage du Pré | e2e: prlv-2 | mandate: RUM-2 | reason: MD01 | fee: 3.50
  33 2026-01-15 150.00 Transfer | ref: VIR0002 | name: Société Générique | iban: 00012345 | reference: RF471234 | e2e: FACT-88
  45 2026-01-15 20.00 Return | ref: VIR0002/2 | name: Marc Dupont | e2e: refund-9
  55 2026-01-15 -16.50 Transfer | name: Électricité | e2e: ELEC
30004-00828-JPY JPY 5000 -> 5000 [JPY-015]
",
    );
}

#[test]
fn a_german_camt054() {
    check(
        "de_notice.camt054.xml",
        r"DE89370400440532013000 EUR ? -> ? [54D-1-1]
  9 2026-02-03 -103.25 Return | ref: R-77/1 | name: Erste GmbH | e2e: debit-1 | batch: batch-7 | reason: AC04
  9 2026-02-03 -103.25 Return | ref: R-77/2 | name: Zweite GmbH | e2e: debit-2 | batch: batch-7 | reason: AM04
",
    );
}

#[test]
fn a_german_mt940() {
    check(
        "de_commerzbank.mt940",
        r"37040044/0532013000 EUR 10250.40 -> 12049.97 [STARTUMS 00023/001]
  5 2026-02-03 1190.00 Transfer | ref: 2026034125001000 | name: Mueller und Soehne Maschinenbau KG | iban: DE75512108001245126199 | text: Rechnung 2026-00017 vom 13.01.2026 Kd. 4711 Proj.Umzug | e2e: RG-2026-00017
  10 2026-02-03 750.50 Debits | ref: 2026034125002000 | text: 3 Lastschriften | batch: batch-2026-02-rcur
  13 2026-02-03 -103.00 Return | ref: 2026034125003000 | name: Weiss Consulting | iban: DE12500105170648489890 | text: RETOURE SEPA-LASTSCHRIFT vom 30.01. Rueckgabegrund: MD06 Widerspruch durch Zahler | e2e: debit-000123 | mandate: M-0042 | reason: MD06 | fee: 3.00
  20 2026-02-03 -17.93 Fee | ref: 2026034125004000 | text: ABSCHLUSS
  22 2026-02-03 -20.00 Transfer | ref: 2026034125005000 | text: Storno einer Gutschrift
37040044/0532013001 EUR 0.00 -> 0.00 [STARTUMS 00001/001]
",
    );
}

#[test]
fn a_dutch_mt940() {
    check(
        "nl_ing.mt940",
        r"NL91ABNA0417164300 EUR 662.23 -> 657.22 [P260101000000001 00000]
  8 2026-01-02 1.56 Transfer | ref: 00000000001005 | name: ING BANK NV INZAKE WEB | iban: NL32INGB0000012345 | text: EV10001REP1000000T1000 | e2e: EV12341REP1231456T1234
  12 2026-01-02 -1.57 Transfer | ref: 00000000001006 | text: TOTAL 1 VZ | batch: M000000003333333
  15 2026-01-02 -30.00 Return | ref: 00000000001007 | name: De Vries B.V. | iban: NL20INGB0001234567 | text: Incasso januari | e2e: inc-9 | mandate: MAND-9 | reason: MD06
  18 2026-01-02 25.00 Transfer | ref: 00000000001008 | name: Peeters | iban: BE68539007547034 | reference: 90010002000200002 | e2e: E2E-5
",
    );
}

#[test]
fn an_austrian_mt940_in_free_text() {
    check(
        "at_free.mt940",
        r"AT611904300234573201 USD -100.50 -> 100.00 [940-0115 11]
  5 2026-01-15 200.00 Transfer | text: FROM ACME INC / INVOICE 77 AND 78 / THANK YOU | reference: INVOICE 77
  9 2026-01-15 10.25 Transfer | ref: 77
  10 2026-01-15 -9.75 Fee | text: ACCOUNT FEE
",
    );
}

#[test]
fn a_german_csv() {
    check(
        "de_sparkasse.csv",
        r#"DE89370400440532013000 EUR ? -> ? []
  2 2026-02-03 1190.00 Transfer | name: Müller & Söhne | iban: DE75512108001245126199 | text: Rechnung 2026-00017 / Kd. "4711" / GUTSCHR. UEBERWEISUNG
  4 2026-02-03 -80.05 Transfer | name: Stadtwerke | iban: DE12500105170648489890 | text: Strom / LASTSCHRIFT | e2e: E-1 | mandate: S-1
"#,
    );
}

#[test]
fn a_dutch_csv() {
    check(
        "nl_ing.csv",
        r"NL91ABNA0417164300 EUR 999.50 -> 1150.00 []
  2 2026-03-02 200.00 Transfer | name: De Vries B.V. | iban: NL20INGB0001234567 | text: Name: De Vries B.V. Description: factuur 12
  3 2026-03-01 -50.00 Transfer | name: Gemeente Utrecht | text: Belasting
  4 2026-03-01 0.50 Transfer | name: Bakkerij Jansen | iban: NL02RABO0123456789 | text: x
",
    );
}

#[test]
fn a_french_csv() {
    check(
        "fr_compte.csv",
        r"00012345 EUR ? -> ? []
  5 2026-01-15 1200.00 Transfer | text: VIR SEPA CHLOE LEFEVRE / FACT-88
  6 2026-01-14 -4.50 Transfer | text: FRAIS / Tenue de compte
  7 2026-01-14 -60.10 Transfer | text: PRLV EDF
",
    );
}

fn is_camt(how: &Format) -> bool {
    matches!(how, Format::Camt053 | Format::Camt054)
}

#[test]
fn our_files_are_as_the_standard_has_them() {
    let paths: Vec<_> = good().into_iter().filter(|(_, how)| is_camt(how)).map(|(name, _)| path(name)).collect();
    assert_eq!(paths.len(), 4);
    assert_eq!(judge::schemas(&paths), ["ok"; 4]);
}

#[test]
fn files_that_say_what_they_are() {
    for (name, how) in good() {
        let expected = Some(how).filter(|how| !matches!(how, Format::Csv(_)));
        assert_eq!(guess(&file(name)), expected, "{name}");
    }
    for unknown in
        ["", "<html></html>", "%PDF-1.7", ":61:", "a;b\n:20:x", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"]
    {
        assert_eq!(guess(unknown.as_bytes()), None, "{unknown}");
    }
}

/// Every version from 2 to 14 of both messages, as far as their namespaces go.
#[test]
fn all_versions_are_read() {
    let text = String::from_utf8(file("de_sparkasse.camt053.xml")).expect("UTF-8");
    for version in 2..=14 {
        let other = text.replace("camt.053.001.02", &format!("camt.053.001.{version:02}"));
        let read = read(other.as_bytes(), &guess(other.as_bytes()).expect("it says so")).expect("it is good");
        assert_eq!(read[0].rows.len(), 4, "version {version}");
    }
}
