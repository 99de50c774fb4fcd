//! Opens an account: who pays, in which zone, with its ledger accounts.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::money::Currency;
use farthing_core::notice::Event;
use farthing_core::policy::Pay;
use farthing_core::time::{Instant, Zone};
use farthing_store::{ContactRow, NewAccount as NewLedgerAccount, PayerRow, PayerState, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An account to be opened. What is not said is the cloud's.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    pub name: String,
    pub zone: Option<String>,
    pub country: Option<String>,
    pub pay: Option<Pay>,
    pub contact: Option<Contact>,
    /// An account has one, and it is its cloud's (R100): whoever says another is told so. None: not said.
    pub currency: Option<Currency>,
}

/// Whom to write to about it. Nothing else is known of a person, and this can be erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub name: String,
    pub email: String,
    /// Such as `en`; empty: the cloud's.
    pub language: String,
}

/// An account as it stands, without its money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Its place in the order of opening.
    pub number: i64,
    pub name: String,
    pub zone: String,
    pub country: String,
    /// `ahead` or `afterwards`; none: what the cloud says.
    pub pay: Option<String>,
    /// Microseconds since 1970.
    pub opened: i64,
    pub closed: Option<i64>,
    pub contact: Option<Contact>,
}

impl Engine {
    /// Opens it; asked again with the same facts, it is there already and nothing happens.
    pub fn open_account(&self, cloud: &str, account: &NewAccount) -> Result<AccountFacts, Refused> {
        let account = account.clone();
        self.ask("open_account", cloud, move |work| open(work, &account))
    }

    /// Says whom to write to from now on; nobody: what was known is erased.
    pub fn set_contact(&self, cloud: &str, account: &str, contact: Option<&Contact>) -> Result<AccountFacts, Refused> {
        let (account, contact) = (account.to_owned(), contact.cloned());
        self.ask("set_contact", cloud, move |work| {
            let payer = account_of(work, &account)?;
            match &contact {
                Some(contact) => write_contact(work, payer.id, contact)?,
                None => work.tx.contact_erase(payer.id)?,
            }
            let what = if contact.is_some() { "account.contact_changed" } else { "account.contact_erased" };
            work.notes.push(Note::new(what, format!("account {account}")));
            facts_of(work.tx, &payer).map_err(Refused::from)
        })
    }

    pub fn account_facts(&self, cloud: &str, account: &str) -> Result<AccountFacts, Refused> {
        self.store.read("account_facts", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            Ok(facts_of(tx, &payer)?)
        })
    }

    /// A cloud's accounts in the order of their opening: those after one of them, whose names contain a text, at most so many.
    pub fn accounts(
        &self,
        cloud: &str,
        after: OwnerId,
        containing: &str,
        limit: usize,
    ) -> Result<Vec<AccountFacts>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("accounts", |tx| {
            let payers = tx.payers_page(cloud, after, containing, limit)?;
            payers.iter().map(|payer| facts_of(tx, payer)).collect::<Result<_, StoreError>>()
        })?)
    }
}

