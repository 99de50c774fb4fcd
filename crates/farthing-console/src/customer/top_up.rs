//! Topping up: how much and how, then what will happen, then the money: by what is kept, on the provider's page, by a code that is scanned, or by
//! bank transfer. And what became of one payment.

use super::ask::{Ask, Done, Page, Stop, account_address, found};
use crate::block::{Block, Cell, Choice, Fact, Field, Form, Link, Section};
use crate::chart::qr::Qr;
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_core::money::{Money, Rounding};
use farthing_core::payment::{MethodId, PaymentId};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use farthing_engine::{NewPayIn, PayBy, PaymentFacts};

/// What a provider shows a page or a code for.
pub(super) const fn is_page(channel: Channel) -> bool {
    match channel {
        Channel::Card | Channel::Alipay | Channel::WechatPay | Channel::Paypal => true,
        Channel::SepaDebit | Channel::BankTransfer => false,
    }
}

/// `method:…` of what is kept, `page:alipay`.
pub(super) fn pay_by(ask: &Ask, text: &str) -> Option<PayBy> {
    if let Some(id) = text.strip_prefix("method:") {
        return MethodId::parse(id).ok().map(PayBy::Method);
    }
    let channel = Channel::parse(text.strip_prefix("page:")?)?;
    let known = ask.cloud.profile.policy.top_up.channels.contains(&channel) && is_page(channel);
    known.then_some(PayBy::Page(channel))
}

/// Where a provider's page sends the browser back to.
pub(super) fn back(ask: &Ask, rest: &str) -> String {
    format!("{}{}", ask.engine().public_url(), ask.at(rest))
}

/// On to the provider's page, or to what became of it here.
pub(super) fn onward(ask: &Ask, payment: &PaymentFacts) -> Done {
    let page = account_address(ask.id(), ask.account(), &format!("/balance/payments/{}", payment.id));
    let outside = payment.code.is_empty() && payment.action.starts_with("https://");
    Done { to: if outside { payment.action.clone() } else { page }, said: "" }
}

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(Deed::Pay)?;
    let title = ask.say("action.top_up").to_owned();
    let chosen = ask.asked("by").or_else(|| ask.was_entered("by")).unwrap_or_default().to_owned();
    let amount = ask.asked("amount").or_else(|| ask.was_entered("amount"));
    let amount = amount.map(|text| ask.read_amount("amount", text));
    match amount {
        Some(Ok(amount)) if bounds(ask, amount)?.is_none() && chosen == "transfer" => {
            transfer(ask, title, Some(amount))
        }
        Some(Ok(amount)) if bounds(ask, amount)?.is_none() && pay_by(ask, &chosen).is_some() => {
            confirm(ask, title, amount, &chosen)
        }
        Some(Ok(amount)) => {
            let error = match bounds(ask, amount)? {
                Some(error) => ("amount", error),
                None => ("by", ask.say("error.choose").to_owned()),
            };
            choose(ask, title, Some(error))
        }
        Some(Err(Stop::Field { field, what })) => choose(ask, title, Some((field, what))),
        Some(Err(_)) | None => choose(ask, title, None),
    }
}

/// Why so much cannot be topped up.
fn bounds(ask: &Ask, amount: Money) -> Result<Option<String>, PageError> {
    let policy = &ask.cloud.profile.policy.top_up;
    if let Some(min) = policy.min.filter(|min| amount.units() < min.units()) {
        return Ok(Some(ask.with("top_up.min", &[("amount", &ask.money(min.units())?)])));
    }
    if amount.units() <= 0 {
        return Ok(Some(ask.say("top_up.positive").to_owned()));
    }
    let is_transfer = ask.asked("by") == Some("transfer");
    let max = policy.max.into_iter().chain(policy.bank_transfer_above).min_by_key(|max| max.units());
    Ok(match max.filter(|max| amount.units() > max.units() && !is_transfer) {
        Some(max) => Some(ask.with("top_up.max", &[("amount", &ask.money(max.units())?)])),
        None => None,
    })
}

