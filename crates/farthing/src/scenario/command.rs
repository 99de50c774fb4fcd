//! The commands of the language as typed values, in the words of the engine that carries them out.

use super::stage::{Bill, ProfileFiles};
use farthing_core::budget::Step as BudgetStep;
use farthing_core::config::Size;
use farthing_core::export::{ExportWhat, FileFormat};
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Locale, Money};
use farthing_core::policy::{AtExpiry, Pay};
use farthing_core::rate::Percent;
use farthing_core::time::{Duration, Instant, Span, Zone};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One line that does something. What moves the clock is not here: the runner does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Account(NewAccount),
    Project {
        project: String,
        account: String,
    },
    Member(NewMember),
    Move {
        project: String,
        to: String,
    },
    Close {
        account: String,
    },
    Keep {
        name: String,
    },
    Set {
        account: String,
        settings: Vec<Setting>,
    },
    Fact {
        name: String,
        fact: Fact,
    },
    Use(Use),
    Inventory {
        account: String,
        names: Vec<String>,
    },
    Budget(BudgetAsked),
    Outage(Outage),
    /// Reported by mistake.
    NoOutage {
        name: String,
    },
    TopUp(TopUp),
    Grant(NewGrant),
    Crediting(Crediting),
    Units(UnitsAsked),
    Authorise(NewHold),
    Capture(Capture),
    Release {
        hold: String,
    },
    /// What its files say, or why they cannot be used.
    Apply {
        change: Apply,
        files: Result<Box<ProfileFiles>, String>,
    },
    Paying(Paying),
    Ordering(Ordering),
    Billing(Billing),
    Around(Around),
    Down(Span),
    Crash,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    pub name: String,
    /// The cloud's where the line does not say.
    pub currency: Currency,
    pub settings: Vec<Setting>,
}

/// What an account says of itself, when it is opened and later.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Two letters of ISO 3166.
    Country(String),
    Region(String),
    TimeZone(Zone),
    Language(Locale),
    Pay(Pay),
    Company(String),
    TaxNumber(Option<String>),
    Email(String),
    AutoRefill(bool),
    AutoRefillThreshold(Money),
    AutoRefillAmount(Money),
    AutoRefillMonthlyMax(Option<Money>),
    /// Mail when the balance falls below it.
    AlertThreshold(Option<Money>),
    /// Mail while the balance lasts for less than so many days.
    AlertRunway(Option<u32>),
    /// Mail when the month has cost more.
    AlertMonthCost(Option<Money>),
    /// Bills are charged to the default method by themselves.
    AutomaticDeduction(bool),
    /// What the month may cost.
    /// Whose limits the others of the line are: one member's.
    LimitOf(String),
    MonthLimit(Option<Money>),
    /// What everything that runs may cost in an hour.
    HourLimit(Option<Money>),
    StopOnOverdue(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    pub name: String,
    pub account: Option<String>,
    pub project: Option<String>,
    pub role: Option<String>,
    /// A wallet in the account, called as the member is.
    pub wallet: Option<NewWallet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewWallet {
    pub threshold: Option<Money>,
    pub stop_on_overdue: Option<bool>,
}

/// What the cloud reports of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Start(Start),
    Stop,
    Resume,
    /// To another SKU, another size, or both.
    Resize {
        sku: Option<String>,
        size: Option<Size>,
    },
    Delete,
    Restore,
    Fail,
    Heartbeat,
    /// A capacity's reading; it holds until the next one.
    Gauge(Size),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// None, as with the product: it is there already, and is started again.
    pub place: Option<Place>,
    pub product: Option<String>,
    pub sku: Option<String>,
    pub size: Option<Size>,
    /// Who started it, for free sizes and views by user.
    pub user: Option<String>,
    /// `running` where the line does not say.
    pub state: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// What chooses a SKU or a price: provider, region.
    pub properties: BTreeMap<String, String>,
}

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Project(String),
    /// In no project of its own.
    Account(String),
}

/// A line of usage, which may be many events.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub subject: String,
    /// How much, in the unit of the meter.
    pub meters: Vec<(String, Size)>,
    /// With `product`, `project` and `user` among them, where the line says so.
    pub properties: BTreeMap<String, String>,
    pub id: Option<String>,
    pub source: Option<String>,
    pub times: u32,
    /// From one to the next; the clock goes along.
    pub every: Option<Duration>,
}

/// What a month may cost, and what happens on the way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetAsked {
    pub account: String,
    pub name: String,
    /// None: there is none of this name any more.
    pub set: Option<BudgetSet>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetSet {
    pub project: Option<String>,
    pub label: Option<(String, String)>,
    pub month: Money,
    pub steps: Vec<BudgetStep>,
}

