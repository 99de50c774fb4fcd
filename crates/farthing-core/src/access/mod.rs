//! Who may ask for what: keys as they are written and kept, scopes, and how often a key may ask.
//!
//! Decisions only: keys are stored by `farthing-store`, made by the engine, and shown at the door by whoever calls.

mod key;
mod limit;
mod scope;

pub use key::{KeyId, KeyKind, KeyText, KeyTextError, Mode};
pub use limit::{Allowance, Bucket};
pub use scope::{Scope, Scopes};
