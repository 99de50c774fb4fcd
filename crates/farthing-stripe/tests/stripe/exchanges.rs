//! What is asked, to the last field, and what the answers mean. The exchanges are written after Stripe's reference.

use crate::player::Player;
use crate::{ask, at, charge, method, money, payment, refund, settings, stripe};
use farthing_core::payment::{
    About, Action, Expiry, Failure, FailureCode, MethodFacts, MethodNews, News, PaymentNews, RefundNews, Reply, Told,
    What,
};
use farthing_core::policy::{Channel, Funding};
use farthing_stripe::{Stripe, StripeSettings};
use std::time::{SystemTime, UNIX_EPOCH};

fn of_payment(reference: &str, news: PaymentNews) -> News {
    News::Payment { reference: Some(reference.to_owned()), news }
}

fn failed(code: FailureCode, text: &str) -> PaymentNews {
    PaymentNews::Failed(Failure { code, text: text.to_owned() })
}

fn paid(fee: Option<&str>) -> PaymentNews {
    PaymentNews::Succeeded { fee: fee.map(money), method: None, paid: None }
}

fn to_do(url: &str, until: Option<i64>) -> Action {
    Action { url: url.to_owned(), code: String::new(), until: until.map(at) }
}

fn iban() -> MethodFacts {
    MethodFacts {
        token: "pm_Iban".to_owned(),
        channel: Channel::SepaDebit,
        brand: "37040044".to_owned(),
        last4: "3000".to_owned(),
        expires: None,
        country: "DE".to_owned(),
        funding: None,
        fingerprint: "pDkxUqsl9qC5Gs1s".to_owned(),
    }
}

/// Asked one after the other, as recorded.
fn check(recording: &str, asked: Vec<(What, News)>) {
    let player = Player::of(recording);
    let stripe = stripe(player.base());
    for (what, news) in asked {
        let reply = stripe.ask(&ask(what.clone()));
        assert_eq!(reply, Reply { customer: Some("cus_Acme".to_owned()), news }, "{what:?}");
    }
    player.finish();
}

#[test]
fn a_stored_card_of_a_new_customer() {
    let player = Player::of("stored_card");
    let mut asked = ask(charge(Channel::Card, false));
    asked.customer.reference = None;
    let reply = stripe(player.base()).ask(&asked);
    let news = of_payment("pi_1", paid(Some("0.44 EUR")));
    assert_eq!(reply, Reply { customer: Some("cus_New".to_owned()), news });
    player.finish();
}

#[test]
fn a_card_that_is_declined() {
    let card = || charge(Channel::Card, false);
    check(
        "declined",
        vec![
            (card(), of_payment("pi_2", failed(FailureCode::InsufficientFunds, "Your card has insufficient funds."))),
            (
                card(),
                of_payment(
                    "pi_3",
                    failed(
                        FailureCode::AuthenticationRequired,
                        "Your card was declined. This transaction requires authentication.",
                    ),
                ),
            ),
        ],
    );
}

#[test]
fn a_card_whose_bank_wants_to_see_the_customer() {
    let player = Player::of("confirmed_at_the_bank");
    let return_url = Some("https://console.example/paid".to_owned());
    let stripe = Stripe::new(StripeSettings { return_url, ..settings(player.base()) });
    let action = to_do("https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1", None);
    let news = of_payment("pi_4", PaymentNews::ActionNeeded(action));
    assert_eq!(stripe.ask(&ask(charge(Channel::Card, true))).news, news);
    player.finish();
}

/// Off the session also where the customer is there: the mandate is what it goes by.
#[test]
fn a_debit_is_on_its_way() {
    check("debit", vec![(charge(Channel::SepaDebit, true), of_payment("pi_5", PaymentNews::Pending))]);
}

