//! Reads the rows of an export page by page, each in a snapshot of its own, and hands them over: what is in memory is one page.

use super::account::AccountPages;
use super::ask::ExportAsk;
use super::{detail, documents, focus};
use crate::{Engine, EngineError, Refused};
use farthing_core::export::{
    Cell, Column, ExportWhat, Sink, detail_columns, document_columns, focus_columns, line_columns,
};
use farthing_core::ledger::OwnerId;
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use std::fmt;
use std::io;

/// Charges, or documents, of a page.
const PAGE: i64 = 1_000;
const DOCUMENTS: i64 = 200;
const ACCOUNTS: i64 = 256;

/// How far an export has come: of so many charges, or documents, so many are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportProgress {
    pub done: i64,
    pub most: i64,
    pub rows: i64,
}

#[derive(Debug)]
pub enum RowsError {
    Refused(Refused),
    Write(io::Error),
    /// Another works on it by now.
    Overtaken,
}

impl Engine {
    /// Writes every row into what `open` makes of the columns; how many there were. `step` is told after each page.
    pub fn export_rows<'s>(
        &self,
        cloud: &str,
        (what, ask): (ExportWhat, &ExportAsk),
        open: impl FnOnce(&[Column]) -> io::Result<Box<dyn Sink + 's>>,
        step: &mut dyn FnMut(ExportProgress) -> Result<(), RowsError>,
    ) -> Result<i64, RowsError> {
        ask.check(what)?;
        let currency = self.cloud_facts(cloud)?.currency;
        let account = match &ask.account {
            None => None,
            Some(name) => Some(self.export_account(cloud, name)?),
        };
        if let Some(project) = &ask.project {
            self.project(cloud, project)?;
        }
        let columns = match what {
            ExportWhat::Charges => detail_columns(currency),
            ExportWhat::Bills => document_columns(currency),
            ExportWhat::Lines => line_columns(currency),
            ExportWhat::Focus => focus_columns(currency),
        };
        let of = account.unwrap_or(OwnerId(0));
        let (charges, bills) = self.store.read("export_most", |tx| tx.export_most(cloud, of)).map_err(Refused::from)?;
        let most = match what {
            ExportWhat::Charges => charges,
            ExportWhat::Bills | ExportWhat::Lines => bills,
            ExportWhat::Focus => charges.saturating_add(bills),
        };
        let sink = open(&columns).map_err(RowsError::Write)?;
        let progress = ExportProgress { most, ..ExportProgress::default() };
        let mut export = Export { engine: self, cloud, what, ask, currency, sink, progress, step };
        if let Some(account) = account {
            export.account(account)?;
        } else {
            let mut after = OwnerId(0);
            loop {
                let page = self.store.read("export_accounts", |tx| tx.payers_page(cloud, after, "", ACCOUNTS));
                let page = page.map_err(|error| Refused::from(EngineError::from(error)))?;
                let Some(last) = page.last() else { break };
                after = last.id;
                page.iter().try_for_each(|payer| export.account(payer.id))?;
            }
        }
        export.sink.finish().map_err(RowsError::Write)?;
        Ok(export.progress.rows)
    }

    fn export_account(&self, cloud: &str, name: &str) -> Result<OwnerId, Refused> {
        let found = self.store.read("export_account", |tx| tx.payer_by_name(cloud, name)).map_err(EngineError::from)?;
        found.map(|payer| payer.id).ok_or_else(|| Refused::not_found("account", name))
    }
}

struct Export<'e, 's> {
    engine: &'e Engine,
    cloud: &'e str,
    what: ExportWhat,
    ask: &'e ExportAsk,
    currency: Currency,
    sink: Box<dyn Sink + 's>,
    progress: ExportProgress,
    step: &'e mut dyn FnMut(ExportProgress) -> Result<(), RowsError>,
}

