//! Money in and gifts, without a provider: what an operator books by hand. Arrears are paid first (R60).

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, account_of, is_open};
use crate::payments::{Incoming, book_incoming, within_bounds};
use crate::tax::tax_on_top_up;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::id::CauseId;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, FreeCredit, Stamp};
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::settle::{Lot, Purse};
use farthing_core::time::Instant;
use farthing_store::{LotRow, NewAccount};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A grant of credit.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// The account's own name for it; it is given once.
    pub name: String,
    pub account: String,
    pub amount: Money,
    /// What it may pay; everything when empty.
    pub products: Vec<String>,
    /// Of several the lowest pays first.
    pub priority: i64,
    /// None: now.
    pub starts: Option<Instant>,
    pub expires: Option<Instant>,
    /// Why, where it is goodwill: it is kept with the grant and in the audit log.
    pub reason: Option<String>,
}

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

    pub fn grant_credit(&self, cloud: &str, grant: &NewGrant) -> Result<(), Refused> {
        let grant = grant.clone();
        self.ask("grant_credit", cloud, move |work| give(work, &grant))
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

pub(crate) fn give(work: &mut Work<'_, '_>, grant: &NewGrant) -> Result<(), Refused> {
    let units = positive(work, grant.amount)?;
    let name = Name::parse(&grant.name)
        .ok_or_else(|| Refused::new(RefusalCode::Invalid, format!("{:?} is no name for a grant", grant.name)))?;
    let products = grant
        .products
        .iter()
        .map(|product| {
            let known = work.cloud.profile_at(work.now).ok().and_then(|profile| profile.catalog.product_by_id(product));
            known.map(|product| product.id.clone()).ok_or_else(|| Refused::not_found("product", product))
        })
        .collect::<Result<Vec<Name>, Refused>>()?;
    let payer = account_of(work, &grant.account)?;
    let now = work.now;
    let starts = grant.starts.unwrap_or(now.floor_second());
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    if let Some(there) = work.tx.lot_by_name(payer.id, name.as_str())? {
        // Asked again it is there, lapsed or not; it is given once.
        let starts_so = grant.starts.is_none_or(|starts| starts == there.starts);
        let ends_so = there.expires == grant.expires;
        let same = there.amount == units && there.priority == grant.priority && there.products == products;
        if same && starts_so && ends_so {
            return Ok(());
        }
        return Err(Refused::new(
            RefusalCode::Conflict,
            format!("account {} has the grant {name} already, with other facts", grant.account),
        ));
    }
    if grant.expires.is_some_and(|expires| expires <= starts) {
        return Err(Refused::new(RefusalCode::Invalid, "a grant ends after it begins: give a later `expires`"));
    }
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let promo_open = work.book_account(Chart::PromoOpen)?;
    let commodity = work.books()?.commodity;
    let code = Chart::Credit(name.to_string());
    let floor = code.floor(0);
    let ledger = work.tx.account_ensure(&NewAccount { owner: payer.id, code, commodity, floor }, now)?;
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
    let command =
        posting::credit_granted(&mut stamp, &FreeCredit { commodity, promo_open, credit: ledger, amount: units });
    work.book(&[command])?;
    let row = LotRow {
        account: payer.id,
        number: work.tx.lot_number(payer.id)?,
        name: name.to_string(),
        ledger,
        amount: units,
        priority: grant.priority,
        products,
        starts,
        expires: grant.expires,
        lapsed: false,
        reason: grant.reason.clone().unwrap_or_default(),
        balance: units,
        held: 0,
    };
    work.tx.lot_insert(&row)?;
    let folio = work.folio(payer.id);
    let purse = &folio.book.purse;
    let lots: Vec<Lot> = purse.lots().iter().cloned().chain([crate::folio::lot_of(&row)]).collect();
    folio.book.purse = Purse::new(lots, purse.cash, purse.debt);
    folio.lots.push(row);
    folio.stir();
    let mut facts = json!({
        "grant": name.as_str(),
        "amount": grant.amount.plain(),
        "expires": grant.expires.map(|expires| expires.to_string()),
    });
    if let Some(reason) = &grant.reason {
        facts["reason"] = json!(reason);
    }
    work.notes.push(Note::new("credit.granted", format!("account {}", grant.account)).became(&facts));
    let event = Event::CreditGranted {
        account: grant.account.clone(),
        grant: name.to_string(),
        amount: grant.amount,
        products: grant.products.clone(),
        starts,
        expires: grant.expires,
    };
    work.tell(Some(payer.id), event);
    Ok(())
}