#[test]
fn a_page_on_which_a_card_is_kept() {
    let in_two_hours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 7_200;
    let in_two_hours = i64::try_from(in_two_hours).unwrap();
    let player = Player::at("page_card", in_two_hours);
    let what = What::Page {
        payment: payment(),
        amount: money("5000 JPY"),
        channel: Channel::Card,
        keep: true,
        back: "https://console.example/back?a=1&b=ü".to_owned(),
        until: at(in_two_hours),
        text: "Top-up & more".to_owned(),
    };
    let action = to_do("https://checkout.stripe.com/c/pay/cs_test_a1#fid", Some(1_762_007_200));
    let news = of_payment("cs_test_a1", PaymentNews::ActionNeeded(action));
    assert_eq!(stripe(player.base()).ask(&ask(what)).news, news);
    player.finish();
}

fn wallet(channel: Channel, until: i64) -> What {
    What::Page {
        payment: payment(),
        amount: money("100 CNY"),
        channel,
        keep: true,
        back: "https://console.example/back".to_owned(),
        until: at(until),
        text: String::new(),
    }
}

fn look(reference: &str, close: bool) -> What {
    What::Look { payment: payment(), payment_reference: reference.to_owned(), close }
}

/// No page ends in the past: its end, chosen by the clock, is in the key.
#[test]
fn a_page_of_a_wallet() {
    let action = to_do("https://checkout.stripe.com/c/pay/cs_test_w1", Some(1_762_001_860));
    let what = wallet(Channel::Paypal, 1_762_000_000);
    check("page_paypal", vec![(what, of_payment("cs_test_w1", PaymentNews::ActionNeeded(action)))]);
}

/// An intent at once: what the code says is there to be drawn, and nothing is kept of a wallet that is scanned.
#[test]
fn a_code_to_scan() {
    let wechat = Action {
        code: "weixin://wxpay/bizpayurl?pr=AbCdEf".to_owned(),
        ..to_do("https://payments.stripe.com/wechat_pay/instructions/CCoQ", None)
    };
    let alipay = to_do("https://hooks.stripe.com/redirect/authenticate/src_1?client_secret=src_client_secret_1", None);
    check(
        "codes",
        vec![
            (wallet(Channel::WechatPay, 1_762_000_900), of_payment("pi_w1", PaymentNews::ActionNeeded(wechat))),
            (wallet(Channel::Alipay, 1_762_000_900), of_payment("pi_a1", PaymentNews::ActionNeeded(alipay))),
        ],
    );
}

/// At its end a code is cancelled, and a page expired; what was paid a moment before is not, be it seen before or when Stripe refuses.
#[test]
fn a_code_is_closed_unless_it_is_paid() {
    let abandoned = || failed(FailureCode::Abandoned, "it was not paid in time");
    let in_yuan = PaymentNews::Succeeded { fee: Some(money("0.44 USD")), method: None, paid: Some(money("72.30 CNY")) };
    check(
        "closes",
        vec![
            (look("pi_w1", true), of_payment("pi_w1", abandoned())),
            (look("cs_test_w1", true), of_payment("cs_test_w1", abandoned())),
            (look("pi_w2", true), of_payment("pi_w2", in_yuan.clone())),
            (look("pi_w3", true), of_payment("pi_w3", in_yuan)),
        ],
    );
}

fn set_up(channel: Channel, token: Option<&str>) -> What {
    let (token, back) = (token.map(str::to_owned), "https://console.example/back".to_owned());
    What::SetUp { method: method(), channel, token, back }
}

#[test]
fn a_card_is_set_up() {
    let facts = MethodFacts {
        token: "pm_Visa".to_owned(),
        channel: Channel::Card,
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        expires: Expiry::parse("2029-08"),
        country: "DE".to_owned(),
        funding: Some(Funding::Debit),
        fingerprint: "mToisGZ01V71BCos".to_owned(),
    };
    let ready = News::Method(MethodNews::Ready(facts));
    check("set_up", vec![(set_up(Channel::Card, Some("pm_Visa")), ready)]);
    let failure = Failure { code: FailureCode::MethodGone, text: "Your card was declined.".to_owned() };
    let refused = News::Method(MethodNews::Failed(failure));
    check("set_up_refused", vec![(set_up(Channel::Card, Some("pm_Visa")), refused)]);
}

