//! Of when a correction is: of the slot that a late fact changes, or, once its billing period is closed, of that whole period.
//!
//! A period is open, then it collects (it has ended, its late window runs), then it is closed: its documents are issued. What is
//! told later is one correction of it, D = G anew - posted. A price with memory has a period of its own, whose model runs again;
//! a price without has only the billing period, whose sealed days are taken together.

use super::{LineId, SettleError, Terms};
use crate::config::Cadence;
use crate::policy::{Anchor as Begins, Bill, Policy};
use crate::time::{Anchor, CivilDate, Instant, Period, Zone};

/// The stretch of time that a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    pub from: Instant,
    pub to: Instant,
    /// The days of a closed billing period, together.
    pub whole: bool,
}

impl Service {
    /// A day or a rating period.
    #[must_use]
    pub const fn slot(from: Instant, to: Instant) -> Service {
        Service { from, to, whole: false }
    }
}

impl Terms {
    /// Its sealed charges are days, which stand for themselves: no model is run over them.
    pub fn is_by_day(&self) -> bool {
        !self.memory && self.settle != Cadence::Cycle
    }
}

impl LineId {
    /// Where the line of a waiver says it began: nothing that is rated ever does. So what was waived of a slot stands beside what
    /// the slot was charged, and rating again compares only that.
    const WAIVED: i64 = i64::MIN;

    /// The line that what is waived of this one is charged on, below zero.
    #[must_use]
    pub fn waiver(&self) -> LineId {
        LineId { began: LineId::WAIVED, ..self.clone() }
    }

    pub const fn is_waiver(&self) -> bool {
        self.began == LineId::WAIVED
    }

    /// The line of a correction that waits for its settlement. A period and its first day begin at one second, so that of a
    /// whole period is called by the next.
    #[must_use]
    pub fn correction(&self, service: Service) -> LineId {
        let begins = service.from.seconds_since(Instant::EPOCH).saturating_add(i64::from(service.whole));
        LineId { began: begins.saturating_neg().min(-1), ..self.clone() }
    }

    pub const fn is_correction(&self) -> bool {
        self.began < 0 && !self.is_waiver()
    }

    /// What a line that waits corrects, by where its service begins and ends.
    #[must_use]
    pub fn corrects(&self, from: Instant, to: Instant) -> Service {
        Service { from, to, whole: self.correction(Service::slot(from, to)) != *self }
    }
}

/// The billing period of an instant.
pub fn billing_period(bill: &Bill, zone: &Zone, opened: Instant, at: Instant) -> Result<Period, SettleError> {
    let first = match bill.anchor {
        Begins::Calendar => CivilDate::try_new(1970, 1, 1).map_err(|_| SettleError::Calendar)?,
        Begins::SignupDay => zone.civil_date_of(opened)?,
    };
    Ok(Anchor::on_date(first, bill.cycle, zone.clone()).period_containing(at)?.1)
}

/// Whether a billing period's late window is over. `policy`: that at the period's end; what one later version says of late
/// windows opens no period again.
pub fn is_closed(policy: &Policy, period: Period, now: Instant) -> bool {
    period.end().checked_add(policy.settle.late_window).is_ok_and(|closes| closes <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::ThingId;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn what_is_waived_is_no_correction() {
        let line = LineId { thing: ThingId(7), part: None, began: 0 };
        assert!(line.waiver().is_waiver() && !line.waiver().is_correction());
        assert!(!line.is_waiver() && !line.correction(Service::slot(Instant::EPOCH, Instant::MAX)).is_waiver());
    }

    #[test]
    fn a_period_and_its_first_day_are_two_corrections() {
        let line = LineId { thing: ThingId(7), part: None, began: 0 };
        let (from, day) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        let month = Service { from, to: at("2026-02-01T00:00:00Z"), whole: true };
        for service in [Service::slot(from, day), month, Service::slot(from, month.to)] {
            let waits = line.correction(service);
            assert!(waits.is_correction());
            assert_eq!(waits.corrects(service.from, service.to), service);
        }
        assert_ne!(line.correction(month), line.correction(Service::slot(from, day)));
    }

    #[test]
    fn billing_periods_begin_with_the_calendar_or_the_sign_up() {
        let profile = |bill: &str| {
            let text = format!(
                "[cloud]\nid = \"c\"\nname = \"C\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"C\"\n\
                 [settle]\nlate_window = \"2d\"\n[bill]\non = [\"cycle\"]\n{bill}"
            );
            let source = crate::config::Source::new("cloud.toml", text);
            crate::profile::Profile::read(&source, None).usable().unwrap().policy
        };
        let zone = Zone::parse("Europe/Rome").unwrap();
        let opened = at("2026-01-30T22:30:00Z"); // the 30th, half an hour before midnight
        let found = |bill: &str, time| {
            let policy = profile(bill);
            let period = billing_period(&policy.bill, &zone, opened, at(time)).unwrap();
            assert!(!is_closed(&policy, period, Instant::from_micros(period.end().micros() + 2 * 86_400_000_000 - 1)));
            assert!(is_closed(&policy, period, Instant::from_micros(period.end().micros() + 2 * 86_400_000_000)));
            format!("{} {}", period.start(), period.end())
        };
        assert_eq!(found("", "2026-03-01T00:00:00Z"), "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
        let signup = "anchor = \"signup_day\"";
        assert_eq!(found(signup, "2026-03-01T00:00:00Z"), "2026-02-27T23:00:00Z 2026-03-29T22:00:00Z");
        assert_eq!(found("cycle = \"3 months\"", "2026-03-01T00:00:00Z"), "2025-12-31T23:00:00Z 2026-03-31T22:00:00Z");
    }
}
