//! `farthing charges ACCOUNT --why N`: why a charge is what it is, from the document it is on down to what was told of the resource.

use super::store::{Desk, plain, print_json, second};
use super::table::{Align, Table};
use farthing::failure::Failure;
use farthing_console::price_lines;
use farthing_engine::{ChargeReasons, PaidBy};
use farthing_store::ThingKind;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn tell(desk: &Desk, account: &str, number: i64) -> Result<ExitCode, Failure> {
    let why = desk.engine.explain_charge(&desk.cloud, account, number)?;
    if desk.json {
        print_json(&as_json(account, &why))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (row, currency) = (&why.row, why.currency);
    let of = if why.thing.kind == ThingKind::Resource { format!(" of {}", why.thing.name) } else { String::new() };
    println!("Charge {number} of {account}: {} {} for {}{of}", plain(row.net, currency), currency.code(), row.product);
    println!("from {} to {}, sealed {}", second(row.from), second(row.to), second(row.recorded));
    match &why.document {
        None => println!("on no bill yet"),
        Some(document) => {
            let number = if document.number.is_empty() { document.bill.to_string() } else { document.number.clone() };
            let line = document.line.map(|line| format!(", line {line}")).unwrap_or_default();
            println!("on {} {number}{line}", document.kind);
        }
    }
    if let Some((product, pricing)) = &why.price {
        println!("\nPrice, by version {}:", why.terms.version);
        for line in price_lines(pricing, product) {
            println!("  {line}");
        }
    }
    if !why.events.is_empty() {
        println!("\nTold:");
        for event in &why.events {
            println!("  {}  {}", second(event.at), event.what);
        }
    }
    if !why.did.is_empty() {
        println!();
        let mut table = Table::new(&[
            ("from", Align::Left),
            ("to", Align::Left),
            ("seconds", Align::Number),
            ("state", Align::Left),
            ("size", Align::Left),
            ("share", Align::Number),
        ]);
        for did in &why.did {
            let size = did.sku.as_ref().map(ToString::to_string).into_iter();
            let sized = did.size.as_ref().map(|(size, unit)| format!("{size} {}", unit.beside(false)));
            table.row([
                second(did.from),
                second(did.to),
                did.seconds.to_string(),
                did.state.name().to_owned(),
                size.chain(sized).collect::<Vec<_>>().join(", "),
                did.share.map_or_else(|| "0".to_owned(), |share| share.to_string()),
            ]);
        }
        print!("{table}");
    }
    if let Some(counted) = &why.counted {
        let unit = counted.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        println!("\nCounted: {} {unit}", counted.quantity);
    }
    if !why.steps.is_empty() {
        println!("\nArithmetic:");
        for step in &why.steps {
            println!("  {step}");
        }
    }
    println!("\nPaid:");
    for (by, units) in &why.paid {
        println!("  {} {} by {}", plain(*units, currency), currency.code(), payer(by));
    }
    Ok(ExitCode::SUCCESS)
}

fn payer(by: &PaidBy) -> String {
    match by {
        PaidBy::Cash => "the balance".to_owned(),
        PaidBy::Credit(name) => format!("credit {name}"),
        PaidBy::Debt => "a debt of the balance".to_owned(),
        PaidBy::NextBill => "a bill".to_owned(),
    }
}

fn as_json(account: &str, why: &ChargeReasons) -> serde_json::Value {
    let (row, currency) = (&why.row, why.currency);
    let document = why.document.as_ref().map(|document| {
        json!({ "bill": document.bill.to_string(), "number": document.number, "kind": document.kind, "line": document.line })
    });
    let events: Vec<_> =
        why.events.iter().map(|event| json!({ "at": event.at.to_string(), "what": event.what })).collect();
    let stretches = why.did.iter().map(|did| {
        json!({
            "from": did.from.to_string(), "to": did.to.to_string(), "seconds": did.seconds, "state": did.state.name(),
            "sku": did.sku.as_ref().map(ToString::to_string), "share": did.share.map(|share| share.to_string()),
        })
    });
    let paid = why.paid.iter().map(|(by, units)| json!({ "by": payer(by), "amount": plain(*units, currency) }));
    json!({
        "account": account, "number": row.chained, "product": row.product.to_string(), "from": row.from.to_string(),
        "to": row.to.to_string(), "currency": currency.code(), "list": plain(row.list, currency), "net": plain(row.net, currency),
        "price_version": why.terms.version, "document": document, "events": events, "stretches": stretches.collect::<Vec<_>>(),
        "steps": why.steps, "paid": paid.collect::<Vec<_>>(),
    })
}
