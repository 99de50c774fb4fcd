//! Grants that come again: begun by hand, then given at their own time by whoever looks at the account, however late that is.

use super::give::{NewGrant, name_of, products_of, taken};
use super::place::{Granted, lapse, place};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::credit::{GrantSource, Recurring, Rollover, lapsing};
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::time::{Instant, Span};
use farthing_store::{LotRow, RecurringRow, StoreError};
use serde_json::json;

/// How a grant comes again.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    pub every: Span,
    /// How often in all; none: for ever.
    pub times: Option<u32>,
    /// What of it may be carried on when the next one comes; none: nothing, it lapses.
    pub rollover: Option<Money>,
}

impl Engine {
    /// Begins a grant that comes again. It ends by `times`, so the grant itself has no end.
    pub fn grant_recurring(&self, cloud: &str, grant: &NewGrant, recurs: &Recurrence) -> Result<(), Refused> {
        let (grant, recurs) = (grant.clone(), *recurs);
        self.ask("grant_recurring", cloud, move |work| begin(work, &grant, &recurs))
    }
}

fn begin(work: &mut Work<'_, '_>, grant: &NewGrant, recurs: &Recurrence) -> Result<(), Refused> {
    let invalid = |what: &str| Err(Refused::new(RefusalCode::Invalid, what));
    let units = positive(work, grant.amount)?;
    let rollover = match recurs.rollover {
        None => Rollover::None,
        Some(most) if most.is_zero() => Rollover::None,
        Some(most) => Rollover::UpTo(positive(work, most)?),
    };
    if matches!(recurs.every, Span::Exact(every) if every.seconds() < 60) {
        return invalid("a grant comes again after a minute at the least: give a longer `every`");
    }
    if recurs.times == Some(0) {
        return invalid("a grant comes once at the least: leave `times` out, or write 1 or more");
    }
    if grant.expires.is_some() {
        return invalid("a grant that comes again ends with its last: write `times` instead of an end");
    }
    let (name, products) = (name_of(&grant.name)?, products_of(work, &grant.products)?);
    let payer = account_of(work, &grant.account)?;
    let now = work.now;
    let starts = grant.starts.unwrap_or(now).floor_second();
    if starts < now.floor_second() {
        return invalid("a grant that comes again begins now or later");
    }
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    let recurring = Recurring { starts, every: recurs.every, times: recurs.times, rollover };
    let there = work.tx.recurring_of(payer.id)?.into_iter().find(|row| row.name == name);
    if let Some(there) = there {
        let begun = Recurring { starts: there.recurring.starts, ..recurring };
        let same = there.recurring == begun && there.amount == units && there.products == products;
        let same =
            same && there.priority == grant.priority && grant.starts.is_none_or(|_| starts == there.recurring.starts);
        return if same { Ok(()) } else { Err(taken(&grant.account, &name)) };
    }
    let row = RecurringRow {
        account: payer.id,
        name: name.clone(),
        amount: units,
        products,
        priority: grant.priority,
        recurring,
        reason: grant.reason.clone().unwrap_or_default(),
        given: 0,
        next_at: Some(starts),
    };
    work.tx.recurring_put(&row)?;
    let mut facts = json!({
        "grant": name.as_str(), "amount": grant.amount.plain(), "starts": starts.to_string(),
        "every": every_text(recurs.every), "times": recurs.times, "rollover": recurs.rollover.map(Money::plain),
    });
    if let Some(reason) = &grant.reason {
        facts["reason"] = json!(reason);
    }
    work.notes.push(Note::new("credit.granted", format!("account {}", grant.account)).became(&facts));
    let state = &mut work.folio(payer.id).state;
    state.grant_at = Some(state.grant_at.map_or(starts, |at| at.min(starts)));
    work.folio(payer.id).stir();
    if starts <= now {
        give_due(work, payer.id, starts)?;
    }
    Ok(())
}

pub(super) fn every_text(every: Span) -> String {
    match every {
        Span::Exact(every) => every.to_string(),
        Span::Calendar(every) => every.to_string(),
    }
}

