//! What accounts pay with, and what providers call them. Never a card's number.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::{Expiry, MethodFacts, MethodId, MethodStanding, Usable};
use farthing_core::policy::{Channel, Funding};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodRow {
    pub id: MethodId,
    pub cloud: String,
    pub account: OwnerId,
    pub provider: String,
    pub facts: MethodFacts,
    pub standing: MethodStanding,
    /// The lowest is the default, the next the first to fall back to.
    pub rank: i64,
    /// When its owner agreed that it is charged later, and in which words.
    pub consented: Option<Instant>,
    pub mandate: String,
    /// What its owner has to do, while it waits for that.
    pub action: String,
    pub added: Instant,
    pub ended: Option<Instant>,
    /// When its owner is told that it is about to end.
    pub warn_at: Option<Instant>,
}

impl MethodRow {
    pub fn usable(&self) -> Usable {
        Usable {
            id: self.id,
            standing: self.standing,
            consented: self.consented.is_some(),
            rank: self.rank,
            expires: self.facts.expires,
        }
    }
}

impl Tx<'_> {
    pub fn method_insert(&mut self, row: &MethodRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO method (id, cloud, account, provider, token, channel, brand, last4, expires, country, funding, fingerprint,
                standing, rank, consented, mandate, action, added, ended, warn_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.provider.as_str().into(),
                row.facts.token.as_str().into(),
                row.facts.channel.word().into(),
                row.facts.brand.as_str().into(),
                row.facts.last4.as_str().into(),
                row.facts.expires.map(|expires| expires.to_string()).unwrap_or_default().as_str().into(),
                row.facts.country.as_str().into(),
                row.facts.funding.map_or("", Funding::word).into(),
                row.facts.fingerprint.as_str().into(),
                row.standing.name().into(),
                row.rank.into(),
                row.consented.map(Instant::micros).into(),
                row.mandate.as_str().into(),
                row.action.as_str().into(),
                row.added.micros().into(),
                row.ended.map(Instant::micros).into(),
                row.warn_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// What can change of it.
    pub fn method_write(&mut self, row: &MethodRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE method SET token = $2, brand = $3, last4 = $4, expires = $5, country = $6, funding = $7, fingerprint = $8,
                standing = $9, rank = $10, consented = $11, mandate = $12, action = $13, ended = $14, warn_at = $15
             WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.facts.token.as_str().into(),
                row.facts.brand.as_str().into(),
                row.facts.last4.as_str().into(),
                row.facts.expires.map(|expires| expires.to_string()).unwrap_or_default().as_str().into(),
                row.facts.country.as_str().into(),
                row.facts.funding.map_or("", Funding::word).into(),
                row.facts.fingerprint.as_str().into(),
                row.standing.name().into(),
                row.rank.into(),
                row.consented.map(Instant::micros).into(),
                row.mandate.as_str().into(),
                row.action.as_str().into(),
                row.ended.map(Instant::micros).into(),
                row.warn_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    pub fn method(&mut self, id: MethodId) -> Result<Option<MethodRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, provider, token, channel, brand, last4, expires, country, funding, fingerprint, standing, rank,
                consented, mandate, action, added, ended, warn_at
             FROM method WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            method_from,
        )
    }

    /// An account's methods, the default first; those that are gone too.
    pub fn methods_of(&mut self, account: OwnerId) -> Result<Vec<MethodRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, provider, token, channel, brand, last4, expires, country, funding, fingerprint, standing, rank,
                consented, mandate, action, added, ended, warn_at
             FROM method WHERE account = $1 ORDER BY rank, id",
            &[account.0.into()],
            method_from,
        )
    }

    /// Those that a provider calls so.
    pub fn methods_by_token(&mut self, provider: &str, token: &str) -> Result<Vec<MethodRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, provider, token, channel, brand, last4, expires, country, funding, fingerprint, standing, rank,
                consented, mandate, action, added, ended, warn_at
             FROM method WHERE provider = $1 AND token = $2 ORDER BY id",
            &[provider.into(), token.into()],
            method_from,
        )
    }

    /// Methods of whose end their owners are to be told by now.
    pub fn methods_to_warn(&mut self, now: Instant, most: i64) -> Result<Vec<MethodRow>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, provider, token, channel, brand, last4, expires, country, funding, fingerprint, standing, rank,
                consented, mandate, action, added, ended, warn_at
             FROM method WHERE warn_at <= $1 ORDER BY warn_at, id LIMIT $2",
            &[now.micros().into(), most.into()],
            method_from,
        )
    }

    /// What a provider calls an account.
    pub fn customer(&mut self, account: OwnerId, provider: &str) -> Result<Option<String>, StoreError> {
        self.one(
            "SELECT reference FROM customer WHERE account = $1 AND provider = $2",
            &[account.0.into(), provider.into()],
            |row| row.text(0),
        )
    }

    /// The first name it was given stays.
    pub fn customer_keep(&mut self, account: OwnerId, provider: &str, reference: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO customer (account, provider, reference) VALUES ($1, $2, $3) ON CONFLICT (account, provider) DO NOTHING",
            &[account.0.into(), provider.into(), reference.into()],
        )?;
        Ok(())
    }
}

fn method_from(row: &Row<'_>) -> Result<MethodRow, StoreError> {
    let wrong = |what: &str, text: &str| StoreError::corrupt(format!("a method with the {what} {text:?}"));
    let (channel, funding, standing, expires) = (row.text(5)?, row.text(10)?, row.text(12)?, row.text(8)?);
    let expires = match expires.as_str() {
        "" => None,
        text => Some(Expiry::parse(text).ok_or_else(|| wrong("end", text))?),
    };
    let funding = match funding.as_str() {
        "" => None,
        text => Some(Funding::parse(text).ok_or_else(|| wrong("funding", text))?),
    };
    let micros = |at: Option<i64>| at.map(Instant::from_micros);
    Ok(MethodRow {
        id: MethodId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        provider: row.text(3)?,
        facts: MethodFacts {
            token: row.text(4)?,
            channel: Channel::parse(&channel).ok_or_else(|| wrong("channel", &channel))?,
            brand: row.text(6)?,
            last4: row.text(7)?,
            expires,
            country: row.text(9)?,
            funding,
            fingerprint: row.text(11)?,
        },
        standing: MethodStanding::parse(&standing).ok_or_else(|| wrong("standing", &standing))?,
        rank: row.int(13)?,
        consented: micros(row.opt_int(14)?),
        mandate: row.text(15)?,
        action: row.text(16)?,
        added: Instant::from_micros(row.int(17)?),
        ended: micros(row.opt_int(18)?),
        warn_at: micros(row.opt_int(19)?),
    })
}
