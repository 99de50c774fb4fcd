//! Documents: invoices of top-ups, their receipts and credit notes, bills of what was used, and the numbers of all of them.

use crate::support::{self, Bed, START, apply, at, later, proven, read, tampered, usd, used};
use farthing_core::payment::sandbox::Deed;
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::policy::Pay;
use farthing_engine::{
    BillFacts, Billed, CompanyChange, Engine, NewAccount, NewBillPayment, NewBillRefund, NewPayIn, NewRefund,
    PayBillBy, PayBy, PaymentFacts, RefusalCode,
};
use farthing_store::{BillKind, MessageFilter};
use std::sync::Barrier;

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
                                        tx.bill_numbers_write(&[row])?;
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

both! {
    /// R29, R33: what goes back bears a credit note, never more than was invoiced; what comes again is invoiced again.
    fn a_refund_and_a_chargeback_are_credited(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &top_ups("one"), support::CATALOG);
        open(&engine, "anna", "DE", None);
        let first = pay_in(&engine, "anna", "10.00");
        let back = |amount: Option<&str>| {
            let wanted = NewRefund {
                account: "anna".to_owned(),
                amount: amount.map(usd),
                reason: "unused".to_owned(),
                reference: None,
                by_operator: false,
            };
            engine.refund("one", &wanted).map(|refund| refund.state)
        };
        // 0.05 x 19% = 0.0095; 3.33: 0.6327 with the first is 0.6422; the rest of 1.90.
        for amount in [Some("0.05"), Some("3.28"), None] {
            assert_eq!(back(amount).expect("it goes back"), "sent");
        }
        assert_eq!(back(Some("0.01")).expect_err("nothing is left").code(), Some(RefusalCode::InsufficientBalance));
        assert_eq!(documents(&engine, "anna"), [
            "ELE-2026-000001 paid 10.00 + 1.90 = 11.90, due 0.00",
            "CN-ELE-2026-000001 issued 0.05 + 0.01 = 0.06, due 0.00 of ELE-2026-000001",
            "CN-ELE-2026-000002 issued 3.28 + 0.62 = 3.90, due 0.00 of ELE-2026-000001",
            "CN-ELE-2026-000003 issued 6.67 + 1.27 = 7.94, due 0.00 of ELE-2026-000001",
            "R-ELE-2026-000001 issued 11.90 + 0.00 = 11.90, due 0.00 of ELE-2026-000001",
        ]);
        let facts = engine.bill_by_number("one", "ELE-2026-000001").expect("it is there");
        assert_eq!((facts.refunded, facts.credited), (usd("11.90").units(), usd("11.90").units()));
        assert_eq!(engine.payment("one", payment_id(&first)).expect("it is there").state, "refunded");

        open(&engine, "ben", "DE", None);
        let paid = pay_in(&engine, "ben", "20.00");
        engine.sandbox_do("one", payment_id(&paid), Deed::Dispute).expect("its bank takes it back");
        assert_eq!(balance(&engine, "ben"), "0.00");
        engine.sandbox_do("one", payment_id(&paid), Deed::WinDispute).expect("it comes again");
        assert_eq!(balance(&engine, "ben"), "20.00");
        assert_eq!(documents(&engine, "ben"), [
            "ELE-2026-000002 paid 20.00 + 3.80 = 23.80, due 0.00",
            "ELE-2026-000003 paid 20.00 + 3.80 = 23.80, due 0.00",
            "CN-ELE-2026-000004 issued 20.00 + 3.80 = 23.80, due 0.00 of ELE-2026-000002",
            "R-ELE-2026-000002 issued 23.80 + 0.00 = 23.80, due 0.00 of ELE-2026-000002",
        ]);
        // What is refunded of it now is credited of the newer invoice.
        let wanted = NewRefund {
            account: "ben".to_owned(),
            amount: Some(usd("5.00")),
            reason: "unused".to_owned(),
            reference: None,
            by_operator: false,
        };
        engine.refund("one", &wanted).expect("it goes back");
        assert_eq!(documents(&engine, "ben")[3], "CN-ELE-2026-000005 issued 5.00 + 0.95 = 5.95, due 0.00 of ELE-2026-000003");
        proven(&engine);
        // One that cannot be sent is on the balance again, and that is credit added.
        engine.sandbox_mood("one", farthing_core::payment::sandbox::Mood::Declines).expect("it is told");
        assert_eq!(engine.refund("one", &wanted).expect("it is tried").state, "failed");
        assert_eq!(balance(&engine, "ben"), "15.00");
        assert_eq!(documents(&engine, "ben")[2..6], [
            "ELE-2026-000004 paid 5.00 + 0.95 = 5.95, due 0.00",
            "CN-ELE-2026-000004 issued 20.00 + 3.80 = 23.80, due 0.00 of ELE-2026-000002",
            "CN-ELE-2026-000005 issued 5.00 + 0.95 = 5.95, due 0.00 of ELE-2026-000003",
            "CN-ELE-2026-000006 issued 5.00 + 0.95 = 5.95, due 0.00 of ELE-2026-000003",
        ]);
        proven(&engine);
    }
}

