//! Books opening balances: accounts are opened, what they had becomes cash, debt or credit, against an account of the cloud's books.
//!
//! What a line says and whether it can be read is the core's. An account's opening balance is booked once, whatever file it comes in
//! and however often; a line is looked at before anything of it is written, so that a refused one has done nothing.

use crate::asked::Note;
use crate::clouds::CloudBook;
use crate::credits::give;
use crate::folio::Work;
use crate::open_account::{check_contact, insert_account, write_contact};
use crate::{Contact, Engine, NewAccount, NewGrant, RefusalCode, Refused};
use farthing_core::id::CauseId;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, ArrearsPaid, OpeningBalance, Owed, Stamp};
use farthing_core::opening::{OpeningLine, Verdict};
use farthing_core::time::{Instant, Zone};
use farthing_store::PayerRow;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines worked on at once; with `Partial`, in one transaction.
const BATCH: usize = 100;

#[derive(Clone, Debug)]
pub struct Import {
    /// What the file is called, for the audit log.
    pub file: String,
    pub digest: [u8; 32],
    pub lines: Arc<Vec<OpeningLine>>,
    pub mode: ImportMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// Nothing is written.
    DryRun,
    /// All lines, or none of them.
    Whole,
    /// What can be booked; what cannot is told.
    Partial,
}

/// A verdict, as it is kept for whoever asks again.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Fate {
    Accepted,
    There,
    Refused(String, String),
}

impl From<Fate> for Verdict {
    fn from(fate: Fate) -> Verdict {
        match fate {
            Fate::Accepted => Verdict::Accepted,
            Fate::There => Verdict::There,
            Fate::Refused(column, what) => Verdict::Refused { column, what },
        }
    }
}

impl Engine {
    /// What became of each line, in their order. `looked_at` counts them, for whoever watches.
    pub fn import_balances(
        &self,
        cloud: &str,
        import: &Import,
        looked_at: &Arc<AtomicU64>,
    ) -> Result<Vec<Verdict>, Refused> {
        let mut fates = Vec::with_capacity(import.lines.len());
        match import.mode {
            ImportMode::DryRun => {
                fates = self.look(cloud, |work| {
                    import.lines.iter().map(|line| Ok(plan(work, line)?.0)).collect::<Result<_, Refused>>()
                })?;
            }
            ImportMode::Whole => fates = self.import(cloud, import, 0..import.lines.len(), looked_at)?,
            ImportMode::Partial => {
                for start in (0..import.lines.len()).step_by(BATCH) {
                    let end = (start + BATCH).min(import.lines.len());
                    fates.extend(self.import(cloud, import, start..end, looked_at)?);
                }
            }
        }
        Ok(fates.into_iter().map(Verdict::from).collect())
    }

    /// Some lines in one transaction.
    fn import(
        &self,
        cloud: &str,
        import: &Import,
        range: std::ops::Range<usize>,
        looked_at: &Arc<AtomicU64>,
    ) -> Result<Vec<Fate>, Refused> {
        let (clouds, import, looked_at) = (self.clouds.clone(), import.clone(), looked_at.clone());
        self.ask_desk("import_balances", cloud, move |desk| {
            let lines = &import.lines[range.clone()];
            let book = clouds.get(desk.tx, desk.cloud)?;
            let book = book.ok_or_else(|| Refused::not_found("cloud with a configuration", desk.cloud))?;
            let mut fates = Vec::with_capacity(lines.len());
            if import.mode == ImportMode::Whole {
                let mut work = Work::new(&mut *desk.tx, book.clone(), desk.ids, desk.now)?;
                for line in lines {
                    fates.push(plan(&mut work, line)?.0);
                }
                if fates.iter().any(|fate| matches!(fate, Fate::Refused(..))) {
                    return Ok(fates);
                }
                fates.clear();
            }
            looked_at.store(range.start as u64, Ordering::Relaxed);
            // A work keeps every account it has met, and each posting looks through them: many at once would take the square of them.
            for batch in lines.chunks(BATCH) {
                let mut work = Work::new(&mut *desk.tx, book.clone(), desk.ids, desk.now)?;
                for line in batch {
                    let (fate, there) = plan(&mut work, line)?;
                    if matches!(fate, Fate::Accepted) {
                        take_in(&mut work, &book, line, there)?;
                    }
                    fates.push(fate);
                    looked_at.fetch_add(1, Ordering::Relaxed);
                }
                work.finish()?;
            }
            let booked = fates.iter().filter(|fate| matches!(fate, Fate::Accepted)).count();
            if booked > 0 {
                let digest = blake3::Hash::from_bytes(import.digest).to_hex();
                let facts = json!({ "accounts": booked, "digest": &digest[..16] });
                desk.notes.push(Note::new("balances.imported", format!("file {}", import.file)).became(&facts));
            }
            Ok(fates)
        })
    }
}

