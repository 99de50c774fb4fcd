//! The bank: whatever is told twice, at once, late or after a crash, a movement counts once; and what was asked of the bank ends as the bank says.

use crate::support::{Bed, CATALOG, START, apply, at, later, proven, start, tampered};
use farthing_core::bank::{BankRowId, Nature, Row, RowState, Scheme, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::State;
use farthing_core::time::{CivilDate, Instant};
use farthing_engine::{
    CompanyChange, Engine, NewMandate, NewRefund, NewStatement, RefillChange, Refusal, RefusalCode, RowDecision,
};
use farthing_store::Tx;
use std::sync::Barrier;

const OWN: &str = "DE89370400440532013000";
const IBAN: &str = "DE02120300000000202051";

fn eur(text: &str) -> Money {
    Money::parse_amount(text, Currency::EUR).expect("an amount")
}

fn banked(bed: &Bed, now: Instant) -> Engine {
    let engine = bed.engine(0, now);
    let policy = format!(
        "[cloud]\nid = \"one\"\nname = \"one\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n\n[brand]\nlegal_name = \"One\"\n\n\
         [settle]\nevery = \"1h\"\nlate_window = \"1h\"\n\n[top_up]\nchannels = [\"card\", \"sepa_debit\", \"bank_transfer\"]\n\n\
         [bank]\naccount = \"{OWN}\"\ncreditor_id = \"DE98ZZZ09999999999\"\npayouts = [{{ provider = \"stripe\", says = \"STRIPE\" }}]\n\n\
         [sepa]\ncountries = \"sepa\"\npre_notification = \"1d\"\n\n[auto_refill]\nthreshold = \"5.00\"\namount = \"25.00\"\n\n\
         [refund]\nunconsumed_cash = true\napproval = \"operator\"\n"
    );
    apply(&engine, "one", &policy, CATALOG);
    for account in ["acme", "beta"] {
        let new = farthing_engine::NewAccount { name: account.to_owned(), ..farthing_engine::NewAccount::default() };
        engine.open_account("one", &new).expect("it opens");
    }
    engine
}

fn row(amount: &str, text: &str, reference: &str) -> Row {
    Row {
        bank_reference: reference.to_owned(),
        name: "Somebody".to_owned(),
        iban: IBAN.to_owned(),
        text: text.to_owned(),
        ..Row::bare(CivilDate::parse("2026-04-01").expect("a date"), eur(amount), Nature::Transfer)
    }
}

fn told(name: &str, rows: Vec<Row>) -> NewStatement {
    let statement = Statement {
        id: name.to_owned(),
        account: "DE89 3704 0044 0532 0130 00".to_owned(),
        currency: Currency::EUR,
        opening: None,
        closing: None,
        rows,
    };
    NewStatement { name: name.to_owned(), digest: name.to_owned(), statements: vec![statement] }
}

fn balance(engine: &Engine, account: &str) -> String {
    let view = engine.account_view("one", account, engine.now().expect("the clock")).expect("the account");
    Money::from_units(view.figures.balance, view.currency).plain()
}

fn code(engine: &Engine, account: &str) -> String {
    engine.transfer_details("one", account, None).expect("it has a code").reference
}

fn open(engine: &Engine, account: &str) -> i64 {
    let accounts = engine.reconcile("one").expect("the accounts");
    accounts.iter().find(|found| found.account == account).map_or(0, |found| found.open)
}

fn waiting(engine: &Engine) -> Vec<BankRowId> {
    let rows = engine.bank_rows("one", Some(RowState::Waiting), None, None, 100).expect("rows");
    rows.iter().map(|row| BankRowId::parse(&row.id).expect("an id")).collect()
}

both! {
    /// The same file, and the same movements in another file, by eight at once.
    fn told_by_many_at_once_it_is_taken_once(bed: &Bed) {
        let engine = banked(bed, at(START));
        let (acme, beta) = (code(&engine, "acme"), code(&engine, "beta"));
        let rows: Vec<Row> = (0..40)
            .map(|number| row("10.00", if number % 2 == 0 { &acme } else { &beta }, &format!("R{number}")))
            .collect();
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (engine, barrier, rows) = (&engine, &barrier, rows.clone());
                scope.spawn(move || {
                    barrier.wait();
                    // Four tell one file, four tell their own.
                    let name = if number < 4 { "one".to_owned() } else { format!("file {number}") };
                    engine.take_statement("one", &told(&name, rows)).expect("it is taken");
                });
            }
        });
        assert_eq!((balance(&engine, "acme").as_str(), balance(&engine, "beta").as_str()), ("200.00", "200.00"));
        assert_eq!((open(&engine, "suspense"), open(&engine, "provider/bank")), (0, 0));
        let files = engine.bank_files("one", None, 100).expect("files");
        assert_eq!((files.len(), files.iter().map(|file| file.fresh).sum::<i64>()), (5, 40));
        proven(&engine);
    }
}

