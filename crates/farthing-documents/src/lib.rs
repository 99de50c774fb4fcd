//! Documents as people and authorities take them: a [`Document`] in, bytes out. [`pdf`] draws a PDF/A-3b, [`ubl`] writes PEPPOL BIS
//! Billing 3, [`cii`] what Factur-X carries.
//!
//! Pure: the same document is the same bytes, on every machine and whenever. Who makes a document from what the books say is the
//! binary; nobody else builds this crate, because drawing is heavy.

mod document;
mod invoice;
mod pdf;
mod xml;

pub use document::{About, BankAccount, Brand, Document, Kind, Language, Line, Logo, Party, TaxSum, Usage};
pub use invoice::cii::cii;
pub use invoice::ubl::ubl;
pub use invoice::{Missing, NoEInvoice};
pub use pdf::{DrawError, Drawn, pdf};
