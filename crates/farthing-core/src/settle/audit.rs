//! What must hold of accounts' charges, checked from their rows and from the ledger's: a part of `farthing verify`.
//!
//! Evidence is sealed and chained; working state is compared with it. What paid an account's charges of a product, sealed and
//! not sealed yet, is what the ledger moved for them: nothing is charged that was not moved, nothing moved that is not charged.
//! Each row is looked at by itself first, then what rows say of one another, so that a changed row comes before those that it
//! contradicts. Memory goes with accounts and their products.

use super::{Paid, Source, ThingId};
use crate::config::Name;
use crate::ledger::audit::{AuditReport, Audited, FINDINGS_MAX, Finding};
use crate::ledger::{AccountId, Entry, Kind, OwnerId, TransferId, chain};
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const CHANGED: &str = "it is not what was written: its seal does not fit";

/// A charge as its row has it.
#[derive(Clone, Debug)]
pub struct AuditedCharge {
    pub account: OwnerId,
    pub thing: ThingId,
    pub part: Option<Name>,
    pub from: Instant,
    pub product: Name,
    pub net: i64,
    pub paid: Paid,
    pub chained: i64,
    /// The hash of what it says.
    pub content: [u8; 32],
}

/// The ledger accounts that an account pays from.
#[derive(Clone, Copy, Debug)]
pub struct Wallets {
    pub cash: AccountId,
    /// None: never needed so far.
    pub debt: Option<AccountId>,
    pub unbilled: Option<AccountId>,
}

/// By what a product's charges are paid. Cash and debt are one: a debt that was paid since comes back as cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Funding {
    Lot(AccountId),
    Money,
    Unbilled,
}

/// What a ledger account is to settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    Wallet(OwnerId, Funding),
    Revenue(Name),
    PromoOpen,
    PromoUsed,
}

/// An account's chain: what its state says, and what its charges come to.
#[derive(Debug)]
struct Chained {
    says: Option<(i64, [u8; 32])>,
    count: i64,
    head: [u8; 32],
}

#[derive(Debug, Default)]
struct Sum {
    moved: i128,
    charged: i128,
}

#[derive(Debug, Default)]
pub struct ChargeAuditor {
    roles: BTreeMap<AccountId, Role>,
    chains: BTreeMap<OwnerId, Chained>,
    /// Legs of free credit whose product stands in the other leg of their set: which lot, and how much.
    legs: BTreeMap<TransferId, (OwnerId, AccountId, i128)>,
    /// Transfers that were reversed: those of use take part in the sums, and so do their reversals.
    reversed: BTreeSet<TransferId>,
    sums: BTreeMap<(OwnerId, Name, Funding), Sum>,
    read: u64,
    /// Of rows by themselves, then of rows among each other.
    own: Vec<Finding>,
    among: Vec<Finding>,
}

impl ChargeAuditor {
    /// A row of evidence, whose seal fits or does not.
    pub fn sealed(&mut self, row: impl fmt::Display, fits: bool) {
        if !fits {
            find(&mut self.own, row, CHANGED);
        }
    }

    /// A row that holds what no row of its table can hold.
    pub fn unreadable(&mut self, row: impl fmt::Display, what: &str) {
        find(&mut self.own, row, what);
    }

    /// A row that stands without one it belongs to, or differs from it.
    pub fn stray(&mut self, row: impl fmt::Display, what: &str) {
        find(&mut self.among, row, what);
    }

    pub fn account(&mut self, id: OwnerId, wallets: Wallets) {
        let Wallets { cash, debt, unbilled } = wallets;
        for (account, funding) in [(Some(cash), Funding::Money), (debt, Funding::Money), (unbilled, Funding::Unbilled)]
        {
            account.map(|account| self.roles.insert(account, Role::Wallet(id, funding)));
        }
        self.chains.insert(id, Chained { says: None, count: 0, head: [0; 32] });
    }

    pub fn lot(&mut self, account: OwnerId, ledger: AccountId) {
        self.roles.insert(ledger, Role::Wallet(account, Funding::Lot(ledger)));
    }

    /// Where a cloud's own books have the income of a product.
    pub fn revenue(&mut self, account: AccountId, product: Name) {
        self.roles.insert(account, Role::Revenue(product));
    }

    /// The two accounts of a cloud's books that free credit goes through.
    pub fn promotion(&mut self, account: AccountId, is_open: bool) {
        self.roles.insert(account, if is_open { Role::PromoOpen } else { Role::PromoUsed });
    }

    /// Before the transfers: that this one was reversed.
    pub fn reversal(&mut self, target: TransferId) {
        self.reversed.insert(target);
    }

