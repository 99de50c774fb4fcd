//! What taxes an account's money bears, and who it is for them.

use crate::EngineError;
use crate::folio::Work;
use farthing_core::ledger::{AccountId, TransferId};
use farthing_store::{PayerRow, PaymentRow};

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

/// Tax that goes back with a payment that a bank takes back.
pub(crate) fn return_tax(
    _work: &mut Work<'_, '_>,
    _payer: &PayerRow,
    _provider: &str,
    _assessed: &str,
    _tax: i64,
) -> Result<Vec<TransferId>, EngineError> {
    Ok(Vec::new())
}

/// Tax that goes back with a refund: with it to where the refund waits.
pub(crate) fn tax_to_refund(
    _work: &mut Work<'_, '_>,
    _payer: &PayerRow,
    _assessed: &str,
    _refund_due: AccountId,
    _tax: i64,
) -> Result<(), EngineError> {
    Ok(())
}

/// And back, where the refund could not be sent.
pub(crate) fn tax_from_refund(
    _work: &mut Work<'_, '_>,
    _assessed: &str,
    _refund_due: AccountId,
    _tax: i64,
) -> Result<(), EngineError> {
    Ok(())
}

/// The credit note for what goes back of an invoiced payment (R29).
pub(crate) fn credit_note_for(
    _work: &mut Work<'_, '_>,
    _payer: &PayerRow,
    _payment: &PaymentRow,
    _net: i64,
    _tax: i64,
) -> Result<(), EngineError> {
    Ok(())
}
