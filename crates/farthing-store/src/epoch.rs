//! The store's epoch: which life of this data it is.
//!
//! A restored copy must not send what the original has sent, nor delete what the original has learnt to keep. So every
//! store has an epoch; a copy opened with `--restored` begins a new one, and effects wait until an operator accepts it.

use crate::{Store, StoreError, Tx};
use farthing_core::time::Instant;
use std::sync::LazyLock;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// 1 for the first, counted up.
    pub number: i64,
    /// What another copy of the same data cannot have by chance.
    pub id: [u8; 16],
    pub begun: Instant,
    pub reason: String,
    /// Whether effects may leave the store.
    pub accepted: bool,
}

impl Store {
    /// The epoch this store is in; the first call begins the first one, with the id given.
    pub fn epoch_open(&self, id: [u8; 16], now: Instant) -> Result<Epoch, StoreError> {
        self.write("epoch_open", move |tx| {
            epoch_lock(tx)?;
            match tx.epoch()? {
                Some(epoch) => Ok(epoch),
                None => epoch_insert(tx, Epoch { number: 1, id, begun: now, reason: "created".into(), accepted: true }),
            }
        })
    }

    /// Begins a new epoch, not accepted.
    pub fn epoch_begin(&self, id: [u8; 16], reason: &str, now: Instant) -> Result<Epoch, StoreError> {
        let reason = reason.to_owned();
        self.write("epoch_begin", move |tx| tx.epoch_begin(id, &reason, now))
    }

    /// An operator says that this copy is the living one.
    pub fn epoch_accept(&self, number: i64) -> Result<bool, StoreError> {
        self.write("epoch_accept", move |tx| tx.epoch_accept(number))
    }
}

impl Tx<'_> {
    /// The epoch this store is in; none: no server has opened it yet.
    pub fn epoch(&mut self) -> Result<Option<Epoch>, StoreError> {
        epoch_newest(self)
    }

    /// Begins a new epoch, not accepted: this copy has been restored, or its owner doubts it.
    pub fn epoch_begin(&mut self, id: [u8; 16], reason: &str, now: Instant) -> Result<Epoch, StoreError> {
        epoch_lock(self)?;
        let number = epoch_newest(self)?.map_or(1, |epoch| epoch.number + 1);
        epoch_insert(self, Epoch { number, id, begun: now, reason: reason.to_owned(), accepted: false })
    }

    /// An operator says that this copy is the living one.
    pub fn epoch_accept(&mut self, number: i64) -> Result<bool, StoreError> {
        Ok(self.execute("UPDATE store_epoch SET accepted = $2 WHERE epoch = $1", &[number.into(), true.into()])? == 1)
    }
}

/// As a condition of SQL (`effects_may_leave`).
pub(crate) const LEAVES: &str =
    "NOT EXISTS (SELECT 1 FROM store_epoch e WHERE NOT e.accepted AND e.epoch = (SELECT max(epoch) FROM store_epoch))";

impl Tx<'_> {
    /// Whether effects may leave the store: it is no copy that waits for an operator. One that has no epoch yet is nobody's copy.
    pub fn effects_may_leave(&mut self) -> Result<bool, StoreError> {
        static SQL: LazyLock<String> = LazyLock::new(|| format!("SELECT CAST(1 AS BIGINT) WHERE {LEAVES}"));
        Ok(self.one(&SQL, &[], |row| row.int(0))?.is_some())
    }
}

/// Two processes that open a new store at once: one begins its epoch, the other finds it.
fn epoch_lock(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(_) => Ok(()),
        Tx::Postgres(_) => tx.execute("LOCK TABLE store_epoch IN SHARE ROW EXCLUSIVE MODE", &[]).map(drop),
    }
}

fn epoch_newest(tx: &mut Tx<'_>) -> Result<Option<Epoch>, StoreError> {
    tx.one("SELECT epoch, id, begun, reason, accepted FROM store_epoch ORDER BY epoch DESC LIMIT 1", &[], |row| {
        Ok(Epoch {
            number: row.int(0)?,
            id: row.bytes(1)?,
            begun: Instant::from_micros(row.int(2)?),
            reason: row.text(3)?,
            accepted: row.bool(4)?,
        })
    })
}

fn epoch_insert(tx: &mut Tx<'_>, epoch: Epoch) -> Result<Epoch, StoreError> {
    tx.execute(
        "INSERT INTO store_epoch (epoch, id, begun, reason, accepted) VALUES ($1, $2, $3, $4, $5)",
        &[
            epoch.number.into(),
            epoch.id.as_slice().into(),
            epoch.begun.micros().into(),
            epoch.reason.as_str().into(),
            epoch.accepted.into(),
        ],
    )?;
    Ok(epoch)
}
