//! Files for the bank: debits by their due date, transfers as they wait. What is in a file is asked for once; when it was made again, it is the same.

use super::facts::BankFileFacts;
use super::{book_known, name_at_bank, own_account, through_the_bank};
use crate::asked::Note;
use crate::folio::Work;
use crate::payments::{take_payment_news, take_refund_news};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bank::{
    BankFileId, Debit, DebitBatch, FileKind, Iban, LeadTimes, Mandate, MandateEvent, MandateLife, MandateState,
    OrderKind, OrderState, Party, ReturnReason, Scheme, Sequence, Transfer, TransferBatch, calendar, earliest_due,
};
use farthing_core::money::Money;
use farthing_core::payment::{Failure, FailureCode, PaymentId, PaymentNews, RefundId, RefundNews};
use farthing_core::policy::Bank as BankPolicy;
use farthing_core::time::{CivilDate, Duration, TimeOfDay};
use farthing_store::{BankFileRow, BankOrderRow, MandateRow};
use serde_json::json;
use std::collections::BTreeMap;

/// Business days between a file and its due day: the rulebooks ask for one, and some banks for two.
const LEAD_DAYS: u16 = 2;
/// Orders in one file.
const MOST: i64 = 10_000;

impl Engine {
    /// Puts everything that waits for the bank into files; none: nothing waits.
    pub fn make_bank_files(&self, cloud: &str) -> Result<Vec<BankFileFacts>, Refused> {
        self.run_bank_errands()?;
        let who = self.who();
        self.ask("make_bank_files", cloud, move |work| make(work, &who))
    }

    /// What is sent to the bank: a name for it, and its text.
    pub fn bank_file(&self, cloud: &str, id: BankFileId) -> Result<(BankFileFacts, String), Refused> {
        self.store.read("bank_file", |tx| {
            let missing = || Refused::not_found("file", &id.to_string());
            let (row, body) = tx.bank_file(id)?.filter(|(row, _)| row.cloud == cloud).ok_or_else(missing)?;
            if body.is_empty() {
                let what = "this file came from the bank: its movements are kept, its text is not";
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            Ok((BankFileFacts::of(&row, false), body))
        })
    }

    /// How many orders wait for a file, and for how much.
    pub fn bank_orders_waiting(&self, cloud: &str) -> Result<(i64, i64), EngineError> {
        Ok(self.store.read("bank_orders_sum", |tx| tx.bank_orders_sum(cloud))?)
    }
}

/// What the files of a cloud say of it.
struct Ours {
    party: Party,
    creditor_id: Option<String>,
    today: CivilDate,
    lead: LeadTimes,
}

/// Debits that are sent later in the day are at the bank the next.
const CUT_OFF_SECOND: u32 = 12 * 3_600;

fn make(work: &mut Work<'_, '_>, who: &str) -> Result<Vec<BankFileFacts>, Refused> {
    let cloud = work.cloud.id.clone();
    let accounts: Vec<_> =
        work.tx.bank_orders_waiting(&cloud, MOST)?.iter().filter_map(|order| order.account).collect();
    work.load(&accounts)?;
    let waiting = work.tx.bank_orders_waiting(&cloud, MOST)?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let ours = ours(work, &own_account(work)?)?;
    let (debits, transfers): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|order| order.kind == OrderKind::Debit);
    let mut made = Vec::new();
    made.extend(debit_file(work, &ours, debits, who)?);
    made.extend(transfer_file(work, &ours, transfers, who)?);
    Ok(made)
}

fn ours(work: &Work<'_, '_>, bank: &BankPolicy) -> Result<Ours, Refused> {
    let policy = work.policy_at(work.now)?;
    let iban = Iban::parse(&bank.account.0).map_err(|error| {
        let what = format!("`bank.account` is no IBAN ({error}): files for the bank need one");
        Refused::new(RefusalCode::RefusedByPolicy, what)
    })?;
    let name = bank.holder.as_ref().unwrap_or(&policy.brand.legal_name).0.clone();
    let bic = bank.bic.as_ref().map(|bic| bic.0.clone()).unwrap_or_default();
    let today = policy.cloud.time_zone.civil_date_of(work.now).map_err(farthing_core::settle::SettleError::from)?;
    Ok(Ours {
        party: Party { name, iban: iban.to_string(), bic },
        creditor_id: bank.creditor_id.as_ref().map(|id| id.0.clone()),
        today,
        lead: LeadTimes {
            core_days: LEAD_DAYS,
            b2b_days: LEAD_DAYS,
            cut_off: TimeOfDay::try_from_second_of_day(CUT_OFF_SECOND).ok_or_else(|| crate::bills::broken("noon"))?,
            zone: policy.cloud.time_zone.clone(),
        },
    })
}

