//! `farthing trial` and `farthing limits`: what an account may try, and what it may cost.

use super::store::{Place, print_json};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::MethodId;
use farthing_core::time::Instant;
use farthing_engine::{LimitFacts, LimitsOf, NewLimits, NewTrial, TrialCard, TrialFacts};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Trial {
    #[command(subcommand)]
    command: TrialCommand,
}

#[derive(Subcommand, Debug)]
enum TrialCommand {
    /// Shows an account's trial.
    Show(Shown),
    /// Gives an account its trial.
    Begin(Begun),
    /// Ends it now: what is left of its credit is gone, and what was made in it is suspended.
    End(Ended),
}

#[derive(Args, Debug)]
struct Shown {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Begun {
    account: String,
    /// The kept method that it is opened with.
    #[arg(long)]
    method: Option<String>,
    /// Who the customer is was verified.
    #[arg(long)]
    verified: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Ended {
    account: String,
    /// Why: it is kept in the audit log.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Limits {
    account: String,
    /// Of one project of the account.
    #[arg(long)]
    project: Option<String>,
    /// Of one member, where members have limits of their own; everybody together when not given.
    #[arg(long)]
    member: Option<String>,
    /// The most it may cost in a calendar month; `off`: without limit.
    #[arg(long, value_name = "AMOUNT")]
    month: Option<String>,
    /// The most that everything which runs may cost in an hour; `off`: without limit.
    #[arg(long, value_name = "AMOUNT")]
    hour: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn trial(arguments: &Trial) -> Result<ExitCode, Failure> {
    let (place, account) = match &arguments.command {
        TrialCommand::Show(Shown { place, account })
        | TrialCommand::Begin(Begun { place, account, .. })
        | TrialCommand::End(Ended { place, account, .. }) => (place, account.clone()),
    };
    let desk = place.desk()?;
    let facts = match &arguments.command {
        TrialCommand::Show(_) => desk.engine.trial(&desk.cloud, &account)?,
        TrialCommand::Begin(Begun { method, verified, .. }) => {
            let card = method.as_deref().map(MethodId::parse).transpose()?.map(TrialCard::Method);
            let wanted = NewTrial { account, card, person: None, verified: verified.then_some(true) };
            desk.engine.begin_trial(&desk.cloud, &wanted)?
        }
        TrialCommand::End(Ended { why, .. }) => {
            if why.trim().is_empty() {
                return Err(Failure::from("say why you end it: --why is for whoever looks at it later"));
            }
            desk.engine.end_trial(&desk.cloud, &account, why)?
        }
    };
    let currency = desk.engine.cloud_facts(&desk.cloud)?.currency;
    if desk.json {
        print_json(&trial_json(&facts, currency))?;
    } else {
        println!("{}", trial_words(&facts, currency));
    }
    Ok(ExitCode::SUCCESS)
}

fn trial_words(facts: &TrialFacts, currency: Currency) -> String {
    let money = |units| Money::from_units(units, currency);
    let at = Instant::from_micros;
    let TrialFacts { account, state, why, .. } = facts;
    match (facts.ended, facts.destroy_at) {
        (None, _) => format!(
            "The trial of {account} is {state}: {} of {} are left, until {} at the latest.",
            money(facts.left),
            money(facts.credit),
            at(facts.ends)
        ),
        (Some(ended), None) => format!("The trial of {account} ended on {} ({why}): {state}.", at(ended)),
        (Some(ended), Some(destroy)) => format!(
            "The trial of {account} ended on {} ({why}), and nothing pays for what was made in it: it is to be destroyed on {}.",
            at(ended),
            at(destroy)
        ),
    }
}

fn trial_json(facts: &TrialFacts, currency: Currency) -> Value {
    let money = |units| Money::from_units(units, currency).plain();
    let at = |micros: i64| Instant::from_micros(micros).to_string();
    json!({
        "account": facts.account, "state": facts.state, "credit": money(facts.credit), "left": money(facts.left),
        "currency": currency.code(), "began_at": at(facts.began), "ends_at": at(facts.ends), "ended_at": facts.ended.map(at),
        "why": facts.why, "destroy_at": facts.destroy_at.map(at),
    })
}

pub(crate) fn limits(arguments: &Limits) -> Result<ExitCode, Failure> {
    let desk = arguments.place.desk()?;
    let currency = desk.engine.cloud_facts(&desk.cloud)?.currency;
    let (account, project) = (&arguments.account, arguments.project.as_deref());
    let member = arguments.member.as_deref();
    let of =
        LimitsOf { account: account.clone(), project: arguments.project.clone(), person: arguments.member.clone() };
    let mut facts = desk.engine.limits(&desk.cloud, &of)?;
    if arguments.month.is_some() || arguments.hour.is_some() {
        let known = |units: Option<i64>| units.map(|units| Money::from_units(units, currency));
        // What is not said stays.
        let read = |text: &Option<String>, was: Option<i64>| match text.as_deref() {
            None => Ok(known(was)),
            Some("off") => Ok(None),
            Some(amount) => desk.amount(amount).map(Some),
        };
        let wanted =
            NewLimits { of, month: read(&arguments.month, facts.month)?, hour: read(&arguments.hour, facts.hour)? };
        facts = desk.engine.set_limits(&desk.cloud, &wanted)?;
    }
    let LimitFacts { month, hour, month_spent, hour_spent, .. } = facts;
    let money = |units: i64| Money::from_units(units, currency);
    if desk.json {
        let plain = |units: Option<i64>| units.map(|units| money(units).plain());
        print_json(&json!({
            "account": account, "project": project, "member": member, "month": plain(month), "hour": plain(hour),
            "month_spent": money(month_spent).plain(), "hour_spent": money(hour_spent).plain(), "currency": currency.code(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut whose = account.clone();
    for (what, name) in [("project", project), ("member", member)] {
        whose.push_str(&name.map(|name| format!(", {what} {name}")).unwrap_or_default());
    }
    let words = |limit: Option<i64>| limit.map_or("without limit".to_owned(), |units| format!("of {}", money(units)));
    println!(
        "{whose}: {} this month, {}; {} an hour, {}.",
        money(month_spent),
        words(month),
        money(hour_spent),
        words(hour)
    );
    Ok(ExitCode::SUCCESS)
}
