//! Opens an account: who pays, in which zone, with its ledger accounts.

use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::policy::Pay;
use farthing_core::time::Zone;
use farthing_store::{NewAccount as NewLedgerAccount, PayerRow, PayerState};

/// An account to be opened. What is not said is the cloud's.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    pub name: String,
    pub zone: Option<String>,
    pub country: Option<String>,
    pub pay: Option<Pay>,
}

impl Engine {
    /// Opens it; asked again with the same facts, it is there already and nothing happens.
    pub fn open_account(&self, cloud: &str, account: &NewAccount) -> Result<(), Refused> {
        let (account, cloud) = (account.clone(), cloud.to_owned());
        self.work("open_account", &cloud, move |work| open(work, &account))
    }
}

fn open(work: &mut Work<'_, '_>, account: &NewAccount) -> Result<(), Refused> {
    if Name::parse(&account.name).is_none() {
        let what = format!("{:?} is no name for an account: use lower-case letters, digits, - and _", account.name);
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if account.name == crate::folio::BOOKS {
        let what = format!("{:?} are the cloud's own: give the account another name", account.name);
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
            Ok(())
        } else {
            Err(Refused::new(
                RefusalCode::Conflict,
                format!("account {:?} is there already, with other facts", account.name),
            ))
        };
    }
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
        parked: String::new(),
        sealed: 0,
        head: [0; 32],
    };
    work.tx.payer_insert(&payer, &state)?;
    Ok(())
}
