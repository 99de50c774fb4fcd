//! The cloud's own account at its bank: what comes in by transfer and direct debit, and what goes out by file (R40, R52, R58).
//!
//! Every movement of a statement is booked once, against suspense (`take_statement`), then looked at (`look_at_row`): it answers what we asked the
//! bank for, it is a provider's payout or a fee, or it is a customer's money, credited where it is certain whose it is (`credit`). What is not
//! certain waits for a person (`decide`). The bank is a provider like others (`orders`): what it is asked for is written down, and goes into the
//! next file; how it ended, statements and refusals tell.

mod credit;
mod decide;
mod facts;
mod files;
mod look_at_row;
mod mandates;
mod orders;
mod read_file;
mod reconcile;
mod refusals;
mod take_statement;
mod transfer_details;

pub use decide::RowDecision;
pub use facts::{BankFileFacts, BankRowFacts, BankSuggestion};
pub use mandates::NewMandate;
pub(crate) use orders::{Bank, CAPABILITIES};
pub use read_file::{StatementFormat, Unread, read_refusals};
pub use reconcile::{OpenDifference, Reconciliation};
pub use refusals::Refusal;
pub use take_statement::NewStatement;
pub use transfer_details::TransferDetails;
pub(crate) use transfer_details::takes_transfers;

use crate::folio::Work;
use crate::{RefusalCode, Refused};
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, BankMatched, Stamp};
use farthing_core::policy::Bank as BankPolicy;

/// In rows, and in the ledger: `provider/bank`. What was asked of the bank, or is known to be a customer's, passes through it.
pub(crate) const NAME: &str = "bank";

/// What the bank knows something by: our own name for it, in the letters that banks take.
fn name_at_bank(id: impl std::fmt::Display) -> String {
    id.to_string().replace('_', "-")
}

/// The account that the cloud's policy names.
fn own_account(work: &Work<'_, '_>) -> Result<BankPolicy, Refused> {
    let missing = || {
        let what = "this cloud's policy names no account at a bank: write [bank] with its `account`";
        Refused::new(RefusalCode::RefusedByPolicy, what)
    };
    work.policy_at(work.now)?.bank.clone().ok_or_else(missing)
}

/// Books what a movement was: below zero it went out.
fn book_known(work: &mut Work<'_, '_>, to: Chart, amount: i64) -> Result<(), Refused> {
    let (suspense, to) = (work.book_account(Chart::Suspense)?, work.book_account(to)?);
    let commodity = work.books()?.commodity;
    let effective = work.now.floor_second();
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective };
    let facts = BankMatched { commodity, suspense, to, amount };
    Ok(work.book(&[posting::bank_matched(&mut stamp, &facts)])?)
}

fn through_the_bank() -> Chart {
    Chart::Provider(NAME.to_owned())
}
