//! How two profiles differ, printed: a thing a line, its keys below it.

use super::check::counted;
use farthing_core::profile::{Change, Changes, WhatChanged};
use std::fmt::Write as _;

pub(super) fn text_of(changes: &Changes) -> String {
    let mut text = String::new();
    let priced = |price: &Option<String>| price.as_ref().map(|price| format!(", {price}")).unwrap_or_default();
    for thing in &changes.things {
        let name = &thing.name;
        let _ = match &thing.what {
            WhatChanged::Comes { price } => writeln!(text, "+ {name}{}", priced(price)),
            WhatChanged::Goes { price } => writeln!(text, "- {name}{}", priced(price)),
            WhatChanged::Keys(_) => writeln!(text, "{name}"),
        };
        let WhatChanged::Keys(keys) = &thing.what else { continue };
        for one in keys {
            let (key, by) = (&one.key, one.by.map(|by| format!(" ({by})")).unwrap_or_default());
            let _ = match &one.change {
                Change::Added { now } => writeln!(text, "  + {key} = {now}"),
                Change::Removed { before } => writeln!(text, "  - {key} = {before}"),
                Change::Changed { before, now } => writeln!(text, "  ~ {key}: {before} -> {now}{by}"),
            };
        }
    }
    text
}

/// `3 changes, 1 price up, 2 down`
pub(super) fn summary(changes: &Changes) -> String {
    if changes.count() == 0 {
        return "No difference.".to_owned();
    }
    let mut text = counted(changes.count(), "change");
    if changes.up > 0 {
        let _ = write!(text, ", {} up", counted(changes.up, "price"));
    }
    if changes.down > 0 {
        let _ = write!(text, ", {} down", counted(changes.down, "price"));
    }
    text
}
