//! A cloud's policy: everything two clouds do differently, as one typed record, read from `cloud.toml`.
//!
//! Owns the vocabulary (each key with its type, default and meaning, in one file a part of the business) and which keys
//! contradict each other. No cloud's name appears here: what a cloud does is what its file says. Prices are `catalog`'s.

mod arrears;
mod bank_csv;
mod bills;
mod check;
mod identity;
mod payments;
mod sales;
mod usage;
mod version;

pub use arrears::{Alerts, Brake, Ladder, Members, Monitor, Resume, Space, Start, Step, SuspendBilling, Zero};
pub use bank_csv::{BankCsv, CsvDecimal, CsvEncoding, CsvSeparator, CsvThousands, CsvWord};
pub use bills::{Anchor, Bill, BillOn, LateFee, PricesAre, Tax, TaxPoint, TaxRate, TaxRates};
pub use identity::{Brand, Cloud, Country};
pub use payments::{
    Approval, AutoRefill, Bank, Bonus, Channel, Collect, Countries, Funding, Payouts, Refund, RefundTo, Risk, Sepa,
    TermRefund, TopUp,
};
pub use sales::{AtExpiry, Convert, ConvertBy, Credit, Renewal, Trial};
pub use usage::{Measure, Pay, Settle};
pub use version::{
    Applied, ApplyError, ApplyRequest, Files, InForce, MisplacedVersion, Version, VersionAuditor, Versions,
    digest_of_files, plan_apply, seal_file,
};

use crate::config::{Capability, Key, Reader, Remark, Source, Table, Value, Whole, section};
use crate::money::Currency;

section! {
    /// The whole of `cloud.toml`.
    Policy {
        /// Who the cloud is
        cloud: Cloud = required @ Catalogue,
        /// How it looks and who issues its documents
        brand: Brand = required @ Catalogue,
        /// How often, and by which measure, usage is taken off the balance
        settle: Settle = "{}" @ Settlement,
        /// The gate for create, start, restart and restore
        start: Start = "{}" @ Settlement,
        /// What happens when nothing is left to spend
        zero: Zero = "{}" @ Standing,
        /// The steps of an account in arrears, each counted from when the arrears began
        ladder: Ladder = "{}" @ Standing,
        /// How what was stopped comes back
        resume: Resume = "{}" @ Standing,
        /// When so much is suspended or deleted that a person must look first
        brake: Brake = "{}" @ Standing,
        /// Money in, by the customer's hand
        top_up: TopUp = "{}" @ Payments,
        /// Money in, by itself
        auto_refill: Option<AutoRefill> = "none" @ Payments,
        /// How bills are collected
        collect: Collect = "{}" @ Payments,
        /// The cloud's own account at its bank
        bank: Option<Bank> = "none" @ BankTransfers,
        /// SEPA direct debit
        sepa: Option<Sepa> = "none" @ BankTransfers,
        /// A gift to begin with
        trial: Option<Trial> = "none" @ Orders,
        /// Gifts in general
        credit: Credit = "{}" @ Orders,
        /// Bills and what becomes of them
        bill: Bill = "{}" @ Bills,
        /// Taxes
        tax: Tax = "{}" @ Payments,
        /// Money out
        refund: Refund = "{}" @ Payments,
        /// What happens to space beyond the free size when its term is over
        space: Option<Space> = "none" @ Standing,
        /// How terms go on
        renewal: Renewal = "{}" @ Orders,
        /// What is said before anything happens
        alerts: Alerts = "{}" @ Standing,
        /// What looks like misuse
        risk: Risk = "{}" @ Payments,
        /// How we know that what is billed is there
        monitor: Monitor = "{}" @ Settlement,
        /// People who use an account together
        members: Members = "{}" @ Standing,
    }
}

impl Policy {
    /// Reads what `cloud.toml` says. The policy is there unless who the cloud is cannot be read; whatever is wrong is in the
    /// remarks.
    pub fn read(source: &Source, table: &Table) -> (Option<Policy>, Vec<Remark>) {
        // The currency first: every amount of the file is in it.
        let currency = match &table.get("cloud").map(|entry| &entry.item.node) {
            Some(crate::config::Node::Table(cloud)) => cloud.get("currency").and_then(|entry| match &entry.item.node {
                crate::config::Node::Text(code) => Currency::parse(code).ok(),
                _ => None,
            }),
            _ => None,
        };
        let mut reader = Reader::new(source, currency.unwrap_or(Currency::USD));
        reader.tell_unknown(table, Policy::known());
        let policy = Policy::read_table(table, 0..0, &mut reader);
        if let Some(policy) = &policy {
            check::check(policy, &mut reader);
        }
        (policy, reader.remarks)
    }

    /// Every key of `cloud.toml`, in the order of the sections.
    pub fn all_keys() -> Vec<Key> {
        keys_of::<Policy>()
    }
}

/// Every key under a type, from the top.
pub(crate) fn keys_of<T: Value>() -> Vec<Key> {
    let mut keys = Vec::new();
    let top = Key {
        path: String::new(),
        kind: Whole::NOTHING,
        default: None,
        meaning: "",
        capability: Capability::Catalogue,
        several: false,
    };
    T::keys(top, &mut keys);
    keys
}