fn choose(ask: &Ask, title: String, error: Option<(&'static str, String)>) -> Result<Page, PageError> {
    let policy = &ask.cloud.profile.policy.top_up;
    let methods = found(ask.engine().methods(ask.id(), ask.account(), false), ask)?;
    let chosen = ask.asked("by").unwrap_or_default();
    let mut choices: Vec<Choice> = methods
        .iter()
        .map(|method| (format!("method:{}", method.id), super::payment::method_label(ask, method)))
        .map(|(value, text)| Choice { chosen: value == chosen, value, text })
        .collect();
    for channel in policy.channels.iter().filter(|channel| is_page(**channel)) {
        let value = format!("page:{}", channel.word());
        let text = ask.language.word("top_up.channel", channel.word());
        choices.push(Choice { chosen: value == chosen, value, text });
    }
    if ask.engine().takes_transfers(ask.id())? {
        choices.push(Choice::new("transfer", ask.say("top_up.channel.bank_transfer"), chosen == "transfer"));
    }
    if !choices.iter().any(|choice| choice.chosen)
        && let Some(first) = choices.first_mut()
    {
        first.chosen = true;
    }
    let mut help = Vec::new();
    if let Some(min) = policy.min {
        help.push(ask.with("top_up.min", &[("amount", &ask.money(min.units())?)]));
    }
    if let Some(max) = policy.max {
        help.push(ask.with("top_up.max_online", &[("amount", &ask.money(max.units())?)]));
    }
    let mut amount = Field::amount("amount", ask.say("top_up.amount"), ask.currency())
        .value(ask.asked("amount").unwrap_or_default())
        .help(ask.language.sentences(&help))
        .needed();
    let mut by = Field::radio("by", ask.say("top_up.by"), choices);
    if let Some((field, what)) = error {
        if field == "amount" { amount.error = what } else { by.error = what }
    }
    let form = Form::get(ask.at("/balance/top-up"), ask.say("top_up.next")).fields([amount, by]);
    let sentence = ask.say("top_up.sentence");
    Ok(Page::below(ask, "nav.balance", "/balance", title, sentence).section(Section::plain(vec![Block::Form(form)])))
}

/// What will happen, said before it does.
fn confirm(ask: &Ask, title: String, amount: Money, by: &str) -> Result<Page, PageError> {
    let view = found(ask.engine().account_view(ask.id(), ask.account(), ask.now), ask)?;
    let mut effect = vec![ask.with("top_up.now", &[("amount", &ask.money(amount.units())?)])];
    let taxed = ask.cloud.profile.policy.tax.tax_point == farthing_core::policy::TaxPoint::TopUp;
    if taxed {
        effect.push(ask.say("top_up.tax").to_owned());
    }
    let debt = view.figures.debt.min(amount.units());
    if debt > 0 {
        let left = ask.money(amount.units().saturating_sub(debt))?;
        effect.push(ask.with("top_up.debt", &[("debt", &ask.money(debt)?), ("left", &left)]));
    }
    let bonus = ask.cloud.profile.policy.top_up.bonus.iter().rfind(|bonus| bonus.from.units() <= amount.units());
    if let Some(bonus) = bonus {
        effect.push(ask.with("top_up.bonus", &[("percent", &bonus.percent.to_string())]));
    }
    let after = view.figures.balance.saturating_add(amount.units());
    effect.push(ask.with("top_up.after", &[("amount", &ask.money(after)?)]));
    let how = match pay_by(ask, by) {
        Some(PayBy::Method(id)) => {
            let method = found(ask.engine().method(ask.id(), id), ask)?;
            if method.account != ask.account() {
                return Err(PageError::NotFound(ask.say("error.no_page").to_owned()));
            }
            super::payment::method_label(ask, &method)
        }
        Some(PayBy::Page(channel)) => ask.language.word("top_up.channel", channel.word()),
        _ => String::new(),
    };
    let text = ask.money(amount.units())?;
    let form =
        Form::post(ask.at("/balance/top-up"), &ask.visitor.csrf, ask.with("top_up.button", &[("amount", &text)]))
            .hidden("once", ask.once())
            .hidden("amount", amount.plain())
            .hidden("by", by)
            .effect(effect)
            .again(ask.trouble.as_ref(), &ask.entered);
    let sentence = ask.with("top_up.confirm", &[("amount", &text), ("method", &how)]);
    let again = Link::new(ask.at(&format!("/balance/top-up?amount={}", amount.plain())), ask.say("action.change"));
    Ok(Page::below(ask, "nav.balance", "/balance", title, sentence)
        .section(Section::plain(vec![Block::Form(form), Block::Links(vec![again])])))
}

/// Where to transfer to, with the reference that tells whose it is.
fn transfer(ask: &Ask, title: String, amount: Option<Money>) -> Result<Page, PageError> {
    let details = found(ask.engine().transfer_details(ask.id(), ask.account(), amount), ask)?;
    let mut facts = vec![
        Fact::new(ask.say("transfer_to.holder"), Cell::text(details.holder)),
        Fact::new(ask.say("transfer_to.account"), Cell::text(details.account)),
    ];
    if !details.bic.is_empty() {
        facts.push(Fact::new("BIC", Cell::text(details.bic)));
    }
    facts.push(Fact::new(ask.say("transfer_to.reference"), Cell::text(details.reference).class("strong")));
    let mut blocks = vec![Block::Facts(facts)];
    if let Some(qr) = Qr::of(&details.scan, ask.say("transfer_to.scan_label")) {
        blocks.push(Block::Qr { qr, below: ask.say("transfer_to.scan").to_owned() });
    }
    blocks.push(Block::Text(ask.say("transfer_to.about").to_owned()));
    let sentence = match amount {
        Some(amount) => ask.with("transfer_to.sentence", &[("amount", &ask.money(amount.units())?)]),
        None => ask.say("transfer_to.any").to_owned(),
    };
    Ok(Page::below(ask, "nav.balance", "/balance", title, sentence).section(Section::plain(blocks)))
}

pub(super) fn pay(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::Pay)?;
    let amount = ask.entered_amount("amount")?;
    let (amount, rest) =
        amount.round_to_minor(Rounding::HalfUp).map_err(|error| Stop::Page(PageError::Failed(error.to_string())))?;
    if rest.units() != 0 {
        return Err(Stop::Field { field: "amount", what: ask.say("error.too_fine").to_owned() });
    }
    let by = pay_by(ask, ask.was_entered("by").unwrap_or_default());
    let by = by.ok_or_else(|| Stop::Field { field: "by", what: ask.say("error.choose").to_owned() })?;
    let wanted = NewPayIn {
        account: ask.account().to_owned(),
        amount,
        by,
        keep: false,
        reference: None,
        back: back(ask, "/balance"),
    };
    let payment = ask.doing().pay_in(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(onward(ask, &payment))
}

pub(super) fn state_class(state: &str) -> &'static str {
    match state {
        "succeeded" => "good",
        "failed" | "cancelled" | "expired" => "bad",
        _ => "warn",
    }
}