both! {
    /// Whoever took the statement died before it had looked at its movements: the next to come looks.
    fn what_was_taken_and_not_looked_at_is_looked_at(bed: &Bed) {
        let engine = banked(bed, at(START));
        engine.take_statement("one", &told("first", vec![row("10.00", "nothing", "R1")])).expect("it is taken");
        let id = waiting(&engine)[0];
        let named = CompanyChange { name: Some("Somebody".to_owned()), ..CompanyChange::default() };
        engine.set_company("one", "acme", &named).expect("it is named");
        // Known by its account at a bank from another movement, and by its name.
        let known = row("1.00", &code(&engine, "acme"), "R2");
        engine.take_statement("one", &told("second", vec![known])).expect("it is taken");
        engine
            .store()
            .write("died", move |tx| {
                let mut row = tx.bank_row_locked(id)?.expect("it is there");
                row.state = RowState::New;
                tx.bank_row_write(&row)
            })
            .expect("as it was");
        engine.advance(later(60)).expect("time goes by");
        assert_eq!(balance(&engine, "acme"), "11.00");
        proven(&engine);
    }
}

both! {
    /// A file of another account, or in another currency, is refused whole.
    fn a_statement_of_another_account_changes_nothing(bed: &Bed) {
        let engine = banked(bed, at(START));
        let mut other = told("other", vec![row("10.00", &code(&engine, "acme"), "R1")]);
        IBAN.clone_into(&mut other.statements[0].account);
        let refused = engine.take_statement("one", &other).expect_err("another account");
        assert_eq!(refused.code(), Some(RefusalCode::Invalid));
        assert!(refused.to_string().contains(IBAN), "{refused}");
        let mut dollars = told("dollars", vec![row("10.00", "", "R1")]);
        dollars.statements[0].currency = Currency::USD;
        assert_eq!(engine.take_statement("one", &dollars).expect_err("dollars").code(), Some(RefusalCode::Invalid));
        assert_eq!((balance(&engine, "acme").as_str(), engine.bank_files("one", None, 9).expect("files").len()), ("0.00", 0));
    }
}

both! {
    /// Two people decide about one movement at once: one of them is told that it waits no more.
    fn decided_by_two_it_is_decided_once(bed: &Bed) {
        let engine = banked(bed, at(START));
        engine.take_statement("one", &told("first", vec![row("10.00", "nothing", "R1")])).expect("it is taken");
        let id = waiting(&engine)[0];
        let barrier = Barrier::new(2);
        let decided: Vec<Result<(), farthing_engine::Refused>> = std::thread::scope(|scope| {
            let decide = |account: &'static str| {
                let (engine, barrier) = (&engine, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let decision = RowDecision::Account { account: account.to_owned(), bills: Vec::new() };
                    engine.decide_bank_row("one", id, &decision, "mine").map(drop)
                })
            };
            [decide("acme"), decide("beta")].into_iter().map(|one| one.join().expect("it ends")).collect()
        });
        let refused: Vec<_> = decided.iter().filter_map(|one| one.as_ref().err()).collect();
        assert_eq!((refused.len(), refused[0].code()), (1, Some(RefusalCode::Conflict)));
        let both = [balance(&engine, "acme"), balance(&engine, "beta")];
        assert!(both.contains(&"10.00".to_owned()) && both.contains(&"0.00".to_owned()), "{both:?}");
        proven(&engine);
    }
}

