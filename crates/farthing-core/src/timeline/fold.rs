//! Facts to segments: who pays for what state and size, from when to when.
//!
//! Of facts at one microsecond, the one that changes the state it finds goes first, a deletion last, then by key; so the
//! order in which facts arrive never matters.

use super::{Fact, State, What};
use crate::config::{Name, Text};
use crate::ledger::OwnerId;
use crate::measure::Quantity;
use crate::time::{Duration, Instant};
use std::collections::BTreeMap;

/// A thing from one cut to the next. Segments of no second are left out: they cost nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub from: Instant,
    /// None: it goes on.
    pub to: Option<Instant>,
    pub state: State,
    pub payer: OwnerId,
    pub sku: Option<Name>,
    pub size: Quantity,
    pub user: Option<Name>,
    /// When the price was taken that a product with `at = "start"` keeps.
    pub priced_at: Instant,
    /// When the session it is in began; none while it does not run.
    pub session: Option<Instant>,
    /// The session ends with this segment.
    pub ends_session: bool,
    /// It lies in an outage of the cloud's own: it costs nothing (R83). A fold knows none; `void` says so.
    pub void: bool,
}

/// A thing's segments in order of time, and how it is after the last fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    pub segments: Vec<Segment>,
    /// None: no start was ever told.
    pub state: Option<State>,
    pub payer: Option<OwnerId>,
    pub sku: Option<Name>,
    pub size: Quantity,
    pub user: Option<Name>,
    pub properties: BTreeMap<String, Text>,
    pub since: Option<Instant>,
}

/// How a thing is at some instant.
#[derive(Clone, Debug)]
struct Now {
    state: State,
    payer: OwnerId,
    sku: Option<Name>,
    size: Quantity,
    user: Option<Name>,
    priced_at: Instant,
    session: Option<Instant>,
}

/// `size_first` is what there is of it before anybody says. `silence` is the longest gap between two signs of life that
/// does not count as one.
pub fn fold(facts: &[Fact], size_first: Quantity, silence: Option<Duration>) -> Timeline {
    let facts = in_order(facts, size_first, silence);
    let mut now: Option<Now> = None;
    let mut timeline = Timeline {
        segments: Vec::new(),
        state: None,
        payer: None,
        sku: None,
        size: size_first,
        user: None,
        properties: BTreeMap::new(),
        since: None,
    };
    let mut since = Instant::EPOCH;
    for fact in &facts {
        let at = fact.at.floor_second();
        let before = now.clone();
        apply(&mut now, fact, size_first);
        if let What::Start(start) = &fact.what {
            timeline.properties.extend(start.properties.clone());
        }
        if before.as_ref().map(|before| before.state) != now.as_ref().map(|now| now.state) {
            timeline.since = Some(at);
        }
        if let Some(before) = before {
            let ends = before.session.is_some() && now.as_ref().is_none_or(|now| now.session != before.session);
            close(&mut timeline.segments, before, since, Some(at), ends);
        }
        since = at;
    }
    if let Some(now) = now {
        timeline.state = Some(now.state);
        timeline.payer = Some(now.payer);
        timeline.sku.clone_from(&now.sku);
        timeline.size = now.size;
        timeline.user.clone_from(&now.user);
        close(&mut timeline.segments, now, since, None, false);
    }
    timeline
}

/// Appends a segment, or makes the one before it longer where nothing differs.
fn close(segments: &mut Vec<Segment>, was: Now, from: Instant, to: Option<Instant>, ends_session: bool) {
    let Now { state, payer, sku, size, user, priced_at, session } = was;
    if to == Some(from) {
        // A stop in the second of the start, or of a resize: the session's end must not get lost with the empty segment.
        if ends_session
            && let Some(last) = segments.last_mut()
            && last.to == Some(from)
            && last.session == session
        {
            last.ends_session = true;
        }
        return;
    }
    let segment = Segment { from, to, state, payer, sku, size, user, priced_at, session, ends_session, void: false };
    if let Some(last) = segments.last_mut()
        && last.to == Some(from)
        && !last.ends_session
        && (Segment { from: last.from, to, ends_session, ..last.clone() })
            == (Segment { from: last.from, ..segment.clone() })
    {
        *last = Segment { from: last.from, ..segment };
        return;
    }
    segments.push(segment);
}

/// The facts by time; within a microsecond by what they change; without silences too short to count.
fn in_order(facts: &[Fact], size_first: Quantity, silence: Option<Duration>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = facts.to_vec();
    facts.sort_by_key(Fact::order);
    facts.dedup_by_key(|fact| fact.order());
    if let Some(silence) = silence {
        drop_short_silences(&mut facts, silence);
    }
    let mut ordered: Vec<Fact> = Vec::with_capacity(facts.len());
    let mut now: Option<Now> = None;
    let mut rest = facts.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut together = vec![first];
        while let Some(next) = rest.next_if(|next| together.first().is_some_and(|first| first.at == next.at)) {
            together.push(next);
        }
        while !together.is_empty() {
            let changes = |fact: &Fact| {
                let mut after = now.clone();
                apply(&mut after, fact, size_first);
                after.map(|after| after.state) != now.as_ref().map(|now| now.state)
            };
            let place = together
                .iter()
                .position(|fact| fact.what != What::Delete && changes(fact))
                .or_else(|| together.iter().position(|fact| fact.what != What::Delete))
                .unwrap_or(0);
            let fact = together.remove(place);
            apply(&mut now, &fact, size_first);
            ordered.push(fact);
        }
    }
    ordered
}

