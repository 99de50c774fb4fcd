//! Bills: what stands on one and what it comes to, what becomes of it, what is credited of it, and the numbers of documents.
//!
//! [`plan_bill`] decides everything about a bill at once: amounts in whole minor units, shares of a coupon, tax by group, what
//! the ledger's carry gives or takes, and whether it is collected or rolled on. [`BillLife`] is what happens to it then,
//! [`plan_credit_note`] what is taken back of it, [`NumberFormat`] what it is called. The transfers are
//! `ledger::posting`'s, the tax is `tax`'s, the words and the layout of a document are nobody's here.

mod ageing;
mod consumption;
mod credit;
mod dispute;
mod lateness;
mod line;
mod number;
mod plan;
mod request;
mod state;

#[cfg(test)]
mod tests;

pub use crate::coupon::CouponValue;
pub use ageing::{Ageing, age_of};
pub use consumption::{Apart, BilledUse, Consumed, ConsumedLine, Consumption, Cut, CutAuditor, Cuts, Used, less_apart};
pub use credit::{
    BilledGroup, BilledLine, CreditError, CreditNotePlan, CreditOf, Creditable, CreditedGroup, CreditedLine,
    plan_credit_note,
};
pub use dispute::DisputeState;
pub use lateness::{Late, LateFeeRate, LatePart, Lateness, Owed, reminder_after};
pub use line::{BillLine, Origin, ServicePeriod};
pub use number::{DocumentKind, NumberFormat, NumberFormatError};
pub use plan::{
    BillError, BillPlan, Bookings, Collection, Coupon, DraftBill, PlannedCoupon, PlannedGroup, PlannedLine, TaxBooking,
    plan_bill,
};
pub use request::{Chosen, Invoiceable, RequestState, choose};
pub use state::{Applied, BillEvent, BillEventKind, BillLife, BillState, Dues, TransitionError};

use crate::money::{Currency, Money};
use crate::time::Instant;

/// That a bill, or a part of it, is paid (R1): a document of its own, with a number of its own series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the bill.
    pub bill: String,
    pub paid: Money,
    /// What is still due after it.
    pub due: Money,
    pub paid_at: Instant,
    /// As people call the way it was paid: "Visa •••• 4242", "balance".
    pub method: String,
}

fn zero(currency: Currency) -> Money {
    Money::zero(currency)
}
