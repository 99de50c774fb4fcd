//! Single values of usage, for the meters and prices that a running total is not enough for.

use crate::open_charges::part_text;
use crate::{Row, StoreError, Tx, Value};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::rate::Event;
use farthing_core::settle::LineId;
use farthing_core::time::Instant;

impl Tx<'_> {
    pub fn usage_value_insert(&mut self, account: OwnerId, line: &LineId, event: &Event) -> Result<(), StoreError> {
        let id = event.id.to_be_bytes();
        self.execute(
            "INSERT INTO usage_value (account, thing, part, began, at, id, value) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                account.0.into(),
                line.thing.0.into(),
                part_text(line).as_str().into(),
                line.began.into(),
                event.at.micros().into(),
                Value::Bytes(&id),
                event.value.millionths().into(),
            ],
        )?;
        Ok(())
    }

    /// Keeps a value by itself, whenever it was used: of meters that count how many are different. False: it is kept already.
    pub fn usage_value_different(
        &mut self,
        account: OwnerId,
        line: &LineId,
        value: Quantity,
    ) -> Result<bool, StoreError> {
        let id = u128::from(value.millionths().unsigned_abs()).to_be_bytes();
        let inserted = self.execute(
            "INSERT INTO usage_value (account, thing, part, began, at, id, value) VALUES ($1, $2, $3, $4, 0, $5, $6)
             ON CONFLICT (account, thing, part, began, at, id) DO NOTHING",
            &[
                account.0.into(),
                line.thing.0.into(),
                part_text(line).as_str().into(),
                line.began.into(),
                Value::Bytes(&id),
                value.millionths().into(),
            ],
        )?;
        Ok(inserted == 1)
    }

    /// The last of a line in order of time and id.
    pub fn usage_value_newest(&mut self, account: OwnerId, line: &LineId) -> Result<Option<Event>, StoreError> {
        self.one(
            "SELECT at, id, value FROM usage_value
             WHERE account = $1 AND thing = $2 AND part = $3 AND began = $4 ORDER BY at DESC, id DESC LIMIT 1",
            &[account.0.into(), line.thing.0.into(), part_text(line).as_str().into(), line.began.into()],
            event_from,
        )
    }

    /// How many values are kept of an account's use of a product.
    pub fn usage_values_count(&mut self, account: OwnerId, product: &Name) -> Result<i64, StoreError> {
        let count = self.one(
            "SELECT count(*) FROM usage_value u JOIN thing t ON t.id = u.thing WHERE u.account = $1 AND t.product = $2",
            &[account.0.into(), product.as_str().into()],
            |row| row.int(0),
        )?;
        Ok(count.unwrap_or(0))
    }

    /// All of one line, in order of time and id.
    pub fn usage_values(&mut self, account: OwnerId, line: &LineId) -> Result<Vec<Event>, StoreError> {
        self.rows(
            "SELECT at, id, value FROM usage_value
             WHERE account = $1 AND thing = $2 AND part = $3 AND began = $4 ORDER BY at, id",
            &[account.0.into(), line.thing.0.into(), part_text(line).as_str().into(), line.began.into()],
            event_from,
        )
    }
}

fn event_from(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        at: Instant::from_micros(row.int(0)?),
        id: u128::from_be_bytes(row.bytes(1)?),
        value: Quantity::from_millionths(row.int(2)?),
    })
}
