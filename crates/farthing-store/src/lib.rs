//! The only SQL of Farthing: one store over SQLite and PostgreSQL, with the same text, the same tests, the same results.
//!
//! `Store::write` and `Store::read` take synchronous closures that may be run again, so nothing but the store changes in
//! them. One file per noun holds its statements: `owners.rs`, `accounts.rs`, `ledger.rs`, `history.rs`, `policies.rs`, `usage.rs`, `audit.rs`.

mod accounts;
mod agenda;
mod alerts;
mod answers;
mod arrears;
mod audit;
mod audit_bank;
mod audit_bills;
mod audit_charges;
mod audit_coupons;
mod audit_orders;
mod audit_periods;
mod audit_units;
mod backup;
mod bank;
mod bank_clues;
mod bill_disputes;
mod billing;
mod bills;
mod budgets;
mod charges;
mod clocks;
mod codes;
mod collecting;
mod contacts;
mod coupons;
mod deliveries;
mod endpoints;
mod epoch;
mod errands;
mod error;
mod exports;
mod fitness;
mod gathering;
mod history;
mod invoice_requests;
mod keys;
mod known_ids;
mod leases;
mod ledger;
mod limits;
mod lots;
mod messages;
mod methods;
mod migrate;
mod notices;
mod open_charges;
mod outages;
mod overview;
mod owners;
mod payers;
mod payments;
mod people;
mod policies;
mod postgres;
mod projects;
mod purchases;
mod quotas;
mod recurring_grants;
mod redemptions;
mod refills;
mod refunds;
mod scratch;
mod search;
mod sessions;
mod sql;
mod sqlite;
mod standing;
mod subscriptions;
mod things;
mod trail;
mod trials;
mod tx;
mod units;
mod usage;
mod usage_values;
mod value;
mod wallets;

pub use accounts::{AccountRow, NewAccount};
pub use agenda::{Agenda, Queue};
pub use alerts::{AlertRow, MonthSum};
pub use answers::AnswerRow;
pub use arrears::ArrearsRow;
pub use audit::{AuditReport, Audited, Finding};
pub use backup::{BackupFacts, Progress, Step, backup_file, restore_file};
pub use bank::{BankFileRow, BankOrderRow, BankRow, MandateRow};
pub use bill_disputes::{BillDisputeFilter, BillDisputeRow};
pub use billing::{Beside, BillCutRow, BillingRow};
pub use bills::{BillFilter, BillKind, BillRow};
pub use budgets::{BudgetOver, BudgetRow};
pub use charges::{AccountCosts, ChargeDay, ChargeFilter, ChargeRow, CostRow};
pub use codes::{CodeRow, PaidRow};
pub use collecting::CollectingRow;
pub use contacts::ContactRow;
pub use coupons::{Counted, CouponCodeRow, CouponRow};
pub use deliveries::{Channel, DeliveryFilter, DeliveryRow, DeliveryState, DeliveryTried};
pub use endpoints::EndpointRow;
pub use epoch::Epoch;
pub use errands::{ErrandRow, ErrandsOf};
pub use error::StoreError;
pub use exports::{ExportJobRow, ExportLinkRow};
pub use fitness::PostgresSettings;
pub use gathering::Gathering;
pub use history::HistoryLine;
pub use invoice_requests::{InvoiceRequestFilter, InvoiceRequestRow, InvoicedRow};
pub use keys::KeyRow;
pub use limits::LimitRow;
pub use lots::LotRow;
pub use messages::{MessageFilter, MessageRow};
pub use methods::MethodRow;
pub use open_charges::{ClosedTotalRow, OpenRow, TermsId, properties_from_text, properties_to_text};
pub use outages::OutageRow;
pub use overview::AccountName;
pub use owners::OwnerRow;
pub use payers::{ParkedRow, PayerBrief, PayerRow, PayerState};
pub use payments::{DisputeRow, PaymentFilter, PaymentRow, PaymentsLately};
pub use people::{PersonRoleRow, PersonRow};
pub use policies::CloudNewest;
pub use postgres::PostgresTx;
pub use projects::{MemberRow, ProjectRow};
pub use purchases::PurchaseRow;
pub use quotas::{EntitlementRow, ReservedRow};
pub use recurring_grants::RecurringRow;
pub use redemptions::{CouponUseRow, RedemptionRow};
pub use refills::{CompanyRow, RefillRow};
pub use refunds::{RefundFilter, RefundPartRow, RefundRow};
pub use scratch::Scratch;
pub use search::FoundRow;
pub use sessions::{LinkPurpose, PersonLinkRow, SessionRow, Whose};
pub use sqlite::SqliteTx;
pub use standing::{BrakeRow, InstructionFilter, InstructionRow, KeepRow, LadderOf, LadderRow};
pub use subscriptions::{AgreedRow, SubscriptionRow, TermRow};
pub use things::{FactRow, NamedFact, ThingKind, ThingRow};
pub use trail::{NewEntry, TrailFilter, TrailProof};
pub use trials::TrialRow;
pub use tx::Tx;
pub use units::{UnitDryRow, UnitLotRow, UnitUseRow};
pub use usage::{RefusedAt, RefusedRow, UsageRow};
pub use value::{Column, Row, Value};
pub use wallets::WalletRow;

use std::path::{Path, PathBuf};

/// Where a store is: `sqlite:PATH`, a plain path, or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Location {
    pub fn parse(text: &str) -> Location {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Location::Postgres(text.to_owned())
        } else {
            Location::Sqlite(PathBuf::from(text.strip_prefix("sqlite:").unwrap_or(text)))
        }
    }
}

