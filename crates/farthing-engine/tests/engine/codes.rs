//! Codes to scan (R59): asked about while they are open, ended when their time is over, credited once whoever tells of it first, and in
//! whichever currency they were paid.

use crate::support::{self, Bed, START, at, cloud, later, proven, usd};
use farthing_core::money::Money;
use farthing_core::payment::sandbox::{Deed, Mood};
use farthing_core::payment::{
    About, Action, Ask, Capabilities, Failure, FailureCode, News, PaymentId, PaymentNews, Reply, Told, What,
};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use farthing_engine::{Engine, NewPayIn, PayBy, PaymentFacts, Provider, Providers};
use std::sync::{Arc, Barrier, Mutex};

/// A provider with codes. It tells nothing by itself.
#[derive(Debug, Default)]
struct Wallet {
    /// What it says when it is asked; none: nobody has paid yet.
    paid: Mutex<Option<PaymentNews>>,
    /// Whether each look was to close it.
    looks: Mutex<Vec<bool>>,
    until: Mutex<Option<Instant>>,
    /// What it answers instead, once.
    instead: Mutex<Option<News>>,
    /// Until it is let go, a look is not answered.
    holds: Mutex<Option<Arc<Barrier>>>,
}

impl Wallet {
    fn looks(&self) -> Vec<bool> {
        self.looks.lock().expect("it is whole").clone()
    }

    fn is_paid(&self, paid: Option<&str>) {
        let paid = paid.map(|paid| Money::parse(paid).expect("money"));
        *self.paid.lock().expect("it is whole") = Some(PaymentNews::Succeeded { fee: None, method: None, paid });
    }
}

impl Provider for Wallet {
    fn name(&self) -> &'static str {
        "wallet"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            stored: &[],
            pages: &[Channel::WechatPay, Channel::Card],
            partial_refunds: true,
            per_second: 100,
        }
    }

    fn ask(&self, ask: &Ask) -> Reply {
        let open = || {
            let (url, code) = ("https://pay.example/1".to_owned(), "weixin://1".to_owned());
            PaymentNews::ActionNeeded(Action { url, code, until: None })
        };
        let (payment, news) = match &ask.what {
            What::Page { payment, until, .. } => {
                *self.until.lock().expect("it is whole") = Some(*until);
                (payment, open())
            }
            What::Look { payment, close, .. } => {
                self.looks.lock().expect("it is whole").push(*close);
                let held = self.holds.lock().expect("it is whole").clone();
                if let Some(barrier) = held {
                    barrier.wait();
                }
                let paid = self.paid.lock().expect("it is whole").clone();
                let over = || PaymentNews::Failed(Failure { code: FailureCode::Abandoned, text: "closed".to_owned() });
                (payment, paid.unwrap_or_else(|| if *close { over() } else { open() }))
            }
            other => panic!("nobody asks for {other:?} here"),
        };
        let reference = Some(format!("far-{payment}"));
        let instead = self.instead.lock().expect("it is whole").take();
        Reply { customer: None, news: instead.unwrap_or(News::Payment { reference, news }) }
    }
}

fn with(bed: &Bed, wallet: &Arc<Wallet>) -> Engine {
    let engine = bed.engine(0, at(START)).with_providers(Providers::new().with("one", wallet.clone()));
    cloud(&engine, "one", &["acme"]);
    engine
}

fn code(engine: &Engine, channel: Channel, amount: &str) -> PaymentFacts {
    let wanted = NewPayIn {
        account: "acme".to_owned(),
        amount: usd(amount),
        by: PayBy::Page(channel),
        keep: false,
        reference: None,
        back: "https://cloud.example".to_owned(),
    };
    engine.pay_in("one", &wanted).expect("it is opened")
}

fn id_of(facts: &PaymentFacts) -> PaymentId {
    facts.payment_id().expect("an id")
}

fn told(payment: PaymentId, event: &str, paid: Option<&str>) -> Told {
    let paid = paid.map(|paid| Money::parse(paid).expect("money"));
    Told {
        id: event.to_owned(),
        at: at(START),
        about: About { payment: Some(payment), ..About::default() },
        news: News::Payment { reference: None, news: PaymentNews::Succeeded { fee: None, method: None, paid } },
    }
}

fn balance(engine: &Engine) -> String {
    let view = engine.account_view("one", "acme", engine.now().expect("the clock")).expect("the account");
    Money::from_units(view.figures.balance, view.currency).plain()
}

fn state(engine: &Engine, id: PaymentId) -> String {
    engine.payment("one", id).expect("it is there").state
}

