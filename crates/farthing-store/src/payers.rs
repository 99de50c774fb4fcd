//! Billing accounts: who pays, and the state of each that changes as it lives.

use crate::open_charges::{place_from, places_column};
use crate::{Column, Row, StoreError, Tx};
use farthing_core::ledger::{AccountId, OwnerId, chain};
use farthing_core::policy::Pay;
use farthing_core::time::Instant;

/// The fixed facts of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerRow {
    pub id: OwnerId,
    pub cloud: String,
    pub name: String,
    pub zone: String,
    pub country: String,
    /// Where the account says itself whether it pays ahead.
    pub pay: Option<Pay>,
    pub opened: Instant,
    pub closed: Option<Instant>,
    pub cash: AccountId,
    /// None: it never owed anything.
    pub debt: Option<AccountId>,
    /// None: it never had anything to be billed.
    pub unbilled: Option<AccountId>,
}

/// An account that cannot be settled, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedRow {
    pub cloud: String,
    pub name: String,
    pub why: String,
}

/// What changes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerState {
    pub account: OwnerId,
    pub open_from: Instant,
    pub due_at: Option<Instant>,
    pub ran_out_at: Option<Instant>,
    /// The newest configuration its lines know of.
    pub version: i64,
    /// The newest report of an outage that they know of.
    pub outage: i64,
    /// Why it cannot be settled; empty: it can.
    pub parked: String,
    /// How many charges were sealed, and the head of their chain.
    pub sealed: i64,
    pub head: [u8; 32],
    /// It is looked at as soon as less than this can be spent, but not before that instant.
    pub watch: Option<(i64, Instant)>,
    /// When the next of its grants that come again is to be given.
    pub grant_at: Option<Instant>,
    /// When the documents of its billing period are issued; none: nothing of it is to be billed.
    pub bill_at: Option<Instant>,
}

/// What of an account's facts those need who add to its totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerBrief {
    pub id: OwnerId,
    pub zone: String,
    pub pay: Option<Pay>,
    pub closed: Option<Instant>,
}

impl PayerRow {
    /// Of its fixed facts. Not of the name: it belongs to a person, and `verify` compares it with its ledger owner's.
    pub fn seal(&self) -> i64 {
        let micros = |at: Option<Instant>| at.map_or(i64::MIN, Instant::micros);
        let pay = self.pay.map_or(-1, pay_code);
        let wallet = |account: Option<AccountId>| account.map_or(0, |account| account.0);
        let numbers = [
            self.id.0,
            pay,
            self.opened.micros(),
            micros(self.closed),
            self.cash.0,
            wallet(self.debt),
            wallet(self.unbilled),
        ];
        let texts = [self.cloud.as_bytes(), self.zone.as_bytes(), self.country.as_bytes()];
        chain::seal_row(b"payer", &numbers, &texts)
    }
}

