//! From what was used to what is paid: settlement posts the difference between what should have been charged and what was.
//!
//! | question | file |
//! |---|---|
//! | which price holds for a thing at an instant | `terms.rs` |
//! | what a timeline costs, day by day, and what of it is open | `line.rs` |
//! | how much is open now | `open.rs` |
//! | what pays, in which order; what a correction gives back | `purse.rs` |
//! | what is taken of units bought ahead, and which seconds they do not cover | `units/` |
//! | what is posted and sealed when an account is settled | `book.rs` |
//! | of when a correction is, and which periods are closed | `late.rs` |
//! | what is left to spend, and until when it lasts | `outlook.rs` |
//! | how much may be used before an account has to be looked at | `room.rs` |
//! | why a charge is what it is | `reason.rs` |
//! | what must hold of what is written, and of the ledger | `audit.rs` |
//!
//! All of it is pure: the store reads an account's book, a function here says what follows, the store writes it.

mod audit;
mod book;
mod error;
mod late;
mod line;
mod open;
mod outlook;
mod purse;
mod reason;
mod room;
mod terms;
mod units;

pub use audit::{AuditedCharge, ChargeAuditor, Wallets};
pub use book::{AccountBook, Closing, Correction, Line, LineId, Posted, Posting, Sealed, Settlement, ThingId};
pub use error::SettleError;
pub use late::{Service, billing_period, is_closed};
pub use line::{Compiled, Costs, Payer, Slot, Stretch, ThingPrices, cost, stretches_of_resource, stretches_of_scope};
pub use open::OpenCharge;
pub use outlook::{CostWatch, Figures, Question};
pub use purse::{Lot, Paid, Purse, Source, paid_from_text, paid_to_text};
pub use reason::{Charged, Counted, Did};
pub use room::Watched;
pub use terms::{FoundTerms, Holding, Meterage, PriceBook, Priced, Terms, TermsKey, parts_of, rating_period};
pub use units::{Drawn, Dry, Turn, UnitBook, UnitForm, UnitLot, UnitRate, UnitTerms, UnitUse, uncovered, unit_forms};
