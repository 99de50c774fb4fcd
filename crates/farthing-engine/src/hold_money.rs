//! Holds on an account: authorise before the work, capture as it is done, release what is left.
//!
//! What has accrued is not promised twice, though nothing is posted for it; the hold is laid over what the spending order
//! would use.

use crate::open_project::account_of;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::id::HoldId;
use farthing_core::ledger::{AccountId, Authorise, Capture, Chart, Code, Command, HoldState, Kind};
use farthing_core::money::Money;
use farthing_core::policy::Measure;
use farthing_core::time::Duration;

/// How long a hold lasts where nobody says.
const HOLD_SECONDS: i64 = 7 * 86_400;

#[derive(Clone, Debug)]
pub struct NewHold {
    pub id: HoldId,
    pub account: String,
    pub amount: Money,
    /// Which product's lots may pay; none: those for everything.
    pub product: Option<String>,
    pub lasts: Option<Duration>,
}

impl Engine {
    /// Reserves an amount, or refuses it: what asks never passes the floor.
    pub fn authorise(&self, cloud: &str, hold: &NewHold) -> Result<(), Refused> {
        let hold = hold.clone();
        self.work("authorise", cloud, move |work| {
            let payer = account_of(work, &hold.account)?;
            let now = work.now;
            let product = match &hold.product {
                None => None,
                Some(product) => Some(Name::parse(product).ok_or_else(|| Refused::not_found("product", product))?),
            };
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            // The ledger knows of no cost that has only accrued; what has is not there to be promised.
            let policy = work.policy_at(now)?;
            let (measure, floor) = (policy.settle.measure, policy.zero.floor.map_or(0, Money::units));
            let folio = work.folio(payer.id);
            let available = match (measure, &product) {
                (Measure::Spendable, product) => folio.available(now.floor_second(), product.as_ref())?,
                (Measure::Balance, _) => folio.balance_available(now.floor_second())?,
            };
            let is_new = work.tx.hold(hold.id)?.is_none();
            if is_new && available.saturating_add(floor) < hold.amount.units() {
                return refuse(Some(Code::InsufficientBalance));
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
            let request = Authorise { id: hold.id, owner: payer.id, along, amount: hold.amount.units(), expires_at };
            let answers = work.tx.ledger_run(&[Command::Authorise(request)], now)?;
            refuse(answers.first().map(|answer| answer.code))?;
            work.folio(payer.id).stir();
            Ok(())
        })
    }

    /// Takes an amount of a hold. Above it or after its end it is booked and flagged; after a release or its last capture it
    /// is refused.
    pub fn capture(
        &self,
        cloud: &str,
        account: &str,
        hold: HoldId,
        amount: Money,
        product: Option<&str>,
        last: bool,
    ) -> Result<(), Refused> {
        let (account, product) = (account.to_owned(), product.unwrap_or("authorised").to_owned());
        self.work("capture", cloud, move |work| {
            let payer = account_of(work, &account)?;
            let now = work.now;
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            let to = work.book_account(Chart::Revenue(product.clone()))?;
            let request = Capture {
                id: work.ids.transfer_run(now),
                hold,
                to,
                amount: amount.units(),
                last,
                kind: Kind::UsageByCash,
                effective: now.floor_second(),
            };
            let answers = work.tx.ledger_run(&[Command::Capture(request)], now)?;
            refuse(answers.first().map(|answer| answer.code))?;
            work.reload(payer.id)?;
            Ok(())
        })
    }

    /// Gives back what a hold still reserves.
    pub fn release(&self, cloud: &str, account: &str, hold: HoldId) -> Result<(), Refused> {
        let account = account.to_owned();
        self.work("release", cloud, move |work| {
            let payer = account_of(work, &account)?;
            let now = work.now;
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            let answers = work.tx.ledger_run(&[Command::Release(hold)], now)?;
            refuse(answers.first().map(|answer| answer.code))?;
            work.reload(payer.id)?;
            Ok(())
        })
    }

    /// Whether a hold is there, and how it ended.
    pub fn hold_state(&self, hold: HoldId) -> Result<Option<HoldState>, Refused> {
        Ok(self.store.read("hold_state", |tx| tx.hold(hold))?.map(|hold| hold.state))
    }
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
