//! Documents: invoices of top-ups, their receipts and credit notes, bills of what was used, and the numbers of all of them.

mod support;

use farthing_core::payment::sandbox::Deed;
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::policy::Pay;
use farthing_core::usage::{Subject, UsageEvent};
use farthing_engine::{
    BillFacts, Billed, CompanyChange, Engine, NewAccount, NewBillPayment, NewBillRefund, NewPayIn, NewRefund,
    PayBillBy, PayBy, PaymentFacts, RefusalCode,
};
use farthing_store::{BillKind, MessageFilter};
use std::sync::Barrier;
use support::{Bed, START, apply, at, later, proven, read, usd};

/// As a cloud has it whose top-ups are the only invoices: from Ireland, its taxes on top of what is credited.
fn top_ups(cloud: &str) -> String {
    format!(
        "{}\n[bill]\non = [\"top_up\"]\nnumber = \"ELE-{{year}}-{{seq:6}}\"\nreceipts = true\n\n[tax]\ntax_point = \"top_up\"\n\
         rates = \"eu\"\nreverse_charge = true\n\n[refund]\nunconsumed_cash = true\napproval = \"automatic\"\n",
        support::policy(cloud).replace(
            "[brand]\n",
            "[brand]\ncountry = \"IE\"\naddress = \"1 Quay, Dublin\"\ntax_number = \"IE6433435F\"\n"
        )
    )
}

/// One that bills what was used, a day to pay.
fn bills(cloud: &str, more: &str) -> String {
    format!(
        "{}\n[bill]\non = [\"cycle\"]\nnumber = \"B-{{seq:4}}\"\n{more}",
        support::policy(cloud).replace("[brand]\n", "[brand]\ncountry = \"IE\"\n")
    )
}

fn open(engine: &Engine, account: &str, country: &str, pay: Option<Pay>) {
    let new = NewAccount { name: account.to_owned(), country: Some(country.to_owned()), pay, ..NewAccount::default() };
    engine.open_account("one", &new).expect("the account opens");
}

fn pay_in(engine: &Engine, account: &str, amount: &str) -> PaymentFacts {
    let wanted = NewPayIn {
        account: account.to_owned(),
        amount: usd(amount),
        by: PayBy::Token("card:visa".to_owned()),
        keep: false,
        reference: None,
        back: String::new(),
    };
    let paid = engine.pay_in("one", &wanted).expect("it is paid");
    assert_eq!(paid.state, "succeeded");
    paid
}

fn payment_id(payment: &PaymentFacts) -> PaymentId {
    payment.payment_id().expect("an id")
}

fn bill_id(bill: &BillFacts) -> BillId {
    BillId::parse(&bill.id).expect("an id")
}

/// Documents of an account, the oldest first: number, state, net, tax, total, due.
fn documents(engine: &Engine, account: &str) -> Vec<String> {
    let mut facts = engine.bills("one", Some(account), None, None, None, 100).expect("its documents");
    facts.sort_by_key(|bill| (bill.issued, bill.kind.clone(), bill.number.clone()));
    let line = |bill: &BillFacts| {
        let plain = |units| farthing_core::money::Money::from_units(units, usd("0").currency()).plain();
        let of = if bill.of_number.is_empty() { String::new() } else { format!(" of {}", bill.of_number) };
        let [net, tax, total, due] = [bill.net, bill.tax, bill.total, bill.due].map(plain);
        format!("{} {} {net} + {tax} = {total}, due {due}{of}", bill.number, bill.state)
    };
    facts.iter().map(line).collect()
}

/// What the cloud was told of documents, in order: type and number.
fn told(engine: &Engine) -> Vec<String> {
    read(engine, |tx| tx.messages("one", &MessageFilter::default(), i64::MAX, 1_000))
        .into_iter()
        .rev()
        .filter(|message| ["bill.", "receipt.", "credit_note."].iter().any(|kind| message.kind.starts_with(kind)))
        .map(|message| {
            let data: serde_json::Value = serde_json::from_str(&message.data).expect("JSON");
            format!("{} {}", message.kind, data["number"].as_str().expect("a number"))
        })
        .collect()
}

fn balance(engine: &Engine, account: &str) -> String {
    let now = engine.now().expect("the clock");
    let view = engine.account_view("one", account, now).expect("the account");
    farthing_core::money::Money::from_units(view.figures.balance, view.currency).plain()
}

