//! Members' wallets (R95): a wallet is an account inside another, with money of its own that comes from there. What its person starts and
//! uses in that account is paid by it, from the next start on.
//!
//! With `stop_on_overdue` a wallet ends as any account that pays ahead: nothing more is started, and it is told that it has run out. Without,
//! the account it is in pays what it comes to owe, at each settlement, and both are looked at when something starts. When less than its
//! threshold is left its person is told, once until it has more again.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_account::{AccountFacts, Contact, NewAccount, facts_of, insert_account, write_contact};
use crate::open_project::account_of;
use crate::payments::pay_arrears;
use crate::run_due::engine_error;
use crate::top_up::{ToppedUp, positive};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::id::CauseId;
use farthing_core::ledger::OwnerId;
use farthing_core::ledger::posting::{self, CashMoved, Stamp};
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::policy::Pay;
use farthing_core::settle::Question;
use farthing_core::time::{Instant, Zone};
use farthing_store::{StoreError, WalletRow};
use serde_json::json;

/// A wallet as it should be: opened, or changed where it is there.
#[derive(Clone, Debug)]
pub struct NewWallet {
    /// The account it is in.
    pub account: String,
    /// Whose it is, as resources and usage name them.
    pub person: String,
    /// What the wallet is called among accounts; none: as the person.
    pub name: Option<String>,
    /// None: as the policy has it (`members.low_balance`).
    pub threshold: Option<Money>,
    /// None: as the policy has it (`members.stop_on_overdue`).
    pub stop_on_overdue: Option<bool>,
    /// Whom to write to about it.
    pub contact: Option<Contact>,
}

/// A wallet's threshold is what its row is watched for (`account_state.watch_*`), as a refill's is; from when on says which of the two it is,
/// and whether it was told. So nobody reads wallets to settle an account.
pub(crate) const UNTOLD: Instant = Instant::from_micros(1);
pub(crate) const TOLD: Instant = Instant::from_micros(2);

/// Whether it is a wallet that an account is watched for.
pub(crate) fn is_of_wallet(from: Instant) -> bool {
    from == UNTOLD || from == TOLD
}

impl Engine {
    pub fn put_wallet(&self, cloud: &str, wallet: &NewWallet) -> Result<AccountFacts, Refused> {
        let wallet = wallet.clone();
        self.ask("put_wallet", cloud, move |work| put(work, &wallet))
    }

    /// Moves money of the account into a wallet in it; an amount below zero: out of it, back. `id`: what makes it happen once.
    pub fn fund_wallet(&self, cloud: &str, wallet: &str, amount: Money, id: Option<&str>) -> Result<ToppedUp, Refused> {
        let (wallet, id) = (wallet.to_owned(), id.map(str::to_owned));
        self.ask("fund_wallet", cloud, move |work| fund(work, &wallet, amount, id.as_deref()))
    }

    /// The same with a wallet that must be one, into it; and out of it, back. More than nothing.
    pub fn give_to_wallet(
        &self,
        cloud: &str,
        wallet: &str,
        amount: Money,
        id: Option<&str>,
    ) -> Result<ToppedUp, Refused> {
        self.move_of_wallet(cloud, wallet, amount, id, false)
    }

    pub fn take_from_wallet(
        &self,
        cloud: &str,
        wallet: &str,
        amount: Money,
        id: Option<&str>,
    ) -> Result<ToppedUp, Refused> {
        self.move_of_wallet(cloud, wallet, amount, id, true)
    }

    fn move_of_wallet(
        &self,
        cloud: &str,
        wallet: &str,
        amount: Money,
        id: Option<&str>,
        back: bool,
    ) -> Result<ToppedUp, Refused> {
        let (wallet, id) = (wallet.to_owned(), id.map(str::to_owned));
        self.ask("fund_wallet", cloud, move |work| {
            let units = positive(work, amount)?;
            let cloud = work.cloud.id.clone();
            let missing = || Refused::not_found("wallet", &wallet);
            let payer = work.tx.payer_by_name(&cloud, &wallet)?.ok_or_else(missing)?;
            work.tx.wallet(payer.id)?.ok_or_else(missing)?;
            let signed = work.money(if back { units.saturating_neg() } else { units });
            fund(work, &wallet, signed, id.as_deref())
        })
    }

    /// What wallets owe that do not stop is paid by the accounts they are in, as far as those can.
    pub(crate) fn cover_wallets(&self) -> Result<(), EngineError> {
        for (cloud, id) in self.store.read("wallets_to_cover", |tx| tx.wallets_to_cover())? {
            self.work("cover_wallet", &cloud, move |work| {
                let Some(wallet) = work.tx.wallet(id)? else { return Ok(()) };
                work.load(&[wallet.parent, id])?;
                if work.folio(id).book.purse.debt == 0 {
                    return Ok(());
                }
                settle_both(work, &wallet)?;
                let amount = work.folio(id).book.purse.debt.min(free_cash(work, wallet.parent)?);
                if amount > 0 {
                    move_cash(work, (wallet.parent, id), amount, None, false)?;
                }
                Ok(())
            })
            .map_err(engine_error)?;
        }
        Ok(())
    }
}

