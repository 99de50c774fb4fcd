//! What a fact says, as the text that its row keeps: the name, then a line for each thing it says.

use farthing_core::config::{Name, Text};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::timeline::{Change, Start, State, What};
use std::fmt::Write;

pub(crate) fn write(what: &What) -> String {
    let mut text = what.name().to_owned();
    let mut put = |key: &str, value: &str| {
        let _ = write!(text, "\n{key}={}", value.replace('\n', " "));
    };
    let millionths = |size: &Quantity| size.millionths().to_string();
    match what {
        What::Start(start) => {
            put("state", start.state.name());
            put("payer", &start.payer.0.to_string());
            start.sku.iter().for_each(|sku| put("sku", sku.as_str()));
            start.size.iter().for_each(|size| put("size", &millionths(size)));
            start.user.iter().for_each(|user| put("user", user.as_str()));
            start.properties.iter().for_each(|(key, value)| put(&format!(".{key}"), &value.0));
        }
        What::Resize(change) => {
            change.sku.iter().for_each(|sku| put("sku", sku.as_str()));
            change.size.iter().for_each(|size| put("size", &millionths(size)));
        }
        What::Gauge(size) => put("size", &millionths(size)),
        What::Move(payer) => put("payer", &payer.0.to_string()),
        What::Stop
        | What::Resume
        | What::Delete
        | What::Purge
        | What::Restore
        | What::Fail
        | What::Suspend
        | What::Missing
        | What::Found => {}
    }
    text
}

/// None where it is no such text.
pub(crate) fn read(text: &str) -> Option<What> {
    let mut lines = text.lines();
    let name = lines.next()?;
    let pairs: Vec<(&str, &str)> = lines.map(|line| line.split_once('=')).collect::<Option<_>>()?;
    let get = |key: &str| pairs.iter().find(|(other, _)| *other == key).map(|(_, value)| *value);
    let named = |key: &str| get(key).map(|value| Name::parse(value).ok_or(())).transpose().ok();
    let size = || get("size").map(|value| value.parse().map(Quantity::from_millionths)).transpose().ok();
    Some(match name {
        "start" => What::Start(Start {
            state: State::parse(get("state")?)?,
            sku: named("sku")?,
            size: size()?,
            user: named("user")?,
            payer: OwnerId(get("payer")?.parse().ok()?),
            properties: pairs
                .iter()
                .filter_map(|(key, value)| Some((key.strip_prefix('.')?.to_owned(), Text((*value).to_owned()))))
                .collect(),
        }),
        "stop" => What::Stop,
        "resume" => What::Resume,
        "resize" => What::Resize(Change { sku: named("sku")?, size: size()? }),
        "gauge" => What::Gauge(size()??),
        "delete" => What::Delete,
        "purge" => What::Purge,
        "restore" => What::Restore,
        "fail" => What::Fail,
        "suspend" => What::Suspend,
        "missing" => What::Missing,
        "found" => What::Found,
        "move" => What::Move(OwnerId(get("payer")?.parse().ok()?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_written_reads_back() {
        let start = Start {
            state: State::Queued,
            sku: Name::parse("medium-2c"),
            size: Quantity::from_whole(3),
            user: Name::parse("li"),
            payer: OwnerId(7),
            properties: BTreeMap::from([("region".to_owned(), Text("eu = north".to_owned()))]),
        };
        let bare = Start { sku: None, size: None, user: None, properties: BTreeMap::new(), ..start.clone() };
        let all = [
            What::Start(start),
            What::Start(bare),
            What::Stop,
            What::Resume,
            What::Resize(Change { sku: None, size: Quantity::from_whole(2) }),
            What::Gauge(Quantity::from_millionths(1)),
            What::Delete,
            What::Purge,
            What::Restore,
            What::Fail,
            What::Suspend,
            What::Missing,
            What::Found,
            What::Move(OwnerId(9)),
        ];
        for what in all {
            assert_eq!(read(&write(&what)).as_ref(), Some(&what), "{}", write(&what));
        }
        for wrong in ["", "go", "gauge", "move\npayer=x", "start\nstate=awake\npayer=1", "stop\nwhy"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
