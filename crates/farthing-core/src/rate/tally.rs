//! One total of many events: what a meter counts in a rating period before any price sees it.
//!
//! Every aggregation is independent of the order events come in, and two tallies of one kind can be merged. An event must be
//! told once: duplicates by id are found before they get here.

use super::{Event, RateError};
use crate::measure::Quantity;
use crate::money::{Rounding, div_round};
use crate::time::{Instant, Period};
use std::collections::{BTreeMap, BTreeSet};

/// How events become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregation {
    Count,
    Sum,
    Max,
    Min,
    /// The value of the last event by time, then id.
    Latest,
    /// How many different values: what tells them apart is a property's hash, given in place of the value.
    Unique,
    /// Values times the seconds they hold, each until the next event: unit-seconds.
    TimeWeighted,
    /// The mean of the values, rounded half to even to a millionth.
    Average,
}

/// A running aggregation. It keeps what its kind needs: a number or two, but all events where they hold until the next, and
/// all values where different ones are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tally {
    Count { events: u64 },
    Sum { millionths: i128 },
    Max { most: Option<Quantity> },
    Min { least: Option<Quantity> },
    Latest { last: Option<Event> },
    Unique { values: BTreeSet<u128> },
    TimeWeighted { readings: BTreeMap<(Instant, u128), Quantity> },
    Average { events: u64, millionths: i128 },
}

const OVERFLOW: RateError = RateError::Overflow { operation: "count usage" };

impl Tally {
    pub fn new(aggregation: Aggregation) -> Tally {
        match aggregation {
            Aggregation::Count => Tally::Count { events: 0 },
            Aggregation::Sum => Tally::Sum { millionths: 0 },
            Aggregation::Max => Tally::Max { most: None },
            Aggregation::Min => Tally::Min { least: None },
            Aggregation::Latest => Tally::Latest { last: None },
            Aggregation::Unique => Tally::Unique { values: BTreeSet::new() },
            Aggregation::TimeWeighted => Tally::TimeWeighted { readings: BTreeMap::new() },
            Aggregation::Average => Tally::Average { events: 0, millionths: 0 },
        }
    }

    pub fn aggregation(&self) -> Aggregation {
        match self {
            Tally::Count { .. } => Aggregation::Count,
            Tally::Sum { .. } => Aggregation::Sum,
            Tally::Max { .. } => Aggregation::Max,
            Tally::Min { .. } => Aggregation::Min,
            Tally::Latest { .. } => Aggregation::Latest,
            Tally::Unique { .. } => Aggregation::Unique,
            Tally::TimeWeighted { .. } => Aggregation::TimeWeighted,
            Tally::Average { .. } => Aggregation::Average,
        }
    }

    /// Takes an event in; after an error nothing has changed. Where different values are counted, the value is what tells
    /// them apart; `add_key` takes a wider one.
    pub fn add(&mut self, event: &Event) -> Result<(), RateError> {
        let value = i128::from(event.value.millionths());
        match self {
            Tally::Count { events } => *events = events.checked_add(1).ok_or(OVERFLOW)?,
            Tally::Sum { millionths } => *millionths = millionths.checked_add(value).ok_or(OVERFLOW)?,
            Tally::Max { most } => *most = (*most).max(Some(event.value)),
            Tally::Min { least } => *least = Some(least.map_or(event.value, |least| least.min(event.value))),
            Tally::Latest { last } => *last = (*last).max(Some(*event)),
            Tally::Unique { values } => {
                values.insert(value.cast_unsigned());
            }
            Tally::TimeWeighted { readings } => {
                readings.insert((event.at, event.id), event.value);
            }
            Tally::Average { events, millionths } => {
                let sum = millionths.checked_add(value).ok_or(OVERFLOW)?;
                *events = events.checked_add(1).ok_or(OVERFLOW)?;
                *millionths = sum;
            }
        }
        Ok(())
    }

    /// Counts a value by its key, such as the hash of a user's name; nothing to any other aggregation.
    pub fn add_key(&mut self, key: u128) {
        if let Tally::Unique { values } = self {
            values.insert(key);
        }
    }

