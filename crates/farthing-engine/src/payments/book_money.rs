//! Books money that has come in: what is owed is paid first, oldest due first (R60), large sums bring a bonus (R32), and where a cloud's
//! bills arise from top-ups this is where (R29).

use crate::credits::{NewGrant, give_as};
use crate::folio::Work;
use crate::tax::tax_part;
use crate::{EngineError, Refused};
use farthing_core::credit::GrantSource;
use farthing_core::id::CauseId;
use farthing_core::ledger::posting::{self, ArrearsPaid, Owed, Stamp, TopUpTaxed};
use farthing_core::ledger::{Chart, OwnerId, TransferId};
use farthing_core::money::{Money, Rounding, mul_div_round};
use farthing_core::notice::Event;
use farthing_core::payment::PaymentId;
use farthing_core::policy::Bonus;
use farthing_core::rate::Percent;
use farthing_core::settle::Question;
use farthing_core::time::Instant;
use farthing_store::PayerRow;

/// Money that has come in for an account that was loaded and brought to now.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) payer: &'a PayerRow,
    /// What is credited, the tax that was paid with it, and why so much.
    pub(crate) net: i64,
    pub(crate) tax: i64,
    pub(crate) assessed: &'a str,
    /// Whom it came through.
    pub(crate) provider: &'a str,
    pub(crate) cause: Option<CauseId>,
    /// When it came.
    pub(crate) came: Instant,
    /// Where it is known from.
    pub(crate) reference: Option<String>,
    /// How a bonus on it is called.
    pub(crate) called: String,
    /// None: an operator booked it by hand.
    pub(crate) payment: Option<PaymentId>,
}

/// The first of its transfers brings the money.
pub(crate) fn book_incoming(work: &mut Work<'_, '_>, money: &Incoming<'_>) -> Result<TransferId, Refused> {
    let (payer, now, units) = (money.payer, work.now, money.net);
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let provider = work.book_account(Chart::Provider(money.provider.to_owned()))?;
    let commodity = work.books()?.commodity;
    let taxes = tax_part(work, money.assessed, money.tax)?;
    let owed = work.folio(payer.id).book.purse.debt.max(0);
    // What runs depends on the debt, so that comes first; then bills past due, the oldest due first.
    let late = crate::bills::past_due(work, payer.id, units.saturating_sub(owed))?;
    let mut fresh = work.stamp_ids();
    let first = fresh();
    // The transfer that brings the money has the first id.
    let mut unused = Some(first);
    let mut ids = move || unused.take().unwrap_or_else(&mut fresh);
    let mut stamp = Stamp { ids: &mut ids, cause: money.cause, effective: money.came.floor_second() };
    let facts = TopUpTaxed { commodity, provider, cash: payer.cash, net: units, taxes: &taxes };
    let mut commands = vec![posting::top_up_taxed(&mut stamp, &facts)];
    let mut arrears = Vec::with_capacity(late.len() + 1);
    if owed > 0 {
        arrears.push(Owed { receivable: work.debt_account(payer.id)?, amount: owed });
    }
    for (bill, amount) in &late {
        let receivable = bill.receivable.ok_or_else(|| crate::bills::broken("a bill past due without a receivable"))?;
        arrears.push(Owed { receivable, amount: *amount });
    }
    if !arrears.is_empty() {
        (stamp.cause, stamp.effective) = (None, now.floor_second());
        let facts = ArrearsPaid { commodity, cash: payer.cash, amount: units, owed: &arrears };
        commands.push(posting::arrears_paid(&mut stamp, &facts));
    }
    work.book(&commands)?;
    let purse = &mut work.folio(payer.id).book.purse;
    let paid = owed.min(units);
    let billed: i64 = late.iter().map(|(_, amount)| amount).sum();
    purse.debt -= paid;
    purse.cash += units - paid - billed;
    work.folio(payer.id).stir();
    for (mut bill, amount) in late {
        crate::bills::settle(work, payer, &mut bill, amount, "balance", None, Some(first))?;
    }
    let balance = work.folio(payer.id).book.figures(now.floor_second(), Question::Standing)?.balance;
    let event = Event::MoneyToppedUp {
        account: payer.name.clone(),
        amount: work.money(units),
        arrears: work.money(paid + billed),
        balance: work.money(balance),
        reference: money.reference.clone(),
        transfer: first.to_string(),
    };
    work.tell(Some(payer.id), event);
    crate::bills::on_top_up(work, money, first)?;
    give_bonus(work, money)?;
    crate::orders::money_came(work, payer)?;
    Ok(first)
}

/// Cash that is free pays what is owed: there came some that was no top-up.
pub(crate) fn pay_arrears(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    let folio = work.folio(id);
    let (cash, free) = (folio.payer.cash, folio.book.purse.cash.saturating_sub(folio.held));
    let amount = folio.book.purse.debt.min(free);
    if amount <= 0 {
        return Ok(());
    }
    work.flush_postings()?;
    let (commodity, receivable) = (work.books()?.commodity, work.debt_account(id)?);
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let owed = [Owed { receivable, amount }];
    work.book(&[posting::arrears_paid(&mut stamp, &ArrearsPaid { commodity, cash, amount, owed: &owed })])?;
    let folio = work.folio(id);
    folio.book.purse.debt -= amount;
    folio.book.purse.cash -= amount;
    folio.stir();
    Ok(())
}

/// The highest step that it reaches, as credit.
fn give_bonus(work: &mut Work<'_, '_>, money: &Incoming<'_>) -> Result<(), Refused> {
    let steps = work.policy_at(work.now)?.top_up.bonus.clone();
    let Some(amount) = bonus_of(&steps, work.money(money.net))? else { return Ok(()) };
    let grant = NewGrant {
        name: format!("bonus-{}", money.called),
        account: money.payer.name.clone(),
        amount,
        products: Vec::new(),
        priority: 0,
        starts: None,
        expires: None,
        reason: None,
    };
    give_as(work, &grant, &GrantSource::Promotion)
}

fn bonus_of(steps: &[Bonus], amount: Money) -> Result<Option<Money>, EngineError> {
    let reached = steps.iter().filter(|step| step.from.units() <= amount.units()).max_by_key(|step| step.from.units());
    let Some(step) = reached else { return Ok(None) };
    let (part, whole) = (i128::from(step.percent.billionths()), i128::from(Percent::WHOLE.billionths()));
    let minor = i128::from(amount.currency().units_per_minor());
    let exact = mul_div_round(i128::from(amount.units()), part, whole.saturating_mul(minor), Rounding::HalfUp)
        .ok()
        .and_then(|minors| i64::try_from(minors).ok())
        .and_then(|minors| Money::from_minor(minors, amount.currency()).ok());
    let overflow = farthing_core::settle::SettleError::Overflow { what: "count a bonus" };
    exact.map(|bonus| bonus.is_positive().then_some(bonus)).ok_or(EngineError::Settle(overflow))
}
