//! Payment: what is paid with, the default first; and the refill that tops up by itself, as one sentence with its numbers in it (R34).

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Choice, Field, Form, Notice, Part, Section, Table};
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_core::money::Money;
use farthing_core::payment::MethodId;
use farthing_core::policy::Channel;
use farthing_engine::{CompanyChange, MethodChange, MethodFacts, NewMethod, RefillChange, RefillFacts};

/// What is kept of providers: cards and debits. A wallet's page is opened anew each time.
const KEPT: [Channel; 2] = [Channel::Card, Channel::SepaDebit];

/// "Visa 4242", "SEPA debit"
pub(super) fn method_label(ask: &Ask, method: &MethodFacts) -> String {
    let brand = match method.brand.as_str() {
        "" => ask.language.word("channel", &method.channel),
        brand => {
            let mut letters = brand.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            format!("{first}{}", letters.as_str())
        }
    };
    if method.last4.is_empty() { brand } else { format!("{brand} ···· {}", method.last4) }
}

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(Deed::SetMethods)?;
    let methods = found(ask.engine().methods(ask.id(), ask.account(), false), ask)?;
    let first = methods.iter().find(|method| method.default);
    let sentence = match (first, methods.is_empty()) {
        (Some(method), _) => ask.with("methods.sentence", &[("method", &method_label(ask, method))]),
        (None, true) => ask.say("methods.none").to_owned(),
        (None, false) => ask.say("methods.no_default").to_owned(),
    };
    let mut page = Page::new(ask, "nav.payment", sentence).section(Section::plain(kept(ask, &methods)?));
    if ask.cloud.profile.policy.auto_refill.is_some() {
        let refill = found(ask.engine().refill(ask.id(), ask.account()), ask)?;
        page = page.section(Section::at("refill", ask.say("refill.title"), refill_blocks(ask, &refill)?));
    }
    if ask.cloud.profile.policy.collect.auto {
        let company = found(ask.engine().company(ask.id(), ask.account()), ask)?;
        let blocks = collect_blocks(ask, company.collect.unwrap_or(true));
        page = page.section(Section::at("collect", ask.say("collect.title"), blocks));
    }
    if let Some(form) = add_form(ask) {
        page = page.section(Section::at("add", ask.say("methods.add"), vec![Block::Form(form)]));
    }
    Ok(page)
}