impl Location {
    /// Where the test cloud of a cloud is: a file beside this one, or a schema of its own in this database, which is made.
    pub fn of_test(&self, cloud: &str) -> Result<Location, StoreError> {
        match self {
            Location::Sqlite(path) => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(format!(".test-{cloud}"));
                Ok(Location::Sqlite(path.with_file_name(name)))
            }
            Location::Postgres(url) => {
                // Two names never meet: what is not a letter or digit is written as its number.
                let plain = |byte: u8| match byte {
                    b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                    other => format!("_{other:02x}"),
                };
                let schema: String = cloud.bytes().map(plain).collect();
                let schema = format!("farthing_test_{schema}");
                postgres::run_alone(url, &format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
                let joint = if url.contains('?') { '&' } else { '?' };
                Ok(Location::Postgres(format!("{url}{joint}options=-csearch_path%3D{schema}")))
            }
        }
    }
}

impl std::fmt::Display for Location {
    /// Without the password, which has no place in logs or messages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Location::Postgres(url) => match (url.find("://"), url.rfind('@')) {
                (Some(scheme), Some(at)) => {
                    let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
                    write!(f, "postgres://{user}@{}", url[at + 1..].split('?').next().unwrap_or_default())
                }
                _ => f.write_str(url.split('?').next().unwrap_or_default()),
            },
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// How a store is opened. The defaults suit a server.
#[derive(Clone, Debug)]
pub struct Options {
    pub schema: Schema,
    pub sqlite_cache_kib: u32,
    /// How long the write-ahead log is made at the start; as long as it becomes before it is moved into the file.
    pub sqlite_log_mib: u32,
    /// Whether each commit is on the disk when it is answered. Else only each checkpoint is: a machine that falls over loses the
    /// last commits, never a part of one. For stores that are made anew then.
    pub sqlite_sync_commits: bool,
    pub postgres_connections: usize,
    /// How much of a usage event's id the filter in memory keeps, at most 16 bits: with fewer it only has to look more often.
    pub usage_fingerprint_bits: u32,
}

/// What opening may do to the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Make it, or bring it up to date.
    Ensure,
    /// Nothing: there must be a store, of this version. For whoever only looks, and must not make what was misspelt.
    Expect,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            schema: Schema::Ensure,
            sqlite_cache_kib: 32 * 1024,
            sqlite_log_mib: 64,
            sqlite_sync_commits: true,
            postgres_connections: 16,
            usage_fingerprint_bits: 16,
        }
    }
}

impl Options {
    /// To look at a store that is there.
    pub fn existing() -> Options {
        Options { schema: Schema::Expect, sqlite_log_mib: 0, ..Options::default() }
    }
}

/// The database. Shared by reference: every method takes `&self`.
#[derive(Debug)]
pub struct Store {
    backend: Backend,
    location: Location,
}

#[derive(Debug)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the store, brings its schema up to date, and refuses one that a newer Farthing has written.
    pub fn open(location: &Location, options: &Options) -> Result<Store, StoreError> {
        if let (Location::Sqlite(path), Schema::Expect) = (location, options.schema)
            && !path.exists()
        {
            return Err(StoreError::Absent(format!(
                "{}: there is no such file; name an existing store",
                path.display()
            )));
        }
        let backend = match location {
            Location::Sqlite(path) => Backend::Sqlite(sqlite::Sqlite::open(path, options)?),
            Location::Postgres(url) => Backend::Postgres(postgres::Postgres::open(url, options)?),
        };
        let store = Store { backend, location: location.clone() };
        match options.schema {
            Schema::Ensure => migrate::run(&store, migrate::MIGRATIONS)?,
            Schema::Expect => migrate::expect(&store, migrate::MIGRATIONS)?,
        }
        Ok(store)
    }

    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The SQLite file, where there is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.backend {
            Backend::Sqlite(sqlite) => Some(sqlite.path()),
            Backend::Postgres(_) => None,
        }
    }

    /// Runs `work` in a transaction and returns once it is on the disk. An error, a panic, or a statement that failed rolls
    /// everything back. It may be run more than once: it changes nothing but the store. On SQLite it shares its commit
    /// with other callers' closures, and sees what those before it in the same commit have written.
    pub fn write<T, E>(
        &self,
        name: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let _ = name;
        let ended = match &self.backend {
            Backend::Sqlite(sqlite) => {
                sqlite.write_each(vec![work]).pop().unwrap_or(Ok(Err(StoreError::Closed.into())))
            }
            Backend::Postgres(postgres) => return postgres.write(work),
        };
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs each of the closures as `write` does, each for itself: one that fails or panics takes no other with it. On SQLite they share
    /// one commit, as those of callers who come together do.
    pub fn write_each<T, E, W>(&self, name: &'static str, works: Vec<W>) -> Vec<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let _ = name;
        let ended = match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.write_each(works),
            Backend::Postgres(postgres) => {
                let one = |work| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| postgres.write(work)));
                works.into_iter().map(one).collect()
            }
        };
        let answer = |ended: std::thread::Result<Result<T, E>>| {
            ended.unwrap_or_else(|panic| Err(StoreError::BrokeOff(said_by(panic.as_ref())).into()))
        };
        ended.into_iter().map(answer).collect()
    }

    /// Whether those who write at the same moment share a commit, and are better served together than each by itself.
    pub fn shares_commits(&self) -> bool {
        matches!(self.backend, Backend::Sqlite(_))
    }

    /// Runs `work` over one snapshot. It never waits for writers, nor they for it.
    pub fn read<T, E: From<StoreError>>(
        &self,
        name: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _ = name;
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(work),
            Backend::Postgres(postgres) => postgres.read(work),
        }
    }
}

/// What a panic says.
fn said_by(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// An error with everything that caused it, each said once, in one line: for a person.
pub fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
