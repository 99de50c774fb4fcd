//! What a scenario is played on: one method for each thing the engine can do, and the questions that `expect` asks.
//!
//! The runner knows this trait and no engine, so the language has tests of its own, and a store, a client of the API or an
//! engine in memory can be a stage alike. A stage speaks the names of the scenario; what ids they have is its own matter.

use super::command::{
    Apply, Around, Billing, BudgetAsked, Capture, Crediting, Ends, Fact, NewAccount, NewGrant, NewHold, NewMember,
    Ordering, Outage, Paying, Setting, TopUp, UnitsAsked,
};
use farthing_core::config::Size;
use farthing_core::cost::{CostFilter, GroupBy};
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::profile::Profile;
use farthing_core::time::{CivilDate, Instant, OutOfRange, Zone};
use std::collections::BTreeMap;
use std::fmt;

/// How what was asked ended.
pub type Done = Result<(), StageError>;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageError {
    /// By a rule, with nothing changed: `code` is the problem's code, one of [`CODES`].
    Refused { code: String, message: String },
    /// This version has no such part yet.
    NotBuilt(&'static str),
    /// A fault of ours.
    Broken(String),
}

/// The codes that `expect error` knows.
pub const CODES: [&str; 13] = [
    "insufficient_balance",
    "below_minimum",
    "above_maximum",
    "limit_reached",
    "not_eligible",
    "expired",
    "hold_closed",
    "id_reused",
    "not_found",
    "conflict",
    "invalid",
    "refused_by_policy",
    "locked",
];

/// `at` of what is reported is the clock, or the past instant that the line names; of what is asked it is the clock.
/// Times that a stage is told never go back, but for the `at` of late facts.
pub trait Stage {
    // --- Configuration

    /// The first one comes before everything else and is in force from the beginning of time; later ones from `starts`.
    fn apply_profile(&mut self, files: &ProfileFiles, change: &Apply, at: Instant) -> Done;

    // --- Who there is

    fn open_account(&mut self, account: &NewAccount, at: Instant) -> Done;
    fn open_project(&mut self, project: &str, account: &str, at: Instant) -> Done;
    fn add_member(&mut self, member: &NewMember, at: Instant) -> Done;
    fn move_project(&mut self, project: &str, to: &str, at: Instant) -> Done;
    fn close_account(&mut self, account: &str, at: Instant) -> Done;
    /// An operator's "never delete" on a resource or an account.
    fn keep(&mut self, name: &str, at: Instant) -> Done;
    fn set(&mut self, account: &str, settings: &[Setting], at: Instant) -> Done;

    // --- What the cloud reports

    /// `start`, `resume` and `restore` with `at` = the clock pass the gate first and are refused there; dated earlier they
    /// are facts, and flagged where the gate would have said no.
    fn fact(&mut self, name: &str, fact: &Fact, at: Instant) -> Done;
    fn inventory(&mut self, account: &str, names: &[String], at: Instant) -> Done;
    fn budget(&mut self, budget: &BudgetAsked) -> Done;
    fn outage(&mut self, outage: &Outage) -> Done;
    fn no_outage(&mut self, name: &str) -> Done;
    /// A batch: all of them, or the first refusal and none of the others after it.
    fn usage(&mut self, events: &[UsageEvent]) -> Done;

    // --- Money

    fn top_up(&mut self, top_up: &TopUp, at: Instant) -> Done;
    fn grant(&mut self, grant: &NewGrant, at: Instant) -> Done;
    /// Gifts, grants that come again, coupons.
    fn credit(&mut self, asked: &Crediting, at: Instant) -> Done;
    fn authorise(&mut self, hold: &NewHold, at: Instant) -> Done;

    /// Units given or bought; `zone`: the account's.
    fn units_asked(&mut self, asked: &UnitsAsked, at: Instant, zone: &Zone) -> Done {
        let _ = (asked, at, zone);
        Err(StageError::NotBuilt("units"))
    }
    fn capture(&mut self, capture: &Capture, at: Instant) -> Done;
    fn release(&mut self, hold: &str, at: Instant) -> Done;

    /// Money through a provider, in and back.
    fn pay(&mut self, asked: &Paying, at: Instant) -> Done;

    /// What is bought ahead.
    fn order(&mut self, asked: &Ordering, at: Instant) -> Done {
        let _ = at;
        Err(StageError::NotBuilt(asked.name()))
    }

    /// What becomes of a bill.
    fn bill(&mut self, asked: &Billing, at: Instant) -> Done {
        let _ = at;
        Err(StageError::NotBuilt(asked.name()))
    }

    /// What waits for parts of Farthing that are not built yet. As one lands, its commands get methods of their own.
    fn around(&mut self, asked: &Around, at: Instant) -> Done {
        let _ = at;
        Err(StageError::NotBuilt(asked.name()))
    }

    // --- Time

    /// Runs everything due up to and with this instant, each at its own time, and moves the clock there.
    fn advance(&mut self, to: Instant) -> Done;

    /// The first instant after the clock at which something happens or a figure may change its direction (a settlement, a
    /// step, a lot that lapses, a tier's edge). Between two of them every figure only rises or only falls.
    fn next_due(&mut self) -> Result<Option<Instant>, StageError>;

    /// The engine is off until then, and comes back.
    fn down(&mut self, until: Instant) -> Done;

    /// The engine is killed and comes back on its store.
    fn crash(&mut self) -> Done;

    // --- Questions. `at` is the clock or later, but before the next due instant: as it will be if nothing else happens.

    fn figure(&mut self, figure: Figure, of: &About, at: Instant) -> Result<Money, StageError>;
    fn units(&mut self, of: &About, at: Instant) -> Result<Quantity, StageError>;
    /// What things cost in a stretch of time (all of it where it is not said), as a bill would list it.
    fn charges(&mut self, of: &About, at: Instant) -> Result<Money, StageError>;
    /// One word: `running`, `suspended` …
    fn state(&mut self, of: Thing, name: &str, at: Instant) -> Result<String, StageError>;

    /// What waits for later parts: `bill`, `quota`, and what was sent.
    fn look(&mut self, at_what: &Look, at: Instant) -> Result<Answer, StageError> {
        let _ = at;
        Err(StageError::NotBuilt(at_what.name()))
    }

    /// What every invariant says against the books: nothing where they are right.
    fn ledger_faults(&mut self) -> Result<Vec<String>, StageError>;

    /// Lines that differ whenever anything differs that an account, a resource or the ledger has: what is refused must leave
    /// them alone.
    fn fingerprint(&mut self) -> Result<Vec<String>, StageError>;

    /// The newest things that happened to an account by themselves (settlements, steps, mails), oldest first. What the
    /// scenario did the runner knows itself.
    fn happened(&mut self, account: &str, most: usize) -> Result<Vec<Happening>, StageError> {
        let _ = (account, most);
        Ok(Vec::new())
    }

    /// Lines for people.
    fn show(&mut self, what: &Show, at: Instant) -> Result<Vec<String>, StageError> {
        let _ = at;
        Err(StageError::NotBuilt(what.name()))
    }
}

/// Makes a stage of its own for each scenario. The runner asks from several threads.
pub trait Stages: Sync {
    /// A stage with nothing on it, whose clock stands at `at`. `Err` says what a person does about it.
    fn fresh(&self, at: Instant) -> Result<Box<dyn Stage>, String>;
}

/// A profile as it is read and as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileFiles {
    pub profile: Profile,
    /// By the names they have in a cloud's folder.
    pub files: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEvent {
    /// A resource, or an account.
    pub subject: String,
    /// Several meters of one event, each in its own unit; below zero only where a story wants that refused.
    pub meters: Vec<(String, Size)>,
    /// Where the line has none, the runner's own: unique in the scenario.
    pub id: String,
    pub source: Option<String>,
    pub at: Instant,
    /// With `product`, `project` and `user` among them, where the line says so.
    pub properties: BTreeMap<String, String>,
}

/// An amount that an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Posted cash and credit, less debt.
    Balance,
    /// Less what has accrued.
    Spendable,
    /// Less what is held.
    Available,
    Accrued,
    Due,
    /// What small bills left for the next one.
    Rolled,
    Credit,
}