fn kept(ask: &Ask, methods: &[MethodFacts]) -> Result<Vec<Block>, PageError> {
    let labels = ["methods.method", "methods.state", "methods.expires", "methods.mandate"].map(|key| label(ask, key));
    let caption = ask.with("methods.caption", &[("count", &methods.len().to_string())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("methods.empty"));
    let mut forms = Vec::new();
    for method in methods {
        let label = method_label(ask, method);
        let class = if method.standing == "ready" { "good" } else { "warn" };
        let note = if method.default { ask.say("methods.default") } else { "" };
        let mandate = match method.consented {
            Some(at) => ask.day(at)?.note(ask.say("methods.later")),
            None => Cell::text(ask.say("methods.present")),
        };
        table.row(vec![
            Cell::text(label.clone()).note(note),
            Cell::text(ask.language.word("method.state", &method.standing)).class(class),
            Cell::text(method.expires.clone()),
            mandate,
        ]);
        let at = |what: &str| ask.at(&format!("/payment/methods/{}/{what}", method.id));
        if !method.default && method.standing == "ready" {
            let words = ask.with("methods.make_default", &[("method", &label)]);
            forms.push(Block::Form(
                Form::post(at("default"), &ask.visitor.csrf, words).hidden("once", ask.once()).short(),
            ));
        }
        let words = ask.with("methods.remove", &[("method", &label)]);
        forms.push(Block::Form(
            Form::post(at("remove"), &ask.visitor.csrf, words).hidden("once", ask.once()).short().danger(),
        ));
    }
    let mut blocks = vec![Block::Table(table), Block::Text(ask.say("methods.about").to_owned())];
    if !forms.is_empty() {
        blocks.push(Block::Fold {
            title: ask.say("methods.change").to_owned(),
            open: ask.trouble.is_some(),
            blocks: forms,
        });
    }
    Ok(blocks)
}

fn add_form(ask: &Ask) -> Option<Form> {
    let channels: Vec<Channel> =
        ask.cloud.profile.policy.top_up.channels.iter().copied().filter(|channel| KEPT.contains(channel)).collect();
    let first = channels.first()?.word();
    let choices = channels.iter().map(|channel| {
        Choice::new(channel.word(), ask.language.word("channel", channel.word()), channel.word() == first)
    });
    Some(
        Form::post(ask.at("/payment/methods"), &ask.visitor.csrf, ask.say("methods.add_button"))
            .hidden("once", ask.once())
            .fields([
                Field::radio("channel", ask.say("methods.kind"), choices.collect()),
                Field::check("mandate", ask.with("methods.mandate_words", &[("cloud", &ask.cloud.legal_name)]), false)
                    .help(ask.say("methods.mandate_help")),
            ])
            .effect([ask.say("methods.add_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered),
    )
}

pub(super) fn add(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetMethods)?;
    let channel = ask.was_entered("channel").and_then(Channel::parse).filter(|channel| KEPT.contains(channel));
    let channel = channel.ok_or_else(|| Stop::Field { field: "channel", what: ask.say("error.choose").to_owned() })?;
    let words = ask.with("methods.mandate_words", &[("cloud", &ask.cloud.legal_name)]);
    let wanted = NewMethod {
        account: ask.account().to_owned(),
        channel,
        token: None,
        mandate: ask.was_entered("mandate").map(|_| words),
        default: found(ask.engine().methods(ask.id(), ask.account(), false), ask)?.is_empty(),
        back: super::top_up::back(ask, "/payment"),
    };
    let method = ask.doing().add_method(ask.id(), &wanted).map_err(Stop::Refused)?;
    if method.action.starts_with("https://") {
        return Ok(Done { to: method.action, said: "" });
    }
    Ok(Done::at(ask, "/payment", "method_added"))
}

fn named(ask: &Ask) -> Result<MethodId, Stop> {
    ask.must(Deed::SetMethods)?;
    let nowhere = || Stop::Page(PageError::NotFound(ask.say("error.no_page").to_owned()));
    let id = MethodId::parse(ask.name("method")).map_err(|_| nowhere())?;
    let method = found(ask.engine().method(ask.id(), id), ask)?;
    if method.account == ask.account() { Ok(id) } else { Err(nowhere()) }
}

pub(super) fn make_default(ask: &Ask) -> Result<Done, Stop> {
    let id = named(ask)?;
    let change = MethodChange { default: true, ..MethodChange::default() };
    ask.doing().change_method(ask.id(), ask.account(), id, &change).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/payment", "method_default"))
}

pub(super) fn remove(ask: &Ask) -> Result<Done, Stop> {
    let id = named(ask)?;
    ask.doing().remove_method(ask.id(), ask.account(), id).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/payment", "method_removed"))
}

/// Whether bills are charged by themselves, or paid by hand (R15, R22).
fn collect_blocks(ask: &Ask, on: bool) -> Vec<Block> {
    let form = Form::post(ask.at("/payment/collect"), &ask.visitor.csrf, ask.say("refill.save"))
        .hidden("once", ask.once())
        .field(Field::check("on", ask.say("collect.on"), on))
        .effect([ask.say("collect.effect").to_owned()]);
    let notice =
        if on { Notice::new("good", ask.say("collect.is_on")) } else { Notice::new("warn", ask.say("collect.is_off")) };
    vec![Block::Notices(vec![notice]), Block::Form(form)]
}

pub(super) fn collect(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetMethods)?;
    let change = CompanyChange { collect: Some(ask.was_entered("on").is_some()), ..CompanyChange::default() };
    ask.doing().set_company(ask.id(), ask.account(), &change).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/payment", "saved"))
}

/// "When less than $5.00 is left, top up $25.00, at most $1,000.00 a month."
fn refill_blocks(ask: &Ask, refill: &RefillFacts) -> Result<Vec<Block>, PageError> {
    let plain = |units: i64| Money::from_units(units, ask.cloud.currency).plain();
    let field =
        |name: &str, key: &'static str, value: String| Field::amount(name, ask.say(key), ask.currency()).value(value);
    let most = refill.monthly_max.map(plain).unwrap_or_default();
    let words = |key: &'static str| Part::Words(ask.say(key).to_owned());
    let mut form =
        Form::post(ask.at("/payment/refill"), &ask.visitor.csrf, ask.say("refill.save")).hidden("once", ask.once());
    form.sentence = vec![
        words("refill.when"),
        Part::Field(field("threshold", "refill.threshold", plain(refill.threshold))),
        words("refill.then"),
        Part::Field(field("amount", "refill.amount", plain(refill.amount))),
        words("refill.most"),
        Part::Field(field("monthly_max", "refill.monthly_max", most)),
        words("refill.end"),
    ];
    let form = form
        .field(Field::check("on", ask.say("refill.on"), refill.on))
        .effect([ask.say("refill.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered);
    let notice = if !refill.on {
        Notice::new("warn", ask.say("refill.is_off"))
    } else if refill.inert.is_empty() {
        let sum = ask.money(refill.month_sum)?;
        Notice::new("good", ask.with("refill.is_on", &[("amount", &sum)]))
    } else {
        Notice::new("warn", ask.with("refill.inert", &[("why", &refill.inert)]))
    };
    Ok(vec![Block::Notices(vec![notice]), Block::Form(form)])
}

pub(super) fn refill(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetMethods)?;
    let amount = |field: &'static str| match ask.was_entered(field) {
        Some(text) => ask.read_amount(field, text).map(Some),
        None => Ok(None),
    };
    let change = RefillChange {
        on: Some(ask.was_entered("on").is_some()),
        threshold: amount("threshold")?,
        amount: amount("amount")?,
        monthly_max: Some(amount("monthly_max")?.unwrap_or(Money::from_units(0, ask.cloud.currency))),
    };
    ask.doing().set_refill(ask.id(), ask.account(), &change).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/payment", "refill"))
}
