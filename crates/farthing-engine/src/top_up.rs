//! Money in without a provider: what an operator books by hand. Arrears are paid first (R60).

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, is_open};
use crate::payments::{Incoming, book_incoming, within_bounds};
use crate::tax::tax_on_top_up;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::id::CauseId;
use farthing_core::money::Money;
use farthing_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What became of a top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToppedUp {
    /// The transfer that booked it.
    pub transfer: i64,
}

impl Engine {
    /// Books money that has come in. `id`: what makes it happen once.
    pub fn top_up(&self, cloud: &str, account: &str, amount: Money, id: Option<&str>) -> Result<ToppedUp, Refused> {
        self.top_up_told(cloud, account, amount, id, None)
    }

    /// The same of what was agreed with the customer: the bounds of what they pay in by themselves do not hold for it.
    pub fn top_up_by_contract(
        &self,
        cloud: &str,
        account: &str,
        amount: Money,
        id: Option<&str>,
    ) -> Result<ToppedUp, Refused> {
        let (account, id) = (account.to_owned(), id.map(str::to_owned));
        self.ask("top_up", cloud, move |work| top_up(work, &account, amount, id.as_deref(), None, true))
    }

    /// The same of money that came in at an instant and is told of later: it is booked now, and what was used in between has
    /// been paid by what was there.
    pub fn top_up_told(
        &self,
        cloud: &str,
        account: &str,
        amount: Money,
        id: Option<&str>,
        at: Option<Instant>,
    ) -> Result<ToppedUp, Refused> {
        let (account, id) = (account.to_owned(), id.map(str::to_owned));
        self.ask("top_up", cloud, move |work| top_up(work, &account, amount, id.as_deref(), at, false))
    }
}

pub(crate) fn positive(work: &Work<'_, '_>, amount: Money) -> Result<i64, Refused> {
    if amount.currency() != work.currency() {
        let what =
            format!("this cloud's accounts are in {}, not in {}", work.currency().code(), amount.currency().code());
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if amount.units() <= 0 {
        return Err(Refused::new(RefusalCode::Invalid, format!("{} is not more than nothing", amount.plain())));
    }
    Ok(amount.units())
}

fn top_up(
    work: &mut Work<'_, '_>,
    account: &str,
    amount: Money,
    id: Option<&str>,
    at: Option<Instant>,
    contract: bool,
) -> Result<ToppedUp, Refused> {
    let units = positive(work, amount)?;
    let payer = account_ever(work, account)?;
    let now = work.now;
    let came = at.unwrap_or(now);
    if came > now {
        let what = format!("money of {came} cannot be booked at {now}: book it when it has come in");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    work.load(&[payer.id])?;
    // It is found again for ever and whichever account it is asked of: so its cause is of no hour, and of the cloud.
    let cloud = work.cloud.id.clone();
    let cause = id.map(|id| CauseId::derive(Instant::EPOCH, &[b"top_up", cloud.as_bytes(), id.as_bytes()]));
    let there = match cause {
        Some(cause) => work.tx.transfer_by_cause(cause)?,
        None => None,
    };
    if let Some(there) = there {
        if there.credit == payer.cash && there.amount == units {
            return Ok(ToppedUp { transfer: there.id.get() });
        }
        let what = format!("top-up {:?} was of another amount, or to another account", id.unwrap_or_default());
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    is_open(&payer)?; // what came in before is there all the same
    if !contract {
        let policy = work.policy_at(work.now)?.clone();
        within_bounds(&policy, amount)?;
    }
    work.bring_to(payer.id, now)?;
    let tax = tax_on_top_up(work, &payer, units)?;
    let called = match id {
        Some(id) => blake3::hash(id.as_bytes()).to_hex().chars().take(16).collect(),
        None => format!("{}", work.ids.number(now)),
    };
    let money = Incoming {
        payer: &payer,
        net: units,
        tax: tax.amount,
        assessed: &tax.assessed,
        provider: "manual",
        cause,
        came,
        reference: id.map(str::to_owned),
        called,
        payment: None,
    };
    let first = book_incoming(work, &money)?;
    let mut facts = json!({ "amount": amount.plain(), "reference": id });
    if contract {
        facts["contract"] = json!(true);
    }
    work.notes.push(Note::new("money.topped_up", format!("account {account}")).became(&facts));
    Ok(ToppedUp { transfer: first.get() })
}
