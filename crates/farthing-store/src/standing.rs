//! Ladders of accounts in arrears, what was said to them, what the cloud was asked to do, and what keeps it from being done.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::config::Name;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::notice::MessageId;
use farthing_core::settle::ThingId;
use farthing_core::standing::{Cause, Deed, InstructionId, InstructionState, Ladder, Notice, Rung};
use farthing_core::time::{Duration, Instant};
use std::collections::BTreeMap;

/// Whose ladder: an account's own, or that of one thing of it: a space that was bought, or what its owner has switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LadderOf {
    pub account: OwnerId,
    pub thing: Option<ThingId>,
}

impl LadderOf {
    /// Before everybody's.
    pub const FIRST: LadderOf = LadderOf { account: OwnerId(0), thing: None };

    fn of(account: i64, thing: i64) -> LadderOf {
        LadderOf { account: OwnerId(account), thing: (thing != 0).then_some(ThingId(thing)) }
    }

    fn number(self) -> i64 {
        self.thing.map_or(0, |thing| thing.0)
    }
}

impl From<OwnerId> for LadderOf {
    fn from(account: OwnerId) -> LadderOf {
        LadderOf { account, thing: None }
    }
}

/// A ladder, or somebody who has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderRow {
    pub whose: LadderOf,
    pub cloud: String,
    /// None: nobody has looked yet whether it is in arrears.
    pub ladder: Option<Ladder>,
    /// What keeps the next step from being taken; empty: nothing.
    pub held: String,
    pub next_at: Option<Instant>,
}

/// What the cloud was asked to do to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionRow {
    pub id: InstructionId,
    pub cloud: String,
    pub account: OwnerId,
    /// A thing, or by its own number, which no thing has, what was bought for a time.
    pub thing: ThingId,
    pub resource: String,
    pub product: Name,
    pub deed: Deed,
    /// The step it belongs to; what gives back: the one that it undoes.
    pub rung: Rung,
    /// Of one thing it only grows.
    pub fence: i64,
    pub state: InstructionState,
    pub asked: Instant,
    pub claimed_until: Option<Instant>,
    pub ended: Option<Instant>,
    /// What the cloud said of it, or why it was cancelled.
    pub note: String,
    /// When an operator is told that the cloud has not answered.
    pub overdue_at: Option<Instant>,
}

/// Which of a cloud's instructions.
#[derive(Clone, Debug, Default)]
pub struct InstructionFilter {
    pub account: Option<OwnerId>,
    pub resource: Option<String>,
    /// Only those that are to be done.
    pub open: bool,
}

/// Something that is not to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepRow {
    pub cloud: String,
    /// `account` or `resource`.
    pub what: String,
    pub name: String,
    pub who: String,
    pub why: String,
    pub since: Instant,
}

/// Nothing of a cloud is destroyed while its brake is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrakeRow {
    pub cloud: String,
    pub braked: Option<Instant>,
    pub why: String,
    /// What happened before was looked at.
    pub accepted: Option<Instant>,
}

macro_rules! columns {
    () => {
        "id, cloud, account, thing, resource, product, deed, rung, fence, state, asked, claimed_until, ended, note, overdue_at, seal"
    };
}

/// For the audit: reading one compares its seal.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM instruction ORDER BY id");

impl InstructionRow {
    /// Of everything but when an operator is told.
    pub fn seal(&self) -> i64 {
        let micros = |at: Option<Instant>| at.map_or(i64::MIN, Instant::micros);
        let numbers = [
            self.account.0,
            self.thing.0,
            self.fence,
            self.asked.micros(),
            micros(self.claimed_until),
            micros(self.ended),
        ];
        let texts: [&[u8]; 8] = [
            &self.id.to_bytes(),
            self.cloud.as_bytes(),
            self.resource.as_bytes(),
            self.product.as_str().as_bytes(),
            self.deed.name().as_bytes(),
            self.rung.name().as_bytes(),
            self.state.name().as_bytes(),
            self.note.as_bytes(),
        ];
        chain::seal_row(b"instruction", &numbers, &texts)
    }
}

