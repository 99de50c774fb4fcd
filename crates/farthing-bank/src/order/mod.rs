//! Orders to banks of the SEPA area: debits (pain.008), transfers (pain.001), and what a bank refuses of them (pain.002).

mod answer;
mod characters;
mod debit;
mod header;
mod transfer;
mod unfit;

pub use answer::{Rejection, pain002};
pub use debit::pain008;
pub use transfer::pain001;
pub use unfit::Unfit;
