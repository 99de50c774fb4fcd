//! Holds on an account: authorise before the work, capture as it is done, release what is left.
//!
//! What has accrued is not promised twice, though nothing is posted for it; the hold is laid over what the spending order
//! would use.

use crate::asked::Asked;
use crate::folio::Work;
use crate::open_project::{account_ever, account_of};
use crate::spend_limits::{Of, may_spend};
use crate::top_up::positive;
use crate::{Engine, RefusalCode, Refused, quotas};
use farthing_core::config::Name;
use farthing_core::gate::Asks;
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::posting::{self, CreditCaptured, Stamp};
use farthing_core::ledger::{
    AccountId, Authorise, Capture, CaptureRecord, Chart, Code, Command, Hold, HoldState, Kind,
};
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::Measure;
use farthing_core::time::{Duration, Instant};
use farthing_store::{PayerRow, StoreError};
use serde::{Deserialize, Serialize};

/// How long a hold lasts where nobody says.
const HOLD_SECONDS: i64 = 7 * 86_400;

#[derive(Clone, Debug)]
pub struct NewHold {
    pub id: HoldId,
    pub account: String,
    pub amount: Money,
    /// Which product's lots may pay; none: those for everything.
    pub product: Option<String>,
    /// What is going to be used of that product: it is counted against its quotas, and free again if the hold is released (R46).
    pub uses: Vec<(String, Quantity)>,
    pub lasts: Option<Duration>,
}

/// What somebody asks to be reserved.
#[derive(Clone, Debug)]
pub struct AskedHold {
    pub asked: Asked,
    pub cloud: String,
    pub hold: NewHold,
}

/// What is to be taken of a hold.
#[derive(Clone, Debug)]
pub struct NewCapture {
    /// Of all captures of this hold: asked again with the same one, it is there. None: each asking is another capture.
    pub id: Option<String>,
    pub account: String,
    pub hold: HoldId,
    pub amount: Money,
    /// What it is income of; none: of what was authorised.
    pub product: Option<String>,
    /// What it leaves is given back.
    pub last: bool,
    /// When the work was done; none: now.
    pub at: Option<Instant>,
}

/// A hold as it stood when something was done to it: what is kept as the answer to whoever asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFacts {
    id: [u8; 16],
    pub account: String,
    pub amount: i64,
    pub captured: i64,
    pub standing: HoldStanding,
    /// Microseconds since 1970.
    pub expires: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldStanding {
    Open,
    Captured,
    Released,
    Expired,
}

impl HoldFacts {
    fn of(account: &str, hold: &Hold) -> HoldFacts {
        let standing = match hold.state {
            HoldState::Open => HoldStanding::Open,
            HoldState::Captured => HoldStanding::Captured,
            HoldState::Released => HoldStanding::Released,
            HoldState::Expired => HoldStanding::Expired,
        };
        HoldFacts {
            id: hold.id.to_bytes(),
            account: account.to_owned(),
            amount: hold.amount,
            captured: hold.captured,
            standing,
            expires: hold.expires_at.micros(),
        }
    }

    pub fn id(&self) -> HoldId {
        HoldId::from_bytes(self.id)
    }
}

impl Engine {
    /// Reserves an amount, or refuses it: what asks never passes the floor.
    pub fn authorise(&self, cloud: &str, hold: &NewHold) -> Result<HoldFacts, Refused> {
        let hold = hold.clone();
        self.ask("authorise", cloud, move |work| authorise(work, &hold))
    }

    /// Authorises each, on behalf of whoever asks for it and for itself. On SQLite they share a commit.
    pub fn authorise_each(&self, holds: Vec<AskedHold>) -> Vec<Result<HoldFacts, Refused>> {
        let one = |AskedHold { asked, cloud, hold }: AskedHold| {
            let change = move |work: &mut Work<'_, '_>| authorise(work, &hold);
            (asked, cloud, change)
        };
        self.ask_each("authorise", holds.into_iter().map(one).collect())
    }

    /// Authorises and takes all of it at once: what is not there is refused, and nothing stays reserved.
    pub fn debit(&self, cloud: &str, hold: &NewHold) -> Result<HoldFacts, Refused> {
        let hold = hold.clone();
        self.ask("debit", cloud, move |work| {
            let id = authorise(work, &hold)?.id();
            let taken = NewCapture {
                id: Some("debit".to_owned()),
                account: hold.account.clone(),
                hold: id,
                amount: hold.amount,
                product: hold.product.clone(),
                last: true,
                at: None,
            };
            capture(work, &taken)?;
            facts_of(work, &hold.account, id)
        })
    }

    /// Takes an amount of a hold. Above it or after its end it is booked and flagged; after a release or its last capture it
    /// is refused.
    pub fn capture(&self, cloud: &str, taken: &NewCapture) -> Result<HoldFacts, Refused> {
        let taken = taken.clone();
        self.ask("capture", cloud, move |work| {
            capture(work, &taken)?;
            facts_of(work, &taken.account, taken.hold)
        })
    }

