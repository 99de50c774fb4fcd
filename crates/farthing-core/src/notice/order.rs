//! Ids of what is told, and the order it is told in.
//!
//! Messages of one account, one resource, one project or the cloud itself are in one *lane*. To each endpoint a lane's messages go in
//! the order they were written: the next one waits until the one before it is delivered or given up. Lanes know nothing of each
//! other, so one message that is not taken holds up its own lane alone.

use crate::access::PersonId;
use crate::id::Id128;
use crate::ledger::TransferId;

crate::id_kind!(MessageId, MessageKind, "msg");
crate::id_kind!(EndpointId, EndpointKind, "ep");
crate::id_kind!(DeliveryId, DeliveryKind, "dlv");

/// What keeps its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    Account(String),
    Resource(String),
    Project(String),
    /// Somebody who signs in.
    Person(PersonId),
    /// The cloud itself.
    Cloud,
    /// An endpoint's own tests.
    Endpoint(EndpointId),
}

impl Lane {
    /// As it is kept. Two lanes that came to one number would only wait for each other.
    pub fn number(&self, cloud: &str) -> i64 {
        let (kind, name) = match self {
            Lane::Account(name) => ("account", name.clone()),
            Lane::Resource(name) => ("resource", name.clone()),
            Lane::Project(name) => ("project", name.clone()),
            Lane::Person(id) => ("person", id.to_string()),
            Lane::Cloud => ("cloud", String::new()),
            Lane::Endpoint(id) => ("endpoint", id.to_string()),
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing lane 1");
        for part in [cloud, kind, &name] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(first)
    }
}

/// The id of a delivery, made of the number it is kept under.
pub fn delivery_id(number: i64) -> DeliveryId {
    let micros = TransferId::from_i64(number).map_or(0, |id| id.recorded().micros());
    let millis = u64::try_from(micros.div_euclid(1_000)).unwrap_or(0);
    let mut tail = [0; 10];
    tail[..8].copy_from_slice(&number.to_be_bytes());
    Id128::from_parts(millis, tail)
}

/// None: no delivery has such an id.
pub fn delivery_number(id: DeliveryId) -> Option<i64> {
    let mut number = [0; 8];
    number.copy_from_slice(&id.to_bytes()[6..14]);
    let number = i64::from_be_bytes(number);
    (number > 0 && delivery_id(number) == id).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_found_by_its_id_and_by_no_other() {
        for number in [1, 77, 1 << 40, 890_000_000_000_000_000] {
            let id = delivery_id(number);
            assert_eq!(delivery_number(DeliveryId::parse(&id.to_string()).unwrap()), Some(number));
            let mut bytes = id.to_bytes();
            bytes[15] ^= 1;
            assert_eq!(delivery_number(DeliveryId::from_bytes(bytes)), None);
        }
        assert_eq!(delivery_number(DeliveryId::from_bytes([0; 16])), None);
    }

    #[test]
    fn a_lane_is_of_one_thing_in_one_cloud() {
        let acme = || Lane::Account("acme".to_owned());
        assert_eq!(acme().number("one"), acme().number("one"));
        assert_ne!(acme().number("one"), acme().number("two"));
        assert_ne!(acme().number("one"), Lane::Resource("acme".to_owned()).number("one"));
    }
}
