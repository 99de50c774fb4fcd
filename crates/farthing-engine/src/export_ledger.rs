//! Exports the whole ledger as a plain-text accounting journal, so that other programs can agree with it.

use crate::{Engine, EngineError};
use farthing_core::journal::{Format, Journal, JournalAccount, JournalError};
use farthing_core::ledger::Chart;
use farthing_store::StoreError;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

#[derive(Debug)]
pub enum ExportError {
    Engine(EngineError),
    Journal(JournalError),
    /// The connection was lost half-way; what has been written so far is no journal.
    Interrupted,
}

impl Engine {
    /// Writes the journal of one snapshot of the ledger; how many transfers it has.
    pub fn export_ledger(&self, format: Format, out: &mut dyn Write) -> Result<u64, ExportError> {
        let mut out = Some(out);
        self.store().read("export_ledger", |tx| {
            // A second run would write a second beginning.
            let out = out.take().ok_or(ExportError::Interrupted)?;
            let owners: BTreeMap<_, _> =
                tx.owners()?.into_iter().map(|owner| (owner.id, format!("{}/{}", owner.cloud, owner.name))).collect();
            let mut accounts = Vec::new();
            tx.accounts_each(|row| {
                let chart = Chart::parse(&row.code).ok_or_else(|| {
                    StoreError::corrupt(format!("account {} has the unknown code {}", row.account.id.0, row.code))
                })?;
                accounts.push(JournalAccount {
                    id: row.account.id,
                    owner: owners.get(&row.account.owner).cloned().unwrap_or_default(),
                    chart,
                    commodity: row.account.commodity,
                    opened: row.opened,
                    balance: row.account.balance(),
                });
                Ok(())
            })?;
            let mut journal = Journal::begin(out, format, &tx.commodities()?, accounts)?;
            let mut transfers = 0;
            let mut failed = None;
            tx.transfers_each(|entry| {
                transfers += 1;
                if failed.is_none() {
                    failed = journal.push(&entry).err();
                }
                Ok(())
            })?;
            failed.map_or(Ok(()), Err)?;
            journal.finish()?.flush().map_err(JournalError::Write)?;
            Ok(transfers)
        })
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportError::Engine(error) => error.fmt(f),
            ExportError::Journal(error) => error.fmt(f),
            ExportError::Interrupted => f.write_str(
                "the connection to the store was lost half-way; what was written is no journal: export again",
            ),
        }
    }
}

impl std::error::Error for ExportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ExportError::Engine(error) => error.source(),
            ExportError::Journal(error) => error.source(),
            ExportError::Interrupted => None,
        }
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        ExportError::Engine(error.into())
    }
}

impl From<JournalError> for ExportError {
    fn from(error: JournalError) -> ExportError {
        ExportError::Journal(error)
    }
}