/// The provider's own fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// None: what it says is its name.
    pub name: Option<String>,
    pub product: String,
    pub from: Instant,
    pub to: Instant,
    pub sku: Option<String>,
    pub resource: Option<String>,
    pub properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    pub account: String,
    /// Net.
    pub amount: Money,
    /// `card:visa`; used once and not stored. None: booked by hand.
    pub method: Option<String>,
    /// What the story calls it.
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewGrant {
    pub name: String,
    pub account: String,
    pub amount: Money,
    /// What it may pay; everything when empty.
    pub products: Vec<String>,
    pub priority: Option<u32>,
    pub expires: Option<Ends>,
}

/// Credit in other ways than by hand, and coupons.
#[derive(Clone, Debug, PartialEq)]
pub enum Crediting {
    /// A gift of the catalogue.
    Gift {
        name: String,
        account: String,
        gift: String,
    },
    /// A grant that comes again.
    Recurring {
        grant: NewGrant,
        every: Span,
        times: Option<u32>,
        rollover: Option<Money>,
    },
    Coupon(NewCoupon),
    Redeem {
        account: String,
        code: String,
    },
}

/// A coupon that no file has.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCoupon {
    pub code: String,
    pub off: Off,
    pub products: Vec<String>,
    pub skus: Vec<String>,
    pub first_order: bool,
    pub redemptions: Option<u32>,
    pub per_account: Option<u32>,
    /// So often in each so long.
    pub per_period: Option<(u32, Span)>,
    /// None: not said; `all` is none of them.
    pub bills: Option<Bills>,
    /// A day, or an instant.
    pub from: Option<String>,
    pub expires: Option<Ends>,
}

/// For how many bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bills {
    Some(u32),
    All,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Off {
    Percent(Percent),
    Amount(Money),
    FreePeriods(u32),
}

/// Units given by hand, or bought with what is on the balance.
#[derive(Clone, Debug, PartialEq)]
pub enum UnitsAsked {
    Give {
        account: String,
        units: Quantity,
        product: Option<String>,
        expires: Option<Ends>,
        /// The same is given again after so long.
        every: Option<Duration>,
        reason: String,
    },
    Buy {
        account: String,
        units: Quantity,
        product: Option<String>,
    },
}

impl UnitsAsked {
    pub fn account(&self) -> &str {
        match self {
            UnitsAsked::Give { account, .. } | UnitsAsked::Buy { account, .. } => account,
        }
    }
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ends {
    At(Instant),
    /// Counted from now, months in the account's zone.
    After(Span),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHold {
    pub name: String,
    pub account: String,
    pub amount: Money,
    pub ttl: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub hold: String,
    pub amount: Money,
    /// It is the last: what is left of the hold is free again.
    pub last: bool,
}

/// A version of the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apply {
    /// Where the line says it is; none for the profile the scenario begins with.
    pub file: Option<PathBuf>,
    pub starts: Option<Instant>,
    pub corrects: Option<i64>,
}

/// Money through a provider, in and back.
#[derive(Clone, Debug, PartialEq)]
pub enum Paying {
    Refund {
        account: String,
        amount: Money,
        name: Option<String>,
    },
    MethodAdd {
        account: String,
        method: String,
        default: bool,
    },
    MethodRemove {
        account: String,
        method: String,
    },
    /// Of a payment, or of the newest one of an account. `won`: how a dispute about it ends.
    Chargeback {
        name: String,
        amount: Option<Money>,
        won: Option<bool>,
    },
    /// The customer scans a payment's code, or pays on its page: the newest open one of an account, or by its name. `paid`: how much of another
    /// currency than the account's.
    Scan {
        name: String,
        paid: Option<Money>,
    },
    /// Of a payment or a refund by its name, or the oldest of an account that waits.
    Decide {
        name: String,
        approve: bool,
        /// Of a dispute: so much of it is right.
        amount: Option<Money>,
    },
    Provider(Provider),
    /// What is not asked for: all or a part of what a product cost.
    Waive {
        account: String,
        amount: Money,
        product: String,
        reason: String,
    },
    /// Money of an account into a wallet in it; below zero: out of it.
    Fund {
        account: String,
        amount: Money,
    },
    /// What is unbilled is put on a bill now.
    Bill {
        account: String,
    },
    Bank(Banking),
    /// `card:visa`: it is looked at, and not kept.
    Trial {
        account: String,
        method: Option<String>,
    },
    /// What was charged or billed is written to a file, which the story looks at by this name.
    Export(ExportAsked),
    /// Use is counted against quotas before it happens.
    Reserve {
        name: String,
        account: String,
        product: String,
        meters: Vec<(String, Size)>,
    },
}

/// A file of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportAsked {
    pub name: String,
    /// None: of the whole cloud.
    pub account: Option<String>,
    pub what: ExportWhat,
    pub format: FileFormat,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
    pub product: Option<String>,
    pub project: Option<String>,
    pub resource: Option<String>,
    pub user: Option<String>,
    pub label: Option<(String, String)>,
    /// Its account is written to.
    pub mail: bool,
}

