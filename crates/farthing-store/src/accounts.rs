//! Commodities and ledger accounts: opening, finding, closing, and their sums.

use crate::{Column, Row, StoreError, Tx};
use farthing_core::ledger::{
    Account, AccountId, Chart, Commodity, CommodityId, CommodityKind, Floor, OwnerId, TransferId, chain,
};
use farthing_core::money::Currency;
use farthing_core::time::Instant;
use std::collections::BTreeMap;

/// An account to be opened. `floor` is what its chart says, or what a policy grants its debt.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub owner: OwnerId,
    pub code: Chart,
    pub commodity: CommodityId,
    pub floor: Floor,
}

/// An account as people see it: its facts, its sums, and how many decimals they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub account: Account,
    pub code: String,
    pub opened: Instant,
}

impl Tx<'_> {
    /// In which currency an account counts; none where it counts units, or is not there.
    pub fn account_currency(&mut self, account: AccountId) -> Result<Option<Currency>, StoreError> {
        let code = self.one(
            "SELECT c.code FROM ledger_account a JOIN commodity c ON c.id = a.commodity WHERE a.id = $1",
            &[account.0.into()],
            |row| row.text(0),
        )?;
        Ok(code.and_then(|code| Currency::parse(&code).ok()))
    }

    pub fn commodity_ensure_currency(&mut self, currency: Currency) -> Result<CommodityId, StoreError> {
        self.commodity_ensure(currency.code(), CommodityKind::Currency, currency.decimal_digits())
    }

    /// The commodity of this code, made if it is not there. Its decimals are for ever: amounts are counted in them.
    pub fn commodity_ensure(
        &mut self,
        code: &str,
        kind: CommodityKind,
        decimals: u32,
    ) -> Result<CommodityId, StoreError> {
        if let Some(found) = self.commodities()?.into_iter().find(|commodity| commodity.code == code) {
            if found.kind != kind || found.decimals != decimals {
                return Err(StoreError::Unusable(format!(
                    "{code} is kept here with {} decimals as a {:?}; it cannot become one with {decimals} as a {kind:?}: \
                     use another code",
                    found.decimals, found.kind
                )));
            }
            return Ok(found.id);
        }
        let id = self.next_number("SELECT coalesce(max(id), 0) + 1 FROM commodity")?;
        self.execute(
            "INSERT INTO commodity (id, code, unit, decimals, seal) VALUES ($1, $2, $3, $4, $5)",
            &[
                id.into(),
                code.into(),
                (kind == CommodityKind::Unit).into(),
                i64::from(decimals).into(),
                chain::seal_commodity(&Commodity { id: CommodityId(id), code: code.into(), kind, decimals }).into(),
            ],
        )?;
        Ok(CommodityId(id))
    }

    pub fn commodities(&mut self) -> Result<Vec<Commodity>, StoreError> {
        self.rows("SELECT id, code, unit, decimals FROM commodity ORDER BY id", &[], commodity_from)
    }

    /// Opens accounts and gives their ids, in order.
    pub fn accounts_open(&mut self, accounts: &[NewAccount], now: Instant) -> Result<Vec<AccountId>, StoreError> {
        let first = self.next_number("SELECT coalesce(max(id), 0) + 1 FROM ledger_account")?;
        let ids: Vec<i64> = (first..).take(accounts.len()).collect();
        let codes: Vec<String> = accounts.iter().map(|account| account.code.to_string()).collect();
        let heads = ids
            .iter()
            .zip(accounts)
            .zip(&codes)
            .map(|((id, account), code)| chain::genesis(AccountId(*id), account.owner, account.commodity, code))
            .collect();
        let seals = ids
            .iter()
            .zip(accounts)
            .zip(&codes)
            .map(|((id, account), code)| {
                let account = Account {
                    id: AccountId(*id),
                    owner: account.owner,
                    commodity: account.commodity,
                    floor: account.floor,
                    closed: false,
                    debits: 0,
                    credits: 0,
                    held: 0,
                    newest: None,
                    head: [0; 32],
                };
                chain::seal_account(&account, code, now)
            })
            .collect();
        let zeros = vec![0; ids.len()];
        self.bulk_insert(
            "ledger_account",
            &["id", "owner", "code", "commodity", "floor", "hard", "closed", "opened", "seal"],
            vec![
                Column::Int(ids.clone()),
                Column::Int(accounts.iter().map(|account| account.owner.0).collect()),
                Column::Text(codes),
                Column::Int(accounts.iter().map(|account| account.commodity.0).collect()),
                Column::OptInt(accounts.iter().map(|account| floor_to_row(account.floor).0).collect()),
                Column::Bool(accounts.iter().map(|account| floor_to_row(account.floor).1).collect()),
                Column::Bool(vec![false; ids.len()]),
                Column::Int(vec![now.micros(); ids.len()]),
                Column::Int(seals),
            ],
        )?;
        self.bulk_insert(
            "ledger_balance",
            &["account", "debits", "credits", "newest", "head"],
            vec![
                Column::Int(ids.clone()),
                Column::Int(zeros.clone()),
                Column::Int(zeros),
                Column::OptInt(vec![None; ids.len()]),
                Column::Hash(heads),
            ],
        )?;
        Ok(ids.into_iter().map(AccountId).collect())
    }

    /// The owner's account of this code and commodity, opened if it is not there.
    pub fn account_ensure(&mut self, account: &NewAccount, now: Instant) -> Result<AccountId, StoreError> {
        let code = account.code.to_string();
        let found = self.one(
            "SELECT id FROM ledger_account WHERE owner = $1 AND code = $2 AND commodity = $3",
            &[account.owner.0.into(), code.as_str().into(), account.commodity.0.into()],
            |row| row.int(0),
        )?;
        match found {
            Some(id) => Ok(AccountId(id)),
            None => Ok(self.accounts_open(std::slice::from_ref(account), now)?.remove(0)),
        }
    }

    /// Closes an account, if it is empty and nothing is held of it; whether it did.
    pub fn account_close(&mut self, id: AccountId) -> Result<bool, StoreError> {
        accounts_lock(self, &[id.0])?;
        let Some(mut row) = self.account(id)? else { return Ok(false) };
        if row.account.balance() != 0 || row.account.held != 0 {
            return Ok(false);
        }
        row.account.closed = true;
        self.execute(
            "UPDATE ledger_account SET closed = $2, seal = $3 WHERE id = $1",
            &[id.0.into(), true.into(), chain::seal_account(&row.account, &row.code, row.opened).into()],
        )?;
        if let Some(mut cache) = self.account_cache() {
            cache.clear();
        }
        Ok(true)
    }

    pub fn account(&mut self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        self.one(
            "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, b.debits, b.credits, coalesce(h.held, 0), b.newest, b.head,
                    a.code, a.opened
             FROM ledger_account a JOIN ledger_balance b ON b.account = a.id LEFT JOIN ledger_held h ON h.account = a.id
             WHERE a.id = $1",
            &[id.0.into()],
            account_row,
        )
    }

    /// What an owner's account of this code has, all commodities together; zero where it was never opened.
    pub fn balance_of_code(&mut self, owner: OwnerId, code: &Chart) -> Result<i64, StoreError> {
        let sum = self.one(
            "SELECT CAST(sum(b.credits - b.debits) AS BIGINT) FROM ledger_account a JOIN ledger_balance b ON b.account = a.id
             WHERE a.owner = $1 AND a.code = $2",
            &[owner.0.into(), code.to_string().as_str().into()],
            |row| row.opt_int(0),
        )?;
        Ok(sum.flatten().unwrap_or(0))
    }

    /// These ledger accounts, locked where others may write; in order of id.
    pub fn accounts_locked(&mut self, mut ids: Vec<i64>) -> Result<Vec<Account>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        accounts_load(self, ids)
    }

    /// All of an owner's accounts, in order of opening.
    pub fn accounts_of(&mut self, owner: OwnerId) -> Result<Vec<AccountRow>, StoreError> {
        self.rows(
            "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, b.debits, b.credits, coalesce(h.held, 0), b.newest, b.head,
                    a.code, a.opened
             FROM ledger_account a JOIN ledger_balance b ON b.account = a.id LEFT JOIN ledger_held h ON h.account = a.id
             WHERE a.owner = $1 ORDER BY a.id",
            &[owner.0.into()],
            account_row,
        )
    }

    /// Every account, in order of id.
    pub fn accounts_each(
        &mut self,
        mut each: impl FnMut(AccountRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each(
            "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, b.debits, b.credits, coalesce(h.held, 0), b.newest, b.head,
                    a.code, a.opened
             FROM ledger_account a JOIN ledger_balance b ON b.account = a.id LEFT JOIN ledger_held h ON h.account = a.id
             ORDER BY a.id",
            &[],
            |row| each(account_row(row)?),
        )
    }

    /// What each account of a cloud is for, its customers' and its own, of those that count a commodity.
    pub fn charts_of_cloud(
        &mut self,
        cloud: &str,
        commodity: CommodityId,
    ) -> Result<BTreeMap<AccountId, Chart>, StoreError> {
        let mut charts = BTreeMap::new();
        self.each(
            "SELECT a.id, a.code FROM ledger_owner o JOIN ledger_account a ON a.owner = o.id WHERE o.cloud = $1 AND a.commodity = $2",
            &[cloud.into(), commodity.0.into()],
            |row| {
                if let Some(chart) = Chart::parse(&row.text(1)?) {
                    charts.insert(AccountId(row.int(0)?), chart);
                }
                Ok(())
            },
        )?;
        Ok(charts)
    }

    /// The sum of an account code over all of a cloud's shards, exact where an i64 would not hold it.
    pub fn books_sum(&mut self, cloud: &str, code: &str, commodity: CommodityId) -> Result<i128, StoreError> {
        let mut sum: i128 = 0;
        self.each(
            "SELECT b.credits, b.debits FROM ledger_owner o
             JOIN ledger_account a ON a.owner = o.id JOIN ledger_balance b ON b.account = a.id
             WHERE o.cloud = $1 AND o.books AND a.code = $2 AND a.commodity = $3",
            &[cloud.into(), code.into(), commodity.0.into()],
            |row| {
                sum += i128::from(row.int(0)?) - i128::from(row.int(1)?);
                Ok(())
            },
        )?;
        Ok(sum)
    }
}

