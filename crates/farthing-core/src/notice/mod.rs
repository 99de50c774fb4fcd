//! What we tell the cloud and its people: the catalogue of events, how a message is signed, when it is sent again, and where it may
//! be sent.
//!
//! Decisions only. Messages are written by the engine in the transaction of their effect, kept by the store, carried by the binary.

mod address;
mod budget;
mod catalogue;
mod money;
mod order;
mod orders;
mod outage;
mod retry;
mod sign;
mod standing;

pub use address::{Reach, UrlError, WebhookUrl, is_public, may_reach};
pub use budget::BudgetTold;
pub use catalogue::{Event, EventType, Filter, FilterError, SecurityChange, samples};
pub use money::{BillDisputeTold, BillTold, DebitTold, InvoiceRequestTold, MethodTold, PaymentTold, RefundTold};
pub use order::{DeliveryId, EndpointId, Lane, MessageId, delivery_id, delivery_number};
pub use orders::{OrderTold, TermTold};
pub use outage::OutageTold;
pub use retry::{Attempt, Next, after_failure, is_success};
pub use sign::{Secret, SecretError, signature_header};
pub use standing::{InstructionTold, SpaceTold, StepTold};
