//! A person decides about a movement that waits: whose it is, that it goes back, or that it is not of these books.

use super::credit::{credit, decision};
use super::facts::{BankRowFacts, BankSuggestion};
use super::{look_at_row, name_at_bank};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, is_open};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bank::matching::Decision;
use farthing_core::bank::{BankRowId, OrderKind, OrderState, RowState};
use farthing_core::ledger::posting::{self, Stamp};
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_store::{BankOrderRow, BankRow, Tx};
use serde_json::json;

/// What becomes of a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowDecision {
    /// It is this account's, for these bills in order; what is left over goes to the balance.
    Account { account: String, bills: Vec<BillId> },
    /// It goes back to who sent it.
    SendBack,
    /// It is nobody's who has an account here: it leaves these books.
    SetAside,
    /// It is looked at once more, by what is known now.
    LookAgain,
}

impl Engine {
    pub fn decide_bank_row(
        &self,
        cloud: &str,
        id: BankRowId,
        decided: &RowDecision,
        note: &str,
    ) -> Result<BankRowFacts, Refused> {
        let (decided, note, who) = (decided.clone(), note.to_owned(), self.who());
        let do_it = move |work: &mut Work<'_, '_>| decide(work, id, &decided, &note, &who);
        self.ask_outside("decide_bank_row", cloud, do_it, |()| self.bank_row(cloud, id))
    }

    pub fn bank_row(&self, cloud: &str, id: BankRowId) -> Result<BankRowFacts, Refused> {
        self.store.read("bank_row", |tx| {
            let missing = || Refused::not_found("movement", &id.to_string());
            let row = tx.bank_row(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            let currency = self.bank_currency(tx, cloud)?;
            facts_of(tx, &row, currency)
        })
    }

    /// A cloud's movements, the newest first: those before one, at most so many; of one state, of one account.
    pub fn bank_rows(
        &self,
        cloud: &str,
        state: Option<RowState>,
        account: Option<&str>,
        before: Option<BankRowId>,
        limit: usize,
    ) -> Result<Vec<BankRowFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("bank_rows", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let currency = self.bank_currency(tx, cloud)?;
            let rows = tx.bank_rows(cloud, state, account, before, limit)?;
            rows.iter().map(|row| facts_of(tx, row, currency)).collect()
        })
    }

    fn bank_currency(&self, tx: &mut Tx<'_>, cloud: &str) -> Result<Currency, Refused> {
        let book = self.clouds.get(tx, cloud)?.ok_or_else(|| Refused::not_found("cloud", cloud))?;
        Ok(book
            .profile_at(self.clock.now().map_err(EngineError::from)?)
            .map_err(EngineError::from)?
            .policy
            .cloud
            .currency)
    }
}

fn facts_of(tx: &mut Tx<'_>, row: &BankRow, currency: Currency) -> Result<BankRowFacts, Refused> {
    let mut suggestions = Vec::new();
    if row.state == RowState::Waiting {
        let found = match decision(tx, row, currency)? {
            Decision::Matched(one) => vec![one],
            Decision::Suggested(several) => several,
            Decision::Unknown => Vec::new(),
        };
        for one in found {
            let account = tx.payer_name(one.account)?;
            let mut bills = Vec::with_capacity(one.bills.len());
            for bill in one.bills {
                bills.extend(tx.bill(bill)?.map(|bill| bill.number));
            }
            suggestions.push(BankSuggestion { account, bills, why: one.why.to_string() });
        }
    }
    let account = match row.account {
        Some(account) => tx.payer_name(account)?,
        None => String::new(),
    };
    Ok(BankRowFacts::of(row, &account, suggestions))
}

fn decide(work: &mut Work<'_, '_>, id: BankRowId, decided: &RowDecision, note: &str, who: &str) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("movement", &id.to_string());
    let mut row = work.tx.bank_row_locked(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
    if row.state != RowState::Waiting {
        let what = format!("movement {id} waits for nobody: it is {}", row.state.name().replace('_', " "));
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let only_in = |row: &BankRow, what: &str| {
        if row.amount > 0 {
            return Ok(());
        }
        let what = format!("movement {id} went out: only what came in can be {what}");
        Err(Refused::new(RefusalCode::Conflict, what))
    };
    let said = if note.is_empty() { String::new() } else { format!(": {note}") };
    match decided {
        RowDecision::Account { account, bills } => {
            only_in(&row, "a customer's")?;
            let payer = account_ever(work, account)?;
            is_open(&payer)?;
            for bill in bills {
                let own = work.tx.bill(*bill)?.is_some_and(|bill| bill.account == payer.id);
                if !own {
                    return Err(Refused::not_found("bill", &bill.to_string()));
                }
            }
            credit(work, &mut row, payer.id, bills, &format!("a person said so{said}"), who)?;
        }
        RowDecision::SendBack => {
            only_in(&row, "sent back")?;
            if row.iban.is_empty() {
                let what = format!("the bank does not say from which account movement {id} came: pay it back by hand");
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            send_back(work, &mut row, note)?;
        }
        RowDecision::SetAside => {
            reverse(work, &row)?;
            row.state = RowState::SetAside;
            row.why = format!("a person set it aside{said}");
        }
        RowDecision::LookAgain => {
            row.state = RowState::New;
            work.tx.bank_row_write(&row)?;
            look_at_row::look(work, id)?;
            row = work.tx.bank_row_locked(id)?.ok_or_else(missing)?;
        }
    }
    if *decided != RowDecision::LookAgain {
        (row.who, row.changed) = (who.to_owned(), work.now);
        work.tx.bank_row_write(&row)?;
    }
    let told = json!({
        "movement": id.to_string(), "amount": work.money(row.amount).plain(), "state": row.state.name(), "note": note,
    });
    work.notes.push(Note::new("bank.movement_decided", format!("movement {id}")).became(&told));
    Ok(())
}

fn send_back(work: &mut Work<'_, '_>, row: &mut BankRow, note: &str) -> Result<(), Refused> {
    let sent = work.tx.bank_orders_of(&row.id.to_bytes())?.len();
    let order = BankOrderRow {
        cloud: row.cloud.clone(),
        // Sent a second time, after it came back, it is another.
        end_to_end: name_at_bank(format_args!("{}-{}", row.id, sent.saturating_add(1))),
        kind: OrderKind::SendBack,
        account: None,
        subject: row.id.to_bytes(),
        part: 0,
        amount: row.amount,
        due: None,
        name: row.name.clone(),
        iban: row.iban.clone(),
        bic: String::new(),
        text: format!("Returned: {}", row.text.replace('\n', " ")),
        state: OrderState::Waiting,
        file: None,
        batch: String::new(),
    };
    work.tx.bank_order_insert(&order)?;
    row.state = RowState::GoingBack;
    row.why =
        if note.is_empty() { "a person sends it back".to_owned() } else { format!("a person sends it back: {note}") };
    Ok(())
}

/// What booked it is taken back: these books are about customers' money alone.
fn reverse(work: &mut Work<'_, '_>, row: &BankRow) -> Result<(), Refused> {
    let effective = work.now.floor_second();
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective };
    let command = posting::reversed(&mut stamp, &[row.transfer]);
    Ok(work.book(&[command])?)
}