fn billed(engine: &Engine, account: &str) -> Option<BillFacts> {
    let Billed { bill, .. } = engine.bill_now("one", account).expect("it is billed");
    bill
}

fn pay(engine: &Engine, bill: &BillFacts, by: PayBillBy, amount: Option<&str>) -> Option<PaymentFacts> {
    let wanted = NewBillPayment {
        bill: bill_id(bill),
        by,
        amount: amount.map(usd),
        keep: false,
        reference: None,
        back: String::new(),
    };
    engine.pay_bill("one", &wanted).expect("it is paid").payment
}

fn card() -> PayBillBy {
    PayBillBy::Provider(PayBy::Token("card:visa".to_owned()))
}

fn due(engine: &Engine, bill: &BillFacts) -> String {
    let facts = engine.bill("one", bill_id(bill)).expect("it is there");
    farthing_core::money::Money::from_units(facts.due, usd("0").currency()).plain()
}

both! {
    fn case_c6(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &bills("one", ""), support::CATALOG);
        open(&engine, "anna", "US", Some(Pay::Postpaid));
        open(&engine, "ben", "US", Some(Pay::Postpaid));
        used(&engine, ("one", "anna"), "1", 24_995, None);
        let bill = billed(&engine, "anna").expect("249.95 wait");
        assert_eq!(bill.lines.len(), 1);
        assert_eq!((bill.lines[0].text.as_str(), bill.lines[0].amount), ("API", usd("249.95").units()));
        assert_eq!(bill.due_at, Some(later(86_400).micros()));
        assert_eq!(billed(&engine, "anna"), None, "it is billed once");
        assert_eq!(due(&engine, &bill), "249.95");
        let paid = pay(&engine, &bill, card(), Some("10.00")).expect("a payment");
        assert_eq!((paid.state.as_str(), paid.purpose.as_str()), ("succeeded", "bill"));
        assert_eq!(due(&engine, &bill), "239.95");
        engine.sandbox_do("one", payment_id(&paid), Deed::Dispute).expect("its bank takes it back");
        assert_eq!(due(&engine, &bill), "249.95");
        engine.sandbox_do("one", payment_id(&paid), Deed::WinDispute).expect("it comes again");
        assert_eq!(due(&engine, &bill), "239.95");
        proven(&engine);

        used(&engine, ("one", "ben"), "2", 24_995, None);
        let bill = billed(&engine, "ben").expect("249.95 wait");
        let paid = pay(&engine, &bill, card(), None).expect("a payment");
        assert_eq!(due(&engine, &bill), "0.00");
        let back = |amount: &str, adjust| {
            let wanted = NewBillRefund {
                payment: payment_id(&paid),
                amount: Some(usd(amount)),
                adjust,
                reason: "as agreed".to_owned(),
                reference: None,
            };
            engine.refund_bill("one", &wanted).map(|refund| refund.state)
        };
        for (amount, adjust) in [("10.00", false), ("1.00", true), ("10.00", true)] {
            assert_eq!(back(amount, adjust).expect("it goes back"), "sent");
            assert_eq!(due(&engine, &bill), "10.00");
        }
        let facts = engine.bill("one", bill_id(&bill)).expect("it is there");
        assert_eq!((facts.refunded, facts.credited), (usd("21.00").units(), usd("11.00").units()));
        assert_eq!(facts.state, "issued");
        assert!(back("228.96", false).is_err(), "228.95 of it are left");
        // What cannot be sent is the customer's, on the balance; should the bank take all back, only what the bill still has is due again.
        engine.sandbox_mood("one", farthing_core::payment::sandbox::Mood::Declines).expect("it is told");
        assert_eq!(back("5.00", false).expect("it is tried"), "failed");
        assert_eq!((due(&engine, &bill), balance(&engine, "ben")), ("15.00".to_owned(), "5.00".to_owned()));
        pay(&engine, &bill, PayBillBy::Balance, Some("5.00"));
        assert_eq!((due(&engine, &bill), balance(&engine, "ben")), ("10.00".to_owned(), "0.00".to_owned()));
        proven(&engine);
        engine.sandbox_do("one", payment_id(&paid), Deed::Dispute).expect("its bank takes it back");
        assert_eq!(due(&engine, &bill), "238.95");
        proven(&engine);
        engine.sandbox_do("one", payment_id(&paid), Deed::WinDispute).expect("it comes again");
        assert_eq!(due(&engine, &bill), "10.00");
        let sum = |code: &str| read(&engine, |tx| {
            let usd = tx.commodities()?[0].id;
            tx.books_sum("one", code, usd)
        });
        // 2 x 249.95, less what was credited.
        assert_eq!(sum("revenue/api"), i128::from(usd("488.90").units()));
        assert_eq!(told(&engine), [
            "bill.issued B-0001", "bill.issued B-0002", "bill.paid B-0002", "credit_note.issued CN-B-0001", "credit_note.issued CN-B-0002",
        ]);
        proven(&engine);
    }
}