#[test]
fn a_mandate_is_given_on_a_page() {
    let action = to_do("https://checkout.stripe.com/c/pay/cs_test_s1", Some(1_762_086_400));
    let wanted = || News::Method(MethodNews::ActionNeeded(action.clone()));
    check("set_up_page", vec![(set_up(Channel::SepaDebit, None), wanted())]);
    check("set_up_page", vec![(set_up(Channel::SepaDebit, Some("pm_Iban")), wanted())]);
}

#[test]
fn money_is_given_back() {
    let back = |reference: &str| What::Refund {
        refund: refund(),
        part: 1,
        payment: payment(),
        payment_reference: reference.to_owned(),
        amount: money("5 EUR"),
    };
    let news = |reference: &str, news| News::Refund { reference: Some(reference.to_owned()), news };
    let poor = Failure {
        code: FailureCode::InsufficientFunds,
        text: "Insufficient funds in your Stripe balance to refund this amount.".to_owned(),
    };
    check(
        "refunds",
        vec![
            (back("pi_1"), news("re_1", RefundNews::Sent)),
            (back("cs_test_a1"), news("re_2", RefundNews::Pending)),
            (
                back("pi_1"),
                News::Never { why: "Stripe answered 400: Charge ch_1 has already been refunded.".to_owned() },
            ),
            (back("pi_1"), News::Refund { reference: None, news: RefundNews::Failed(poor) }),
        ],
    );
}

#[test]
fn a_method_is_forgotten_once() {
    let what = || What::Detach { method: method(), token: "pm_Visa".to_owned() };
    let detached = || News::Method(MethodNews::Detached);
    check("detach", vec![(what(), detached()), (what(), detached())]);
}

#[test]
fn what_has_become_of_a_payment() {
    let look =
        |reference: &str| What::Look { payment: payment(), payment_reference: reference.to_owned(), close: false };
    let open = to_do("https://checkout.stripe.com/c/pay/cs_test_a1", Some(1_762_007_200));
    check(
        "looks",
        vec![
            (
                look("pi_1"),
                of_payment(
                    "pi_1",
                    PaymentNews::Succeeded { fee: Some(money("0.35 EUR")), method: Some(iban()), paid: None },
                ),
            ),
            (look("cs_test_a1"), of_payment("cs_test_a1", PaymentNews::ActionNeeded(open))),
            (look("cs_test_a1"), of_payment("cs_test_a1", failed(FailureCode::Abandoned, "it was not paid in time"))),
            // What settles in dollars has its fee in dollars.
            (look("cs_test_a1"), of_payment("pi_8", paid(Some("0.48 USD")))),
        ],
    );
}

/// The answer was lost, and with it the reference.
#[test]
fn a_payment_without_a_reference_is_found() {
    let look = || What::Look { payment: payment(), payment_reference: String::new(), close: false };
    let why = format!("Stripe shows no payment {} of this customer", payment());
    check("look_for", vec![(look(), of_payment("pi_9", paid(Some("0.44 EUR")))), (look(), News::Unknown { why })]);
}

#[test]
fn what_an_event_leaves_out_is_asked_for() {
    let player = Player::of("completed");
    let stripe = stripe(player.base());
    let told = |news| Told { id: "evt_1".to_owned(), at: at(1), about: About::default(), news };
    let success = || told(of_payment("pi_1", paid(None)));
    assert_eq!(stripe.complete(success()), told(of_payment("pi_1", paid(Some("0.44 EUR")))));
    let bare = MethodFacts {
        brand: String::new(),
        last4: String::new(),
        country: String::new(),
        fingerprint: String::new(),
        ..iban()
    };
    let set_up = told(News::Method(MethodNews::Ready(bare)));
    assert_eq!(stripe.complete(set_up), told(News::Method(MethodNews::Ready(iban()))));
    // Stripe does not answer: what was told is true all the same.
    assert_eq!(stripe.complete(success()), success());
    // Nothing is left out, so nothing is asked.
    let whole = told(News::Method(MethodNews::Ready(iban())));
    assert_eq!(stripe.complete(whole.clone()), whole);
    player.finish();
}