impl Tx<'_> {
    pub fn payer_insert(&mut self, payer: &PayerRow, state: &PayerState) -> Result<(), StoreError> {
        self.payers_insert(std::slice::from_ref(payer), std::slice::from_ref(state))
    }

    pub fn payers_insert(&mut self, payers: &[PayerRow], states: &[PayerState]) -> Result<(), StoreError> {
        let ints = |of: fn(&PayerRow) -> i64| Column::Int(payers.iter().map(of).collect());
        let texts = |of: fn(&PayerRow) -> &String| Column::Text(payers.iter().map(|payer| of(payer).clone()).collect());
        self.bulk_insert(
            "account",
            &["id", "cloud", "name", "zone", "country", "pay", "opened", "closed", "cash", "debt", "unbilled", "seal"],
            vec![
                ints(|payer| payer.id.0),
                texts(|payer| &payer.cloud),
                texts(|payer| &payer.name),
                texts(|payer| &payer.zone),
                texts(|payer| &payer.country),
                Column::OptInt(payers.iter().map(|payer| payer.pay.map(pay_code)).collect()),
                ints(|payer| payer.opened.micros()),
                Column::OptInt(payers.iter().map(|payer| payer.closed.map(Instant::micros)).collect()),
                ints(|payer| payer.cash.0),
                Column::OptInt(payers.iter().map(|payer| payer.debt.map(|debt| debt.0)).collect()),
                Column::OptInt(payers.iter().map(|payer| payer.unbilled.map(|unbilled| unbilled.0)).collect()),
                ints(PayerRow::seal),
            ],
        )?;
        self.payer_states_insert(states)
    }

    fn payer_states_insert(&mut self, states: &[PayerState]) -> Result<(), StoreError> {
        self.bulk_insert("account_state", STATE_NAMES, state_columns(states))
    }

    pub fn payer_by_name(&mut self, cloud: &str, name: &str) -> Result<Option<PayerRow>, StoreError> {
        self.one(
            "SELECT id, cloud, name, zone, country, pay, opened, closed, cash, debt, unbilled
             FROM account WHERE cloud = $1 AND name = $2",
            &[cloud.into(), name.into()],
            payer_from,
        )
    }

    /// Those of these names that are there, each with its place among them.
    pub fn payers_by_name(&mut self, cloud: &str, names: &[&str]) -> Result<Vec<(usize, PayerBrief)>, StoreError> {
        let mut found = Vec::with_capacity(names.len());
        let mut missing: Vec<usize> = Vec::new();
        if let Some(mut cache) = self.account_cache() {
            let known = cache.names.payers.of(cloud);
            for (place, name) in names.iter().enumerate() {
                match known.get(*name) {
                    Some(payer) => found.push((place, payer.clone())),
                    None => missing.push(place),
                }
            }
        } else {
            missing.extend(0..names.len());
        }
        let asked: Vec<&str> = missing.iter().map(|place| names[*place]).collect();
        let read = self.bulk_rows(
            "SELECT a.id, a.zone, a.pay, a.closed, bulk.c3
             FROM {bulk} JOIN account a ON a.cloud = bulk.c1 AND a.name = bulk.c2",
            vec![Column::same_text(cloud, asked.len()), Column::joined(&asked), places_column(asked.len())],
            |row| {
                let (pay, closed) = (pay_from(row.opt_int(2)?)?, row.opt_int(3)?.map(Instant::from_micros));
                Ok((place_from(row, 4)?, PayerBrief { id: OwnerId(row.int(0)?), zone: row.text(1)?, pay, closed }))
            },
        )?;
        for (place, payer) in read {
            if let Some(mut cache) = self.account_cache() {
                cache.names.payers.keep(cloud, asked[place], payer.clone());
            }
            found.push((missing[place], payer));
        }
        Ok(found)
    }

    /// The accounts of a cloud, by name.
    pub fn payers_of(&mut self, cloud: &str) -> Result<Vec<PayerRow>, StoreError> {
        let mut payers = self.rows(
            "SELECT id, cloud, name, zone, country, pay, opened, closed, cash, debt, unbilled FROM account WHERE cloud = $1",
            &[cloud.into()],
            payer_from,
        )?;
        payers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(payers)
    }

    /// Those of a cloud in the order of their opening, after one of them, whose names contain a text; at most so many. Not by LIKE, which
    /// takes `_` and `%` for anything, and upper case for lower on one of the databases.
    pub fn payers_page(
        &mut self,
        cloud: &str,
        after: OwnerId,
        containing: &str,
        limit: i64,
    ) -> Result<Vec<PayerRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, name, zone, country, pay, opened, closed, cash, debt, unbilled FROM account
             WHERE cloud = $1 AND id > $2 AND ($3 = '' OR replace(name, $3, '') <> name) ORDER BY id LIMIT $4",
            &[cloud.into(), after.0.into(), containing.to_lowercase().as_str().into(), limit.into()],
            payer_from,
        )
    }

    /// Those that cannot be settled, of all clouds, by cloud and name.
    pub fn payers_parked(&mut self) -> Result<Vec<ParkedRow>, StoreError> {
        let mut parked = self.rows(
            "SELECT a.cloud, a.name, s.parked FROM account_state s JOIN account a ON a.id = s.account WHERE s.parked <> ''",
            &[],
            |row| Ok(ParkedRow { cloud: row.text(0)?, name: row.text(1)?, why: row.text(2)? }),
        )?;
        parked.sort_by(|one, other| (&one.cloud, &one.name).cmp(&(&other.cloud, &other.name)));
        Ok(parked)
    }

    /// How many cannot be settled.
    pub fn payers_parked_count(&mut self) -> Result<i64, StoreError> {
        Ok(self.one("SELECT count(*) FROM account_state WHERE parked <> ''", &[], |row| row.int(0))?.unwrap_or(0))
    }

    /// In order of id.
    pub fn payers(&mut self, ids: &[OwnerId]) -> Result<Vec<PayerRow>, StoreError> {
        self.bulk_rows(
            "SELECT a.id, a.cloud, a.name, a.zone, a.country, a.pay, a.opened, a.closed, a.cash, a.debt, a.unbilled
             FROM {bulk} JOIN account a ON a.id = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(ids)],
            payer_from,
        )
    }

    /// As its cloud calls it; empty: there is none.
    pub fn payer_name(&mut self, id: OwnerId) -> Result<String, StoreError> {
        Ok(self.payers(&[id])?.pop().map(|payer| payer.name).unwrap_or_default())
    }

    /// Of a cloud: how many accounts cannot be settled, and since when the one that is due longest is due.
    pub fn payers_lag(&mut self, cloud: &str) -> Result<(i64, Option<Instant>), StoreError> {
        let parked = self.one(
            "SELECT count(*) FROM account_state s JOIN account a ON a.id = s.account WHERE a.cloud = $1 AND s.parked <> ''",
            &[cloud.into()],
            |row| row.int(0),
        )?;
        let due = self.one(
            "SELECT min(s.due_at) FROM account_state s JOIN account a ON a.id = s.account WHERE a.cloud = $1 AND s.due_at IS NOT NULL",
            &[cloud.into()],
            |row| row.opt_int(0),
        )?;
        Ok((parked.unwrap_or(0), due.flatten().map(Instant::from_micros)))
    }

    /// Notes which ledger accounts it has by now.
    pub fn payer_wallets_write(&mut self, payer: &PayerRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE account SET debt = $2, unbilled = $3, seal = $4 WHERE id = $1",
            &[
                payer.id.0.into(),
                payer.debt.map(|debt| debt.0).into(),
                payer.unbilled.map(|unbilled| unbilled.0).into(),
                payer.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Whether it pays ahead, from now on.
    pub fn payer_pay_write(&mut self, payer: &PayerRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE account SET pay = $2, seal = $3 WHERE id = $1",
            &[payer.id.0.into(), payer.pay.map(pay_code).into(), payer.seal().into()],
        )?;
        if let Some(mut cache) = self.account_cache() {
            cache.names.payers.clear();
        }
        Ok(())
    }

    pub fn payer_close(&mut self, id: OwnerId, at: Instant) -> Result<(), StoreError> {
        let Some(payer) = self.payers(&[id])?.pop() else { return Ok(()) };
        let closed = PayerRow { closed: Some(at), ..payer };
        self.execute(
            "UPDATE account SET closed = $2, seal = $3 WHERE id = $1",
            &[id.0.into(), at.micros().into(), closed.seal().into()],
        )?;
        if let Some(mut cache) = self.account_cache() {
            cache.names.payers.clear();
        }
        Ok(())
    }

    /// Locks these accounts where others may write, in order of id, and reads their states. Whoever changes anything of an
    /// account's charges, lots or facts holds this lock.
    pub fn payer_states(&mut self, ids: &[OwnerId]) -> Result<Vec<PayerState>, StoreError> {
        if self.shares_writing() {
            self.bulk_rows(
                "SELECT count(*) FROM (
                     SELECT s.account FROM {bulk} JOIN account_state s ON s.account = bulk.c1 ORDER BY s.account {lock s}
                 ) AS locked",
                vec![ids_column(ids)],
                |_| Ok(()),
            )?;
        }
        self.bulk_rows(
            "SELECT s.account, s.open_from, s.due_at, s.ran_out_at, s.version, s.parked, s.sealed, s.head, s.watch_below, s.watch_from, s.grant_at, s.bill_at, s.outage
             FROM {bulk} JOIN account_state s ON s.account = bulk.c1 ORDER BY bulk.c1",
            vec![ids_column(ids)],
            state_from,
        )
    }

    pub fn payer_states_write(&mut self, states: &[PayerState]) -> Result<(), StoreError> {
        self.bulk_overwrite("account_state", STATE_NAMES, state_columns(states))
    }

    /// Makes accounts due no later than at an instant.
    pub fn payers_hurry(&mut self, ids: &[OwnerId], at: Instant) -> Result<(), StoreError> {
        self.bulk_execute(
            "UPDATE account_state SET due_at = bulk.c2 FROM {bulk}
             WHERE account_state.account = bulk.c1 AND (account_state.due_at IS NULL OR account_state.due_at > bulk.c2)",
            vec![ids_column(ids), Column::Int(vec![at.micros(); ids.len()])],
        )?;
        Ok(())
    }

    /// All accounts of a cloud that have anything open become due. `ever`: or that ever had.
    pub fn payers_hurry_all(&mut self, cloud: &str, at: Instant, ever: bool) -> Result<(), StoreError> {
        self.execute(
            "UPDATE account_state SET due_at = $2
             WHERE (due_at IS NULL OR due_at > $2) AND account IN (SELECT id FROM account WHERE cloud = $1)
               AND (account IN (SELECT account FROM open_charge) OR ($3 AND account IN (SELECT account FROM thing_payer)))",
            &[cloud.into(), at.micros().into(), ever.into()],
        )?;
        Ok(())
    }

    /// Accounts whose time has come, with their clouds, the earliest first, then by id.
    pub fn payers_due(&mut self, at: Instant, most: i64) -> Result<Vec<(OwnerId, Instant, String)>, StoreError> {
        self.rows(
            "SELECT s.account, s.due_at, a.cloud FROM account_state s JOIN account a ON a.id = s.account
             WHERE s.due_at IS NOT NULL AND s.due_at <= $1 ORDER BY s.due_at, s.account LIMIT $2",
            &[at.micros().into(), most.into()],
            |row| Ok((OwnerId(row.int(0)?), Instant::from_micros(row.int(1)?), row.text(2)?)),
        )
    }

    /// The earliest instant at which any account is due.
    pub fn payer_due_next(&mut self) -> Result<Option<Instant>, StoreError> {
        let next =
            self.one("SELECT min(due_at) FROM account_state WHERE due_at IS NOT NULL", &[], |row| row.opt_int(0))?;
        Ok(next.flatten().map(Instant::from_micros))
    }

    /// Accounts with something open, after an id, in order. (The cloud is compared as an expression: an index by cloud would read
    /// all of its accounts for each page of them.)
    pub fn payers_open_after(&mut self, cloud: &str, after: OwnerId, most: i64) -> Result<Vec<OwnerId>, StoreError> {
        self.rows(
            "SELECT a.id FROM account a JOIN account_state s ON s.account = a.id WHERE a.id > $1 AND a.cloud || '' = $2 AND s.parked = ''
             AND EXISTS (SELECT 1 FROM open_charge o WHERE o.account = a.id) ORDER BY a.id LIMIT $3",
            &[after.0.into(), cloud.into(), most.into()],
            |row| Ok(OwnerId(row.int(0)?)),
        )
    }
}

