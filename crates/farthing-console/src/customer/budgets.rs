//! Budgets: what a month may cost, who is told on the way, what is blocked and what is stopped.

use super::ask::{Ask, Done, Stop, found};
use super::cost_page::label;
use crate::block::{Block, Cell, Choice, Field, Form, Section, Table};
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_core::budget::{Does, Of, Step};
use farthing_engine::{BudgetFacts, NewBudget, StepFacts};

pub(super) fn section(ask: &Ask) -> Result<Section, PageError> {
    let all = found(ask.engine().budgets(ask.id(), ask.account()), ask)?;
    let mut blocks = vec![Block::Table(table(ask, &all)?), Block::Form(form(ask))];
    if !all.is_empty() {
        let choices = all.iter().map(|facts| Choice::new(&facts.name, &facts.name, false)).collect();
        let drop = Form::post(ask.at("/settings/budgets/drop"), &ask.visitor.csrf, ask.say("budgets.drop"))
            .hidden("once", ask.once())
            .fields([Field::select("name", ask.say("budgets.name"), choices)])
            .effect([ask.say("budgets.drop_effect").to_owned()])
            .again(ask.trouble.as_ref(), &ask.entered);
        blocks.push(Block::Form(drop));
    }
    Ok(Section::at("budgets", ask.say("settings.budgets"), blocks))
}

fn table(ask: &Ask, all: &[BudgetFacts]) -> Result<Table, PageError> {
    let labels = ["budgets.name", "budgets.over", "#budgets.month", "#budgets.spent", "budgets.steps", "budgets.state"]
        .map(|key| label(ask, key));
    let caption = ask.with("budgets.caption", &[("count", &all.len().to_string()), ("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("budgets.empty"));
    for facts in all {
        let steps: Vec<String> = facts.steps.iter().map(|step| step_words(ask, step)).collect();
        let state = match (facts.stopped, facts.blocked) {
            (true, _) => "budgets.is_stopped",
            (false, true) => "budgets.is_blocked",
            (false, false) => "budgets.is_open",
        };
        table.row(vec![
            Cell::text(facts.name.clone()),
            Cell::text(over(ask, facts)),
            ask.bare(facts.month)?,
            ask.bare(facts.spent)?,
            Cell::text(steps.join(", ")),
            Cell::text(ask.say(state)),
        ]);
    }
    Ok(table)
}

fn over(ask: &Ask, facts: &BudgetFacts) -> String {
    let label = facts.label.as_ref().map(|(key, value)| format!("{key}={value}"));
    let parts: Vec<String> = facts.project.iter().cloned().chain(label).collect();
    if parts.is_empty() { ask.say("budgets.all").to_owned() } else { parts.join(", ") }
}

fn step_words(ask: &Ask, step: &StepFacts) -> String {
    let percent = format!("{} %", step.percent);
    let key = match (step.of.as_str(), step.does.as_str()) {
        ("forecast", _) => "budgets.step_forecast",
        (_, "block") => "budgets.step_block",
        (_, "stop") => "budgets.step_stop",
        _ => "budgets.step_notify",
    };
    ask.with(key, &[("percent", &percent)])
}

fn form(ask: &Ask) -> Form {
    let percent = |field: Field| Field { unit: "%".to_owned(), ..field };
    Form::post(ask.at("/settings/budgets"), &ask.visitor.csrf, ask.say("budgets.save"))
        .hidden("once", ask.once())
        .fields([
            Field::text("name", ask.say("budgets.name")).help(ask.say("budgets.name_help")).needed(),
            Field::amount("month", ask.say("budgets.month"), ask.currency()).needed(),
            Field::text("project", ask.say("budgets.project")).help(ask.say("budgets.project_help")),
            Field::text("label", ask.say("budgets.label")).help(ask.say("budgets.label_help")),
            percent(Field::text("notify", ask.say("budgets.notify")).value("50, 80, 100")),
            percent(Field::text("forecast", ask.say("budgets.forecast")).value("100")),
            percent(Field::of("block", ask.say("budgets.block"), "number")),
            percent(Field::of("stop", ask.say("budgets.stop"), "number")),
        ])
        .effect([ask.say("budgets.effect").to_owned()])
        .again(ask.trouble.as_ref(), &ask.entered)
}

pub(super) fn set(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetLimits)?;
    let needed = |field: &'static str| {
        let missing = || Stop::Field { field, what: ask.say("error.needed").to_owned() };
        ask.was_entered(field).map(str::to_owned).ok_or_else(missing)
    };
    let mut steps = Vec::new();
    let kinds = [
        ("notify", Of::Actual, Does::Notify),
        ("forecast", Of::Forecast, Does::Notify),
        ("block", Of::Actual, Does::Block),
        ("stop", Of::Actual, Does::Stop),
    ];
    for (field, of, does) in kinds {
        for part in ask.was_entered(field).unwrap_or_default().split([',', '，', ' ']).filter(|part| !part.is_empty())
        {
            let percent = part.trim_end_matches('%').parse();
            let percent = percent.map_err(|_| Stop::Field { field, what: ask.say("error.percent").to_owned() })?;
            steps.push(Step { of, percent, does });
        }
    }
    let label = ask.was_entered("label").map(|text| {
        let parted = text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
        parted.ok_or_else(|| Stop::Field { field: "label", what: ask.say("budgets.label_help").to_owned() })
    });
    let wanted = NewBudget {
        account: ask.account().to_owned(),
        name: needed("name")?,
        project: ask.was_entered("project").map(str::to_owned),
        label: label.transpose()?,
        month: ask.entered_amount("month")?,
        steps,
    };
    ask.doing().set_budget(ask.id(), &wanted).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}

pub(super) fn remove(ask: &Ask) -> Result<Done, Stop> {
    ask.must(Deed::SetLimits)?;
    let name = ask.was_entered("name").unwrap_or_default();
    ask.doing().drop_budget(ask.id(), ask.account(), name).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/settings", "saved"))
}
