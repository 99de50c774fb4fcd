//! Deliveries: each message to each endpoint that hears of it, and by mail.
//!
//! Of the deliveries of one endpoint and lane that wait, only the first has a time at which it is tried; the others get theirs when
//! the one before them is done. So what is ready is found by one index, however many wait behind what a receiver does not take. Two
//! writers cannot miss each other: who adds one locks the one before it, and who ends one looks for the next after that.

use crate::messages::message_from;
use crate::{MessageRow, Row, StoreError, Tx};
use farthing_core::notice::EndpointId;
use farthing_core::time::Instant;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    Endpoint(EndpointId),
    /// To the account's contact.
    Mail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// Given up. It can be sent again by hand.
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub number: i64,
    pub cloud: String,
    pub channel: Channel,
    pub message: i64,
    pub lane: i64,
    pub state: DeliveryState,
    /// How often it was tried; counted before each try.
    pub attempts: i64,
    /// Of them, since it was last sent by hand.
    pub tries: i64,
    /// The first of those.
    pub begun: Option<Instant>,
    /// When it is tried next; none: it is done, or waits for one before it.
    pub next_at: Option<Instant>,
    pub last_at: Option<Instant>,
    /// What an HTTP or SMTP server answered.
    pub status: Option<i64>,
    /// How its answer began, or what went wrong.
    pub answer: String,
}

/// Which of a cloud's deliveries.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub channel: Option<Channel>,
    pub state: Option<DeliveryState>,
}

/// What came of a try.
#[derive(Clone, Debug)]
pub struct DeliveryTried<'a> {
    pub number: i64,
    /// Which try it was: what another has begun since is not overwritten.
    pub attempt: i64,
    pub state: DeliveryState,
    pub next_at: Option<Instant>,
    pub at: Instant,
    pub status: Option<i64>,
    pub answer: &'a str,
}

impl Channel {
    fn bytes(self) -> [u8; 16] {
        match self {
            Channel::Endpoint(id) => id.to_bytes(),
            Channel::Mail => [0; 16],
        }
    }

    fn from_bytes(bytes: [u8; 16]) -> Channel {
        if bytes == [0; 16] { Channel::Mail } else { Channel::Endpoint(EndpointId::from_bytes(bytes)) }
    }
}

impl DeliveryState {
    const fn code(self) -> i64 {
        match self {
            DeliveryState::Waiting => 0,
            DeliveryState::Delivered => 1,
            DeliveryState::Dead => 2,
        }
    }

    fn from_code(code: i64) -> Option<DeliveryState> {
        [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::Dead].into_iter().find(|s| s.code() == code)
    }
}

