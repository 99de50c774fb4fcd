//! The shell without HTTP: the one real clock, the id source, and one file per use case over the store.

mod alerts;
mod apply_policy;
mod asked;
mod bank;
mod bills;
mod budgets;
mod change_account;
mod check_open;
mod clock;
mod clouds;
mod coupons;
mod credits;
mod deliver;
mod explain_charge;
mod export_ledger;
mod exports;
mod fact_text;
mod find_accounts;
mod folio;
mod foretell;
mod gate;
mod hold_money;
mod ids;
mod import_balances;
mod keep_wallets;
mod list_accounts;
mod list_charges;
mod list_wallets;
mod look_around;
mod look_at_account;
mod look_at_cloud;
mod look_at_costs;
mod look_at_health;
mod look_at_history;
mod look_at_revenue;
mod look_at_today;
mod look_at_trail;
mod manage_endpoints;
mod manage_keys;
mod move_clock;
mod notices;
mod open_account;
mod open_project;
mod orders;
mod payments;
mod people;
mod periods;
mod plain_usage;
mod quotas;
mod record_fact;
mod record_usage;
mod refusal;
mod report_outage;
mod restored_copy;
mod retry_parked;
mod run_due;
mod run_ledger;
mod spend_limits;
mod standing;
mod take_outages;
mod tax;
mod tell;
mod top_up;
mod trials;
mod try_policy;
mod units;
mod waive_charge;
mod work;

pub use alerts::{AlertChange, AlertFacts};
pub use apply_policy::ApplyPolicyError;
pub use asked::{Asked, Once};
pub use bank::{
    BankFileFacts, BankRowFacts, BankSuggestion, NewMandate, NewStatement, OpenDifference, Reconciliation, Refusal,
    RowDecision, StatementFormat, TransferDetails, Unread, read_refusals,
};
pub use bills::{
    BillDisputeFacts, BillFacts, BillGroup, BillLineFacts, BillParty, BillPayment, Billed, Decision, InvoiceBuyer,
    InvoiceDecision, InvoiceRequestFacts, NewBillDispute, NewBillPayment, NewBillRefund, NewInvoiceRequest, Paper,
    PaperLine, PayBillBy, UsedFacts,
};
pub use budgets::{BudgetFacts, NewBudget, StepFacts};
pub use clock::{Clock, ClockError};
pub use coupons::{CouponFacts, CouponUse, ForOrder, NewCoupon, Redeemed, RedemptionFacts, Reserved};
pub use credits::{CreditFacts, CreditLine, NewGift, NewGrant, Recurrence, RecurringFacts};
pub use deliver::{Carried, Carrier, DeliveryView, Enclosed, Envelope, Hook, Outcome, Parcel, To};
pub use explain_charge::{ChargeReasons, PaidBy, ToldOf};
pub use export_ledger::ExportError;
pub use exports::{
    ChargeDocument, ExportAsk, ExportFacts, ExportProgress, LineCharge, NewExport, RowsError, SheetMaker, export_path,
};
pub use find_accounts::{FoundAccount, FoundBy};
pub use gate::GateFacts;
pub use hold_money::{AskedHold, HoldFacts, HoldStanding, NewCapture, NewHold};
pub use ids::{IdSource, chance};
pub use import_balances::{Import, ImportMode};
pub use keep_wallets::NewWallet;
pub use list_accounts::AccountLine;
pub use list_charges::{ChargeLine, ChargesView};
pub use list_wallets::WalletView;
pub use look_around::{ListedCharge, ListedResource, ResourceFilter};
pub use look_at_account::{AccountStanding, AccountView, ChargeQuestion, ResourceView};
pub use look_at_cloud::CloudFacts;
pub use look_at_costs::{CostQuestion, CostsView, KnownCosts, MonthView, ResourceMonth};
pub use look_at_health::{Health, Job};
pub use look_at_history::{Happened, Happening, History, HistoryQuestion};
pub use look_at_revenue::Revenue;
pub use look_at_today::{AtRisk, Brake, CloudToday, OwedBill};
pub use manage_endpoints::{EndpointChange, NewEndpoint};
pub use manage_keys::{NewKey, Origin};
pub use notices::{NoticeSettings, NoticeView};
pub use open_account::{AccountFacts, Contact, NewAccount};
pub use open_project::NewMember;
pub use orders::{
    Ending, Made, NewChange, NewOrder, NewOrderPayment, OrderFacts, SubscriptionFacts, TermFacts, Wanted, When,
};
pub use payments::{
    DisputeFacts, GivenUp, MethodChange, MethodFacts, NewMethod, NewPayIn, NewRefund, PaidFacts, PayBy, PaymentFacts,
    Provider, Providers, RefillChange, RefillFacts, RefundFacts, RefundPartFacts,
};
pub use people::{
    Access, Entered, LinkFacts, NewConsoleLink, NewOperator, NewPerson, OperatorFacts, PersonFacts, PersonRole,
    SessionFacts, Side, SignIn, SignInRefused, SignedIn, Visit, Who,
};
pub use quotas::{NewReservation, QuotaFacts};
pub use record_fact::{NewResource, Reported, ResourceFact, Told};
pub use refusal::{RefusalCode, Refused};
pub use report_outage::{NewOutage, OutageFacts};
pub use retry_parked::Retried;
pub use spend_limits::{LimitFacts, LimitsOf, NewLimits};
pub use standing::{Claimed, ComingStep, InstructionFacts, KeepFacts, LadderFacts, SpaceFacts, StepToCome};
pub use tax::{CompanyChange, CompanyFacts};
pub use top_up::ToppedUp;
pub use trials::{NewTrial, TrialCard, TrialFacts};
pub use try_policy::{Effect, PolicyEffect};
pub use units::{NewUnitGift, NewUnits, UnitLotFacts, UnitsView};
pub use waive_charge::{Waived, Waiver};