both! {
    /// Case P5: 38.70967742 accrued is 38.71, and 20% of that 7.742. The next bill begins with what this one took too much.
    fn case_p5_and_what_is_carried(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let tax = "[tax]\nrates = \"own\"\nrate = [{ country = \"DE\", percent = \"20\" }]\n";
        let catalog = support::CATALOG.replace("0.01 / call", "0.00000001 / call");
        apply(&engine, "one", &bills("one", tax), &catalog);
        open(&engine, "anna", "DE", Some(Pay::Postpaid));
        used(&engine, ("one", "anna"), "1", 3_870_967_742, None);
        let bill = billed(&engine, "anna").expect("it waits");
        assert_eq!(documents(&engine, "anna"), ["B-0001 issued 38.71 + 7.74 = 46.45, due 46.45"]);
        proven(&engine);
        // 0.99532258 - 0.00032258 = 0.995: a tie, to the even cent.
        used(&engine, ("one", "anna"), "2", 99_532_258, None);
        engine.advance(later(60)).expect("time goes by");
        billed(&engine, "anna").expect("it waits");
        assert_eq!(documents(&engine, "anna")[1], "B-0002 issued 1.00 + 0.20 = 1.20, due 1.20");
        // Off the balance: 46.45 of it, and never more than is there.
        engine.top_up("one", "anna", usd("50.00"), None).expect("booked");
        pay(&engine, &bill, PayBillBy::Balance, None);
        assert_eq!((due(&engine, &bill), balance(&engine, "anna")), ("0.00".to_owned(), "3.55".to_owned()));
        proven(&engine);
        // What the balance can pay of a new bill it pays at once: 5.00 and 1.00 of tax, less 3.55.
        used(&engine, ("one", "anna"), "3", 500_500_000, None);
        let bill = billed(&engine, "anna").expect("it waits");
        assert_eq!((due(&engine, &bill), balance(&engine, "anna")), ("2.45".to_owned(), "0.00".to_owned()));
        proven(&engine);
    }
}

