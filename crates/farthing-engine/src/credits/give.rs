//! Gives credit: by hand, or a gift that the catalogue has by name.

use super::place::{Granted, place};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::top_up::positive;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::credit::GrantSource;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::settle::SettleError;
use farthing_core::time::{Instant, Zone};
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

/// A `[[gift]]` of the catalogue for an account.
#[derive(Clone, Debug)]
pub struct NewGift {
    pub account: String,
    /// Its id in the catalogue.
    pub gift: String,
    /// What the account calls it; the gift's id, with a number from the second on, where none is said.
    pub name: Option<String>,
    pub reason: Option<String>,
}

impl Engine {
    pub fn grant_credit(&self, cloud: &str, grant: &NewGrant) -> Result<(), Refused> {
        let grant = grant.clone();
        self.ask("grant_credit", cloud, move |work| give(work, &grant))
    }

    /// The same where it is said where it comes from.
    pub fn grant_credit_from(&self, cloud: &str, grant: &NewGrant, source: &GrantSource) -> Result<(), Refused> {
        let (grant, source) = (grant.clone(), source.clone());
        self.ask("grant_credit", cloud, move |work| give_as(work, &grant, &source))
    }

    /// Gives a gift by its name; what the account calls it then.
    pub fn give_gift(&self, cloud: &str, gift: &NewGift) -> Result<String, Refused> {
        let gift = gift.clone();
        self.ask("give_gift", cloud, move |work| give_gift(work, &gift))
    }
}

/// A reason makes it goodwill.
pub(crate) fn give(work: &mut Work<'_, '_>, grant: &NewGrant) -> Result<(), Refused> {
    let source = if grant.reason.is_some() { GrantSource::Goodwill } else { GrantSource::ByHand };
    give_as(work, grant, &source)
}

pub(crate) fn give_as(work: &mut Work<'_, '_>, grant: &NewGrant, source: &GrantSource) -> Result<(), Refused> {
    let units = positive(work, grant.amount)?;
    let name = name_of(&grant.name)?;
    let products = products_of(work, &grant.products)?;
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
        return Err(taken(&grant.account, &name));
    }
    if grant.expires.is_some_and(|expires| expires <= starts) {
        return Err(Refused::new(RefusalCode::Invalid, "a grant ends after it begins: give a later `expires`"));
    }
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let granted = Granted {
        name: name.clone(),
        amount: units,
        products,
        priority: grant.priority,
        starts,
        expires: grant.expires,
        reason: grant.reason.clone().unwrap_or_default(),
        source: source.clone(),
    };
    place(work, payer.id, granted, now)?;
    let mut facts = json!({
        "grant": name.as_str(),
        "amount": grant.amount.plain(),
        "expires": grant.expires.map(|expires| expires.to_string()),
    });
    match source {
        GrantSource::ByHand | GrantSource::Goodwill => {}
        _ => facts["source"] = json!(source.to_string()),
    }
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

fn give_gift(work: &mut Work<'_, '_>, wanted: &NewGift) -> Result<String, Refused> {
    let profile = work.cloud.profile_at(work.now)?.clone();
    let gift =
        profile.catalog.gift_by_id(&wanted.gift).ok_or_else(|| Refused::not_found("gift", &wanted.gift))?.clone();
    let payer = account_of(work, &wanted.account)?;
    work.load(&[payer.id])?;
    let source = GrantSource::Gift(gift.id.clone());
    if let Some(name) = &wanted.name {
        // Under one name it is given once, however often that is asked.
        let there = work.tx.lot_by_name(payer.id, name)?;
        if there.is_some_and(|lot| lot.source.as_ref() == Some(&source)) {
            return Ok(name.clone());
        }
    }
    let had = work.tx.lots_from_count(payer.id, &source)?;
    if had >= i64::from(gift.per_account.0) {
        let what = format!("account {} has had the gift {} {had} times, as often as it may", wanted.account, gift.id);
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    let name = match (&wanted.name, had) {
        (Some(name), _) => name.clone(),
        (None, 0) => gift.id.to_string(),
        (None, had) => format!("{}-{}", gift.id, had.saturating_add(1)),
    };
    let starts = work.now.floor_second();
    let zone = Zone::parse(&payer.zone).unwrap_or(Zone::UTC);
    let expires = gift.lasts.map(|lasts| lasts.end_from(starts, &zone)).transpose().map_err(SettleError::from)?;
    let grant = NewGrant {
        name: name.clone(),
        account: wanted.account.clone(),
        amount: gift.credit,
        products: gift.products.iter().map(ToString::to_string).collect(),
        priority: i64::from(gift.priority.0),
        starts: None,
        expires,
        reason: wanted.reason.clone(),
    };
    give_as(work, &grant, &source)?;
    Ok(name)
}

pub(super) fn name_of(name: &str) -> Result<Name, Refused> {
    Name::parse(name).ok_or_else(|| Refused::new(RefusalCode::Invalid, format!("{name:?} is no name for a grant")))
}

/// Products that the cloud sells.
pub(super) fn products_of(work: &Work<'_, '_>, products: &[String]) -> Result<Vec<Name>, Refused> {
    let known = |product: &String| {
        let profile = work.cloud.profile_at(work.now).ok()?;
        profile.catalog.product_by_id(product).map(|product| product.id.clone())
    };
    products.iter().map(|product| known(product).ok_or_else(|| Refused::not_found("product", product))).collect()
}

pub(super) fn taken(account: &str, name: &Name) -> Refused {
    Refused::new(RefusalCode::Conflict, format!("account {account} has the grant {name} already, with other facts"))
}