both! {
    /// R29, R33: 10.00 and 19% of it is 11.90; a business elsewhere owes the tax itself; outside the Union there is none.
    fn r29_each_top_up_is_an_invoice(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &top_ups("one"), support::CATALOG);
        open(&engine, "anna", "DE", None);
        open(&engine, "gmbh", "DE", None);
        open(&engine, "inc", "US", None);
        let company = CompanyChange {
            name: Some("Beispiel GmbH".to_owned()),
            tax_number: Some("DE136695976".to_owned()),
            ..CompanyChange::default()
        };
        engine.set_company("one", "gmbh", &company).expect("it is known");
        let paid = pay_in(&engine, "anna", "10.00");
        pay_in(&engine, "gmbh", "10.00");
        pay_in(&engine, "inc", "10.00");
        engine.top_up("one", "inc", usd("7.00"), Some("wire-1")).expect("booked");
        engine.top_up("one", "inc", usd("7.00"), Some("wire-1")).expect("it is there");
        assert_eq!(documents(&engine, "anna"), [
            "ELE-2026-000001 paid 10.00 + 1.90 = 11.90, due 0.00",
            "R-ELE-2026-000001 issued 11.90 + 0.00 = 11.90, due 0.00 of ELE-2026-000001",
        ]);
        assert_eq!(documents(&engine, "gmbh")[0], "ELE-2026-000002 paid 10.00 + 0.00 = 10.00, due 0.00");
        assert_eq!(documents(&engine, "inc"), [
            "ELE-2026-000003 paid 10.00 + 0.00 = 10.00, due 0.00",
            "ELE-2026-000004 paid 7.00 + 0.00 = 7.00, due 0.00",
            "R-ELE-2026-000003 issued 10.00 + 0.00 = 10.00, due 0.00 of ELE-2026-000003",
            "R-ELE-2026-000004 issued 7.00 + 0.00 = 7.00, due 0.00 of ELE-2026-000004",
        ]);
        let bill = engine.bill_by_number("one", "ELE-2026-000001").expect("it is there");
        assert_eq!(bill.payment.as_ref(), Some(&paid.id));
        assert_eq!(bill.transfer, paid.transfer);
        assert_eq!((bill.groups[0].group.as_str(), bill.groups[0].percent.as_str()), ("DE-19", "19%"));
        assert_eq!((bill.seller.tax_number.as_str(), bill.seller.address.as_str()), ("IE6433435F", "1 Quay, Dublin"));
        let bill = engine.bill_by_number("one", "ELE-2026-000002").expect("it is there");
        assert_eq!(bill.groups[0].note, "Reverse charge: VAT is to be accounted for by the recipient, DE136695976");
        assert_eq!((bill.buyer.name.as_str(), bill.buyer.tax_number.as_str()), ("Beispiel GmbH", "DE136695976"));
        let receipt = engine.bill_by_number("one", "R-ELE-2026-000001").expect("it is there");
        assert!(receipt.method.starts_with("visa "), "{}", receipt.method);
        assert_eq!(engine.bill_by_number("one", "ELE-2026-000003").expect("it is there").groups[0].group, "US-outside");
        assert_eq!(told(&engine)[..3], ["bill.issued ELE-2026-000001", "receipt.issued R-ELE-2026-000001", "bill.issued ELE-2026-000002"]);
        assert_eq!(told(&engine).len(), 8);
        proven(&engine);
    }
}

both! {
    /// Many accounts at once, by several processes, some of which give up half way: 1 to 1,000, each once.
    fn a_thousand_numbers_without_a_gap(bed: &Bed) {
        let first = bed.engine(0, at(START));
        apply(&first, "one", &top_ups("one"), support::CATALOG);
        for account in 0..20 {
            open(&first, &format!("a{account}"), "DE", None);
        }
        let engines: Vec<Engine> = (1..5).map(|process| bed.engine(process, later(60))).collect();
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for (place, engine) in engines.iter().enumerate() {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..250 {
                        let account = format!("a{}", (place + turn) % 20);
                        engine.top_up("one", &account, usd("10.00"), Some(&format!("{place}-{turn}"))).expect("booked");
                        if turn % 50 == 7 {
                            // Numbers that are taken by who then dies are given to the next.
                            let gone = engine.store().write("dies", |tx| {
                                let series = tx.bill_series_waiting("one")?;
                                for series in series.into_iter().chain(["ELE-2026-{seq}".to_owned()]) {
                                    let counted = tx.number_series_take("one", &series)?;
                                    for (mut row, seq) in tx.bills_unnumbered("one", &series, 5)?.into_iter().zip(counted + 1..) {
                                        (row.seq, row.number) = (seq, format!("dead-{seq}"));
                                        tx.bill_number_write(&row)?;
                                    }
                                    tx.number_series_count("one", &series, counted + 5)?;
                                }
                                Err::<(), _>(farthing_store::StoreError::corrupt("killed"))
                            });
                            assert!(gone.is_err());
                        }
                    }
                });
            }
        });
        first.run_due().expect("what waits is numbered");
        for (kind, prefix) in [(BillKind::Bill, ""), (BillKind::Receipt, "R-")] {
            let facts = first.bills("one", None, Some(kind), None, None, 2_000).expect("all of them");
            let mut numbers: Vec<String> = facts.into_iter().map(|bill| bill.number).collect();
            numbers.sort();
            let wanted: Vec<String> = (1..=1_000).map(|seq| format!("{prefix}ELE-2026-{seq:06}")).collect();
            assert!(numbers == wanted, "{:?} …", &numbers[..3]);
        }
        proven(&first);
    }
}