fn put(work: &mut Work<'_, '_>, wanted: &NewWallet) -> Result<AccountFacts, Refused> {
    let parent = account_of(work, &wanted.account)?;
    let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
    if Name::parse(&wanted.person).is_none() {
        return Err(invalid(format!("{:?} is no name for a person", wanted.person)));
    }
    let wrong = |amount: &Money| amount.currency() != work.currency() || amount.is_negative();
    if let Some(threshold) = wanted.threshold.filter(wrong) {
        return Err(invalid(format!("{} is no amount in {}", threshold.plain(), work.currency().code())));
    }
    if work.tx.wallet(parent.id)?.is_some() {
        return Err(invalid(format!("account {:?} is a wallet itself: a wallet is in an account", parent.name)));
    }
    let own = work.tx.wallets_in(&[parent.id])?.into_iter().find(|wallet| wallet.person == wanted.person);
    let members = &work.policy_at(work.now)?.members;
    let threshold = wanted.threshold.or(members.low_balance).map(Money::units);
    let stop_on_overdue = wanted.stop_on_overdue.unwrap_or(members.stop_on_overdue);
    let (id, was) = match own {
        Some(there) => {
            let payer = work.tx.payers(&[there.account])?.pop();
            let payer = payer.ok_or_else(|| StoreError::corrupt("a wallet without an account".to_owned()))?;
            if payer.closed.is_some() || wanted.name.as_ref().is_some_and(|name| *name != payer.name) {
                let what = format!("{} has had the wallet {:?} in {:?}", wanted.person, payer.name, parent.name);
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            (there.account, Some(there))
        }
        None if !members.wallets => {
            let what = "members of this cloud have no wallets of their own: set `members.wallets`";
            return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
        }
        None => (open(work, wanted, &parent)?, None),
    };
    let opened = was.as_ref().map_or(work.now, |was| was.opened);
    let row = WalletRow {
        account: id,
        parent: parent.id,
        person: wanted.person.clone(),
        threshold,
        stop_on_overdue,
        opened,
        closed: None,
    };
    work.load(&[id])?;
    let now = work.now;
    work.bring_to(id, now)?;
    if was.as_ref() != Some(&row) {
        work.tx.wallet_put(&row)?;
        let told = |row: &WalletRow| json!({ "threshold": row.threshold.map(|units| Money::from_units(units, work.currency()).plain()), "stop_on_overdue": row.stop_on_overdue });
        let note = Note::new("wallet.set", format!("account {}", wanted.account)).became(&told(&row));
        let note = was.as_ref().map_or(note.clone(), |was| note.was(&told(was)));
        work.notes.push(note);
        let folio = work.folio(id);
        folio.state.watch = threshold.map(|below| (below, if was.is_none() { TOLD } else { UNTOLD }));
        folio.stir();
    }
    if let Some(contact) = &wanted.contact {
        write_contact(work, id, contact)?;
    }
    let payer = work.folio(id).payer.clone();
    Ok(facts_of(work.tx, &payer)?)
}

/// The account of a wallet: it pays ahead, with the days of the account it is in.
fn open(work: &mut Work<'_, '_>, wanted: &NewWallet, parent: &farthing_store::PayerRow) -> Result<OwnerId, Refused> {
    let account = NewAccount {
        name: wanted.name.clone().unwrap_or_else(|| wanted.person.clone()),
        country: Some(parent.country.clone()),
        pay: Some(Pay::Prepaid),
        ..NewAccount::default()
    };
    let cloud = work.cloud.id.clone();
    if Name::parse(&account.name).is_none() || account.name == crate::folio::BOOKS {
        return Err(Refused::new(RefusalCode::Invalid, format!("{:?} is no name for a wallet", account.name)));
    }
    if work.tx.payer_by_name(&cloud, &account.name)?.is_some() {
        let what = format!("there is an account {:?} already: give the wallet another name", account.name);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let zone = Zone::parse(&parent.zone).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string()))?;
    Ok(insert_account(work, &account, &zone)?.id)
}

