//! Bills that are not paid: what their lateness costs is what it should be whatever is done to them, disputes and requests are their cloud's alone,
//! and verify names what somebody changes.

use crate::support::{self, Bed, apply, at, proven, read, tampered, usd, used};
use farthing_core::bill::DisputeState;
use farthing_core::money::Money;
use farthing_core::payment::{BillDisputeId, BillId, InvoiceRequestId};
use farthing_core::policy::Pay;
use farthing_engine::{
    Decision, Engine, InvoiceDecision, NewAccount, NewBillDispute, NewBillPayment, NewInvoiceRequest, PayBillBy,
    RefusalCode, Refused,
};
use farthing_store::{BillKind, MessageFilter};

const BEGIN: &str = "2026-01-10T08:00:00Z";

fn policy(cloud: &str, bill: &str) -> String {
    format!(
        "{}\n[bill]\nnumber = \"B-{{year}}-{{seq:4}}\"\ndue = \"7d\"\n{bill}\n",
        support::policy(cloud).replace("every = \"1h\"", "every = \"day\"")
    )
}

const CYCLE: &str = "on = [\"cycle\"]\ndispute_window = \"30d\"\nreminders = [\"2d\", \"1d\"]\n\
    late_fee = { daily_percent = \"0.3\", cap_percent = \"9\", after = \"1d\" }";

fn open(engine: &Engine, cloud: &str, account: &str, pay: Option<Pay>) {
    let new = NewAccount { name: account.to_owned(), pay, ..NewAccount::default() };
    engine.open_account(cloud, &new).expect("the account opens");
}

/// A cloud whose account has a bill of 200.00, issued on 1 February.
fn billed(bed: &Bed) -> (Engine, BillId) {
    let engine = bed.engine(0, at(BEGIN));
    apply(&engine, "one", &policy("one", CYCLE), support::CATALOG);
    apply(&engine, "two", &policy("two", CYCLE), support::CATALOG);
    open(&engine, "one", "acme", Some(Pay::Postpaid));
    used(&engine, ("one", "acme"), "1", 20_000, Some(BEGIN));
    engine.advance(at("2026-02-01T01:00:00Z")).expect("time goes by");
    let bill = newest(&engine);
    (engine, bill)
}

fn newest(engine: &Engine) -> BillId {
    let mut found = engine.bills("one", Some("acme"), Some(BillKind::Bill), None, None, 1).expect("its bills");
    BillId::parse(&found.pop().expect("one").id).expect("an id")
}

fn due(engine: &Engine, bill: BillId) -> String {
    let facts = engine.bill("one", bill).expect("the bill");
    Money::from_units(facts.due, farthing_core::money::Currency::USD).plain()
}

fn told(engine: &Engine, kind: &str) -> usize {
    let filter = MessageFilter { kind: Some(kind.to_owned()), account: None };
    read(engine, move |tx| tx.messages("one", &filter, i64::MAX, 100)).len()
}

fn code(refused: Result<impl std::fmt::Debug, Refused>) -> RefusalCode {
    refused.expect_err("refused").code().expect("by a rule")
}

/// What bills ask for a bill's lateness, less what was credited of that; and what its row says.
fn fees(engine: &Engine, bill: BillId) -> (i64, i64) {
    let origin = format!("late_fee:{bill}");
    let bills = engine.bills("one", Some("acme"), None, None, None, 100).expect("its documents");
    let mut asked = 0;
    for found in &bills {
        let of_it = |line: &&farthing_engine::BillLineFacts| line.origin == origin;
        asked += found.lines.iter().filter(of_it).map(|line| line.amount).sum::<i64>();
        if found.kind == "credit_note" && found.reason == "the bill that it was for was lowered" {
            asked -= found.total;
        }
    }
    let charged = read(engine, move |tx| tx.arrears(bill)).map_or(0, |row| row.charged_units());
    (asked, charged)
}

