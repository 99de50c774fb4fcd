//! `/clouds/{id}/customers/{name}`: what a customer has and how long it lasts, what runs, what it was charged, and every movement
//! of each of its ledger accounts.

use super::charges::{self, Known};
use super::outlook::Outlook;
use super::resources::{Resources, resources};
use super::wealth::{Wealth, currency_of};
use crate::Cloud;
use crate::Console;
use crate::chart::DayEnd;
use crate::chart::balance_line::{BalanceLine, HEIGHT, balance_line};
use crate::frame::{self, Frame, PageError};
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use crate::words::moment::{Moment, month_text};
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use farthing_core::ledger::{AccountId, Chart, Commodity, CommodityId, Hold, OwnerId, TransferId};
use farthing_core::time::{CivilDate, Instant, Zone};
use farthing_engine::{AccountStanding, ChargeQuestion};
use farthing_store::{AccountName, AccountRow, ChargeRow, HistoryLine, ThingRow, Tx};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const LINES_A_PAGE: usize = 50;
const HOLDS_MAX: i64 = 50;
/// So many days of charges; the others are on pages of their own.
const DAYS_SHOWN: usize = 5;
/// The balance line goes back so many days, and walks so many transfers of an account at most.
const DAYS_MAX: usize = 186;
const WALK_MAX: usize = 4_000;

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    sentence: String,
    /// None: it has ledger accounts, and none that the engine bills.
    billed: Option<Billed>,
    figures: Vec<(&'static str, Figure)>,
    chart: Option<BalanceLine>,
    chart_height: u32,
    accounts: Vec<AccountLine>,
    holds: Vec<HoldLine>,
    history: History,
}

/// What the engine says of it.
struct Billed {
    as_of: Moment,
    zone: String,
    resources: Resources,
    month: String,
    month_before: String,
    products: Vec<ProductLine>,
    products_total: ProductLine,
    days: Vec<charges::Day>,
    charges_address: String,
    /// Where the customer themselves look.
    own_address: String,
    payments_address: String,
    code: &'static str,
}

/// What a product has cost this month so far, sealed and open, and in all of the month before.
struct ProductLine {
    name: String,
    now: Figure,
    before: Figure,
}

struct AccountLine {
    words: String,
    code: String,
    address: String,
    label: String,
    balance: Figure,
    held: Figure,
    last: Option<Moment>,
    chosen: bool,
}

struct HoldLine {
    id: String,
    amount: Figure,
    captured: Figure,
    reserved: Figure,
    until: Moment,
    over: bool,
}

/// One account's movements, a page of them.
struct History {
    account: String,
    label: String,
    lines: Vec<Movement>,
    newest: Option<String>,
    older: Option<String>,
}

struct Movement {
    address: String,
    when: Moment,
    what: &'static str,
    other: String,
    other_code: String,
    change: Figure,
    after: Figure,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// An account's code.
    account: Option<String>,
    /// The last transfer of the page before.
    before: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Ok(Path((id, name))), Ok(Query(asked))) = (path, asked) else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| not_here("There is no cloud of this name."))?;
        let now = console.engine.now()?;
        let read = console.engine.store().read("console_customer", |tx| Read::of(tx, cloud, &name, &asked, now))?;
        let account = if read.billed { Some(Account::of(console, cloud, &name, now)?) } else { None };
        read.page(cloud, &name, now, account.as_ref())
    })
    .await
}

fn not_here(sentence: &str) -> PageError {
    PageError::NotFound(sentence.to_owned())
}

/// What the engine says of one account.
struct Account {
    standing: AccountStanding,
    /// Of the month before this one, and of this one.
    charges: Vec<ChargeRow>,
    known: Known,
    /// By product, from the first of the month on.
    this_month: BTreeMap<String, i64>,
    /// The first of this month.
    month: CivilDate,
}

impl Account {
    fn of(console: &Console, cloud: &Cloud, name: &str, now: Instant) -> Result<Account, PageError> {
        let engine = &console.engine;
        let month = cloud.time_zone.civil_date_of(now)?.first_of_month();
        let begins = cloud.time_zone.start_of_day(month)?;
        let before = cloud.time_zone.start_of_day(month.add_months(-1)?)?;
        let asked = ChargeQuestion { from: Some(before), ..ChargeQuestion::default() };
        let charges = engine.charges(&cloud.id, name, &asked)?;
        let mut this_month = BTreeMap::new();
        let sold = cloud.profile.catalog.product.iter().map(|product| product.id.to_string());
        for product in sold.chain(charges.iter().map(|row| row.product.to_string())).collect::<BTreeSet<_>>() {
            let asked = ChargeQuestion { product: Some(product.clone()), from: Some(begins), to: None };
            this_month.insert(product, engine.charges_sum(&cloud.id, name, &asked, now)?.units());
        }
        let known = engine.store().read("console_charges", |tx| Known::of(tx, &charges))?;
        let standing = engine.account_standing(&cloud.id, name, now)?;
        Ok(Account { standing, charges, known, this_month, month })
    }
}