fn fund(work: &mut Work<'_, '_>, name: &str, amount: Money, id: Option<&str>) -> Result<ToppedUp, Refused> {
    if amount.currency() != work.currency() || amount.is_zero() {
        let what = format!("{} is no amount to move in {}", amount.plain(), work.currency().code());
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let payer = account_of(work, name)?;
    let Some(wallet) = work.tx.wallet(payer.id)? else {
        return Err(Refused::new(RefusalCode::Invalid, format!("account {name:?} is no wallet: it is in no other")));
    };
    work.load(&[wallet.parent, payer.id])?;
    let units = amount.units().saturating_abs();
    let (from, to) = if amount.is_negative() { (payer.id, wallet.parent) } else { (wallet.parent, payer.id) };
    let cloud = work.cloud.id.clone();
    let cause = id.map(|id| CauseId::derive(Instant::EPOCH, &[b"fund_wallet", cloud.as_bytes(), id.as_bytes()]));
    let there = match cause {
        Some(cause) => work.tx.transfer_by_cause(cause)?,
        None => None,
    };
    if let Some(there) = there {
        let (debit, credit) = (work.folio(from).payer.cash, work.folio(to).payer.cash);
        if (there.debit, there.credit, there.amount) == (debit, credit, units) {
            return Ok(ToppedUp { transfer: there.id.get() });
        }
        let what = format!("{:?} has moved another amount, or of another wallet", id.unwrap_or_default());
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    settle_both(work, &wallet)?;
    let free = free_cash(work, from)?;
    if units > free {
        let name = work.folio(from).payer.name.clone();
        let what =
            format!("{} of {name} can be moved, not {}", work.money(free.max(0)).plain(), work.money(units).plain());
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    let note = Note::new("wallet.funded", format!("account {name}"));
    work.notes.push(note.became(&json!({ "amount": amount.plain(), "reference": id })));
    let transfer = move_cash(work, (from, to), units, cause, true)?;
    Ok(ToppedUp { transfer })
}

/// Both are brought to now, and what they have accrued is paid by what was there.
fn settle_both(work: &mut Work<'_, '_>, wallet: &WalletRow) -> Result<(), EngineError> {
    let now = work.now;
    for id in [wallet.parent, wallet.account] {
        work.bring_to(id, now)?;
        work.post_all(id, now)?;
    }
    work.flush_postings()
}

/// Cash that nothing holds and nothing that runs has used up: credit is given to one account, and stays there.
fn free_cash(work: &mut Work<'_, '_>, id: OwnerId) -> Result<i64, EngineError> {
    let now = work.now.floor_second();
    let folio = work.folio(id);
    Ok(folio.available(now, None)?.min(folio.book.purse.cash.saturating_sub(folio.held)))
}

/// From one account that was settled to another. What comes pays arrears first (R60).
fn move_cash(
    work: &mut Work<'_, '_>,
    (from, to): (OwnerId, OwnerId),
    amount: i64,
    cause: Option<CauseId>,
    mailed: bool,
) -> Result<i64, EngineError> {
    let commodity = work.books()?.commodity;
    let mut fresh = work.stamp_ids();
    let transfer = fresh();
    let mut unused = Some(transfer);
    let mut ids = move || unused.take().unwrap_or_else(&mut fresh);
    let facts = CashMoved { commodity, from: work.folio(from).payer.cash, to: work.folio(to).payer.cash, amount };
    let mut stamp = Stamp { ids: &mut ids, cause, effective: work.now.floor_second() };
    work.book(&[posting::cash_moved(&mut stamp, &facts)])?;
    work.folio(from).book.purse.cash -= amount;
    work.folio(from).stir();
    let purse = &mut work.folio(to).book.purse;
    purse.cash += amount;
    let owed = purse.debt;
    work.folio(to).stir();
    pay_arrears(work, to)?;
    let paid = owed - work.folio(to).book.purse.debt;
    let now = work.now.floor_second();
    let balance = work.folio(to).book.figures(now, Question::Standing)?.balance;
    let (from, account) = (work.folio(from).payer.name.clone(), work.folio(to).payer.name.clone());
    let event = Event::MoneyToppedUp {
        account,
        amount: work.money(amount),
        arrears: work.money(paid),
        balance: work.money(balance),
        reference: Some(format!("from {from}")),
        transfer: transfer.to_string(),
    };
    if mailed {
        work.tell(Some(to), event);
    } else {
        work.tell_quietly(Some(to), event);
    }
    Ok(transfer.get())
}

/// What is left of a wallet that is closed goes back to the account it was in.
pub(crate) fn give_back(work: &mut Work<'_, '_>, wallet: &WalletRow) -> Result<(), EngineError> {
    settle_both(work, wallet)?;
    let rest = work.folio(wallet.account).book.purse.cash;
    if rest > 0 {
        move_cash(work, (wallet.account, wallet.parent), rest, None, true)?;
    }
    Ok(())
}

/// Who pays for what a person does in an account from now on: their wallet there, or the account.
pub(crate) fn payer_of(work: &mut Work<'_, '_>, account: OwnerId, person: &str) -> Result<OwnerId, EngineError> {
    if person.is_empty() {
        return Ok(account);
    }
    let own = work.tx.wallets_in(&[account])?.into_iter();
    let mut own = own.filter(|wallet| wallet.person == person && wallet.closed.is_none());
    Ok(own.next().map_or(account, |wallet| wallet.account))
}

/// Less is left of a wallet than its threshold, or enough again.
pub(crate) fn watch(work: &mut Work<'_, '_>, id: OwnerId, left: i64) {
    let Some((below, from)) = work.folio(id).state.watch else { return };
    let is_low = left < below;
    if is_low == (from == TOLD) {
        return;
    }
    let folio = work.folio(id);
    folio.state.watch = Some((below, if is_low { TOLD } else { UNTOLD }));
    folio.stir();
    if is_low {
        let account = work.folio(id).payer.name.clone();
        let event = Event::WalletLow { account, threshold: work.money(below), left: work.money(left) };
        work.tell(Some(id), event);
    }
}