impl Export<'_, '_> {
    fn account(&mut self, id: OwnerId) -> Result<(), RowsError> {
        let mut pages = self.engine.look(self.cloud, |work| AccountPages::begin(work, id))?;
        match self.what {
            ExportWhat::Charges => {
                self.charges(&mut pages)?;
                let (ask, currency) = (self.ask, self.currency);
                let terms = self.engine.look(self.cloud, |work| detail::term_rows(work, &pages, ask))?;
                let rows: Vec<Vec<Cell>> = terms.into_iter().map(|row| row.cells(currency)).collect();
                self.put(&rows, 0)
            }
            ExportWhat::Focus => {
                self.charges(&mut pages)?;
                self.documents(&pages)
            }
            ExportWhat::Bills | ExportWhat::Lines => self.documents(&pages),
        }
    }

    fn charges(&mut self, pages: &mut AccountPages) -> Result<(), RowsError> {
        let (what, ask, currency) = (self.what, self.ask, self.currency);
        let mut after = 0;
        while after < pages.sealed {
            let (rows, last, read) = self.engine.look(self.cloud, |work| {
                let page = pages.page(work, after, PAGE)?;
                let last = page.last().map_or(pages.sealed, |said| said.row.chained);
                let read = page.len();
                let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(read);
                for said in page {
                    if what == ExportWhat::Focus {
                        if ask.has(said.row.from) {
                            rows.push(focus::usage_row(work, pages, said)?.cells(currency));
                        }
                    } else if detail::wants(ask, &said) {
                        rows.push(detail::row_of(work, pages, said)?.cells(currency));
                    }
                }
                Ok((rows, last, read))
            })?;
            after = last;
            self.put(&rows, i64::try_from(read).unwrap_or(i64::MAX))?;
        }
        Ok(())
    }

    fn documents(&mut self, pages: &AccountPages) -> Result<(), RowsError> {
        let (what, ask, currency) = (self.what, self.ask, self.currency);
        let mut before: Option<BillId> = None;
        loop {
            let (rows, last, read) = self.engine.look(self.cloud, |work| {
                let page = pages.documents_before(work, before, DOCUMENTS)?;
                let (last, read) = (page.last().map(|(id, _)| *id), page.len());
                let mut rows: Vec<Vec<Cell>> = Vec::new();
                for (id, facts) in page {
                    let issued = ask.has(Instant::from_micros(facts.issued));
                    match what {
                        ExportWhat::Focus => {
                            let found = focus::document_rows(work, pages, id, &facts)?;
                            let wanted = found.into_iter().filter(|row| ask.has(row.charge_period.0));
                            rows.extend(wanted.map(|row| row.cells(currency)));
                        }
                        ExportWhat::Lines if issued => rows.extend(documents::line_cells(ask, facts, currency)),
                        ExportWhat::Bills if issued => {
                            rows.push(documents::document_cells(pages, id, facts, currency));
                        }
                        _ => {}
                    }
                }
                Ok((rows, last, read))
            })?;
            self.put(&rows, i64::try_from(read).unwrap_or(i64::MAX))?;
            if last.is_none() {
                return Ok(());
            }
            before = last;
        }
    }

    fn put(&mut self, rows: &[Vec<Cell>], read: i64) -> Result<(), RowsError> {
        for row in rows {
            self.sink.row(row).map_err(RowsError::Write)?;
        }
        let rows = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.progress.rows = self.progress.rows.saturating_add(rows);
        self.progress.done = self.progress.done.saturating_add(read).min(self.progress.most);
        (self.step)(self.progress)
    }
}

impl fmt::Display for RowsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowsError::Refused(refused) => refused.fmt(out),
            RowsError::Write(error) => write!(out, "the export cannot be written: {error}"),
            RowsError::Overtaken => out.write_str("another process exports it by now"),
        }
    }
}

impl std::error::Error for RowsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RowsError::Refused(refused) => refused.source(),
            RowsError::Write(error) => Some(error),
            RowsError::Overtaken => None,
        }
    }
}

impl From<Refused> for RowsError {
    fn from(refused: Refused) -> RowsError {
        RowsError::Refused(refused)
    }
}
