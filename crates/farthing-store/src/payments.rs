//! Payments, the disputes about them, and what was told of them.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::ledger::{OwnerId, TransferId, chain};
use farthing_core::payment::{DisputeState, MethodId, PaymentId, Purpose, State};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    pub id: PaymentId,
    pub cloud: String,
    pub account: OwnerId,
    /// What its caller calls it, given once a cloud; may be empty.
    pub once: String,
    pub purpose: Purpose,
    pub channel: Channel,
    pub provider: String,
    /// None: it was used once and is not kept, or a page was opened.
    pub method: Option<MethodId>,
    /// What the provider calls what pays; empty: a page.
    pub token: String,
    /// Of the card, where it is known.
    pub fingerprint: String,
    pub bill: Option<[u8; 16]>,
    /// What is credited, and the tax that is paid with it.
    pub net: i64,
    pub tax: i64,
    /// Why so much tax, as it was decided then; may be empty.
    pub assessed: String,
    pub state: State,
    /// What the provider calls it; may be empty.
    pub reference: String,
    pub failure: String,
    pub failure_text: String,
    /// What the customer has to do.
    pub action: String,
    /// Why it was let through, held or refused: one reason a line.
    pub verdict: String,
    /// The customer agreed that what pays is kept and charged later.
    pub keeps: bool,
    pub created: Instant,
    pub changed: Instant,
    pub succeeded: Option<Instant>,
    /// The first transfer that booked it.
    pub transfer: Option<TransferId>,
    /// Of the net, what went back by refunds, and what banks took.
    pub refunded: i64,
    pub taken_back: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeRow {
    pub provider: String,
    pub reference: String,
    pub payment: PaymentId,
    /// With its tax.
    pub amount: i64,
    pub state: DisputeState,
    pub why: String,
    pub opened: Instant,
    pub ended: Option<Instant>,
    /// Those that took the money back.
    pub transfers: Vec<TransferId>,
}

/// Which of a cloud's payments.
#[derive(Clone, Debug, Default)]
pub struct PaymentFilter {
    pub account: Option<OwnerId>,
    pub state: Option<State>,
}

/// What an account's payments came to lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentsLately {
    pub begun: i64,
    /// Net, without those that failed.
    pub amounts: i64,
    /// Without those that their customer let run out.
    pub failed: i64,
}

impl PaymentRow {
    pub fn gross(&self) -> i64 {
        self.net.saturating_add(self.tax)
    }

    pub fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.net,
            self.tax,
            self.created.micros(),
            self.succeeded.map_or(i64::MIN, Instant::micros),
            self.transfer.map_or(0, TransferId::get),
            self.refunded,
            self.taken_back,
        ];
        let method = self.method.map(MethodId::to_bytes).unwrap_or_default();
        let texts = [
            self.id.to_bytes().as_slice(),
            self.cloud.as_bytes(),
            self.once.as_bytes(),
            self.purpose.name().as_bytes(),
            self.channel.word().as_bytes(),
            self.provider.as_bytes(),
            &method,
            &self.bill.unwrap_or_default(),
            self.assessed.as_bytes(),
            self.state.name().as_bytes(),
            self.reference.as_bytes(),
        ]
        .map(<[u8]>::to_vec);
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        chain::seal_row(b"payment", &numbers, &texts)
    }
}

