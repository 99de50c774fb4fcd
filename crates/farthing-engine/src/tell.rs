//! Writes messages in the transaction of what they tell, with a delivery for each endpoint that hears of it and, where people should,
//! one by mail. So nothing is told that did not happen, nothing that happened is forgotten, and who asks twice is told once.

use crate::IdSource;
use farthing_core::ledger::{OwnerId, TransferId};
use farthing_core::notice::Event;
use farthing_core::time::Instant;
use farthing_store::{Channel, EndpointRow, LadderOf, MessageRow, StoreError, Tx};

/// As many endpoints as a cloud has at most.
pub(crate) const ENDPOINTS_MAX: i64 = 50;

/// An event, and when it happened.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) event: Event,
    pub(crate) at: Instant,
    pub(crate) account: Option<OwnerId>,
    /// Whether people hear of it too, where its type is one that they hear of.
    pub(crate) mailed: bool,
}

/// Writes them in this order.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    cloud: &str,
    ids: &IdSource,
    now: Instant,
    notices: &[Notice],
) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let endpoints = tx.endpoints_of(cloud, None, ENDPOINTS_MAX)?;
    for notice in notices {
        let kind = notice.event.kind();
        let message = write_message(tx, cloud, ids, now, notice)?;
        if let (Some((thing, rung, ahead)), Some(account)) = (notice.event.announces(), notice.account) {
            // The step waits for a mail server to take it.
            tx.step_notice_said(LadderOf { account, thing }, rung, ahead, message.id)?;
        }
        let hears = |endpoint: &&EndpointRow| endpoint.disabled.is_empty() && endpoint.types.hears(kind);
        for endpoint in endpoints.iter().filter(hears) {
            tx.delivery_insert(ids.number(now), Channel::Endpoint(endpoint.id), &message)?;
        }
        // A person is written to at their own address, which is looked up when the mail goes out.
        if notice.event.person().is_some() {
            tx.delivery_insert(ids.number(now), Channel::Mail, &message)?;
        } else if kind.is_mailed()
            && notice.mailed
            && let Some(account) = notice.account
            && tx.contact(account)?.is_some_and(|contact| !contact.email.is_empty())
            && !(kind.may_be_off() && tx.is_notice_off(account, kind)?)
        {
            tx.delivery_insert(ids.number(now), Channel::Mail, &message)?;
        }
    }
    Ok(())
}

/// A message without deliveries.
pub(crate) fn write_message(
    tx: &mut Tx<'_>,
    cloud: &str,
    ids: &IdSource,
    now: Instant,
    notice: &Notice,
) -> Result<MessageRow, StoreError> {
    let lane = notice.event.lane().number(cloud);
    // Another process, its clock a little ahead of ours, may have told of the same account a moment ago.
    let before = tx.message_newest(lane)?.unwrap_or(0);
    let mut number = ids.number(now);
    if number <= before {
        // One of our own of the next microsecond: the next of theirs they may give to another lane.
        let theirs = TransferId::from_i64(before).map_or(now, TransferId::recorded);
        number = ids.number(Instant::from_micros(theirs.micros() + 1));
    }
    let message = MessageRow {
        number,
        id: ids.message_id(number),
        cloud: cloud.to_owned(),
        kind: notice.event.kind().name().to_owned(),
        at: notice.at,
        account: notice.account,
        lane,
        data: notice.event.data().to_string(),
    };
    tx.message_insert(&message)?;
    Ok(message)
}