/// What happens at the cloud's bank, and what an operator decides about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Banking {
    /// Somebody transfers money: with the account's own code unless they write something else.
    TransferIn {
        account: Option<String>,
        amount: Money,
        text: Option<String>,
        from: Option<String>,
        by: Option<String>,
    },
    /// It does everything that files ask for, and tells it.
    Settles,
    /// It tells its last statement again.
    Repeats,
    /// It refuses to debit a payment, or the newest one of an account.
    Refuses {
        name: String,
        code: String,
    },
    /// A debit comes back.
    Returns {
        name: String,
        code: String,
        fee: Option<Money>,
    },
    /// The movement that waits longest is an account's; `billed`: for its newest bill.
    Assign {
        account: String,
        billed: bool,
    },
    SendBack,
    SetAside,
}

/// What is bought ahead.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordering {
    Order(NewOrder),
    Pay {
        order: String,
        method: Option<String>,
        coupon: Option<String>,
        credit: Option<String>,
    },
    Cancel {
        order: String,
        when: Option<When>,
    },
    Expire {
        name: String,
        becomes: AtExpiry,
    },
    /// How the cloud makes it.
    Provisions(Answering),
}

/// What becomes of bills.
#[derive(Clone, Debug, PartialEq)]
pub enum Billing {
    Bill {
        bill: Bill,
        deed: BillDeed,
    },
    /// For these charges, or all whose service begins within the time.
    Invoice {
        account: String,
        name: String,
        charges: Vec<i64>,
        from: Option<Instant>,
        to: Option<Instant>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum BillDeed {
    Dispute { amount: Option<Money>, reason: String },
    Credit { amount: Option<Money> },
    Reissue,
    WriteOff,
}

/// What goes on around an account: a price that is asked for, what a user writes, and how the mail server and the cloud behave.
#[derive(Clone, Debug, PartialEq)]
pub enum Around {
    Estimate(Estimate),
    Write { name: String, size: Size },
    Mail { ok: bool },
    CloudAcks(Answering),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewOrder {
    pub name: String,
    pub place: Option<Place>,
    pub what: Ordered,
    pub quantity: Option<Quantity>,
    pub renew: Option<AtExpiry>,
    pub properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered {
    Product { product: String, sku: Option<String> },
    Addon { addon: String, parent: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    AtTheEnd,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    pub product: String,
    pub sku: Option<String>,
    pub account: Option<String>,
    pub quantity: Option<Quantity>,
    pub size: Option<Size>,
    pub lasting: Option<Span>,
    pub meters: Vec<(String, Size)>,
    pub properties: BTreeMap<String, String>,
}

/// How the payment provider behaves from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Decline,
    Timeout,
    Recover,
    /// It does not tell what its customers do: whoever wants to know asks.
    Silent,
}

/// How the cloud answers from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    On,
    Off,
    Fail,
    After(Duration),
}

impl Ordering {
    /// As the line begins.
    pub const fn name(&self) -> &'static str {
        match self {
            Ordering::Order(_) => "order",
            Ordering::Pay { .. } => "pay",
            Ordering::Cancel { .. } => "cancel",
            Ordering::Expire { .. } => "expire",
            Ordering::Provisions(_) => "cloud provisions",
        }
    }
}

impl Billing {
    /// As the line begins.
    pub const fn name(&self) -> &'static str {
        match self {
            Billing::Bill { deed: BillDeed::Dispute { .. }, .. } => "dispute",
            Billing::Bill { deed: BillDeed::Credit { .. }, .. } => "credit-note",
            Billing::Bill { deed: BillDeed::Reissue, .. } => "reissue",
            Billing::Bill { deed: BillDeed::WriteOff, .. } => "write-off",
            Billing::Invoice { .. } => "invoice",
        }
    }

    /// Of which bill, or account.
    pub fn of(&self) -> &str {
        match self {
            Billing::Bill { bill, .. } => bill.name(),
            Billing::Invoice { account, .. } => account,
        }
    }
}

impl Around {
    /// As the line begins.
    pub const fn name(&self) -> &'static str {
        match self {
            Around::Estimate(_) => "estimate",
            Around::Write { .. } => "write",
            Around::Mail { .. } => "mail",
            Around::CloudAcks(_) => "cloud acks",
        }
    }
}

impl NewAccount {
    /// Its own; the cloud's where it has none.
    pub fn time_zone(&self) -> Option<&Zone> {
        self.settings.iter().find_map(|setting| if let Setting::TimeZone(zone) = setting { Some(zone) } else { None })
    }
}

impl Place {
    pub fn name(&self) -> &str {
        match self {
            Place::Project(name) | Place::Account(name) => name,
        }
    }
}