both! {
    /// R20: 0.40 and 0.08, too small; with 0.30 and 0.06 it is 0.84; with 0.50 and 0.10 it is 1.44, of which tax is due once.
    fn r20_a_small_bill_is_rolled_on(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &bills("one", "roll_below = \"1.00\"\n[tax]\nrates = \"eu\"\n"), support::CATALOG);
        open(&engine, "anna", "DE", Some(Pay::Postpaid));
        for (hour, calls) in [(1, 40), (2, 30), (3, 50)] {
            engine.advance(later(hour * 3_600)).expect("time goes by");
            used(&engine, ("one", "anna"), &format!("{hour}"), calls, None);
            billed(&engine, "anna").expect("it waits");
            proven(&engine);
        }
        assert_eq!(documents(&engine, "anna"), [
            "B-0001 rolled 0.40 + 0.08 = 0.48, due 0.00",
            "B-0002 rolled 0.30 + 0.06 = 0.84, due 0.00",
            "B-0003 issued 0.50 + 0.10 = 1.44, due 1.44",
        ]);
        let bill = engine.bill_by_number("one", "B-0003").expect("it is there");
        assert_eq!(bill.lines[1].text, "Brought forward from B-0002");
        assert_eq!(bill.brought_forward, usd("0.84").units());
    }
}

both! {
    /// R60: what comes in pays bills past due, the oldest due first, and says so.
    fn r60_a_top_up_pays_bills_past_due(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &bills("one", "receipts = true\n"), support::CATALOG);
        open(&engine, "anna", "US", Some(Pay::Postpaid));
        for (hour, calls) in [(1, 1_000), (2, 2_000), (47, 300)] {
            engine.advance(later(hour * 3_600)).expect("time goes by");
            used(&engine, ("one", "anna"), &format!("{hour}"), calls, None);
            billed(&engine, "anna").expect("it waits");
        }
        let states = || documents(&engine, "anna");
        assert_eq!(states(), [
            "B-0001 overdue 10.00 + 0.00 = 10.00, due 10.00",
            "B-0002 overdue 20.00 + 0.00 = 20.00, due 20.00",
            "B-0003 issued 3.00 + 0.00 = 3.00, due 3.00",
        ]);
        engine.top_up("one", "anna", usd("25.00"), None).expect("booked");
        assert_eq!(states()[0], "B-0001 paid 10.00 + 0.00 = 10.00, due 0.00");
        assert_eq!(states()[1], "B-0002 overdue 20.00 + 0.00 = 20.00, due 5.00");
        assert_eq!(balance(&engine, "anna"), "-5.00", "what is past due is owed");
        engine.top_up("one", "anna", usd("25.00"), None).expect("booked");
        assert_eq!(states()[1], "B-0002 paid 20.00 + 0.00 = 20.00, due 0.00");
        assert_eq!(states()[2], "B-0003 issued 3.00 + 0.00 = 3.00, due 3.00", "it is not due yet");
        assert_eq!(balance(&engine, "anna"), "20.00");
        let paid: Vec<String> = told(&engine).into_iter().filter(|told| told.starts_with("bill.paid")).collect();
        assert_eq!(paid, ["bill.paid B-0001", "bill.paid B-0002"]);
        proven(&engine);
    }
}

both! {
    /// R15, R54: a bill is charged to the default method by itself, then to the backup, unless the account pays by hand.
    fn r15_a_bill_is_collected_by_itself(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &bills("one", "[collect]\nauto = true\n"), support::CATALOG);
        for (account, cards) in [("anna", ["3ds", "mastercard"]), ("ben", ["visa", "mastercard"])] {
            open(&engine, account, "US", Some(Pay::Postpaid));
            for card in cards {
                let method = farthing_engine::NewMethod {
                    account: account.to_owned(),
                    channel: farthing_core::policy::Channel::Card,
                    token: Some(format!("card:{card}")),
                    mandate: Some("I agree".to_owned()),
                    default: false,
                    back: String::new(),
                };
                engine.add_method("one", &method).expect("it is kept");
            }
            used(&engine, ("one", account), account, 1_000, None);
        }
        engine.set_company("one", "ben", &CompanyChange { collect: Some(false), ..CompanyChange::default() }).expect("it is known");
        engine.bill_now("one", "anna").expect("it is billed");
        engine.bill_now("one", "ben").expect("it is billed");
        engine.run_due().expect("what waits is carried");
        assert_eq!(documents(&engine, "anna"), ["B-0001 paid 10.00 + 0.00 = 10.00, due 0.00"]);
        let states: Vec<String> =
            engine.payments("one", Some("anna"), None, None, 9).expect("its payments").into_iter().map(|paid| paid.state).collect();
        assert_eq!(states.len(), 2, "{states:?}");
        assert_eq!(documents(&engine, "ben"), ["B-0002 issued 10.00 + 0.00 = 10.00, due 10.00"]);
        assert!(engine.payments("one", Some("ben"), None, None, 9).expect("its payments").is_empty());
        // A debit is under way when a card pays: what is too much is the balance's, and goes back from there.
        let bill = engine.bill_by_number("one", "B-0002").expect("it is there");
        pay(&engine, &bill, PayBillBy::Provider(PayBy::Token("sepa:main".to_owned())), None);
        pay(&engine, &bill, card(), Some("4.00"));
        assert_eq!(due(&engine, &bill), "6.00");
        engine.advance(later(4 * 86_400)).expect("time goes by");
        assert_eq!((due(&engine, &bill), balance(&engine, "ben")), ("0.00".to_owned(), "4.00".to_owned()));
        proven(&engine);
    }
}