fn mandate(engine: &Engine, account: &str) {
    let mandate = NewMandate {
        account: account.to_owned(),
        holder: "Somebody".to_owned(),
        iban: IBAN.to_owned(),
        bic: String::new(),
        words: "yes".to_owned(),
        scheme: Scheme::Core,
        default: true,
    };
    engine.add_mandate("one", &mandate).expect("it is kept");
    let on = RefillChange { on: Some(true), ..RefillChange::default() };
    engine.set_refill("one", account, &on).expect("it is set");
}

fn filed(engine: &Engine) -> Vec<farthing_store::BankOrderRow> {
    engine.store().read("orders", |tx| tx.bank_orders_filed("one")).expect("orders")
}

both! {
    /// Files are made by four at once: each debit is asked for once. One is refused before it is done, the others are collected; then one comes
    /// back, is told again, and nothing of it is taken twice.
    fn debits_are_asked_for_once_and_end_as_the_bank_says(bed: &Bed) {
        let engine = banked(bed, at(START));
        for account in ["acme", "beta"] {
            let text = code(&engine, account);
            engine.take_statement("one", &told(account, vec![row("6.00", &text, account)])).expect("it is taken");
            mandate(&engine, account);
            start(&engine, "one", &format!("vm-{account}"), account);
        }
        // Below 5.00 a second after an hour; announced for a day later.
        engine.advance(later(3_602 + 86_400)).expect("time goes by");
        let barrier = Barrier::new(4);
        let made: usize = std::thread::scope(|scope| {
            let one = || {
                let (engine, barrier) = (&engine, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    engine.make_bank_files("one").expect("files").iter().map(|file| file.rows).sum::<i64>()
                })
            };
            let all = [one(), one(), one(), one()];
            all.into_iter().map(|one| usize::try_from(one.join().expect("it ends")).expect("a few")).sum()
        });
        assert_eq!(made, 2);
        let orders = filed(&engine);
        let of = |account: &str| {
            let id = engine.payments("one", Some(account), None, None, 9).expect("payments");
            let debit = id.iter().find(|payment| payment.channel == "sepa_debit").expect("one debit").clone();
            let subject = debit.payment_id().expect("an id").to_bytes();
            orders.iter().find(|order| order.subject == subject).expect("its order").clone()
        };
        let (acme, beta) = (of("acme"), of("beta"));
        let refusal = Refusal {
            message: String::new(),
            batch: String::new(),
            end_to_end: beta.end_to_end.clone(),
            reason: "AC04".to_owned(),
            text: String::new(),
        };
        for name in ["refusals", "refusals", "again"] {
            engine.take_refusals("one", name, name, std::slice::from_ref(&refusal)).expect("they are taken");
        }
        let failed = engine.payments("one", Some("beta"), Some(State::Failed), None, 9).expect("payments");
        assert!(failed[0].failure_text.contains("AC04"), "{failed:?}");
        let methods = engine.methods("one", "beta", true).expect("methods");
        assert_eq!(methods[0].standing, "gone", "a closed account is not debited again");
        // What is refused is not in the money that comes.
        let mut collected = row("25.00", "", "C1");
        (collected.nature, collected.batch) = (Nature::Debits, acme.batch.clone());
        engine.take_statement("one", &told("collected", vec![collected])).expect("it is taken");
        assert_eq!(balance(&engine, "acme"), "5.99944444"); // 6 + 25, less 25 hours and two seconds
        let mut back = row("-28.00", "", "B1");
        (back.nature, back.end_to_end, back.reason) = (Nature::Return, acme.end_to_end.clone(), "MD06".to_owned());
        back.fee = Some(eur("3.00"));
        for name in ["back", "again back"] {
            engine.take_statement("one", &told(name, vec![back.clone()])).expect("it is taken");
        }
        // A second return of the same debit is no movement that anybody expects: a person looks.
        let twice = Row { bank_reference: "B2".to_owned(), ..back };
        engine.take_statement("one", &told("twice", vec![twice])).expect("it is taken");
        assert_eq!(waiting(&engine).len(), 1);
        assert_eq!(balance(&engine, "acme"), "-19.00055556");
        assert_eq!(open(&engine, "provider/bank"), 0);
        proven(&engine);
    }
}

