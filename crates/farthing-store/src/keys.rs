//! API keys: of each a hash of its secret, what it may do, and when it was last used.

use crate::value::Column;
use crate::{Row, StoreError, Tx};
use farthing_core::access::{KeyId, Scopes};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    pub id: KeyId,
    pub cloud: String,
    pub name: String,
    /// It opens the test cloud, not the live one.
    pub test: bool,
    pub scopes: Scopes,
    /// How many requests a second; 0: as many as the server's setting says.
    pub per_second: i64,
    pub hash: [u8; 32],
    /// The secret before it was rotated, and until when it is still good.
    pub old: Option<([u8; 32], Instant)>,
    pub created: Instant,
    pub expires: Option<Instant>,
    pub revoked: Option<Instant>,
    pub last_used: Option<Instant>,
}

impl Tx<'_> {
    pub fn key_insert(&mut self, key: &KeyRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO api_key (id, cloud, name, test, scopes, per_second, hash, created, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                key.id.to_bytes().as_slice().into(),
                key.cloud.as_str().into(),
                key.name.as_str().into(),
                key.test.into(),
                key.scopes.bits().into(),
                key.per_second.into(),
                key.hash.as_slice().into(),
                key.created.micros().into(),
                key.expires.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    pub fn key(&mut self, id: KeyId) -> Result<Option<KeyRow>, StoreError> {
        self.one(
            "SELECT id, cloud, name, test, scopes, per_second, hash, old_hash, old_until, created, expires, revoked, last_used
             FROM api_key WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            key_from,
        )
    }

    /// A cloud's keys in order of making, those after `after`, at most so many: test keys, and live ones if they are wanted.
    pub fn keys_of(
        &mut self,
        cloud: &str,
        live: bool,
        after: Option<KeyId>,
        limit: i64,
    ) -> Result<Vec<KeyRow>, StoreError> {
        let after = after.map_or([0; 16], KeyId::to_bytes);
        self.rows(
            "SELECT id, cloud, name, test, scopes, per_second, hash, old_hash, old_until, created, expires, revoked, last_used
             FROM api_key WHERE cloud = $1 AND id > $2 AND (test = $3 OR test <> $4) ORDER BY id LIMIT $5",
            &[cloud.into(), after.as_slice().into(), true.into(), live.into(), limit.into()],
            key_from,
        )
    }

    /// Another secret; the one before is good until `until`.
    pub fn key_rotate(&mut self, id: KeyId, hash: &[u8; 32], until: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE api_key SET old_hash = hash, old_until = $3, hash = $2 WHERE id = $1",
            &[id.to_bytes().as_slice().into(), hash.as_slice().into(), until.micros().into()],
        )?;
        Ok(())
    }

    pub fn key_revoke(&mut self, id: KeyId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE api_key SET revoked = $2 WHERE id = $1 AND revoked IS NULL",
            &[id.to_bytes().as_slice().into(), at.micros().into()],
        )?;
        Ok(())
    }

    /// When keys were last used: now and then, for many at once.
    pub fn keys_used(&mut self, used: &[(KeyId, Instant)]) -> Result<(), StoreError> {
        let columns = vec![
            Column::Id(used.iter().map(|(id, _)| id.to_bytes()).collect()),
            Column::Int(used.iter().map(|(_, at)| at.micros()).collect()),
        ];
        self.bulk_execute(
            "UPDATE api_key SET last_used = (SELECT max(c2) FROM {bulk} WHERE c1 = id) WHERE id IN (SELECT c1 FROM {bulk})",
            columns,
        )?;
        Ok(())
    }
}

fn key_from(row: &Row<'_>) -> Result<KeyRow, StoreError> {
    let old = row.opt_bytes::<32>(7)?.zip(row.opt_int(8)?.map(Instant::from_micros));
    Ok(KeyRow {
        id: KeyId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        name: row.text(2)?,
        test: row.bool(3)?,
        scopes: Scopes::from_bits(row.int(4)?)
            .ok_or_else(|| StoreError::corrupt("a key has scopes that there are not"))?,
        per_second: row.int(5)?,
        hash: row.bytes(6)?,
        old,
        created: Instant::from_micros(row.int(9)?),
        expires: row.opt_int(10)?.map(Instant::from_micros),
        revoked: row.opt_int(11)?.map(Instant::from_micros),
        last_used: row.opt_int(12)?.map(Instant::from_micros),
    })
}