const STATE_NAMES: &[&str] = &[
    "account",
    "open_from",
    "due_at",
    "ran_out_at",
    "version",
    "parked",
    "sealed",
    "head",
    "watch_below",
    "watch_from",
    "grant_at",
    "bill_at",
    "outage",
];

fn state_columns(states: &[PayerState]) -> Vec<Column> {
    let micros = |at: Option<Instant>| at.map(Instant::micros);
    vec![
        Column::Int(states.iter().map(|state| state.account.0).collect()),
        Column::Int(states.iter().map(|state| state.open_from.micros()).collect()),
        Column::OptInt(states.iter().map(|state| micros(state.due_at)).collect()),
        Column::OptInt(states.iter().map(|state| micros(state.ran_out_at)).collect()),
        Column::Int(states.iter().map(|state| state.version).collect()),
        Column::Text(states.iter().map(|state| state.parked.clone()).collect()),
        Column::Int(states.iter().map(|state| state.sealed).collect()),
        Column::Hash(states.iter().map(|state| state.head).collect()),
        Column::OptInt(states.iter().map(|state| state.watch.map(|(below, _)| below)).collect()),
        Column::OptInt(states.iter().map(|state| micros(state.watch.map(|(_, from)| from))).collect()),
        Column::OptInt(states.iter().map(|state| micros(state.grant_at)).collect()),
        Column::OptInt(states.iter().map(|state| micros(state.bill_at)).collect()),
        Column::Int(states.iter().map(|state| state.outage).collect()),
    ]
}