/// Whose figure, and which part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub account: String,
    /// Only what is left of this grant of it.
    pub grant: Option<String>,
    pub product: Option<String>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
}

/// What has a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A bare name: the resource, order or payment of that name, the first that is there.
    Any,
    Resource,
    Order,
    Subscription,
    Payment,
    /// Of an account.
    Standing,
}

/// Questions whose parts are not built yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Bill {
        which: Bill,
        part: BillPart,
    },
    Quota(QuotaAsked),
    /// What came in at the bank and is nobody's yet.
    Suspense,
    Estimate,
    /// Costs as the console and the API show them: the sum of one group, or of all.
    Costs(Box<CostsAsked>),
    /// What stands on a page, line by line.
    Page(PageAsked),
    /// Rows of an exported file, or the sum of a column.
    Export {
        name: String,
        column: Option<String>,
    },
    /// What a grant has paid for.
    History {
        account: String,
        grant: String,
    },
    /// Was this sent to the account since the last look that held? Looks that hold forget what was sent before.
    Sent {
        account: String,
        kind: String,
        contains: Option<String>,
    },
    /// What was sent to anybody, of this kind or of any.
    NothingSent {
        kind: Option<String>,
    },
}

/// One quota of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaAsked {
    pub account: String,
    /// None, as with the quota: there is only one.
    pub product: Option<String>,
    pub quota: Option<String>,
    pub part: QuotaPart,
}