    /// Makes a hold last so long from now, where it does not already.
    pub fn extend(&self, cloud: &str, account: &str, hold: HoldId, lasts: Duration) -> Result<HoldFacts, Refused> {
        let account = account.to_owned();
        self.ask("extend", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            let now = work.now;
            hold_of(work, &payer, hold)?;
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            work.flush_postings()?;
            let until = now.checked_add(lasts).map_err(farthing_core::settle::SettleError::from)?;
            let answers = work.tx.ledger_run(&[Command::Extend(hold, until)], now)?;
            refuse(answers.first().map(|answer| answer.code))?;
            work.folio(payer.id).stir();
            facts_of(work, &account, hold)
        })
    }

    /// Gives back what a hold still reserves.
    pub fn release(&self, cloud: &str, account: &str, hold: HoldId) -> Result<HoldFacts, Refused> {
        let account = account.to_owned();
        self.ask("release", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            let now = work.now;
            hold_of(work, &payer, hold)?;
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            work.flush_postings()?;
            let answers = work.tx.ledger_run(&[Command::Release(hold)], now)?;
            refuse(answers.first().map(|answer| answer.code))?;
            // What did not happen counts no quota.
            quotas::release(work, payer.id, &hold.to_string())?;
            work.reload(payer.id)?;
            facts_of(work, &account, hold)
        })
    }

    /// A hold of an account of this cloud, as it is.
    pub fn hold_facts(&self, cloud: &str, hold: HoldId) -> Result<HoldFacts, Refused> {
        let missing = || Refused::not_found("authorisation", &hold.to_string());
        self.store.read("hold_facts", |tx| {
            let found = tx.hold(hold)?.ok_or_else(missing)?;
            let payer = tx.payers(&[found.owner])?.pop().filter(|payer| payer.cloud == cloud).ok_or_else(missing)?;
            Ok(HoldFacts::of(&payer.name, &found))
        })
    }
}

fn authorise(work: &mut Work<'_, '_>, hold: &NewHold) -> Result<HoldFacts, Refused> {
    let payer = account_of(work, &hold.account)?;
    let now = work.now;
    let product = match &hold.product {
        None => None,
        Some(product) => Some(Name::parse(product).ok_or_else(|| Refused::not_found("product", product))?),
    };
    let units = positive(work, hold.amount)?;
    if hold.lasts.is_some_and(Duration::is_zero) {
        return Err(Refused::new(RefusalCode::Invalid, "a hold lasts longer than no time: say how long"));
    }
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    if let Some(there) = work.tx.hold(hold.id)? {
        // Asked again, whatever can pay by now and however late it is: it is the same hold.
        let same = there.owner == payer.id && there.amount == units;
        refuse((!same).then_some(Code::ExistsWithDifferentAmount).or(Some(Code::Exists)))?;
        return Ok(HoldFacts::of(&payer.name, &there));
    }
    // The ledger knows of no cost that has only accrued; what has is not there to be promised.
    let policy = work.policy_at(now)?;
    let (measure, floor) = (policy.settle.measure, policy.zero.floor.map_or(0, Money::units));
    let folio = work.folio(payer.id);
    let available = match (measure, &product) {
        (Measure::Spendable, product) => folio.available(now.floor_second(), product.as_ref())?,
        (Measure::Balance, _) => folio.balance_available(now.floor_second())?,
    };
    if available.saturating_add(floor) < units {
        refuse(Some(Code::InsufficientBalance))?;
    }
    may_spend(work, payer.id, &Of::default(), Asks { amount: units, per_hour: 0 })?;
    if let Some(product) = hold.product.as_deref().filter(|_| !hold.uses.is_empty()) {
        quotas::reserve(work, payer.id, product, &hold.uses, &hold.id.to_string())?;
    }
    let debt = work.debt_account(payer.id)?;
    let lots = work.folio(payer.id).book.purse.lots();
    let may_pay = |lot: &&farthing_core::settle::Lot| {
        lot.is_usable(now) && product.as_ref().map_or(lot.products.is_empty(), |product| lot.may_pay(product))
    };
    let mut along: Vec<AccountId> = lots.iter().filter(may_pay).map(|lot| lot.account).collect();
    // Debt comes last: it takes what the others cannot, down to the floor that the policy grants.
    along.extend([payer.cash, debt]);
    let lasts = hold.lasts.map_or(HOLD_SECONDS, Duration::seconds);
    let lasts = Duration::try_from_seconds(lasts).map_err(farthing_core::settle::SettleError::from)?;
    let expires_at = now.checked_add(lasts).map_err(farthing_core::settle::SettleError::from)?;
    // What was sealed on the way here is booked first, or it would be promised to the hold.
    work.flush_postings()?;
    let request = Authorise { id: hold.id, owner: payer.id, along, amount: units, expires_at };
    let answers = work.tx.ledger_run(&[Command::Authorise(request)], now)?;
    refuse(answers.first().map(|answer| answer.code))?;
    work.folio(payer.id).stir();
    facts_of(work, &payer.name, hold.id)
}