both! {
    /// Paid, disputed, granted, credited, issued on and on: what lateness was billed with is what it cost, at every month's end.
    fn whatever_is_done_to_a_late_bill_its_fees_add_up(bed: &Bed) {
        let (engine, bill) = billed(bed);
        assert_eq!(due(&engine, bill), "200.00");
        let dispute = |amount: &str| {
            let wanted = NewBillDispute { bill, amount: Some(usd(amount)), reason: "odd".to_owned() };
            let facts = engine.dispute_bill("one", &wanted).expect("opened");
            BillDisputeId::parse(&facts.id).expect("an id")
        };
        engine.advance(at("2026-02-12T00:00:00Z")).expect("time goes by");
        let first = dispute("50.00");
        engine.advance(at("2026-02-20T00:00:00Z")).expect("time goes by");
        engine.decide_bill_dispute("one", first, &Decision::Grant(Some(usd("20.00"))), "").expect("decided");
        assert_eq!(due(&engine, bill), "180.00");
        engine.advance(at("2026-03-01T01:00:00Z")).expect("time goes by");
        let (asked, charged) = fees(&engine, bill);
        assert!(asked > 0 && asked == charged, "{asked} {charged}");
        proven(&engine);
        engine.top_up("one", "acme", usd("60.00"), None).expect("booked"); // pays arrears first
        assert_eq!(due(&engine, bill), "120.00");
        engine.advance(at("2026-04-01T01:00:00Z")).expect("time goes by");
        let (asked, charged) = fees(&engine, bill);
        assert_eq!(asked, charged);
        // All of it: nothing was ever late, and what was billed for that is taken back.
        engine.credit_bill("one", bill, None, "none of it was right").expect("credited");
        let (asked, charged) = fees(&engine, bill);
        assert_eq!((asked, charged), (0, 0));
        assert_eq!(due(&engine, bill), "0.00");
        proven(&engine);
        engine.advance(at("2026-06-01T01:00:00Z")).expect("time goes by");
        assert_eq!(fees(&engine, bill), (0, 0));
        proven(&engine);
    }
}

both! {
    /// What lateness was billed with was given up by hand already: the bill that it was for can be credited all the same.
    fn a_fee_that_was_given_up_by_hand_is_not_given_back_again(bed: &Bed) {
        let (engine, bill) = billed(bed);
        engine.advance(at("2026-03-01T01:00:00Z")).expect("time goes by");
        let fee = newest(&engine);
        assert!(fee != bill && fees(&engine, bill).0 > 0);
        engine.credit_bill("one", fee, None, "goodwill").expect("credited");
        engine.credit_bill("one", bill, None, "none of it was right").expect("credited");
        assert_eq!((due(&engine, bill), due(&engine, fee)), ("0.00".to_owned(), "0.00".to_owned()));
        proven(&engine);
    }
}

both! {
    /// Whoever was down at several of its times reminds once.
    fn a_bill_is_reminded_of_once_for_each_time_somebody_was_there(bed: &Bed) {
        let (engine, bill) = billed(bed);
        engine.advance(at("2026-02-06T01:00:00Z")).expect("time goes by"); // two days before it is due
        assert_eq!(told(&engine, "bill.due"), 1);
        engine.clock().advance_to(at("2026-02-09T12:00:00Z"));
        engine.run_due().expect("what is due happens");
        engine.run_due().expect("once");
        assert_eq!(told(&engine, "bill.due"), 2);
        engine.advance(at("2026-02-10T01:00:00Z")).expect("time goes by");
        assert_eq!(told(&engine, "bill.due"), 3);
        let pays = NewBillPayment { bill, by: PayBillBy::Balance, amount: None, keep: false, reference: None, back: String::new() };
        engine.top_up("one", "acme", usd("200.00"), None).expect("booked");
        assert_eq!(due(&engine, bill), "0.00");
        assert_eq!(code(engine.pay_bill("one", &pays)), RefusalCode::Conflict);
        engine.advance(at("2026-02-20T00:00:00Z")).expect("time goes by");
        assert_eq!(told(&engine, "bill.due"), 3);
        proven(&engine);
    }
}

both! {
    /// Given up, it is nobody's demand; what comes all the same is no balance of its customer's.
    fn what_was_given_up_is_recovered(bed: &Bed) {
        let (engine, bill) = billed(bed);
        engine.advance(at("2026-02-20T00:00:00Z")).expect("time goes by");
        engine.write_off_bill("one", bill, "they are gone").expect("given up");
        assert_eq!(engine.bill("one", bill).expect("it").state, "uncollectible");
        proven(&engine);
        let lost = |engine: &Engine| engine.revenue("one", None, None).expect("the months").months.last().expect("one").bad_debt;
        assert_eq!(lost(&engine), i128::from(usd("200.00").units()));
        engine.credit_bill("one", bill, Some(usd("50.00")), "a part was wrong").expect("credited");
        assert_eq!(lost(&engine), i128::from(usd("150.00").units()));
        proven(&engine);
    }
}

