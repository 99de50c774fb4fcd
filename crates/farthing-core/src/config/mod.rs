//! Files that people write: read with the place of every word, so that whatever is wrong is told at its line, and described
//! by one declaration a section, which is at once the typed record, the reader, the printed list of keys and the diff.
//!
//! Owns TOML, remarks and the kinds of values. What the keys mean is said where they are declared: `policy`, `catalog`.

mod item;
mod kinds;
mod near;
mod reader;
mod remark;
mod section;
mod source;

pub use item::{Item, Node, Table};
pub use kinds::{Cadence, Cap, Colour, Count, Deadline, Moment, Name, Size, Text};
pub(crate) use kinds::{said, worded};
pub use near::nearest;
use near::nearest_few;
pub use reader::{Places, Reader, Value, Whole, default_of};
pub use remark::{Remark, Severity};
pub use section::{Capability, Key};
pub(crate) use section::{choice, section};
pub use source::{Found, Source};
