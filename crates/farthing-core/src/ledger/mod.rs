//! The ledger: every amount moves between two accounts, so the sum is always zero; what is booked is never edited.
//!
//! Pure. `Needs::of(commands)` says what to read, `decide` what follows; the store reads, locks and writes.

mod account;
pub mod audit;
mod books;
pub mod chain;
mod chart;
mod command;
mod decide;
mod hold;
mod months;
pub mod posting;
mod transfer;

pub use account::{Account, AccountId, CommodityId, Floor, OwnerId};
pub use books::{Books, HoldChange, Needs};
pub use chart::{Chart, Class, Commodity, CommodityKind, Kind};
pub use command::{Code, Command, Outcome};
pub use decide::{Decided, decide};
pub use hold::{Authorise, Capture, CaptureRecord, Hold, HoldState, Part, parts_from_text, parts_to_text};
pub use months::{Month, Months};
pub use transfer::{Entry, Flags, Mode, Movement, Transfer, TransferId};
