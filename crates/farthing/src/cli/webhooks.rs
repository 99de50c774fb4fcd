//! `farthing webhooks`: what was sent to endpoints and people and what came of it; sending again what was given up.

use super::store::{Place, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::notice::DeliveryId;
use farthing_engine::DeliveryView;
use farthing_store::{Channel, DeliveryFilter, DeliveryState};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The newest deliveries, the newest last.
    List(List),
    /// Sends an event again that was delivered or given up, with the id it had.
    Replay(Replay),
}

#[derive(Args, Debug)]
struct List {
    /// Only those in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Replay {
    /// The deliveries, dlv_…: `farthing webhooks list --state dead` shows those that were given up.
    #[arg(required = true)]
    deliveries: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Waiting,
    Delivered,
    Dead,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::List(list) => show(list)?,
        Command::Replay(replay) => again(replay)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(list: &List) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let state = list.state.map(|state| match state {
        State::Waiting => DeliveryState::Waiting,
        State::Delivered => DeliveryState::Delivered,
        State::Dead => DeliveryState::Dead,
    });
    let mut views = desk.engine.deliveries(&desk.cloud, &DeliveryFilter { channel: None, state }, None, list.limit)?;
    views.reverse();
    if desk.json {
        let deliveries: Vec<Value> = views.iter().map(delivery_json).collect();
        return print_json(&json!({ "cloud": desk.cloud, "deliveries": deliveries }));
    }
    if views.is_empty() {
        println!("There are no such deliveries of {}.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("happened", Align::Left),
        ("type", Align::Left),
        ("to", Align::Left),
        ("state", Align::Left),
        ("tries", Align::Number),
        ("answer", Align::Left),
        ("id", Align::Left),
    ]);
    for view in &views {
        let status = view.row.status.map(|status| status.to_string()).unwrap_or_default();
        table.row([
            second(view.message.at),
            view.message.kind.clone(),
            to(view),
            named(view.row.state).to_owned(),
            view.row.attempts.to_string(),
            format!("{status} {}", view.row.answer).trim().to_owned(),
            view.id.to_string(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn again(replay: &Replay) -> Result<(), Failure> {
    let desk = replay.place.desk()?;
    for text in &replay.deliveries {
        let id = DeliveryId::parse(text)
            .map_err(|error| format!("{text:?} is no delivery's id ({error}): `farthing webhooks list` shows them"))?;
        let view = desk.engine.delivery_replay(&desk.cloud, id)?;
        if desk.json {
            print_json(&delivery_json(&view))?;
        } else {
            println!("{id} is sent again by whichever server runs: {} to {}.", view.message.kind, to(&view));
        }
    }
    Ok(())
}

fn to(view: &DeliveryView) -> String {
    match view.row.channel {
        Channel::Endpoint(id) => id.to_string(),
        Channel::Mail => "mail".to_owned(),
    }
}

const fn named(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
    }
}

fn delivery_json(view: &DeliveryView) -> Value {
    json!({
        "id": view.id.to_string(), "event": view.message.id.to_string(), "type": view.message.kind, "to": to(view),
        "state": named(view.row.state), "attempts": view.row.attempts, "status": view.row.status,
        "answer": view.row.answer, "next_attempt_at": view.row.next_at.map(|at| at.to_string()),
    })
}
