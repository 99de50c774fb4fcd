//! The outbox's rows on both stores: lanes, claims, and writers that meet.

use crate::support::{Bed, NOON, read, write};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::{EndpointId, Filter, MessageId, Secret};
use farthing_core::time::Instant;
use farthing_store::{
    Channel, DeliveryFilter, DeliveryState, DeliveryTried, EndpointRow, MessageFilter, MessageRow, Store, StoreError,
    Tx,
};
use std::sync::{Arc, Barrier};

fn later(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000)
}

fn endpoint(last: u8) -> EndpointRow {
    EndpointRow {
        id: EndpointId::from_parts(1_800_000_000_000, [last; 10]),
        cloud: "one".to_owned(),
        url: "https://hooks.example.com/片".to_owned(),
        description: "it's \"ours\"".to_owned(),
        types: Filter::from_text("account.* money.topped_up"),
        secret: Secret::new([last; 32]),
        old: None,
        disabled: String::new(),
        created: NOON,
    }
}

fn message(number: i64, lane: i64) -> MessageRow {
    let mut tail = [0; 10];
    tail[..8].copy_from_slice(&number.to_be_bytes());
    MessageRow {
        number,
        id: MessageId::from_parts(1_800_000_000_000, tail),
        cloud: "one".to_owned(),
        kind: if number % 2 == 0 { "money.topped_up" } else { "account.opened" }.to_owned(),
        at: NOON,
        account: (lane < 3).then_some(OwnerId(lane)),
        lane,
        data: "{\"account\":\"片\"}".to_owned(),
    }
}

fn send(tx: &mut Tx<'_>, number: i64, lane: i64, to: EndpointId) -> Result<(), StoreError> {
    let row = message(number, lane);
    tx.message_insert(&row)?;
    tx.delivery_insert(number, Channel::Endpoint(to), &row)
}

fn claim(store: &Store, to: EndpointId, now: Instant) -> Vec<(i64, i64)> {
    let until = Instant::from_micros(now.micros() + 60_000_000);
    let claimed = write(store, move |tx| tx.deliveries_claim(Channel::Endpoint(to), now, until, 100));
    claimed.into_iter().map(|(row, _)| (row.number, row.attempts)).collect()
}

fn done(
    store: &Store,
    (number, attempt): (i64, i64),
    state: DeliveryState,
    next_at: Option<Instant>,
    at: Instant,
) -> bool {
    write(store, move |tx| {
        tx.delivery_tried(&DeliveryTried { number, attempt, state, next_at, at, status: Some(204), answer: "片" })
    })
}

both! {
    fn rows_come_back(bed: &Bed) {
        let store = bed.open();
        let first = endpoint(1);
        let mut second = endpoint(2);
        let (one, two) = (first.clone(), second.clone());
        write(&store, move |tx| {
            tx.endpoint_insert(&one)?;
            tx.endpoint_insert(&two)
        });
        second.old = Some((second.secret.clone(), later(5)));
        second.secret = Secret::new([9; 32]);
        "by hand".clone_into(&mut second.disabled);
        second.types = Filter::default();
        let changed = second.clone();
        write(&store, move |tx| tx.endpoint_write(&changed));
        let to = first.id;
        write(&store, move |tx| (1..=4).try_for_each(|number| send(tx, number, number, to)));
        drop(store);
        let store = bed.open();
        read(&store, |tx| {
            assert_eq!(tx.endpoints_of("one", None, 9)?, [first.clone(), second.clone()]);
            assert_eq!(tx.endpoints_of("one", Some(first.id), 9)?, std::slice::from_ref(&second));
            assert_eq!(tx.endpoints_of("two", None, 9)?, []);
            assert_eq!(tx.endpoint(second.id)?, Some(second.clone()));
            assert_eq!(tx.message("one", message(2, 2).id)?, Some(message(2, 2)));
            assert_eq!(tx.message("two", message(2, 2).id)?, None);
            let numbers = |filter: MessageFilter, tx: &mut Tx<'_>| -> Result<Vec<i64>, StoreError> {
                Ok(tx.messages("one", &filter, 4, 9)?.into_iter().map(|row| row.number).collect())
            };
            assert_eq!(numbers(MessageFilter::default(), tx)?, [3, 2, 1]);
            assert_eq!(numbers(MessageFilter { kind: Some("account.opened".into()), account: None }, tx)?, [3, 1]);
            assert_eq!(numbers(MessageFilter { kind: None, account: Some(OwnerId(2)) }, tx)?, [2]);
            let all = tx.deliveries("one", &DeliveryFilter::default(), i64::MAX, 3)?;
            assert_eq!(all.iter().map(|(row, _)| row.number).collect::<Vec<_>>(), [4, 3, 2]);
            let dead = DeliveryFilter { channel: Some(Channel::Endpoint(to)), state: Some(DeliveryState::Dead) };
            assert_eq!(tx.deliveries("one", &dead, i64::MAX, 3)?, []);
            assert_eq!(tx.deliveries_count()?, (4, 4));
            Ok(())
        });
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    }
}

