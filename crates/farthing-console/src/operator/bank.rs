//! What pages say of the bank: movements that wait and whose they may be, orders that wait for a file, what does not agree and since when, and
//! where a customer transfers money to.

use super::payments::payments_address;
use crate::Cloud;
use crate::chart::qr::Qr;
use crate::frame::PageError;
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use farthing_core::bank::RowState;
use farthing_engine::{BankRowFacts, Engine, Reconciliation, Refused};

/// What the queues show of the bank; nothing where the policy names no account.
pub(crate) struct BankQueues {
    pub(crate) movements: Vec<MovementLine>,
    /// Empty where no order waits.
    pub(crate) orders: String,
    pub(crate) differences: Vec<DifferenceLine>,
}

pub(crate) struct MovementLine {
    pub(crate) booked: String,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) why: String,
    pub(crate) amount: Figure,
    pub(crate) suggestions: Vec<SuggestionLine>,
    pub(crate) id: String,
}

pub(crate) struct SuggestionLine {
    pub(crate) customer: String,
    pub(crate) address: String,
    pub(crate) why: String,
}

pub(crate) struct DifferenceLine {
    /// "Payment provider: stripe"
    pub(crate) account: String,
    pub(crate) day: String,
    pub(crate) age: String,
    pub(crate) words: &'static str,
    pub(crate) amount: Figure,
}

/// Where a customer transfers money to.
pub(crate) struct TransferTo {
    pub(crate) holder: String,
    pub(crate) account: String,
    pub(crate) bic: String,
    pub(crate) reference: String,
    /// Empty where any amount may come in another way.
    pub(crate) above: String,
    pub(crate) qr: Option<Qr>,
}

/// What waits at most, as a page shows it.
const MOST: usize = 200;

pub(crate) fn queues(engine: &Engine, cloud: &Cloud, notation: &Notation) -> Result<BankQueues, PageError> {
    let id = &cloud.id;
    let rows = told(engine.bank_rows(id, Some(RowState::Waiting), None, None, MOST))?.unwrap_or_default();
    let accounts = told(engine.reconcile(id))?.unwrap_or_default();
    let (orders, total) = engine.bank_orders_waiting(id)?;
    let movements = rows.iter().map(|row| movement(row, cloud, notation)).collect::<Result<_, _>>()?;
    let mut differences = Vec::new();
    for account in accounts.iter().filter(|account| account.open != 0) {
        lines_of(account, notation, &mut differences)?;
    }
    let orders = match orders {
        0 => String::new(),
        1 => format!("One order of {} waits for a file to the bank.", notation.full(total.into())?.text),
        many => format!("{many} orders wait for a file to the bank, {} together.", notation.full(total.into())?.text),
    };
    Ok(BankQueues { movements, orders, differences })
}

/// Nothing where the cloud takes no transfers, or the customer is gone.
pub(crate) fn transfer_to(
    engine: &Engine,
    cloud: &Cloud,
    name: &str,
    notation: &Notation,
) -> Result<Option<TransferTo>, PageError> {
    if !told(engine.takes_transfers(&cloud.id))?.unwrap_or(false) {
        return Ok(None);
    }
    let Some(details) = told(engine.transfer_details(&cloud.id, name, None))? else { return Ok(None) };
    let above = match details.required_above {
        None => String::new(),
        Some(above) => format!("Above {} only a transfer is taken.", notation.full(above.into())?.text),
    };
    let label = format!("A code for banking apps: transfer to {}, reference {}", details.holder, details.reference);
    Ok(Some(TransferTo {
        qr: Qr::of(&details.scan, label),
        holder: details.holder,
        account: details.account,
        bic: details.bic,
        reference: details.reference,
        above,
    }))
}

/// What a rule refuses is not there to be shown.
fn told<T>(answer: Result<T, Refused>) -> Result<Option<T>, PageError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Refused::ByRule { .. }) => Ok(None),
        Err(Refused::Engine(error)) => Err(error.into()),
    }
}

fn movement(row: &BankRowFacts, cloud: &Cloud, notation: &Notation) -> Result<MovementLine, PageError> {
    let suggestion = |one: &farthing_engine::BankSuggestion| SuggestionLine {
        customer: one.account.clone(),
        address: payments_address(&cloud.id, &one.account),
        why: match one.bills.as_slice() {
            [] => one.why.clone(),
            bills => format!("{}; it would pay {}", one.why, bills.join(", ")),
        },
    };
    Ok(MovementLine {
        booked: row.booked.clone(),
        from: if row.name.is_empty() { row.iban.clone() } else { row.name.clone() },
        text: row.text.replace('\n', " "),
        why: row.why.clone(),
        amount: notation.bare(row.amount.into())?,
        suggestions: row.suggestions.iter().map(suggestion).collect(),
        id: row.id.clone(),
    })
}

fn lines_of(account: &Reconciliation, notation: &Notation, lines: &mut Vec<DifferenceLine>) -> Result<(), PageError> {
    for one in &account.differences {
        lines.push(DifferenceLine {
            account: words::account(&account.account),
            day: one.day.clone(),
            age: match one.days_old {
                0 => "today".to_owned(),
                1 => "1 day".to_owned(),
                many => format!("{many} days"),
            },
            words: account.meaning(),
            amount: notation.bare(one.amount.into())?,
        });
    }
    Ok(())
}