/// What would become of a line, and the account where it is there. It only looks.
fn plan(work: &mut Work<'_, '_>, line: &OpeningLine) -> Result<(Fate, Option<PayerRow>), Refused> {
    let refuse = |column: &str, what: String| Ok((Fate::Refused(column.to_owned(), what), None));
    let cloud = work.cloud.id.clone();
    if line.account.as_str() == crate::folio::BOOKS {
        return refuse("account", "\"books\" are the cloud's own: give the account another name".to_owned());
    }
    if let Err(Refused::ByRule { message, .. }) = check_contact(&contact_of(line)) {
        return refuse("email", message);
    }
    let there = work.tx.payer_by_name(&cloud, line.account.as_str())?;
    let booked = match cause_of(&cloud, line) {
        Some(cause) => work.tx.transfer_by_cause(cause)?,
        None => None,
    };
    let lot = match &there {
        Some(payer) if line.credit.is_some() => work.tx.lot_by_name(payer.id, &grant_of(line))?,
        _ => None,
    };
    if let Some(payer) = &there {
        if let Some((column, what)) = differs(work, line, payer)? {
            return refuse(column, what);
        }
        let units = line.balance.units();
        if let Some(booked) = &booked {
            let same = booked.amount == units.saturating_abs() && (booked.credit == payer.cash) == (units > 0);
            if !same {
                let what = "another opening balance of this account was imported before: reverse that, or tell the two apart by the column reference";
                return refuse("balance", what.to_owned());
            }
        }
        let credit_there = match (&line.credit, &lot) {
            (Some(credit), Some(lot)) if lot.amount == credit.amount.units() && lot.expires == credit.expires => true,
            (Some(_), Some(_)) => {
                return refuse("credit", "another opening credit of this account was imported before".to_owned());
            }
            (_, _) => line.credit.is_none(),
        };
        // Nothing to book, on an account that is there: nothing to do.
        let balance_there = units == 0 || booked.is_some();
        if balance_there && credit_there {
            return Ok((Fate::There, there));
        }
        if (units != 0 && balance_there) || (line.credit.is_some() && credit_there) {
            let what =
                "a part of this line was imported before: grant the credit with `farthing grant`, or leave it out";
            return refuse("credit", what.to_owned());
        }
        let cash = work.tx.accounts_locked(vec![payer.cash.0])?.first().map_or(0, |account| account.balance());
        if units < 0 && cash > 0 {
            let what = "it has money here already, and a debt is only opened where there is none: take what is owed off the balance";
            return refuse("balance", what.to_owned());
        }
    }
    if line.credit.is_some_and(|credit| credit.expires.is_some_and(|expires| expires <= work.now)) {
        return refuse("credit_expires", "it is over already: leave the credit out".to_owned());
    }
    Ok((Fate::Accepted, there))
}

/// Where an account that is there is not what the line says.
fn differs(
    work: &mut Work<'_, '_>,
    line: &OpeningLine,
    payer: &PayerRow,
) -> Result<Option<(&'static str, String)>, Refused> {
    let told = |column, said: &str, has: &str| {
        let has = if has.is_empty() { "nothing" } else { has };
        Some((column, format!("the account is there already with {has} and not {said:?}: say what it has, or nothing")))
    };
    if let Some(closed) = payer.closed {
        return Ok(Some(("account", format!("the account was closed on {closed}: give the money to another"))));
    }
    if let Some(zone) = line.zone.as_ref().filter(|zone| **zone != payer.zone) {
        return Ok(told("zone", zone, &payer.zone));
    }
    if let Some(country) = line.country.as_ref().filter(|country| **country != payer.country) {
        return Ok(told("country", country, &payer.country));
    }
    if let Some(pay) = line.pay.filter(|pay| Some(*pay) != payer.pay) {
        return Ok(told("pay", &pay.to_string(), &payer.pay.map(|pay| pay.to_string()).unwrap_or_default()));
    }
    let contact = work.tx.contact(payer.id)?.unwrap_or_default();
    let said = [("name", &line.name, &contact.name), ("email", &line.email, &contact.email)];
    // A person's name or address is not repeated where it may be kept.
    let other = said.iter().find(|(_, said, has)| !said.is_empty() && said != has);
    Ok(other.map(|(column, ..)| {
        (
            *column,
            format!(
                "the account is there already with another: change it with `farthing accounts contact {}`",
                line.account
            ),
        )
    }))
}

