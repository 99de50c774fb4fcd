//! What runs for a time: subscriptions, what was agreed of them, and the money of each of their periods.

use crate::{Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::ledger::{AccountId, OwnerId, chain};
use farthing_core::payment::BillId;
use farthing_core::policy::AtExpiry;
use farthing_core::term::{OrderId, SubscriptionState, TermMoney};
use farthing_core::time::{Instant, Period};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    pub id: i64,
    pub cloud: String,
    pub account: OwnerId,
    /// 0: in none.
    pub project: i64,
    pub name: String,
    pub product: Name,
    /// Empty: the product has none, or it is an add-on.
    pub sku: String,
    /// Empty: it is none.
    pub addon: String,
    /// What it is added to; 0: nothing.
    pub parent: i64,
    pub quantity: i64,
    pub state: SubscriptionState,
    pub renew: AtExpiry,
    /// Its periods, as text.
    pub schedule: String,
    /// What it was ordered with: provider, region.
    pub facts: String,
    pub began: Instant,
    /// Until when it is paid, or billed.
    pub paid_to: Instant,
    /// When its renewal was tried last.
    pub tried: Option<Instant>,
    pub due_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedRow {
    pub subscription: i64,
    pub number: i64,
    pub at: Instant,
    pub recorded: Instant,
    /// As text.
    pub change: String,
}

impl AgreedRow {
    pub fn seal(&self) -> i64 {
        let numbers = [self.subscription, self.number, self.at.micros(), self.recorded.micros()];
        chain::seal_row(b"agreed", &numbers, &[self.change.as_bytes()])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermRow {
    pub id: i64,
    pub subscription: i64,
    pub account: OwnerId,
    pub purchase: OrderId,
    pub product: Name,
    /// As text.
    pub plan: String,
    pub period: Period,
    /// From when to when of it.
    pub had: Period,
    /// The deferred account it stands on.
    pub ledger: AccountId,
    pub money: TermMoney,
    /// What of it was posted as earned.
    pub earned: i64,
    pub earn_at: Option<Instant>,
}

/// What is read and written, in this order.
macro_rules! subscription {
    () => {
        "id, cloud, account, project, name, product, sku, addon, parent, quantity, state, renew, schedule, facts, began, paid_to, tried, due_at"
    };
}
/// What is read and written, in this order.
macro_rules! term {
    () => {
        "id, subscription, account, purchase, product, plan, period_from, period_to, had_from, had_to, ledger, value, cash, returned, cash_returned, earned, earn_at"
    };
}

impl Tx<'_> {
    /// Written anew or again; who does holds its account's lock.
    pub fn subscription_put(&mut self, row: &SubscriptionRow) -> Result<(), StoreError> {
        self.execute(
            concat!("INSERT INTO subscription (", subscription!(), ")
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
             ON CONFLICT (id) DO UPDATE SET account = excluded.account, project = excluded.project, sku = excluded.sku,
                quantity = excluded.quantity, state = excluded.state, renew = excluded.renew, schedule = excluded.schedule,
                paid_to = excluded.paid_to, tried = excluded.tried, due_at = excluded.due_at"),
            &[
                row.id.into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.project.into(),
                row.name.as_str().into(),
                row.product.as_str().into(),
                row.sku.as_str().into(),
                row.addon.as_str().into(),
                row.parent.into(),
                row.quantity.into(),
                row.state.name().into(),
                row.renew.word().into(),
                row.schedule.as_str().into(),
                row.facts.as_str().into(),
                row.began.micros().into(),
                row.paid_to.micros().into(),
                row.tried.map(Instant::micros).into(),
                row.due_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// It never was: its name is free again.
    pub fn subscription_end(&mut self, row: &SubscriptionRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE subscription SET name = $2, state = $3, due_at = NULL WHERE id = $1",
            &[row.id.into(), row.name.as_str().into(), row.state.name().into()],
        )?;
        Ok(())
    }

    pub fn subscription(&mut self, id: i64) -> Result<Option<SubscriptionRow>, StoreError> {
        self.one(
            concat!("SELECT ", subscription!(), " FROM subscription WHERE id = $1"),
            &[id.into()],
            subscription_from,
        )
    }

    pub fn subscription_by_name(&mut self, cloud: &str, name: &str) -> Result<Option<SubscriptionRow>, StoreError> {
        let sql = concat!("SELECT ", subscription!(), " FROM subscription WHERE cloud = $1 AND name = $2");
        self.one(sql, &[cloud.into(), name.into()], subscription_from)
    }

    pub fn subscriptions_of(&mut self, account: OwnerId) -> Result<Vec<SubscriptionRow>, StoreError> {
        let sql = concat!("SELECT ", subscription!(), " FROM subscription WHERE account = $1 ORDER BY id");
        self.rows(sql, &[account.0.into()], subscription_from)
    }

    /// Those of an account that stand on a bill: a period of theirs was bought with it.
    pub fn subscriptions_billed(&mut self, account: OwnerId, bill: BillId) -> Result<Vec<SubscriptionRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            subscription!(),
            " FROM subscription WHERE account = $1 AND EXISTS (SELECT 1 FROM term JOIN purchase ON purchase.id = term.purchase
                WHERE term.subscription = subscription.id AND purchase.bill = $2) ORDER BY id"
        );
        self.rows(sql, &[account.0.into(), bill.to_bytes().as_slice().into()], subscription_from)
    }

    /// What is added to a subscription.
    pub fn subscriptions_added_to(&mut self, parent: i64) -> Result<Vec<SubscriptionRow>, StoreError> {
        let sql =
            concat!("SELECT ", subscription!(), " FROM subscription WHERE parent = $1 AND parent <> 0 ORDER BY id");
        self.rows(sql, &[parent.into()], subscription_from)
    }

    pub fn subscriptions_of_project(&mut self, project: i64) -> Result<Vec<SubscriptionRow>, StoreError> {
        let sql =
            concat!("SELECT ", subscription!(), " FROM subscription WHERE project = $1 AND project <> 0 ORDER BY id");
        self.rows(sql, &[project.into()], subscription_from)
    }

    /// Those that something is to happen to, the earliest first: which, of which cloud and account, and when.
    pub fn subscriptions_due(
        &mut self,
        now: Instant,
        most: i64,
    ) -> Result<Vec<(i64, String, OwnerId, Instant)>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, due_at FROM subscription WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| Ok((row.int(0)?, row.text(1)?, OwnerId(row.int(2)?), Instant::from_micros(row.int(3)?))),
        )
    }

    pub fn agreed_insert(&mut self, row: &AgreedRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO agreed (subscription, number, at, recorded, change, seal) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                row.subscription.into(),
                row.number.into(),
                row.at.micros().into(),
                row.recorded.micros().into(),
                row.change.as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn agreed(&mut self, subscription: i64) -> Result<Vec<AgreedRow>, StoreError> {
        self.rows(
            "SELECT subscription, number, at, recorded, change FROM agreed WHERE subscription = $1 ORDER BY number",
            &[subscription.into()],
            agreed_from,
        )
    }

    /// Written anew or again.
    pub fn term_put(&mut self, row: &TermRow) -> Result<(), StoreError> {
        let TermMoney { value, cash, returned, cash_returned } = row.money;
        self.execute(
            concat!("INSERT INTO term (", term!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (id) DO UPDATE SET had_from = excluded.had_from, had_to = excluded.had_to, value = excluded.value,
                cash = excluded.cash, returned = excluded.returned, cash_returned = excluded.cash_returned,
                earned = excluded.earned, earn_at = excluded.earn_at"),
            &[
                row.id.into(),
                row.subscription.into(),
                row.account.0.into(),
                row.purchase.to_bytes().as_slice().into(),
                row.product.as_str().into(),
                row.plan.as_str().into(),
                row.period.start().micros().into(),
                row.period.end().micros().into(),
                row.had.start().micros().into(),
                row.had.end().micros().into(),
                row.ledger.0.into(),
                value.into(),
                cash.into(),
                returned.into(),
                cash_returned.into(),
                row.earned.into(),
                row.earn_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// The oldest first.
    pub fn terms_of_subscription(&mut self, subscription: i64) -> Result<Vec<TermRow>, StoreError> {
        let sql = concat!("SELECT ", term!(), " FROM term WHERE subscription = $1 ORDER BY period_from, id");
        self.rows(sql, &[subscription.into()], term_from)
    }

    pub fn terms_to_earn(&mut self, now: Instant, most: i64) -> Result<Vec<TermRow>, StoreError> {
        let sql = concat!("SELECT ", term!(), " FROM term WHERE earn_at <= $1 ORDER BY earn_at, id LIMIT $2");
        self.rows(sql, &[now.micros().into(), most.into()], term_from)
    }
}

pub(crate) fn subscription_from(row: &Row<'_>) -> Result<SubscriptionRow, StoreError> {
    let (product, state, renew) = (row.text(5)?, row.text(10)?, row.text(11)?);
    let wrong = |what: &str| StoreError::corrupt(format!("a subscription {what:?}"));
    Ok(SubscriptionRow {
        id: row.int(0)?,
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        project: row.int(3)?,
        name: row.text(4)?,
        product: Name::parse(&product).ok_or_else(|| wrong(&product))?,
        sku: row.text(6)?,
        addon: row.text(7)?,
        parent: row.int(8)?,
        quantity: row.int(9)?,
        state: SubscriptionState::parse(&state).ok_or_else(|| wrong(&state))?,
        renew: AtExpiry::parse(&renew).ok_or_else(|| wrong(&renew))?,
        schedule: row.text(12)?,
        facts: row.text(13)?,
        began: Instant::from_micros(row.int(14)?),
        paid_to: Instant::from_micros(row.int(15)?),
        tried: row.opt_int(16)?.map(Instant::from_micros),
        due_at: row.opt_int(17)?.map(Instant::from_micros),
    })
}

pub(crate) fn agreed_from(row: &Row<'_>) -> Result<AgreedRow, StoreError> {
    Ok(AgreedRow {
        subscription: row.int(0)?,
        number: row.int(1)?,
        at: Instant::from_micros(row.int(2)?),
        recorded: Instant::from_micros(row.int(3)?),
        change: row.text(4)?,
    })
}

pub(crate) fn term_from(row: &Row<'_>) -> Result<TermRow, StoreError> {
    let product = row.text(4)?;
    let period = |from: i64, to: i64| {
        Period::try_new_or_empty(Instant::from_micros(from), Instant::from_micros(to))
            .map_err(|_| StoreError::corrupt("a term that ends before it begins"))
    };
    Ok(TermRow {
        id: row.int(0)?,
        subscription: row.int(1)?,
        account: OwnerId(row.int(2)?),
        purchase: OrderId::from_bytes(row.bytes(3)?),
        product: Name::parse(&product).ok_or_else(|| StoreError::corrupt(format!("a term of {product:?}")))?,
        plan: row.text(5)?,
        period: period(row.int(6)?, row.int(7)?)?,
        had: period(row.int(8)?, row.int(9)?)?,
        ledger: AccountId(row.int(10)?),
        money: TermMoney {
            value: row.int(11)?,
            cash: row.int(12)?,
            returned: row.int(13)?,
            cash_returned: row.int(14)?,
        },
        earned: row.int(15)?,
        earn_at: row.opt_int(16)?.map(Instant::from_micros),
    })
}
