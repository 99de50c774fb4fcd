//! What operators do and see of payments: what was given up, what risk refused, what was given back by hand, fees in another currency, bills that
//! are tried again, waivers of what was billed; and that who asks twice is answered as before.

use crate::support::{self, Bed, START, at, cloud, later, policy, proven, read, usd, used};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::sandbox::Mood;
use farthing_core::payment::{
    About, Failure, FailureCode, MethodId, News, PaymentId, PaymentNews, RefundNews, RefundOf, Told,
};
use farthing_core::policy::{Channel, Pay};
use farthing_engine::{
    Asked, Billed, Engine, NewAccount, NewBillPayment, NewGrant, NewMethod, NewPayIn, Once, PayBillBy, PayBy,
    PaymentFacts, RefusalCode, Waiver,
};
use farthing_store::{BillKind, MessageFilter};

fn open(engine: &Engine, account: &str, country: &str, pay: Option<Pay>) {
    let new = NewAccount { name: account.to_owned(), country: Some(country.to_owned()), pay, ..NewAccount::default() };
    engine.open_account("one", &new).expect("the account opens");
}

fn wanted(amount: &str, token: &str) -> NewPayIn {
    NewPayIn {
        account: "acme".to_owned(),
        amount: usd(amount),
        by: PayBy::Token(token.to_owned()),
        keep: false,
        reference: None,
        back: String::new(),
    }
}

fn id_of(paid: &PaymentFacts) -> PaymentId {
    paid.payment_id().expect("an id")
}

fn balance(engine: &Engine, account: &str) -> String {
    let view = engine.account_view("one", account, engine.now().expect("the clock")).expect("the account");
    Money::from_units(view.figures.balance, view.currency).plain()
}

fn operator(engine: &Engine, key: &str) -> Engine {
    let once = Some(Once { key: key.to_owned(), digest: [7; 32] });
    engine.asked_by(Asked { who: "operator".to_owned(), source: "here".to_owned(), once, why: String::new() })
}

fn trail(engine: &Engine, what: &str) -> Vec<String> {
    let entries = read(engine, |tx| tx.trail("one", i64::MAX, 100));
    entries.into_iter().filter(|entry| entry.what == what).map(|entry| entry.became).collect()
}

fn told_of(engine: &Engine, kind: &str) -> Vec<serde_json::Value> {
    let messages = read(engine, |tx| tx.messages("one", &MessageFilter::default(), i64::MAX, 1_000));
    let own = messages.into_iter().rev().filter(|message| message.kind == kind);
    own.map(|message| serde_json::from_str(&message.data).expect("JSON")).collect()
}

fn by_hand(event: &str, payment: &PaymentId, amount: &str, news: RefundNews) -> Told {
    let reference = Some("re_hand".to_owned());
    let refund_of = Some(RefundOf { payment: format!("sandbox-{payment}"), amount: usd(amount) });
    Told {
        id: event.to_owned(),
        at: at(START),
        about: About { reference: reference.clone(), refund_of, ..About::default() },
        news: News::Refund { reference, news },
    }
}

both! {
    /// Who gives credit says why, and it stays with the grant.
    fn a_grant_keeps_its_reason(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let grant = NewGrant {
            name: "sorry".to_owned(),
            account: "acme".to_owned(),
            amount: usd("5.00"),
            products: Vec::new(),
            priority: 0,
            starts: None,
            expires: None,
            reason: Some("the disk was slow".to_owned()),
        };
        operator(&engine, "grant").grant_credit("one", &grant).expect("given");
        let view = engine.account_view("one", "acme", later(1)).expect("the account");
        assert_eq!(view.lots[0].reason, "the disk was slow");
        assert!(trail(&engine, "credit.granted")[0].contains("the disk was slow"));
        proven(&engine);
    }
}

both! {
    /// 30.00 of 100.00 are given back in the provider's dashboard: told pending, sent and sent again, it is one refund of that payment.
    fn money_given_back_by_hand_is_booked_once(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let paid = engine.pay_in("one", &wanted("100.00", "card:visa")).expect("paid");
        let tell = |event: &str, amount: &str, news| {
            engine.provider_told("one", "sandbox", &by_hand(event, &id_of(&paid), amount, news)).expect("taken")
        };
        assert!(tell("e1", "30.00", RefundNews::Pending));
        assert_eq!(balance(&engine, "acme"), "70.00");
        for event in ["e1", "e2", "e3", "e2"] {
            assert!(tell(event, "30.00", RefundNews::Sent));
        }
        assert_eq!(balance(&engine, "acme"), "70.00");
        let refunds = engine.refunds("one", None, None, None, 10).expect("listed");
        assert_eq!(refunds.len(), 1);
        assert_eq!((refunds[0].state.as_str(), refunds[0].who.as_str()), ("sent", "sandbox"));
        assert!(refunds[0].note.contains("re_hand"), "{}", refunds[0].note);
        assert_eq!(engine.payment("one", id_of(&paid)).expect("there").state, "refunded_in_part");
        assert_eq!(told_of(&engine, "refund.sent").len(), 1);
        proven(&engine);
        // The bank sends it back: it is on the balance again.
        let failed = RefundNews::Failed(Failure { code: FailureCode::Other, text: "no such card".to_owned() });
        assert!(tell("e4", "30.00", failed));
        assert_eq!(balance(&engine, "acme"), "100.00");
        proven(&engine);
        let other = by_hand("e5", &id_of(&paid), "1.00", RefundNews::Sent);
        let strange = Told { about: About { refund_of: None, ..other.about.clone() }, ..other };
        assert!(engine.provider_told("one", "sandbox", &strange).is_ok());
    }
}

