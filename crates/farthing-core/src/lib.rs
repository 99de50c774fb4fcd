//! The pure heart of Farthing: what things mean and what follows from facts. No clock, no chance, no I/O, no floats.
//!
//! Every decision is a function of values and `now`; the shell (store, engine) reads, calls a decision, writes its plan.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::unwrap_used))]

pub mod access;
pub mod alert;
pub mod bank;
pub mod bill;
pub mod budget;
pub mod catalog;
pub mod config;
pub mod cost;
pub mod coupon;
pub mod credit;
pub mod estimate;
pub mod export;
pub mod gate;
pub mod id;
pub mod journal;
pub mod ledger;
pub mod measure;
pub mod money;
pub mod notice;
pub mod opening;
pub mod payment;
pub mod policy;
pub mod profile;
pub mod quota;
pub mod rate;
pub mod settle;
pub mod standing;
pub mod tax;
pub mod term;
pub mod time;
pub mod timeline;
pub mod trail;
pub mod trial;
pub mod usage;