impl Tx<'_> {
    // --- Ladders

    /// Something has happened: it is looked at by then, in arrears or not.
    pub fn ladder_look(&mut self, whose: impl Into<LadderOf>, cloud: &str, at: Instant) -> Result<(), StoreError> {
        let whose = whose.into();
        self.execute(
            "INSERT INTO ladder (account, space, cloud, cause, since, reached, dates, held, next_at) VALUES ($1, $2, $3, '', NULL, '', '', '', $4)
             ON CONFLICT (account, space) DO UPDATE SET next_at = CASE
                 WHEN ladder.next_at IS NULL OR ladder.next_at > excluded.next_at THEN excluded.next_at ELSE ladder.next_at END",
            &[whose.account.0.into(), whose.number().into(), cloud.into(), at.micros().into()],
        )?;
        Ok(())
    }

    /// The same of what an account has under way already, things of it included; for everybody else nothing.
    pub fn ladder_hurry(&mut self, account: OwnerId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE ladder SET next_at = $2 WHERE account = $1 AND (next_at IS NULL OR next_at > $2)",
            &[account.0.into(), at.micros().into()],
        )?;
        Ok(())
    }

    /// The same of every one of a cloud.
    pub fn ladders_hurry(&mut self, cloud: &str, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE ladder SET next_at = $2 WHERE cloud = $1 AND (next_at IS NULL OR next_at > $2)",
            &[cloud.into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn ladder_put(&mut self, row: &LadderRow) -> Result<(), StoreError> {
        let ladder = row.ladder.as_ref();
        self.execute(
            "INSERT INTO ladder (account, space, cloud, cause, since, reached, dates, held, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (account, space) DO UPDATE SET cause = excluded.cause, since = excluded.since, reached = excluded.reached,
                dates = excluded.dates, held = excluded.held, next_at = excluded.next_at",
            &[
                row.whose.account.0.into(),
                row.whose.number().into(),
                row.cloud.as_str().into(),
                ladder.map_or("", |ladder| ladder.cause.name()).into(),
                ladder.map(|ladder| ladder.since.micros()).into(),
                ladder.and_then(|ladder| ladder.reached).map_or("", Rung::name).into(),
                ladder.map_or_else(String::new, |ladder| dates_text(&ladder.dates)).as_str().into(),
                row.held.as_str().into(),
                row.next_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// It is over, and what was said of it.
    pub fn ladder_drop(&mut self, whose: impl Into<LadderOf>) -> Result<(), StoreError> {
        let whose = whose.into();
        let key = [whose.account.0.into(), whose.number().into()];
        self.execute("DELETE FROM step_notice WHERE account = $1 AND space = $2", &key)?;
        self.execute("DELETE FROM ladder WHERE account = $1 AND space = $2", &key)?;
        Ok(())
    }

    pub fn ladder(&mut self, whose: impl Into<LadderOf>) -> Result<Option<LadderRow>, StoreError> {
        let whose = whose.into();
        let found = self.one(
            "SELECT account, space, cloud, cause, since, reached, dates, held, next_at FROM ladder WHERE account = $1 AND space = $2",
            &[whose.account.0.into(), whose.number().into()],
            ladder_from,
        )?;
        found.map(|row| self.with_notices(row)).transpose()
    }

    /// Those of a cloud that are under way, by account, each account's own first and those of its things after it.
    pub fn ladders(&mut self, cloud: &str, after: LadderOf, most: i64) -> Result<Vec<LadderRow>, StoreError> {
        let rows = self.rows(
            "SELECT account, space, cloud, cause, since, reached, dates, held, next_at FROM ladder
             WHERE cloud = $1 AND (account > $2 OR (account = $2 AND space > $3)) AND cause <> '' ORDER BY account, space LIMIT $4",
            &[cloud.into(), after.account.0.into(), after.number().into(), most.into()],
            ladder_from,
        )?;
        rows.into_iter().map(|row| self.with_notices(row)).collect()
    }

    fn with_notices(&mut self, mut row: LadderRow) -> Result<LadderRow, StoreError> {
        if let Some(ladder) = &mut row.ladder {
            ladder.told = self.rows(
                "SELECT rung, ahead, told, accepted FROM step_notice WHERE account = $1 AND space = $2 ORDER BY rung, ahead DESC",
                &[row.whose.account.0.into(), row.whose.number().into()],
                |row| {
                    Ok(Notice {
                        rung: word(&row.text(0)?, Rung::parse, "a step")?,
                        ahead: Duration::try_from_seconds(row.int(1)?)
                            .map_err(|_| StoreError::corrupt("a notice of a length that is none"))?,
                        told: Instant::from_micros(row.int(2)?),
                        accepted: row.opt_int(3)?.map(Instant::from_micros),
                    })
                },
            )?;
        }
        Ok(row)
    }

    /// Those that are to be looked at by now, the earliest first, each with its cloud.
    pub fn ladders_due(&mut self, now: Instant, most: i64) -> Result<Vec<(String, LadderOf)>, StoreError> {
        self.rows(
            "SELECT cloud, account, space FROM ladder WHERE next_at <= $1 ORDER BY next_at, account, space LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| Ok((row.text(0)?, LadderOf::of(row.int(1)?, row.int(2)?))),
        )
    }

    // --- What was said

    pub fn step_notice_put(&mut self, whose: LadderOf, notice: &Notice) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO step_notice (account, space, rung, ahead, told, message, accepted) VALUES ($1, $2, $3, $4, $5, NULL, NULL)
             ON CONFLICT (account, space, rung, ahead) DO UPDATE SET told = excluded.told, message = NULL, accepted = NULL",
            &[
                whose.account.0.into(),
                whose.number().into(),
                notice.rung.name().into(),
                notice.ahead.seconds().into(),
                notice.told.micros().into(),
            ],
        )?;
        Ok(())
    }

    /// The message that says it.
    pub fn step_notice_said(
        &mut self,
        whose: LadderOf,
        rung: Rung,
        ahead: Duration,
        message: MessageId,
    ) -> Result<(), StoreError> {
        self.execute(
            "UPDATE step_notice SET message = $5 WHERE account = $1 AND space = $2 AND rung = $3 AND ahead = $4",
            &[
                whose.account.0.into(),
                whose.number().into(),
                rung.name().into(),
                ahead.seconds().into(),
                message.to_bytes().as_slice().into(),
            ],
        )?;
        Ok(())
    }

    /// A mail server took it: from now on it counts, and its account is looked at.
    pub fn step_notice_heard(&mut self, message: MessageId, at: Instant) -> Result<(), StoreError> {
        let bytes = message.to_bytes();
        let of = "SELECT account FROM step_notice WHERE message = $1 AND accepted IS NULL";
        let Some(account) = self.one(of, &[bytes.as_slice().into()], |row| row.int(0))? else { return Ok(()) };
        self.execute(
            "UPDATE step_notice SET accepted = $2 WHERE message = $1 AND accepted IS NULL",
            &[bytes.as_slice().into(), at.micros().into()],
        )?;
        self.ladder_hurry(OwnerId(account), at)
    }

    /// Whether anything was said that nobody is known to have heard.
    pub fn step_notice_unheard(&mut self) -> Result<bool, StoreError> {
        let found =
            self.one("SELECT CAST(1 AS BIGINT) FROM step_notice WHERE accepted IS NULL LIMIT 1", &[], |row| {
                row.int(0)
            })?;
        Ok(found.is_some())
    }

    /// Whether a step's notice waits for a mail server, or an instruction for any cloud.
    pub fn somebody_is_asked(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM step_notice WHERE accepted IS NULL)
                   OR EXISTS (SELECT 1 FROM instruction WHERE ended IS NULL)";
        Ok(self.one(sql, &[], |row| row.int(0))?.is_some())
    }

    // --- What the cloud is asked to do

    pub fn instruction_put(&mut self, row: &InstructionRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO instruction (id, cloud, account, thing, resource, product, deed, rung, fence, state, asked, claimed_until, ended,
                note, overdue_at, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, claimed_until = excluded.claimed_until, ended = excluded.ended,
                note = excluded.note, overdue_at = excluded.overdue_at, seal = excluded.seal",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.thing.0.into(),
                row.resource.as_str().into(),
                row.product.as_str().into(),
                row.deed.name().into(),
                row.rung.name().into(),
                row.fence.into(),
                row.state.name().into(),
                row.asked.micros().into(),
                row.claimed_until.map(Instant::micros).into(),
                row.ended.map(Instant::micros).into(),
                row.note.as_str().into(),
                row.overdue_at.map(Instant::micros).into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn instruction(&mut self, id: InstructionId) -> Result<Option<InstructionRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM instruction WHERE id = $1");
        self.one(sql, &[id.to_bytes().as_slice().into()], instruction_from)
    }

    /// Those of an account that are to be done, in the order they were asked.
    pub fn instructions_open(&mut self, account: OwnerId) -> Result<Vec<InstructionRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM instruction WHERE account = $1 AND ended IS NULL ORDER BY id");
        self.rows(sql, &[account.0.into()], instruction_from)
    }

    /// Every one about a thing, the newest first.
    pub fn instructions_of(&mut self, thing: ThingId) -> Result<Vec<InstructionRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM instruction WHERE thing = $1 ORDER BY fence DESC");
        self.rows(sql, &[thing.0.into()], instruction_from)
    }

    /// A page of a cloud's, the newest first, those before one of them.
    pub fn instructions(
        &mut self,
        cloud: &str,
        filter: &InstructionFilter,
        before: Option<InstructionId>,
        most: i64,
    ) -> Result<Vec<InstructionRow>, StoreError> {
        let before = before.map_or([0xff; 16], InstructionId::to_bytes);
        let account = filter.account.map_or(Value::Null, |account| account.0.into());
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM instruction WHERE cloud = $1 AND id < $2 AND (CAST($3 AS BIGINT) IS NULL OR account = $3)
                AND (CAST($4 AS TEXT) = '' OR resource = $4) AND (CAST($5 AS BIGINT) = 0 OR ended IS NULL)
              ORDER BY id DESC LIMIT $6"
        );
        self.rows(
            sql,
            &[
                cloud.into(),
                before.as_slice().into(),
                account,
                filter.resource.as_deref().unwrap_or_default().into(),
                i64::from(filter.open).into(),
                most.into(),
            ],
            instruction_from,
        )
    }

    /// Those that an operator is to be told of by now.
    pub fn instructions_overdue(&mut self, now: Instant, most: i64) -> Result<Vec<InstructionRow>, StoreError> {
        let sql =
            concat!("SELECT ", columns!(), " FROM instruction WHERE overdue_at <= $1 ORDER BY overdue_at, id LIMIT $2");
        self.rows(sql, &[now.micros().into(), most.into()], instruction_from)
    }

    /// How many accounts of a cloud were suspended between two instants, and how many deletions were asked for.
    pub fn instructions_between(&mut self, cloud: &str, from: Instant, to: Instant) -> Result<(i64, i64), StoreError> {
        let counted = self.one(
            "SELECT count(DISTINCT CASE WHEN rung = 'suspend' AND deed IN ('stop', 'lock') THEN account END),
                    count(DISTINCT CASE WHEN deed IN ('delete_keep_data', 'delete_data') THEN account END)
             FROM instruction WHERE cloud = $1 AND asked > $2 AND asked <= $3",
            &[cloud.into(), from.micros().into(), to.micros().into()],
            |row| Ok((row.int(0)?, row.int(1)?)),
        )?;
        Ok(counted.unwrap_or((0, 0)))
    }

    // --- What keeps it from being done

    pub fn keep_put(&mut self, row: &KeepRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO keep (cloud, what, name, who, why, since) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (cloud, what, name) DO UPDATE SET who = excluded.who, why = excluded.why",
            &[
                row.cloud.as_str().into(),
                row.what.as_str().into(),
                row.name.as_str().into(),
                row.who.as_str().into(),
                row.why.as_str().into(),
                row.since.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn keep_drop(&mut self, cloud: &str, what: &str, name: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM keep WHERE cloud = $1 AND what = $2 AND name = $3";
        Ok(self.execute(sql, &[cloud.into(), what.into(), name.into()])? > 0)
    }

    pub fn is_kept(&mut self, cloud: &str, what: &str, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT CAST(1 AS BIGINT) FROM keep WHERE cloud = $1 AND what = $2 AND name = $3";
        Ok(self.one(sql, &[cloud.into(), what.into(), name.into()], |row| row.int(0))?.is_some())
    }

    pub fn keeps(&mut self, cloud: &str) -> Result<Vec<KeepRow>, StoreError> {
        self.rows(
            "SELECT cloud, what, name, who, why, since FROM keep WHERE cloud = $1 ORDER BY what, name",
            &[cloud.into()],
            |row| {
                Ok(KeepRow {
                    cloud: row.text(0)?,
                    what: row.text(1)?,
                    name: row.text(2)?,
                    who: row.text(3)?,
                    why: row.text(4)?,
                    since: Instant::from_micros(row.int(5)?),
                })
            },
        )
    }

    pub fn brake(&mut self, cloud: &str) -> Result<Option<BrakeRow>, StoreError> {
        self.one("SELECT cloud, braked, why, accepted FROM brake WHERE cloud = $1", &[cloud.into()], |row| {
            Ok(BrakeRow {
                cloud: row.text(0)?,
                braked: row.opt_int(1)?.map(Instant::from_micros),
                why: row.text(2)?,
                accepted: row.opt_int(3)?.map(Instant::from_micros),
            })
        })
    }

    pub fn brake_put(&mut self, row: &BrakeRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO brake (cloud, braked, why, accepted) VALUES ($1, $2, $3, $4)
             ON CONFLICT (cloud) DO UPDATE SET braked = excluded.braked, why = excluded.why, accepted = excluded.accepted",
            &[
                row.cloud.as_str().into(),
                row.braked.map(Instant::micros).into(),
                row.why.as_str().into(),
                row.accepted.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// How many accounts of a cloud are open.
    pub fn accounts_count(&mut self, cloud: &str) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM account WHERE cloud = $1 AND closed IS NULL";
        Ok(self.one(sql, &[cloud.into()], |row| row.int(0))?.unwrap_or(0))
    }

    /// When steps were last taken by anybody; and from now on they are.
    pub fn steps_seen(&mut self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let seen = self.one("SELECT at FROM steps_seen WHERE id = 1", &[], |row| row.int(0))?;
        self.execute(
            "INSERT INTO steps_seen (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
            &[now.micros().into()],
        )?;
        Ok(seen.map(Instant::from_micros))
    }

    /// Somebody is back, after a while in which nobody took steps.
    pub fn steps_back(&mut self, now: Instant) -> Result<(), StoreError> {
        self.execute("UPDATE steps_seen SET back = $1 WHERE id = 1", &[now.micros().into()])?;
        Ok(())
    }

    /// Since when; none: there was no such while.
    pub fn steps_back_since(&mut self) -> Result<Option<Instant>, StoreError> {
        let back = self.one("SELECT back FROM steps_seen WHERE id = 1", &[], |row| row.opt_int(0))?;
        Ok(back.flatten().map(Instant::from_micros))
    }
}

fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>, what: &str) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::corrupt(format!("{what} {text:?}")))
}

