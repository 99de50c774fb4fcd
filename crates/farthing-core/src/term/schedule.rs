//! When the periods of a term begin: counted from its own beginning, or from a day that it shares with others.

use super::TermError;
use crate::time::{Anchor, AnchorSpec, Instant, Period, Span, TimeOfDay, Zone};

/// Periods one after another, numbered from the first. Months come back to their day: 31, 28, 31. Exact lengths are exact: a week
/// is 7 x 24 h, whatever clocks do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Calendar(Anchor),
    Exact { origin: Instant, seconds: i64 },
}

impl Schedule {
    /// Period 0 begins at `origin`.
    pub fn from(origin: Instant, every: Span, zone: &Zone) -> Result<Schedule, TermError> {
        let origin = origin.floor_second();
        match every {
            Span::Calendar(every) => Ok(Schedule::Calendar(Anchor::at_instant(origin, every, zone.clone())?)),
            Span::Exact(length) if length.seconds() > 0 => Ok(Schedule::Exact { origin, seconds: length.seconds() }),
            Span::Exact(_) => Err(TermError::NoPeriod),
        }
    }

    /// The same day of the month, and another length: a year that a month is changed to begins where that month did.
    pub fn with(&self, every: Span, at: Instant, zone: &Zone) -> Result<Schedule, TermError> {
        let (Schedule::Calendar(anchor), Span::Calendar(length)) = (self, every) else {
            return Schedule::from(at, every, zone);
        };
        if anchor.every() == length {
            return Ok(self.clone());
        }
        // Months of the same day, to find the one that the change lies in.
        let monthly = |n: i64| -> Result<Anchor, TermError> {
            let date = anchor.nth_date(n)?;
            let spec = AnchorSpec {
                year: date.year(),
                month: date.month(),
                day: anchor.day(),
                time: anchor.time(),
                every: crate::time::CalendarSpan::MONTH,
                zone: zone.clone(),
            };
            Anchor::try_new(spec).map_err(|_| TermError::NoPeriod)
        };
        let months = monthly(0)?;
        let (n, _) = months.period_containing(at)?;
        let date = months.nth_date(n)?;
        let spec = AnchorSpec {
            year: date.year(),
            month: date.month(),
            day: anchor.day(),
            time: anchor.time(),
            every: length,
            zone: zone.clone(),
        };
        Ok(Schedule::Calendar(Anchor::try_new(spec).map_err(|_| TermError::NoPeriod)?))
    }

    /// Periods that begin on a day of the month, at midnight, as a bill's do; the first of them may be cut short.
    pub fn on_day(day: u8, near: Instant, every: Span, zone: &Zone) -> Result<Schedule, TermError> {
        let Span::Calendar(length) = every else { return Schedule::from(near, every, zone) };
        let date = zone.civil_date_of(near)?;
        let time = TimeOfDay::MIDNIGHT;
        let monthly = AnchorSpec {
            year: date.year(),
            month: date.month(),
            day,
            time,
            every: crate::time::CalendarSpan::MONTH,
            zone: zone.clone(),
        };
        let monthly = Anchor::try_new(monthly).map_err(|_| TermError::NoPeriod)?;
        let (n, _) = monthly.period_containing(near)?;
        let start = monthly.nth_date(n)?;
        let spec =
            AnchorSpec { year: start.year(), month: start.month(), day, time, every: length, zone: zone.clone() };
        Ok(Schedule::Calendar(Anchor::try_new(spec).map_err(|_| TermError::NoPeriod)?))
    }

    pub fn period(&self, n: i64) -> Result<Period, TermError> {
        match self {
            Schedule::Calendar(anchor) => Ok(anchor.period(n)?),
            Schedule::Exact { origin, seconds } => {
                let begin = |n: i64| -> Result<Instant, TermError> {
                    let far = n.checked_mul(*seconds).ok_or(crate::time::OutOfRange::Instant)?;
                    let at = origin.seconds_since(Instant::EPOCH).checked_add(far);
                    Ok(Instant::try_from_seconds(at.ok_or(crate::time::OutOfRange::Instant)?)?)
                };
                let next = n.checked_add(1).ok_or(crate::time::OutOfRange::Instant)?;
                Period::try_new(begin(n)?, begin(next)?).map_err(|_| TermError::NoPeriod)
            }
        }
    }

    /// The period that an instant lies in.
    pub fn containing(&self, at: Instant) -> Result<(i64, Period), TermError> {
        match self {
            Schedule::Calendar(anchor) => Ok(anchor.period_containing(at)?),
            Schedule::Exact { origin, seconds } => {
                let n =
                    at.floor_second().seconds_since(*origin).checked_div_euclid(*seconds).ok_or(TermError::NoPeriod)?;
                Ok((n, self.period(n)?))
            }
        }
    }
}