both! {
    /// Of money that was used by then, what is not there is owed: 100.00 less 60.00 used are 40.00, and all 100.00 went back.
    fn what_was_used_by_then_is_owed(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let paid = engine.pay_in("one", &wanted("100.00", "card:visa")).expect("paid");
        used(&engine, ("one", "acme"), "1", 6_000, None);
        engine.advance(later(2 * 86_400)).expect("time goes by");
        assert_eq!(balance(&engine, "acme"), "40.00");
        let told = by_hand("e1", &id_of(&paid), "100.00", RefundNews::Sent);
        assert!(engine.provider_told("one", "sandbox", &told).expect("taken"));
        assert_eq!(balance(&engine, "acme"), "-60.00");
        assert_eq!(engine.payment("one", id_of(&paid)).expect("there").state, "refunded");
        proven(&engine);
    }
}

both! {
    /// A provider that settles in euros keeps its fee in euros: 0.59 EUR, in books of their own.
    fn a_fee_in_another_currency_is_booked_in_it(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let slow = engine.pay_in("one", &wanted("25.00", "sepa:main")).expect("begun");
        let eur = Currency::parse("EUR").expect("a currency");
        let fee = Money::parse_amount("0.59", eur).expect("an amount");
        let told = |event: &str, news: PaymentNews| Told {
            id: event.to_owned(),
            at: at(START),
            about: About { payment: slow.payment_id(), ..About::default() },
            news: News::Payment { reference: None, news },
        };
        let paid = PaymentNews::Succeeded { fee: Some(fee), method: None, paid: None };
        for event in ["e1", "e2"] {
            assert!(engine.provider_told("one", "sandbox", &told(event, paid.clone())).expect("taken"));
        }
        let sum = |code: &str, currency: Currency| {
            read(&engine, |tx| {
                let commodity = tx.commodity_ensure_currency(currency)?;
                tx.books_sum("one", code, commodity)
            })
        };
        assert_eq!(sum("provider/sandbox", eur), i128::from(fee.units()));
        assert_eq!(sum("fees", eur), -i128::from(fee.units()));
        assert_eq!(sum("provider/sandbox", Currency::USD), -i128::from(usd("25.00").units()));
        // A bank takes it back, and the provider keeps 15.00 EUR for that.
        let more = Money::parse_amount("15.00", eur).expect("an amount");
        let back = PaymentNews::Disputed { dispute: "du".to_owned(), amount: usd("25.00"), fee: Some(more), why: "no".to_owned() };
        assert!(engine.provider_told("one", "sandbox", &told("e3", back)).expect("taken"));
        assert_eq!(sum("fees", eur), -i128::from(fee.units() + more.units()));
        assert_eq!(balance(&engine, "acme"), "0.00");
        proven(&engine);
    }
}

both! {
    /// What risk refused had no effect but this: it is in the audit log, with its reasons and without the card.
    fn what_risk_refuses_is_explained_for_ever(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &[]);
        let text = format!("{}\n[risk]\namount_per_day = \"100.00\"\n", policy("one"));
        support::apply(&engine, "one", &text, support::CATALOG);
        open(&engine, "acme", "US", None);
        let asking = operator(&engine, "k1");
        let refused = asking.pay_in("one", &wanted("100.01", "card:visa")).expect_err("it is too much");
        assert_eq!(refused.code(), Some(RefusalCode::LimitReached));
        let noted = trail(&engine, "payment.refused");
        assert_eq!(noted.len(), 1);
        assert!(noted[0].contains("100.01") && noted[0].contains("paid in within 24 hours: 100.01 of 100.00"), "{noted:?}");
        assert!(!noted[0].contains("visa"), "{noted:?}");
        assert_eq!(engine.payments("one", None, None, None, 10).expect("listed"), []);
        asking.pay_in("one", &wanted("100.00", "card:visa")).expect("that is within");
        assert_eq!(trail(&engine, "payment.refused").len(), 1);
        proven(&engine);
    }
}

