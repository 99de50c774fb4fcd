//! What anybody may look at: a cloud's prices, and what something would cost.

pub(crate) mod prices;
