//! The engine on both stores. One program: what it is built of is linked once.

#[macro_use]
extern crate farthing_testbed;

mod support;

mod alerts;
mod apply_policy;
mod arrears;
mod at_once;
mod bank;
mod bills;
mod check_open;
mod codes;
mod coupons;
mod estimates;
mod exports;
mod looking;
mod money;
mod names;
mod operators;
mod orders;
mod outages;
mod outbox;
mod parked;
mod payments;
mod people;
mod periods;
mod room;
mod standing;
mod trials;
mod units;
mod week;
