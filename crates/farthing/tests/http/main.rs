//! The HTTP door, as a cloud's engineers meet it: the real binary behind a real socket, on both stores.
//!
//! | file | what it proves |
//! |---|---|
//! | `isolation` | no key, a wrong scope, another cloud's names: for every operation of the document |
//! | `once` | the same request a hundred times at once, and around a kill -9: one effect, one answer |
//! | `story` | from an account to its charge, with exact money |
//! | `cloud_events` | the official SDK in its three modes |
//! | `schemathesis` | the document against the server, by a stranger's tool |
//! | `killed` | kill -9 under load: what was acknowledged is there once |
//! | `two_servers` | two servers on one PostgreSQL share the work, and one takes over from the other |
//! | `in_flight` | kill -9 with webhooks on their way: each at least once, with one id, in order; two servers never carry one at once |
//! | `limits` | how much and how often, what is malformed, pages, odd methods |
//! | `payments` | money through the pretended provider: pages, reviews, methods, refills, refunds, disputes |
//! | `operators` | credit with a reason, members' wallets, a payment asked again |
//! | `stripe` | money through a Stripe of the test's own: credited once, whatever comes first and whatever is lost |
//! | `bank` | the bank by files: transfers credited once, bad files refused at their line, what is unknown decided, debits collected and returned |
//! | `budgets` | budgets, and notices as an inbox |
//! | `exports` | from a bill to its charges; files that are written beside the requests, fetched by links, whole after a kill -9 |
//! | `documents` | bills as PDF and e-invoice, and what is said where there is none |
//! | `people` | who uses the consoles: invited, given roles, erased; links of the portal |
//! | `console` | who comes in and what they see; other sites' forms, stolen cookies, an operator's second step; the directory |
//! | `errors` | docs/errors.md says what the code says |
//!
//! `bed` starts servers, `client` talks to them, `document` reads operations out of the OpenAPI document and makes requests of
//! them, `world` makes what they are about.

#[macro_use]
extern crate farthing_testbed;

mod bed;
mod client;
mod document;
mod world;

mod authorisations;
mod bank;
mod budgets;
mod cloud_events;
mod console;
mod documents;
mod errors;
mod exports;
mod in_flight;
mod isolation;
mod killed;
mod limits;
mod once;
mod operators;
mod payments;
mod people;
mod schemathesis;
mod story;
mod stripe;
mod two_servers;
