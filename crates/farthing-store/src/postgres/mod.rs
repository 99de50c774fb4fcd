//! PostgreSQL, or what speaks its protocol: pooled connections, and closures run again when they met others.

mod pool;
mod tls;
mod tx;

pub use tx::PostgresTx;

use crate::known_ids::{KnownIds, Shared};
use crate::{Options, StoreError, Tx};
use pool::{Lent, Pool};
use std::time::Duration;

/// How often a closure is run again before its caller is told that the store is too busy.
const ATTEMPTS: u32 = 20;

#[derive(Debug)]
pub(crate) struct Postgres {
    pool: Pool,
    known_ids: Shared,
}

impl Postgres {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Postgres, StoreError> {
        let known_ids = KnownIds::shared(options.usage_fingerprint_bits);
        Ok(Postgres { pool: Pool::open(url, options.postgres_connections)?, known_ids })
    }

    /// READ COMMITTED, with the rows that a decision rests on locked first: a waiting closure then reads what the one
    /// before it wrote. (A stricter level would fail there, and run again and again on a busy account.)
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.repeat(|connection| {
            let (client, statements) = connection.parts();
            let transaction = match client.transaction() {
                Ok(transaction) => transaction,
                Err(error) => return Ended::before_work(error.into()),
            };
            let mut tx = Tx::Postgres(PostgresTx::new(transaction, statements, &self.known_ids, true));
            let result = work(&mut tx);
            let Tx::Postgres(tx) = tx else { return Ended::Answer(result) };
            let (transaction, failed, mut taking) = tx.into_parts();
            let ended = match (result, failed) {
                (Ok(value), None) => match transaction.commit().map_err(StoreError::from) {
                    Ok(()) => Ended::Answer(Ok(value)),
                    Err(error) if error.is_conflict() => Ended::Again { why: error, broken: false },
                    Err(error) => Ended::Unknown(crate::chain_of(&error)),
                },
                (_, Some(failed)) if failed.conflict || failed.disconnect => {
                    Ended::Again { why: StoreError::Conflict(failed.what), broken: failed.disconnect }
                }
                // PostgreSQL answers COMMIT of a failed transaction with a quiet ROLLBACK: it must not look like success.
                (Ok(_), Some(failed)) => Ended::Answer(Err(StoreError::statement_ignored(&failed.what).into())),
                (Err(error), _) => Ended::Answer(Err(error)),
            };
            if !matches!(ended, Ended::Answer(Ok(_))) {
                taking.undo(&self.known_ids);
            }
            ended
        })
    }

    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.repeat(|connection| {
            let (client, statements) = connection.parts();
            // One snapshot for everything the closure reads, as on SQLite.
            let begun = client
                .build_transaction()
                .read_only(true)
                .isolation_level(postgres::IsolationLevel::RepeatableRead)
                .start();
            let transaction = match begun {
                Ok(transaction) => transaction,
                Err(error) => return Ended::before_work(error.into()),
            };
            let mut tx = Tx::Postgres(PostgresTx::new(transaction, statements, &self.known_ids, false));
            let result = work(&mut tx);
            let Tx::Postgres(tx) = tx else { return Ended::Answer(result) };
            match tx.into_parts().1 {
                Some(failed) if failed.disconnect => {
                    Ended::Again { why: StoreError::Conflict(failed.what), broken: true }
                }
                _ => Ended::Answer(result),
            }
        })
    }

    fn repeat<T, E: From<StoreError>>(&self, mut attempt: impl FnMut(&mut Lent<'_>) -> Ended<T, E>) -> Result<T, E> {
        let mut attempts = 0;
        loop {
            let mut connection = self.pool.take()?;
            let why = match attempt(&mut connection) {
                Ended::Answer(answer) => return answer,
                Ended::Unknown(what) => {
                    connection.discard();
                    return Err(StoreError::OutcomeUnknown(what).into());
                }
                Ended::Again { why, broken } => {
                    if broken {
                        connection.discard();
                    }
                    why
                }
            };
            attempts += 1;
            if attempts >= ATTEMPTS {
                return Err(why.into());
            }
            // Not all at the same moment again: the wait grows, and differs by thread.
            std::thread::sleep(Duration::from_micros(100 << attempts.min(9)) * (1 + thread_spread()));
        }
    }
}

/// Runs a statement that no transaction may hold, over a connection of its own.
pub(crate) fn run_alone(url: &str, statement: &str) -> Result<(), StoreError> {
    let pool = Pool::open(url, 1)?;
    let mut connection = pool.take()?;
    connection.parts().0.batch_execute(statement).map_err(StoreError::Postgres)
}

/// How one attempt at a closure ended.
enum Ended<T, E> {
    Answer(Result<T, E>),
    /// Nothing of it stands, and it may succeed if it is run again.
    Again {
        why: StoreError,
        broken: bool,
    },
    /// The connection ended while it committed.
    Unknown(String),
}

impl<T, E: From<StoreError>> Ended<T, E> {
    fn before_work(error: StoreError) -> Ended<T, E> {
        if error.is_disconnect() { Ended::Again { why: error, broken: true } } else { Ended::Answer(Err(error.into())) }
    }
}

/// 0 to 7, by thread: spreads those who would meet again.
fn thread_spread() -> u32 {
    let name = format!("{:?}", std::thread::current().id());
    name.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 8
}
