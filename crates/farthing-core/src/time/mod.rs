//! Time: instants, durations, civil dates, zones, half-open periods, billing anchors and working days.
//!
//! Owns every calendar question the engine asks. jiff, with its own copy of the tz database, is an inner detail: no
//! type of it shows here, and the machine's zone files are never read, so the same inputs give the same answer
//! everywhere. Nothing here knows what time it is: `now` is always an argument. Whatever leaves the range is an error,
//! never a wrap.

mod anchor;
mod civil;
mod duration;
mod error;
mod instant;
mod period;
mod text;
mod working_days;
mod zone;

pub use anchor::{Anchor, AnchorError, AnchorSpec};
pub use civil::{CivilDate, NoSuchDate, TimeOfDay, Weekday};
pub use duration::{CalendarSpan, Duration, Span};
pub use error::{OutOfRange, ParseError};
pub use instant::Instant;
pub use period::{Days, Period, PeriodError};
pub use working_days::{WorkingCalendar, WorkingDays, WorkingWeek};
pub use zone::{UnknownZone, Zone};

#[cfg(test)]
pub(crate) use zone::tests::any_zone;
