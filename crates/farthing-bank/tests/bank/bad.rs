//! Files with something wrong in them: where, what, and what to do, word for word.

use crate::{compte, file, ing, sparkasse};
use farthing_bank::{Format, read};

#[track_caller]
fn check(bytes: &[u8], how: &Format, expected: &str) {
    let found = read(bytes, how).map(|statements| crate::shown(&statements));
    assert_eq!(found.map_err(|bad| bad.to_string()), Err(expected.to_owned()));
}

/// A good file with one thing changed, the first time it comes.
fn changed(name: &str, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(file(name)).expect("UTF-8");
    assert!(text.contains(from), "{name} has no {from}");
    text.replacen(from, to, 1).into_bytes()
}

fn camt(from: &str, to: &str, expected: &str) {
    check(&changed("de_sparkasse.camt053.xml", from, to), &Format::Camt053, expected);
}

fn mt940(from: &str, to: &str, expected: &str) {
    check(&changed("de_commerzbank.mt940", from, to), &Format::Mt940, expected);
}

#[test]
fn xml_that_is_none() {
    camt(
        "</NtryDtls>",
        "",
        "line 62, column 7: this is not well-formed XML: <NtryDtls> is open, and </Ntry> ends it; fetch the file from the bank again",
    );
    camt(
        "</Document>",
        "",
        "line 143, column 19: the file is cut off: <Document> is never closed; fetch the file from the bank again",
    );
    camt(
        "<Document",
        "<!DOCTYPE Document [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n<Document",
        "line 2, column 1: the file brings a document type (DOCTYPE); no bank's message has one: do not trust the file",
    );
    camt("Kd. 4711", "&lol9;", "line 57, column 22: &lol9; stands for nothing; fetch the file from the bank again");
    camt("Kd. 4711", "&#0;", "line 57, column 22: &#0; stands for nothing; fetch the file from the bank again");
    camt(
        "Kd. 4711",
        "AT&T",
        "line 57, column 24: this is not well-formed XML: an & stands alone, which must be &amp;; fetch the file from the bank again",
    );
    camt(
        "</Document>",
        "</Document><Document/>",
        "line 144, column 12: a second message begins: <Document>; split the file: each message is a file of its own",
    );
    camt(
        "</Document>",
        "</Document>more",
        "line 144, column 12: text stands outside of any element; choose the file as the bank gave it",
    );
    camt("UTF-8", "UTF-16", "line 1, column 1: the file says that it is encoded in utf-16; ask the bank for UTF-8");
    let deep = format!("<Document>{}", "<a>".repeat(100_000));
    check(
        deep.as_bytes(),
        &Format::Camt053,
        "line 1, column 200: elements are nested deeper than 64; no bank's message is like that: do not trust the file",
    );
    let many: Vec<String> = (0..100_000).map(|number| format!("a{number}='1'")).collect();
    camt(
        "<Document",
        &format!("<Document {}", many.join(" ")),
        "line 2, column 1: <Document> has more than 32 attributes; no bank's message is like that: do not trust the file",
    );
    check(b"", &Format::Camt053, "line 1, column 1: the file is empty; fetch the file from the bank again");
    check(
        b"hello",
        &Format::Camt053,
        "line 1, column 1: text stands outside of any element; choose the file as the bank gave it",
    );
    check(
        b"%PDF-1.7\n\x00\x01",
        &Format::Camt053,
        "line 2, column 1: this is no text: it has a control character, U+0000; choose the statement itself, not a PDF, a spreadsheet or an archive",
    );
    check(
        b"<a>\n  \xff</a>",
        &Format::Camt053,
        "line 2, column 3: the byte FF is not UTF-8; choose the file as the bank gave it; a program may have saved it in another encoding",
    );
    check(
        &vec![b' '; 50 * 1024 * 1024 + 1],
        &Format::Camt053,
        "line 1, column 1: the file has 52428801 bytes and 52428800 are the most; ask the bank for shorter statements",
    );
}

