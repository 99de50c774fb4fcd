//! Orders to the bank, as its schema and its sums have them; what cannot be sent; and what a bank refuses.

use crate::judge;
use farthing_bank::{Rejection, pain001, pain002, pain008};
use farthing_core::bank::{Debit, DebitBatch, Mandate, Party, Scheme, Sequence, Transfer, TransferBatch};
use farthing_core::money::Money;
use farthing_core::time::{CivilDate, Instant};

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).expect("a day")
}

fn made() -> Instant {
    Instant::parse("2026-02-01T08:30:00.5Z").expect("an instant")
}

fn party(name: &str, iban: &str, bic: &str) -> Party {
    Party { name: name.to_owned(), iban: iban.to_owned(), bic: bic.to_owned() }
}

fn debit(id: &str, amount: &str, name: &str) -> Debit {
    Debit {
        end_to_end: id.to_owned(),
        amount: Money::parse(amount).expect("an amount"),
        mandate: Mandate { reference: format!("M-{id}"), signed: day("2025-11-30") },
        debtor: party(name, "NL91 ABNA 0417 1643 00", ""),
        text: "Rechnung „2026-17“ für Zażółć & Søn – 5 €\n[März]".to_owned(),
    }
}

fn batch(id: &str, scheme: Scheme, sequence: Sequence, debits: Vec<Debit>) -> DebitBatch {
    DebitBatch {
        id: id.to_owned(),
        made: made(),
        creditor: party("Farnwolke Rechenzentrum GmbH", "DE89370400440532013000", "COBADEFFXXX"),
        creditor_id: "DE98ZZZ09999999999".to_owned(),
        due: day("2026-02-05"),
        scheme,
        sequence,
        debits,
    }
}

fn transfers(id: &str, amounts: &[&str]) -> TransferBatch {
    let transfer = |(number, amount): (usize, &&str)| Transfer {
        end_to_end: format!("{id}-{number}"),
        amount: Money::parse(amount).expect("an amount"),
        creditor: party("Élodie Œuvré", "FR1420041010050500013M02606", if number == 0 { "PSSTFRPPPAR" } else { "" }),
        text: String::new(),
    };
    TransferBatch {
        id: id.to_owned(),
        made: made(),
        debtor: party("Farnwolke", "DE89370400440532013000", ""),
        on: day("2026-02-04"),
        transfers: amounts.iter().enumerate().map(transfer).collect(),
    }
}

#[test]
fn debits_as_a_file() {
    let text = pain008(
        &[batch("b-1", Scheme::Core, Sequence::First, vec![debit("d-1", "100.10 EUR", "Weiß & Cie")])],
        "m-1",
        made(),
    );
    let text = text.expect("it fits");
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.02">
  <CstmrDrctDbtInitn>
    <GrpHdr>
      <MsgId>m-1</MsgId>
      <CreDtTm>2026-02-01T08:30:00Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>100.10</CtrlSum>
      <InitgPty>
        <Nm>Farnwolke Rechenzentrum GmbH</Nm>
      </InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>b-1</PmtInfId>
      <PmtMtd>DD</PmtMtd>
      <BtchBookg>true</BtchBookg>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>100.10</CtrlSum>
      <PmtTpInf>
        <SvcLvl>
          <Cd>SEPA</Cd>
        </SvcLvl>
        <LclInstrm>
          <Cd>CORE</Cd>
        </LclInstrm>
        <SeqTp>FRST</SeqTp>
      </PmtTpInf>
      <ReqdColltnDt>2026-02-05</ReqdColltnDt>
      <Cdtr>
        <Nm>Farnwolke Rechenzentrum GmbH</Nm>
      </Cdtr>
      <CdtrAcct>
        <Id>
          <IBAN>DE89370400440532013000</IBAN>
        </Id>
      </CdtrAcct>
      <CdtrAgt>
        <FinInstnId>
          <BIC>COBADEFFXXX</BIC>
        </FinInstnId>
      </CdtrAgt>
      <ChrgBr>SLEV</ChrgBr>
      <CdtrSchmeId>
        <Id>
          <PrvtId>
            <Othr>
              <Id>DE98ZZZ09999999999</Id>
              <SchmeNm>
                <Prtry>SEPA</Prtry>
              </SchmeNm>
            </Othr>
          </PrvtId>
        </Id>
      </CdtrSchmeId>
      <DrctDbtTxInf>
        <PmtId>
          <EndToEndId>d-1</EndToEndId>
        </PmtId>
        <InstdAmt Ccy="EUR">100.10</InstdAmt>
        <DrctDbtTx>
          <MndtRltdInf>
            <MndtId>M-d-1</MndtId>
            <DtOfSgntr>2025-11-30</DtOfSgntr>
          </MndtRltdInf>
        </DrctDbtTx>
        <DbtrAgt>
          <FinInstnId>
            <Othr>
              <Id>NOTPROVIDED</Id>
            </Othr>
          </FinInstnId>
        </DbtrAgt>
        <Dbtr>
          <Nm>Weiss + Cie</Nm>
        </Dbtr>
        <DbtrAcct>
          <Id>
            <IBAN>NL91ABNA0417164300</IBAN>
          </Id>
        </DbtrAcct>
        <RmtInf>
          <Ustrd>Rechnung '2026-17' fuer Zazolc + Son - 5 EUR (Maerz)</Ustrd>
        </RmtInf>
      </DrctDbtTxInf>
    </PmtInf>
  </CstmrDrctDbtInitn>
</Document>
"#;
    assert_eq!(text, expected, "{text}");
}