/// The accounts of these ids, locked where others may write; sorted, as the ids are.
pub(crate) fn accounts_load(tx: &mut Tx<'_>, ids: Vec<i64>) -> Result<Vec<Account>, StoreError> {
    let mut known = Vec::new();
    let mut unknown = ids;
    if let Some(cache) = tx.account_cache() {
        known.reserve(unknown.len());
        unknown.retain(|id| match cache.get(AccountId(*id)) {
            Some(account) => {
                known.push(account.clone());
                false
            }
            None => true,
        });
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    let read = accounts_read(tx, unknown)?;
    if known.is_empty() {
        known = read;
    } else {
        known.extend(read);
        known.sort_unstable_by_key(|account| account.id);
    }
    Ok(known)
}

/// Locks the accounts' rows of sums, where others may write, in the order of ids: two batches that meet wait for each
/// other instead of locking each other out. Whoever changes anything of an account holds this lock.
///
/// A statement of its own: one that waits for a lock reads the locked row again, but what it had joined to it stays as it was
/// before the wait (held sums would be lost, and closed accounts posted to).
fn accounts_lock(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), StoreError> {
    if !tx.shares_writing() {
        return Ok(());
    }
    tx.bulk_rows(
        "SELECT count(*) FROM (
             SELECT b.account FROM {bulk} JOIN ledger_balance b ON b.account = bulk.c1 ORDER BY b.account {lock b}
         ) AS locked",
        vec![Column::Int(ids.to_vec())],
        |_| Ok(()),
    )?;
    Ok(())
}