/// What the ledger and the timelines say, out of one snapshot.
struct Read {
    /// The engine has an account of this name.
    billed: bool,
    owner: OwnerId,
    things: Vec<ThingRow>,
    commodities: Vec<Commodity>,
    accounts: Vec<AccountRow>,
    /// Whose history is shown; None: there is no account yet.
    chosen: Option<AccountRow>,
    from_newest: bool,
    lines: Vec<HistoryLine>,
    others: BTreeMap<AccountId, AccountName>,
    holds: Vec<Hold>,
    days: Vec<DayEnd>,
}

impl Read {
    fn of(tx: &mut Tx<'_>, cloud: &Cloud, name: &str, asked: &Asked, now: Instant) -> Result<Read, PageError> {
        let owner = tx.owner_by_name(&cloud.id, name)?.filter(|owner| !owner.books);
        let owner =
            owner.ok_or_else(|| PageError::NotFound(format!("{} has no customer of this name.", cloud.name)))?;
        let accounts = tx.accounts_of(owner.id)?;
        let chosen = match &asked.account {
            Some(code) => {
                let found = accounts.iter().find(|row| row.code == *code);
                Some(found.ok_or_else(|| not_here("This customer has no such account."))?.clone())
            }
            None => moved_last(&accounts).cloned(),
        };
        let before = match (&asked.before, &chosen) {
            (Some(text), Some(chosen)) => Some(cursor(tx, text, chosen.account.id)?),
            _ => None,
        };
        let lines = match &chosen {
            Some(chosen) => tx.account_history(chosen.account.id, before, LINES_A_PAGE + 1)?,
            None => Vec::new(),
        };
        let others = tx.account_names(&lines.iter().map(|line| line.other).collect::<Vec<_>>())?;
        let commodities = tx.commodities()?;
        let days = day_ends(tx, &accounts, currency_of(&commodities, cloud), &cloud.time_zone, now)?;
        let holds = tx.holds_open(owner.id, HOLDS_MAX)?;
        let billed = tx.payer_by_name(&cloud.id, name)?.is_some();
        let things = if billed { tx.things_of_account(owner.id)? } else { Vec::new() };
        let from_newest = before.is_none();
        let owner = owner.id;
        Ok(Read { billed, owner, things, commodities, accounts, chosen, from_newest, lines, others, holds, days })
    }

    fn page(
        self,
        cloud: &Cloud,
        name: &str,
        now: Instant,
        account: Option<&Account>,
    ) -> Result<CustomerPage, PageError> {
        let currency = currency_of(&self.commodities, cloud);
        let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
        let mut wealth = Wealth::default();
        self.accounts.iter().for_each(|row| wealth.count(row, currency));
        let address = frame::customer_address(&cloud.id, name);
        let outlook = account.map(|account| Outlook {
            standing: &account.standing,
            at: now,
            zone: &cloud.time_zone,
            notation: &notation,
        });
        Ok(CustomerPage {
            frame: Frame::of(name, cloud).below(frame::cloud_address(&cloud.id), cloud.name.clone()),
            sentence: match &outlook {
                Some(outlook) => outlook.sentence()?,
                None => sentence(name, &wealth, &notation)?,
            },
            figures: match &outlook {
                Some(outlook) => outlook.figures()?,
                None => vec![("Cash", notation.full(wealth.cash)?), ("Owed", notation.full(wealth.owed)?)],
            },
            billed: account.map(|account| self.billed(account, cloud, name, now, &notation)).transpose()?,
            chart: balance_line(&self.days, &notation)?,
            chart_height: HEIGHT,
            accounts: self
                .accounts
                .iter()
                .map(|row| self.account_line(row, &address, cloud))
                .collect::<Result<_, _>>()?,
            holds: self.holds.iter().map(|hold| self.hold_line(hold, cloud, now)).collect::<Result<_, _>>()?,
            history: self.history(&address, cloud)?,
        })
    }

