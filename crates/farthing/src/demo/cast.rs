//! Who takes part: each cloud's books and its customers, their ledger accounts opened, and what kind of customer each is.

use super::dice::Dice;
use super::names;
use crate::clouds::Cloud;
use farthing_core::ledger::{AccountId, Chart, CommodityId, CommodityKind, OwnerId};
use farthing_core::money::Currency;
use farthing_core::time::Instant;
use farthing_store::{NewAccount, StoreError, Tx};

/// How a customer behaves. Generic: no cloud has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temper {
    /// Tops up well before the money ends.
    Steady,
    /// Tops up the least there is, at the last moment.
    NearlyEmpty,
    /// Runs dry now and then, and pays late.
    InDebt,
    /// Calls models all day: a hold before each call, captures after it.
    Caller,
    /// Gets a promotion, and uses only a part of it before it lapses.
    Promoted,
    /// Buys packs of units and uses them up.
    Units,
    /// Asks some money back.
    Refunded { sent: bool },
    /// Its bank takes a payment back; the cloud wins the dispute, or loses it.
    Disputed { won: bool },
    /// Came a few days ago and lives on trial credit.
    Trial,
    /// Signed up, and nothing since.
    Registered,
}

/// As many as a cloud needs, in this order; so the smallest cloud still has one of each that matters.
const TEMPERS: [Temper; 20] = [
    Temper::Steady,
    Temper::Caller,
    Temper::Promoted,
    Temper::NearlyEmpty,
    Temper::Units,
    Temper::InDebt,
    Temper::Refunded { sent: true },
    Temper::Disputed { won: true },
    Temper::Trial,
    Temper::Registered,
    Temper::Disputed { won: false },
    Temper::Steady,
    Temper::Caller,
    Temper::Refunded { sent: false },
    Temper::Steady,
    Temper::InDebt,
    Temper::NearlyEmpty,
    Temper::Units,
    Temper::Steady,
    Temper::Promoted,
];
pub(super) const CUSTOMERS_MAX: usize = TEMPERS.len();

/// The accounts of a cloud's own books.
#[derive(Clone, Copy, Debug)]
pub(super) struct Books {
    pub(super) bank: AccountId,
    pub(super) provider: AccountId,
    pub(super) compute: AccountId,
    pub(super) storage: AccountId,
    pub(super) models: AccountId,
    pub(super) packs: AccountId,
    pub(super) promo_open: AccountId,
    pub(super) promo_used: AccountId,
    pub(super) fees: AccountId,
    pub(super) units_out: AccountId,
    pub(super) units_used: AccountId,
}

/// A customer's accounts. Everybody has cash and debt; the others only whoever needs them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wallet {
    pub(super) owner: OwnerId,
    pub(super) cash: AccountId,
    pub(super) debt: AccountId,
    /// The trial's or the promotion's.
    pub(super) credit: Option<AccountId>,
    pub(super) refund_due: Option<AccountId>,
    pub(super) deferred: Option<AccountId>,
    pub(super) units: Option<AccountId>,
}

#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) money: CommodityId,
    pub(super) unit: CommodityId,
    /// What the demo's amounts are counted in: a dollar, five yuan.
    pub(super) coin: i64,
    pub(super) books: Books,
    pub(super) customers: Vec<(Temper, Wallet)>,
}

pub(super) const UNIT_DECIMALS: u32 = 6;

/// Opens the `place`-th cloud with so many customers.
pub(super) fn open(
    tx: &mut Tx<'_>,
    cloud: &Cloud,
    place: usize,
    count: usize,
    at: Instant,
) -> Result<Cast, StoreError> {
    let money = tx.commodity_ensure_currency(cloud.currency)?;
    let unit = tx.commodity_ensure("gpu-unit", CommodityKind::Unit, UNIT_DECIMALS)?;
    let coin = cloud.currency.units_per_major() * coin_majors(cloud.currency);
    let owner = tx.owner_ensure(&cloud.id, "books", true)?;
    let mut account = |owner, code: Chart, commodity| {
        let floor = code.floor(25 * coin);
        tx.account_ensure(&NewAccount { owner, code, commodity, floor }, at)
    };
    let mut book = |code, commodity| account(owner, code, commodity);
    let books = Books {
        bank: book(Chart::Bank, money)?,
        provider: book(Chart::Provider("card".into()), money)?,
        compute: book(Chart::Revenue("compute".into()), money)?,
        storage: book(Chart::Revenue("storage".into()), money)?,
        models: book(Chart::Revenue("model-api".into()), money)?,
        packs: book(Chart::Revenue("gpu-units".into()), money)?,
        promo_open: book(Chart::PromoOpen, money)?,
        promo_used: book(Chart::PromoUsed, money)?,
        fees: book(Chart::Fees, money)?,
        units_out: book(Chart::UnitsOut, unit)?,
        units_used: book(Chart::UnitsUsed, unit)?,
    };
    let mut customers = Vec::with_capacity(count);
    for (temper, name) in tempers(place, count).into_iter().zip(names::of_customers(cloud.locale(), place, count)) {
        customers.push((temper, open_wallet(tx, cloud, name, temper, [money, unit], coin, at)?));
    }
    Ok(Cast { money, unit, coin, books, customers })
}

fn open_wallet(
    tx: &mut Tx<'_>,
    cloud: &Cloud,
    name: &str,
    temper: Temper,
    [money, unit]: [CommodityId; 2],
    coin: i64,
    at: Instant,
) -> Result<Wallet, StoreError> {
    let owner = tx.owner_ensure(&cloud.id, name, false)?;
    let mut account = |code: Chart, commodity, needed: bool| {
        let floor = code.floor(25 * coin);
        let new = NewAccount { owner, code, commodity, floor };
        if needed { tx.account_ensure(&new, at).map(Some) } else { Ok(None) }
    };
    let grant = if temper == Temper::Trial { "trial" } else { "promotion" };
    let [cash, debt] = [Chart::Cash, Chart::ReceivableDebt].map(|code| account(code, money, true));
    let units = temper == Temper::Units;
    Ok(Wallet {
        owner,
        cash: cash?.expect("opened"),
        debt: debt?.expect("opened"),
        credit: account(Chart::Credit(grant.into()), money, matches!(temper, Temper::Trial | Temper::Promoted))?,
        refund_due: account(Chart::RefundDue, money, matches!(temper, Temper::Refunded { .. }))?,
        deferred: account(Chart::Deferred("gpu-pack".into()), money, units)?,
        units: account(Chart::Units("gpu-pack".into()), unit, units)?,
    })
}

/// The tempers of a cloud's customers, shuffled so that a list by name shows no order.
fn tempers(place: usize, count: usize) -> Vec<Temper> {
    let mut tempers: Vec<Temper> = TEMPERS.into_iter().take(count).collect();
    let mut dice = Dice::of(0xFA47 + place as u64);
    for last in (1..tempers.len()).rev() {
        let other = dice.between(0, i64::try_from(last).unwrap_or(0));
        tempers.swap(last, usize::try_from(other).unwrap_or(0));
    }
    tempers
}

/// So that prices look alike in every currency.
fn coin_majors(currency: Currency) -> i64 {
    match currency.code() {
        "CNY" => 5,
        "JPY" => 100,
        "KRW" => 1_000,
        _ => 1,
    }
}
