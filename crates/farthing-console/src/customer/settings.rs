//! Settings: company and tax, whom to write to and in which language, who else uses the account, budgets and warnings.

use super::ask::{Ask, Done, Page, Stop, found};
use crate::block::{Block, Choice, Field, Form, Section};
use crate::frame::PageError;
use crate::words::Language;
use farthing_core::access::Deed;
use farthing_core::alert::Wish;
use farthing_core::money::Money;
use farthing_engine::{AlertChange, CompanyChange, Contact, LimitsOf, NewLimits};

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    let mut page = Page::new(ask, "nav.settings", ask.with("settings.sentence", &[("account", ask.account())]));
    if ask.may(Deed::SetCompany) {
        page = page
            .section(Section::at("company", ask.say("settings.company"), vec![Block::Form(company_form(ask)?)]))
            .section(Section::at("contact", ask.say("settings.contact"), vec![Block::Form(contact_form(ask))]));
    }
    if ask.may(Deed::SetLimits) {
        page = page
            .section(Section::at("alerts", ask.say("settings.alerts"), vec![Block::Form(alerts_form(ask)?)]))
            .section(super::budgets::section(ask)?)
            .section(Section::at("limits", ask.say("settings.limits"), vec![Block::Form(limits_form(ask)?)]));
    }
    page = page.section(super::people::section(ask)?);
    if ask.may(Deed::SeePapers) {
        let notices = vec![Block::Links(vec![ask.link("/settings/notices", "settings.notices_link")])];
        page = page.section(Section::at("notices", ask.say("notices.title"), notices));
    }
    let help = super::help::links(ask)?;
    if !help.is_empty() {
        page = page.section(Section::at("help", ask.say("settings.help"), vec![Block::Links(help)]));
    }
    Ok(page)
}

fn company_form(ask: &Ask) -> Result<Form, PageError> {
    let facts = found(ask.engine().company(ask.id(), ask.account()), ask)?;
    let country = if facts.country.is_empty() { ask.facts.country.clone() } else { facts.country };
    Ok(Form::post(ask.at("/settings/company"), &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .fields([
            Field::text("name", ask.say("settings.company_name")).value(facts.name).fills("organization"),
            Field::of("address", ask.say("settings.address"), "area").value(facts.address).fills("street-address"),
            Field::text("country", ask.say("settings.country"))
                .value(country)
                .help(ask.say("settings.country_help"))
                .fills("country"),
            Field::text("region", ask.say("settings.region")).value(facts.region).fills("address-level1"),
            Field::text("tax_number", ask.say("settings.tax_number"))
                .value(facts.tax_number)
                .help(ask.say("settings.tax_help")),
        ])
        .effect([ask.say("settings.company_effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered))
}

pub(super) fn company(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetCompany)?;
    let text = |name: &str| ask.entered.get(name).map(|text| text.trim().replace("\r\n", "\n"));
    let change = CompanyChange {
        name: text("name"),
        address: text("address"),
        country: text("country"),
        region: text("region"),
        tax_number: text("tax_number"),
        collect: None,
    };
    ask.doing().set_company(ask.id(), ask.account(), &change).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}

fn contact_form(ask: &Ask) -> Form {
    let contact = ask.facts.contact.clone().unwrap_or_default();
    let chosen = Language::parse(&contact.language).unwrap_or(ask.language);
    let languages = Language::ALL.map(|language| Choice::new(language.tag(), language.own_name(), language == chosen));
    Form::post(ask.at("/settings/contact"), &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .fields([
            Field::text("name", ask.say("settings.contact_name")).value(contact.name).fills("name"),
            Field::of("email", ask.say("settings.email"), "email").value(contact.email).fills("email").needed(),
            Field::select("language", ask.say("settings.language"), languages.into()),
        ])
        .effect([ask.say("settings.contact_effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered)
}

pub(super) fn contact(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetCompany)?;
    let email = ask.was_entered("email").unwrap_or_default().to_owned();
    if email.is_empty() {
        return Err(Stop::Field { field: "email", what: ask.say("error.needed").to_owned() });
    }
    let text = |name: &str| ask.was_entered(name).unwrap_or_default().to_owned();
    let contact = Contact { name: text("name"), email, language: text("language") };
    ask.doing().set_contact(ask.id(), ask.account(), Some(&contact)).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}

fn plain(ask: &Ask, units: Option<i64>) -> String {
    units.map(|units| Money::from_units(units, ask.cloud.currency).plain()).unwrap_or_default()
}

fn alerts_form(ask: &Ask) -> Result<Form, PageError> {
    let facts = found(ask.engine().alerts(ask.id(), ask.account()), ask)?;
    Ok(Form::post(ask.at("/settings/alerts"), &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .fields([
            Field::amount("low_balance", ask.say("alerts.low_balance"), ask.currency())
                .value(plain(ask, facts.low_balance)),
            Field {
                unit: ask.say("alerts.days").to_owned(),
                ..Field::of("runway_days", ask.say("alerts.runway"), "number")
            }
            .value(facts.runway_days.map(|days| days.to_string()).unwrap_or_default()),
            Field::amount("month_cost", ask.say("alerts.month_cost"), ask.currency())
                .value(plain(ask, facts.month_cost)),
        ])
        .effect([ask.say("alerts.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered))
}

pub(super) fn alerts(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetLimits)?;
    let amount = |field: &'static str| match ask.was_entered(field) {
        Some(text) => Ok::<_, Stop>(Wish::At(ask.read_amount(field, text)?.units())),
        None => Ok(Wish::Off),
    };
    let days = match ask.was_entered("runway_days") {
        None => Wish::Off,
        Some(text) => {
            let days = text.parse::<i64>().ok().filter(|days| (0..=3_650).contains(days));
            let wrong = || Stop::Field { field: "runway_days", what: ask.say("error.days_number").to_owned() };
            Wish::At(days.ok_or_else(wrong)?)
        }
    };
    let change = AlertChange {
        low_balance: Some(amount("low_balance")?),
        runway_days: Some(days),
        month_cost: Some(amount("month_cost")?),
    };
    ask.doing().set_alerts(ask.id(), ask.account(), &change).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}

/// Those of the whole account.
fn limits_of(ask: &Ask) -> LimitsOf {
    LimitsOf { account: ask.account().to_owned(), ..LimitsOf::default() }
}

fn limits_form(ask: &Ask) -> Result<Form, PageError> {
    let facts = found(ask.engine().limits(ask.id(), &limits_of(ask)), ask)?;
    let spent =
        ask.with("limits.spent", &[("month", &ask.money(facts.month_spent)?), ("hour", &ask.money(facts.hour_spent)?)]);
    Ok(Form::post(ask.at("/settings/limits"), &ask.visitor.csrf, ask.say("action.save"))
        .hidden("once", ask.once())
        .fields([
            Field::amount("month", ask.say("limits.month"), ask.currency()).value(plain(ask, facts.month)).help(spent),
            Field::amount("hour", ask.say("limits.hour"), ask.currency()).value(plain(ask, facts.hour)),
        ])
        .effect([ask.say("limits.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered))
}

pub(super) fn limits(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetLimits)?;
    let amount = |field: &'static str| match ask.was_entered(field) {
        Some(text) => ask.read_amount(field, text).map(Some),
        None => Ok(None),
    };
    let limits = NewLimits { of: limits_of(ask), month: amount("month")?, hour: amount("hour")? };
    ask.doing().set_limits(ask.id(), &limits).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}