both! {
    /// By its id, nothing of one cloud is another's.
    fn disputes_and_requests_are_their_clouds_alone(bed: &Bed) {
        let (engine, bill) = billed(bed);
        let wanted = NewBillDispute { bill, amount: None, reason: String::new() };
        assert_eq!(code(engine.dispute_bill("two", &wanted)), RefusalCode::NotFound);
        let id = BillDisputeId::parse(&engine.dispute_bill("one", &wanted).expect("opened").id).expect("an id");
        assert_eq!(code(engine.bill_dispute("two", id)), RefusalCode::NotFound);
        assert_eq!(code(engine.decide_bill_dispute("two", id, &Decision::Refuse, "")), RefusalCode::NotFound);
        assert_eq!(code(engine.credit_bill("two", bill, None, "")), RefusalCode::NotFound);
        assert_eq!(code(engine.reissue_bill("two", bill, "")), RefusalCode::NotFound);
        assert_eq!(code(engine.write_off_bill("two", bill, "")), RefusalCode::NotFound);
        assert!(engine.bill_disputes("two", (None, Some(bill)), None, None, 10).expect("none").is_empty());
        let open = engine.bill_disputes("one", (Some("acme"), Some(bill)), Some(DisputeState::Open), None, 10);
        assert_eq!(open.expect("one").len(), 1);
        proven(&engine);
        let found = tampered(&engine, |tx| tx.execute("UPDATE bill_dispute SET amount = 1", &[]));
        assert!(found.iter().any(|(row, what)| row.starts_with("dispute ") && what.contains("seal")), "{found:?}");
        let found = tampered(&engine, |tx| tx.execute("DELETE FROM bill_dispute", &[]));
        assert!(found.iter().any(|(_, what)| what.contains("no open dispute says so")), "{found:?}");
    }
}

both! {
    /// Each charge once, by whoever asks; and another cloud knows nothing of it.
    fn an_invoice_that_was_asked_for(bed: &Bed) {
        let engine = bed.engine(0, at(BEGIN));
        apply(&engine, "one", &policy("one", "on = [\"request\"]\nrequest_sla = \"3d\""), support::CATALOG);
        apply(&engine, "two", &policy("two", "on = [\"request\"]"), support::CATALOG);
        open(&engine, "one", "acme", None);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        used(&engine, ("one", "acme"), "1", 1_000, Some(BEGIN));
        engine.advance(at("2026-01-11T08:00:00Z")).expect("time goes by");
        let wanted = NewInvoiceRequest { account: "acme".to_owned(), ..NewInvoiceRequest::default() };
        let first = engine.request_invoice("one", &wanted).expect("asked");
        assert_eq!(first.exact, usd("10.00").units());
        assert_eq!(code(engine.request_invoice("one", &wanted)), RefusalCode::BelowMinimum);
        let again = NewInvoiceRequest { charges: first.charges.clone(), ..wanted.clone() };
        assert_eq!(code(engine.request_invoice("one", &again)), RefusalCode::Conflict);
        let id = InvoiceRequestId::parse(&first.id).expect("an id");
        assert_eq!(code(engine.invoice_request("two", id)), RefusalCode::NotFound);
        assert_eq!(code(engine.decide_invoice("two", id, InvoiceDecision::Issue, "")), RefusalCode::NotFound);
        engine.advance(at("2026-01-14T08:00:00Z")).expect("time goes by");
        assert_eq!(told(&engine, "invoice.late"), 1);
        let issued = engine.decide_invoice("one", id, InvoiceDecision::Issue, "").expect("issued");
        assert_eq!((issued.number.as_str(), issued.total), ("I-B-2026-0001", usd("10.00").units()));
        proven(&engine);
        let found = tampered(&engine, |tx| tx.execute("UPDATE invoiced SET amount = amount + 1", &[]));
        assert!(found[0].1.starts_with("its charges come to"), "{found:?}");
        let found = tampered(&engine, |tx| tx.execute("UPDATE invoice_request SET note = 'x'", &[]));
        assert!(found[0].1.contains("seal"), "{found:?}");
    }
}