/// Which costs of an account. Days are the account's, the last one included; this month to today where the line does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostsAsked {
    pub account: String,
    pub by: GroupBy,
    /// One of the groups; none: their sum.
    pub of: Option<String>,
    pub filter: CostFilter,
    pub from: Option<CivilDate>,
    pub to: Option<CivilDate>,
}

/// A page of the console, as a browser would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsked {
    /// None: one that anybody may open.
    pub account: Option<String>,
    /// From the account's, or the cloud's, first page on.
    pub path: String,
    /// A member, who sees what is theirs; none: whoever pays.
    pub person: Option<String>,
    /// Such as `zh`; none: English.
    pub language: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaPart {
    Left,
    Limit,
    Used,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bill {
    Named(String),
    LatestOf(String),
    /// The newest of what an account's balance has paid.
    StatementOf(String),
    /// The newest that an account has asked for.
    InvoiceOf(String),
}

impl Bill {
    pub fn name(&self) -> &str {
        match self {
            Bill::Named(name) | Bill::LatestOf(name) | Bill::StatementOf(name) | Bill::InvoiceOf(name) => name,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillPart {
    Total,
    Tax,
    /// What is due, disputed or not.
    Due,
    Status,
    Lines,
    /// What can be downloaded of it.
    Document,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Money(Money),
    Number(Quantity),
    Word(String),
    Lines(Vec<String>),
    /// Whether it is so; if not, what is there instead.
    Holds(Result<(), String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    Bill(Bill),
    Ledger { account: String },
    Timeline { name: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: Instant,
    pub what: String,
}

impl StageError {
    pub fn refused(code: &str, message: impl Into<String>) -> StageError {
        assert!(CODES.contains(&code), "{code} is a code that scenarios know");
        StageError::Refused { code: code.to_owned(), message: message.into() }
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StageError::Refused { code, message } => write!(out, "refused with {code}: {message}"),
            StageError::NotBuilt(name) => write!(out, "not built yet: {name}"),
            StageError::Broken(what) => write!(out, "a fault of Farthing's own: {what}"),
        }
    }
}

impl std::error::Error for StageError {}

impl Figure {
    pub const ALL: [Figure; 7] = [
        Figure::Balance,
        Figure::Spendable,
        Figure::Available,
        Figure::Accrued,
        Figure::Due,
        Figure::Rolled,
        Figure::Credit,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Figure::Balance => "balance",
            Figure::Spendable => "spendable",
            Figure::Available => "available",
            Figure::Accrued => "accrued",
            Figure::Due => "due",
            Figure::Rolled => "rolled",
            Figure::Credit => "credit",
        }
    }
}

impl Thing {
    pub const NAMED: [Thing; 5] = [Thing::Resource, Thing::Order, Thing::Subscription, Thing::Payment, Thing::Standing];

    pub const fn word(self) -> &'static str {
        match self {
            Thing::Any => "resource, order or payment",
            Thing::Resource => "resource",
            Thing::Order => "order",
            Thing::Subscription => "subscription",
            Thing::Payment => "payment",
            Thing::Standing => "standing",
        }
    }
}

impl About {
    pub fn account(account: impl Into<String>) -> About {
        About { account: account.into(), ..About::default() }
    }
}

impl Look {
    pub const fn name(&self) -> &'static str {
        match self {
            Look::Bill { .. } => "expect bill",
            Look::Quota(_) => "expect quota",
            Look::Suspense => "expect suspense",
            Look::Estimate => "expect estimate",
            Look::Costs(_) => "expect costs",
            Look::Page(_) => "expect page",
            Look::Export { .. } => "expect export",
            Look::History { .. } => "expect history",
            Look::Sent { .. } => "expect sent",
            Look::NothingSent { .. } => "expect nothing sent",
        }
    }
}

impl BillPart {
    pub const ALL: [BillPart; 6] =
        [BillPart::Total, BillPart::Tax, BillPart::Due, BillPart::Status, BillPart::Lines, BillPart::Document];

    pub const fn word(self) -> &'static str {
        match self {
            BillPart::Total => "total",
            BillPart::Tax => "tax",
            BillPart::Due => "due",
            BillPart::Status => "status",
            BillPart::Lines => "lines",
            BillPart::Document => "document",
        }
    }
}

impl Show {
    pub const fn name(&self) -> &'static str {
        match self {
            Show::Bill(_) => "show bill",
            Show::Ledger { .. } => "show ledger",
            Show::Timeline { .. } => "show timeline",
        }
    }
}

impl Ends {
    /// When it ends for something that begins at `from`.
    pub fn instant(self, from: Instant, zone: &Zone) -> Result<Instant, OutOfRange> {
        match self {
            Ends::At(at) => Ok(at),
            Ends::After(span) => span.end_from(from, zone),
        }
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bill::Named(name) => out.write_str(name),
            Bill::LatestOf(account) | Bill::StatementOf(account) | Bill::InvoiceOf(account) => {
                write!(out, "latest {account}")
            }
        }
    }
}