    /// Takes in what another tally of the same kind has counted, of other events. A tally of another kind is our mistake.
    pub fn merge(&mut self, other: Tally) -> Result<(), RateError> {
        match (self, other) {
            (Tally::Count { events }, Tally::Count { events: more }) => {
                *events = events.checked_add(more).ok_or(OVERFLOW)?;
            }
            (Tally::Sum { millionths }, Tally::Sum { millionths: more }) => {
                *millionths = millionths.checked_add(more).ok_or(OVERFLOW)?;
            }
            (Tally::Max { most }, Tally::Max { most: other }) => *most = (*most).max(other),
            (Tally::Min { least }, Tally::Min { least: other }) => {
                *least = [*least, other].into_iter().flatten().min();
            }
            (Tally::Latest { last }, Tally::Latest { last: other }) => *last = (*last).max(other),
            (Tally::Unique { values }, Tally::Unique { values: more }) => values.extend(more),
            (Tally::TimeWeighted { readings }, Tally::TimeWeighted { readings: more }) => readings.extend(more),
            (Tally::Average { events, millionths }, Tally::Average { events: more, millionths: sum }) => {
                let sum = millionths.checked_add(sum).ok_or(OVERFLOW)?;
                *events = events.checked_add(more).ok_or(OVERFLOW)?;
                *millionths = sum;
            }
            (one, other) => {
                panic!("a tally of {:?} cannot take in one of {:?}", one.aggregation(), other.aggregation())
            }
        }
        Ok(())
    }

    /// The total of a period, as a formula takes it: millionths, times seconds for `TimeWeighted`. Nothing counted is 0.
    pub fn total(&self, period: Period) -> Result<i128, RateError> {
        let whole = |count: u64| i128::from(count).checked_mul(1_000_000).ok_or(OVERFLOW);
        let value = |value: Option<Quantity>| Ok(i128::from(value.unwrap_or_default().millionths()));
        match self {
            Tally::Count { events } => whole(*events),
            Tally::Sum { millionths } => Ok(*millionths),
            Tally::Max { most } => value(*most),
            Tally::Min { least } => value(*least),
            Tally::Latest { last } => value(last.map(|last| last.value)),
            Tally::Unique { values } => whole(u64::try_from(values.len()).map_err(|_| OVERFLOW)?),
            Tally::TimeWeighted { readings } => held(readings, period),
            Tally::Average { events: 0, .. } => Ok(0),
            Tally::Average { events, millionths } => {
                Ok(div_round(*millionths, i128::from(*events), Rounding::HalfEven)?)
            }
        }
    }
}

/// Values times the seconds of the period they hold: a fold of its own, for a value here may be below zero.
fn held(readings: &BTreeMap<(Instant, u128), Quantity>, period: Period) -> Result<i128, RateError> {
    let ends = readings.keys().skip(1).map(|(at, _)| *at).chain([period.end()]);
    let mut total: i128 = 0;
    for (((at, _), value), end) in readings.iter().zip(ends) {
        let (start, end) = ((*at).max(period.start()), end.min(period.end()));
        if start < end {
            let part = i128::from(value.millionths()).checked_mul(i128::from(end.seconds_since(start)));
            total = part.and_then(|part| total.checked_add(part)).ok_or(OVERFLOW)?;
        }
    }
    Ok(total)
}

