//! What comes next, of everything that happens by itself: one question for all queues, so that whoever has nothing to do asks one thing.

use crate::epoch::LEAVES;
use crate::{StoreError, Tx};
use farthing_core::time::Instant;
use std::sync::LazyLock;

/// Something that is done at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Holds,
    Accounts,
    Trials,
    Methods,
    Periods,
    Orders,
    Bills,
    Debits,
    BankRows,
    BankErrands,
    Sandbox,
    Wallets,
    Budgets,
    Ladders,
}

/// A column of the answer: whose it is, and its earliest time. Those of `NOW` have none: they are done as soon as somebody looks. `{leaves}`: only
/// where effects may leave; what a copy would not do is not due there.
const TIMED: [(Queue, &str); 19] = [
    (Queue::Holds, "SELECT min(expires_at) FROM hold WHERE state = 0"),
    (Queue::Accounts, "SELECT min(due_at) FROM account_state WHERE due_at IS NOT NULL"),
    (Queue::Trials, "SELECT min(next_at) FROM trial WHERE next_at IS NOT NULL AND {leaves}"),
    (Queue::Methods, "SELECT min(warn_at) FROM method WHERE warn_at IS NOT NULL"),
    (Queue::Periods, "SELECT min(bill_at) FROM account_state WHERE bill_at IS NOT NULL AND parked = ''"),
    (Queue::Orders, "SELECT min(valid_until) FROM purchase WHERE valid_until IS NOT NULL"),
    (Queue::Orders, "SELECT min(due_at) FROM subscription WHERE due_at IS NOT NULL"),
    (Queue::Orders, "SELECT min(earn_at) FROM term WHERE earn_at IS NOT NULL"),
    (Queue::Bills, "SELECT min(due) FROM bill WHERE state = 'issued' AND due IS NOT NULL"),
    (Queue::Bills, "SELECT min(next_at) FROM collecting WHERE next_at IS NOT NULL"),
    (Queue::Bills, "SELECT min(remind_at) FROM arrears WHERE remind_at IS NOT NULL"),
    (Queue::Bills, "SELECT min(due) FROM invoice_request WHERE state = 'asked' AND late = 0 AND due IS NOT NULL"),
    (Queue::Debits, "SELECT min(at) FROM announced"),
    (
        Queue::BankErrands,
        "SELECT min(next_at) FROM errand WHERE provider = 'bank' AND next_at IS NOT NULL AND {leaves}",
    ),
    (Queue::Sandbox, "SELECT min(next_at) FROM errand WHERE provider = 'sandbox' AND next_at IS NOT NULL AND {leaves}"),
    (Queue::Sandbox, "SELECT min(at) FROM sandbox_event"),
    (Queue::Ladders, "SELECT min(next_at) FROM ladder WHERE next_at IS NOT NULL AND {leaves}"),
    (Queue::Ladders, "SELECT min(overdue_at) FROM instruction WHERE overdue_at IS NOT NULL"),
    // Before the first one that is told of there is no mark of how far was told.
    (
        Queue::Holds,
        "SELECT min(expires_at) FROM hold WHERE state = 3 AND NOT EXISTS (SELECT 1 FROM told_until WHERE what = 'authorisations')",
    ),
];

const NOW: [(Queue, &str); 5] = [
    (Queue::Budgets, "SELECT 1 FROM budget WHERE stops <> stopped AND {leaves}"),
    (
        Queue::Holds,
        "SELECT 1 FROM hold WHERE state = 3 AND (expires_at, id) > (SELECT t.at, t.id FROM told_until t WHERE t.what = 'authorisations')",
    ),
    (Queue::Bills, "SELECT 1 FROM bill WHERE number = ''"),
    (Queue::BankRows, "SELECT 1 FROM bank_row WHERE state = 'new'"),
    (
        Queue::Wallets,
        "SELECT 1 FROM wallet w JOIN account_state s ON s.account = w.account
         WHERE w.stop_on_overdue = 0 AND s.ran_out_at IS NOT NULL",
    ),
];

/// What comes next, as it was when it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agenda {
    timed: Vec<(Queue, Instant)>,
    now: Vec<Queue>,
}

impl Agenda {
    pub fn is_due(&self, queue: Queue, now: Instant) -> bool {
        self.now.contains(&queue) || self.timed.iter().any(|(of, at)| *of == queue && *at <= now)
    }

    /// The earliest of all times.
    pub fn next(&self) -> Option<Instant> {
        self.timed.iter().map(|(_, at)| *at).min()
    }
}

static SQL: LazyLock<String> = LazyLock::new(|| {
    let timed = TIMED.iter().map(|(_, sql)| format!("({sql})"));
    let now = NOW.iter().map(|(_, sql)| format!("(SELECT CAST(1 AS BIGINT) WHERE EXISTS ({sql}))"));
    let columns: Vec<String> = timed.chain(now).collect();
    format!("SELECT {}", columns.join(", ")).replace("{leaves}", LEAVES)
});

impl Tx<'_> {
    pub fn agenda(&mut self) -> Result<Agenda, StoreError> {
        let found = self.one(&SQL, &[], |row| {
            let mut agenda = Agenda::default();
            for (place, (queue, _)) in TIMED.iter().enumerate() {
                agenda.timed.extend(row.opt_int(place)?.map(|at| (*queue, Instant::from_micros(at))));
            }
            for (place, (queue, _)) in NOW.iter().enumerate() {
                agenda.now.extend(row.opt_int(TIMED.len() + place)?.map(|_| *queue));
            }
            Ok(agenda)
        })?;
        Ok(found.unwrap_or_default())
    }
}