fn debit_file(
    work: &mut Work<'_, '_>,
    ours: &Ours,
    orders: Vec<BankOrderRow>,
    who: &str,
) -> Result<Option<BankFileFacts>, Refused> {
    if orders.is_empty() {
        return Ok(None);
    }
    let Some(creditor_id) = ours.creditor_id.clone() else {
        let what = "debits need a creditor identifier: write `creditor_id` into the policy's [bank]";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    };
    let file: BankFileId = work.ids.id(work.now);
    let mut groups: BTreeMap<(CivilDate, Scheme, Sequence), Vec<(BankOrderRow, Debit)>> = BTreeMap::new();
    for order in orders {
        let payment = work.tx.payment(PaymentId::from_bytes(order.subject))?;
        // What was decided otherwise since is not asked for.
        let Some(method) = payment.filter(|row| row.state.is_open()).and_then(|row| row.method) else {
            drop_order(work, order)?;
            continue;
        };
        let Some(mut mandate) = work.tx.mandate(method)? else {
            drop_order(work, order)?;
            continue;
        };
        let amount = work.money(order.amount);
        let debit = debit_of(&order, &mandate, amount);
        if let Err(why) = fits(ours, &creditor_id, &debit, work.now) {
            refuse(work, order, &ReturnReason::of(""), &why)?;
            continue;
        }
        let due = earliest_due(mandate.scheme, work.now, Duration::ZERO, &ours.lead, work.now);
        let due = due.map_err(crate::bills::broken)?;
        let mut life = life_of(&mandate);
        let Some(sequence) = life.sequence_of(due, false) else {
            let why = life.standing(due).to_string();
            refuse(work, order, &ReturnReason::of(""), &why)?;
            continue;
        };
        life.take(&MandateEvent::Drawn { due, sequence });
        (mandate.first_used, mandate.last_used) = (life.first_used, life.last_used);
        work.tx.mandate_write(&mandate)?;
        groups.entry((due, mandate.scheme, sequence)).or_default().push((order, debit));
    }
    let mut batches = Vec::with_capacity(groups.len());
    let (mut count, mut total) = (0_i64, 0_i64);
    for (position, ((due, scheme, sequence), members)) in groups.into_iter().enumerate() {
        let id = name_at_bank(format_args!("{file}-{}", position.saturating_add(1)));
        let mut debits = Vec::with_capacity(members.len());
        for (mut order, debit) in members {
            count = count.saturating_add(1);
            total = total.saturating_add(order.amount);
            (order.state, order.file, order.due) = (OrderState::Filed, Some(file), Some(due));
            order.batch.clone_from(&id);
            work.tx.bank_order_write(&order)?;
            debits.push(debit);
        }
        batches.push(DebitBatch {
            id,
            made: work.now,
            creditor: ours.party.clone(),
            creditor_id: creditor_id.clone(),
            due,
            scheme,
            sequence,
            debits,
        });
    }
    if batches.is_empty() {
        return Ok(None);
    }
    let text = farthing_bank::pain008(&batches, &name_at_bank(file), work.now).map_err(crate::bills::broken)?;
    write_file(work, file, FileKind::Debits, (count, total), who, &text).map(Some)
}

fn transfer_file(
    work: &mut Work<'_, '_>,
    ours: &Ours,
    orders: Vec<BankOrderRow>,
    who: &str,
) -> Result<Option<BankFileFacts>, Refused> {
    let file: BankFileId = work.ids.id(work.now);
    let id = name_at_bank(format_args!("{file}-1"));
    let on = calendar::business_day_from(ours.today).map_err(crate::bills::broken)?;
    let batch = |transfers| TransferBatch { id: id.clone(), made: work.now, debtor: ours.party.clone(), on, transfers };
    let mut transfers = Vec::with_capacity(orders.len());
    let mut good = Vec::with_capacity(orders.len());
    let mut bad = Vec::new();
    for order in orders {
        let transfer = transfer_of(&order, work.money(order.amount));
        match farthing_bank::pain001(&[batch(vec![transfer.clone()])], "check", work.now) {
            Ok(_) => {
                transfers.push(transfer);
                good.push(order);
            }
            Err(why) => bad.push((order, why.to_string())),
        }
    }
    let batch = batch(transfers);
    for (order, why) in bad {
        refuse(work, order, &ReturnReason::of(""), &why)?;
    }
    if good.is_empty() {
        return Ok(None);
    }
    let (count, total) = (i64::try_from(good.len()).unwrap_or(i64::MAX), good.iter().map(|order| order.amount).sum());
    for mut order in good {
        (order.state, order.file, order.due) = (OrderState::Filed, Some(file), Some(on));
        order.batch.clone_from(&id);
        work.tx.bank_order_write(&order)?;
        if order.kind == OrderKind::SendBack {
            // It leaves suspense for what the bank was asked for.
            book_known(work, through_the_bank(), order.amount)?;
        }
    }
    let text = farthing_bank::pain001(&[batch], &name_at_bank(file), work.now).map_err(crate::bills::broken)?;
    write_file(work, file, FileKind::Transfers, (count, total), who, &text).map(Some)
}

