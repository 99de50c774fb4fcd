//! Money. (being written)
