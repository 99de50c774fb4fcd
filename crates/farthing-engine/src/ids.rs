//! The one source of fresh ids: time from the clock it is given, the rest from a seed, so that a simulation repeats itself.

use farthing_core::id::{Id128, Kind};
use farthing_core::ledger::TransferId;
use farthing_core::notice::MessageId;
use farthing_core::time::Instant;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The first microsecond whose numbers are above zero, whichever process gives them.
const FIRST: Instant = Instant::from_micros(1_577_836_800_000_001);

#[derive(Debug)]
pub struct IdSource {
    seed: [u8; 32],
    drawn: AtomicU64,
    /// 0..64: tells apart the processes that write to one store.
    process: u8,
    last_transfer: AtomicI64,
    last_number: AtomicI64,
}

impl IdSource {
    /// A source nobody can foretell.
    pub fn random(process: u8) -> IdSource {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes");
        IdSource { seed, ..IdSource::seeded(process, 0) }
    }

    /// The same seed, the same ids in the same order.
    pub fn seeded(process: u8, seed: u64) -> IdSource {
        assert!(process < 64, "a process number has six bits");
        let seed = *blake3::hash(&seed.to_le_bytes()).as_bytes();
        IdSource {
            seed,
            drawn: AtomicU64::new(0),
            process,
            last_transfer: AtomicI64::new(0),
            last_number: AtomicI64::new(0),
        }
    }

    /// A process number of the upper half, which no server leases: two commands that share one would only clash within the same
    /// microsecond.
    pub fn any_process() -> u8 {
        chance()[0] & 31 | 32
    }

    /// Which process it gives ids for.
    pub const fn process(&self) -> u8 {
        self.process
    }

    /// A transfer id later than every one before it, of `now` unless this process has given all 64 of that microsecond.
    pub fn transfer(&self, now: Instant) -> TransferId {
        self.next(&self.last_transfer, now, false)
    }

    /// A number of the same kind for what is no transfer: messages and their deliveries.
    pub fn number(&self, now: Instant) -> i64 {
        // A story may be told from before there were numbers.
        self.next(&self.last_number, now.max(FIRST), false).get()
    }

    /// The id of a message of this number, which no other store's has: two may tell one receiver.
    pub fn message_id(&self, number: i64) -> MessageId {
        let micros = TransferId::from_i64(number).map_or(0, |id| id.recorded().micros());
        let millis = u64::try_from(micros / 1_000).unwrap_or(0);
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(b"message");
        hasher.update(&number.to_le_bytes());
        let mut tail = [0; 10];
        // In order within a millisecond, then what nobody can foretell.
        tail[..3].copy_from_slice(&(number % (1_000 << 12)).to_be_bytes()[5..]);
        tail[3..].copy_from_slice(&hasher.finalize().as_bytes()[..7]);
        MessageId::from_parts(millis, tail)
    }

    /// The first of a run of 64, none of which is given again: a capture books one transfer per account that pays.
    pub fn transfer_run(&self, now: Instant) -> TransferId {
        self.next(&self.last_transfer, now, true)
    }

    fn next(&self, last: &AtomicI64, now: Instant, run: bool) -> TransferId {
        let fresh = TransferId::from_parts(now, self.process, 0).expect("the clock is within 2020 to 2091").get();
        let next = |last: i64| {
            let same_micro = last & 63 < 63 && !run;
            let after = if same_micro { last + 1 } else { ((last >> 12) + 1) << 12 | i64::from(self.process) << 6 };
            if last < fresh { fresh } else { after }
        };
        // A run takes its microsecond to the end.
        let end = |first: i64| if run { first | 63 } else { first };
        let last = last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(end(next(last))))
            .expect("the update always answers");
        TransferId::from_i64(next(last)).expect("ids are above zero")
    }

    /// Of one millisecond in the order in which a process gives them: what is listed by its id is listed in the order it was made.
    pub fn id<K: Kind>(&self, now: Instant) -> Id128<K> {
        let millis = u64::try_from(now.micros() / 1_000).expect("instants are after 1970");
        let (drawn, bytes) = self.draw();
        let mut tail = [0; 10];
        tail[..4].copy_from_slice(&drawn.to_be_bytes()[4..]);
        tail[4..].copy_from_slice(&bytes[..6]);
        Id128::from_parts(millis, tail)
    }

    pub fn bytes(&self) -> [u8; 16] {
        self.draw().1
    }

    fn draw(&self) -> (u64, [u8; 16]) {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&blake3::keyed_hash(&self.seed, &drawn.to_le_bytes()).as_bytes()[..16]);
        (drawn, bytes)
    }
}

/// Sixteen bytes that nobody can foretell.
pub fn chance() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::id::HoldId;

    const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

    #[test]
    fn transfer_ids_rise_and_keep_their_process_and_time() {
        let ids = IdSource::seeded(5, 1);
        let given: Vec<TransferId> = (0..200).map(|_| ids.transfer(NOW)).collect();
        assert!(given.is_sorted_by(|a, b| a < b));
        assert!(given.iter().all(|id| id.get() >> 6 & 63 == 5));
        let micros: Vec<i64> = given.iter().map(|id| id.recorded().micros() - NOW.micros()).collect();
        assert_eq!((micros[0], micros[63], micros[64], micros[199]), (0, 0, 1, 3)); // 64 to a microsecond
    }

    #[test]
    fn a_run_is_given_to_nobody_else() {
        let ids = IdSource::seeded(0, 1);
        let before = ids.transfer(NOW);
        let run = ids.transfer_run(NOW);
        let after = ids.transfer(NOW);
        assert!(before < run && run.get() % 64 == 0);
        assert!(after.get() > run.get() + 63, "{after:?} is in the run of {run:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let draw = |seed| (0..3).map(|_| IdSource::seeded(0, seed).id(NOW)).collect::<Vec<HoldId>>();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let one = IdSource::seeded(0, 7);
        assert_ne!(one.id::<farthing_core::id::HoldKind>(NOW), one.id(NOW));
    }
}