/// A thing that was missed and found again within the time that counts as alive was never missing.
fn drop_short_silences(facts: &mut Vec<Fact>, silence: Duration) {
    let mut dropped = vec![false; facts.len()];
    let mut missing: Option<(usize, Instant)> = None;
    for (place, fact) in facts.iter().enumerate() {
        match (&fact.what, missing) {
            (What::Missing, _) => missing = Some((place, fact.at)),
            (What::Found, Some((since_place, since))) => {
                if fact.at.seconds_since(since) <= silence.seconds() {
                    for place in [since_place, place] {
                        if let Some(drop) = dropped.get_mut(place) {
                            *drop = true;
                        }
                    }
                }
                missing = None;
            }
            _ => {}
        }
    }
    let mut keep = dropped.into_iter().map(|drop| !drop);
    facts.retain(|_| keep.next().unwrap_or(true));
}

/// What a fact makes of a thing. What cannot be (a stop of what is deleted) changes nothing.
fn apply(now: &mut Option<Now>, fact: &Fact, size_first: Quantity) {
    let at = fact.at.floor_second();
    let Some(thing) = now else {
        if let What::Start(start) = &fact.what {
            *now = Some(Now {
                state: start.state,
                payer: start.payer,
                sku: start.sku.clone(),
                size: start.size.unwrap_or(size_first),
                user: start.user.clone(),
                priced_at: at,
                session: (start.state == State::Running).then_some(at),
            });
        }
        return;
    };
    let become_state = |thing: &mut Now, state: State| {
        if state == State::Running {
            if thing.session.is_none() {
                thing.session = Some(at);
                thing.priced_at = at;
            }
        } else {
            thing.session = None;
        }
        thing.state = state;
    };
    match &fact.what {
        What::Start(start) => {
            if start.sku.is_some() && start.sku != thing.sku {
                thing.sku.clone_from(&start.sku);
                thing.priced_at = at;
            }
            if let Some(size) = start.size {
                thing.size = size;
            }
            if start.user.is_some() {
                thing.user.clone_from(&start.user);
            }
            become_state(thing, start.state);
        }
        What::Resume if !thing.state.is_gone() => become_state(thing, State::Running),
        What::Restore if thing.state == State::Deleted => become_state(thing, State::Running),
        What::Stop if !thing.state.is_gone() => become_state(thing, State::Stopped),
        What::Fail if !thing.state.is_gone() => become_state(thing, State::Failed),
        What::Suspend if thing.state.is_alive() => become_state(thing, State::Suspended),
        What::Missing if thing.state.is_alive() => become_state(thing, State::Missing),
        What::Found if thing.state == State::Missing => become_state(thing, State::Running),
        What::Delete if !thing.state.is_gone() => become_state(thing, State::Deleted),
        What::Purge if thing.state == State::Deleted => become_state(thing, State::Purged),
        What::Resize(change) => {
            if let Some(sku) = &change.sku {
                thing.sku = Some(sku.clone());
            }
            if let Some(size) = change.size {
                thing.size = size;
            }
            thing.priced_at = at; // a resize of a fixed-price thing takes a new snapshot (R92)
        }
        What::Gauge(size) => thing.size = *size,
        What::Move(payer) => thing.payer = *payer,
        What::Resume
        | What::Restore
        | What::Stop
        | What::Fail
        | What::Suspend
        | What::Missing
        | What::Found
        | What::Delete
        | What::Purge => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Change, FactKey, Start};
    use proptest::prelude::*;

    fn at(seconds: i64) -> Instant {
        Instant::try_from_seconds(seconds).unwrap()
    }

    fn fact(micros: i64, key: i64, what: What) -> Fact {
        Fact { at: Instant::from_micros(micros), key: FactKey(key), what }
    }

    fn started() -> What {
        What::Start(Start {
            state: State::Running,
            sku: None,
            size: None,
            user: None,
            payer: OwnerId(1),
            properties: BTreeMap::new(),
        })
    }

    fn told(facts: &[Fact]) -> Vec<String> {
        let timeline = fold(facts, Quantity::ONE, Some(Duration::try_from_seconds(10).unwrap()));
        let end = |to: Option<Instant>| to.map_or("on".to_owned(), |to| to.seconds_since(Instant::EPOCH).to_string());
        let tell = |segment: &Segment| {
            let from = segment.from.seconds_since(Instant::EPOCH);
            let ends = if segment.ends_session { "." } else { "" };
            format!("{} {from}-{}{ends}", segment.state, end(segment.to))
        };
        timeline.segments.iter().map(tell).collect()
    }

    const SECOND: i64 = 1_000_000;

    #[test]
    fn states_follow_from_facts() {
        let check = |facts: &[(i64, What)], expected: &[&str]| {
            let facts: Vec<Fact> =
                (0..).zip(facts).map(|(key, (second, what))| fact(second * SECOND, key, what.clone())).collect();
            assert_eq!(told(&facts), expected, "{facts:?}");
        };
        check(&[], &[]);
        check(&[(5, What::Stop)], &[]); // of what never began
        check(&[(0, started())], &["running 0-on"]);
        check(
            &[(0, started()), (9, What::Stop), (20, What::Resume)],
            &["running 0-9.", "stopped 9-20", "running 20-on"],
        );
        check(&[(0, started()), (0, What::Stop)], &["stopped 0-on"]);
        check(&[(0, started()), (9, What::Delete), (12, What::Stop)], &["running 0-9.", "deleted 9-on"]);
        check(
            &[(0, started()), (9, What::Delete), (12, What::Restore)],
            &["running 0-9.", "deleted 9-12", "running 12-on"],
        );
        check(
            &[(0, started()), (4, What::Purge), (9, What::Delete), (12, What::Purge), (20, What::Restore)],
            &["running 0-9.", "deleted 9-12", "purged 12-on"],
        );
        check(&[(0, started()), (9, What::Fail), (9, What::Fail)], &["running 0-9.", "failed 9-on"]);
        // R82: told again, nothing changes.
        check(&[(0, started()), (5, started()), (7, What::Resume)], &["running 0-on"]);
        // R84: a silence counts when it is longer than 10 s.
        check(&[(0, started()), (5, What::Missing), (15, What::Found)], &["running 0-on"]);
        check(
            &[(0, started()), (5, What::Missing), (16, What::Found)],
            &["running 0-5.", "missing 5-16", "running 16-on"],
        );
        check(&[(0, started()), (5, What::Move(OwnerId(2)))], &["running 0-5", "running 5-on"]);
    }

    #[test]
    fn microseconds_order_facts_and_seconds_cut() {
        let facts = [
            fact(0, 1, started()),
            fact(2 * SECOND + 900_000, 2, What::Stop),
            fact(2 * SECOND + 100_000, 3, What::Resume),
        ];
        assert_eq!(told(&facts), ["running 0-2.", "stopped 2-on"]);
        // Start and deletion at one microsecond: the deletion goes last.
        assert_eq!(told(&[fact(7, 1, What::Delete), fact(7, 2, started())]), ["deleted 0-on"]);
        // A stop and a start of a running thing: the stop changes something, then the start does.
        let both = [fact(0, 1, started()), fact(SECOND, 3, What::Stop), fact(SECOND, 2, What::Resume)];
        assert_eq!(told(&both), ["running 0-1.", "running 1-on"]);
    }

    #[test]
    fn a_stop_in_the_second_of_a_resize_ends_the_session() {
        let resized = What::Resize(Change { sku: None, size: Some(Quantity::from_whole(2).unwrap()) });
        let facts = [fact(0, 1, started()), fact(9 * SECOND, 2, resized), fact(9 * SECOND + 5, 3, What::Stop)];
        assert_eq!(told(&facts), ["running 0-9.", "stopped 9-on"]);
        assert_eq!(fold(&facts, Quantity::ONE, None).since, Some(at(9)));
    }

    fn any_what() -> impl Strategy<Value = What> {
        prop_oneof![
            Just(started()),
            Just(What::Stop),
            Just(What::Resume),
            Just(What::Delete),
            Just(What::Restore),
            Just(What::Fail),
            Just(What::Missing),
            Just(What::Found),
            (0_i64..4).prop_map(|size| What::Gauge(Quantity::from_whole(size).unwrap())),
            (1_i64..3).prop_map(|payer| What::Move(OwnerId(payer))),
        ]
    }

    proptest! {
        /// R82, and the promise that order and repeats never matter.
        #[test]
        fn any_order_and_any_repeats_fold_to_the_same(
            told in proptest::collection::vec((0_i64..30, any_what()), 0..12), seed in any::<u64>(),
        ) {
            let facts: Vec<Fact> =
                (0..).zip(&told).map(|(key, (at, what))| fact(at * 400_000, key, what.clone())).collect();
            let mut shuffled: Vec<Fact> = facts.iter().chain(facts.iter().take(5)).cloned().collect();
            let mut state = seed;
            for place in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.swap(place, (state >> 33) as usize % (place + 1));
            }
            let silence = Some(Duration::try_from_seconds(3).unwrap());
            let folded = fold(&facts, Quantity::ONE, silence);
            prop_assert_eq!(&fold(&shuffled, Quantity::ONE, silence), &folded);
            // Half-open and without overlap: a second belongs to exactly one.
            prop_assert!(folded.segments.windows(2).all(|pair| pair[0].to == Some(pair[1].from)));
            prop_assert!(folded.segments.iter().all(|segment| segment.to.is_none_or(|to| to > segment.from)));
        }
    }
}
