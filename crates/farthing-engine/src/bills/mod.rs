//! Documents: bills, receipts, credit notes and statements; what is issued, what becomes of it, and the numbers.
//!
//! What stands on a bill and what it comes to is the core's (`plan_bill`), and so is what may become of it (`BillLife`). Here it is gathered,
//! booked, written down with both parties as they were, and never changed again but for what was paid. A document is issued
//! without a number; the numberer gives it one right after, and tells of it (`number_bills`).

mod arrears;
mod bill_now;
mod body;
mod close_period;
mod collect;
mod credit_back;
mod credit_by_hand;
mod credit_note;
mod credit_used;
mod dispute;
mod facts;
mod issue;
mod number_bills;
mod on_top_up;
mod order_bill;
mod paper;
mod pay_bill;
mod reissue;
mod request_invoice;
mod used;
mod write_off;

pub use bill_now::Billed;
pub use credit_back::NewBillRefund;
pub use dispute::{BillDisputeFacts, Decision, NewBillDispute};
pub(crate) use facts::facts_of;
pub use facts::{BillFacts, BillGroup, BillLineFacts, BillParty, UsedFacts};
pub use paper::{Paper, PaperLine};
pub use pay_bill::{BillPayment, NewBillPayment, PayBillBy};
pub use request_invoice::{InvoiceBuyer, InvoiceDecision, InvoiceRequestFacts, NewInvoiceRequest};

pub(crate) use bill_now::bill_last;
pub(crate) use collect::collect_failed;
pub(crate) use credit_back::{charged_back, given_again, refund_reported};
pub(crate) use credit_used::{Corrected, credit_used};
pub(crate) use on_top_up::{Back, credited_again, on_top_up, taken_back};
pub(crate) use order_bill::{
    Collected, OrderBilled, OrderTerms, Returned, credit_unpaid, dues_of, is_settled, order_bill, return_of_bill,
    void_bill,
};
pub(crate) use paper::paper_of;
pub(crate) use pay_bill::{begin, paid_by, past_due, pay_by_balance, settle};
pub(crate) use used::tax_of_sales;

use crate::EngineError;
use farthing_store::StoreError;

/// What the core says cannot be, of what was decided or stored: a fault, not a refusal.
pub(crate) fn broken(error: impl std::fmt::Display) -> EngineError {
    StoreError::corrupt(error.to_string()).into()
}