#[test]
fn the_schemas_take_every_kind() {
    let mut texts = Vec::new();
    for scheme in [Scheme::Core, Scheme::B2b] {
        for sequence in [Sequence::First, Sequence::Recurring, Sequence::Final, Sequence::OneOff] {
            let debits = vec![
                debit("d-1", "0.01 EUR", &"Ä".repeat(100)),
                debit("d-2", "999999999.99 EUR", "日本 <b> \"x\""),
                Debit { text: "x".repeat(500), ..debit("d-3", "7 EUR", "y") },
            ];
            let batches = [batch("b-1", scheme, sequence, debits.clone()), batch("b-2", scheme, sequence, debits)];
            texts.push(pain008(&batches, "m-1", made()).expect("it fits"));
        }
    }
    texts.push(
        pain001(&[transfers("t-1", &["12.50 EUR", "0.01 EUR"]), transfers("t-2", &["3 EUR"])], "m-2", made())
            .expect("it fits"),
    );
    assert_eq!(judge::schema_of(&texts), vec!["ok"; 9]);
}

/// 0.10 a hundred times is 10.00, which binary fractions do not come to.
#[test]
fn control_sums_are_exact() {
    let debits: Vec<Debit> = (0..100).map(|number| debit(&format!("d-{number}"), "0.10 EUR", "x")).collect();
    let large = vec![debit("l-1", "999999999.99 EUR", "x"), debit("l-2", "999999999.99 EUR", "x")];
    let batches =
        [batch("b-1", Scheme::Core, Sequence::First, debits), batch("b-2", Scheme::Core, Sequence::First, large)];
    let text = pain008(&batches, "m-1", made()).expect("it fits");
    let of = |name: &str| -> Vec<String> {
        let tag = format!("<{name}>");
        text.split(&tag).skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
    };
    assert_eq!(of("CtrlSum"), ["2000000009.98", "10.00", "1999999999.98"]);
    assert_eq!(of("NbOfTxs"), ["102", "100", "2"]);
    let text = pain001(&[transfers("t-1", &["0.10 EUR", "0.20 EUR"])], "m-2", made()).expect("it fits");
    assert_eq!(text.matches("<CtrlSum>0.30</CtrlSum>").count(), 2);
}

#[test]
fn characters_are_those_that_every_bank_takes() {
    let text = pain008(
        &[batch("b-1", Scheme::Core, Sequence::First, vec![debit("d-1", "1 EUR", "Müller & Søn_日本")])],
        "m",
        made(),
    );
    let text = text.expect("it fits");
    assert!(text.contains("<Nm>Mueller + Son-..</Nm>"), "{text}");
    assert!(text.contains("<Ustrd>Rechnung '2026-17' fuer Zazolc + Son - 5 EUR (Maerz)</Ustrd>"), "{text}");
}

