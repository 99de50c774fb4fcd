//! What an account has and how long that lasts, and what needs its owner, in words.

use super::ask::{Ask, found};
use crate::block::{Link, Notice};
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_core::bill::BillState;
use farthing_core::time::Instant;
use farthing_engine::{AccountStanding, AccountView, BillFacts, LadderFacts, MethodFacts};

/// From here on it is worth a look before it has happened.
const SOON_SECONDS: i64 = 3 * 86_400;
/// A credit that lapses within so long is told of.
const LAPSES_SECONDS: i64 = 14 * 86_400;

/// What is owed on bills, and until when.
pub(super) struct DueBills {
    pub(super) bills: Vec<BillFacts>,
}

impl DueBills {
    pub(super) fn of(ask: &Ask) -> Result<DueBills, PageError> {
        if !ask.may(Deed::SeePapers) {
            return Ok(DueBills { bills: Vec::new() });
        }
        let (cloud, account) = (ask.id(), Some(ask.account()));
        let mut bills = Vec::new();
        for state in [BillState::Overdue, BillState::Issued] {
            bills.extend(found(ask.engine().bills(cloud, account, None, Some(state), None, 50), ask)?);
        }
        bills.retain(|bill| bill.due > 0);
        bills.sort_by_key(|bill| bill.due_at);
        Ok(DueBills { bills })
    }

    pub(super) fn sum(&self) -> i64 {
        self.bills.iter().fold(0, |sum, bill| sum.saturating_add(bill.due))
    }
}

/// "You have $41.20. At today's rate it lasts 9 days, until 29 November 2026."
pub(super) fn sentence(ask: &Ask, standing: &AccountStanding, due: &DueBills) -> Result<String, PageError> {
    let Some(view) = standing.view.as_ref().filter(|_| standing.parked.is_empty()) else {
        return Ok(ask.say("standing.parked").to_owned());
    };
    let mut told = vec![possession(ask, view)?];
    told.extend(duration(ask, view)?);
    let billed = due.sum();
    if billed > 0 && view.due < billed {
        told.push(ask.with("standing.bills_due", &[("amount", &ask.money(billed)?)]));
    }
    let waits = waits_for_bill(view);
    if waits > 0 {
        told.push(ask.with("standing.waits", &[("amount", &ask.money(waits)?)]));
    }
    Ok(ask.language.sentences(&told))
}

fn possession(ask: &Ask, view: &AccountView) -> Result<String, PageError> {
    let figures = &view.figures;
    if let Some(since) = view.ran_out_at {
        let date = ask.language.date(ask.zone.civil_date_of(since)?);
        return Ok(if view.due > 0 {
            ask.with("standing.ran_out_owing", &[("date", &date), ("amount", &ask.money(view.due)?)])
        } else {
            ask.with("standing.ran_out", &[("date", &date)])
        });
    }
    let spendable = figures.spendable;
    Ok(if spendable == 0 && view.due > 0 {
        ask.with("standing.owe", &[("amount", &ask.money(view.due)?)])
    } else if spendable == 0 {
        ask.say("standing.nothing").to_owned()
    } else if spendable < 0 {
        ask.with("standing.beyond", &[("amount", &ask.money(spendable.saturating_neg())?)])
    } else if figures.credit >= spendable {
        ask.with("standing.have_credit", &[("amount", &ask.money(spendable)?)])
    } else if figures.credit > 0 {
        let places = [("amount", ask.money(spendable)?), ("credit", ask.money(figures.credit)?)];
        ask.with("standing.have_and_credit", &places.each_ref().map(|(name, text)| (*name, text.as_str())))
    } else {
        ask.with("standing.have", &[("amount", &ask.money(spendable)?)])
    })
}

fn duration(ask: &Ask, view: &AccountView) -> Result<Option<String>, PageError> {
    if view.ran_out_at.is_some() {
        return Ok(None);
    }
    Ok(match view.runs_out_at {
        Some(end) if end > ask.now => {
            let lasts = ask.language.length(end.seconds_since(ask.now));
            let until = ask.language.until(end, ask.now, &ask.zone)?;
            Some(ask.with("standing.lasts", &[("length", &lasts), ("date", &until)]))
        }
        None if view.burn_per_hour > 0 => Some(ask.say("standing.lasts_years").to_owned()),
        None if view.figures.spendable > 0 => Some(ask.say("standing.nothing_runs").to_owned()),
        Some(_) | None => None,
    })
}

