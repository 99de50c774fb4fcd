//! Exports: rows of what was charged and billed, read page by page; the jobs that write them into files beside the store; the links by which
//! those are fetched; and from a line of a document to its charges.
//!
//! ```text
//! export_ask ──> job row ──> a worker claims it ──> pages ──> file.part ──> file ──> ready, told, mailed with a link of its own
//!                               └> whoever dies lets the claim run out, and the next attempt begins a file of its own
//! ```
//!
//! What an export says is core's (`export`); what writes Parquet is the binary's to bring along ([`SheetMaker`]).

mod account;
mod ask;
mod bill_charges;
mod detail;
mod documents;
mod focus;
mod jobs;
mod links;
mod rows;

pub use ask::{ExportAsk, NewExport};
pub use bill_charges::{ChargeDocument, LineCharge};
pub use jobs::{ExportFacts, SheetMaker, export_path};
pub use rows::{ExportProgress, RowsError};

pub(crate) use bill_charges::document_of_charge;
pub(crate) use links::mail_link;