/// Gives what has come due of an account's grants that come again, up to an instant that the account was brought to.
pub(crate) fn give_due(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<(), EngineError> {
    if work.folio(id).payer.closed.is_some() {
        work.folio(id).state.grant_at = None;
        return Ok(());
    }
    // What was used until now is paid by what was there until now.
    work.post_all(id, at)?;
    work.flush_postings()?;
    let mut next: Option<Instant> = None;
    for mut row in work.tx.recurring_of(id)? {
        while let Some(due) = row.next_at.filter(|due| *due <= at) {
            give_one(work, &mut row, due)?;
        }
        next = next.into_iter().chain(row.next_at).min();
    }
    work.folio(id).state.grant_at = next;
    Ok(())
}

fn give_one(work: &mut Work<'_, '_>, row: &mut RecurringRow, due: Instant) -> Result<(), EngineError> {
    let id = row.account;
    let zone = work.folio(id).zone.clone();
    let number = row.given.saturating_add(1);
    let following = row.recurring.nth(number, &zone).map_err(SettleError::from)?;
    let expires = match row.recurring.rollover {
        Rollover::None => Some(following),
        Rollover::UpTo(most) => {
            carry(work, row, most, due)?;
            None
        }
    };
    let name = Name::parse(&format!("{}.{number}", row.name))
        .ok_or_else(|| StoreError::corrupt(format!("the grant {} has no name for its {number}th", row.name)))?;
    let granted = Granted {
        name: name.clone(),
        amount: row.amount,
        products: row.products.clone(),
        priority: row.priority,
        starts: due,
        expires,
        reason: row.reason.clone(),
        source: GrantSource::Recurring(row.name.clone()),
    };
    place(work, id, granted, due)?;
    row.given = number;
    row.next_at = row.recurring.next(number, &zone).map_err(SettleError::from)?;
    work.tx.recurring_put(row)?;
    let event = Event::CreditGranted {
        account: work.folio(id).payer.name.clone(),
        grant: name.to_string(),
        amount: work.money(row.amount),
        products: row.products.iter().map(ToString::to_string).collect(),
        starts: due,
        expires,
    };
    // People are written to about the first: what comes every day is no news.
    if number == 1 {
        work.tell_of(Some(id), event, due);
    } else {
        work.tell_quietly_of(Some(id), event, due);
    }
    Ok(())
}

/// What is left over of those before is carried on up to a bound; the rest lapses.
fn carry(work: &mut Work<'_, '_>, row: &RecurringRow, most: i64, due: Instant) -> Result<(), EngineError> {
    let source = GrantSource::Recurring(row.name.clone());
    let folio = work.folio(row.account);
    let left = |lot: &LotRow| {
        folio.book.purse.lots().iter().find(|known| known.account == lot.ledger).map_or(0, |known| known.balance)
    };
    let mut lots: Vec<(LotRow, i64)> = folio
        .lots
        .iter()
        .filter(|lot| lot.source.as_ref() == Some(&source))
        .map(|lot| (lot.clone(), left(lot)))
        .collect();
    lots.sort_by_key(|(lot, _)| lot.number);
    let balances: Vec<(i64, i64)> = lots.iter().map(|(lot, left)| (*left, lot.held)).collect();
    let parts = lapsing(&balances, most);
    let all: i64 = parts.iter().fold(0, |all, part| all.saturating_add(*part));
    // Empty ones are over too, so that they do not gather.
    let over = lots.into_iter().zip(parts).filter(|((_, left), part)| *part > 0 || *left == 0);
    let over: Vec<(LotRow, i64)> = over.map(|((lot, _), part)| (lot, part)).collect();
    lapse(work, row.account, &over, due)?;
    if all > 0 {
        let (account, amount) = (work.folio(row.account).payer.name.clone(), work.money(all));
        let event = Event::CreditLapsed { account, grant: row.name.to_string(), amount, expired_at: due };
        work.tell_quietly_of(Some(row.account), event, due);
    }
    Ok(())
}
