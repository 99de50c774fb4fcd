//! How things are said: amounts, moments, prices and the ledger's codes as people read them.

pub(crate) mod figure;
pub(crate) mod ledger;
pub(crate) mod moment;
pub(crate) mod prices;
