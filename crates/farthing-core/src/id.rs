//! Ids. (being written)