fn accounts_read(tx: &mut Tx<'_>, ids: Vec<i64>) -> Result<Vec<Account>, StoreError> {
    accounts_lock(tx, &ids)?;
    tx.bulk_rows(
        "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, b.debits, b.credits, coalesce(h.held, 0), b.newest, b.head
         FROM {bulk} JOIN ledger_account a ON a.id = bulk.c1 JOIN ledger_balance b ON b.account = a.id
         LEFT JOIN ledger_held h ON h.account = a.id ORDER BY bulk.c1",
        vec![Column::Int(ids)],
        account_from,
    )
}

pub(crate) fn commodity_from(row: &Row<'_>) -> Result<Commodity, StoreError> {
    Ok(Commodity {
        id: CommodityId(row.int(0)?),
        code: row.text(1)?,
        kind: if row.bool(2)? { CommodityKind::Unit } else { CommodityKind::Currency },
        decimals: u32::try_from(row.int(3)?).map_err(|_| StoreError::corrupt("a commodity with negative decimals"))?,
    })
}

fn account_row(row: &Row<'_>) -> Result<AccountRow, StoreError> {
    Ok(AccountRow { account: account_from(row)?, code: row.text(11)?, opened: Instant::from_micros(row.int(12)?) })
}

pub(crate) fn account_from(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(row.int(0)?),
        owner: OwnerId(row.int(1)?),
        commodity: CommodityId(row.int(2)?),
        floor: floor_from_row(row.opt_int(3)?, row.bool(4)?)?,
        closed: row.bool(5)?,
        debits: row.int(6)?,
        credits: row.int(7)?,
        held: row.int(8)?,
        newest: row.opt_int(9)?.and_then(TransferId::from_i64),
        head: row.bytes(10)?,
    })
}

fn floor_to_row(floor: Floor) -> (Option<i64>, bool) {
    match floor {
        Floor::Open => (None, false),
        Floor::Zero => (Some(0), true),
        Floor::Minus(floor) => (Some(floor), false),
    }
}

fn floor_from_row(floor: Option<i64>, hard: bool) -> Result<Floor, StoreError> {
    match (floor, hard) {
        (None, false) => Ok(Floor::Open),
        (Some(0), true) => Ok(Floor::Zero),
        (Some(floor), false) if floor >= 0 => Ok(Floor::Minus(floor)),
        _ => Err(StoreError::corrupt(format!("a floor of {floor:?}, hard: {hard}"))),
    }
}