#[test]
fn messages_that_are_others() {
    camt(
        "camt.053.001.02",
        "camt.052.001.02",
        "line 2, column 1: the file is a \"camt.052.001.02\", not a camt.053 of versions 001.02 to 001.14; choose another file, or say its own format",
    );
    camt(
        "camt.053.001.02",
        "camt.053.001.15",
        "line 2, column 1: the file is a \"camt.053.001.15\", not a camt.053 of versions 001.02 to 001.14; choose another file, or say its own format",
    );
    check(
        &file("de_sparkasse.camt053.xml"),
        &Format::Camt054,
        "line 2, column 1: the file is a \"camt.053.001.02\", not a camt.054 of versions 001.02 to 001.14; choose another file, or say its own format",
    );
    check(
        b"<html></html>",
        &Format::Camt053,
        "line 1, column 1: the file is a <html>, not a <Document> of ISO 20022; choose the statement itself",
    );
    check(
        b"<Document></Document>",
        &Format::Camt053,
        "line 1, column 1: <Document> does not say which message it is (xmlns); ask the bank for ISO 20022 files",
    );
    let other = String::from_utf8(file("de_sparkasse.camt053.xml")).expect("UTF-8").replace("BkToCstmrStmt", "Other");
    check(
        other.as_bytes(),
        &Format::Camt053,
        "line 2, column 1: <BkToCstmrStmt> is missing; fetch the file from the bank again",
    );
    let empty = b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt/></Document>";
    check(
        empty,
        &Format::Camt053,
        "line 1, column 66: the file has no statement (<Stmt>); fetch the file from the bank again",
    );
}

#[test]
fn statements_that_do_not_say_what_they_must() {
    camt(
        "<Id><IBAN>DE89370400440532013000</IBAN></Id>",
        "",
        "line 9, column 5: the account's number is missing (<Acct><Id>); fetch the file from the bank again",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "",
        "line 31, column 7: <Ntry> has no amount (<Amt>); fetch the file from the bank again",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt>1190.00</Amt>",
        "line 32, column 9: the amount has no currency (Ccy); fetch the file from the bank again",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"USD\">1190.00</Amt>",
        "line 32, column 9: the amount is in USD and the account in EUR; ask the bank for a statement in one currency",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUX\">1190.00</Amt>",
        "line 32, column 9: \"EUX\" is no currency that is known; it must be a code of ISO 4217, such as EUR",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUR\">1190.005</Amt>",
        "line 32, column 9: \"1190.005\" has 3 decimals and EUR has 2; ask the bank for the exact amount; nothing is rounded",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUR\">1.190,00</Amt>",
        "line 32, column 9: \"1.190,00\" is no amount: it must be digits; it must be written like 12.50; fetch the file from the bank again",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUR\">-1190.00</Amt>",
        "line 32, column 9: \"-1190.00\" is no amount: it must be digits; it must be written like 12.50; fetch the file from the bank again",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUR\">99999999999999999.00</Amt>",
        "line 32, column 9: \"99999999999999999.00\" is more than an amount can hold; look at the file: it cannot be meant",
    );
    camt(
        "<Amt Ccy=\"EUR\">1190.00</Amt>",
        "<Amt Ccy=\"EUR\">1191.00</Amt>",
        "line 25, column 7: the balances do not fit: 10250.40 EUR at the beginning and 1820.57 EUR of 4 rows come to 12070.97 EUR, and the file says 12069.97 EUR: -1.00 EUR off; rows are missing or twice; fetch the file from the bank again",
    );
    camt(
        "<Sts>BOOK</Sts>",
        "",
        "line 31, column 7: the entry says \"\" where it must say BOOK, PDNG, INFO or FUTR (<Sts>); fetch the file from the bank again",
    );
    camt(
        "<BookgDt><Dt>2026-02-03</Dt></BookgDt>",
        "<BookgDt><Dt>2026-02-30</Dt></BookgDt>",
        "line 35, column 18: \"2026-02-30\" is no date; it must be like 2026-01-31; fetch the file from the bank again",
    );
    camt(
        "<CdtDbtInd>DBIT</CdtDbtInd>",
        "<CdtDbtInd>DEBT</CdtDbtInd>",
        "line 80, column 9: <Ntry> says \"DEBT\" where it must say CRDT or DBIT (<CdtDbtInd>); fetch the file from the bank again",
    );
    let dates = "<BookgDt><Dt>2026-02-03</Dt></BookgDt>\n        <ValDt><Dt>2026-02-03</Dt></ValDt>";
    camt(dates, "", "line 31, column 7: the entry has no date (<BookgDt>); fetch the file from the bank again");
}

