//! A statement is taken whole or not at all: every movement that was not told before is written and booked against suspense, in one transaction.
//! Then each is looked at in one of its own.

use super::facts::BankFileFacts;
use super::own_account;
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::bank::{BankFileId, BankRowId, FileKind, RowState, Statement, identities, plain_iban};
use farthing_core::id::CauseId;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, BankMoved, Stamp};
use farthing_core::time::Instant;
use farthing_store::{BankFileRow, BankRow};
use serde_json::json;

/// What a bank has told, and what the file was called.
#[derive(Clone, Debug)]
pub struct NewStatement {
    pub name: String,
    /// Of the file, so that the same one twice is known.
    pub digest: String,
    pub statements: Vec<Statement>,
}

/// Movements that are looked at before the next are asked for.
const BATCH: i64 = 256;

impl Engine {
    /// Takes a statement, and looks at every movement that is new.
    pub fn take_statement(&self, cloud: &str, statement: &NewStatement) -> Result<BankFileFacts, Refused> {
        let own = statement.clone();
        let who = self.who();
        let facts = self.ask("take_statement", cloud, move |work| take(work, &own, &who))?;
        self.look_at_rows(cloud)?;
        Ok(facts)
    }

    /// Looks at whatever movements nobody has looked at.
    pub(crate) fn look_at_rows(&self, cloud: &str) -> Result<(), Refused> {
        loop {
            let fresh = self
                .store
                .read("bank_rows_new", |tx| tx.bank_rows_new(cloud, BATCH))
                .map_err(crate::EngineError::from)?;
            if fresh.is_empty() {
                return Ok(());
            }
            for id in fresh {
                self.work("look_at_row", cloud, move |work| super::look_at_row::look(work, id))?;
            }
        }
    }

    pub(crate) fn who(&self) -> String {
        self.asked.as_ref().map_or_else(String::new, |asked| asked.who.clone())
    }

    pub fn bank_files(
        &self,
        cloud: &str,
        before: Option<BankFileId>,
        limit: usize,
    ) -> Result<Vec<BankFileFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("bank_files", |tx| {
            Ok(tx.bank_files(cloud, before, limit)?.iter().map(|row| BankFileFacts::of(row, false)).collect())
        })
    }
}

fn take(work: &mut Work<'_, '_>, statement: &NewStatement, who: &str) -> Result<BankFileFacts, Refused> {
    let bank = own_account(work)?;
    let cloud = work.cloud.id.clone();
    if let Some(there) = work.tx.bank_file_by_digest(&cloud, &statement.digest)? {
        return Ok(BankFileFacts::of(&there, true));
    }
    for told in &statement.statements {
        if plain_iban(&told.account) != plain_iban(&bank.account.0) {
            let what =
                format!("this statement is of account {}: the policy's [bank] names {}", told.account, bank.account.0);
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        if told.currency != work.currency() {
            let (theirs, ours) = (told.currency.code(), work.currency().code());
            let what = format!("this statement is in {theirs}, and this cloud's accounts are in {ours}");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
    }
    let file: BankFileId = work.ids.id(work.now);
    let (bank_account, suspense) = (work.book_account(Chart::Bank)?, work.book_account(Chart::Suspense)?);
    let commodity = work.books()?.commodity;
    let (mut rows, mut fresh, mut total) = (0_i64, 0_i64, 0_i64);
    let mut commands = Vec::new();
    for told in &statement.statements {
        let names = identities(&plain_iban(&bank.account.0), &told.rows);
        for (movement, identity) in told.rows.iter().zip(names) {
            rows = rows.saturating_add(1);
            let id: BankRowId = work.ids.id(work.now);
            let transfer = work.ids.transfer(work.now);
            let row = BankRow {
                id,
                cloud: cloud.clone(),
                file,
                own: bank.account.0.clone(),
                identity,
                booked: movement.booked,
                amount: movement.amount.units(),
                nature: movement.nature,
                bank_reference: movement.bank_reference.clone(),
                name: movement.name.clone(),
                iban: plain_iban(&movement.iban),
                text: movement.text.clone(),
                reference: movement.reference.clone(),
                end_to_end: movement.end_to_end.clone(),
                batch: movement.batch.clone(),
                mandate: movement.mandate.clone(),
                reason: movement.reason.clone(),
                fee: movement.fee.map_or(0, |fee| fee.units()),
                state: RowState::New,
                account: None,
                why: String::new(),
                who: String::new(),
                told: work.now,
                changed: work.now,
                transfer,
            };
            if row.amount == 0 || !work.tx.bank_row_insert(&row)? {
                continue;
            }
            fresh = fresh.saturating_add(1);
            total = total.saturating_add(row.amount);
            let mut ids = || transfer;
            let cause = CauseId::derive(Instant::EPOCH, &[b"bank_row", &id.to_bytes()]);
            let mut stamp = Stamp { ids: &mut ids, cause: Some(cause), effective: work.now.floor_second() };
            let facts = BankMoved { commodity, bank: bank_account, suspense, amount: row.amount };
            commands.push(posting::bank_unmatched(&mut stamp, &facts));
        }
    }
    work.book(&commands)?;
    let kept = BankFileRow {
        id: file,
        cloud,
        kind: FileKind::Statement,
        name: statement.name.clone(),
        digest: statement.digest.clone(),
        at: work.now,
        rows,
        fresh,
        total,
        who: who.to_owned(),
    };
    work.tx.bank_file_insert(&kept, "")?;
    let told = json!({ "file": file.to_string(), "rows": rows, "fresh": fresh, "total": work.money(total).plain() });
    work.notes.push(Note::new("bank.statement_taken", format!("file {}", statement.name)).became(&told));
    Ok(BankFileFacts::of(&kept, false))
}