/// What may go into a message's header and be sent to.
pub(crate) fn check_contact(contact: &Contact) -> Result<(), Refused> {
    let plain = |text: &str| text.len() <= 200 && !text.chars().any(char::is_control);
    let named = contact.email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let address = plain(&contact.email) && named && !contact.email.contains(char::is_whitespace);
    if !contact.email.is_empty() && !address {
        let what = "the contact's email is no address: write it as name@example.com, or leave it out";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if !plain(&contact.name) || contact.language.len() > 35 || !plain(&contact.language) {
        let what =
            "a contact's name has at most 200 characters and its language is such as en or zh-CN, both in one line";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    Ok(())
}

pub(crate) fn write_contact(work: &mut Work<'_, '_>, id: OwnerId, contact: &Contact) -> Result<(), Refused> {
    check_contact(contact)?;
    let row =
        ContactRow { name: contact.name.clone(), email: contact.email.clone(), language: contact.language.clone() };
    Ok(work.tx.contact_put(id, &row)?)
}

pub(crate) fn facts_of(tx: &mut Tx<'_>, payer: &PayerRow) -> Result<AccountFacts, StoreError> {
    let contact = tx.contact(payer.id)?;
    Ok(AccountFacts {
        number: payer.id.0,
        name: payer.name.clone(),
        zone: payer.zone.clone(),
        country: payer.country.clone(),
        pay: payer.pay.map(|pay| pay.to_string()),
        opened: payer.opened.micros(),
        closed: payer.closed.map(Instant::micros),
        contact: contact.map(|row| Contact { name: row.name, email: row.email, language: row.language }),
    })
}

fn open(work: &mut Work<'_, '_>, account: &NewAccount) -> Result<AccountFacts, Refused> {
    if Name::parse(&account.name).is_none() {
        let what = format!("{:?} is no name for an account: use lower-case letters, digits, - and _", account.name);
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if account.name == crate::folio::BOOKS {
        let what = format!("{:?} are the cloud's own: give the account another name", account.name);
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if let Some(other) = account.currency.filter(|other| *other != work.currency()) {
        let what = format!(
            "accounts of this cloud are in {}, and this one would be in {}: prices are in one currency, so sell in another as another cloud",
            work.currency().code(),
            other.code()
        );
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let policy = work.policy_at(work.now)?.clone();
    let zone = match &account.zone {
        Some(zone) => Zone::parse(zone).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string()))?,
        None => policy.cloud.time_zone.clone(),
    };
    let cloud = work.cloud.id.clone();
    if let Some(there) = work.tx.payer_by_name(&cloud, &account.name)? {
        let country = account.country.as_ref().is_none_or(|country| *country == there.country);
        let same = there.zone == zone.name() && there.pay == account.pay && country;
        return if same {
            Ok(facts_of(work.tx, &there)?)
        } else {
            Err(Refused::new(
                RefusalCode::Conflict,
                format!("account {:?} is there already, with other facts", account.name),
            ))
        };
    }
    let payer = insert_account(work, account, &zone)?;
    if let Some(contact) = &account.contact {
        write_contact(work, payer.id, contact)?;
    }
    let facts = json!({ "zone": payer.zone, "country": payer.country, "pay": payer.pay.map(|pay| pay.to_string()) });
    work.notes.push(Note::new("account.opened", format!("account {}", payer.name)).became(&facts));
    Ok(facts_of(work.tx, &payer)?)
}

/// Writes an account that is not there yet, with its ledger account.
pub(crate) fn insert_account(work: &mut Work<'_, '_>, account: &NewAccount, zone: &Zone) -> Result<PayerRow, Refused> {
    let cloud = work.cloud.id.clone();
    let (now, commodity) = (work.now, work.books()?.commodity);
    let owner = work.tx.owner_ensure(&cloud, &account.name, false)?;
    let cash = work
        .tx
        .account_ensure(&NewLedgerAccount { owner, code: Chart::Cash, commodity, floor: Chart::Cash.floor(0) }, now)?;
    let payer = PayerRow {
        id: owner,
        cloud,
        name: account.name.clone(),
        zone: zone.name().to_owned(),
        country: account.country.clone().unwrap_or_default(),
        pay: account.pay,
        opened: now,
        closed: None,
        cash,
        debt: None,
        unbilled: None,
    };
    let state = PayerState {
        account: owner,
        open_from: zone.day_of(now).map_err(farthing_core::settle::SettleError::from)?.start(),
        due_at: None,
        ran_out_at: None,
        version: work.cloud.newest,
        outage: work.cloud.outages.newest(),
        parked: String::new(),
        sealed: 0,
        head: [0; 32],
        watch: None,
        grant_at: None,
        bill_at: None,
    };
    work.tx.payer_insert(&payer, &state)?;
    let event = Event::AccountOpened {
        account: payer.name.clone(),
        zone: payer.zone.clone(),
        country: payer.country.clone(),
        pay: payer.pay.map(|pay| pay.to_string()),
    };
    work.tell(Some(owner), event);
    Ok(payer)
}
