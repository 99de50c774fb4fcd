//! Events made ready to be taken: all that needs no store, so that it is done beside the writer and not in its turn.

use super::identity::text_hash;
use super::{Identity, UsageEvent};
use std::ops::Range;
use std::sync::Arc;

/// Events of one cloud, with their identities and their texts.
#[derive(Clone, Debug)]
pub struct Batch {
    cloud: String,
    events: Vec<UsageEvent>,
    identities: Vec<Identity>,
    /// Places, in order of hash, and of place where it is the same.
    by_hash: Vec<usize>,
    /// All texts, one after another.
    text: Arc<str>,
    ends: Vec<usize>,
    text_hashes: Vec<[u8; 8]>,
}

impl Batch {
    pub fn new(cloud: &str, events: Vec<UsageEvent>) -> Batch {
        let (mut text, mut room) = (String::new(), Vec::new());
        let (mut ends, mut identities) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        let mut text_hashes = Vec::with_capacity(events.len());
        for event in &events {
            let start = text.len();
            event.write_text(&mut text);
            ends.push(text.len());
            text_hashes.push(text_hash(text.get(start..).unwrap_or_default()));
            identities.push(Identity::with(cloud, event, &mut room));
        }
        let mut by_hash: Vec<([u8; 16], usize)> =
            identities.iter().enumerate().map(|(place, identity)| (identity.hash, place)).collect();
        by_hash.sort_unstable();
        let by_hash = by_hash.into_iter().map(|(_, place)| place).collect();
        Batch { cloud: cloud.to_owned(), events, identities, by_hash, text: text.into(), ends, text_hashes }
    }

    pub fn cloud(&self) -> &str {
        &self.cloud
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn events(&self) -> &[UsageEvent] {
        &self.events
    }

    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    pub fn by_hash(&self) -> &[usize] {
        &self.by_hash
    }

    /// Of each event's text.
    pub fn text_hashes(&self) -> &[[u8; 8]] {
        &self.text_hashes
    }

    /// The text that holds every event's.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where in it an event's text stands.
    pub fn text_of(&self, place: usize) -> Range<usize> {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        start..self.ends.get(place).copied().unwrap_or(start)
    }
}
