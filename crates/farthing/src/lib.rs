//! What the `farthing` binary is made of, so that tests can ask it without a network: clouds, demo, carriers.

pub mod api;
pub mod carry;
pub mod clouds;
pub mod demo;
pub mod doctor;
pub mod failure;
pub mod paper;
pub mod press;
pub mod scenario;
pub mod serve;
pub mod sheets;
