//! Endpoints: where a cloud's webhooks go.

use crate::{Row, StoreError, Tx};
use farthing_core::notice::{EndpointId, Filter, Secret};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    pub id: EndpointId,
    pub cloud: String,
    pub url: String,
    pub description: String,
    pub types: Filter,
    pub secret: Secret,
    /// The secret before it was rotated, and until when it signs as well.
    pub old: Option<(Secret, Instant)>,
    /// Why nothing is sent to it; empty: it is.
    pub disabled: String,
    pub created: Instant,
}

impl Tx<'_> {
    pub fn endpoint_insert(&mut self, row: &EndpointRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO endpoint (id, cloud, url, description, types, secret, disabled, created)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.url.as_str().into(),
                row.description.as_str().into(),
                row.types.to_text().as_str().into(),
                row.secret.reveal().as_str().into(),
                row.disabled.as_str().into(),
                row.created.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn endpoint(&mut self, id: EndpointId) -> Result<Option<EndpointRow>, StoreError> {
        self.one(
            "SELECT id, cloud, url, description, types, secret, old_secret, old_until, disabled, created
             FROM endpoint WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            endpoint_from,
        )
    }

    /// A cloud's endpoints in order of making, those after `after`, at most so many.
    pub fn endpoints_of(
        &mut self,
        cloud: &str,
        after: Option<EndpointId>,
        limit: i64,
    ) -> Result<Vec<EndpointRow>, StoreError> {
        let after = after.map_or([0; 16], EndpointId::to_bytes);
        self.rows(
            "SELECT id, cloud, url, description, types, secret, old_secret, old_until, disabled, created
             FROM endpoint WHERE cloud = $1 AND id > $2 ORDER BY id LIMIT $3",
            &[cloud.into(), after.as_slice().into(), limit.into()],
            endpoint_from,
        )
    }

    /// What can be changed of it.
    pub fn endpoint_write(&mut self, row: &EndpointRow) -> Result<(), StoreError> {
        let old = row.old.as_ref().map(|(secret, until)| (secret.reveal(), until.micros()));
        self.execute(
            "UPDATE endpoint SET url = $2, description = $3, types = $4, secret = $5, old_secret = $6, old_until = $7, disabled = $8
             WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.url.as_str().into(),
                row.description.as_str().into(),
                row.types.to_text().as_str().into(),
                row.secret.reveal().as_str().into(),
                old.as_ref().map_or(crate::Value::Null, |(secret, _)| secret.as_str().into()),
                old.as_ref().map(|(_, until)| *until).into(),
                row.disabled.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// Nothing is sent to it any more, and what was is forgotten.
    pub fn endpoint_delete(&mut self, id: EndpointId) -> Result<(), StoreError> {
        let bytes = id.to_bytes();
        self.execute("DELETE FROM delivery WHERE endpoint = $1", &[bytes.as_slice().into()])?;
        self.execute("DELETE FROM endpoint WHERE id = $1", &[bytes.as_slice().into()])?;
        Ok(())
    }
}

fn endpoint_from(row: &Row<'_>) -> Result<EndpointRow, StoreError> {
    let secret =
        |text: &str| Secret::parse(text).map_err(|_| StoreError::corrupt("an endpoint's secret cannot be read"));
    let old = match row.opt_int(7)? {
        Some(until) => Some((secret(&row.text(6)?)?, Instant::from_micros(until))),
        None => None,
    };
    Ok(EndpointRow {
        id: EndpointId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        url: row.text(2)?,
        description: row.text(3)?,
        types: Filter::from_text(&row.text(4)?),
        secret: secret(&row.text(5)?)?,
        old,
        disabled: row.text(8)?,
        created: Instant::from_micros(row.int(9)?),
    })
}