/// Used, and never taken off the balance.
pub(super) fn waits_for_bill(view: &AccountView) -> i64 {
    view.figures.accrued.saturating_sub(view.figures.accrued_prepaid)
}

/// What needs its owner, the most pressing first.
pub(super) fn needs(
    ask: &Ask,
    standing: &AccountStanding,
    ladder: &LadderFacts,
    methods: &[MethodFacts],
    due: &DueBills,
) -> Result<Vec<Notice>, PageError> {
    let mut notices = Vec::new();
    let top_up = || Link::new(ask.at("/balance/top-up"), ask.say("action.top_up"));
    if let Some(next) = ladder.steps.first().filter(|_| ladder.standing != "good") {
        let step = ask.language.word("step", &next.step);
        let at = Instant::from_micros(next.at);
        let date = ask.language.until(at, ask.now, &ask.zone)?;
        // What is held was to come, and waits for somebody to look.
        let key = if at <= ask.now { "needs.step_waits" } else { "needs.step" };
        let words = ask.with(key, &[("step", &step), ("date", &date)]);
        notices.push(Notice::new("bad", words).leading(top_up()));
    } else if !matches!(ladder.standing.as_str(), "good" | "low") {
        let words = ask.language.word("needs.standing", &ladder.standing);
        notices.push(Notice::new("bad", words).leading(top_up()));
    }
    if let Some(view) = &standing.view {
        let soon = view.runs_out_at.filter(|end| *end > ask.now && end.seconds_since(ask.now) < SOON_SECONDS);
        if let Some(end) = soon.filter(|_| view.ran_out_at.is_none()) {
            let lasts = ask.language.length(end.seconds_since(ask.now));
            let words = ask.with("needs.soon", &[("length", &lasts)]);
            notices.push(Notice::new("warn", words).leading(top_up()));
        }
        for lot in view.lots.iter().filter(|lot| lot.balance > 0 && !lot.lapsed) {
            let Some(end) = lot.expires.filter(|end| *end > ask.now && end.seconds_since(ask.now) < LAPSES_SECONDS)
            else {
                continue;
            };
            let amount = ask.money(lot.balance)?;
            let date = ask.language.until(end, ask.now, &ask.zone)?;
            let words = ask.with("needs.credit", &[("amount", &amount), ("date", &date)]);
            notices.push(Notice::new("warn", words).leading(ask.link("/credits", "nav.credits")));
        }
    }
    for bill in &due.bills {
        let at = bill.due_at.map_or(ask.now, Instant::from_micros);
        let date = ask.language.date(ask.zone.civil_date_of(at)?);
        let late = at < ask.now;
        let places = [("number", bill.number.clone()), ("amount", ask.money(bill.due)?), ("date", date)];
        let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
        let words = if late { ask.with("needs.bill_late", &places) } else { ask.with("needs.bill", &places) };
        let link = Link::new(ask.at(&format!("/bills/{}", bill.id)), ask.say("action.pay"));
        notices.push(Notice::new(if late { "bad" } else { "warn" }, words).leading(link));
    }
    for method in methods {
        let label = super::payment::method_label(ask, method);
        // "2027-03" is good until the end of March.
        let (this, next) =
            (ask.zone.civil_date_of(ask.now)?.to_string(), ask.zone.civil_date_of(ask.now)?.add_months(1)?.to_string());
        let ends = |month: &str| !method.expires.is_empty() && month.starts_with(&method.expires);
        let over = !method.expires.is_empty() && method.expires.as_str() < this.get(..7).unwrap_or_default();
        let words = match method.standing.as_str() {
            "failed" => ask.with("needs.method_failed", &[("method", &label)]),
            _ if over => ask.with("needs.method_over", &[("method", &label)]),
            _ if ends(&this) || ends(&next) => ask.with("needs.method_expires", &[("method", &label)]),
            _ => continue,
        };
        if ask.may(Deed::SetMethods) {
            notices.push(Notice::new("warn", words).leading(ask.link("/payment", "nav.payment")));
        }
    }
    Ok(notices)
}