#[test]
fn what_cannot_be_sent() {
    let check = |change: &dyn Fn(&mut DebitBatch), expected: &str| {
        let mut batch = batch("b-1", Scheme::Core, Sequence::First, vec![debit("d-1", "1 EUR", "x")]);
        change(&mut batch);
        let refused = pain008(&[batch], "m-1", made()).expect_err(expected);
        assert_eq!(refused.to_string(), expected);
    };
    let amount = |text: &'static str| {
        move |batch: &mut DebitBatch| batch.debits[0].amount = Money::parse(text).expect("an amount")
    };
    check(
        &amount("0 EUR"),
        "batch b-1: d-1: 0.00 EUR cannot be sent; it must be whole cents, of 0.01 to 999999999.99 EUR",
    );
    check(
        &amount("1000000000 EUR"),
        "batch b-1: d-1: 1000000000.00 EUR cannot be sent; it must be whole cents, of 0.01 to 999999999.99 EUR",
    );
    check(
        &amount("1.005 EUR"),
        "batch b-1: d-1: 1.005 EUR cannot be sent; it must be whole cents, of 0.01 to 999999999.99 EUR",
    );
    check(&amount("1 USD"), "batch b-1: d-1: 1.00 USD cannot be sent; SEPA takes EUR only; choose another way for it");
    check(
        &|batch| batch.id = "x".repeat(36),
        "batch xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: the batch's id \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" has 36 characters; give one of 1 to 35",
    );
    check(
        &|batch| batch.debits[0].end_to_end = "ä".to_owned(),
        "batch b-1: ä: the reference \"ä\" has characters that banks do not take; write letters A to Z, digits and - ? : ( ) . , ' + with single slashes inside",
    );
    check(
        &|batch| batch.debits[0].mandate.reference = String::new(),
        "batch b-1: d-1: the mandate \"\" has 0 characters; give one of 1 to 35",
    );
    check(
        &|batch| batch.debits[0].mandate.signed = day("2026-02-06"),
        "batch b-1: d-1: the mandate was signed on 2026-02-06 and the debit is due on 2026-02-05; collect after it was signed",
    );
    check(
        &|batch| batch.debits[0].debtor.iban = "DE88370400440532013000".to_owned(),
        "batch b-1: d-1: the debtor's IBAN \"DE88370400440532013000\" is none; the check digits of the IBAN do not fit the rest; a digit is wrong or two are swapped",
    );
    check(
        &|batch| batch.debits[0].debtor.name = " ".to_owned(),
        "batch b-1: d-1: the debtor has no name; give the name of who holds the account",
    );
    check(
        &|batch| batch.creditor.bic = "COBA".to_owned(),
        "batch b-1: the creditor's BIC \"COBA\" is none; leave it out: the IBAN is enough",
    );
    check(
        &|batch| batch.creditor_id = "DE97ZZZ09999999999".to_owned(),
        "batch b-1: the creditor identifier \"DE97ZZZ09999999999\" is none; look it up in what the central bank sent; it is like DE98ZZZ09999999999",
    );
    check(&|batch| batch.debits.clear(), "batch b-1: there is nothing in it; send nothing to the bank");
    check(
        &|batch| batch.debits.push(debit("d-1", "2 EUR", "x")),
        "batch b-1: d-1: the reference \"d-1\" is there twice; give each its own, or what comes back cannot be told apart",
    );
    assert_eq!(
        pain008(&[], "m-1", made()).expect_err("nothing").to_string(),
        "there is nothing in it; send nothing to the bank"
    );
    assert_eq!(
        pain001(&[transfers("t-1", &["0 EUR"])], "m", made()).expect_err("nothing").to_string(),
        "batch t-1: t-1-0: 0.00 EUR cannot be sent; it must be whole cents, of 0.01 to 999999999.99 EUR"
    );
    assert_eq!(
        pain001(&[transfers("t-1", &["1 EUR"])], "m//1", made()).expect_err("slashes").to_string(),
        "the message's id \"m//1\" has characters that banks do not take; write letters A to Z, digits and - ? : ( ) . , ' + with single slashes inside"
    );
}

fn answer(group: &str, batches: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03">
<CstmrPmtStsRpt>
<GrpHdr><MsgId>bank-1</MsgId><CreDtTm>2026-02-02T06:00:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>m-1</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.02</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>
{batches}
</CstmrPmtStsRpt>
</Document>"#
    )
}

#[track_caller]
fn rejected(text: &str, expected: &[(&str, &str, &str, &str)]) {
    let found = pain002(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad}"));
    let expected: Vec<Rejection> = expected
        .iter()
        .map(|(batch, end_to_end, reason, text)| Rejection {
            message: "m-1".to_owned(),
            batch: (*batch).to_owned(),
            end_to_end: (*end_to_end).to_owned(),
            reason: (*reason).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_a_bank_refuses() {
    let why = "<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn><AddtlInf>Invalid</AddtlInf><AddtlInf>file</AddtlInf></StsRsnInf>";
    rejected(&answer(&format!("<GrpSts>RJCT</GrpSts>{why}"), ""), &[("", "", "FF01", "Invalid\nfile")]);
    rejected(&answer("<GrpSts>ACCP</GrpSts>", ""), &[]);
    let batch = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>b-1</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Prtry>X9</Prtry></Rsn></StsRsnInf></OrgnlPmtInfAndSts>";
    rejected(&answer("<GrpSts>PART</GrpSts>", batch), &[("b-1", "", "X9", "")]);
    let orders = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>b-1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>\
        <TxInfAndSts><OrgnlEndToEndId>d-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf></TxInfAndSts>\
        <TxInfAndSts><OrgnlEndToEndId>d-2</OrgnlEndToEndId><TxSts>ACCP</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>\
        <OrgnlPmtInfAndSts><OrgnlPmtInfId>b-2</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>MS03</Cd></Rsn></StsRsnInf>\
        <TxInfAndSts><OrgnlEndToEndId>d-3</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>";
    let expected = [("b-1", "d-1", "AC01", ""), ("b-2", "", "MS03", ""), ("b-2", "d-3", "MS03", "")];
    rejected(&answer("<GrpSts>PART</GrpSts>", orders), &expected);
}

#[test]
fn answers_that_are_none() {
    let check =
        |text: &str, expected: &str| assert_eq!(pain002(text.as_bytes()).expect_err(expected).to_string(), expected);
    check(
        &answer("", "").replace("pain.002", "pain.008"),
        "line 2, column 1: the file is a \"pain.008.001.03\", not a pain.002; choose another file",
    );
    check(
        &answer("", "").replace("<OrgnlMsgId>m-1</OrgnlMsgId>", ""),
        "line 5, column 1: <OrgnlMsgId> is missing; fetch the file from the bank again",
    );
    check(
        &answer("", "<OrgnlPmtInfAndSts><TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>"),
        "line 6, column 20: <OrgnlEndToEndId> is missing; fetch the file from the bank again",
    );
}