    fn billed(
        &self,
        account: &Account,
        cloud: &Cloud,
        name: &str,
        now: Instant,
        notation: &Notation,
    ) -> Result<Billed, PageError> {
        let month_before = account.month.add_months(-1)?;
        let begins = cloud.time_zone.start_of_day(account.month)?;
        let mut before: BTreeMap<&str, i64> = BTreeMap::new();
        for row in account.charges.iter().filter(|row| row.from < begins) {
            let sum = before.entry(row.product.as_str()).or_default();
            *sum = sum.saturating_add(row.net);
        }
        let line = |name: String, now: i64, before: i64| {
            Ok::<_, PageError>(ProductLine {
                name,
                now: notation.bare(i128::from(now))?,
                before: notation.bare(i128::from(before))?,
            })
        };
        let costs =
            account.this_month.iter().map(|(id, now)| (id, *now, before.get(id.as_str()).copied().unwrap_or(0)));
        let costs: Vec<(&String, i64, i64)> = costs.filter(|(_, now, before)| *now != 0 || *before != 0).collect();
        let named = |id: &str| {
            let known = cloud.profile.catalog.product_by_id(id);
            known.map_or_else(|| id.to_owned(), |product| product.name.to_string())
        };
        let products = costs.iter().map(|(id, now, before)| line(named(id), *now, *before));
        let sum = |of: fn(&(&String, i64, i64)) -> i64| costs.iter().map(of).sum();
        let mut days = charges::days(&account.charges, &account.known, cloud, name, notation)?;
        days.truncate(DAYS_SHOWN);
        Ok(Billed {
            as_of: Moment::of(now, &cloud.time_zone)?,
            zone: cloud.time_zone.name().to_owned(),
            resources: resources(&self.things, self.owner, cloud)?,
            month: format!("{} so far", month_text(account.month)),
            month_before: month_text(month_before).to_owned(),
            products: products.collect::<Result<_, _>>()?,
            products_total: line("Together".to_owned(), sum(|cost| cost.1), sum(|cost| cost.2))?,
            days,
            own_address: crate::customer::account_address(&cloud.id, name, ""),
            charges_address: frame::charges_address(&cloud.id, name),
            payments_address: super::payments::payments_address(&cloud.id, name),
            code: cloud.currency.code(),
        })
    }

    fn notation(&self, commodity: CommodityId, cloud: &Cloud) -> Result<Notation, PageError> {
        let found = self.commodities.iter().find(|found| found.id == commodity);
        let found = found.ok_or_else(|| PageError::Failed(format!("commodity {} is not there", commodity.0)))?;
        Ok(Notation::of(found, cloud.locale()))
    }

    fn account_line(&self, row: &AccountRow, address: &str, cloud: &Cloud) -> Result<AccountLine, PageError> {
        let notation = self.notation(row.account.commodity, cloud)?;
        let last = row.account.newest.map(|newest| Moment::of(newest.recorded(), &cloud.time_zone));
        Ok(AccountLine {
            words: words::account(&row.code),
            code: row.code.clone(),
            address: format!("{address}?account={}#history", frame::segment(&row.code)),
            label: notation.label().to_owned(),
            balance: notation.bare(i128::from(row.account.balance()))?,
            held: notation.bare(i128::from(row.account.held))?,
            last: last.transpose()?,
            chosen: self.chosen.as_ref().is_some_and(|chosen| chosen.account.id == row.account.id),
        })
    }

    fn hold_line(&self, hold: &Hold, cloud: &Cloud, now: Instant) -> Result<HoldLine, PageError> {
        let account =
            hold.parts.first().and_then(|part| self.accounts.iter().find(|row| row.account.id == part.account));
        let commodity = account.map(|row| row.account.commodity);
        let notation =
            self.notation(commodity.ok_or_else(|| PageError::Failed("a hold without an account".into()))?, cloud)?;
        Ok(HoldLine {
            id: hold.id.to_string(),
            amount: notation.full(i128::from(hold.amount))?,
            captured: notation.full(i128::from(hold.captured))?,
            reserved: notation.full(hold.reserved())?,
            until: Moment::of(hold.expires_at, &cloud.time_zone)?,
            over: hold.expires_at <= now,
        })
    }

