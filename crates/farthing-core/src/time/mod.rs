//! Time. (being written)
mod instant;
pub use instant::Instant;