fn facts_of(work: &mut Work<'_, '_>, account: &str, hold: HoldId) -> Result<HoldFacts, Refused> {
    let found = work.tx.hold(hold)?.ok_or_else(|| StoreError::corrupt(format!("hold {hold} is gone")))?;
    Ok(HoldFacts::of(account, &found))
}

fn capture(work: &mut Work<'_, '_>, capture: &NewCapture) -> Result<(), Refused> {
    let NewCapture { hold, amount, last, .. } = *capture;
    let payer = account_ever(work, &capture.account)?;
    let now = work.now;
    let at = capture.at.unwrap_or(now);
    if at > now {
        let what = format!("what is done at {at} cannot be captured at {now}: capture it when it is done");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let units = positive(work, amount)?;
    let product = capture.product.as_deref().unwrap_or("authorised");
    if Name::parse(product).is_none() {
        return Err(Refused::not_found("product", product));
    }
    hold_of(work, &payer, hold)?;
    work.load(&[payer.id])?;
    let cause = capture.id.as_ref().map(|id| {
        // Found again for ever: of no hour. A hold's id is nobody else's.
        CauseId::derive(Instant::EPOCH, &[b"capture", &hold.to_bytes(), id.as_bytes()])
    });
    if let Some(there) = captured_before(work, cause)? {
        let same = there.hold == hold && there.amount == units && there.last == last;
        return if same { Ok(()) } else { refuse(Some(Code::ExistsWithDifferentAmount)) };
    }
    work.bring_to(payer.id, now)?;
    work.flush_postings()?;
    let to = work.book_account(Chart::Revenue(product.to_owned()))?;
    let credit = credit_of(work, &payer);
    let request = Capture {
        id: work.ids.transfer_run(now),
        cause,
        hold,
        to,
        amount: units,
        last,
        kind: Kind::UsageCaptured,
        effective: at.floor_second(),
    };
    let answers = work.tx.ledger_run(&[Command::Capture(request)], now)?;
    refuse(answers.first().map(|answer| answer.code))?;
    work.reload(payer.id)?;
    work.folio(payer.id).count_capture(units, at);
    // What free credit has paid is no income of money: its other half, as for any use.
    let amount = credit.saturating_sub(credit_of(work, &payer));
    if amount > 0 {
        let (promo_open, promo_used) = work.promo()?;
        let commodity = work.books()?.commodity;
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
        let facts = CreditCaptured { commodity, promo_open, promo_used, amount };
        work.book(&[posting::credit_captured(&mut stamp, &facts)])?;
    }
    Ok(())
}

/// Another account's hold is none of this one's, whichever cloud it belongs to.
fn hold_of(work: &mut Work<'_, '_>, payer: &PayerRow, hold: HoldId) -> Result<(), Refused> {
    match work.tx.hold(hold)? {
        Some(hold) if hold.owner == payer.id => Ok(()),
        _ => refuse(Some(Code::HoldNotFound)),
    }
}

/// The capture that this cause has made.
fn captured_before(work: &mut Work<'_, '_>, cause: Option<CauseId>) -> Result<Option<CaptureRecord>, StoreError> {
    let Some(cause) = cause else { return Ok(None) };
    let Some(first) = work.tx.transfer_by_cause(cause)? else { return Ok(None) };
    work.tx.capture(first.linked.unwrap_or(first.id))
}

/// What is left of all its lots.
fn credit_of(work: &mut Work<'_, '_>, payer: &PayerRow) -> i64 {
    work.folio(payer.id).book.purse.lots().iter().map(|lot| lot.balance).fold(0, i64::saturating_add)
}

fn refuse(code: Option<Code>) -> Result<(), Refused> {
    match code {
        Some(code) if code.stands() => Ok(()),
        Some(Code::InsufficientBalance) => {
            Err(Refused::new(RefusalCode::InsufficientBalance, "not so much is available: add credit, or ask for less"))
        }
        Some(Code::HoldClosed) => Err(Refused::new(
            RefusalCode::HoldClosed,
            "the hold was released or captured for the last time: authorise anew",
        )),
        Some(Code::HoldNotFound) => Err(Refused::new(RefusalCode::NotFound, "there is no such hold")),
        Some(Code::AmountNotPositive) => Err(Refused::new(RefusalCode::Invalid, "an amount is more than nothing")),
        Some(
            Code::ExistsWithDifferentAmount
            | Code::ExistsWithDifferentAccounts
            | Code::ExistsWithDifferentCommodity
            | Code::ExistsWithDifferentEffective
            | Code::ExistsWithDifferentLink,
        ) => Err(Refused::new(RefusalCode::IdReused, "this id was used for something else")),
        other => Err(Refused::new(RefusalCode::Conflict, format!("the ledger answered {other:?}"))),
    }
}