both! {
    /// Each kind of tampering is named, with its document.
    fn verify_names_what_was_changed(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let policy = bills("one", "").replace("[\"cycle\"]", "[\"cycle\", \"top_up\"]");
        apply(&engine, "one", &policy, support::CATALOG);
        open(&engine, "anna", "US", Some(Pay::Postpaid));
        engine.top_up("one", "anna", usd("10.00"), None).expect("booked");
        engine.top_up("one", "anna", usd("10.00"), None).expect("booked");
        used(&engine, ("one", "anna"), "1", 5_000, None);
        billed(&engine, "anna").expect("it waits");
        assert_eq!(documents(&engine, "anna")[2], "B-0003 issued 50.00 + 0.00 = 50.00, due 30.00");
        proven(&engine);
        let bill = |what: &str| vec![("bill B-0003".to_owned(), what.to_owned())];
        let found = tampered(&engine, |tx| tx.execute("UPDATE bill SET body = body || ' ' WHERE number = 'B-0003'", &[]));
        assert_eq!(found, bill("it is not what was issued: its seal does not fit"));
        let found = tampered(&engine, |tx| tx.execute("UPDATE bill SET number = 'B-0009' WHERE number = 'B-0003'", &[]));
        assert_eq!(found[0].0, "bill B-0009");
        assert_eq!(found[0].1, "its number is not the one it was given: the number's seal does not fit");
        // Somebody who seals anew what they change.
        let found = tampered(&engine, |tx| {
            let mut row = tx.bill_by_number("one", "B-0003")?.expect("it is there");
            row.paid += usd("1.00").units();
            tx.bill_write(&row)?;
            Ok(1)
        });
        assert_eq!(found, bill("2900000000 units are due of it, and its receivable says 3000000000"));
        let found = tampered(&engine, |tx| tx.execute("DELETE FROM bill WHERE number = 'B-0001'", &[]));
        assert_eq!(found, [("bill B-0002".to_owned(), "it is number 2 of B-{seq}, and the one before it is 0".to_owned())]);
        let found = tampered(&engine, |tx| tx.execute("DELETE FROM bill WHERE number = 'B-0003'", &[]));
        assert_eq!(found[0], ("number_series one B-{seq}".to_owned(), "it has counted to 3, its last number is 2".to_owned()));
        assert!(found[1].0.starts_with("bill_cut ") && found[1].1.starts_with("its document is missing"), "{found:?}");
        let found = tampered(&engine, |tx| {
            tx.execute("UPDATE bill SET transfer = transfer + 1000000 WHERE number = 'B-0002'", &[])?;
            let row = tx.bill_by_number("one", "B-0002")?.expect("it is there");
            tx.execute("UPDATE bill SET seal = $1 WHERE number = 'B-0002'", &[row.seal().into()])
        });
        let found_other = tampered(&engine, |tx| {
            // The transfer by which the bill of what was used was issued: of the account, and no money that came.
            tx.execute("UPDATE bill SET transfer = (SELECT transfer FROM bill WHERE number = 'B-0003') WHERE number = 'B-0002'", &[])?;
            let row = tx.bill_by_number("one", "B-0002")?.expect("it is there");
            tx.execute("UPDATE bill SET seal = $1 WHERE number = 'B-0002'", &[row.seal().into()])
        });
        assert_eq!(found_other, found);
        let gone = "the transfer that brought its money is missing, or another account's";
        assert_eq!(found, [("bill B-0002".to_owned(), gone.to_owned())]);
        proven(&engine);
    }
}