impl Tx<'_> {
    pub fn payment_insert(&mut self, row: &PaymentRow) -> Result<(), StoreError> {
        let method = row.method.map(MethodId::to_bytes);
        self.execute(
            "INSERT INTO payment (id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax,
                assessed, state, reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer,
                refunded, taken_back, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                $26, $27, $28)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.once.as_str().into(),
                row.purpose.name().into(),
                row.channel.word().into(),
                row.provider.as_str().into(),
                method.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.token.as_str().into(),
                row.fingerprint.as_str().into(),
                row.bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.net.into(),
                row.tax.into(),
                row.assessed.as_str().into(),
                row.state.name().into(),
                row.reference.as_str().into(),
                row.failure.as_str().into(),
                row.failure_text.as_str().into(),
                row.action.as_str().into(),
                row.verdict.as_str().into(),
                row.keeps.into(),
                row.created.micros().into(),
                row.changed.micros().into(),
                row.succeeded.map(Instant::micros).into(),
                row.transfer.map(TransferId::get).into(),
                row.refunded.into(),
                row.taken_back.into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What can change of it.
    pub fn payment_write(&mut self, row: &PaymentRow) -> Result<(), StoreError> {
        let method = row.method.map(MethodId::to_bytes);
        self.execute(
            "UPDATE payment SET method = $2, fingerprint = $3, state = $4, reference = $5, failure = $6, failure_text = $7, action = $8,
                verdict = $9, changed = $10, succeeded = $11, transfer = $12, refunded = $13, taken_back = $14, bill = $15, seal = $16
             WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                method.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.fingerprint.as_str().into(),
                row.state.name().into(),
                row.reference.as_str().into(),
                row.failure.as_str().into(),
                row.failure_text.as_str().into(),
                row.action.as_str().into(),
                row.verdict.as_str().into(),
                row.changed.micros().into(),
                row.succeeded.map(Instant::micros).into(),
                row.transfer.map(TransferId::get).into(),
                row.refunded.into(),
                row.taken_back.into(),
                row.bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Who changes it holds its account's lock.
    pub fn payment(&mut self, id: PaymentId) -> Result<Option<PaymentRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
             FROM payment WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            payment_from,
        )
    }

    pub fn payment_by_once(&mut self, cloud: &str, once: &str) -> Result<Option<PaymentRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
             FROM payment WHERE cloud = $1 AND once = $2 AND once <> ''",
            &[cloud.into(), once.into()],
            payment_from,
        )
    }

    pub fn payment_by_reference(&mut self, provider: &str, reference: &str) -> Result<Option<PaymentRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
             FROM payment WHERE provider = $1 AND reference = $2 AND reference <> '' ORDER BY id LIMIT 1",
            &[provider.into(), reference.into()],
            payment_from,
        )
    }

    /// A cloud's payments, the newest first: those before one, at most so many.
    pub fn payments(
        &mut self,
        cloud: &str,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        limit: i64,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let before = before.map_or([0xff; 16], PaymentId::to_bytes);
        let state = filter.state.map_or("", State::name);
        match filter.account {
            Some(account) => self.rows(
                "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                    reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
                 FROM payment WHERE account = $1 AND id < $2 AND ($3 = '' OR state = $3) AND cloud = $4 ORDER BY id DESC LIMIT $5",
                &[account.0.into(), before.as_slice().into(), state.into(), cloud.into(), limit.into()],
                payment_from,
            ),
            None => self.rows(
                "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                    reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
                 FROM payment WHERE cloud = $1 AND id < $2 AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4",
                &[cloud.into(), before.as_slice().into(), state.into(), limit.into()],
                payment_from,
            ),
        }
    }

    /// What was paid in and can still go back, the newest payment first.
    pub fn payments_refundable(&mut self, account: OwnerId) -> Result<Vec<PaymentRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
             FROM payment WHERE account = $1 AND state = 'succeeded' AND bill IS NULL AND net > refunded + taken_back
             ORDER BY succeeded DESC, id DESC",
            &[account.0.into()],
            payment_from,
        )
    }

    /// Payments of an account that are not over, the oldest first.
    pub fn payments_open(&mut self, account: OwnerId) -> Result<Vec<PaymentRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, once, purpose, channel, provider, method, token, fingerprint, bill, net, tax, assessed, state,
                reference, failure, failure_text, action, verdict, keeps, created, changed, succeeded, transfer, refunded, taken_back
             FROM payment WHERE account = $1 AND state IN ('review', 'created', 'pending', 'requires_action', 'unknown') ORDER BY id",
            &[account.0.into()],
            payment_from,
        )
    }

    /// What an account has tried to pay in since an instant.
    pub fn payments_lately(&mut self, account: OwnerId, since: Instant) -> Result<PaymentsLately, StoreError> {
        // Ids begin with their time, so those before it are not read.
        let from = PaymentId::from_parts(u64::try_from(since.micros() / 1_000).unwrap_or(0), [0; 10]).to_bytes();
        let found = self.one(
            "SELECT count(*), CAST(coalesce(sum(CASE WHEN state IN ('failed', 'refused') THEN 0 ELSE net END), 0) AS BIGINT),
                count(CASE WHEN state = 'failed' AND failure <> 'abandoned' THEN 1 END)
             FROM payment WHERE account = $1 AND id >= $2 AND created >= $3 AND bill IS NULL",
            &[account.0.into(), from.as_slice().into(), since.micros().into()],
            |row| Ok(PaymentsLately { begun: row.int(0)?, amounts: row.int(1)?, failed: row.int(2)? }),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// How often a card was used in a cloud since an instant, whichever account it was for.
    pub fn payments_by_card(&mut self, cloud: &str, fingerprint: &str, since: Instant) -> Result<i64, StoreError> {
        let found = self.one(
            "SELECT count(*) FROM payment WHERE fingerprint = $1 AND fingerprint <> '' AND created >= $2 AND cloud = $3",
            &[fingerprint.into(), since.micros().into(), cloud.into()],
            |row| row.int(0),
        )?;
        Ok(found.unwrap_or(0))
    }

    pub fn disputes_of(&mut self, payment: PaymentId) -> Result<Vec<DisputeRow>, StoreError> {
        self.rows(
            "SELECT provider, reference, payment, amount, state, why, opened, ended, transfers FROM dispute WHERE payment = $1
             ORDER BY opened, reference",
            &[payment.to_bytes().as_slice().into()],
            dispute_from,
        )
    }

    pub fn dispute_put(&mut self, row: &DisputeRow) -> Result<(), StoreError> {
        let transfers: Vec<String> = row.transfers.iter().map(|id| id.get().to_string()).collect();
        self.execute(
            "INSERT INTO dispute (provider, reference, payment, amount, state, why, opened, ended, transfers)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (provider, reference) DO UPDATE SET state = excluded.state, ended = excluded.ended, transfers = excluded.transfers",
            &[
                row.provider.as_str().into(),
                row.reference.as_str().into(),
                row.payment.to_bytes().as_slice().into(),
                row.amount.into(),
                row.state.name().into(),
                row.why.as_str().into(),
                row.opened.micros().into(),
                row.ended.map(Instant::micros).into(),
                transfers.join(" ").as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// Keeps what a provider told; false: it told it before.
    pub fn provider_event_keep(&mut self, provider: &str, id: &str, at: Instant) -> Result<bool, StoreError> {
        let fresh = self.execute(
            "INSERT INTO provider_event (provider, id, at) VALUES ($1, $2, $3) ON CONFLICT (provider, id) DO NOTHING",
            &[provider.into(), id.into(), at.micros().into()],
        )?;
        Ok(fresh > 0)
    }
}

fn payment_from(row: &Row<'_>) -> Result<PaymentRow, StoreError> {
    let wrong = |what: &str, text: &str| StoreError::corrupt(format!("a payment with the {what} {text:?}"));
    let (purpose, channel, state) = (row.text(4)?, row.text(5)?, row.text(14)?);
    Ok(PaymentRow {
        id: PaymentId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        once: row.text(3)?,
        purpose: Purpose::parse(&purpose).ok_or_else(|| wrong("purpose", &purpose))?,
        channel: Channel::parse(&channel).ok_or_else(|| wrong("channel", &channel))?,
        provider: row.text(6)?,
        method: row.opt_bytes(7)?.map(MethodId::from_bytes),
        token: row.text(8)?,
        fingerprint: row.text(9)?,
        bill: row.opt_bytes(10)?,
        net: row.int(11)?,
        tax: row.int(12)?,
        assessed: row.text(13)?,
        state: State::parse(&state).ok_or_else(|| wrong("state", &state))?,
        reference: row.text(15)?,
        failure: row.text(16)?,
        failure_text: row.text(17)?,
        action: row.text(18)?,
        verdict: row.text(19)?,
        keeps: row.bool(20)?,
        created: Instant::from_micros(row.int(21)?),
        changed: Instant::from_micros(row.int(22)?),
        succeeded: row.opt_int(23)?.map(Instant::from_micros),
        transfer: row.opt_int(24)?.and_then(TransferId::from_i64),
        refunded: row.int(25)?,
        taken_back: row.int(26)?,
    })
}

fn dispute_from(row: &Row<'_>) -> Result<DisputeRow, StoreError> {
    let state = row.text(4)?;
    let ids = row.text(8)?;
    Ok(DisputeRow {
        provider: row.text(0)?,
        reference: row.text(1)?,
        payment: PaymentId::from_bytes(row.bytes(2)?),
        amount: row.int(3)?,
        state: DisputeState::parse(&state)
            .ok_or_else(|| StoreError::corrupt(format!("a dispute that is {state:?}")))?,
        why: row.text(5)?,
        opened: Instant::from_micros(row.int(6)?),
        ended: row.opt_int(7)?.map(Instant::from_micros),
        transfers: ids.split_whitespace().filter_map(|id| id.parse().ok()).filter_map(TransferId::from_i64).collect(),
    })
}