both! {
    /// Money goes back to the account at a bank that it came from; where the transfer comes back, it is on the balance again.
    fn a_refund_goes_by_transfer_and_may_come_back(bed: &Bed) {
        let engine = banked(bed, at(START));
        let text = code(&engine, "acme");
        engine.take_statement("one", &told("in", vec![row("100.00", &text, "R1")])).expect("it is taken");
        let refund = NewRefund {
            account: "acme".to_owned(),
            amount: Some(eur("30.00")),
            reason: "asked".to_owned(),
            reference: None,
            by_operator: true,
        };
        engine.refund("one", &refund).expect("it is on its way");
        assert_eq!(balance(&engine, "acme"), "70.00");
        let files = engine.make_bank_files("one").expect("files");
        let (file, body) = engine.bank_file("one", farthing_core::bank::BankFileId::parse(&files[0].id).expect("an id")).expect("it");
        assert!(file.kind == "transfers" && body.contains(IBAN) && body.contains("30.00"), "{body}");
        let order = filed(&engine).remove(0);
        let mut sent = row("-30.00", "", "S1");
        sent.batch.clone_from(&order.batch);
        engine.take_statement("one", &told("sent", vec![sent])).expect("it is taken");
        let refunds = engine.refunds("one", Some("acme"), None, None, 9).expect("refunds");
        assert_eq!(refunds[0].state, "sent");
        let mut back = row("29.50", "", "B1");
        (back.nature, back.end_to_end, back.reason) = (Nature::Return, order.end_to_end, "AC04".to_owned());
        back.fee = Some(eur("0.50"));
        engine.take_statement("one", &told("back", vec![back])).expect("it is taken");
        assert_eq!(balance(&engine, "acme"), "100.00");
        assert_eq!((open(&engine, "suspense"), open(&engine, "provider/bank"), open(&engine, "fees")), (0, 0, 0));
        // A provider's payout is its, and what is still to come of it is told with its age.
        engine.take_statement("one", &told("payout", vec![row("12.00", "STRIPE PAYOUT 1", "P1")])).expect("it is taken");
        assert_eq!(open(&engine, "provider/stripe"), -eur("12.00").units());
        proven(&engine);
    }
}

both! {
    /// Whatever is changed about a movement behind the engine's back is named, and so is one that is gone.
    fn verify_names_a_movement_that_was_changed(bed: &Bed) {
        let engine = banked(bed, at(START));
        let text = code(&engine, "acme");
        engine.take_statement("one", &told("in", vec![row("100.00", &text, "R1"), row("7.00", "", "R2")])).expect("it is taken");
        proven(&engine);
        let is_row = |found: &[(String, String)]| found.iter().any(|(row, _)| row.starts_with("bank_row br_"));
        for change in [
            (|tx: &mut Tx<'_>| tx.execute("UPDATE bank_row SET amount = amount + 1 WHERE bank_reference = 'R1'", &[])) as fn(&mut Tx<'_>) -> _,
            |tx| tx.execute("UPDATE bank_row SET state = 'set_aside' WHERE bank_reference = 'R2'", &[]),
            |tx| tx.execute("UPDATE bank_row SET iban = 'DE00' WHERE bank_reference = 'R1'", &[]),
            |tx| tx.execute("UPDATE bank_row SET transfer = transfer + 1000000 WHERE bank_reference = 'R2'", &[]),
            |tx| tx.execute("UPDATE bank_row SET account = account + 1000 WHERE bank_reference = 'R1'", &[]),
        ] {
            let found = tampered(&engine, change);
            assert!(is_row(&found), "{found:?}");
        }
        let found = tampered(&engine, |tx| tx.execute("DELETE FROM bank_row WHERE bank_reference = 'R2'", &[]));
        let rows: Vec<&str> = found.iter().map(|(row, _)| row.as_str()).collect();
        assert_eq!(rows, ["ledger_account one bank", "ledger_account one suspense"]);
    }
}