/// Until a second: whatever is due, when it is, as a server would.
fn carry(engine: &Engine, to: i64) {
    while let Some(due) = support::read(engine, |tx| tx.errand_next("wallet")).filter(|due| *due <= later(to)) {
        engine.clock().advance_to(due.max(engine.now().expect("the clock")));
        engine.run_errands("one", 10).expect("asked");
    }
    engine.clock().advance_to(later(to));
}

both! {
    /// 3, 9, 21, 45, 93 and 153 seconds; then its webhook comes, and nobody asks any more.
    fn asked_rarer_and_rarer_until_it_is_told(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        let shown = code(&engine, Channel::WechatPay, "10.00");
        assert_eq!((shown.state.as_str(), shown.action.as_str()), ("requires_action", "https://pay.example/1"));
        assert_eq!((shown.code.as_str(), shown.expires), ("weixin://1", Some(later(900).micros())));
        assert_eq!(*wallet.until.lock().expect("it is whole"), Some(later(900)), "as the provider was asked");
        for (to, looks) in [(2, 0), (8, 1), (20, 2), (44, 3), (92, 4), (152, 5), (200, 6)] {
            carry(&engine, to);
            assert_eq!(wallet.looks().len(), looks, "after {to} seconds");
        }
        assert_eq!(balance(&engine), "0.00");
        assert!(engine.provider_told("one", "wallet", &told(id_of(&shown), "evt", None)).expect("it is taken"));
        assert_eq!((balance(&engine).as_str(), state(&engine, id_of(&shown)).as_str()), ("10.00", "succeeded"));
        carry(&engine, 1_000);
        assert_eq!(wallet.looks().len(), 6, "it is decided");
        assert_eq!(balance(&engine), "10.00");
        proven(&engine);
    }
}

both! {
    /// Its webhook is lost: who asks finds it, with what was paid and at which rate.
    fn a_lost_webhook_loses_no_money(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        let shown = code(&engine, Channel::WechatPay, "10.00");
        carry(&engine, 30);
        wallet.is_paid(Some("72.30 CNY"));
        carry(&engine, 45);
        let paid = engine.payment("one", id_of(&shown)).expect("it is there");
        let other = paid.paid.expect("in another currency");
        assert_eq!((other.amount.as_str(), other.currency.as_str(), other.rate.as_str()), ("72.30", "CNY", "7.23"));
        assert_eq!((balance(&engine).as_str(), paid.late, paid.net), ("10.00", false, usd("10.00").units()));
        // Told at last, and differently: what was written first stays.
        assert!(engine.provider_told("one", "wallet", &told(id_of(&shown), "evt", Some("99.00 CNY"))).expect("heard"));
        assert_eq!(engine.payment("one", id_of(&shown)).expect("it is there").paid, Some(other));
        assert_eq!(balance(&engine), "10.00");
        proven(&engine);
    }
}

both! {
    /// Nobody pays: asked once more at its end, closed, failed. What arrives later is credited once, and says that it is late.
    fn it_ends_and_late_money_is_credited_once(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        let id = id_of(&code(&engine, Channel::WechatPay, "10.00"));
        carry(&engine, 899);
        assert_eq!((state(&engine, id).as_str(), wallet.looks().contains(&true)), ("requires_action", false));
        carry(&engine, 900);
        let ended = engine.payment("one", id).expect("it is there");
        assert_eq!((ended.state.as_str(), ended.failure.as_str(), ended.late), ("failed", "abandoned", false));
        assert_eq!(wallet.looks().last(), Some(&true), "it was to be closed");
        let looks = wallet.looks().len();
        carry(&engine, 1_000);
        assert_eq!(wallet.looks().len(), looks);
        for event in ["one", "two", "two"] {
            assert!(engine.provider_told("one", "wallet", &told(id, event, None)).expect("it is taken"));
        }
        let late = engine.payment("one", id).expect("it is there");
        assert_eq!((late.state.as_str(), late.late, late.failure.as_str()), ("succeeded", true, ""));
        assert!(late.verdict.iter().any(|line| line == "paid late: its code had ended at 2026-04-01T10:15:00Z"), "{late:?}");
        assert_eq!(balance(&engine), "10.00");
        proven(&engine);
    }
}

