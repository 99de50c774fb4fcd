//! What a scenario hears of: messages by the words of `expect sent`.
//!
//! Looks that follow each other look at the same messages, each at those that none before it has named; what is done between two looks makes
//! the story forget what was sent before.

use super::engine::broken;
use super::stage::StageError;
use farthing_core::ledger::OwnerId;
use farthing_store::{MessageFilter, MessageRow, Store};
use std::collections::BTreeSet;

/// The words, and the events they stand for.
const KINDS: [(&str, &str); 49] = [
    ("budget", "budget.reached"),
    ("budget", "budget.stopped"),
    ("budget", "budget.lifted"),
    ("export_ready", "export.ready"),
    ("renewal_failed", "term.renewal_failed"),
    ("term_expired", "term.expired"),
    ("order_expired", "order.expired"),
    ("order_voided", "order.voided"),
    ("outage_voided", "outage.voided"),
    ("outage_withdrawn", "outage.withdrawn"),
    ("payment_disputed", "payment.disputed"),
    ("debit_announced", "debit.announced"),
    ("refund_sent", "refund.sent"),
    ("method_failed", "payment.failed"),
    ("payment_failed", "payment.failed"),
    ("payment_action", "payment.action_needed"),
    ("topped_up", "money.topped_up"),
    ("method_expiring", "method.expiring"),
    ("refill_off", "refill.switched_off"),
    ("bill_issued", "bill.issued"),
    ("bill_due", "bill.due"),
    ("invoice_issued", "invoice.issued"),
    ("invoice_requested", "invoice.requested"),
    ("invoice_late", "invoice.late"),
    ("invoice_refused", "invoice.refused"),
    ("bill_disputed", "bill.disputed"),
    ("dispute_ended", "bill.dispute_ended"),
    ("receipt", "receipt.issued"),
    ("credit_note", "credit_note.issued"),
    ("statement", "statement.issued"),
    ("low_balance", "account.balance_low"),
    ("runway", "account.runway_short"),
    ("budget", "account.month_cost_passed"),
    ("ran_out", "account.ran_out"),
    ("charge_waived", "charge.waived"),
    ("wallet_low", "wallet.low"),
    ("credit_expiring", "credit.expiring"),
    ("units_added", "units.added"),
    ("units_used_up", "units.used_up"),
    ("units_lapsed", "units.lapsed"),
    ("trial_ending", "trial.ending"),
    ("step_notice", "step.announced"),
    ("suspended", "account.suspended"),
    ("resumed", "account.resumed"),
    ("deleted", "account.things_deleted"),
    ("purged", "account.things_purged"),
    ("space_grace", "space.grace"),
    ("resumed", "space.in_order"),
    ("deleted", "space.emptied"),
];

/// As many messages as one look looks at.
const MOST: i64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Messages up to this number are forgotten.
    forgotten: i64,
    /// The newest there was when a look held.
    looked: Option<i64>,
    /// Those that a look has named.
    named: BTreeSet<i64>,
}

impl Heard {
    /// Something is done: what was looked at is over.
    pub(super) fn forget(&mut self) {
        if let Some(looked) = self.looked.take() {
            self.forgotten = looked;
            self.named.clear();
        }
    }

    pub(super) fn sent(
        &mut self,
        store: &Store,
        cloud: &str,
        account: OwnerId,
        kind: &str,
        contains: Option<&str>,
    ) -> Result<Result<(), String>, StageError> {
        let rows = rows(store, cloud, Some(kind), Some(account))?;
        let fresh = rows.iter().filter(|row| row.number > self.forgotten && !self.named.contains(&row.number));
        let fresh: Vec<_> = fresh.collect();
        let wanted = |text: &&str| contains.is_none_or(|contains| text.contains(contains));
        match fresh.iter().rev().find(|row| wanted(&row.data.as_str())) {
            Some(found) => {
                self.named.insert(found.number);
                self.note(store, cloud)?;
                Ok(Ok(()))
            }
            None if fresh.is_empty() => Ok(Err(format!("nothing of the kind {kind} was sent"))),
            None => {
                let said: Vec<&str> = fresh.iter().map(|row| row.data.as_str()).collect();
                Ok(Err(format!("what was sent says: {}", said.join("; "))))
            }
        }
    }

    pub(super) fn nothing_sent(
        &mut self,
        store: &Store,
        cloud: &str,
        kind: Option<&str>,
    ) -> Result<Result<(), String>, StageError> {
        let rows = rows(store, cloud, kind, None)?;
        let counts = |named: &str| kind.is_some() || KINDS.iter().any(|(_, event)| *event == named);
        let fresh =
            |row: &&MessageRow| row.number > self.forgotten && !self.named.contains(&row.number) && counts(&row.kind);
        if let Some(found) = rows.iter().find(fresh) {
            return Ok(Err(format!("{} was sent: {}", found.kind, found.data)));
        }
        self.note(store, cloud)?;
        Ok(Ok(()))
    }

    fn note(&mut self, store: &Store, cloud: &str) -> Result<(), StageError> {
        let newest =
            store.read("messages", |tx| tx.messages(cloud, &MessageFilter::default(), i64::MAX, 1)).map_err(broken)?;
        self.looked = Some(newest.first().map_or(self.forgotten, |row| row.number));
        Ok(())
    }
}

/// Messages of a kind, the newest first; none: all. A word may stand for several events.
fn rows(
    store: &Store,
    cloud: &str,
    kind: Option<&str>,
    account: Option<OwnerId>,
) -> Result<Vec<MessageRow>, StageError> {
    let read = |event: Option<&str>| {
        let filter = MessageFilter { kind: event.map(str::to_owned), account };
        store.read("messages", |tx| tx.messages(cloud, &filter, i64::MAX, MOST)).map_err(broken)
    };
    let Some(kind) = kind else { return read(None) };
    let mut rows = Vec::new();
    let events: Vec<&str> = KINDS.iter().filter(|(word, _)| *word == kind).map(|(_, event)| *event).collect();
    if events.is_empty() {
        return Err(StageError::NotBuilt("expect sent of that kind"));
    }
    for event in events {
        rows.extend(read(Some(event))?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.number));
    Ok(rows)
}
