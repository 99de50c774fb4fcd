//! Payments through a provider outside: whatever it answers, loses or tells, and whoever dies on the way, money comes once.

use crate::support::{self, Bed, START, at, cloud, later, policy, proven, start, usd};
use farthing_core::money::Money;
use farthing_core::payment::sandbox::Deed;
use farthing_core::payment::{About, Ask, Capabilities, News, PaymentId, PaymentNews, Reply, Told, What};
use farthing_core::policy::Channel;
use farthing_engine::{
    Engine, EngineError, NewAccount, NewMethod, NewPayIn, NewRefund, PayBy, PaymentFacts, Provider, Providers,
    RefillChange, RefusalCode,
};
use farthing_store::StoreError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};

/// A provider as providers are: one deed a key, whoever asks how often.
#[derive(Debug, Default)]
struct Far {
    /// What was charged, by key.
    charged: Mutex<BTreeMap<String, (PaymentId, Money)>>,
    refunded: Mutex<BTreeMap<String, Money>>,
    asked: Mutex<u64>,
    /// So many answers are lost after the deed.
    loses: Mutex<u64>,
}

impl Far {
    fn charges(&self) -> usize {
        self.charged.lock().expect("it is whole").len()
    }
}

/// What it calls a payment.
fn reference(payment: PaymentId) -> String {
    format!("far-{payment}")
}

impl Provider for Far {
    fn name(&self) -> &'static str {
        "far"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { stored: &[Channel::Card], pages: &[Channel::Card], partial_refunds: true, per_second: 100 }
    }

    fn ask(&self, ask: &Ask) -> Reply {
        *self.asked.lock().expect("it is whole") += 1;
        let news = match &ask.what {
            What::Charge { payment, amount, .. } => {
                self.charged.lock().expect("it is whole").insert(ask.key.clone(), (*payment, *amount));
                News::Payment {
                    reference: Some(reference(*payment)),
                    news: PaymentNews::Succeeded { fee: None, method: None, paid: None },
                }
            }
            What::SetUp { token, .. } => {
                let facts =
                    farthing_core::payment::sandbox::method_facts(token.as_deref().unwrap_or("card:visa"), at(START));
                News::Method(farthing_core::payment::MethodNews::Ready(facts.expect("a card")))
            }
            What::Refund { amount, .. } => {
                self.refunded.lock().expect("it is whole").insert(ask.key.clone(), *amount);
                News::Refund { reference: Some("rf".to_owned()), news: farthing_core::payment::RefundNews::Sent }
            }
            other => panic!("nobody asks for {other:?} here"),
        };
        let mut loses = self.loses.lock().expect("it is whole");
        if *loses > 0 {
            *loses -= 1;
            return Reply { customer: None, news: News::Unknown { why: "no answer".to_owned() } };
        }
        Reply { customer: Some("cus".to_owned()), news }
    }
}

fn with(engine: Engine, far: &Arc<Far>) -> Engine {
    engine.with_providers(Providers::new().with("one", far.clone()))
}

fn wanted(account: &str, amount: &str, once: &str) -> NewPayIn {
    NewPayIn {
        account: account.to_owned(),
        amount: usd(amount),
        by: PayBy::Token("tok".to_owned()),
        keep: false,
        reference: Some(once.to_owned()),
        back: String::new(),
    }
}

fn balance(engine: &Engine, account: &str) -> String {
    let view = engine.account_view("one", account, engine.now().expect("the clock")).expect("the account");
    Money::from_units(view.figures.balance, view.currency).plain()
}

fn id_of(facts: &PaymentFacts) -> PaymentId {
    facts.payment_id().expect("an id")
}

fn succeeded(payment: PaymentId, event: &str) -> Told {
    Told {
        id: event.to_owned(),
        at: at(START),
        about: About { payment: Some(payment), ..About::default() },
        news: News::Payment {
            reference: Some(reference(payment)),
            news: PaymentNews::Succeeded { fee: None, method: None, paid: None },
        },
    }
}

