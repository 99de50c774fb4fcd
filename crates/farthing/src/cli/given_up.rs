//! `farthing payments given-up` and `ask-again`: what was to be asked of a provider and was given up.

use super::payments::{moment, sent_by};
use super::store::{Place, print_json};
use super::table::{Align, Table};
use clap::Args;
use farthing::failure::Failure;
use farthing_engine::GivenUp;
use serde_json::{Value, json};

#[derive(Args, Debug)]
pub(super) struct List {
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(super) struct Again {
    /// Its id: `farthing payments given-up` shows it.
    id: i64,
    /// What you have found out; it is kept.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

pub(super) fn list(list: &List) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let mut errands = desk.engine.given_up(&desk.cloud, None, list.limit)?;
    errands.reverse();
    if desk.json {
        let list: Vec<Value> = errands.iter().map(as_json).collect();
        return print_json(&json!({ "cloud": desk.cloud, "given_up": list }));
    }
    if errands.is_empty() {
        println!("Nothing of {} was given up.", desk.cloud);
        return Ok(());
    }
    let columns = ["first asked", "account", "provider", "what", "of", "tries", "why", "left to ask", "id"];
    let aligned = |name| (name, if name == "tries" { Align::Number } else { Align::Left });
    let mut table = Table::new(&columns.map(aligned));
    for errand in &errands {
        table.row([
            errand.first.map(moment).unwrap_or_default(),
            errand.account.clone(),
            errand.provider.clone(),
            errand.what.clone(),
            errand.subject.clone(),
            errand.attempts.to_string(),
            errand.why.clone(),
            if errand.open { "yes" } else { "nothing" }.to_owned(),
            errand.number.to_string(),
        ]);
    }
    print!("{table}");
    Ok(())
}

pub(super) fn ask_again(again: &Again) -> Result<(), Failure> {
    let desk = again.place.desk()?;
    let facts = desk.engine.ask_again(&desk.cloud, again.id, &again.note)?;
    if desk.json {
        return print_json(&as_json(&facts));
    }
    let sent = sent_by(&desk, &facts.provider);
    if facts.open {
        println!("{} of {} was given up again: {}.", facts.what, facts.subject, facts.why);
    } else {
        println!("{} of {} is asked again. {sent}", facts.what, facts.subject);
    }
    Ok(())
}

fn as_json(errand: &GivenUp) -> Value {
    json!({
        "id": errand.number.to_string(), "account": errand.account, "provider": errand.provider, "what": errand.what,
        "subject": errand.subject, "attempts": errand.attempts, "why": errand.why, "open": errand.open,
        "first_asked_at": errand.first.map(|at| farthing_core::time::Instant::from_micros(at).to_string()),
    })
}
