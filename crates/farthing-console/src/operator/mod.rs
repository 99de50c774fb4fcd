//! What a cloud's own people look at: every cloud, its customers, its queues, its ledger.

pub(crate) mod about;
mod bank;
pub(crate) mod charge;
pub(crate) mod charges;
pub(crate) mod cloud;
pub(crate) mod customer;
pub(crate) mod home;
mod outlook;
pub(crate) mod payments;
mod resources;
pub(crate) mod transfer;
mod trial_balance;
mod verdict;
mod wealth;

pub(crate) use charge::exactly;
pub(crate) use charges::thing_words;
pub(crate) use customer::day_ends;
pub use verdict::{Verdict, counted, wrong};
pub(crate) use wealth::currency_of;