both! {
    /// The same webhook fifty times at once, while the call's own answer is on its way: one credit.
    fn told_fifty_times_it_is_one_credit(bed: &Bed) {
        let far = Arc::new(Far::default());
        *far.loses.lock().expect("it is whole") = 1;
        let engine = with(bed.engine(0, at(START)), &far);
        cloud(&engine, "one", &["acme"]);
        let paid = engine.pay_in("one", &wanted("acme", "50.00", "p1")).expect("it is begun");
        assert_eq!(paid.state, "unknown");
        assert_eq!(balance(&engine, "acme"), "0.00");
        let barrier = Barrier::new(51);
        std::thread::scope(|scope| {
            for number in 0..50 {
                let (engine, barrier, id) = (&engine, &barrier, id_of(&paid));
                // Half of them are one event told again, the others are events of their own.
                let event = if number % 2 == 0 { "evt".to_owned() } else { format!("evt-{number}") };
                scope.spawn(move || {
                    barrier.wait();
                    assert!(engine.provider_told("one", "far", &succeeded(id, &event)).expect("it is taken"));
                });
            }
            let (engine, barrier) = (&engine, &barrier);
            scope.spawn(move || {
                barrier.wait();
                engine.clock().advance_to(later(60));
                engine.run_errands("one", 10).expect("it is asked again");
            });
        });
        assert_eq!(balance(&engine, "acme"), "50.00");
        assert_eq!(far.charges(), 1);
        assert_eq!(engine.payment("one", id_of(&paid)).expect("it is there").state, "succeeded");
        // What was told of another cloud's, or by another provider, changes nothing.
        assert!(!engine.provider_told("one", "near", &succeeded(id_of(&paid), "x")).expect("it is heard"));
        proven(&engine);
    }
}

both! {
    /// Whoever asked dies before the answer is written: another asks again with the same key.
    fn killed_between_the_charge_and_its_answer(bed: &Bed) {
        let far = Arc::new(Far::default());
        let first = with(bed.engine(0, at(START)), &far);
        cloud(&first, "one", &["acme"]);
        *far.loses.lock().expect("it is whole") = 3;
        let paid = first.pay_in("one", &wanted("acme", "50.00", "p1")).expect("it is begun");
        drop(first);
        for seconds in [60, 120, 600, 3_600] {
            let next = with(bed.engine(1, later(seconds)), &far);
            next.run_errands("one", 10).expect("asked");
        }
        let last = with(bed.engine(2, later(7_200)), &far);
        assert_eq!(last.payment("one", id_of(&paid)).expect("it is there").state, "succeeded");
        assert_eq!((balance(&last, "acme").as_str(), far.charges()), ("50.00", 1));
        // Asked for again by its reference, it is the same payment.
        let again = last.pay_in("one", &wanted("acme", "50.00", "p1")).expect("it is there");
        assert_eq!(again.id, paid.id);
        let other = last.pay_in("one", &wanted("acme", "51.00", "p1")).expect_err("another amount");
        assert_eq!(other.code(), Some(RefusalCode::IdReused));
        assert_eq!(far.charges(), 1);
        proven(&last);
    }
}