/// Writes what a line says, which was looked at.
fn take_in(
    work: &mut Work<'_, '_>,
    book: &CloudBook,
    line: &OpeningLine,
    there: Option<PayerRow>,
) -> Result<(), Refused> {
    let account = line.account.to_string();
    let payer = if let Some(payer) = there {
        payer
    } else {
        let zone = match &line.zone {
            Some(zone) => Zone::parse(zone).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string()))?,
            None => book.profile_at(work.now)?.policy.cloud.time_zone.clone(),
        };
        let contact = contact_of(line);
        let new =
            NewAccount { name: account.clone(), country: line.country.clone(), pay: line.pay, ..NewAccount::default() };
        let payer = insert_account(work, &new, &zone)?;
        if contact != Contact::default() {
            write_contact(work, payer.id, &contact)?;
        }
        payer
    };
    if line.balance.units() != 0 {
        open_balance(work, line, &payer)?;
    }
    if let Some(credit) = line.credit {
        let grant = NewGrant {
            name: grant_of(line),
            account,
            amount: credit.amount,
            products: Vec::new(),
            priority: 0,
            starts: None,
            expires: credit.expires,
            reason: None,
        };
        give(work, &grant)?;
    }
    work.notes.clear(); // the file is noted, not each of its lines
    Ok(())
}

fn open_balance(work: &mut Work<'_, '_>, line: &OpeningLine, payer: &PayerRow) -> Result<(), Refused> {
    let (now, amount) = (work.now, line.balance.units());
    let cause = cause_of(&work.cloud.id, line);
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let (opening, commodity) = (work.book_account(Chart::OpeningBalances)?, work.books()?.commodity);
    let owed = work.folio(payer.id).book.purse.debt;
    let debt = if amount < 0 || owed > 0 { work.debt_account(payer.id)? } else { payer.cash };
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause, effective: now.floor_second() };
    let facts = OpeningBalance { commodity, opening, cash: payer.cash, debt, amount };
    let mut commands = vec![posting::opening_balance(&mut stamp, &facts)];
    if owed > 0 && amount > 0 {
        stamp.cause = None;
        let owed = [Owed { receivable: debt, amount: owed }];
        commands
            .push(posting::arrears_paid(&mut stamp, &ArrearsPaid { commodity, cash: payer.cash, amount, owed: &owed }));
    }
    work.book(&commands)?;
    let purse = &mut work.folio(payer.id).book.purse;
    let paid = owed.min(amount.max(0));
    purse.debt += amount.min(0).saturating_neg() - paid;
    purse.cash += amount.max(0) - paid;
    work.folio(payer.id).stir();
    Ok(())
}

/// What makes an opening balance happen once, for ever and whatever file it comes in: it is of no hour. None: there is nothing to book.
fn cause_of(cloud: &str, line: &OpeningLine) -> Option<CauseId> {
    let parts: [&[u8]; 4] =
        [b"opening_balance", cloud.as_bytes(), line.account.as_str().as_bytes(), line.reference.as_bytes()];
    Some(CauseId::derive(Instant::EPOCH, &parts)).filter(|_| line.balance.units() != 0)
}

fn grant_of(line: &OpeningLine) -> String {
    if line.reference.is_empty() {
        return "opening".to_owned();
    }
    format!("opening-{}", &blake3::hash(line.reference.as_bytes()).to_hex()[..12])
}

fn contact_of(line: &OpeningLine) -> Contact {
    Contact { name: line.name.clone(), email: line.email.clone(), language: line.language.clone() }
}