fn write_file(
    work: &mut Work<'_, '_>,
    id: BankFileId,
    kind: FileKind,
    (rows, total): (i64, i64),
    who: &str,
    text: &str,
) -> Result<BankFileFacts, Refused> {
    let name = format!("{}-{id}.xml", kind.name());
    let row = BankFileRow {
        id,
        cloud: work.cloud.id.clone(),
        kind,
        name,
        digest: String::new(),
        at: work.now,
        rows,
        fresh: rows,
        total,
        who: who.to_owned(),
    };
    work.tx.bank_file_insert(&row, text)?;
    let told =
        json!({ "file": id.to_string(), "kind": kind.name(), "orders": rows, "total": work.money(total).plain() });
    work.notes.push(Note::new("bank.file_made", format!("file {}", row.name)).became(&told));
    Ok(BankFileFacts::of(&row, false))
}

fn debit_of(order: &BankOrderRow, mandate: &MandateRow, amount: Money) -> Debit {
    Debit {
        end_to_end: order.end_to_end.clone(),
        amount,
        mandate: Mandate { reference: name_at_bank(mandate.method), signed: mandate.signed },
        debtor: Party { name: order.name.clone(), iban: order.iban.clone(), bic: order.bic.clone() },
        text: order.text.clone(),
    }
}

fn transfer_of(order: &BankOrderRow, amount: Money) -> Transfer {
    Transfer {
        end_to_end: order.end_to_end.clone(),
        amount,
        creditor: Party { name: order.name.clone(), iban: order.iban.clone(), bic: order.bic.clone() },
        text: order.text.clone(),
    }
}

/// Whether the bank would take it: one that cannot be written must not keep the others from it.
fn fits(ours: &Ours, creditor_id: &str, debit: &Debit, now: farthing_core::time::Instant) -> Result<(), String> {
    let batch = DebitBatch {
        id: "check".to_owned(),
        made: now,
        creditor: ours.party.clone(),
        creditor_id: creditor_id.to_owned(),
        due: ours.today,
        scheme: Scheme::Core,
        sequence: Sequence::First,
        debits: vec![debit.clone()],
    };
    farthing_bank::pain008(&[batch], "check", now).map(drop).map_err(|why| why.to_string())
}

fn drop_order(work: &mut Work<'_, '_>, mut order: BankOrderRow) -> Result<(), Refused> {
    order.state = OrderState::Dropped;
    Ok(work.tx.bank_order_write(&order)?)
}

/// It is never done: the payment or the refund fails, and says why.
pub(super) fn refuse(
    work: &mut Work<'_, '_>,
    mut order: BankOrderRow,
    reason: &ReturnReason,
    why: &str,
) -> Result<(), Refused> {
    let filed = order.state == OrderState::Filed;
    order.state = OrderState::Refused;
    work.tx.bank_order_write(&order)?;
    let failure = Failure { code: FailureCode::Returned, text: why.to_owned() };
    match order.kind {
        OrderKind::Debit => {
            let id = PaymentId::from_bytes(order.subject);
            if let Some(due) = order.due {
                rejected(work, id, due, reason)?;
            }
            take_payment_news(work, id, Some(&order.end_to_end), &PaymentNews::Failed(failure))
        }
        OrderKind::Refund => {
            let id = RefundId::from_bytes(order.subject);
            take_refund_news(work, id, order.part, Some(&order.end_to_end), &RefundNews::Failed(failure))
        }
        OrderKind::SendBack => {
            if filed {
                book_known(work, through_the_bank(), order.amount.saturating_neg())?;
            }
            let sent = farthing_core::bank::BankRowId::from_bytes(order.subject);
            if let Some(mut row) = work.tx.bank_row_locked(sent)? {
                row.state = farthing_core::bank::RowState::Waiting;
                row.why = format!("it could not be sent back: {why}");
                row.changed = work.now;
                work.tx.bank_row_write(&row)?;
            }
            Ok(())
        }
    }
}

/// A mandate whose first debit was refused has not been used: the next is its first.
fn rejected(
    work: &mut Work<'_, '_>,
    payment: PaymentId,
    due: CivilDate,
    reason: &ReturnReason,
) -> Result<(), EngineError> {
    let Some(method) = work.tx.payment(payment)?.and_then(|row| row.method) else { return Ok(()) };
    if let Some(mut mandate) = work.tx.mandate(method)? {
        let mut life = life_of(&mandate);
        life.take(&MandateEvent::Returned { due, reason: reason.clone(), settled: false });
        (mandate.first_used, mandate.last_used) = (life.first_used, life.last_used);
        work.tx.mandate_write(&mandate)?;
    }
    Ok(())
}

/// Whether it is good is its method's to say: one that is dead is gone, and of one that the customer has to confirm consent is gone.
fn life_of(mandate: &MandateRow) -> MandateLife {
    MandateLife {
        scheme: mandate.scheme,
        signed: mandate.signed,
        once: false,
        first_used: mandate.first_used,
        last_used: mandate.last_used,
        state: MandateState::Active,
    }
}
