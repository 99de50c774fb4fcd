//! All that a store has of a story, as lines that are alike however its ids were numbered and whenever it was written: two
//! plays of one script leave the same lines.

use super::drive::{CLOUD, Stage, text};
use farthing_core::ledger::{AccountId, OwnerId};
use farthing_core::settle::{LineId, Paid, Source, ThingId};
use farthing_core::time::Instant;
use farthing_store::{ChargeFilter, ChargeRow, PayerRow, StoreError, Tx};
use std::collections::BTreeMap;

/// What the ids of one store stand for.
struct Names {
    things: BTreeMap<ThingId, String>,
    lots: BTreeMap<AccountId, String>,
    owners: BTreeMap<OwnerId, String>,
}

impl Stage {
    /// Balances, lots, sealed charges, what is posted and what is open, the facts and the events they come of.
    pub fn state(&self) -> Result<Vec<String>, String> {
        self.engine.store().read("state", lines).map_err(text)
    }
}

fn lines(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let payers = tx.payers_of(CLOUD)?;
    let names = Names::read(tx, &payers)?;
    let mut lines = Vec::new();
    tx.accounts_each(|row| {
        let owner = names.owners.get(&row.account.owner).map_or("the cloud", String::as_str);
        // A bill's id is of chance: those of an account are told apart by what they come to.
        let code = row.code.split_once("/bill_").map_or(row.code.as_str(), |(head, _)| head);
        lines.push(format!("{owner} {code}: {}, held {}", row.account.balance(), row.account.held));
        Ok(())
    })?;
    tx.holds_each(|hold| {
        let reserved: i128 = hold.parts.iter().map(|part| i128::from(part.reserved)).sum();
        let (amount, captured) = (hold.amount, hold.captured);
        lines.push(format!("hold {:?}: {:?} {amount} captured {captured} reserved {reserved}", hold.id, hold.state));
        Ok(())
    })?;
    for (id, name) in &names.things {
        for fact in tx.facts_of(*id)? {
            lines.push(format!("fact of {name}: {} {}", fact.at, fact.key.0));
        }
    }
    for payer in &payers {
        account_lines(tx, &names, payer, &mut lines)?;
    }
    lines.sort_unstable(); // numbers of things follow who came first to the lock
    Ok(lines)
}

fn account_lines(tx: &mut Tx<'_>, names: &Names, payer: &PayerRow, lines: &mut Vec<String>) -> Result<(), StoreError> {
    let (id, name) = (payer.id, &payer.name);
    let open = tx.open_charges(&[id])?;
    for state in tx.payer_states(&[id])? {
        // Where nothing is open it is whoever looks next who goes on to the day that is,
        // and hears of another version.
        let from = Some((state.open_from, state.version)).filter(|_| !open.is_empty());
        let (due, sealed) = (state.due_at, state.sealed);
        lines.push(format!("{name} open from {from:?}, due {due:?}, {sealed} sealed"));
        lines.push(format!("{name} ran out {:?}, parked {:?}", state.ran_out_at, state.parked));
    }
    for lot in tx.lots(&[id])? {
        lines.push(format!("{name} lot {}: {} of {}, lapsed {}", lot.name, lot.balance, lot.amount, lot.lapsed));
    }
    for row in tx.charges_of(id, &ChargeFilter::default())? {
        let ChargeRow { number, from, to, list, net, .. } = row;
        let (line, paid) = (names.line(&row.line), names.paid(&row.paid));
        lines.push(format!("{name} charge {line} #{number} {from} to {to}: {list} {net} by {paid}"));
    }
    for (_, product, posted) in tx.posted(&[id])? {
        lines.push(format!("{name} posted {product}: {} to {:?}", names.paid(&posted.paid), posted.settled_to));
    }
    for row in open {
        let (line, totals) = (names.line(&row.id), (row.since, row.at, row.total, row.slope, row.done, row.base));
        lines.push(format!("{name} open {line}: {totals:?} until {:?} by period {}", row.until, row.by_period));
    }
    tx.usage_events(CLOUD, Some(id), Instant::EPOCH..Instant::MAX, |row| {
        lines.push(format!("{name} event {} refused {:?}", row.event.id, row.refused));
        Ok(())
    })
}

impl Names {
    fn read(tx: &mut Tx<'_>, payers: &[PayerRow]) -> Result<Names, StoreError> {
        let mut names = Names { things: BTreeMap::new(), lots: BTreeMap::new(), owners: BTreeMap::new() };
        for payer in payers {
            names.owners.insert(payer.id, payer.name.clone());
            let things = tx.things_of_account(payer.id)?;
            names.things.extend(things.into_iter().map(|thing| (thing.id, thing.name)));
            for account in tx.accounts_of(payer.id)? {
                if account.code.starts_with("credit/") {
                    names.lots.insert(account.account.id, account.code);
                }
            }
        }
        Ok(names)
    }

    fn line(&self, line: &LineId) -> String {
        let part = line.part.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {part} {}", self.things.get(&line.thing).map_or("?", String::as_str), line.began)
    }

    fn paid(&self, paid: &Paid) -> String {
        let source = |source: &Source| match source {
            Source::Lot(lot) => self.lots.get(lot).cloned().unwrap_or_default(),
            other => format!("{other:?}"),
        };
        let parts: Vec<String> = paid.iter().map(|(from, part)| format!("{} {part}", source(from))).collect();
        parts.join(", ")
    }
}