both! {
    /// Asked again under its key, a payment is answered as it was, whatever has become of it since.
    fn who_asks_again_is_answered_as_before(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let asking = operator(&engine, "once");
        let first = asking.pay_in("one", &wanted("10.00", "card:3ds")).expect("begun");
        assert_eq!(first.state, "requires_action");
        engine.sandbox_do("one", id_of(&first), farthing_core::payment::sandbox::Deed::Pay).expect("paid");
        engine.advance(later(3_600)).expect("time goes by");
        assert_eq!(engine.payment("one", id_of(&first)).expect("there").state, "succeeded");
        assert_eq!(asking.pay_in("one", &wanted("10.00", "card:3ds")).expect("the same"), first);
        assert_eq!(balance(&engine, "acme"), "10.00");
        let other = engine.asked_by(Asked {
            who: "operator".to_owned(),
            source: "here".to_owned(),
            once: Some(Once { key: "once".to_owned(), digest: [8; 32] }),
            why: String::new(),
        });
        let refused = other.pay_in("one", &wanted("11.00", "card:3ds")).expect_err("another request");
        assert_eq!(refused.code(), Some(RefusalCode::KeyReused));
    }
}

both! {
    /// A provider that is set up wrong does not forget a method: that is given up, shown, and asked again once it is mended.
    fn what_was_given_up_is_asked_again(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        let method = NewMethod {
            account: "acme".to_owned(),
            channel: Channel::Card,
            token: Some("card:visa".to_owned()),
            mandate: Some("yes".to_owned()),
            default: true,
            back: String::new(),
        };
        let kept = engine.add_method("one", &method).expect("kept");
        let id = MethodId::parse(&kept.id).expect("an id");
        engine.sandbox_mood("one", Mood::Broken).expect("told");
        engine.remove_method("one", "acme", id).expect("removed");
        let failed = engine.pay_in("one", &wanted("10.00", "card:visa")).expect("begun");
        assert_eq!(failed.state, "failed");
        let given_up = engine.given_up("one", None, 10).expect("listed");
        let of = |subject: &str| given_up.iter().find(|errand| errand.subject == subject).expect("it is there");
        let (detach, charge) = (of(&kept.id), of(&failed.id));
        assert_eq!((detach.what.as_str(), detach.open, charge.what.as_str(), charge.open), ("detach", true, "charge", false));
        let asking = operator(&engine, "again");
        let ended = engine.ask_again("one", charge.number, "").expect_err("the payment has failed");
        assert_eq!(ended.code(), Some(RefusalCode::Conflict));
        assert_eq!(engine.ask_again("two", detach.number, "").expect_err("another cloud's").code(), Some(RefusalCode::NotFound));
        engine.sandbox_mood("one", Mood::Well).expect("told");
        let done = asking.ask_again("one", detach.number, "the key was wrong").expect("asked");
        assert!(!done.open);
        assert_eq!(asking.ask_again("one", detach.number, "the key was wrong").expect("the same"), done);
        assert_eq!(engine.given_up("one", None, 10).expect("listed").len(), 1);
        assert!(trail(&engine, "errand.asked_again")[0].contains("the key was wrong"));
        let again = operator(&engine, "more").ask_again("one", detach.number, "").expect_err("it is done");
        assert_eq!(again.code(), Some(RefusalCode::Conflict));
    }
}

fn collecting(cloud: &str, retries: &str) -> String {
    format!(
        "{}\n[bill]\non = [\"cycle\"]\nnumber = \"B-{{seq:4}}\"\ndue = \"240h\"\n[collect]\nauto = true\nretries = {retries}\n",
        policy(cloud)
    )
}

fn keep(engine: &Engine, token: &str) {
    let method = NewMethod {
        account: "acme".to_owned(),
        channel: Channel::Card,
        token: Some(token.to_owned()),
        mandate: Some("yes".to_owned()),
        default: false,
        back: String::new(),
    };
    engine.add_method("one", &method).expect("kept");
}

fn billed(engine: &Engine) -> Billed {
    engine.bill_now("one", "acme").expect("billed")
}