both! {
    /// The webhook and the answer to a look, many times at the same instant: one credit.
    fn told_and_found_at_once_it_is_one_credit(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        let id = id_of(&code(&engine, Channel::WechatPay, "10.00"));
        wallet.is_paid(None);
        let barrier = Arc::new(Barrier::new(9));
        *wallet.holds.lock().expect("it is whole") = Some(barrier.clone());
        engine.clock().advance_to(later(3));
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (engine, barrier) = (&engine, barrier.clone());
                scope.spawn(move || {
                    barrier.wait();
                    let event = told(id, &format!("evt-{}", number / 2), None);
                    assert!(engine.provider_told("one", "wallet", &event).expect("it is taken"));
                });
            }
            let engine = &engine;
            scope.spawn(move || engine.run_errands("one", 10).expect("asked"));
        });
        assert_eq!(wallet.looks().len(), 1);
        assert_eq!((balance(&engine).as_str(), state(&engine, id).as_str()), ("10.00", "succeeded"));
        carry(&engine, 100);
        assert_eq!(wallet.looks().len(), 1, "it is decided");
        proven(&engine);
    }
}

both! {
    /// It cannot be asked at its end, or money is on its way: it has not failed, and is asked again.
    fn it_has_not_failed_while_nobody_knows(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        let id = id_of(&code(&engine, Channel::WechatPay, "10.00"));
        // It wants to be left alone for a minute: the look of the third second is followed by none before the 63rd.
        *wallet.instead.lock().expect("it is whole") = Some(News::NotNow { why: "slow down".to_owned(), pause_seconds: Some(60) });
        carry(&engine, 62);
        assert_eq!(wallet.looks().len(), 1);
        carry(&engine, 899);
        *wallet.instead.lock().expect("it is whole") = Some(News::Unknown { why: "no answer".to_owned() });
        carry(&engine, 959);
        assert_eq!(state(&engine, id), "requires_action");
        *wallet.paid.lock().expect("it is whole") = Some(PaymentNews::Pending);
        carry(&engine, 1_019);
        assert_eq!(state(&engine, id), "pending");
        wallet.is_paid(None);
        carry(&engine, 1_020);
        assert_eq!((state(&engine, id).as_str(), balance(&engine).as_str()), ("succeeded", "10.00"));
        proven(&engine);
    }
}

both! {
    /// The code could not be opened before its end: nobody has seen it, so nobody can have paid.
    fn a_code_that_nobody_saw(bed: &Bed) {
        let wallet = Arc::new(Wallet::default());
        let engine = with(bed, &wallet);
        *wallet.instead.lock().expect("it is whole") = Some(News::NotNow { why: "down".to_owned(), pause_seconds: Some(3_600) });
        let id = id_of(&code(&engine, Channel::WechatPay, "10.00"));
        assert_eq!(state(&engine, id), "created");
        carry(&engine, 900);
        assert_eq!((state(&engine, id).as_str(), wallet.looks().len()), ("failed", 0));
        carry(&engine, 3_700);
        assert_eq!((state(&engine, id).as_str(), *wallet.until.lock().expect("it is whole")), ("failed", Some(later(900))));
        // A card's page has its provider's end, and is not asked about.
        let page = code(&engine, Channel::Card, "10.00");
        assert_eq!((page.expires, page.state.as_str()), (None, "requires_action"));
        carry(&engine, 3_800);
        assert_eq!(wallet.looks().len(), 0);
        proven(&engine);
    }
}

both! {
    /// The pretended wallet that tells nothing: what is due is in the engine's own due times, so a clock that runs finds it.
    fn the_sandbox_is_asked_too(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.sandbox_mood("one", Mood::Silent).expect("it is silent");
        let (lost, missed) = (code(&engine, Channel::Alipay, "5.00"), code(&engine, Channel::Paypal, "7.00"));
        assert!(!lost.code.is_empty() && missed.code.is_empty(), "{lost:?}");
        engine.sandbox_scan("one", id_of(&lost), Some(Money::parse("36.15 CNY").expect("money"))).expect("scanned");
        engine.sandbox_do("one", id_of(&missed), Deed::TurnAway).expect("turned away");
        assert_eq!((state(&engine, id_of(&lost)).as_str(), balance(&engine).as_str()), ("requires_action", "0.00"));
        engine.move_clock("one", later(3)).expect("it runs");
        let found = engine.payment("one", id_of(&lost)).expect("it is there");
        assert_eq!((found.state.as_str(), found.paid.map(|paid| paid.rate)), ("succeeded", Some("7.23".to_owned())));
        assert_eq!((state(&engine, id_of(&missed)).as_str(), balance(&engine).as_str()), ("failed", "5.00"));
        proven(&engine);
    }
}