#[test]
fn mt940_that_is_none() {
    mt940(
        ":62F:C260203EUR12049,97",
        "",
        "line 26, column 5: the file is cut off: the statement has no closing balance (:62F:); fetch the file from the bank again",
    );
    mt940(
        "EUR12049,97",
        "EUR12050,97",
        "line 24, column 6: the balances do not fit: 10250.40 EUR at the beginning and 1799.57 EUR of 5 rows come to 12049.97 EUR, and the file says 12050.97 EUR: 1.00 EUR off; rows are missing or twice; fetch the file from the bank again",
    );
    mt940(
        "EUR12049,97",
        "USD12049,97",
        "line 24, column 6: the closing balance is in USD and the opening one in EUR; fetch the file from the bank again",
    );
    mt940(
        "CR1190,00",
        "CR1190,005",
        "line 5, column 17: \"1190,005\" has 3 decimals and EUR has 2; ask the bank for the exact amount; nothing is rounded",
    );
    mt940(
        "CR1190,00",
        "XR1190,00",
        "line 5, column 5: \"2602030203XR1190,00NTRFNONREF//2026034125001000\" is no movement (:61:): C, D, RC or RD must follow the date; it must be like 2601310131C1234,56NTRFNONREF; fetch the file from the bank again",
    );
    mt940(
        "CR1190,00",
        "CRNTRF",
        "line 5, column 5: \"2602030203CRNTRFNTRFNONREF//2026034125001000\" is no movement (:61:): the amount is missing; it must be like 2601310131C1234,56NTRFNONREF; fetch the file from the bank again",
    );
    mt940(
        ":61:2602030203",
        ":61:2602300203",
        "line 5, column 5: \"260230\" is no date; it must be like 260131; fetch the file from the bank again",
    );
    mt940(
        ":61:2602030203",
        ":61:2602030231",
        "line 5, column 5: \"2602030231CR1190,00NTRFNONREF//2026034125001000\" is no movement (:61:): there is no such day; it must be like 2601310131C1234,56NTRFNONREF; fetch the file from the bank again",
    );
    mt940(
        ":61:2602030203",
        ":61:26020302",
        "line 5, column 5: \"26020302CR1190,00NTRFNONREF//2026034125001000\" is no movement (:61:): its dates are neither 6 nor 10 digits; it must be like 2601310131C1234,56NTRFNONREF; fetch the file from the bank again",
    );
    mt940(
        ":25:37040044/0532013000EUR\n",
        "",
        "line 1, column 5: the statement has no account (:25:); fetch the file from the bank again",
    );
    mt940(
        ":60F:C260202EUR10250,40",
        ":60F:C260202",
        "line 4, column 6: \"C260202\" is no balance (:60F:); it must be like C260131EUR1234,56; fetch the file from the bank again",
    );
    mt940(
        ":60F:C260202EUR",
        ":60F:C260202EUX",
        "line 4, column 13: \"EUX\" is no currency that is known; it must be a code of ISO 4217, such as EUR",
    );
    mt940(
        ":61:2602030203CR1190,00NTRFNONREF//2026034125001000\n",
        "",
        "line 5, column 5: a text (:86:) stands here without a movement (:61:) before it; fetch the file from the bank again",
    );
    check(
        b"hello\nworld",
        &Format::Mt940,
        "line 1, column 1: this is no MT940: a field such as :20: is missing; choose the statement itself",
    );
    check(
        b":25:1\n",
        &Format::Mt940,
        "line 1, column 1: this is no MT940: it has no statement (:20:); choose the statement itself",
    );
    check(
        b":28:1\n:20:x\n",
        &Format::Mt940,
        "line 1, column 5: a statement begins with :20:, and here :28: comes first; fetch the file from the bank again",
    );
    check(
        b"PK\x03\x04",
        &Format::Mt940,
        "line 1, column 3: this is no text: it has a control character, U+0003; choose the statement itself, not a PDF, a spreadsheet or an archive",
    );
}

