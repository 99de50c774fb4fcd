//! Takes the cloud's own outages into an account (R83): what its things cost in them comes back, and it is told how much.
//!
//! An outage is an input to what a thing costs, as its facts are (`Work::without_outages`). So nothing is reversed here: its things are
//! folded again, and settlement posts the difference, of open days, sealed ones and closed periods alike. Each account takes a report
//! in once, in order, when it is next brought to a time after it; `account_state.outage` says which was the last. Reporting makes those
//! due who ever paid for the product (`report_outage`).

use crate::EngineError;
use crate::folio::Work;
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::{Quantity, Unit};
use farthing_core::notice::{Event, OutageTold};
use farthing_core::time::Instant;
use farthing_core::timeline::OutageReport;
use farthing_store::{ThingKind, ThingRow, properties_from_text};
use std::collections::BTreeMap;

/// What an account's things of a product have cost it by an instant: money, and units by what they are.
struct Cost {
    money: i64,
    units: BTreeMap<Unit, i64>,
}

/// Takes in what was reported by an instant that an account was brought to.
pub(crate) fn take_outages(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<(), EngineError> {
    let cloud = work.cloud.clone();
    while let Some(report) = cloud.outages.after(work.folio(id).state.outage) {
        if report.recorded.floor_second() > at {
            break;
        }
        // Where nothing comes back, what is folded from here on knows of it too.
        let things = if cloud.voids(&report.outage) { concerned(work, id, report, at)? } else { Vec::new() };
        let before = cost_by(work, id, &report.outage.product, &things, at)?;
        work.folio(id).state.outage = report.number;
        work.folio(id).stir();
        if things.is_empty() {
            continue;
        }
        for thing in &things {
            work.refold_of(&[id], thing, report.outage.from, at)?;
        }
        give_back(work, id, &report.outage.product, at)?;
        let after = cost_by(work, id, &report.outage.product, &things, at)?;
        tell(work, id, report, &before, &after);
    }
    Ok(())
}

/// What of the account's may cost another amount than it did.
fn concerned(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    report: &OutageReport,
    at: Instant,
) -> Result<Vec<ThingRow>, EngineError> {
    let outage = &report.outage;
    // What is sold no more has no price that could be worked out again.
    if work.cloud.profile_at(at)?.catalog.product_by_id(outage.product.as_str()).is_none() {
        return Ok(Vec::new());
    }
    let mut things = work.tx.things_of_account(id)?;
    things.retain(|thing| match thing.kind {
        ThingKind::Resource => outage.concerns(&thing.product, &thing.name, &properties_from_text(&thing.properties)),
        ThingKind::Scope => thing.product == outage.product,
        ThingKind::Usage => false,
    });
    Ok(things)
}

fn cost_by(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    product: &Name,
    things: &[ThingRow],
    at: Instant,
) -> Result<Cost, EngineError> {
    if things.is_empty() {
        return Ok(Cost { money: 0, units: BTreeMap::new() });
    }
    let mut units: BTreeMap<Unit, i64> = BTreeMap::new();
    if work.cloud.takes_units(product) {
        for thing in things {
            work.load_use(id, thing.id)?;
        }
        work.settle_units(id, at)?;
        for (unit, book) in work.folio(id).units.iter().flat_map(|units| &units.books) {
            let own = book.uses.iter().filter(|one| things.iter().any(|thing| thing.id == one.thing));
            units.insert(unit.clone(), own.map(farthing_core::settle::UnitUse::drawn).fold(0, i64::saturating_add));
        }
    }
    let folio = work.folio(id);
    let sealed = folio.sealed.iter().filter(|(sealed, _)| sealed.product == *product);
    let mut money = sealed.map(|(sealed, _)| sealed.charge.net.units()).fold(0, i64::saturating_add);
    for line in folio.book.lines.iter().filter(|line| line.product() == product) {
        money = money.saturating_add(line.net_at(at)?);
    }
    Ok(Cost { money, units })
}

/// What was taken off for the open day and is no longer owed goes back at once: nobody waits for money that is theirs.
fn give_back(work: &mut Work<'_, '_>, id: OwnerId, product: &Name, at: Instant) -> Result<(), EngineError> {
    let book = &work.folio(id).book;
    let open = book.open_by_product(at)?.get(product).map_or(0, |(open, _)| *open);
    let posted = book.posted.get(product).map_or(0, farthing_core::settle::Posted::sum);
    if posted > open {
        work.post(id, at, |posted| posted == product)?;
    }
    Ok(())
}

/// Nobody is told where nothing came back, or has to be paid again.
fn tell(work: &mut Work<'_, '_>, id: OwnerId, report: &OutageReport, before: &Cost, after: &Cost) {
    let money = before.money.saturating_sub(after.money);
    let changed = |(unit, had): (&Unit, &i64)| {
        let back = had.saturating_sub(after.units.get(unit).copied().unwrap_or(0));
        let count = Quantity::from_millionths(back.saturating_abs());
        (back != 0).then(|| format!("{count} {}", unit.beside(count == Quantity::ONE)))
    };
    let units: Vec<String> = before.units.iter().filter_map(changed).collect();
    if money == 0 && units.is_empty() {
        return;
    }
    let told = OutageTold {
        account: work.folio(id).payer.name.clone(),
        outage: report.name.clone(),
        product: report.outage.product.to_string(),
        from: report.outage.from,
        to: report.outage.to,
        amount: work.money(money.saturating_abs()),
        units: units.join(", "),
    };
    let event = if report.withdrawn { Event::OutageWithdrawn(told) } else { Event::OutageVoided(told) };
    work.tell(Some(id), event);
}
