//! Writes messages in the transaction of what they tell, with a delivery for each endpoint that hears of it and, where people should,
//! one by mail. So nothing is told that did not happen, nothing that happened is forgotten, and who asks twice is told once.

use crate::IdSource;
use farthing_core::ledger::{OwnerId, TransferId};
use farthing_core::notice::Event;
use farthing_core::time::Instant;
use farthing_store::{Channel, EndpointRow, LadderOf, MessageRow, StoreError, Tx};
use std::collections::{BTreeMap, BTreeSet};

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
    let messages = write_messages(tx, cloud, ids, now, notices)?;
    let written_to: BTreeSet<OwnerId> =
        notices.iter().filter(|notice| notice.may_be_mailed()).filter_map(|notice| notice.account).collect();
    let written_to = tx.accounts_with_mail(&written_to.into_iter().collect::<Vec<_>>())?;
    let written_to: BTreeSet<OwnerId> = written_to.into_iter().collect();
    for (notice, message) in notices.iter().zip(&messages) {
        let kind = notice.event.kind();
        if let (Some((thing, rung, ahead)), Some(account)) = (notice.event.announces(), notice.account) {
            // The step waits for a mail server to take it.
            tx.step_notice_said(LadderOf { account, thing }, rung, ahead, message.id)?;
        }
        let hears = |endpoint: &&EndpointRow| endpoint.disabled.is_empty() && endpoint.types.hears(kind);
        for endpoint in endpoints.iter().filter(hears) {
            tx.delivery_insert(ids.number(now), Channel::Endpoint(endpoint.id), message)?;
        }
        // A person is written to at their own address, which is looked up when the mail goes out.
        if notice.event.person().is_some() {
            tx.delivery_insert(ids.number(now), Channel::Mail, message)?;
        } else if notice.may_be_mailed()
            && let Some(account) = notice.account
            && written_to.contains(&account)
            && !(kind.may_be_off() && tx.is_notice_off(account, kind)?)
        {
            tx.delivery_insert(ids.number(now), Channel::Mail, message)?;
        }
    }
    Ok(())
}

impl Notice {
    /// Where its account has an address, and did not switch it off.
    fn may_be_mailed(&self) -> bool {
        self.mailed && self.event.kind().is_mailed()
    }
}

/// A message without deliveries.
pub(crate) fn write_message(
    tx: &mut Tx<'_>,
    cloud: &str,
    ids: &IdSource,
    now: Instant,
    notice: Notice,
) -> Result<MessageRow, StoreError> {
    let mut written = write_messages(tx, cloud, ids, now, &[notice])?;
    written.pop().ok_or_else(|| StoreError::corrupt("a message was not written".to_owned()))
}

fn write_messages(
    tx: &mut Tx<'_>,
    cloud: &str,
    ids: &IdSource,
    now: Instant,
    notices: &[Notice],
) -> Result<Vec<MessageRow>, StoreError> {
    let lane_of = |notice: &Notice| notice.event.lane().number(cloud);
    let lanes: BTreeSet<i64> = notices.iter().map(lane_of).collect();
    let newest = tx.messages_newest(&lanes.into_iter().collect::<Vec<_>>())?;
    let mut newest: BTreeMap<i64, i64> = newest.into_iter().collect();
    let mut messages = Vec::with_capacity(notices.len());
    for notice in notices {
        let lane = lane_of(notice);
        // Another process, its clock a little ahead of ours, may have told of the same account a moment ago.
        let before = newest.get(&lane).copied().unwrap_or(0);
        let mut number = ids.number(now);
        if number <= before {
            // One of our own of the next microsecond: the next of theirs they may give to another lane.
            let theirs = TransferId::from_i64(before).map_or(now, TransferId::recorded);
            number = ids.number(Instant::from_micros(theirs.micros() + 1));
        }
        newest.insert(lane, number);
        messages.push(MessageRow {
            number,
            id: ids.message_id(number),
            cloud: cloud.to_owned(),
            kind: notice.event.kind().name().to_owned(),
            at: notice.at,
            account: notice.account,
            lane,
            data: notice.event.data().to_string(),
        });
    }
    tx.messages_insert(&messages)?;
    Ok(messages)
}