both! {
    /// R54: two cards, declined; again after 24 hours, by both; and after 72, the last. Whoever pays it meanwhile ends it.
    fn r54_a_declined_bill_is_tried_again(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        support::apply(&engine, "one", &collecting("one", "[\"24h\", \"72h\"]"), support::CATALOG);
        open(&engine, "acme", "US", Some(Pay::Postpaid));
        keep(&engine, "card:visa");
        keep(&engine, "card:mastercard");
        engine.sandbox_mood("one", Mood::Declines).expect("told");
        used(&engine, ("one", "acme"), "1", 1_000, None);
        let bill = billed(&engine).bill.expect("a bill");
        let tried = || engine.payments("one", None, None, None, 100).expect("listed").len();
        engine.advance(later(60)).expect("time goes by");
        assert_eq!(tried(), 2);
        engine.advance(later(86_399)).expect("time goes by");
        assert_eq!(tried(), 2);
        engine.advance(later(86_460)).expect("time goes by");
        assert_eq!(tried(), 4);
        engine.advance(later(4 * 86_400)).expect("time goes by");
        assert_eq!(tried(), 6);
        engine.advance(later(9 * 86_400)).expect("time goes by");
        assert_eq!(tried(), 6, "there are no more times");
        let why: Vec<String> = told_of(&engine, "payment.failed").iter().map(|told| told["why"].to_string()).collect();
        assert!(!why[0].contains("again") && why[1].contains("it is tried again at 2026-04-02T10:00:0"), "{why:?}");
        assert!(why[3].contains("it is tried again at 2026-04-04T10:00:0"), "{why:?}");
        assert!(why[5].contains("this was the last time"), "{why:?}");
        assert_eq!(engine.bill("one", farthing_core::payment::BillId::parse(&bill.id).expect("an id")).expect("there").due, usd("10.00").units());
        proven(&engine);
    }
}

both! {
    /// R54: paid by hand before the second time, it is charged no more; and what its bank takes back then is not charged by itself.
    fn r54_who_pays_meanwhile_ends_it(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        support::apply(&engine, "one", &collecting("one", "[\"24h\", \"72h\"]"), support::CATALOG);
        open(&engine, "acme", "US", Some(Pay::Postpaid));
        keep(&engine, "card:visa");
        engine.sandbox_mood("one", Mood::Declines).expect("told");
        used(&engine, ("one", "acme"), "1", 1_000, None);
        let bill = billed(&engine).bill.expect("a bill");
        let id = farthing_core::payment::BillId::parse(&bill.id).expect("an id");
        engine.advance(later(2 * 86_400)).expect("time goes by");
        engine.sandbox_mood("one", Mood::Well).expect("told");
        let pay = NewBillPayment {
            bill: id,
            by: PayBillBy::Provider(PayBy::Token("card:mastercard".to_owned())),
            amount: None,
            keep: false,
            reference: None,
            back: String::new(),
        };
        let paid = engine.pay_bill("one", &pay).expect("paid").payment.expect("a payment");
        engine.sandbox_do("one", id_of(&paid), farthing_core::payment::sandbox::Deed::Dispute).expect("taken back");
        engine.advance(later(9 * 86_400)).expect("time goes by");
        assert_eq!(engine.bill("one", id).expect("there").due, usd("10.00").units());
        assert_eq!(engine.payments("one", None, None, None, 100).expect("listed").len(), 3);
        proven(&engine);
    }
}

both! {
    /// Gross prices: 12.00 with 20% in it are 10.00 and 2.00. 3.00 that are waived of them are 2.50 and 0.50.
    fn a_waiver_of_gross_prices_has_its_tax_in_it(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let text = format!(
            "{}\n[bill]\non = [\"cycle\"]\nnumber = \"B-{{seq:4}}\"\n[tax]\nprices = \"gross\"\nrates = \"own\"\nrate = [{{ country = \"DE\", percent = \"20\" }}]\n",
            policy("one").replace("[brand]\n", "[brand]\ncountry = \"DE\"\n")
        );
        support::apply(&engine, "one", &text, support::CATALOG);
        open(&engine, "acme", "DE", Some(Pay::Postpaid));
        used(&engine, ("one", "acme"), "1", 1_200, None);
        engine.advance(later(86_400)).expect("time goes by");
        billed(&engine);
        let waiver = Waiver { product: "api".to_owned(), amount: usd("3.00"), reason: "slow".to_owned(), from: None, to: None };
        engine.waive_charge("one", "acme", &waiver).expect("waived");
        let notes = engine.bills("one", Some("acme"), Some(BillKind::CreditNote), None, None, 10).expect("listed");
        assert_eq!((notes[0].net, notes[0].tax), (usd("2.50").units(), usd("0.50").units()));
        assert_eq!(notes[0].of_number, "B-0001");
        let bill = engine.bill_by_number("one", "B-0001").expect("there");
        assert_eq!(bill.due, usd("9.00").units());
        proven(&engine);
        used(&engine, ("one", "acme"), "2", 600, None);
        engine.advance(later(2 * 86_400)).expect("time goes by");
        let next = billed(&engine).bill.expect("a bill");
        assert_eq!(next.total, usd("6.00").units(), "nothing of it comes twice");
        proven(&engine);
    }
}