pub(crate) fn ids_column(ids: &[OwnerId]) -> Column {
    Column::Int(ids.iter().map(|id| id.0).collect())
}

fn pay_code(pay: Pay) -> i64 {
    match pay {
        Pay::Prepaid => 0,
        Pay::Postpaid => 1,
    }
}

fn pay_from(code: Option<i64>) -> Result<Option<Pay>, StoreError> {
    match code {
        None => Ok(None),
        Some(0) => Ok(Some(Pay::Prepaid)),
        Some(1) => Ok(Some(Pay::Postpaid)),
        Some(other) => Err(StoreError::corrupt(format!("an account that pays in way {other}"))),
    }
}

pub(crate) fn payer_from(row: &Row<'_>) -> Result<PayerRow, StoreError> {
    let pay = pay_from(row.opt_int(5)?)?;
    Ok(PayerRow {
        id: OwnerId(row.int(0)?),
        cloud: row.text(1)?,
        name: row.text(2)?,
        zone: row.text(3)?,
        country: row.text(4)?,
        pay,
        opened: Instant::from_micros(row.int(6)?),
        closed: row.opt_int(7)?.map(Instant::from_micros),
        cash: AccountId(row.int(8)?),
        debt: row.opt_int(9)?.map(AccountId),
        unbilled: row.opt_int(10)?.map(AccountId),
    })
}

pub(crate) fn state_from(row: &Row<'_>) -> Result<PayerState, StoreError> {
    Ok(PayerState {
        account: OwnerId(row.int(0)?),
        open_from: Instant::from_micros(row.int(1)?),
        due_at: row.opt_int(2)?.map(Instant::from_micros),
        ran_out_at: row.opt_int(3)?.map(Instant::from_micros),
        version: row.int(4)?,
        parked: row.text(5)?,
        sealed: row.int(6)?,
        head: row.bytes(7)?,
        watch: row.opt_int(8)?.zip(row.opt_int(9)?.map(Instant::from_micros)),
        grant_at: row.opt_int(10)?.map(Instant::from_micros),
        bill_at: row.opt_int(11)?.map(Instant::from_micros),
        outage: row.int(12)?,
    })
}