pub use farthing_bank::BadFile;

use farthing_core::settle::SettleError;
use farthing_core::time::Instant;
use farthing_store::{Store, StoreError};
use std::fmt;
use std::sync::{Arc, Mutex};

/// A store with a clock and a source of ids: what every use case works with. Its clones share all of it.
#[derive(Clone, Debug)]
pub struct Engine {
    store: Arc<Store>,
    /// Shared with closures that read it under the store's lock.
    clock: Arc<Clock>,
    ids: Arc<IdSource>,
    clouds: Arc<clouds::Clouds>,
    ledger: Arc<run_ledger::LedgerQueue>,
    /// Held by whoever moves a simulated clock.
    moving: Arc<Mutex<()>>,
    /// For whom it works, and whether only once.
    asked: Option<Arc<Asked>>,
    /// Whom its clouds' payments go through.
    providers: Arc<payments::Providers>,
    /// Where its server is reached from outside, for links in mails; empty: not said.
    public_url: Arc<str>,
}

impl Engine {
    pub fn new(store: Store, clock: Clock, ids: IdSource) -> Engine {
        Engine {
            store: Arc::new(store),
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            clouds: Arc::default(),
            ledger: Arc::default(),
            moving: Arc::default(),
            asked: None,
            providers: Arc::default(),
            public_url: Arc::from(""),
        }
    }

    /// The same engine, whose mails have links to this address.
    #[must_use]
    pub fn with_public_url(self, url: &str) -> Engine {
        Engine { public_url: Arc::from(url), ..self }
    }

    /// The same store by another clock: for people, who live by the real one while their world's stands or runs fast.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Engine {
        Engine { clock: Arc::new(clock), ..self }
    }

    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn ids(&self) -> &IdSource {
        &self.ids
    }

    pub fn now(&self) -> Result<Instant, EngineError> {
        Ok(self.clock.now()?)
    }
}

#[derive(Debug)]
pub enum EngineError {
    Store(StoreError),
    Clock(ClockError),
    /// The one that ran this request's batch ended before it answered; asking again with the same ids tells how it went.
    Abandoned,
    /// Something could not be settled.
    Settle(SettleError),
    /// A version that was applied cannot be read by this Farthing.
    Configuration {
        cloud: String,
        number: i64,
        first: String,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Store(error) => error.fmt(f),
            EngineError::Clock(error) => error.fmt(f),
            EngineError::Abandoned => f.write_str("the request was abandoned: ask again with the same ids"),
            EngineError::Settle(error) => error.fmt(f),
            EngineError::Configuration { cloud, number, first } => write!(
                f,
                "version {number} of cloud {cloud} cannot be read by this version of Farthing ({first}): apply a corrected one"
            ),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            EngineError::Store(error) => error.source(),
            EngineError::Settle(error) => Some(error),
            EngineError::Clock(_) | EngineError::Abandoned | EngineError::Configuration { .. } => None,
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> EngineError {
        EngineError::Store(error)
    }
}

impl From<ClockError> for EngineError {
    fn from(error: ClockError) -> EngineError {
        EngineError::Clock(error)
    }
}

impl From<SettleError> for EngineError {
    fn from(error: SettleError) -> EngineError {
        EngineError::Settle(error)
    }
}
