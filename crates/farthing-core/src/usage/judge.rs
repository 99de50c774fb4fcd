//! Which events are taken: what came before, then their time, then what pricing says; within a batch as one by one.

use super::Batch;
use crate::ledger::OwnerId;
use crate::time::Instant;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// How far a source's clock may run ahead: what it dates in the next five minutes counts as used when it arrives.
pub const AHEAD_SECONDS_MAX: i64 = 300;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// It has come before: nothing is kept of it.
    Duplicate,
    /// It is kept and listed.
    Refused(Reason),
}

/// Why an event is on the list of refused ones. Codes and names are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its id has come before with another account, meter or quantity.
    IdReused,
    TooOld,
    InTheFuture,
    UnknownSubject,
    UnknownMeter,
    /// There is no price for it yet. It is taken: it is known again, and can be priced later.
    Unpriced,
    AccountClosed,
    Invalid,
}

impl Reason {
    pub const ALL: [Reason; 8] = [
        Reason::IdReused,
        Reason::TooOld,
        Reason::InTheFuture,
        Reason::UnknownSubject,
        Reason::UnknownMeter,
        Reason::Unpriced,
        Reason::AccountClosed,
        Reason::Invalid,
    ];

    /// As stored; 0 is none.
    pub const fn code(self) -> i64 {
        match self {
            Reason::IdReused => 1,
            Reason::TooOld => 2,
            Reason::InTheFuture => 3,
            Reason::UnknownSubject => 4,
            Reason::UnknownMeter => 5,
            Reason::Unpriced => 6,
            Reason::AccountClosed => 7,
            Reason::Invalid => 8,
        }
    }

    pub fn from_code(code: i64) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// On the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::IdReused => "id_reused",
            Reason::TooOld => "too_old",
            Reason::InTheFuture => "in_the_future",
            Reason::UnknownSubject => "unknown_subject",
            Reason::UnknownMeter => "unknown_meter",
            Reason::Unpriced => "unpriced",
            Reason::AccountClosed => "account_closed",
            Reason::Invalid => "invalid",
        }
    }
}

impl Answer {
    /// Whether the event has used its id up. What is refused has not: it may come again, put right.
    pub const fn claims(self) -> bool {
        match self {
            Answer::Accepted | Answer::Refused(Reason::Unpriced) => true,
            Answer::Duplicate | Answer::Refused(_) => false,
        }
    }
}

/// A cloud's rules for time: how old an event may be, and how long its id is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub accept_days: u32,
    pub dedupe_days: u32,
}

impl Default for Window {
    fn default() -> Window {
        Window { accept_days: 30, dedupe_days: 35 }
    }
}

impl Window {
    /// Ids that arrived before this are forgotten.
    pub fn known_since(&self, now: Instant) -> Instant {
        days_before(now, self.dedupe_days)
    }
}

fn days_before(now: Instant, days: u32) -> Instant {
    let micros = i64::from(days).saturating_mul(SECONDS_PER_DAY).saturating_mul(MICROS_PER_SECOND);
    Instant::from_micros(now.micros().saturating_sub(micros))
}

/// What the store knows of an event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Never,
    /// It has come, with the same digest.
    Same,
    /// It has come, with another.
    Other,
}

/// What identity and time say of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    Answered(Answer),
    /// It is for pricing to say. `at` is when it counts as used.
    Fresh {
        at: Instant,
    },
}

/// Identity comes first: what has been booked stays a duplicate, whatever its time has become meanwhile.
pub fn judge(at: Option<Instant>, known: Known, now: Instant, window: &Window) -> Judgement {
    match known {
        Known::Same => return Judgement::Answered(Answer::Duplicate),
        Known::Other => return Judgement::Answered(Answer::Refused(Reason::IdReused)),
        Known::Never => {}
    }
    let Some(at) = at else { return Judgement::Fresh { at: now } };
    let ahead = Instant::from_micros(now.micros().saturating_add(AHEAD_SECONDS_MAX.saturating_mul(MICROS_PER_SECOND)));
    if at > ahead {
        Judgement::Answered(Answer::Refused(Reason::InTheFuture))
    } else if at < days_before(now, window.accept_days) {
        Judgement::Answered(Answer::Refused(Reason::TooOld))
    } else {
        Judgement::Fresh { at: at.min(now) }
    }
}

/// An event that identity and time leave to pricing: the `place`th of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    pub place: usize,
    /// When it counts as used.
    pub at: Instant,
}

/// What pricing says of a fresh event: whose it is, as far as that is known, and why it cannot be booked, if it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub account: Option<OwnerId>,
    pub refused: Option<Reason>,
}

impl Verdict {
    pub const fn book(account: OwnerId) -> Verdict {
        Verdict { account: Some(account), refused: None }
    }
}

/// The end of an event's way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub answer: Answer,
    /// When it counts as used, if it is accepted or waits for a price; else its own time, or the arrival.
    pub at: Instant,
    pub account: Option<OwnerId>,
}

