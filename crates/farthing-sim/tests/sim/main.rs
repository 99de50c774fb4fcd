//! The simulations. One program: what it is built of is linked once.

mod bank_books;
mod bank_month;
mod cases;
mod crash;
mod crash_settlement;
mod found;
mod races;
mod random;
mod settlement;
mod threads;
