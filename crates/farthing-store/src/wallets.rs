//! Members' wallets (R95): accounts inside another. Everything else of a wallet is an account's.

use crate::{Column, Row, StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletRow {
    pub account: OwnerId,
    /// Whose money it holds.
    pub parent: OwnerId,
    /// Whose use it pays.
    pub person: String,
    /// The person is told when less than this is left.
    pub threshold: Option<i64>,
    /// Whether it ends with its own money; else the account it is in pays what it owes.
    pub stop_on_overdue: bool,
    pub opened: Instant,
    pub closed: Option<Instant>,
}

impl Tx<'_> {
    pub fn wallet(&mut self, account: OwnerId) -> Result<Option<WalletRow>, StoreError> {
        self.one(
            "SELECT w.account, w.parent, w.person, w.threshold, w.stop_on_overdue, a.opened, a.closed
             FROM wallet w JOIN account a ON a.id = w.account WHERE w.account = $1",
            &[account.0.into()],
            wallet_from,
        )
    }

    /// The wallets inside some accounts, closed ones too.
    pub fn wallets_in(&mut self, parents: &[OwnerId]) -> Result<Vec<WalletRow>, StoreError> {
        if parents.is_empty() {
            return Ok(Vec::new());
        }
        self.bulk_rows(
            "SELECT w.account, w.parent, w.person, w.threshold, w.stop_on_overdue, a.opened, a.closed
             FROM {bulk} JOIN wallet w ON w.parent = bulk.c1 JOIN account a ON a.id = w.account",
            vec![Column::Int(parents.iter().map(|parent| parent.0).collect())],
            wallet_from,
        )
    }

    /// The wallets inside one account in the order of their persons: those after one, at most so many.
    pub fn wallets_of(&mut self, parent: OwnerId, after: &str, most: i64) -> Result<Vec<WalletRow>, StoreError> {
        self.rows(
            "SELECT w.account, w.parent, w.person, w.threshold, w.stop_on_overdue, a.opened, a.closed
             FROM wallet w JOIN account a ON a.id = w.account WHERE w.parent = $1 AND w.person > $2 ORDER BY w.person LIMIT $3",
            &[parent.0.into(), after.into(), most.into()],
            wallet_from,
        )
    }

    pub fn wallet_put(&mut self, row: &WalletRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO wallet (account, parent, person, threshold, stop_on_overdue) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account) DO UPDATE SET threshold = excluded.threshold, stop_on_overdue = excluded.stop_on_overdue",
            &[
                row.account.0.into(),
                row.parent.0.into(),
                row.person.as_str().into(),
                row.threshold.into(),
                i64::from(row.stop_on_overdue).into(),
            ],
        )?;
        Ok(())
    }

    /// Wallets that have run out and whose debts the account they are in pays, each with its cloud.
    pub fn wallets_to_cover(&mut self) -> Result<Vec<(String, OwnerId)>, StoreError> {
        self.rows(
            "SELECT a.cloud, w.account FROM wallet w JOIN account a ON a.id = w.account
             JOIN account_state s ON s.account = w.account
             WHERE w.stop_on_overdue = 0 AND s.ran_out_at IS NOT NULL AND a.closed IS NULL ORDER BY w.account",
            &[],
            |row| Ok((row.text(0)?, OwnerId(row.int(1)?))),
        )
    }
}

fn wallet_from(row: &Row<'_>) -> Result<WalletRow, StoreError> {
    Ok(WalletRow {
        account: OwnerId(row.int(0)?),
        parent: OwnerId(row.int(1)?),
        person: row.text(2)?,
        threshold: row.opt_int(3)?,
        stop_on_overdue: row.int(4)? != 0,
        opened: Instant::from_micros(row.int(5)?),
        closed: row.opt_int(6)?.map(Instant::from_micros),
    })
}