#[test]
fn csv_that_is_not_the_mapping_s() {
    let french = |from: &str, to: &str, expected: &str| {
        check(&changed("fr_compte.csv", from, to), &Format::Csv(Box::new(compte())), expected);
    };
    french(
        "Libellé",
        "Text",
        "line 4, column 1: the header has no column \"Libellé\"; it has Date, Text, Débit, Crédit, Détail, Devise; correct the mapping, or choose a file of that bank",
    );
    french(
        "Détail",
        "Date",
        "line 4, column 27: the header has two columns \"Date\"; correct the mapping, or choose a file of that bank",
    );
    french(
        "15/01/2026;VIR",
        "32/01/2026;VIR",
        "line 5, column 1: \"32/01/2026\" is no date like DD/MM/YYYY; correct the mapping, or choose a file of that bank",
    );
    french(
        "1\u{a0}200,00",
        "1\u{a0}20,00",
        "line 5, column 36: \"1\\u{a0}20,00\" is no amount: its thousands are not in groups of three; it must be written like 12,50; fetch the file from the bank again",
    );
    french(
        "1\u{a0}200,00",
        "1200.00",
        "line 5, column 36: \"1200.00\" is no amount: it must be digits; it must be written like 12,50; fetch the file from the bank again",
    );
    french(
        "1\u{a0}200,00",
        "1200,000",
        "line 5, column 36: \"1200,000\" has 3 decimals and EUR has 2; ask the bank for the exact amount; nothing is rounded",
    );
    french("1\u{a0}200,00", "", "line 5, column 1: the row has no amount; fetch the file from the bank again");
    french(
        "1\u{a0}200,00;FACT-88;EUR",
        "1\u{a0}200,00;FACT-88;CHF",
        "line 5, column 53: the row is in CHF and the account in EUR; correct the mapping, or choose a file of that bank",
    );
    french(
        "1\u{a0}200,00;FACT-88;EUR",
        "1\u{a0}200,00;FACT-88",
        "line 5, column 1: the row has 5 fields and the header 6; fetch the file from the bank again",
    );
    french(
        "60,10;0,00",
        "60,10;1,00",
        "line 7, column 21: the row came in and went out; correct the mapping, or choose a file of that bank",
    );
    french(
        "FRAIS",
        "\"FRAIS",
        "line 6, column 12: a quote is opened and never closed; fetch the file from the bank again: its end may be missing",
    );
    french(
        "FRAIS",
        "\"FRAIS\"x",
        "line 6, column 19: something stands behind a quoted field; a quoted field must end at ';' or at the end of its line",
    );
    check(
        b"a\nb",
        &Format::Csv(Box::new(compte())),
        "line 2, column 2: the file ends before its header; fetch the file from the bank again",
    );
    check(
        &file("de_sparkasse.csv"),
        &Format::Csv(Box::new(compte())),
        "line 3, column 35: the byte FC is not UTF-8; choose the file as the bank gave it; a program may have saved it in another encoding",
    );
    check(
        &changed("nl_ing.csv", "950,00", "951,00"),
        &Format::Csv(Box::new(ing())),
        "line 3, column 108: the balance 951.00 EUR does not follow from 1150.00 EUR, 2 rows into the file; rows are missing or twice; fetch the file from the bank again",
    );
    check(
        b"\x00",
        &Format::Csv(Box::new(sparkasse())),
        "line 1, column 1: this is no text: it has a control character, U+0000; choose the statement itself, not a PDF, a spreadsheet or an archive",
    );
}
