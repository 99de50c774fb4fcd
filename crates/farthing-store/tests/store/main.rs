//! The store, on both databases. One program: what it is built of is linked once.

#[macro_use]
extern crate farthing_testbed;

mod support;

mod contract;
mod corruption;
mod ledger_codes;
mod outbox;
mod people;
mod policies;
mod scratch;
mod usage;
