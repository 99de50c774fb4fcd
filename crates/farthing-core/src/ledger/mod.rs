//! Ledger. (being written)