both! {
    fn a_lane_goes_one_by_one_whoever_replays(bed: &Bed) {
        let store = bed.open();
        let (row, to) = (endpoint(1), endpoint(1).id);
        write(&store, move |tx| {
            tx.endpoint_insert(&row)?;
            [(1, 7), (2, 7), (3, 8), (4, 7)].into_iter().try_for_each(|(number, lane)| send(tx, number, lane, to))
        });
        assert_eq!(read(&store, |tx| tx.channels_ready(NOON)), [Channel::Endpoint(to)]);
        assert_eq!(claim(&store, to, NOON), [(1, 1), (3, 1)]);
        assert_eq!(claim(&store, to, NOON), [], "they are on their way");
        assert_eq!(read(&store, |tx| tx.channels_ready(NOON)), []);
        assert!(done(&store, (1, 1), DeliveryState::Waiting, Some(later(5)), NOON));
        assert!(done(&store, (3, 1), DeliveryState::Delivered, None, NOON));
        assert_eq!(claim(&store, to, later(4)), []);
        assert_eq!(claim(&store, to, later(5)), [(1, 2)]);
        assert_eq!(claim(&store, to, later(65)), [(1, 3)], "nobody came back");
        assert!(!done(&store, (1, 2), DeliveryState::Delivered, None, later(66)), "somebody did, too late");
        assert!(done(&store, (1, 3), DeliveryState::Dead, None, later(66)));
        assert_eq!(claim(&store, to, later(66)), [(2, 1)]);
        // Sent again, the dead one goes at once: what is behind it is on its way already.
        let replay = |number: i64| {
            write(&store, move |tx| {
                let (row, _) = tx.delivery("one", number)?.expect("it is there");
                tx.delivery_replay(&row, NOON)
            });
        };
        replay(1);
        assert_eq!(claim(&store, to, later(67)), [(1, 4)]);
        // What comes now waits for both, and so does one that is sent again behind them.
        write(&store, move |tx| send(tx, 5, 7, to));
        assert!(done(&store, (2, 1), DeliveryState::Delivered, None, later(68)));
        replay(2);
        assert_eq!(claim(&store, to, later(68)), []);
        assert!(done(&store, (1, 4), DeliveryState::Delivered, None, later(68)));
        for number in [(2, 2), (4, 1), (5, 1)] {
            assert_eq!(claim(&store, to, later(69)), [number]);
            assert!(done(&store, number, DeliveryState::Delivered, None, later(69)));
        }
        assert_eq!(claim(&store, to, later(999)), []);
        assert_eq!(read(&store, |tx| tx.deliveries_count()), (0, 0));
        // Old ones are forgotten.
        assert_eq!(write(&store, |tx| tx.messages_forget(4, 100)), 3);
        assert_eq!(read(&store, |tx| tx.deliveries("one", &DeliveryFilter::default(), i64::MAX, 9)).len(), 2);
    }
}

both! {
    fn who_adds_and_who_ends_never_miss_each_other(bed: &Bed) {
        let store = Arc::new(bed.open());
        let (row, to) = (endpoint(1), endpoint(1).id);
        write(&store, move |tx| tx.endpoint_insert(&row));
        const EACH: i64 = 150;
        let start = Arc::new(Barrier::new(2));
        let adds = std::thread::spawn({
            let (store, start) = (store.clone(), start.clone());
            move || {
                start.wait();
                for number in 1..=EACH {
                    write(&store, move |tx| send(tx, number, 7, to));
                }
            }
        });
        start.wait();
        let mut ended = Vec::new();
        let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while ended.len() < usize::try_from(EACH).unwrap() {
            assert!(std::time::Instant::now() < until, "one of them waits for ever: {ended:?}");
            for claimed in claim(&store, to, NOON) {
                assert!(done(&store, claimed, DeliveryState::Delivered, None, NOON));
                ended.push(claimed.0);
            }
        }
        adds.join().expect("all were added");
        assert!(ended.is_sorted(), "{ended:?}");
    }
}