/// Levels from what was added and taken away, in order of time and id: 2500, then -2000 and -200, are 2500, 500 and 300.
pub fn levels(before: Quantity, changes: &[Event]) -> Result<Vec<Event>, RateError> {
    let mut sorted = changes.to_vec();
    sorted.sort_unstable();
    let mut level = before;
    for change in &mut sorted {
        level = level.checked_add(change.value).ok_or(OVERFLOW)?;
        change.value = level;
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Aggregation; 8] = [
        Aggregation::Count,
        Aggregation::Sum,
        Aggregation::Max,
        Aggregation::Min,
        Aggregation::Latest,
        Aggregation::Unique,
        Aggregation::TimeWeighted,
        Aggregation::Average,
    ];

    fn event(second: i64, id: u128, value: i64) -> Event {
        let at = Instant::try_from_seconds(second).unwrap();
        Event { at, id, value: Quantity::from_millionths(value) }
    }

    fn period() -> Period {
        let at = |seconds| Instant::try_from_seconds(seconds).unwrap();
        Period::try_new(at(0), at(100)).unwrap()
    }

    fn total(aggregation: Aggregation, events: &[Event]) -> i128 {
        let mut tally = Tally::new(aggregation);
        for event in events {
            tally.add(event).unwrap();
        }
        tally.total(period()).unwrap()
    }

    #[test]
    fn each_aggregation() {
        let events = [event(10, 1, 5), event(40, 3, -2), event(40, 2, 9), event(90, 4, 5)];
        let check = |aggregation, expected, of_none| {
            assert_eq!(total(aggregation, &events), expected, "{aggregation:?}");
            assert_eq!(total(aggregation, &[]), of_none, "{aggregation:?} of nothing");
        };
        check(Aggregation::Count, 4_000_000, 0);
        check(Aggregation::Sum, 17, 0);
        check(Aggregation::Max, 9, 0);
        check(Aggregation::Min, -2, 0);
        check(Aggregation::Latest, 5, 0);
        check(Aggregation::Unique, 3_000_000, 0); // 5, -2, 9
        check(Aggregation::TimeWeighted, 5 * 30 - 2 * 50 + 5 * 10, 0); // 9 at 40 s gives way to -2, the higher id
        check(Aggregation::Average, 4, 0); // 4.25
        assert_eq!(total(Aggregation::Average, &[event(1, 1, 1), event(2, 2, 2)]), 2); // 1.5, to even
        assert_eq!(total(Aggregation::Latest, &[event(5, 2, 7), event(5, 1, 8)]), 7); // at one time the higher id
        assert_eq!(total(Aggregation::Max, &[event(5, 2, -7), event(5, 1, -8)]), -7);
    }

    #[test]
    fn keys_count_once() {
        let mut users = Tally::new(Aggregation::Unique);
        for key in [7, 8, 7, u128::MAX] {
            users.add_key(key);
        }
        assert_eq!(users.total(period()), Ok(3_000_000));
    }

    #[test]
    fn changes_become_levels() {
        let found = levels(Quantity::ZERO, &[event(4, 1, -2_000), event(6, 1, -200), event(1, 1, 2_500)]).unwrap();
        let values: Vec<i64> = found.iter().map(|event| event.value.millionths()).collect();
        assert_eq!(values, [2_500, 500, 300]);
    }

    #[test]
    fn too_much_is_an_error() {
        let mut sum = Tally::Sum { millionths: i128::MAX };
        assert_eq!(sum.add(&event(1, 1, 1)), Err(OVERFLOW));
        assert_eq!(sum, Tally::Sum { millionths: i128::MAX });
        let mut average = Tally::Average { events: u64::MAX, millionths: 0 };
        assert_eq!(average.add(&event(1, 1, 1)), Err(OVERFLOW));
        assert_eq!(average, Tally::Average { events: u64::MAX, millionths: 0 });
    }

    fn any_events() -> impl Strategy<Value = Vec<Event>> {
        proptest::collection::btree_map(0_u128..40, (0_i64..130, -20_i64..20), 0..12)
            .prop_map(|events| events.into_iter().map(|(id, (second, value))| event(second, id, value)).collect())
    }

    proptest! {
        #[test]
        fn neither_order_nor_parts_change_a_total(
            (events, shuffled) in any_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
            cut in 0_usize..12,
        ) {
            for aggregation in ALL {
                let whole = total(aggregation, &events);
                prop_assert_eq!(total(aggregation, &shuffled), whole);
                let (first, second) = shuffled.split_at(cut.min(shuffled.len()));
                let of = |events: &[Event]| {
                    let mut tally = Tally::new(aggregation);
                    for event in events {
                        tally.add(event).unwrap();
                    }
                    tally
                };
                let mut merged = of(first);
                merged.merge(of(second)).unwrap();
                prop_assert_eq!(merged.total(period()), Ok(whole));
            }
        }
    }
}