/// Many accounts fall below their threshold in the same minute: each is filled up once, whoever carries, however many do.
fn fill_up_each_once(bed: &Bed, accounts: usize) {
    let far = Arc::new(Far::default());
    let engine = with(bed.engine(0, at(START)), &far);
    support::apply(
        &engine,
        "one",
        &format!("{}\n[auto_refill]\nthreshold = \"5.00\"\namount = \"25.00\"\n", policy("one")),
        support::CATALOG,
    );
    for number in 0..accounts {
        let name = format!("a{number}");
        engine.open_account("one", &NewAccount { name: name.clone(), ..NewAccount::default() }).expect("it opens");
        engine.top_up("one", &name, usd("6.00"), None).expect("booked");
        let method = NewMethod {
            account: name.clone(),
            channel: Channel::Card,
            token: Some(format!("card:visa-{number}")),
            mandate: Some("yes".to_owned()),
            default: true,
            back: String::new(),
        };
        engine.add_method("one", &method).expect("it is kept");
        engine
            .set_refill("one", &name, &RefillChange { on: Some(true), ..RefillChange::default() })
            .expect("it is set");
        start(&engine, "one", &format!("vm-{number}"), &name);
    }
    assert_eq!(far.charges(), 0);
    // 6.00 at 1.00 an hour: below 5.00 a second after an hour.
    engine.advance(later(3_599)).expect("time goes by");
    let others: Vec<Engine> = (1..3).map(|process| with(bed.engine(process, later(3_602)), &far)).collect();
    engine.advance(later(3_602)).expect("time goes by");
    let gave_up = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for carrier in others.iter().chain([&engine]) {
            let gave_up = &gave_up;
            scope.spawn(move || {
                loop {
                    match carrier.run_errands("one", 50) {
                        Ok(0) => break,
                        Ok(_) => {}
                        // On one file the three wait for each other; who has waited too long leaves what it had taken, as a server would.
                        Err(EngineError::Store(StoreError::Conflict(_))) => {
                            gave_up.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    // What was left is taken up once nobody can be at it any more.
    engine.advance(later(3_900)).expect("time goes by");
    while engine.run_errands("one", 50).expect("asked") > 0 {}
    assert_eq!(far.charges(), accounts);
    let once = 2 * u64::try_from(accounts).expect("a few");
    let asked = *far.asked.lock().expect("it is whole");
    let left = gave_up.load(Ordering::Relaxed);
    assert!(
        (once..=once + left).contains(&asked),
        "each set-up and each charge once: {asked}, {left} asked again with the same key"
    );
    engine.advance(later(7_200)).expect("time goes by");
    for number in [0, accounts / 2, accounts - 1] {
        assert_eq!(balance(&engine, &format!("a{number}")), "29.00"); // 6 + 25 - 2
    }
    proven(&engine);
}

both! {
    fn each_is_filled_up_once(bed: &Bed) {
        fill_up_each_once(bed, 400);
    }
}

/// A thousand of them, or as many as `FARTHING_REFILLS` says: ten thousand take some ten minutes, nearly all of it opening their accounts.
#[test]
fn of_a_thousand_each_is_filled_up_once() {
    let accounts = std::env::var("FARTHING_REFILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    fill_up_each_once(&Bed::sqlite(), accounts);
}

both! {
    /// A refund's answer is lost: it is asked again with the same key, and goes out once.
    fn a_refund_goes_out_once(bed: &Bed) {
        let far = Arc::new(Far::default());
        let engine = with(bed.engine(0, at(START)), &far);
        cloud(&engine, "one", &["acme"]);
        engine.pay_in("one", &wanted("acme", "50.00", "p1")).expect("paid");
        *far.loses.lock().expect("it is whole") = 1;
        let back = NewRefund {
            account: "acme".to_owned(),
            amount: Some(usd("20.00")),
            reason: "unused".to_owned(),
            reference: Some("r1".to_owned()),
            by_operator: true,
        };
        let refund = engine.refund("one", &back).expect("it is approved");
        assert_eq!(refund.state, "approved");
        assert_eq!(balance(&engine, "acme"), "30.00");
        engine.clock().advance_to(later(60));
        engine.run_errands("one", 10).expect("asked");
        let sent = engine.refund("one", &back).expect("it is there");
        assert_eq!((sent.id.as_str(), sent.state.as_str()), (refund.id.as_str(), "sent"));
        assert_eq!(far.refunded.lock().expect("it is whole").len(), 1);
        let more = NewRefund { amount: Some(usd("30.01")), reference: None, ..back };
        let refused = engine.refund("one", &more).expect_err("there is not so much");
        assert_eq!(refused.code(), Some(RefusalCode::InsufficientBalance));
        proven(&engine);
    }
}

both! {
    /// R15: the first payment on the provider's page is the consent for later ones, where the policy says so, and its method the default.
    fn the_first_payment_authorises(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        support::apply(&engine, "one", &format!("{}\n[collect]\nfirst_payment_authorises = true\n\n[auto_refill]\nthreshold = \"5.00\"\namount = \"25.00\"\n", policy("one")), support::CATALOG);
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), ..NewAccount::default() }).expect("it opens");
        let page = NewPayIn { by: PayBy::Page(Channel::Card), reference: None, ..wanted("acme", "10.00", "") };
        let paid = engine.pay_in("one", &page).expect("it is begun");
        assert_eq!(paid.state, "requires_action");
        assert_eq!(balance(&engine, "acme"), "0.00");
        for _ in 0..2 {
            engine.sandbox_do("one", id_of(&paid), Deed::Pay).expect("the customer pays");
        }
        assert_eq!(balance(&engine, "acme"), "10.00");
        let methods = engine.methods("one", "acme", false).expect("they are there");
        assert!(matches!(methods.as_slice(), [only] if only.default && only.consented.is_some()), "{methods:?}");
        // It can be charged while they are away.
        engine.set_refill("one", "acme", &RefillChange { on: Some(true), ..RefillChange::default() }).expect("it is set");
        start(&engine, "one", "web", "acme");
        engine.advance(later(6 * 3_600)).expect("time goes by");
        assert_eq!(balance(&engine, "acme"), "29.00"); // 10 + 25 - 6
        proven(&engine);
    }
}