impl Tx<'_> {
    /// Appends a delivery: ready at once, unless an earlier one of its lane waits.
    pub fn delivery_insert(&mut self, number: i64, channel: Channel, message: &MessageRow) -> Result<(), StoreError> {
        let bytes = channel.bytes();
        let before = self.one(
            "SELECT d.number FROM delivery d WHERE d.endpoint = $1 AND d.lane = $2 AND d.state = 0
             ORDER BY d.number DESC LIMIT 1 {lock d}",
            &[bytes.as_slice().into(), message.lane.into()],
            |row| row.int(0),
        )?;
        // Ready since ever: what it waits for is no clock's business, and a test cloud's clock is not the one it is sent by.
        let next_at = if before.is_some() { None } else { Some(0) };
        self.execute(
            "INSERT INTO delivery (number, cloud, endpoint, message, lane, state, attempts, tries, next_at, answer)
             VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6, '')",
            &[
                number.into(),
                message.cloud.as_str().into(),
                bytes.as_slice().into(),
                message.number.into(),
                message.lane.into(),
                next_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Where something is ready to be sent.
    pub fn channels_ready(&mut self, now: Instant) -> Result<Vec<Channel>, StoreError> {
        let mut ready = self.rows(
            "SELECT e.id FROM endpoint e WHERE e.disabled = ''
             AND EXISTS (SELECT 1 FROM delivery d WHERE d.endpoint = e.id AND d.next_at <= $1) ORDER BY e.id",
            &[now.micros().into()],
            |row| Ok(Channel::from_bytes(row.bytes(0)?)),
        )?;
        let mail = self.one(
            "SELECT d.number FROM delivery d WHERE d.endpoint = $1 AND d.next_at <= $2 LIMIT 1",
            &[[0_u8; 16].as_slice().into(), now.micros().into()],
            |row| row.int(0),
        )?;
        ready.extend(mail.map(|_| Channel::Mail));
        Ok(ready)
    }

    /// Takes up to so many that are ready, each with its message. Until `until` nobody else does; then, should nothing have been
    /// written of them, they are ready again.
    pub fn deliveries_claim(
        &mut self,
        channel: Channel,
        now: Instant,
        until: Instant,
        most: i64,
    ) -> Result<Vec<(DeliveryRow, MessageRow)>, StoreError> {
        let bytes = channel.bytes();
        let ready = self.rows(
            "SELECT d.number, d.cloud, d.endpoint, d.message, d.lane, d.state, d.attempts, d.tries, d.begun, d.next_at, d.last_at, d.status, d.answer
             FROM delivery d WHERE d.endpoint = $1 AND d.next_at <= $2 ORDER BY d.next_at, d.number LIMIT $3 {lock d}",
            &[bytes.as_slice().into(), now.micros().into(), most.into()],
            delivery_from,
        )?;
        let mut claimed = Vec::with_capacity(ready.len());
        for mut row in ready {
            row.attempts += 1;
            row.tries += 1;
            row.begun = row.begun.or(Some(now));
            row.next_at = Some(until);
            self.execute(
                "UPDATE delivery SET attempts = $2, tries = $3, begun = $4, next_at = $5 WHERE number = $1",
                &[
                    row.number.into(),
                    row.attempts.into(),
                    row.tries.into(),
                    row.begun.map(Instant::micros).into(),
                    until.micros().into(),
                ],
            )?;
            let message = self.message_by_number(row.message)?;
            let message = message.ok_or_else(|| StoreError::corrupt("a delivery's message is gone"))?;
            claimed.push((row, message));
        }
        Ok(claimed)
    }

    /// Writes what came of a try, and lets the next of its lane go where this one is done. False: another try has begun since.
    pub fn delivery_tried(&mut self, tried: &DeliveryTried<'_>) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE delivery SET state = $3, next_at = $4, last_at = $5, status = $6, answer = $7
             WHERE number = $1 AND attempts = $2 AND state = 0",
            &[
                tried.number.into(),
                tried.attempt.into(),
                tried.state.code().into(),
                tried.next_at.map(Instant::micros).into(),
                tried.at.micros().into(),
                tried.status.into(),
                tried.answer.into(),
            ],
        )?;
        if changed == 1 && tried.state != DeliveryState::Waiting {
            let place =
                self.one("SELECT endpoint, lane FROM delivery WHERE number = $1", &[tried.number.into()], |row| {
                    Ok((row.bytes::<16>(0)?, row.int(1)?))
                })?;
            let (endpoint, lane) = place.ok_or_else(|| StoreError::corrupt("a delivery is gone"))?;
            self.lane_go_on(&endpoint, lane, tried.at)?;
        }
        Ok(changed == 1)
    }

    /// The first that waits in a lane is tried from an instant on, if it has no time yet.
    fn lane_go_on(&mut self, endpoint: &[u8; 16], lane: i64, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE delivery SET next_at = $3 WHERE next_at IS NULL AND number =
                 (SELECT min(d.number) FROM delivery d WHERE d.endpoint = $1 AND d.lane = $2 AND d.state = 0)",
            &[endpoint.as_slice().into(), lane.into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn delivery(&mut self, cloud: &str, number: i64) -> Result<Option<(DeliveryRow, MessageRow)>, StoreError> {
        let row = self.one(
            "SELECT d.number, d.cloud, d.endpoint, d.message, d.lane, d.state, d.attempts, d.tries, d.begun, d.next_at, d.last_at, d.status, d.answer
             FROM delivery d WHERE d.number = $1 AND d.cloud = $2 {lock d}",
            &[number.into(), cloud.into()],
            delivery_from,
        )?;
        let Some(row) = row else { return Ok(None) };
        let message = self.message_by_number(row.message)?;
        Ok(Some((row, message.ok_or_else(|| StoreError::corrupt("a delivery's message is gone"))?)))
    }

    /// The newest first: those before a number, at most so many.
    pub fn deliveries(
        &mut self,
        cloud: &str,
        filter: &DeliveryFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<(DeliveryRow, MessageRow)>, StoreError> {
        let state = filter.state.map_or(-1, DeliveryState::code);
        let rows = match filter.channel {
            None => self.rows(
                "SELECT d.number, d.cloud, d.endpoint, d.message, d.lane, d.state, d.attempts, d.tries, d.begun, d.next_at, d.last_at, d.status, d.answer
                 FROM delivery d WHERE d.cloud = $1 AND d.number < $2 AND (d.state = $3 OR $3 = -1)
                 ORDER BY d.number DESC LIMIT $4",
                &[cloud.into(), before.into(), state.into(), limit.into()],
                delivery_from,
            )?,
            Some(channel) => self.rows(
                "SELECT d.number, d.cloud, d.endpoint, d.message, d.lane, d.state, d.attempts, d.tries, d.begun, d.next_at, d.last_at, d.status, d.answer
                 FROM delivery d WHERE d.endpoint = $1 AND d.cloud = $2 AND d.number < $3 AND (d.state = $4 OR $4 = -1)
                 ORDER BY d.number DESC LIMIT $5",
                &[channel.bytes().as_slice().into(), cloud.into(), before.into(), state.into(), limit.into()],
                delivery_from,
            )?,
        };
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let message = self.message_by_number(row.message)?;
            found.push((row, message.ok_or_else(|| StoreError::corrupt("a delivery's message is gone"))?));
        }
        Ok(found)
    }

    /// How it went with a message, each way it goes.
    pub fn deliveries_of_message(&mut self, message: i64) -> Result<Vec<DeliveryRow>, StoreError> {
        self.rows(
            "SELECT d.number, d.cloud, d.endpoint, d.message, d.lane, d.state, d.attempts, d.tries, d.begun, d.next_at, d.last_at, d.status, d.answer
             FROM delivery d WHERE d.message = $1 ORDER BY d.number",
            &[message.into()],
            delivery_from,
        )
    }

    /// How many of a cloud wait, and how many were given up.
    pub fn deliveries_count_of(&mut self, cloud: &str) -> Result<(i64, i64), StoreError> {
        let counted = self.one(
            "SELECT CAST(coalesce(sum(CASE WHEN state = 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
                    CAST(coalesce(sum(CASE WHEN state = 2 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM delivery WHERE cloud = $1",
            &[cloud.into()],
            |row| Ok((row.int(0)?, row.int(1)?)),
        )?;
        Ok(counted.unwrap_or((0, 0)))
    }

    /// Sends one again that is done: it begins anew, behind what waits before it in its lane.
    pub fn delivery_replay(&mut self, row: &DeliveryRow, at: Instant) -> Result<(), StoreError> {
        let bytes = row.channel.bytes();
        let before = self.one(
            "SELECT d.number FROM delivery d WHERE d.endpoint = $1 AND d.lane = $2 AND d.state = 0 AND d.number < $3
             ORDER BY d.number DESC LIMIT 1 {lock d}",
            &[bytes.as_slice().into(), row.lane.into(), row.number.into()],
            |row| row.int(0),
        )?;
        let next_at = if before.is_some() { None } else { Some(at.micros()) };
        self.execute(
            "UPDATE delivery SET state = 0, tries = 0, begun = NULL, next_at = $2 WHERE number = $1 AND state <> 0",
            &[row.number.into(), next_at.into()],
        )?;
        Ok(())
    }

    /// How many wait, and how many of them for nothing but their time.
    pub fn deliveries_count(&mut self) -> Result<(i64, i64), StoreError> {
        let waiting = self.one("SELECT count(*) FROM delivery WHERE state = 0", &[], |row| row.int(0))?;
        let ready = self.one("SELECT count(*) FROM delivery WHERE next_at IS NOT NULL", &[], |row| row.int(0))?;
        Ok((waiting.unwrap_or(0), ready.unwrap_or(0)))
    }

    fn message_by_number(&mut self, number: i64) -> Result<Option<MessageRow>, StoreError> {
        self.one(
            "SELECT number, id, cloud, type, at, account, lane, data FROM message WHERE number = $1",
            &[number.into()],
            message_from,
        )
    }
}

fn delivery_from(row: &Row<'_>) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        number: row.int(0)?,
        cloud: row.text(1)?,
        channel: Channel::from_bytes(row.bytes(2)?),
        message: row.int(3)?,
        lane: row.int(4)?,
        state: DeliveryState::from_code(row.int(5)?)
            .ok_or_else(|| StoreError::corrupt("a delivery in no known state"))?,
        attempts: row.int(6)?,
        tries: row.int(7)?,
        begun: row.opt_int(8)?.map(Instant::from_micros),
        next_at: row.opt_int(9)?.map(Instant::from_micros),
        last_at: row.opt_int(10)?.map(Instant::from_micros),
        status: row.opt_int(11)?,
        answer: row.text(12)?,
    })
}
