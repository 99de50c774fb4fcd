//! Taxes on what is sold: whose rate a sale bears, why, and the arithmetic between net and gross.
//!
//! | to | use |
//! |---|---|
//! | check the syntax and checksum of a VAT number | [`VatNumber::parse`] |
//! | find the rate of a sale and freeze it | [`assess`], an [`Assessment`] with its text |
//! | know what is rounded together | [`TaxGroup`], which also names the ledger's accounts `tax/…` and `carry/…` |
//! | go from net to gross or back | [`Taxed`] |
//!
//! Not here: whether a number is registered (only a tax office knows), returns, and thresholds below which a small seller
//! charges no tax.

mod amounts;
mod assess;
pub mod eu;
mod number;

pub use amounts::Taxed;
pub(crate) use amounts::part_of_minor;
pub use assess::{Assessment, AssessmentTextError, TaxGroup, TaxParty, Treatment, assess};
pub use eu::is_member;
pub use number::{VatNumber, VatNumberError};
