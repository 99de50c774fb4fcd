//! Members' wallets as they are looked at: whose they are, what they may do, what is in them.

use crate::look_at_account::{account_id, view_of};
use crate::{Engine, Refused};
use farthing_core::money::Money;
use farthing_core::time::Instant;
use farthing_store::WalletRow;

#[derive(Clone, Debug)]
pub struct WalletView {
    /// Its name among accounts.
    pub wallet: String,
    /// The account it is in.
    pub account: String,
    pub person: String,
    pub threshold: Option<Money>,
    pub stop_on_overdue: bool,
    pub opened: Instant,
    pub closed: Option<Instant>,
    pub balance: Money,
    /// What of it can be spent.
    pub available: Money,
}

impl Engine {
    /// The wallets inside an account, in the order of their persons: those after one, at most so many.
    pub fn wallets(&self, cloud: &str, account: &str, after: &str, limit: usize) -> Result<Vec<WalletView>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.look(cloud, |work| {
            let parent = account_id(work, account)?;
            let rows = work.tx.wallets_of(parent, after, limit)?;
            rows.into_iter().map(|row| wallet_view(work, account, row)).collect()
        })
    }

    pub fn wallet(&self, cloud: &str, wallet: &str) -> Result<WalletView, Refused> {
        self.look(cloud, |work| {
            let missing = || Refused::not_found("wallet", wallet);
            let payer = work.tx.payer_by_name(cloud, wallet)?.ok_or_else(missing)?;
            let row = work.tx.wallet(payer.id)?.ok_or_else(missing)?;
            let account = work.tx.payer_name(row.parent)?;
            wallet_view(work, &account, row)
        })
    }
}

fn wallet_view(work: &mut crate::folio::Work<'_, '_>, account: &str, row: WalletRow) -> Result<WalletView, Refused> {
    let now = work.now;
    let view = view_of(work, row.account, now)?;
    let money = |units| Money::from_units(units, view.currency);
    Ok(WalletView {
        wallet: work.tx.payer_name(row.account)?,
        account: account.to_owned(),
        person: row.person,
        threshold: row.threshold.map(money),
        stop_on_overdue: row.stop_on_overdue,
        opened: row.opened,
        closed: row.closed,
        balance: money(view.figures.balance),
        available: money(view.available),
    })
}
