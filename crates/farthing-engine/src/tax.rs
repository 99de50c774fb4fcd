//! What taxes an account's money bears, and who it is for them.

use crate::EngineError;
use crate::folio::Work;
use farthing_store::PayerRow;

/// A tax, and why it is so much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaxDue {
    pub(crate) amount: i64,
    pub(crate) assessed: String,
}

/// What comes on top of money that is paid in, where that is when tax falls due (R33).
pub(crate) fn tax_on_top_up(_work: &mut Work<'_, '_>, _payer: &PayerRow, _net: i64) -> Result<TaxDue, EngineError> {
    Ok(TaxDue::default())
}