    /// A transfer, in order of id. What is no use of an account's is passed over: holds' captures have a kind of their own.
    pub fn entry(&mut self, entry: &Entry) {
        let back = match entry.kind {
            Kind::UsageByCash | Kind::UsageOnDebt | Kind::UsageUnbilled | Kind::UsageByCredit | Kind::PromotionUsed => {
                false
            }
            Kind::UsageCorrected => true,
            Kind::Reversal if entry.reverses.is_some_and(|target| self.reversed.contains(&target)) => true,
            _ => {
                // Only what reverses use is of use; the rest need not be remembered.
                self.reversed.remove(&entry.id);
                return;
            }
        };
        let amount = i128::from(entry.amount);
        let (payer, payee, amount) = if back {
            (entry.credit, entry.debit, amount.saturating_neg())
        } else {
            (entry.debit, entry.credit, amount)
        };
        let set = entry.linked.unwrap_or(entry.id);
        match (self.roles.get(&payer), self.roles.get(&payee)) {
            (Some(Role::Wallet(account, Funding::Lot(lot))), Some(Role::PromoOpen)) => {
                self.legs.insert(set, (*account, *lot, amount));
            }
            (Some(Role::PromoUsed), Some(Role::Revenue(product))) => {
                let product = product.clone();
                let Some((account, lot, given)) = self.legs.remove(&set) else { return };
                if given != amount {
                    let what = format!("free credit gave {given} and {amount} came of it");
                    find(&mut self.among, format!("transfer {} ({})", entry.id.get(), entry.id), &what);
                }
                self.moved(account, product, Funding::Lot(lot), amount);
            }
            (Some(Role::Wallet(account, funding)), Some(Role::Revenue(product))) => {
                let (account, product, funding) = (*account, product.clone(), *funding);
                self.moved(account, product, funding, amount);
            }
            (Some(Role::Wallet(account, _)), _) => {
                let what = format!("it is use by account {} that is no product's income", account.0);
                find(&mut self.among, format!("transfer {} ({})", entry.id.get(), entry.id), &what);
            }
            _ => {} // of the plain ledger, which has no charges
        }
    }

    /// What an account's state says of its chain.
    pub fn state(&mut self, account: OwnerId, sealed: i64, head: [u8; 32]) {
        match self.chains.get_mut(&account) {
            Some(chained) => chained.says = Some((sealed, head)),
            None => find(&mut self.among, format!("account_state {}", account.0), "there is no account of this number"),
        }
    }

    /// In order of account, then of place in its chain.
    pub fn charge(&mut self, charge: &AuditedCharge, seal: i64) {
        self.read = self.read.saturating_add(1);
        if seal != chain::seal(&charge.content) {
            find(&mut self.own, charge, CHANGED);
        }
        let paid = sum_of(&charge.paid);
        if paid != i128::from(charge.net) {
            let what = format!("it costs {}, what paid it comes to {paid}", charge.net);
            find(&mut self.among, charge, &what);
        }
        match self.chains.get_mut(&charge.account) {
            Some(chained) => {
                let place = chained.count.saturating_add(1);
                if charge.chained != place {
                    let what = format!("it stands where number {place} of its account's chain belongs");
                    find(&mut self.among, charge, &what);
                }
                chained.count = charge.chained;
                chained.head = chain::extend(&chained.head, &charge.content);
            }
            None => find(&mut self.among, charge, "there is no account of this number"),
        }
        self.paid(charge.account, &charge.product, &charge.paid);
    }

    /// What was posted of a product and is not sealed yet.
    pub fn posted(&mut self, account: OwnerId, product: &Name, paid: &Paid) {
        self.paid(account, product, paid);
    }

    fn paid(&mut self, account: OwnerId, product: &Name, paid: &Paid) {
        for (source, part) in paid {
            let funding = match source {
                Source::Lot(lot) => Funding::Lot(*lot),
                Source::Cash | Source::Debt => Funding::Money,
                Source::Unbilled => Funding::Unbilled,
            };
            let sum = self.sum(account, product.clone(), funding);
            sum.charged = sum.charged.saturating_add(i128::from(*part));
        }
    }

    fn moved(&mut self, account: OwnerId, product: Name, funding: Funding, amount: i128) {
        let sum = self.sum(account, product, funding);
        sum.moved = sum.moved.saturating_add(amount);
    }

    fn sum(&mut self, account: OwnerId, product: Name, funding: Funding) -> &mut Sum {
        self.sums.entry((account, product, funding)).or_default()
    }

    /// Adds what was read and found to what the ledger's auditor reports.
    pub fn finish(mut self, report: &mut AuditReport) {
        for (account, chained) in std::mem::take(&mut self.chains) {
            let row = format!("account_state {}", account.0);
            match chained.says {
                None => find(&mut self.among, row, "the account's state is missing"),
                Some((sealed, _)) if sealed != chained.count => {
                    let what = format!("it says {sealed} charges were sealed, there are {}", chained.count);
                    find(&mut self.among, row, &what);
                }
                Some((_, head)) if head != chained.head => {
                    find(&mut self.among, row, "its chain's head is not the hash of its charges");
                }
                Some(_) => {}
            }
        }
        for ((account, product, funding), sum) in std::mem::take(&mut self.sums) {
            if sum.moved != sum.charged {
                let what = format!(
                    "transfers {funding} come to {}, sealed charges and what is posted since to {}",
                    sum.moved, sum.charged
                );
                find(&mut self.among, format!("posted {} {product}", account.0), &what);
            }
        }
        report.charges = self.read;
        report.add(self.own);
        report.add(self.among);
    }
}

impl fmt::Display for AuditedCharge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "charge {} {} (thing {}", self.account.0, self.chained, self.thing.0)?;
        if let Some(part) = &self.part {
            write!(out, " {part}")?;
        }
        write!(out, ", {})", self.from)
    }
}

impl fmt::Display for Funding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Funding::Lot(lot) => write!(out, "out of the credit of ledger account {}", lot.0),
            Funding::Money => out.write_str("out of cash or on debt"),
            Funding::Unbilled => out.write_str("that wait for a bill"),
        }
    }
}

fn sum_of(paid: &Paid) -> i128 {
    paid.iter().map(|(_, part)| i128::from(*part)).fold(0, i128::saturating_add)
}

fn find(findings: &mut Vec<Finding>, row: impl fmt::Display, what: &str) {
    if findings.len() < FINDINGS_MAX {
        findings.push(Finding { of: Audited::Charges, row: row.to_string(), what: what.to_owned() });
    }
}