    fn history(&self, address: &str, cloud: &Cloud) -> Result<History, PageError> {
        let Some(chosen) = &self.chosen else {
            let (account, label) = (words::account("cash"), cloud.currency.code().to_owned());
            return Ok(History { account, label, lines: Vec::new(), newest: None, older: None });
        };
        let notation = self.notation(chosen.account.commodity, cloud)?;
        let shown = &self.lines[..self.lines.len().min(LINES_A_PAGE)];
        let at = format!("{address}?account={}", frame::segment(&chosen.code));
        let last = shown.last().filter(|_| self.lines.len() > LINES_A_PAGE).map(|line| line.entry.id);
        let movement = |line: &HistoryLine| {
            let other = self.others.get(&line.other).map_or("", |name| &name.code);
            Ok(Movement {
                address: format!("/transfers/{}", line.entry.id),
                when: Moment::of(line.entry.id.recorded(), &cloud.time_zone)?,
                what: words::kind(line.entry.kind),
                other: words::account(other),
                other_code: other.to_owned(),
                change: notation.change(i128::from(line.change))?,
                after: notation.bare(i128::from(line.balance_after))?,
            })
        };
        Ok(History {
            account: words::account(&chosen.code),
            label: notation.label().to_owned(),
            lines: shown.iter().map(movement).collect::<Result<_, PageError>>()?,
            newest: (!self.from_newest).then(|| format!("{at}#history")),
            older: last.map(|last| format!("{at}&before={last}#history")),
        })
    }
}

/// What is shown unless another is chosen: of what counts as balance, the account that moved last.
fn moved_last(accounts: &[AccountRow]) -> Option<&AccountRow> {
    let balance = || accounts.iter().filter(|row| is_balance(&row.code));
    balance()
        .filter(|row| row.account.newest.is_some())
        .max_by_key(|row| row.account.newest)
        .or_else(|| balance().next())
}

/// Whether an account is part of what its customer has or owes.
fn is_balance(code: &str) -> bool {
    use Chart::{Cash, Credit, Receivable, ReceivableDebt, ReceivableNext};
    matches!(Chart::parse(code), Some(Cash | Credit(_) | Receivable(_) | ReceivableNext | ReceivableDebt))
}

/// The transfer a page begins after: one of this account's, or there is no such page.
fn cursor(tx: &mut Tx<'_>, text: &str, account: AccountId) -> Result<TransferId, PageError> {
    let id = TransferId::parse(text);
    let entry = id.map(|id| tx.transfer(id)).transpose()?.flatten();
    let own = entry.filter(|entry| entry.debit == account || entry.credit == account);
    own.map(|entry| entry.id).ok_or_else(|| not_here("This account's history has no such place."))
}

/// The balance at the end of each day that is within reach: cash and free credit, less what is owed.
pub(crate) fn day_ends(
    tx: &mut Tx<'_>,
    accounts: &[AccountRow],
    currency: CommodityId,
    zone: &Zone,
    now: Instant,
) -> Result<Vec<DayEnd>, PageError> {
    let mut first: Option<Instant> = None;
    let mut walked_from: Option<Instant> = None;
    let mut histories: Vec<Vec<(Instant, i64)>> = Vec::new();
    for row in accounts.iter().filter(|row| row.account.commodity == currency && is_balance(&row.code)) {
        let lines = tx.account_history(row.account.id, None, WALK_MAX)?;
        let history: Vec<_> = lines.iter().map(|line| (line.entry.id.recorded(), line.balance_after)).collect();
        if let Some((oldest, _)) = history.last() {
            first = Some(first.map_or(*oldest, |first| first.min(*oldest)));
            if history.len() == WALK_MAX {
                walked_from = walked_from.max(Some(*oldest));
            }
        }
        histories.push(history);
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    let (mut date, today) = (zone.civil_date_of(first.max(walked_from.unwrap_or(first)))?, zone.civil_date_of(now)?);
    let earliest = today.add_days(1 - i64::try_from(DAYS_MAX).unwrap_or(i64::MAX))?;
    date = date.max(earliest);
    let mut days = Vec::new();
    while date <= today {
        let end = zone.day(date)?.end().min(now);
        // Newest first: the first one that is not after the day's end is the balance it ended with.
        let balance_of = |history: &Vec<(Instant, i64)>| {
            let place = history.partition_point(|(at, _)| *at > end);
            history.get(place).map_or(0, |(_, after)| i128::from(*after))
        };
        days.push(DayEnd { date, balance: histories.iter().map(balance_of).sum() });
        date = date.next_day()?;
    }
    Ok(days)
}

/// Of one that the engine does not bill: "acme has $41.20 and owes nothing."
fn sentence(name: &str, wealth: &Wealth, notation: &Notation) -> Result<String, PageError> {
    let text = |units| Ok::<_, PageError>(notation.full(units)?.text);
    Ok(match (wealth.cash + wealth.credit, wealth.owed) {
        (0, 0) => format!("{name} has nothing and owes nothing."),
        (0, owed) => format!("{name} owes {}.", text(owed)?),
        (has, 0) => format!("{name} has {}.", text(has)?),
        (has, owed) => format!("{name} has {} and owes {}.", text(has)?, text(owed)?),
    })
}