/// Answers the batch in order, as if its events had come one by one: of several with one id, the first that is taken wins.
/// `verdicts` are for the events that `judgements` leaves open, in order.
pub fn settle(batch: &Batch, judgements: &[Judgement], verdicts: &[Verdict], now: Instant) -> Vec<Taken> {
    let mut verdicts = verdicts.iter();
    let mut taken: Vec<Taken> = judgements
        .iter()
        .zip(batch.events())
        .map(|(judgement, event)| match judgement {
            Judgement::Answered(answer) => Taken { answer: *answer, at: event.at.unwrap_or(now), account: None },
            Judgement::Fresh { at } => {
                let verdict = verdicts.next().expect("a verdict for each fresh event");
                Taken {
                    answer: verdict.refused.map_or(Answer::Accepted, Answer::Refused),
                    at: *at,
                    account: verdict.account,
                }
            }
        })
        .collect();
    assert!(verdicts.next().is_none(), "no verdict but for fresh events");
    // Of events with one id the first stand first.
    let mut claimed: Option<([u8; 16], i64)> = None;
    for place in batch.by_hash() {
        let (Some(identity), Some(own)) = (batch.identities().get(*place), taken.get_mut(*place)) else {
            unreachable!("places are of this batch")
        };
        match claimed {
            Some((hash, digest)) if hash == identity.hash => {
                own.account = None;
                own.answer =
                    if digest == identity.digest { Answer::Duplicate } else { Answer::Refused(Reason::IdReused) };
            }
            _ if own.answer.claims() => claimed = Some((identity.hash, identity.digest)),
            _ => {}
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Quantity;
    use crate::usage::{Subject, UsageEvent};
    use std::collections::BTreeMap;

    const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);
    const ACCOUNT: OwnerId = OwnerId(7);

    fn later(seconds: i64) -> Instant {
        Instant::from_micros(NOW.micros() + seconds * 1_000_000)
    }

    #[test]
    fn a_time_is_taken_from_thirty_days_ago_to_five_minutes_ahead() {
        let check = |seconds: i64, expected: Judgement| {
            assert_eq!(judge(Some(later(seconds)), Known::Never, NOW, &Window::default()), expected, "{seconds}");
        };
        let month = 30 * SECONDS_PER_DAY;
        check(0, Judgement::Fresh { at: NOW });
        check(-1, Judgement::Fresh { at: later(-1) });
        check(-month, Judgement::Fresh { at: later(-month) });
        check(-month - 1, Judgement::Answered(Answer::Refused(Reason::TooOld)));
        check(1, Judgement::Fresh { at: NOW });
        check(300, Judgement::Fresh { at: NOW });
        check(301, Judgement::Answered(Answer::Refused(Reason::InTheFuture)));
        assert_eq!(judge(None, Known::Never, NOW, &Window::default()), Judgement::Fresh { at: NOW });
        for at in [i64::MIN, i64::MAX] {
            assert!(matches!(
                judge(Some(Instant::from_micros(at)), Known::Never, NOW, &Window::default()),
                Judgement::Answered(Answer::Refused(_))
            ));
        }
    }

    #[test]
    fn what_came_before_decides_before_its_time_does() {
        let old = Some(later(-40 * SECONDS_PER_DAY));
        let check = |known, answer| {
            assert_eq!(judge(old, known, NOW, &Window::default()), Judgement::Answered(answer));
        };
        check(Known::Same, Answer::Duplicate);
        check(Known::Other, Answer::Refused(Reason::IdReused));
    }

    fn event(id: &str, quantity: i64, at: Option<Instant>) -> UsageEvent {
        UsageEvent {
            source: "meter".into(),
            id: id.into(),
            subject: Subject::Resource("vm".into()),
            product: None,
            at,
            quantities: vec![("cpu".into(), Quantity::from_millionths(quantity))],
            properties: BTreeMap::new(),
        }
    }

    #[test]
    fn within_a_batch_the_first_that_is_taken_wins() {
        let check = |events: &[(&str, i64, Option<Instant>, Option<Reason>)], expected: &[Answer]| {
            let batch = Batch::new("c", events.iter().map(|(id, quantity, at, _)| event(id, *quantity, *at)).collect());
            let judgements: Vec<Judgement> =
                events.iter().map(|(_, _, at, _)| judge(*at, Known::Never, NOW, &Window::default())).collect();
            let verdicts: Vec<Verdict> = events
                .iter()
                .zip(&judgements)
                .filter(|(_, judgement)| matches!(judgement, Judgement::Fresh { .. }))
                .map(|((.., refused), _)| Verdict { account: Some(ACCOUNT), refused: *refused })
                .collect();
            let taken = settle(&batch, &judgements, &verdicts, NOW);
            assert_eq!(taken.iter().map(|taken| taken.answer).collect::<Vec<_>>(), expected, "{events:?}");
        };
        use Answer::{Accepted, Duplicate, Refused};
        let (old, none) = (Some(later(-40 * SECONDS_PER_DAY)), None);
        check(&[("a", 1, none, None), ("b", 1, none, None)], &[Accepted, Accepted]);
        check(&[("a", 1, none, None), ("a", 1, none, None), ("a", 1, old, None)], &[Accepted, Duplicate, Duplicate]);
        check(&[("a", 1, none, None), ("a", 2, none, None)], &[Accepted, Refused(Reason::IdReused)]);
        // What is refused leaves its id to the next, which is judged by itself.
        let unknown = Reason::UnknownMeter;
        check(&[("a", 1, none, Some(unknown)), ("a", 2, none, None)], &[Refused(unknown), Accepted]);
        check(&[("a", 1, old, None), ("a", 1, none, None)], &[Refused(Reason::TooOld), Accepted]);
        // What waits for a price has used its id up.
        check(&[("a", 1, none, Some(Reason::Unpriced)), ("a", 1, none, None)], &[Refused(Reason::Unpriced), Duplicate]);
    }

    #[test]
    fn codes_and_names_are_each_ones_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(Reason::ALL.iter().filter(|other| other.name() == reason.name()).count(), 1);
        }
        assert_eq!((Reason::from_code(0), Reason::from_code(9)), (None, None));
    }
}
