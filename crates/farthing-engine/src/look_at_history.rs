//! Everything that happened to an account, as one line of time: what was told of its things, what days cost, its payments and documents, what
//! its people were told, steps, and what somebody decided. Read from where each is kept; nothing is written down twice.

use crate::fact_text;
use crate::open_project::account_ever;
use crate::{BillFacts, Engine, InstructionFacts, PaymentFacts, RefundFacts, Refused};
use farthing_core::standing::InstructionId;
use farthing_core::time::Instant;
use farthing_core::timeline::What;
use farthing_core::trail::Entry;
use farthing_store::{
    BillFilter, ChargeDay, DeliveryRow, InstructionFilter, MessageRow, NamedFact, PaymentFilter, RefundFilter,
};

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Happening {
    pub at: Instant,
    pub what: Happened,
}

#[derive(Clone, Debug)]
pub enum Happened {
    /// Told of a resource; `late`: when, where that was long after it happened.
    Fact {
        resource: String,
        product: String,
        what: Option<What>,
        late: Option<Instant>,
    },
    /// A day, or a rating period, was sealed.
    Day(ChargeDay),
    Payment(Box<PaymentFacts>),
    Refund(Box<RefundFacts>),
    Document(Box<BillFacts>),
    /// An event, and how it went with telling it.
    Told(MessageRow, Vec<DeliveryRow>),
    Step(Box<InstructionFacts>),
    Decided(Entry),
}

impl Happened {
    /// Which kind it is.
    pub const fn name(&self) -> &'static str {
        match self {
            Happened::Fact { .. } => "fact",
            Happened::Day(_) => "charges",
            Happened::Payment(_) | Happened::Refund(_) => "payment",
            Happened::Document(_) => "document",
            Happened::Told(..) => "notice",
            Happened::Step(_) => "step",
            Happened::Decided(_) => "decision",
        }
    }
}

/// What of an account's past is looked at.
#[derive(Clone, Debug)]
pub struct HistoryQuestion {
    /// The beginning, and the end, which is not included.
    pub from: Instant,
    pub before: Instant,
    /// Only these kinds; empty: all.
    pub kinds: Vec<String>,
    pub most: usize,
}

/// A page of it, the newest first.
#[derive(Clone, Debug)]
pub struct History {
    pub happenings: Vec<Happening>,
    /// Where the page before this one ends; none: this reaches to the beginning that was asked for.
    pub older: Option<Instant>,
}

/// What was told so long after it had happened was told late.
const LATE_SECONDS: i64 = 600;

impl Engine {
    pub fn history(&self, cloud: &str, account: &str, asked: &HistoryQuestion) -> Result<History, Refused> {
        let span = (asked.from, asked.before);
        // One more than is shown of each tells whether there is more.
        let most = asked.most.saturating_add(1);
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let wants = |kind: &str| asked.kinds.is_empty() || asked.kinds.iter().any(|wanted| wanted == kind);
        let mut all = self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let mut all = Vec::new();
            let mut add = |at, what| all.push(Happening { at, what });
            if wants("fact") {
                for told in work.tx.facts_of_account(payer.id, span, limit)? {
                    add(told.fact.at, fact(told));
                }
            }
            if wants("charges") {
                for day in work.tx.charge_days(payer.id, span, limit)? {
                    add(day.to, Happened::Day(day));
                }
            }
            if wants("notice") {
                for message in work.tx.messages_of_account(payer.id, span, limit)? {
                    let deliveries = work.tx.deliveries_of_message(message.number)?;
                    add(message.at, Happened::Told(message, deliveries));
                }
            }
            if wants("decision") {
                for entry in work.tx.trail_of_account(cloud, account, span, limit)? {
                    add(entry.at, Happened::Decided(entry));
                }
            }
            if wants("payment") {
                let filter = PaymentFilter { account: Some(payer.id), state: None };
                for row in within(
                    span,
                    most,
                    |before| work.tx.payments(cloud, &filter, before, PAGE),
                    |row| (row.created, row.id),
                )? {
                    add(row.created, Happened::Payment(Box::new(PaymentFacts::read(work.tx, account, &row)?)));
                }
                let filter = RefundFilter { account: Some(payer.id), state: None };
                for row in within(
                    span,
                    most,
                    |before| work.tx.refunds(cloud, &filter, before, PAGE),
                    |row| (row.asked, row.id),
                )? {
                    let facts = RefundFacts::of(account, &row, &work.tx.refund_parts(row.id)?);
                    add(row.asked, Happened::Refund(Box::new(facts)));
                }
            }
            if wants("document") {
                let filter = BillFilter { account: Some(payer.id), ..BillFilter::default() };
                for row in within(
                    span,
                    most,
                    |before| work.tx.bills(cloud, &filter, before, PAGE),
                    |row| (row.issued, row.id),
                )? {
                    add(row.issued, Happened::Document(Box::new(crate::bills::facts_of(work.tx, &row)?)));
                }
            }
            Ok(all)
        })?;
        if wants("step") {
            all.extend(self.steps_within(cloud, account, span, most)?);
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.at)); // stable: of one instant, in the order above
        let mut older = None;
        if all.len() > asked.most {
            // Where one instant has more than a page it is shown whole: nothing falls between two pages.
            let cut = all.get(asked.most).map(|one| one.at);
            let whole = all.iter().position(|one| Some(one.at) == cut).filter(|place| *place > 0);
            let keep = whole.unwrap_or_else(|| all.iter().filter(|one| Some(one.at) == cut).count());
            all.truncate(keep);
            older = all.last().map(|one| one.at);
        }
        Ok(History { happenings: all, older })
    }

    fn steps_within(
        &self,
        cloud: &str,
        account: &str,
        (from, to): (Instant, Instant),
        most: usize,
    ) -> Result<Vec<Happening>, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let filter = InstructionFilter { account: Some(payer.id), ..InstructionFilter::default() };
            let rows = within(
                (from, to),
                most,
                |before: Option<InstructionId>| work.tx.instructions(cloud, &filter, before, PAGE),
                |row| (row.asked, row.id),
            )?;
            rows.iter()
                .map(|row| {
                    let facts = crate::standing::instruction_facts(work, row)?;
                    Ok(Happening { at: row.asked, what: Happened::Step(Box::new(facts)) })
                })
                .collect()
        })
    }
}

/// As many rows as are read at once of what is walked by its ids.
const PAGE: i64 = 100;

/// The rows of a span of time, walked from the newest down by their ids, which are in the order of their making.
fn within<R, I: Copy>(
    (from, to): (Instant, Instant),
    most: usize,
    mut page: impl FnMut(Option<I>) -> Result<Vec<R>, farthing_store::StoreError>,
    place: impl Fn(&R) -> (Instant, I),
) -> Result<Vec<R>, farthing_store::StoreError> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let rows = page(before)?;
        let Some(last) = rows.last().map(&place) else { return Ok(found) };
        let whole = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
        before = Some(last.1);
        found.extend(rows.into_iter().filter(|row| (from..to).contains(&place(row).0)));
        if !whole || last.0 < from || found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
    }
}

fn fact(told: NamedFact) -> Happened {
    let late = told.fact.recorded.seconds_since(told.fact.at) > LATE_SECONDS;
    Happened::Fact {
        resource: if told.is_resource { told.name } else { String::new() },
        product: told.product,
        what: fact_text::read(&told.fact.what),
        late: late.then_some(told.fact.recorded),
    }
}