fn dates_text(dates: &BTreeMap<Rung, Instant>) -> String {
    let each: Vec<String> = dates.iter().map(|(rung, at)| format!("{}={}", rung.name(), at.micros())).collect();
    each.join(" ")
}

fn dates_from(text: &str) -> Option<BTreeMap<Rung, Instant>> {
    let each = text.split_whitespace().map(|pair| {
        let (rung, at) = pair.split_once('=')?;
        Some((Rung::parse(rung)?, Instant::from_micros(at.parse().ok()?)))
    });
    each.collect()
}

fn ladder_from(row: &Row<'_>) -> Result<LadderRow, StoreError> {
    let (cause, reached, dates) = (row.text(3)?, row.text(5)?, row.text(6)?);
    let ladder = match (Cause::parse(&cause), row.opt_int(4)?) {
        (Some(cause), Some(since)) => Some(Ladder {
            cause,
            since: Instant::from_micros(since),
            reached: Rung::parse(&reached),
            dates: dates_from(&dates).ok_or_else(|| StoreError::corrupt(format!("steps on {dates:?}")))?,
            told: Vec::new(),
        }),
        _ => None,
    };
    Ok(LadderRow {
        whose: LadderOf::of(row.int(0)?, row.int(1)?),
        cloud: row.text(2)?,
        ladder,
        held: row.text(7)?,
        next_at: row.opt_int(8)?.map(Instant::from_micros),
    })
}

pub(crate) fn instruction_from(row: &Row<'_>) -> Result<InstructionRow, StoreError> {
    let micros = |at: Option<i64>| at.map(Instant::from_micros);
    let found = InstructionRow {
        id: InstructionId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        thing: ThingId(row.int(3)?),
        resource: row.text(4)?,
        product: word(&row.text(5)?, Name::parse, "an instruction about the product")?,
        deed: word(&row.text(6)?, Deed::parse, "an instruction to")?,
        rung: word(&row.text(7)?, Rung::parse, "an instruction of the step")?,
        fence: row.int(8)?,
        state: word(&row.text(9)?, InstructionState::parse, "an instruction that is")?,
        asked: Instant::from_micros(row.int(10)?),
        claimed_until: micros(row.opt_int(11)?),
        ended: micros(row.opt_int(12)?),
        note: row.text(13)?,
        overdue_at: micros(row.opt_int(14)?),
    };
    if row.int(15)? != found.seal() {
        return Err(StoreError::corrupt(format!("instruction {} is not what was written", found.id)));
    }
    Ok(found)
}