fn named(ask: &Ask) -> Result<(PaymentId, PaymentFacts), PageError> {
    ask.must(Deed::Pay)?;
    let nowhere = || PageError::NotFound(ask.say("error.no_page").to_owned());
    let id = PaymentId::parse(ask.name("payment")).map_err(|_| nowhere())?;
    let payment = found(ask.engine().payment(ask.id(), id), ask)?;
    if payment.account == ask.account() { Ok((id, payment)) } else { Err(nowhere()) }
}

/// What became of a payment; while it waits, its code to scan or the way to the provider's page.
pub(crate) fn payment_page(ask: &Ask) -> Result<Page, PageError> {
    let (id, payment) = named(ask)?;
    let amount = ask.money(payment.net.saturating_add(payment.tax))?;
    let state = payment.state.as_str();
    let open = matches!(state, "created" | "pending" | "requires_action");
    let waits = open && !payment.code.is_empty();
    let sentence = if waits {
        let until = payment.expires.map(Instant::from_micros).map(|at| ask.moment(at)).transpose()?;
        ask.with("payment.scan", &[("amount", &amount), ("time", &until.map(|cell| cell.text).unwrap_or_default())])
    } else {
        ask.with("payment.sentence", &[("amount", &amount), ("state", &ask.language.word("payment.is", state))])
    };
    let mut blocks = Vec::new();
    if waits {
        if let Some(qr) = Qr::of(&payment.code, ask.say("payment.scan_label")) {
            blocks.push(Block::Qr { qr, below: ask.language.word("channel", &payment.channel) });
        }
        blocks.push(Block::Links(vec![
            Link::new(ask.at(&format!("/balance/payments/{id}")), ask.say("payment.look_again")).strong(),
        ]));
    }
    if !waits && payment.action.starts_with("https://") && state != "succeeded" {
        blocks.push(Block::Links(vec![Link::new(payment.action.clone(), ask.say("payment.go_on")).strong()]));
    }
    let mut facts = vec![
        Fact::new(ask.say("payments.when"), ask.moment(Instant::from_micros(payment.created))?),
        Fact::new(ask.say("payments.by"), Cell::text(ask.language.word("channel", &payment.channel))),
        Fact::new(ask.say("payments.net"), ask.amount(payment.net)?),
    ];
    if payment.tax != 0 {
        facts.push(Fact::new(ask.say("payments.tax"), ask.amount(payment.tax)?));
    }
    let told = Cell::text(ask.language.word("payment.state", state)).class(state_class(state));
    facts.push(Fact::new(ask.say("payments.state"), told.note(payment.failure_text.clone())));
    blocks.push(Block::Facts(facts));
    if !payment.failure_text.is_empty() {
        blocks.push(Block::Text(ask.say("payment.not_charged").to_owned()));
    }
    if open && !ask.seat.looks && ask.engine().pretends(ask.id()) {
        let form = Form::post(
            ask.at(&format!("/balance/payments/{id}/pretend")),
            &ask.visitor.csrf,
            ask.say("payment.pretend"),
        )
        .hidden("once", ask.once())
        .effect([ask.say("payment.pretend_effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
        blocks.push(Block::Form(form));
    }
    let title = ask.say("payment.title").to_owned();
    Ok(Page::below(ask, "nav.balance", "/balance", title, sentence).section(Section::plain(blocks)))
}

/// Where the provider is only pretended, so is the scanning.
pub(super) fn pretend(ask: &Ask) -> Result<Done, Stop> {
    let (id, _) = named(ask)?;
    ask.doing().sandbox_scan(ask.id(), id, None).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/balance", "paid"))
}
